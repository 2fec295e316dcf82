"""The published families that can be converted, and which of them a state dict belongs to."""

from collections.abc import Callable
from dataclasses import dataclass

from edge.errors import UserError
from export.published import anyecg_vit, ecg_coca
from export.published.checkpoint import State
from export.published.encoder import PublishedEncoder
from export.published.layout import N_NAMED, Layout, missing_of_signature


@dataclass(frozen=True, slots=True)
class Family:
    """A published layout; `describe` takes the encoder's own tensors, without their prefix."""

    name: str
    source: str
    layout: Layout
    describe: Callable[[State], PublishedEncoder]


FAMILIES = {
    "ecg-coca": Family(
        "ecg-coca",
        "ECG-CoCa of ECG-Chat, arXiv 2408.08849, github.com/YubaoZhao/ECG-Chat",
        ecg_coca.LAYOUT,
        ecg_coca.describe,
    ),
    "anyecg-vit": Family(
        "anyecg-vit",
        "ViT of anyECG-chat, arXiv 2506.00942, github.com/CuCl-2/anyECG-chat",
        anyecg_vit.LAYOUT,
        anyecg_vit.describe,
    ),
}


def recognise(state: State) -> tuple[Family, str]:
    """The family, and the prefix that its encoder's keys have here; `UserError` names what was expected."""
    for family in FAMILIES.values():
        for prefix in family.layout.prefixes:
            if not missing_of_signature(family.layout, prefix, state):
                return family, prefix
    expected = "; ".join(_expectation(family, state) for family in FAMILIES.values())
    found = ", ".join(f"{key[:80]!r} {tuple(tensor.shape)}" for key, tensor in list(state.items())[:N_NAMED])
    raise UserError(f"unknown layout; not found: {expected}; found: {len(state)} tensors, the first {found}")


def _expectation(family: Family, state: State) -> str:
    """What is missing under the prefix that fits best."""
    layout = family.layout
    missing = min((missing_of_signature(layout, prefix, state) for prefix in layout.prefixes), key=len)
    axes = ", ".join(f"{key} of {_n_axes(layout, key)} axes" for key in missing)
    return f"for {family.name} {axes}"


def _n_axes(layout: Layout, key: str) -> int:
    return next(axes for name, axes in layout.signature.items() if key.endswith(name))
