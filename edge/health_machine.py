"""Looks at the disk, the computer and its clock, in a thread beside; seldom at what takes time."""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge import health_clock
from edge.disk_space import Space, SpaceLimits, measure, warnings
from edge.health import TroubleCode
from edge.health_computer import Computer

_LOG = logging.getLogger(__name__)
_LOOK_EVERY_S: Final = 5.0
_MEASURE_EVERY_S: Final = 60.0

Found = dict[TroubleCode, str]


class Machine:
    """`found` is what the newest look found; `bytes_per_s` says how fast raw ECG is written now."""

    def __init__(
        self,
        recordings: Path,
        limits: SpaceLimits,
        bytes_per_s: Callable[[], float],
        computer: Computer | None = None,
    ) -> None:
        self._recordings, self._limits, self._bytes_per_s = recordings, limits, bytes_per_s
        self._computer = computer or Computer()
        self._measured_s: float | None = None
        self._seldom: Found = {}
        self.found: Found = {}

    async def run(self) -> None:
        """Look until cancelled; whatever fails here must not end a recording."""
        while True:
            try:
                self.found = await asyncio.to_thread(self.look)
            except Exception:  # noqa: BLE001 it is logged, and the recording goes on
                _LOG.exception("cannot look after this computer")
            await asyncio.sleep(_LOOK_EVERY_S)

    def look(self) -> Found:
        """What is wrong now; the quota and the clock are those of the last minute."""
        now_s = time.monotonic()
        if self._measured_s is None or now_s - self._measured_s >= _MEASURE_EVERY_S:
            self._measured_s = now_s
            self._seldom = self._quota() | _clock()
        return self._disk() | self._computer.troubles() | self._seldom

    def _disk(self) -> Found:
        return self._told("disk_low", "disk", Space.of_disk)

    def _quota(self) -> Found:
        return self._told("quota_near", "share", measure)

    def _told(self, code: TroubleCode, about: str, look: Callable[[Path], Space]) -> Found:
        """The recorder's own warning, by its own limits; none before there is a folder of recordings."""
        try:
            said = warnings(look(self._recordings), self._limits, self._bytes_per_s())
        except OSError:
            return {}
        return {code: said[about]} if about in said else {}


def _clock() -> Found:
    if not health_clock.is_set():
        return {"clock_unset": "the clock was never set: times are false"}
    if health_clock.is_synchronised() is False:
        return {"clock_unsynchronised": "the clock is not synchronised with a time server: times may be off"}
    return {}
