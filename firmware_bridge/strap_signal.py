"""What a virtual strap feels: any recording or simulated heart as microvolts at the strap's rate."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from scipy.signal import find_peaks, resample_poly

from firmware_bridge.recording import Recording

_LARGEST_DENOMINATOR = 1000
_BLOCK_S, _MARGIN_S = 60, 2
_SAME_BEAT_S = 0.15


def resampled(
    blocks: Iterator[npt.NDArray[np.float64]], fs_in_hz: float, fs_out_hz: float
) -> Iterator[npt.NDArray[np.float64]]:
    """Blocks `[n]` of any length at another rate, equal to resampling the whole at once."""
    ratio = Fraction(fs_out_hz / fs_in_hz).limit_denominator(_LARGEST_DENOMINATOR)
    up, down = ratio.numerator, ratio.denominator
    if up == down:
        yield from blocks
        return
    margin, step = (max(1, round(s * fs_in_hz / down)) * down for s in (_MARGIN_S, _BLOCK_S))
    held = np.empty(0)
    done = 0  # held samples whose output has been given
    for block in blocks:
        held = np.concatenate([held, block])
        while len(held) >= done + step + margin:
            out = resample_poly(held[: done + step + margin], up, down)
            yield out[done * up // down : (done + step) * up // down]
            keep = done + step - margin
            held, done = held[keep:], margin
    if len(held) > done:
        yield resample_poly(held, up, down)[done * up // down :]


def recorded_uv(recording: Recording, fs_hz: float) -> Iterator[npt.NDArray[np.int32]]:
    """The first lead of a recording as microvolts `[n]` at `fs_hz`, in blocks of a minute."""
    n = max(1, round(_BLOCK_S * recording.fs_hz))
    blocks = (block.uv[:, 0].astype(np.float64) for block in recording.blocks(n))
    for uv in resampled(blocks, recording.fs_hz, fs_hz):
        yield np.rint(uv).astype(np.int32)


def framed(blocks: Iterator[npt.NDArray[np.int32]], n: int) -> Iterator[npt.NDArray[np.int32]]:
    """The same samples in pieces of `n`; the last may be shorter."""
    rest = np.empty(0, np.int32)
    for block in blocks:
        rest = np.concatenate([rest, block])
        whole = len(rest) // n * n
        yield from rest[:whole].reshape(-1, n)
        rest = rest[whole:]
    if len(rest):
        yield rest


class PulseMeter:
    """The strap's own heart rate: steep slopes of the last seconds, as a chest strap reports them."""

    def __init__(self, fs_hz: int) -> None:
        self._fs_hz = fs_hz
        self._recent = np.empty(0)
        self._end = 0
        self._last_beat = 0

    def feed(self, uv: npt.NDArray[np.int32]) -> tuple[int, tuple[float, ...]] | None:
        """Heart rate in bpm and the RR intervals (ms) since the last call; `None` while unknown."""
        self._end += len(uv)
        self._recent = np.concatenate([self._recent, uv])[-8 * self._fs_hz :]
        slope = np.abs(np.gradient(self._recent)) if len(self._recent) > self._fs_hz else np.zeros(2)
        peaks, _ = find_peaks(slope, height=0.4 * slope.max() + 1, distance=round(0.3 * self._fs_hz))
        beats = peaks + self._end - len(self._recent)
        known = self._last_beat + round(_SAME_BEAT_S * self._fs_hz)  # its peak may move as more is seen
        new_rr = [int(rr) for beat, rr in zip(beats[1:], np.diff(beats), strict=True) if beat > known]
        if not new_rr:
            return None
        self._last_beat = int(beats[-1])
        bpm = round(60 * self._fs_hz / float(np.mean(np.diff(beats)[-8:])))
        return bpm, tuple(rr * 1000 / self._fs_hz for rr in new_rr)
