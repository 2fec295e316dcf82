"""The four losses of the encoder, each over what is labelled."""

import torch
from torch import Tensor
from torch.nn import functional

from export.model import EncoderOutput

Batch = dict[str, Tensor]


def encoder_loss(output: EncoderOutput, batch: Batch, settings: dict[str, object]) -> dict[str, Tensor]:
    """Loss by name, already weighted; their sum is what is minimised."""
    weights = torch.tensor(settings["class_weights"])
    return {
        "beat": _weight(settings, "beat") * _beat_loss(output.beat_logits, batch),
        "class": _weight(settings, "class") * _code_loss(output.class_logits, batch["beat_codes"], weights),
        "rhythm": _weight(settings, "rhythm") * _code_loss(output.rhythm_logits, batch["rhythm"], None),
        "quality": _weight(settings, "quality") * _quality_loss(output.quality_logits, batch["quality"]),
    }


def _weight(settings: dict[str, object], name: str) -> float:
    value = settings[name]
    assert isinstance(value, int | float)
    return float(value)


def _beat_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy with the soft heat of beats, over windows whose beats are annotated."""
    each = functional.binary_cross_entropy_with_logits(logits, batch["beat_heat"], reduction="none")
    known = batch["has_beats"][:, None].expand_as(each)
    return (each * known).sum() / known.sum().clamp(min=1)


def _code_loss(logits: Tensor, codes: Tensor, weights: Tensor | None) -> Tensor:
    flat, target = logits.flatten(0, 1), codes.flatten()
    total = functional.cross_entropy(flat, target, weight=weights, ignore_index=-1, reduction="sum")
    known = target[target >= 0]
    mass = weights[known].sum() if weights is not None else known.numel()
    return total / max(float(mass), 1.0)


def _quality_loss(logits: Tensor, quality: Tensor) -> Tensor:
    known = (quality >= 0).float()
    each = functional.binary_cross_entropy_with_logits(logits, quality.clamp(min=0), reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1)
