"""Whether a beat is conducted with left or right bundle branch block, or neither, from one lead.

One lead shows it poorly, so the reader rather says nothing than the wrong block: see
docs/conduction.md. Beats that are no sinus or supraventricular beats never get a block.
"""

from collections import deque
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
THRESHOLDS: Final = (0.7, 0.6)
"""Left, right: at most 1 % of the training patients without it are told it, each held out in turn."""
CONDUCTED = (BeatClass.NORMAL, BeatClass.SUPRAVENTRICULAR)


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


@dataclass(frozen=True, slots=True, eq=False)
class BeatShape:
    """A beat, and its shape `[SHAPE_SAMPLES]` as `shapes_of_beats` cuts it."""

    beat_class: BeatClass
    shape: Float32


class BundleBranchReader:
    """Beat by beat for one patient: each is seen as the mean of the beats like it among the last ones."""

    def __init__(self, model: ConductionModel) -> None:
        self._model = model
        self._past: deque[Float32] = deque(maxlen=PAST_BEATS + 1)

    def feed(self, beat: BeatShape) -> Waveform | None:
        """The block of this beat, known half a second after it."""
        if beat.beat_class not in CONDUCTED:
            return None
        self._past.append(beat.shape)
        seen = mean_of_alike(beat.shape, np.stack(self._past))
        return block_of(self._model.probabilities(seen[None])[0])


def bundle_branch_blocks(
    model: ConductionModel,
    ecg_mv: npt.NDArray[np.floating],
    beats: Sequence[EvidenceBeat],
    ahead_beats: int = AHEAD_BEATS,
) -> list[Waveform | None]:
    """The block of each beat of a finished window or record, `[n]` mV at 128 Hz, filtered.

    A beat is seen as the mean of the beats like it among `PAST_BEATS` before it and `ahead_beats` after.
    """
    read = block_probabilities(model, ecg_mv, beats, ahead_beats)
    return [None if row is None else block_of(row) for row in read]


def block_probabilities(
    model: ConductionModel,
    ecg_mv: npt.NDArray[np.floating],
    beats: Sequence[EvidenceBeat],
    ahead_beats: int = AHEAD_BEATS,
) -> list[Float32 | None]:
    """The same as probabilities `[3]` of each beat; `None` for beats that are not conducted."""
    conducted = [i for i, beat in enumerate(beats) if beat.beat_class in CONDUCTED]
    read: list[Float32 | None] = [None] * len(beats)
    if conducted:
        shapes = shapes_of_beats(ecg_mv, [beats[i].at_s for i in conducted])
        for i, row in zip(conducted, model.probabilities(_seen(shapes, ahead_beats)), strict=True):
            read[i] = row
    return read


def bundle_branch_spans(
    beats: Sequence[EvidenceBeat], blocks: Sequence[Waveform | None], duration_s: float
) -> list[EvidenceSpan]:
    """Where the beats of each block are; see `neighbour_stretches`."""
    times_s = [beat.at_s for beat in beats]
    return [
        EvidenceSpan(block, start_s, end_s)
        for block in BLOCKS
        if block
        for start_s, end_s in neighbour_stretches(times_s, [found is block for found in blocks], duration_s)
    ]


def block_of(probabilities: Float32) -> Waveform | None:
    """Of `[3]`; a block only where it is clear."""
    for block, probability, least in zip(BLOCKS[1:], probabilities[1:].tolist(), THRESHOLDS, strict=True):
        if probability >= least:
            return block
    return None


def _seen(shapes: Float32, ahead_beats: int) -> Float32:
    """Each as the mean of the beats like it around it."""
    rows = [
        mean_of_alike(shape, shapes[max(0, i - PAST_BEATS) : i + ahead_beats + 1])
        for i, shape in enumerate(shapes)
    ]
    return np.stack(rows)
