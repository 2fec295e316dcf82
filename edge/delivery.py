"""Sends what waits in the outbox: at the end of a recording, or as all that an edge does."""

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Final

from edge.ask_desk import AskDesk
from edge.localizer_desk import LocalizerDesk
from edge.outbox import Outbox
from edge.publisher import Publisher
from edge.scrubber import Scrubber
from edge.session_keeper import SessionKeeper
from edge.tasks import cancel, first_to_end

_LOG = logging.getLogger(__name__)
_TELL_EVERY_S: Final = 30.0
_LOOK_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Delivery:
    """The parts of an edge that deliver and answer; they are the caller's."""

    outbox: Outbox
    publisher: Publisher
    keeper: SessionKeeper
    scrubber: Scrubber
    asks: AskDesk
    desk: LocalizerDesk

    async def run(self, *, stay: bool) -> None:
        """Send what waits, and answer what is asked meanwhile; with `stay` until cancelled."""
        await self.publisher.start()
        work = asyncio.create_task(self._send(stay=stay))
        jobs = [asyncio.create_task(job()) for job in (self.publisher.run, self.asks.run)]
        try:
            await first_to_end(work, jobs)
        finally:
            await cancel([work, *jobs])
            await self.desk.close()
            await self.publisher.stop(orderly=True)
            self.outbox.close()

    async def drain(self, *, questions: bool = False) -> None:
        """Wait until the hub has everything; what is not delivered stays on disk."""
        told_s = 0.0
        while self.outbox.backlog() or (questions and self.outbox.open_questions()):
            if time.monotonic() - told_s > _TELL_EVERY_S:
                _LOG.info("%d events wait for the hub", self.outbox.backlog())
                told_s = time.monotonic()
            await asyncio.sleep(_LOOK_S)
        self.keeper.settle()

    async def _send(self, *, stay: bool) -> None:
        await self.keeper.recover(ended_only=True)
        await self.scrubber.look_at_newest()
        await self.drain()
        await self.asks.settled()
        if stay:
            await asyncio.Event().wait()
