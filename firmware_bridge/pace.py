"""Plays stored time at a chosen speed."""

import asyncio
import math
import time


class Pace:
    """Waits until `stream_s` seconds after the start are due at `speed`; `inf` only lets others run."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._start = time.monotonic()

    async def until(self, stream_s: float) -> None:
        """Return when the moment has come; late comers are not held back."""
        if math.isinf(self._speed):
            await asyncio.sleep(0)
            return
        due = self._start + stream_s / self._speed
        await asyncio.sleep(max(0.0, due - time.monotonic()))
