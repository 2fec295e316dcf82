"""The desk for a person's questions: few may wait, each has a deadline, and the stream never waits for it."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from edge.events import AskAnswer, AskRequest, AskStatus

if TYPE_CHECKING:
    from uuid import UUID

_LOG: Final = logging.getLogger(__name__)
_CAPACITY: Final = 4
_REMEMBERED: Final = 64  # MQTT may deliver twice

Answer = Callable[[AskRequest], Awaitable[AskAnswer]]
Reply = Callable[[AskAnswer], None]


class AskDesk:
    """`answer` is asked one question at a time; each question that is not void gets exactly one reply."""

    def __init__(self, answer: Answer, reply: Reply, capacity: int = _CAPACITY) -> None:
        self._answer, self._reply = answer, reply
        self._waiting: asyncio.Queue[AskRequest] = asyncio.Queue(capacity)
        self._seen: deque[UUID] = deque(maxlen=_REMEMBERED)

    def submit(self, request: AskRequest) -> None:
        """Queue a question; void ones and those delivered again are left out, a full desk says so."""
        left_s = seconds_left(request)
        if request.question_id in self._seen:
            return
        self._seen.append(request.question_id)
        if left_s <= 0:
            _LOG.info("question %s: void for %.0f s", request.question_id, -left_s)
            return
        try:
            self._waiting.put_nowait(request)
        except asyncio.QueueFull:
            self._reply(without_answer(request, "refused", "The edge is busy with other questions."))

    async def run(self) -> None:
        """Answer until cancelled."""
        while True:
            request = await self._waiting.get()
            self._reply(await self._answered(request))
            self._waiting.task_done()

    async def settled(self) -> None:
        """Wait until nobody waits for an answer."""
        await self._waiting.join()

    async def _answered(self, request: AskRequest) -> AskAnswer:
        began_s = time.monotonic()
        try:
            answer = await asyncio.wait_for(self._answer(request), seconds_left(request))
        except TimeoutError:
            text = f"The edge could not answer within {request.deadline_s:g} s; ask again."
            return without_answer(request, "late", text)
        except Exception:  # noqa: BLE001 an answer that fails must not end the recording
            _LOG.exception("question %s", request.question_id)
            text = "The edge could not answer this; its log says why."
            return without_answer(request, "refused", text)
        latency_s = round(time.monotonic() - began_s, 3)
        return answer if answer.latency_s is not None else answer.model_copy(update={"latency_s": latency_s})


def seconds_left(request: AskRequest) -> float:
    """How long an answer is still waited for, by this machine's clock."""
    return request.deadline_s - (datetime.now(UTC) - request.asked_at).total_seconds()


def without_answer(request: AskRequest, status: AskStatus, text: str) -> AskAnswer:
    """Why there is no answer, for the one who asked."""
    return AskAnswer(question_id=request.question_id, device_id=request.device_id, status=status, text=text)
