"""The losses of the encoder, each over what is labelled."""

import torch
from torch import Tensor
from torch.nn import functional

from export.model import EncoderOutput

Batch = dict[str, Tensor]


def encoder_loss(output: EncoderOutput, batch: Batch, settings: dict[str, object]) -> dict[str, Tensor]:
    """Loss by name, already weighted; their sum is what is minimised."""
    class_weights = torch.tensor(settings["class_weights"])
    seconds = output.screen_logits.shape[1]
    losses = {
        "beat": _binary_loss(output.beat_logits, batch["beat_heat"]),
        "class": _code_loss(output.class_logits, batch["beat_codes"], class_weights),
        "wave": _code_loss(output.wave_logits, batch["waves"], None),
        "rhythm": _set_loss(output.rhythm_logits, batch["rhythms"]),
        "quality": _binary_loss(output.quality_logits, batch["quality"]),
        "screen": _code_loss(output.screen_logits, batch["screen"][:, None].expand(-1, seconds), None),
    }
    return {name: _weight(settings, name) * loss for name, loss in losses.items()}


def _weight(settings: dict[str, object], name: str) -> float:
    value = settings[name]
    assert isinstance(value, int | float)
    return float(value)


def _binary_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy with soft targets, over those that are not -1."""
    known = (target >= 0).float()
    each = functional.binary_cross_entropy_with_logits(logits, target.clamp(min=0), reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1)


def _code_loss(logits: Tensor, codes: Tensor, weights: Tensor | None) -> Tensor:
    flat, target = logits.flatten(0, 1), codes.flatten()
    total = functional.cross_entropy(flat, target, weight=weights, ignore_index=-1, reduction="sum")
    known = target[target >= 0]
    mass = weights[known].sum() if weights is not None else known.numel()
    return total / max(float(mass), 1.0)


def _set_loss(logits: Tensor, sets: Tensor) -> Tensor:
    """Minus the log of the probability of the set, over sets that exclude anything."""
    bits = 1 << torch.arange(logits.shape[2])
    allowed = (sets[..., None] & bits) != 0
    known = (~allowed).any(dim=2).float()
    inside = logits.masked_fill(~allowed, -1e4).logsumexp(dim=2)
    return ((logits.logsumexp(dim=2) - inside) * known).sum() / known.sum().clamp(min=1)
