"""A TCP connection that can be cut and can stall: what lies between an edge and its broker."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")
_CHUNK = 65_536


class Wire:
    """Listens on `port`, forwards to `target_port`; runs in a thread of its own. Use as a context."""

    def __init__(self, target_port: int) -> None:
        self.port, self._target = 0, target_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire", daemon=True)
        self._open: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self._flows = asyncio.Event()

    def __enter__(self) -> "Wire":
        self._thread.start()
        self._call(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Every connection breaks off, and new ones break off at once."""
        self._call(self._cut())

    def stall(self) -> None:
        """Connections stay, and nothing comes through."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def heal(self) -> None:
        """All is well again; what was held back arrives now."""
        self._is_cut = False
        self._loop.call_soon_threadsafe(self._flows.set)

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._flows.set()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        await self._cut()
        self._flows.set()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _cut(self) -> None:
        self._is_cut = True
        for writer in list(self._open):
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._is_cut:
                return
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            self._open |= {writer, far_writer}
            ways = [self._forward(reader, far_writer), self._forward(far_reader, writer)]
            await asyncio.gather(*ways)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(_CHUNK):
                await self._flows.wait()
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass
        finally:
            self._open.discard(writer)
            with suppress(OSError):
                writer.transport.abort()
