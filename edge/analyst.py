"""Runs the pipeline in a thread, under a deadline: what stalls there stops neither recorder nor link."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from edge.pipeline import Pipeline

STALLED_S: Final = 30.0
"""Of one call: ten seconds of ECG take hundredths of a second, on a slow computer a hundred times that."""

T = TypeVar("T")


class AnalysisFailed(Exception):  # noqa: N818 - what is told of it is that it failed
    """The pipeline raised, or gave no answer in time; its state is not to be trusted any more."""


class Analyst:
    """One call at a time; after a failure the pipeline is made anew, and the old thread is left to itself."""

    def __init__(self, make_pipeline: Callable[[], Pipeline], stalled_s: float = STALLED_S) -> None:
        self._make_pipeline, self._stalled_s = make_pipeline, stalled_s
        self.pipeline = make_pipeline()

    async def run(self, work: Callable[[Pipeline], T]) -> T:
        """What `work` gives.

        Raises:
            AnalysisFailed: it raised, or the deadline passed.
        """
        pipeline = self.pipeline
        try:
            return await asyncio.wait_for(_in_a_thread(lambda: work(pipeline)), self._stalled_s)
        except TimeoutError:
            raise AnalysisFailed(f"no answer for {self._stalled_s:g} s") from None
        except Exception as error:
            raise AnalysisFailed(" ".join(str(error).split()) or type(error).__name__) from error

    def renew(self) -> None:
        """Another pipeline, without any state."""
        self.pipeline = self._make_pipeline()


async def to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Await, and if cancelled meanwhile be cancelled only afterwards: what was found is not lost."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            await asyncio.wait([task])
        raise


def _in_a_thread(work: Callable[[], T]) -> "asyncio.Future[T]":
    """A thread that a hanging call may keep: it does not hold up the end of the process."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)  # type: ignore[arg-type]
        else:
            future.set_exception(error)

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 told to who waits
            failure = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name="analysis", daemon=True).start()
    return future
