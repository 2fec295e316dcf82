"""Bundle branch block as evidence of a window, from its own beats and signal.

Each beat is given its probabilities, for `edge.block_vote`. Spans are of right block alone: beat by beat,
left was mostly wrong on training patients held out in turn (docs/conduction.md).
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.beat_shape import SHAPE_FS_HZ
from edge.conduction import (
    CONDUCTION_FILE,
    ConductionModel,
    block_of,
    block_probabilities,
    bundle_branch_spans,
)
from edge.evidence import Evidence, EvidenceBeat
from edge.filters import CausalBandpass
from edge.labels import Waveform
from edge.raw_ecg import RawEcg
from edge.resampler import resample

Float32 = npt.NDArray[np.float32]

TOLD = Waveform.RIGHT_BUNDLE_BRANCH_BLOCK
_UV_PER_MV = 1000.0


class ConductionWitness:
    """Loads its model with the first window; a bundle without one bears no such witness."""

    def __init__(self, bundle: Path) -> None:
        self._bundle = bundle
        self._model: ConductionModel | None = None

    def add_to(self, evidence: Evidence, ecg: RawEcg) -> Evidence:
        """The evidence with the blocks of its beats and spans of right block, seen in the first lead."""
        if not evidence.beats or not (self._bundle / CONDUCTION_FILE).is_file():
            return evidence
        self._model = self._model or ConductionModel(self._bundle)
        at_rate = resample(ecg.ecg_uv[:, :1] / _UV_PER_MV, ecg.fs_hz, SHAPE_FS_HZ)
        ecg_mv = CausalBandpass(SHAPE_FS_HZ).feed(at_rate)[:, 0]
        return with_blocks(evidence, block_probabilities(self._model, ecg_mv, evidence.beats))


def with_blocks(evidence: Evidence, read: Sequence[Float32 | None]) -> Evidence:
    """`read` are the probabilities `[3]` of each beat, by `edge.conduction.block_probabilities`."""
    told = [TOLD if row is not None and block_of(row) is TOLD else None for row in read]
    spans = bundle_branch_spans(evidence.beats, told, evidence.duration_s)
    beats = tuple(_with_block(beat, row) for beat, row in zip(evidence.beats, read, strict=True))
    return replace(evidence, beats=beats, spans=(*evidence.spans, *spans))


def _with_block(beat: EvidenceBeat, row: Float32 | None) -> EvidenceBeat:
    return beat if row is None else replace(beat, blocks=(round(float(row[1]), 4), round(float(row[2]), 4)))
