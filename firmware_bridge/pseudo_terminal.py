"""A serial port made of software: what is written here is read there, and back."""

import os
import pty
import tty
from pathlib import Path
from types import TracebackType
from typing import Self

_READ_BYTES = 256


class PseudoTerminal:
    """The device's end of a raw pseudo-terminal; `path` is the other end, `link` a name for it known before.

    Nothing waits: what nobody reads in time is lost, as on a wire.
    """

    def __init__(self, link: Path | None = None) -> None:
        self._link = link
        self._ours = self._theirs = -1
        self.path = ""

    def __enter__(self) -> Self:
        self._ours, self._theirs = pty.openpty()  # theirs stays open: the port is there while nobody has it
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.path = os.ttyname(self._theirs)
        if self._link:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(self.path)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._theirs)
        os.close(self._ours)
        if self._link:
            self._link.unlink(missing_ok=True)

    def fileno(self) -> int:
        """To wait for commands on."""
        return self._ours

    def heard(self) -> bytes:
        """Commands that have come."""
        try:
            return os.read(self._ours, _READ_BYTES)
        except BlockingIOError:
            return b""

    def say(self, message: bytes) -> bool:
        """Send; whether all of it found room."""
        try:
            return os.write(self._ours, message) == len(message)
        except BlockingIOError:
            return False
