"""What is missing between messages that carry the sensor's u32 milliseconds."""

from dataclasses import dataclass

_WRAP_MS = 2**32
_LONGEST_GAP_MS = 7 * 86_400 * 1000
_JITTER_SAMPLES = 2


@dataclass(frozen=True, slots=True)
class Step:
    """The newest sample on a clock that does not wrap, what is missing before, and whether it restarted."""

    last_sample_ns: int
    lost: int = 0
    jumped_ms: int = 0


class MillisecondClock:
    """For messages whose times are those of one fixed sample; a step of two samples' time is jitter.

    A clock that steps back, or forward by more than a week, was restarted: the count starts anew.
    """

    def __init__(self, fs_hz: float) -> None:
        self._fs_hz = fs_hz
        self._clock_ms = 0
        self._elapsed_ms = 0
        self._last_ns: int | None = None

    def longest_gap(self) -> int:
        """Samples that can be told as missing."""
        return round(_LONGEST_GAP_MS * self._fs_hz / 1000)

    def place(self, clock_ms: int, n: int, sample: int) -> Step:
        """A message of `n` samples; its time `clock_ms` is that of its sample number `sample`."""
        step_ms = (clock_ms - self._clock_ms) % _WRAP_MS
        is_first, jumped = self._last_ns is None, step_ms > _LONGEST_GAP_MS
        self._elapsed_ms = clock_ms if is_first or jumped else self._elapsed_ms + step_ms
        self._clock_ms = clock_ms
        before_ns = self._last_ns
        self._last_ns = self._elapsed_ms * 1_000_000 + round((n - 1 - sample) * 1e9 / self._fs_hz)
        if before_ns is None:
            return Step(self._last_ns)
        if jumped:
            back_ms = step_ms - _WRAP_MS if step_ms > _WRAP_MS // 2 else step_ms
            return Step(self._last_ns, 0, back_ms)
        lost = round((self._last_ns - before_ns) * self._fs_hz / 1e9) - n
        return Step(self._last_ns, lost if lost > _JITTER_SAMPLES else 0)
