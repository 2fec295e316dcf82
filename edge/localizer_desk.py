"""The desk beside the stream: takes questions, most urgent and newest first; nobody waits for it."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edge.events import Localization, Strip
from edge.evidence import Evidence
from edge.localizer_process import LocalizerError, LocalizerProcess
from edge.localizer_prompt import look_at
from edge.localizer_reading import localization
from edge.model_question import ModelQuestion
from edge.question_queue import QuestionQueue
from edge.raw_ecg import RawEcg

_LOG = logging.getLogger(__name__)

_GIVE_UP_AFTER = 3  # crashes in a row

Reply = Callable[[ModelQuestion, Localization], None]
Witness = Callable[[Evidence, RawEcg], Evidence]


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """`deadline_s` for one answer; `capacity` questions may wait."""

    deadline_s: float = 20.0
    capacity: int = 8


class LocalizerDesk:
    """Each question gets exactly one reply: the answer, checked by its evidence, or why there is none.

    `witness` may add to the evidence what only the signal of the strip tells; it works in a thread.
    """

    def __init__(
        self,
        process: LocalizerProcess | None,
        reply: Reply,
        settings: DeskSettings,
        witness: Witness = lambda evidence, _: evidence,
    ) -> None:
        self._process, self._reply, self._settings = process, reply, settings
        self._witness = witness
        self._waiting = QuestionQueue(settings.capacity)
        self._wake = asyncio.Event()
        self._failures = 0
        self.reason = ""  # of the last answer that failed

    @property
    def status(self) -> Literal["ready", "absent"]:
        """`absent` without a model, or when it keeps dying."""
        return "absent" if self._process is None or self._failures >= _GIVE_UP_AFTER else "ready"

    @property
    def is_idle(self) -> bool:
        """Nothing waits and nothing is being answered."""
        return not len(self._waiting)

    def submit(self, asked: ModelQuestion) -> None:
        """Queue a question; the least urgent and oldest is dropped, with a reply, when the desk is full."""
        if self.status == "absent":
            self._reply(asked, Localization(status="absent"))
            return
        dropped = self._waiting.add(asked)
        if dropped is not None:
            self._reply(dropped, Localization(status="dropped"))
        self._wake.set()

    async def run(self) -> None:
        """Answer until cancelled."""
        while True:
            await self._wake.wait()
            first = self._waiting.first
            if first is None:
                self._wake.clear()
                continue
            answer = await self._answer(first.question)
            if self._waiting.take(first):  # it may have been dropped meanwhile
                self._reply(first.question, answer)

    async def close(self) -> None:
        """Stop the model; open questions stay in the outbox and are asked again after a restart."""
        if self._process is not None:
            await self._process.close()

    async def _answer(self, question: ModelQuestion) -> Localization:
        ecg = None if question.strip is None else _whole_seconds(question.strip)
        if ecg is None or self.status == "absent" or self._process is None:
            return Localization(status="absent")
        name = self._process.model.stem
        evidence = await asyncio.to_thread(self._witness, question.evidence, ecg)
        try:
            answers = await self._process.ask(look_at(ecg, evidence), self._settings.deadline_s)
        except TimeoutError:
            return Localization(status="late", model=name, latency_s=self._settings.deadline_s)
        except (LocalizerError, OSError) as error:
            self._failures += not getattr(error, "lives", False)
            self.reason = str(error)
            _LOG.warning("language model: %s", error)
            return Localization(status="absent", model=name)
        self._failures = 0
        return localization(answers.said, evidence, name, answers.latency_s)


def _whole_seconds(strip: Strip) -> RawEcg | None:
    """From the first sample, as times in the answer count from there; nothing below one second."""
    n = int(int(len(strip.samples_uv) / strip.fs_hz) * strip.fs_hz)
    samples_uv = np.array(strip.samples_uv[:n], np.int32)[:, None]
    return RawEcg(samples_uv, strip.fs_hz, (strip.lead,)) if n else None
