"""Whether a strip is conducted with left or right bundle branch block, or neither, from one lead.

One lead shows it poorly, and the side worse than the block, so first is asked whether there is one and then
on which side; of all conducted beats together, and with the width of the QRS. See docs/conduction.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from edge.beat_shape import mean_of_alike, of_unit_qrs, shapes_of_beats
from edge.beat_spans import neighbour_stretches
from edge.bundle import DEFAULT_BUNDLE
from edge.errors import UserError
from edge.evidence import EvidenceBeat, EvidenceSpan
from edge.labels import BeatClass, Waveform
from edge.onnx_session import OnnxSession

Float32 = npt.NDArray[np.float32]

CONDUCTION_FILE: Final = "conduction.onnx"
BLOCKS: Final = (None, Waveform.LEFT_BUNDLE_BRANCH_BLOCK, Waveform.RIGHT_BUNDLE_BRANCH_BLOCK)
"""In the order of the model's answers."""
PAST_BEATS, AHEAD_BEATS = 60, 30
CONDUCTED: Final = (BeatClass.NORMAL, BeatClass.SUPRAVENTRICULAR)
_SUREST: Final = 1e-3  # and 1 less this: no single beat decides
_USUAL_QRS_MS, _QRS_STEP_MS = 95.0, 20.0


@dataclass(frozen=True, slots=True)
class BlockRule:
    """Log odds of a block are `bias` + `shape` x [by shape] + `width` x [QRS over 95 ms, in steps of 20].

    Told from the probability `least` on; left where the log odds of left over right by shape exceed `side`.
    """

    shape: float
    width: float
    bias: float
    side: float
    least: float


RULE: Final = BlockRule(shape=1.16, width=0.896, bias=0.075, side=0.238, least=0.5)
"""By `python -m export.training.language.block_rule`: windows of training patients, each held out in turn."""


class ConductionModel:
    """Probabilities of neither, left and right for shapes of beats.

    Raises `UserError` for a bundle without the model's file.
    """

    def __init__(self, bundle: Path = DEFAULT_BUNDLE) -> None:
        if not (bundle / CONDUCTION_FILE).is_file():
            raise UserError(f"{bundle / CONDUCTION_FILE}: this bundle does not tell bundle branch block")
        self._session = OnnxSession(bundle / CONDUCTION_FILE)

    def probabilities(self, shapes: Float32) -> Float32:
        """`[beats, 3]` in the order of `BLOCKS`, for `[beats, SHAPE_SAMPLES]` of any height."""
        (found,) = self._session.run(("probabilities",), {"shapes": of_unit_qrs(shapes)})
        return found


@dataclass(frozen=True, slots=True)
class ShapeOdds:
    """Log odds by shape, means over the conducted beats: of a block, and of left over right."""

    block: float
    left: float


def shape_odds(
    model: ConductionModel, ecg_mv: npt.NDArray[np.floating], beats: Sequence[EvidenceBeat]
) -> ShapeOdds | None:
    """Of a window `[n]` mV at 128 Hz, filtered; `None` where no beat is conducted.

    Each beat is seen as the mean of the beats like it, `PAST_BEATS` before it and `AHEAD_BEATS` after.
    """
    at_s = [beat.at_s for beat in beats if beat.beat_class in CONDUCTED]
    if not at_s:
        return None
    probability = model.probabilities(_seen(shapes_of_beats(ecg_mv, at_s))).astype(np.float64)
    neither, left, right = _log_odds(np.stack([1 - probability[:, 0], *probability[:, 1:].T]))
    return ShapeOdds(float(neither.mean()), float((left - right).mean()))


def block_probability(odds: ShapeOdds, qrs_ms: float | None, rule: BlockRule = RULE) -> float:
    """That there is a block, on either side; a width that could not be measured counts as usual."""
    steps = width_steps(qrs_ms)
    return float(1 / (1 + np.exp(-(rule.bias + rule.shape * odds.block + rule.width * steps))))


def width_steps(qrs_ms: float | None) -> float:
    """How much wider than usual a QRS is, as `BlockRule` counts it."""
    return ((qrs_ms or _USUAL_QRS_MS) - _USUAL_QRS_MS) / _QRS_STEP_MS


def block_of(odds: ShapeOdds, qrs_ms: float | None, rule: BlockRule = RULE) -> Waveform | None:
    """The block that is told of a window."""
    if block_probability(odds, qrs_ms, rule) < rule.least:
        return None
    return BLOCKS[1] if odds.left > rule.side else BLOCKS[2]


def block_spans(block: Waveform, beats: Sequence[EvidenceBeat], duration_s: float) -> list[EvidenceSpan]:
    """Where the conducted beats are; see `neighbour_stretches`."""
    chosen = [beat.beat_class in CONDUCTED for beat in beats]
    stretches = neighbour_stretches([beat.at_s for beat in beats], chosen, duration_s)
    return [EvidenceSpan(block, start_s, end_s) for start_s, end_s in stretches if start_s < end_s]


def _seen(shapes: Float32) -> Float32:
    """Each as the mean of the beats like it around it."""
    rows = [
        mean_of_alike(shape, shapes[max(0, i - PAST_BEATS) : i + AHEAD_BEATS + 1])
        for i, shape in enumerate(shapes)
    ]
    return np.stack(rows)


def _log_odds(probability: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    clear = probability.clip(_SUREST, 1 - _SUREST)
    return np.asarray(np.log(clear / (1 - clear)), np.float64)
