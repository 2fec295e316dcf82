"""The true sampling rate of a device, from its own clock: a crystal is never what the data sheet says."""

from typing import Final

_NS_PER_S: Final = 1e9
_ENOUGH_NS: Final = 30_000_000_000
_MEMORY_NS: Final = 6 * 3600 * 1_000_000_000
_MOST_OFF: Final = 0.05


class RateMeter:
    """Samples over time of messages that follow each other; the nominal rate until half a minute is known."""

    def __init__(self, nominal_fs_hz: float) -> None:
        self._nominal_fs_hz = nominal_fs_hz
        self._n_samples = 0.0
        self._elapsed_ns = 0.0

    def add(self, n_samples: int, elapsed_ns: int) -> None:
        """So many samples took so long, none of them lost; what is older than hours fades."""
        self._n_samples += n_samples
        self._elapsed_ns += elapsed_ns
        if self._elapsed_ns > _MEMORY_NS:
            self._n_samples /= 2
            self._elapsed_ns /= 2

    @property
    def fs_hz(self) -> float:
        """Samples per second of the device's clock."""
        if self._elapsed_ns < _ENOUGH_NS:
            return self._nominal_fs_hz
        measured = self._n_samples * _NS_PER_S / self._elapsed_ns
        is_plausible = abs(measured / self._nominal_fs_hz - 1) <= _MOST_OFF
        return measured if is_plausible else self._nominal_fs_hz
