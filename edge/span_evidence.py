"""Evidence that the stream does not gather: of a recorded window, and of the signal of a strip.

With an encoder of its own, so that the stream is not touched; any thread may ask.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from edge.conduction_spans import ConductionWitness
from edge.contiguous_run import ContiguousRun
from edge.encoder import Encoder
from edge.evidence import Evidence
from edge.pipeline import Pipeline, PipelineSettings
from edge.raw_ecg import RawEcg
from edge.recorded_window import RecordedWindow
from edge.stream import RawStrip
from edge.wave_run import WaveReader
from edge.window_reading import measured_ms


class SpanReader:
    """Loads its encoder with the first question, so that an edge that is never asked does not pay for it."""

    def __init__(self, bundle: Path, settings: PipelineSettings) -> None:
        self._bundle, self._settings = bundle, settings
        self._encoder: Encoder | None = None
        self._witness = ConductionWitness(bundle)

    def read(self, window: RecordedWindow) -> Evidence:
        """Beats, findings, readable seconds and intervals; some ten ms a second of ECG on one thread."""
        encoder = self._loaded()
        waves = WaveReader(encoder.manifest, window.fs_hz)
        pipeline = Pipeline(encoder, window.fs_hz, len(window.leads), self._settings, waves.feed)
        first, last = window.blocks[0], window.blocks[-1]
        pipeline.begin_at(first.first_index)
        for block in window.blocks:
            pipeline.feed(block)
        pipeline.flush()
        whole = np.empty((last.stop_index - first.first_index, len(window.leads)), np.int32)
        strip = RawStrip(first.first_index, first.start_ns, whole, ())
        evidence = _with_intervals(pipeline.evidence(strip, window.leads), waves)
        return self._witness.add_to(evidence, _raw(window)) if window.is_whole else evidence

    def add_to(self, evidence: Evidence, ecg: RawEcg) -> Evidence:
        """What the stream knew of a strip, with intervals and right bundle branch block as in `read`."""
        encoder = self._loaded()
        waves = WaveReader(encoder.manifest, ecg.fs_hz)
        run = ContiguousRun(encoder.manifest, ecg.fs_hz, len(ecg.leads))
        for span in (*run.feed(ecg.ecg_uv, encoder), *run.flush(encoder)):
            waves.feed(0, span)
        return self._witness.add_to(_with_intervals(evidence, waves), ecg)

    def _loaded(self) -> Encoder:
        self._encoder = self._encoder or Encoder(self._bundle)
        return self._encoder


def _with_intervals(evidence: Evidence, waves: WaveReader) -> Evidence:
    pr_ms, qrs_ms, qt_ms = measured_ms(waves.flush())
    return replace(evidence, pr_ms=pr_ms, qrs_ms=qrs_ms, qt_ms=qt_ms)


def _raw(window: RecordedWindow) -> RawEcg:
    return RawEcg(np.concatenate([block.ecg_uv for block in window.blocks]), window.fs_hz, window.leads)
