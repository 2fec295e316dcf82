"""The desk beside the stream: takes questions, most urgent and newest first; nobody waits for it."""

import asyncio
import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from edge.events import EpisodeEvent, Localization
from edge.labels import Priority
from edge.localizer_process import LocalizerError, LocalizerProcess
from edge.localizer_prompt import question, read_answer

_LOG = logging.getLogger(__name__)
_URGENCY = {p: i for i, p in enumerate((Priority.HIGH, Priority.MEDIUM, Priority.LOW, Priority.INFORMATION))}

_GIVE_UP_AFTER = 3  # crashes in a row

Reply = Callable[[EpisodeEvent, Localization], None]


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """`deadline_s` for one answer; `capacity` questions may wait."""

    deadline_s: float = 20.0
    capacity: int = 8


class LocalizerDesk:
    """Each question gets exactly one reply: the answer, or why there is none."""

    def __init__(self, process: LocalizerProcess | None, reply: Reply, settings: DeskSettings) -> None:
        self._process, self._reply, self._settings = process, reply, settings
        self._waiting: list[tuple[int, int, EpisodeEvent]] = []
        self._serial = itertools.count()
        self._wake = asyncio.Event()
        self._failures = 0

    @property
    def status(self) -> Literal["ready", "absent"]:
        """`absent` without a model, or when it keeps dying."""
        return "absent" if self._process is None or self._failures >= _GIVE_UP_AFTER else "ready"

    @property
    def is_idle(self) -> bool:
        """Nothing waits and nothing is being answered."""
        return not self._waiting

    def submit(self, episode: EpisodeEvent) -> None:
        """Queue a question; the least urgent and oldest is dropped, with a reply, when the desk is full."""
        if self.status == "absent":
            self._reply(episode, Localization(status="absent"))
            return
        self._waiting.append((_URGENCY[episode.priority], -next(self._serial), episode))
        self._waiting.sort(key=lambda item: item[:2])
        if len(self._waiting) > self._settings.capacity:
            _, _, dropped = self._waiting.pop()
            self._reply(dropped, Localization(status="dropped"))
        self._wake.set()

    async def run(self) -> None:
        """Answer until cancelled."""
        while True:
            await self._wake.wait()
            if not self._waiting:
                self._wake.clear()
                continue
            item = self._waiting[0]
            localization = await self._answer(item[2])
            if item in self._waiting:  # it may have been dropped meanwhile
                self._waiting.remove(item)
                self._reply(item[2], localization)

    async def close(self) -> None:
        """Stop the model; open questions stay in the outbox and are asked again after a restart."""
        if self._process is not None:
            await self._process.close()

    async def _answer(self, episode: EpisodeEvent) -> Localization:
        asked = question(episode)
        if asked is None or self.status == "absent" or self._process is None or episode.strip is None:
            return Localization(status="absent")
        name = self._process.model.stem
        try:
            answer = await self._process.ask(asked, self._settings.deadline_s)
        except TimeoutError:
            return Localization(status="late", model=name, latency_s=self._settings.deadline_s)
        except (LocalizerError, OSError) as error:
            self._failures += 1
            _LOG.warning("language model: %s", error)
            return Localization(status="absent", model=name)
        self._failures = 0
        return read_answer(answer.text, episode.strip, name, answer.latency_s)
