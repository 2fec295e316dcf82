"""Waiting for what runs beside, and ending it."""

import asyncio


async def first_to_end(work: "asyncio.Task[None]", jobs: "list[asyncio.Task[None]]") -> None:
    """Wait for the work; a job beside it never ends by itself, so one that does has failed."""
    done, _ = await asyncio.wait([work, *jobs], return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


async def cancel(tasks: "list[asyncio.Task[None]]") -> None:
    """Cancel all, and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
