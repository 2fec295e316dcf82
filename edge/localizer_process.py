"""The language model's process, seen from the edge: asked with a deadline, killed when it passes."""

import asyncio
import json
import logging
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass
from pathlib import Path

from edge.localizer_prompt import MAX_TOKENS, Question

_LOG = logging.getLogger(__name__)
_LOADING_S = 60.0


class LocalizerError(Exception):
    """The model process died, or answered with an error."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Raw text, and how long it took."""

    text: str
    latency_s: float


class LocalizerProcess:
    """Starts on the first question, and again after it was killed."""

    def __init__(self, model: Path, threads: int) -> None:
        self.model, self._threads = model, threads
        self._process: Process | None = None

    async def ask(self, question: Question, deadline_s: float) -> Answer:
        """Raises `TimeoutError` when the deadline passes (the process is killed), or `LocalizerError`."""
        process = await self._running()
        started = time.monotonic()
        request = {"prompt": question.prompt, "grammar": question.grammar, "max_tokens": MAX_TOKENS}
        try:
            reply = await asyncio.wait_for(self._exchange(process, request), deadline_s)
        except BaseException:
            await self.close()
            raise
        if "text" not in reply:
            raise LocalizerError(str(reply.get("error", "an answer without text")))
        return Answer(str(reply["text"]), round(time.monotonic() - started, 3))

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
                "--threads",
                str(self._threads),
            ]
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
            )
            try:
                await asyncio.wait_for(self._line(self._process), _LOADING_S)
            except BaseException:
                await self.close()
                raise
            _LOG.info("language model %s is ready", self.model.name)
        return self._process

    async def _exchange(self, process: Process, request: dict[str, object]) -> dict[str, object]:
        assert process.stdin is not None
        process.stdin.write(json.dumps(request).encode() + b"\n")
        await process.stdin.drain()
        return await self._line(process)

    async def _line(self, process: Process) -> dict[str, object]:
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
