"""The pointer's network, and how it learns: tokens of a window to waveforms by tenths of a second."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from edge.labels import Waveform
from edge.soft_tokens import TOKENS_PER_SECOND
from edge.tenths import to_tenths

Row = dict[str, Any]
Float16 = npt.NDArray[np.float16]

_TENTHS: Final = 10 // TOKENS_PER_SECOND
_FORGOTTEN: Final = 0.2  # of each hidden layer, in training
_KERNEL: Final = 9


@dataclass(frozen=True, slots=True)
class PointerSettings:
    """Of `configs/training/language.toml`, table `pointer`."""

    networks: int
    hidden: int
    steps: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One lead of a window: `[tokens, width]`; what is there `[waveforms, tenths]`, and what is known."""

    states: Float16
    truth: npt.NDArray[np.bool_]
    known: npt.NDArray[np.bool_]


class PointerNet(nn.Module):
    """`[leads, tokens, width]` to `[leads, waveforms, tenths]`; sees six seconds either way."""

    mean: Tensor
    std: Tensor

    def __init__(self, width: int, waveforms: Sequence[Waveform], hidden: int) -> None:
        super().__init__()
        self.waveforms = tuple(waveforms)
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("std", torch.ones(width))
        self.layers = nn.Sequential(
            *_layer(width, hidden, 1, 1),
            *_layer(hidden, hidden, _KERNEL, 1),
            *_layer(hidden, hidden, _KERNEL, 2),
            nn.Conv1d(hidden, len(waveforms) * _TENTHS, 1),
        )

    def forward(self, states: Tensor) -> Tensor:
        """Logits."""
        scaled = ((states - self.mean) / self.std).transpose(1, 2)
        by_token = self.layers(scaled).unflatten(1, (len(self.waveforms), _TENTHS))
        return by_token.transpose(2, 3).flatten(2)


class Pointers(nn.Module):
    """Several networks: states `[leads, tokens, width]` to their mean probabilities `[waveforms, tenths]`."""

    def __init__(self, nets: Sequence[PointerNet]) -> None:
        super().__init__()
        self.nets = nn.ModuleList(nets)

    def forward(self, states: Tensor) -> Tensor:
        """Of one window."""
        return torch.stack([net(states).sigmoid().mean(dim=0) for net in self.nets]).mean(dim=0)


def _layer(n_in: int, n_out: int, kernel: int, dilation: int) -> tuple[nn.Module, ...]:
    same = dilation * (kernel // 2)
    return nn.Conv1d(n_in, n_out, kernel, padding=same, dilation=dilation), nn.GELU(), nn.Dropout(_FORGOTTEN)


def seen_of(row: Row, states: Float16, waveforms: Sequence[Waveform]) -> list[Seen]:
    """Each lead of a row of the corpus."""
    spans = [row["spans"].get(waveform, ()) for waveform in waveforms]
    truth = np.stack([to_tenths(places, row["seconds"]) for places in spans])
    known = np.array([waveform in row["known"] for waveform in waveforms])
    return [Seen(lead, truth, known) for lead in states]


def learned(
    seen: Sequence[Seen],
    shares: npt.NDArray[np.float64],
    waveforms: Sequence[Waveform],
    settings: PointerSettings,
) -> Pointers:
    """`shares` is how likely each is to be drawn."""
    seeds = range(settings.seed, settings.seed + settings.networks)
    return Pointers([_learned(seen, shares, waveforms, settings, seed) for seed in seeds]).eval()


def _learned(
    seen: Sequence[Seen],
    shares: npt.NDArray[np.float64],
    waveforms: Sequence[Waveform],
    settings: PointerSettings,
    seed: int,
) -> PointerNet:
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = PointerNet(seen[0].states.shape[1], waveforms, settings.hidden)
    sample = np.concatenate([one.states for one in seen[::10]]).astype(np.float32)
    net.mean.copy_(torch.from_numpy(sample.mean(axis=0)))
    net.std.copy_(torch.from_numpy(sample.std(axis=0) + 1e-3))
    steps = torch.optim.AdamW(net.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(steps, settings.steps)
    for _ in range(settings.steps):
        loss = _loss(net, [seen[i] for i in rng.choice(len(seen), settings.batch_size, p=shares)])
        steps.zero_grad()
        torch.autograd.backward(loss)
        steps.step()
        slower.step()
    return net


def _loss(net: PointerNet, batch: Sequence[Seen]) -> Tensor:
    """Each window counts the same, and within it each tenth that is known."""
    longest = max(len(one.states) for one in batch)
    states = np.stack([_padded(one.states.astype(np.float32), longest, 0) for one in batch])
    truth = np.stack([_padded(one.truth.astype(np.float32), longest * _TENTHS, 1) for one in batch])
    is_there = np.stack([_padded(np.ones_like(one.truth, np.float32), longest * _TENTHS, 1) for one in batch])
    weight = torch.from_numpy(is_there * np.stack([one.known for one in batch])[:, :, None])
    each = nn.functional.binary_cross_entropy_with_logits(
        net(torch.from_numpy(states)), torch.from_numpy(truth), reduction="none"
    )
    return ((each * weight).sum((1, 2)) / weight.sum((1, 2)).clamp(min=1)).mean()


def _padded(values: npt.NDArray[np.float32], n: int, axis: int) -> npt.NDArray[np.float32]:
    wider = [(0, 0), (0, 0)]
    wider[axis] = (0, n - values.shape[axis])
    return np.pad(values, wider)


def export_pointer(net: Pointers, path: Path, width: int) -> None:
    """As ONNX: `states` `[leads, tokens, width]` to `probability` `[waveforms, tenths]`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the exporter that optimum uses too
        torch.onnx.export(
            net,
            (torch.zeros(2, 20, width),),
            str(path),
            input_names=["states"],
            output_names=["probability"],
            dynamic_axes={"states": {0: "leads", 1: "tokens"}, "probability": {1: "tenths"}},
            opset_version=17,
            dynamo=False,
        )
