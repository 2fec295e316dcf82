"""Where is what, pointed at: a small network reads the language model's own last states of an ECG.

The model has a state for each half second and lead. One hidden layer over two seconds either way says for
each tenth of a second which waveforms are there, as LISA (Lai et al. 2024) reads masks from a model's states.
Why: docs/adr/0014-the-model-points.md.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from edge.language_bundle import LanguageBundle, PointerFile
from edge.localizer_answer import NOTHING
from edge.localizer_request import Said
from edge.onnx_session import OnnxSession
from edge.tenths import Places, of_tenths, snapped

Float32 = npt.NDArray[np.float32]

LONGEST_TAUGHT_S: Final = 24
"""Longer windows taught it nothing, and are pointed at in pieces."""

_AROUND_S = 2
_NEAR_S = 0.4  # a border this near to a beat is that beat's


class Pointer:
    """`pointer.onnx` of a bundle, with its thresholds."""

    def __init__(self, bundle: LanguageBundle) -> None:
        assert bundle.manifest.pointer is not None, "of bundles that have one"
        self._file = bundle.manifest.pointer
        self._session = OnnxSession(bundle.folder / self._file.name)

    def answer(self, states: Float32, beats_s: Sequence[float]) -> Said:
        """Of states `[leads, tokens, width]`, as an answer to "Locate", in seconds from the first token."""
        return self.answer_of(self.probability(states), beats_s)

    def probability(self, states: Float32) -> Float32:
        """`[waveforms, tenths]`."""
        (probability,) = self._session.run(("probability",), {"states": states})
        return probability

    def answer_of(self, probability: Float32, beats_s: Sequence[float]) -> Said:
        """The same of probabilities, which may come from several pieces."""
        return said(self._file, probability, beats_s)


@dataclass(frozen=True, slots=True)
class Piece:
    """Seconds `start_s` to `stop_s` of a window, shown with those around them from `first_s` to `last_s`."""

    first_s: int
    start_s: int
    stop_s: int
    last_s: int

    @property
    def own_tenths(self) -> slice:
        """Of what is shown."""
        return slice(10 * (self.start_s - self.first_s), 10 * (self.stop_s - self.first_s))


def pieces(seconds: int) -> list[Piece]:
    """One, or as many of the same length as it takes to show none that is longer than was taught."""
    if seconds <= LONGEST_TAUGHT_S:
        return [Piece(0, 0, seconds, seconds)]
    n = math.ceil(seconds / (LONGEST_TAUGHT_S - 2 * _AROUND_S))
    edges = [round(i * seconds / n) for i in range(n + 1)]
    return [
        Piece(max(0, start - _AROUND_S), start, stop, min(seconds, stop + _AROUND_S))
        for start, stop in pairwise(edges)
    ]


def said(file: PointerFile, probability: Float32, beats_s: Sequence[float]) -> Said:
    """Of probabilities `[waveforms, tenths]`: a code as sure as its surest tenth, a stretch as its mean."""
    pieces: list[tuple[str, float]] = []
    for waveform, of_tenth in zip(file.presence, probability, strict=True):
        places = pointed(of_tenth, file.presence[waveform], file.place[waveform], beats_s)
        if places:
            pieces.append((f"{'; ' if pieces else ''}{waveform}", float(of_tenth.max())))
            pieces += [(f" {a:.1f}-{b:.1f}", _mean(of_tenth, a, b)) for a, b in places]
    pieces = pieces or [(NOTHING, float(1 - probability.max()))]
    text = "".join(piece for piece, _ in pieces)
    return Said(text, tuple(sure for piece, sure in pieces for _ in piece))


def pointed(of_tenth: Float32, presence: float, place: float, beats_s: Sequence[float]) -> Places:
    """Where one waveform is, with borders at beats; nowhere if no tenth has `presence`."""
    highest = float(of_tenth.max())
    if highest < presence:
        return []
    found = of_tenths(of_tenth >= min(place, highest))
    return snapped(found, beats_s, len(of_tenth) // 10, _NEAR_S)


def in_order(states: Float32, plan: npt.NDArray[np.int64], n_leads: int) -> Float32:
    """`[leads, tokens, width]` of states `[rows, width]`, by the plan of `edge.soft_tokens.block_plan`."""
    is_soft = plan >= 0
    ordered = np.empty((int(is_soft.sum()), states.shape[1]), np.float32)
    ordered[plan[is_soft]] = states[is_soft]
    return ordered.reshape(n_leads, -1, states.shape[1])


def _mean(of_tenth: Float32, start_s: float, end_s: float) -> float:
    inside = of_tenth[round(10 * start_s) : max(round(10 * end_s), round(10 * start_s) + 1)]
    return float(inside.mean()) if len(inside) else 0.0
