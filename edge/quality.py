"""What amplitude alone says about a second of signal: alive, quiet, or dead.

The encoder judges readability by what it knows, and a pause has no beat to know. A quiet second after
readable ones is therefore a silent heart, and not a lost electrode, until it has lasted too long.
"""

from collections import deque
from statistics import median

import numpy as np
import numpy.typing as npt

FLAT_UV = 3  # peak to peak within a second: a wire without a heart, or a converter without a wire
IMPLAUSIBLE_UV = 60_000  # peak to peak: no heart, but a mains hum, a blow, or another unit
SATURATED_SHARE = 0.2
QUIET_SHARE = 0.45  # of the usual peak to peak: no QRS in it, yet P waves, T waves and some noise may be
SILENT_SHARE = 0.08  # of the usual peak to peak: no beat hides in so little
LONGEST_QUIET_S = 30.0
_SHORTEST_S = 0.25
_MEMORY_S = 15


class AmplitudeWatch:
    """Remembers how large readable seconds are, so that a quiet one is known."""

    def __init__(self) -> None:
        self._usual_uv: deque[float] = deque(maxlen=_MEMORY_S)
        self._quiet_s = 0.0
        self._was_readable = False

    def is_readable(self, amplitude_uv: float | None, duration_s: float, *, by_encoder: bool) -> bool:
        """Judge the next second; `amplitude_uv` is `None` where it is dead."""
        is_quiet = amplitude_uv is not None and self._is_quiet(amplitude_uv)
        self._quiet_s = self._quiet_s + duration_s if is_quiet else 0.0
        silent_heart = is_quiet and self._was_readable and self._quiet_s <= LONGEST_QUIET_S
        readable = amplitude_uv is not None and (by_encoder or silent_heart)
        if readable and amplitude_uv is not None and not is_quiet:
            self._usual_uv.append(amplitude_uv)
        self._was_readable = readable
        return readable

    def is_silent(self, amplitude_uv: float | None) -> bool:
        """Whether a second of this size holds no beat, whatever the encoder sees in its noise."""
        if amplitude_uv is None:
            return True
        return bool(self._usual_uv) and amplitude_uv < SILENT_SHARE * median(self._usual_uv)

    def _is_quiet(self, amplitude_uv: float) -> bool:
        return bool(self._usual_uv) and amplitude_uv < QUIET_SHARE * median(self._usual_uv)


def amplitude_uv(ecg_uv: npt.NDArray[np.int64], fs_hz: float) -> float | None:
    """Peak to peak of the liveliest lead of one second `[n, leads]`.

    `None` where all leads are flat, saturated or larger than a heart; a piece too short counts as it is.
    """
    if not len(ecg_uv):
        return None
    low, high = ecg_uv.min(axis=0), ecg_uv.max(axis=0)
    if len(ecg_uv) < int(_SHORTEST_S * fs_hz):
        return float((high - low).max())
    at_limit = ((ecg_uv == low) | (ecg_uv == high)).mean(axis=0)
    alive = (high - low >= FLAT_UV) & (high - low <= IMPLAUSIBLE_UV) & (at_limit <= SATURATED_SHARE)
    return float((high - low)[alive].max()) if alive.any() else None
