"""From samples without a gap to encoder frames: resample, filter, cut windows, encode, keep the middle."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.bundle import Manifest
from edge.encoder import Encoder, EncoderFrames, Part
from edge.filters import CausalBandpass
from edge.resampler import StreamingResampler
from edge.ring_buffer import RingBuffer
from edge.stream import Look

UV_PER_MV = 1000.0


@dataclass(frozen=True, slots=True)
class WindowLook:
    """A whole window as one vector, and the run's second that is its middle."""

    middle_s: float
    vector: Look


@dataclass(frozen=True, slots=True, eq=False)
class EncodedSpan:
    """Frames of the run's seconds `first_s` to `stop_s`; the last second of a run may be cut short.

    `look` is about the window that they were cut from; `unfiltered_mv` `[samples, leads]` is the signal of
    these seconds at the model's rate, before the causal filter, which would shift its peaks.
    """

    first_s: int
    stop_s: float
    frames: EncoderFrames
    look: WindowLook
    unfiltered_mv: npt.NDArray[np.float64]


Beside = Callable[[int, EncodedSpan], None]
"""Told of each span that the encoder gave, with the index at which its run began."""


class ContiguousRun:
    """Signal path of one stretch without gaps; a gap ends it and the next run starts afresh.

    Windows stand on whole strides since the run's first sample, so that they do not depend on how the
    samples were cut into blocks.
    """

    def __init__(self, manifest: Manifest, fs_in_hz: float, n_leads: int) -> None:
        self._manifest = manifest
        self._resampler = StreamingResampler(fs_in_hz, manifest.fs_hz, n_leads)
        self._bandpass = CausalBandpass(manifest.fs_hz)
        self._ring = RingBuffer((manifest.window_s + manifest.stride_s) * manifest.fs_hz, n_leads)
        self._piece = max(
            1, int(manifest.stride_s * fs_in_hz)
        )  # the ring holds a window, a stride and no more
        self._unfiltered_mv = np.empty((0, n_leads))
        self._encoded_s = 0

    @property
    def stop_s(self) -> float:
        """Up to here the run has been encoded."""
        return float(self._encoded_s)

    def feed(self, ecg_uv: npt.NDArray[np.int32], encoder: Encoder) -> list[EncodedSpan]:
        """Take samples `[n, leads]`, return what can be encoded now."""
        spans = []
        for piece in np.array_split(ecg_uv, max(1, -(-len(ecg_uv) // self._piece))):
            at_model_rate = self._resampler.feed(piece / UV_PER_MV)
            spans += self._take(at_model_rate, encoder)
        return spans

    def flush(self, encoder: Encoder) -> list[EncodedSpan]:
        """Encode to the last sample, with less look-ahead."""
        spans = self._take(self._resampler.flush(), encoder)
        stop = self._ring.stop
        while self._encoded_s * self._manifest.fs_hz < stop:
            spans.append(self._encode(encoder, min(stop, self._window_stop()), last=True))
        return spans

    def _take(self, rows: npt.NDArray[np.float64], encoder: Encoder) -> list[EncodedSpan]:
        self._unfiltered_mv = np.concatenate([self._unfiltered_mv, rows])
        self._ring.append(self._bandpass.feed(rows).astype(np.float32))
        spans = []
        while self._window_stop() <= self._ring.stop:
            spans.append(self._encode(encoder, self._window_stop(), last=False))
        return spans

    def _window_stop(self) -> int:
        reach_s = self._encoded_s + self._manifest.stride_s + self._manifest.lookahead_s
        return reach_s * self._manifest.fs_hz

    def _encode(self, encoder: Encoder, stop: int, *, last: bool) -> EncodedSpan:
        fs, frames_per_s = self._manifest.fs_hz, self._manifest.frames_per_second
        stop_s = -(-stop // fs)
        start_s = max(0, stop_s - self._manifest.window_s)
        window = self._ring.read(start_s * fs, stop)
        padding = ((0, stop_s * fs - stop), (0, 0))
        encoded = encoder.encode(np.pad(window, padding, mode="edge").T.astype(np.float32))
        first_s = self._encoded_s
        keep_s = min(first_s + self._manifest.stride_s, stop_s)
        self._encoded_s = keep_s
        seconds = slice(first_s - start_s, keep_s - start_s)
        end_s = min(float(keep_s), stop / fs) if last else float(keep_s)
        n_frames = int(np.ceil((end_s - start_s) * frames_per_s))
        per_frame = fs // frames_per_s
        kept = slice(seconds.start * frames_per_s, n_frames)
        samples = slice(kept.start * per_frame, kept.stop * per_frame)
        frames = encoded.frames(Part(kept, samples, seconds))
        look = WindowLook((start_s + stop_s) / 2, encoded.look)
        return EncodedSpan(first_s, end_s, frames, look, self._unfiltered((keep_s - first_s) * fs))

    def _unfiltered(self, n: int) -> npt.NDArray[np.float64]:
        """The next `n` samples, or what there is at the end of the run."""
        rows, self._unfiltered_mv = self._unfiltered_mv[:n], self._unfiltered_mv[n:]
        return rows
