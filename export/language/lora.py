"""LoRA: a small trainable difference to the language model, kept as safetensors, or merged into it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from peft import LoraConfig, PeftModel, get_peft_model
from safetensors import SafetensorError
from transformers import PreTrainedModel

from edge.errors import UserError

LINEAR_LAYERS: Final = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_FILES: Final = ("adapter_config.json", "adapter_model.safetensors")


@dataclass(frozen=True, slots=True)
class LoraSettings:
    """A layer's difference is `alpha / rank * B @ A`."""

    rank: int = 16
    alpha: float = 32.0
    dropout: float = 0.0
    targets: tuple[str, ...] = LINEAR_LAYERS

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Self:
        """Of a configuration's table, where targets are a list."""
        return cls(**{**table, "targets": tuple(table.get("targets", LINEAR_LAYERS))})


def add_lora(model: PreTrainedModel, settings: LoraSettings) -> PeftModel:
    """The model with a LoRA that does nothing yet; only the LoRA is trainable."""
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,  # type: ignore[arg-type]
        lora_dropout=settings.dropout,
        target_modules=list(settings.targets),
        bias="none",
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(model, config)
    assert isinstance(adapted, PeftModel)
    return adapted


def save_adapter(model: PeftModel, folder: Path) -> None:
    """Write the LoRA alone, its configuration and weights; no path of this machine goes along."""
    model.save_pretrained(str(folder), safe_serialization=True, save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)
    path = folder / _FILES[0]
    config = json.loads(path.read_text()) | {"base_model_name_or_path": None}
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def load_adapter(model: PreTrainedModel, folder: Path, *, trainable: bool = False) -> PeftModel:
    """The model with a saved LoRA; `UserError` where the folder holds none, or only a pickle."""
    for name in _FILES:
        if not (folder / name).is_file():
            raise UserError(f"{folder}: no LoRA here: {name} is missing")
    try:
        adapted = PeftModel.from_pretrained(model, folder, is_trainable=trainable, low_cpu_mem_usage=False)
    except (ValueError, RuntimeError, TypeError, LookupError, SafetensorError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise UserError(f"{folder}: this LoRA does not fit the model: {reason}") from error
    return adapted if trainable else adapted.eval()


def merged(model: PeftModel) -> PreTrainedModel:
    """The model alone, with the LoRA added to its weights; the given one is used up."""
    plain = model.merge_and_unload(safe_merge=True)
    assert isinstance(plain, PreTrainedModel)
    return plain.eval()
