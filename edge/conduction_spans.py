"""Right bundle branch block as evidence of a window, from its own beats and signal.

The reader tells left bundle branch block too, but on training patients held out in turn that was mostly wrong
(docs/conduction.md), so it is no evidence.
"""

from dataclasses import replace
from pathlib import Path

from edge.beat_shape import SHAPE_FS_HZ
from edge.conduction import CONDUCTION_FILE, ConductionModel, bundle_branch_blocks, bundle_branch_spans
from edge.evidence import Evidence
from edge.filters import CausalBandpass
from edge.labels import Waveform
from edge.raw_ecg import RawEcg
from edge.resampler import resample

TOLD = Waveform.RIGHT_BUNDLE_BRANCH_BLOCK
_UV_PER_MV = 1000.0


class ConductionWitness:
    """Loads its model with the first window; a bundle without one bears no such witness."""

    def __init__(self, bundle: Path) -> None:
        self._bundle = bundle
        self._model: ConductionModel | None = None

    def add_to(self, evidence: Evidence, ecg: RawEcg) -> Evidence:
        """The evidence with its spans of right bundle branch block, seen in the first lead."""
        if not evidence.beats or not (self._bundle / CONDUCTION_FILE).is_file():
            return evidence
        self._model = self._model or ConductionModel(self._bundle)
        at_rate = resample(ecg.ecg_uv[:, :1] / _UV_PER_MV, ecg.fs_hz, SHAPE_FS_HZ)
        ecg_mv = CausalBandpass(SHAPE_FS_HZ).feed(at_rate)[:, 0]
        told = [
            block if block is TOLD else None
            for block in bundle_branch_blocks(self._model, ecg_mv, evidence.beats)
        ]
        spans = bundle_branch_spans(evidence.beats, told, evidence.duration_s)
        return replace(evidence, spans=(*evidence.spans, *spans))
