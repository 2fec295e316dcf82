"""Architectures that can be written as GGUF: llama.cpp's names, and how tensors differ there."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from gguf import MODEL_ARCH, MODEL_ARCH_NAMES, GGUFWriter, get_tensor_name_map
from transformers import PretrainedConfig, PreTrainedModel

from edge.errors import UserError

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Architecture:
    """`required`: values of configuration keys; with any other, llama.cpp would compute something else."""

    names: tuple[str, ...]
    gguf: MODEL_ARCH
    required: Mapping[str, tuple[Any, ...]] = field(default_factory=lambda: MappingProxyType({}))
    rotates_pairs: bool = False
    norm_offset: float = 0.0
    more_metadata: Callable[[GGUFWriter, PretrainedConfig], None] | None = None


def _gemma3_metadata(writer: GGUFWriter, config: PretrainedConfig) -> None:
    writer.add_sliding_window(config.sliding_window)
    writer.add_sliding_window_pattern([kind == "sliding_attention" for kind in config.layer_types])
    writer.add_rope_freq_base_swa(config.rope_local_base_freq)
    if config.final_logit_softcapping:
        writer.add_final_logit_softcapping(config.final_logit_softcapping)


KNOWN: Final = (
    Architecture(
        ("LlamaForCausalLM", "MistralForCausalLM"),
        MODEL_ARCH.LLAMA,
        {"hidden_act": ("silu",), "sliding_window": (None,)},
        rotates_pairs=True,
    ),
    Architecture(
        ("Qwen2ForCausalLM",),
        MODEL_ARCH.QWEN2,
        {"hidden_act": ("silu",), "use_sliding_window": (False,), "rope_scaling": (None,)},
    ),
    Architecture(
        ("Gemma3ForCausalLM",),
        MODEL_ARCH.GEMMA3,
        {
            "hidden_activation": ("gelu_pytorch_tanh",),
            "attn_logit_softcapping": (None,),
            "rope_scaling": (None,),
            "attention_bias": (False,),
            "use_bidirectional_attention": (False, None),
        },
        norm_offset=1.0,
        more_metadata=_gemma3_metadata,
    ),
)


def architecture_of(name: str) -> Architecture:
    """By the name of the model's class; `UserError` names what is known and what was found."""
    for architecture in KNOWN:
        if name in architecture.names:
            return architecture
    known = ", ".join(known for architecture in KNOWN for known in architecture.names)
    raise UserError(f"unknown architecture; known: {known}; found: {name}")


def check_configuration(architecture: Architecture, config: PretrainedConfig) -> None:
    """`UserError` where the configuration asks for something that llama.cpp does not do."""
    for key, allowed in architecture.required.items():
        found = getattr(config, key, allowed[0])
        if found not in allowed:
            raise UserError(f"config.json: {key}: {found!r} cannot be written as GGUF, only {allowed[0]!r}")
    scalar = getattr(config, "query_pre_attn_scalar", None)
    if scalar is not None and scalar != head_width(config):
        raise UserError(
            f"config.json: query_pre_attn_scalar: {scalar} cannot be written, only {head_width(config)}"
        )


def head_width(config: PretrainedConfig) -> int:
    """Values of one attention head."""
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)


def add_metadata(writer: GGUFWriter, architecture: Architecture, config: PretrainedConfig) -> None:
    """Sizes, and constants of the computation."""
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(head_width(config))
    writer.add_value_length(head_width(config))
    writer.add_rope_dimension_count(head_width(config))
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    if architecture.more_metadata:
        architecture.more_metadata(writer, config)


def tensors(model: PreTrainedModel, architecture: Architecture) -> Iterator[tuple[str, Float32]]:
    """Names and values as llama.cpp has them; an output layer that is tied to the embedding is left out."""
    for key, value in model.state_dict().items():
        if key == "lm_head.weight" and model.config.tie_word_embeddings:
            continue
        array = value.detach().to(torch.float32).cpu().numpy()
        if key.endswith("norm.weight"):
            array = array + architecture.norm_offset
        name = tensor_name(architecture, model.config, key)
        yield name, output_rows(architecture, model.config, key, array)
    factors = _frequency_divisors(model, architecture)
    if factors is not None:
        yield "rope_freqs.weight", factors


def tensor_name(architecture: Architecture, config: PretrainedConfig, key: str) -> str:
    """llama.cpp's name of a parameter; `UserError` where it has none."""
    names = get_tensor_name_map(architecture.gguf, config.num_hidden_layers)
    name = names.get_name(key, try_suffixes=(".weight", ".bias"))
    if name is None:
        raise UserError(f"{key}: no such tensor in llama.cpp's {MODEL_ARCH_NAMES[architecture.gguf]}")
    return name


def output_rows(architecture: Architecture, config: PretrainedConfig, key: str, array: Float32) -> Float32:
    """Rows of queries and keys in llama.cpp's order: it rotates neighbours, transformers rotates halves."""
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    layer = key.split(".")[-2]
    if not architecture.rotates_pairs or layer not in heads:
        return array
    by_head = array.reshape(heads[layer], 2, -1, *array.shape[1:])
    return by_head.swapaxes(1, 2).reshape(array.shape)


def _frequency_divisors(model: PreTrainedModel, architecture: Architecture) -> Float32 | None:
    """By how much each rotation is slower than usual (RoPE of a model made longer); None where none is."""
    if not architecture.rotates_pairs:
        return None
    config, rotary = model.config, model.model.rotary_emb
    usual = 1 / config.rope_theta ** (torch.arange(0, head_width(config), 2) / head_width(config))
    kind = (getattr(config, "rope_scaling", None) or {}).get("rope_type", "default")
    if kind not in ("default", "linear", "llama3"):
        raise UserError(f"config.json: rope_scaling: {kind!r} cannot be written, only linear and llama3")
    divisors = (usual / rotary.inv_freq).to(torch.float32).numpy()
    return None if kind == "default" else divisors
