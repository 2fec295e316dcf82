"""A LoRA as GGUF, which llama.cpp lays over the base model on loading (`Llama(lora_path=...)`)."""

import re
from pathlib import Path
from typing import Final

import numpy as np
from gguf import MODEL_ARCH_NAMES, GGUFWriter, LlamaFileType
from peft import LoraConfig, PeftModel, get_peft_model_state_dict
from transformers import PreTrainedModel

from edge.errors import UserError
from export.language.architectures import architecture_of, output_rows, tensor_name
from export.language.to_gguf import close

_KEY: Final = re.compile(r"base_model\.model\.(?P<layer>.+)\.lora_(?P<part>[AB])\.weight")


def write_adapter(model: PeftModel, out: Path, name: str = "hearth-ecg") -> None:
    """Write the LoRA of a model in f16; `UserError` where it holds what llama.cpp's LoRA does not know."""
    base = model.get_base_model()
    assert isinstance(base, PreTrainedModel)
    config, architecture = base.config, architecture_of(type(base).__name__)
    writer = GGUFWriter(out, MODEL_ARCH_NAMES[architecture.gguf])
    writer.add_type("adapter")
    writer.add_name(name)
    writer.add_file_type(LlamaFileType.MOSTLY_F16)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", _alpha(model))
    for key, value in get_peft_model_state_dict(model, save_embedding_layers=False).items():
        layer, part = _place(key)
        array = value.detach().float().cpu().numpy()
        if part == "b":  # its rows are the layer's outputs
            array = output_rows(architecture, config, f"{layer}.weight", array)
        tensor = tensor_name(architecture, config, f"{layer}.weight")
        writer.add_tensor(f"{tensor}.lora_{part}", np.ascontiguousarray(array, np.float16))
    close(writer)


def _alpha(model: PeftModel) -> float:
    """llama.cpp scales by alpha / rank, with one alpha for all layers."""
    config = model.active_peft_config
    assert isinstance(config, LoraConfig)
    odd = {
        "use_rslora": config.use_rslora,
        "use_dora": config.use_dora,
        "alpha_pattern": config.alpha_pattern,
        "bias": config.bias != "none",
        "modules_to_save": config.modules_to_save,
    }
    if found := [key for key, value in odd.items() if value]:
        raise UserError(f"adapter_config.json: {', '.join(found)}: llama.cpp's LoRA cannot do this")
    return float(config.lora_alpha)


def _place(key: str) -> tuple[str, str]:
    match = _KEY.fullmatch(key)
    if match is None:
        raise UserError(f"{key}: not a matrix of a LoRA")
    return match["layer"], match["part"].lower()
