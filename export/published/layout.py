"""Published parameter names to ours, strictly: no key is missing, left over, or of another shape."""

import re
from dataclasses import dataclass, field

import torch
from torch import nn

from edge.errors import UserError
from export.published.checkpoint import State

N_NAMED = 5  # keys that a message lists before it counts the rest


@dataclass(frozen=True, slots=True)
class Layout:
    """Names of one encoder's tensors in its published state dict.

    `signature` gives the number of dimensions of keys that tell the family and its sizes. `keys` and
    `block_keys` map published names to those of our module; block names follow `block_prefix`, with the
    block's number for `{}`. A file may carry the encoder under any of `prefixes`, beside other towers.
    """

    prefixes: tuple[str, ...]
    signature: dict[str, int]
    keys: dict[str, str]
    block_prefix: str
    block_keys: dict[str, str]
    optional: dict[str, str] = field(default_factory=dict)


def missing_of_signature(layout: Layout, prefix: str, state: State) -> list[str]:
    """Signature keys that are absent, empty or of another number of dimensions."""
    found = {key: state.get(prefix + key) for key in layout.signature}
    return [
        prefix + key
        for key, tensor in found.items()
        if tensor is None or tensor.ndim != layout.signature[key] or not tensor.numel()
    ]


def tower(prefix: str, state: State) -> State:
    """The encoder's own tensors, by names without the prefix."""
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def count_blocks(layout: Layout, tensors: State) -> int:
    """How many blocks the keys speak of."""
    pattern = re.compile(re.escape(layout.block_prefix).replace(r"\{\}", r"(\d+)"))
    return len({match.group(1) for key in tensors if (match := pattern.match(key))})


def heads_of(width: int, head_width: int) -> int:
    """Shapes do not tell the number of heads; their width is the family's."""
    if width % head_width:
        raise UserError(f"encoder width {width}: heads of this family are {head_width} wide")
    return width // head_width


def load_strictly(layout: Layout, tensors: State, module: nn.Module) -> None:
    """Give `module`, built on the meta device, the published tensors as float32."""
    names = _names(layout, tensors)
    own = module.state_dict()
    unexpected = [key for key in tensors if key not in names]
    missing = [key for key in names if key not in tensors]
    if missing or unexpected:
        raise UserError(f"encoder keys: missing {listed(missing)}; unexpected {listed(unexpected)}")
    wrong = [
        f"{key} is {tuple(tensors[key].shape)}, expected {tuple(own[name].shape)}"
        for key, name in names.items()
        if tensors[key].shape != own[name].shape
    ]
    if wrong:
        raise UserError(f"encoder shapes: {listed(wrong)}")
    weights = {name: _usable(key, tensors[key]) for key, name in names.items()}
    module.load_state_dict(weights, strict=True, assign=True)


def _names(layout: Layout, tensors: State) -> dict[str, str]:
    names = dict(layout.keys) | {key: name for key, name in layout.optional.items() if key in tensors}
    for index in range(count_blocks(layout, tensors)):
        prefix = layout.block_prefix.format(index)
        names |= {prefix + key: f"blocks.{index}.{name}" for key, name in layout.block_keys.items()}
    return names


def _usable(key: str, tensor: torch.Tensor) -> torch.Tensor:
    if not tensor.is_floating_point() or tensor.layout != torch.strided or tensor.is_quantized:
        raise UserError(f"encoder key {key}: {tensor.dtype}, expected dense floating point")
    if not torch.isfinite(tensor).all():
        raise UserError(f"encoder key {key}: holds values that are not finite")
    return tensor.detach().float().contiguous()


def listed(items: list[str]) -> str:
    """The first few, and how many more there are."""
    shown = ", ".join(repr(item[:120])[1:-1] for item in items[:N_NAMED]) or "none"
    return shown if len(items) <= N_NAMED else f"{shown} and {len(items) - N_NAMED} more"
