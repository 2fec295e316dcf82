"""Bundle branch block as evidence of a window, from its own beats and signal, and its measured QRS."""

from dataclasses import replace
from pathlib import Path

from edge.beat_shape import SHAPE_FS_HZ
from edge.conduction import CONDUCTION_FILE, ConductionModel, block_of, block_spans, shape_odds
from edge.evidence import Evidence
from edge.filters import CausalBandpass
from edge.raw_ecg import RawEcg
from edge.resampler import resample

_UV_PER_MV = 1000.0


class ConductionWitness:
    """Loads its model with the first window; a bundle without one bears no such witness."""

    def __init__(self, bundle: Path) -> None:
        self._bundle = bundle
        self._model: ConductionModel | None = None

    def add_to(self, evidence: Evidence, ecg: RawEcg) -> Evidence:
        """The evidence with a block that its conducted beats have, seen in the first lead."""
        if not evidence.beats or not (self._bundle / CONDUCTION_FILE).is_file():
            return evidence
        self._model = self._model or ConductionModel(self._bundle)
        at_rate = resample(ecg.ecg_uv[:, :1] / _UV_PER_MV, ecg.fs_hz, SHAPE_FS_HZ)
        ecg_mv = CausalBandpass(SHAPE_FS_HZ).feed(at_rate)[:, 0]
        odds = shape_odds(self._model, ecg_mv, evidence.beats)
        block = odds and block_of(odds, evidence.qrs_ms)
        if not block:
            return evidence
        spans = block_spans(block, evidence.beats, evidence.duration_s)
        return replace(evidence, spans=(*evidence.spans, *spans))
