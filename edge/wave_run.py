"""Encoded spans of a finished recording to waves: beside the pipeline, for those who ask for it."""

from collections.abc import Callable

import numpy as np

from edge.analysis import placed_blocks
from edge.bundle import Manifest
from edge.contiguous_run import ContiguousRun, EncodedSpan
from edge.encoder import Encoder
from edge.wave_order import Wave
from edge.waves import WaveDecoder
from firmware_bridge.recordings import Recording


class WaveRun:
    """The waves of one stretch of samples without a gap, but for those in unreadable seconds."""

    def __init__(self, manifest: Manifest) -> None:
        self._decoder, self._threshold = WaveDecoder(manifest), manifest.thresholds.analysable
        self._unreadable_s: set[int] = set()

    def feed(self, span: EncodedSpan) -> list[Wave]:
        """Take the next span, return the waves that are decided."""
        unreadable = span.frames.analysable < self._threshold
        self._unreadable_s.update((np.flatnonzero(unreadable) + span.first_s).tolist())
        n = min(len(span.frames.waves), len(span.unfiltered_mv))
        return self._readable(self._decoder.feed(span.frames.waves[:n], span.unfiltered_mv[:n]))

    def flush(self) -> list[Wave]:
        """The waves up to the last sample."""
        return self._readable(self._decoder.flush())

    def _readable(self, waves: list[Wave]) -> list[Wave]:
        return [wave for wave in waves if int(wave.peak_s) not in self._unreadable_s]


class WaveReader:
    """The waves of a whole recording, in seconds since its start; give it the spans in order.

    `feed` is what a pipeline takes as `beside`: then there is one pass for both.
    """

    def __init__(self, manifest: Manifest, fs_hz: float) -> None:
        self._manifest, self._fs_hz = manifest, fs_hz
        self._waves: list[Wave] = []
        self._origin, self._run = 0, WaveRun(manifest)

    def feed(self, origin: int, span: EncodedSpan) -> None:
        """Take the next span of the run that began at sample `origin`."""
        if origin != self._origin:
            self._waves += self._placed(self._run.flush())
            self._origin, self._run = origin, WaveRun(self._manifest)
        self._waves += self._placed(self._run.feed(span))

    def flush(self) -> list[Wave]:
        """All waves of the recording."""
        self._waves += self._placed(self._run.flush())
        return self._waves

    def _placed(self, waves: list[Wave]) -> list[Wave]:
        at_s = self._origin / self._fs_hz
        if not at_s:
            return waves
        return [Wave(w.kind, w.onset_s + at_s, w.peak_s + at_s, w.end_s + at_s, w.weight_s) for w in waves]


def find_waves(
    recording: Recording, encoder: Encoder, progress: Callable[[int], None] = lambda _: None
) -> list[Wave]:
    """All waves; `progress` is told how many samples are done."""
    reader = WaveReader(encoder.manifest, recording.fs_hz)
    run, origin, next_index = _new_run(recording, encoder), 0, 0
    for block in placed_blocks(recording):
        if block.first_index != next_index:
            _feed(reader, origin, run.flush(encoder))
            run, origin = _new_run(recording, encoder), block.first_index
        _feed(reader, origin, run.feed(block.ecg_uv, encoder))
        next_index = block.stop_index
        progress(next_index)
    _feed(reader, origin, run.flush(encoder))
    return reader.flush()


def _new_run(recording: Recording, encoder: Encoder) -> ContiguousRun:
    return ContiguousRun(encoder.manifest, recording.fs_hz, len(recording.leads))


def _feed(reader: WaveReader, origin: int, spans: list[EncodedSpan]) -> None:
    for span in spans:
        reader.feed(origin, span)
