"""When the language model takes a look that no episode asks for: every so many seconds of signal."""


class LookSchedule:
    """Counts samples of the recording, so that a look has the same number after a restart."""

    def __init__(self, every_s: float, fs_hz: float) -> None:
        self._every = round(every_s * fs_hz)
        self._done = 0

    def begin_at(self, index: int) -> None:
        """Go on from a sample; the newest look is due again, as it may have waited for readable signal."""
        self._done = max(0, index // self._every - 1) if self._every else 0

    def due(self, index: int) -> int | None:
        """Number of the look that is due once the recording is this long; `None` where none is."""
        number = index // self._every if self._every else 0
        return number if number > self._done else None

    def done(self, number: int) -> None:
        """The look of this number is asked for."""
        self._done = number
