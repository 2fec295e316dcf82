"""Raw samples of a finished recording to waves: a path beside the pipeline, for those who ask for it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edge.analysis import placed_blocks
from edge.contiguous_run import UV_PER_MV, ContiguousRun, EncodedSpan
from edge.encoder import Encoder
from edge.resampler import StreamingResampler
from edge.wave_order import Wave
from edge.waves import WaveDecoder
from firmware_bridge.recordings import Recording


class WaveRun:
    """The waves of one stretch of samples without a gap, but for those in unreadable seconds.

    Boundaries come from the encoder; peaks from the signal before the causal filter, which would shift them.
    """

    def __init__(self, encoder: Encoder, fs_in_hz: float, n_leads: int) -> None:
        self._encoder, manifest = encoder, encoder.manifest
        self._run = ContiguousRun(manifest, fs_in_hz, n_leads)
        self._resampler = StreamingResampler(fs_in_hz, manifest.fs_hz, n_leads)
        self._decoder = WaveDecoder(manifest)
        self._ecg_mv = np.empty((0, n_leads))
        self._unreadable_s: set[int] = set()

    def feed(self, ecg_uv: npt.NDArray[np.int32]) -> list[Wave]:
        """Take samples `[n, leads]`, return the waves that are decided."""
        self._keep(self._resampler.feed(ecg_uv / UV_PER_MV))
        return self._decode(self._run.feed(ecg_uv, self._encoder))

    def flush(self) -> list[Wave]:
        """The waves up to the last sample."""
        self._keep(self._resampler.flush())
        waves = self._decode(self._run.flush(self._encoder))
        return waves + self._readable(self._decoder.flush())

    def _keep(self, ecg_mv: npt.NDArray[np.float64]) -> None:
        self._ecg_mv = np.concatenate([self._ecg_mv, ecg_mv])

    def _decode(self, spans: list[EncodedSpan]) -> list[Wave]:
        waves = []
        for span in spans:
            n = min(len(span.frames.waves), len(self._ecg_mv))
            ecg_mv, self._ecg_mv = self._ecg_mv[:n], self._ecg_mv[n:]
            unreadable = span.frames.analysable < self._encoder.manifest.thresholds.analysable
            self._unreadable_s.update((np.flatnonzero(unreadable) + span.first_s).tolist())
            waves += self._decoder.feed(span.frames.waves[:n], ecg_mv)
        return self._readable(waves)

    def _readable(self, waves: list[Wave]) -> list[Wave]:
        return [wave for wave in waves if int(wave.peak_s) not in self._unreadable_s]


def find_waves(
    recording: Recording, encoder: Encoder, progress: Callable[[int], None] = lambda _: None
) -> list[Wave]:
    """All waves, in seconds since the recording's start; `progress` is told how many samples are done."""
    waves: list[Wave] = []
    run, origin_s, next_index = WaveRun(encoder, recording.fs_hz, len(recording.leads)), 0.0, 0
    for piece in placed_blocks(recording):
        if piece.first_index != next_index:
            waves += _placed(run.flush(), origin_s)
            run = WaveRun(encoder, recording.fs_hz, len(recording.leads))
            origin_s = piece.first_index / recording.fs_hz
        waves += _placed(run.feed(piece.ecg_uv), origin_s)
        next_index = piece.stop_index
        progress(next_index)
    return waves + _placed(run.flush(), origin_s)


def _placed(waves: list[Wave], origin_s: float) -> list[Wave]:
    return [
        replace(
            wave,
            onset_s=wave.onset_s + origin_s,
            peak_s=wave.peak_s + origin_s,
            end_s=wave.end_s + origin_s,
        )
        for wave in waves
    ]
