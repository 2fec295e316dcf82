"""Cuts a byte stream into lines of text."""

from firmware_bridge.packets import Damage

_LONGEST_LINE_BYTES = 80


class LineCutter:
    """A stream in any cut; a line that does not end is given up."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._skipped = 0

    def cut(self, payload: bytes) -> list[bytes | Damage]:
        """Whole lines without what ends them, empty ones left out; overlong ones as `Damage`."""
        *ended, self._pending = (self._pending + payload).split(b"\n")
        found = [line for each in ended for line in self._line(bytes(each))]
        if len(self._pending) > _LONGEST_LINE_BYTES:
            self._skipped += len(self._pending)
            self._pending.clear()
        return found

    def reset(self) -> None:
        """Forget the line that was cut by the broken link."""
        self._pending.clear()
        self._skipped = 0

    def _line(self, line: bytes) -> list[bytes | Damage]:
        skipped, self._skipped = self._skipped, 0
        if skipped or len(line) > _LONGEST_LINE_BYTES:
            return [Damage(skipped + len(line) + 1, "line without end")]
        return [line.strip()] if line.strip() else []
