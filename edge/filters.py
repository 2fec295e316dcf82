"""Causal filters that carry their state from chunk to chunk."""

import numpy as np
import numpy.typing as npt
from scipy import signal

FloatArray = npt.NDArray[np.float64]

PASSBAND_HZ = (0.5, 40.0)  # the monitoring band of IEC 60601-2-47, ambulatory ECG
_ORDER = 2


class CausalBandpass:
    """Butterworth band-pass on `[n, leads]`, seeded on the first sample so that no offset rings."""

    def __init__(self, fs_hz: float, band_hz: tuple[float, float] = PASSBAND_HZ) -> None:
        self._sections = signal.butter(_ORDER, band_hz, btype="bandpass", fs=fs_hz, output="sos")
        self._state: FloatArray | None = None

    def feed(self, samples: FloatArray) -> FloatArray:
        """Filter the next samples `[n, leads]`; the same numbers whatever the chunking."""
        if not len(samples):
            return samples
        if self._state is None:
            rest = signal.sosfilt_zi(self._sections)
            self._state = rest[:, :, None] * samples[0][None, None, :]
        filtered, self._state = signal.sosfilt(self._sections, samples, axis=0, zi=self._state)
        return np.asarray(filtered)
