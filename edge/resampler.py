"""Streaming polyphase resampling with an exact, chunk-independent alignment."""

from fractions import Fraction

import numpy as np
import numpy.typing as npt
from scipy import signal

FloatArray = npt.NDArray[np.float64]

_HALF_WIDTH_CYCLES = 10  # taps on each side, in periods of the slower rate
_KAISER_BETA = 8.0


class StreamingResampler:
    """Zero-phase resampler from `fs_in` to `fs_out`: output `m` is the input at `m * fs_in / fs_out`.

    Each output is the same sum over the same inputs however the stream was cut, so that streaming
    and batch agree to the bit. Inputs before the first sample repeat it. The filter is that of
    `scipy.signal.resample_poly` (Kaiser window), and needs `lookahead` input samples.
    """

    def __init__(self, fs_in: float, fs_out: float, n_leads: int) -> None:
        ratio = Fraction(fs_out / fs_in).limit_denominator(1000)
        self.up, self.down = ratio.numerator, ratio.denominator
        self._half = 0 if self.up == self.down else _HALF_WIDTH_CYCLES * max(self.up, self.down)
        self._phases = _polyphase_taps(self.up, self.down, self._half)
        self.lookahead = self._half // self.up
        self._buffer = np.empty((0, n_leads))
        self._buffer_start = 0
        self._next_output = 0

    def feed(self, samples: FloatArray) -> FloatArray:
        """Take samples `[n, leads]`, return the outputs `[m, leads]` that are now complete."""
        if not len(samples):
            return np.empty((0, self._buffer.shape[1]))
        self._append(samples)
        last_input = self._buffer_start + len(self._buffer) - 1
        stop = ((last_input + 1) * self.up - 1 - self._half) // self.down + 1
        return self._outputs(stop)

    def flush(self) -> FloatArray:
        """The outputs that still wait for inputs; the last sample is repeated for them."""
        if not len(self._buffer):
            return np.empty((0, self._buffer.shape[1]))
        n_inputs = self._buffer_start + len(self._buffer)
        self._buffer = np.vstack([self._buffer, np.repeat(self._buffer[-1:], self.lookahead + 2, axis=0)])
        return self._outputs(-(-n_inputs * self.up // self.down))

    def _append(self, samples: FloatArray) -> None:
        if not len(self._buffer) and not self._next_output:
            n_before = self._phases.shape[1]
            self._buffer = np.repeat(samples[:1], n_before, axis=0)
            self._buffer_start = -n_before
        self._buffer = np.vstack([self._buffer, samples])

    def _outputs(self, stop: int) -> FloatArray:
        if stop <= self._next_output:
            return np.empty((0, self._buffer.shape[1]))
        position = np.arange(self._next_output, stop) * self.down + self._half
        newest, phase = position // self.up, position % self.up
        index = newest[:, None] - np.arange(self._phases.shape[1]) - self._buffer_start
        taps = self._phases[phase]
        columns = [(taps * lead[index]).sum(axis=1) for lead in self._buffer.T]
        self._next_output = stop
        self._forget(stop)
        return np.stack(columns, axis=1)

    def _forget(self, next_output: int) -> None:
        oldest = (next_output * self.down + self._half) // self.up - self._phases.shape[1]
        drop = max(0, oldest - self._buffer_start)
        self._buffer = self._buffer[drop:]
        self._buffer_start += drop


def _polyphase_taps(up: int, down: int, half: int) -> FloatArray:
    """Low-pass taps as `[phase, tap]`, tap 0 on the newest input."""
    if not half:
        return np.ones((1, 1))
    taps = signal.firwin(2 * half + 1, 1 / max(up, down), window=("kaiser", _KAISER_BETA)) * up
    n_columns = -(-len(taps) // up)
    padded = np.zeros(n_columns * up)
    padded[: len(taps)] = taps
    return padded.reshape(n_columns, up).T.copy()


def resample(samples: FloatArray, fs_in: float, fs_out: float) -> FloatArray:
    """The whole record `[n, leads]` at once, equal to any streaming of it."""
    resampler = StreamingResampler(fs_in, fs_out, samples.shape[1])
    return np.vstack([resampler.feed(samples), resampler.flush()])
