"""A device's control point over a connected bleak client: commands and their answers."""

import asyncio
from collections.abc import Callable
from typing import Any

from bleak import BleakClient
from bleak.exc import BleakError

from firmware_bridge.devices.polar_pmd import Answer, ControlError, Status, StoppedByDevice
from firmware_bridge.devices.support import Control

_ANSWER_S = 5.0


class ControlPoint:
    """Starts and stops the ECG; `on_stopped` is called when the device ends it by itself."""

    def __init__(self, client: BleakClient, control: Control, on_stopped: Callable[[], None]) -> None:
        self._client = client
        self._control = control
        self._on_stopped = on_stopped
        self._answers: asyncio.Queue[Answer] = asyncio.Queue()

    async def start(self) -> None:
        """Start the stream, afresh if the device says that it runs already.

        Raises:
            BleakError: the device refuses, does not answer, or the link breaks.
        """
        if self._control.parse is None:
            return await self._write(self._control.start)
        await self._client.start_notify(self._control.uuid, self._on_indication)
        answer = await self._command(self._control.start)
        if answer.status is Status.ALREADY_IN_STATE:
            await self.stop()
            answer = await self._command(self._control.start)
        if answer.status is not Status.OK:
            raise BleakError(f"the device refuses to stream its ECG: {answer.status.name}")
        return None

    async def stop(self) -> None:
        """Stop the stream."""
        if self._control.parse is None:
            await self._write(self._control.stop)
        else:
            await self._command(self._control.stop)

    async def _command(self, command: bytes) -> Answer:
        await self._write(command)
        try:
            async with asyncio.timeout(_ANSWER_S):
                while (answer := await self._answers.get()).opcode != command[0]:
                    pass
        except TimeoutError as error:
            raise BleakError("the device does not answer its control point") from error
        return answer

    async def _write(self, command: bytes) -> None:
        await self._client.write_gatt_char(self._control.uuid, command, response=True)

    def _on_indication(self, _characteristic: Any, message: bytearray) -> None:
        assert self._control.parse is not None
        try:
            told = self._control.parse(bytes(message))
        except ControlError:
            return
        if isinstance(told, StoppedByDevice):
            self._on_stopped()
        elif isinstance(told, Answer):
            self._answers.put_nowait(told)
