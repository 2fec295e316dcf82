"""Raw samples of a finished recording to waves: a path beside the pipeline, for those who ask for it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edge.analysis import placed_blocks
from edge.contiguous_run import UV_PER_MV, ContiguousRun, EncodedSpan
from edge.encoder import Encoder
from edge.resampler import StreamingResampler
from edge.stream import PlacedBlock
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


class WaveReader:
    """The waves of a whole recording, in seconds since its start; give it the blocks in order.

    Beside a pipeline on the same `Encoder(folder, shared=True)` it costs no second pass of the encoder.
    """

    def __init__(self, recording: Recording, encoder: Encoder) -> None:
        self._recording, self._encoder = recording, encoder
        self._waves: list[Wave] = []
        self._next_index, self._origin_s = 0, 0.0
        self._run = self._new_run()

    def feed(self, block: PlacedBlock) -> None:
        """Take the next block; a jump of its index is a gap."""
        if block.first_index != self._next_index:
            self._end()
            self._origin_s, self._run = block.first_index / self._recording.fs_hz, self._new_run()
        self._waves += _placed(self._run.feed(block.ecg_uv), self._origin_s)
        self._next_index = block.stop_index

    def flush(self) -> list[Wave]:
        """All waves of the recording."""
        self._end()
        return self._waves

    def _new_run(self) -> WaveRun:
        return WaveRun(self._encoder, self._recording.fs_hz, len(self._recording.leads))

    def _end(self) -> None:
        self._waves += _placed(self._run.flush(), self._origin_s)


def find_waves(
    recording: Recording, encoder: Encoder, progress: Callable[[int], None] = lambda _: None
) -> list[Wave]:
    """All waves; `progress` is told how many samples are done."""
    reader = WaveReader(recording, encoder)
    for block in placed_blocks(recording):
        reader.feed(block)
        progress(block.stop_index)
    return reader.flush()


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
