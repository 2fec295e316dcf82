"""The language model's process, seen from the edge: asked with a deadline, killed when it passes."""

import asyncio
import json
import logging
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.localizer_request import LocalizerRequest, Said, decode_answers, encode_request

_LOG = logging.getLogger(__name__)
_LOADING_S = 60.0


class LocalizerError(Exception):
    """The model process died, or answered with an error; then it `lives` and may answer the next request."""

    def __init__(self, reason: str, *, lives: bool = False) -> None:
        super().__init__(reason)
        self.lives = lives


@dataclass(frozen=True, slots=True)
class Answers:
    """One for each question of a request, and how long all took."""

    said: tuple[Said, ...]
    latency_s: float


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The language model, what makes it see, and the encoder whose embeddings it sees."""

    model: Path
    language: Path
    encoder: Path


class LocalizerProcess:
    """Starts on the first question, and again after it was killed."""

    def __init__(self, files: ModelFiles, threads: int) -> None:
        self.model, self._files, self._threads = files.model, files, threads
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    async def ask(self, request: LocalizerRequest, deadline_s: float) -> Answers:
        """Raises `TimeoutError` when the deadline passes (the process is killed), or `LocalizerError`.

        One request at a time; the wait for another one counts.
        """
        async with asyncio.timeout(deadline_s + _LOADING_S), self._turn:
            process = await self._running()
            started = time.monotonic()
            try:
                reply = await asyncio.wait_for(self._exchange(process, request), deadline_s)
            except BaseException:
                await self.close()
                raise
        if "answers" not in reply:
            raise LocalizerError(str(reply.get("error", "an answer without text")), lives=True)
        return Answers(decode_answers(reply), round(time.monotonic() - started, 3))

    async def close(self) -> None:
        """Kill the process."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def _running(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            command = [
                sys.executable,
                "-m",
                "edge.localizer",
                str(self.model),
                "--language",
                str(self._files.language),
                "--encoder",
                str(self._files.encoder),
                "--threads",
                str(self._threads),
            ]
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
            )
            try:
                _check_greeting(await asyncio.wait_for(self._line(self._process), _LOADING_S))
            except BaseException:
                await self.close()
                raise
            _LOG.info("language model %s is ready", self.model.name)
        return self._process

    async def _exchange(self, process: Process, request: LocalizerRequest) -> dict[str, Any]:
        assert process.stdin is not None
        process.stdin.write(encode_request(request))
        await process.stdin.drain()
        return await self._line(process)

    async def _line(self, process: Process) -> dict[str, Any]:
        assert process.stdout is not None
        line = await process.stdout.readline()
        if not line:
            raise LocalizerError(f"the language model process ended (status {await process.wait()})")
        try:
            reply = json.loads(line)
        except json.JSONDecodeError:
            reply = None
        if not isinstance(reply, dict):
            raise LocalizerError("the language model process said something that is no answer")
        return reply


def _check_greeting(greeting: dict[str, Any]) -> None:
    """A process whose files do not fit together says so, and ends."""
    if "refused" in greeting:
        raise LocalizerError(str(greeting["refused"]))
