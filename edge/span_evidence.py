"""Evidence of a recorded window, by the same pipeline as the stream, with an encoder of its own."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from edge.conduction_spans import ConductionWitness
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
        self._encoder = self._encoder or Encoder(self._bundle)
        waves = WaveReader(self._encoder.manifest, window.fs_hz)
        pipeline = Pipeline(self._encoder, window.fs_hz, len(window.leads), self._settings, waves.feed)
        first, last = window.blocks[0], window.blocks[-1]
        pipeline.begin_at(first.first_index)
        for block in window.blocks:
            pipeline.feed(block)
        pipeline.flush()
        whole = np.empty((last.stop_index - first.first_index, len(window.leads)), np.int32)
        strip = RawStrip(first.first_index, first.start_ns, whole, ())
        pr_ms, qrs_ms, qt_ms = measured_ms(waves.flush())
        evidence = pipeline.evidence(strip, window.leads)
        evidence = replace(evidence, pr_ms=pr_ms, qrs_ms=qrs_ms, qt_ms=qt_ms)
        is_whole = sum(len(block.ecg_uv) for block in window.blocks) == len(whole)
        return self._witness.add_to(evidence, _raw(window)) if is_whole else evidence


def _raw(window: RecordedWindow) -> RawEcg:
    return RawEcg(np.concatenate([block.ecg_uv for block in window.blocks]), window.fs_hz, window.leads)
