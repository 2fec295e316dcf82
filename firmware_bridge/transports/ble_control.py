"""A device's control point over a connected bleak client: commands and their answers."""

import asyncio
from collections.abc import Callable
from typing import Any

from bleak import BleakClient
from bleak.exc import BleakError

from firmware_bridge.devices.polar_pmd import Answer, ControlError, Status, StoppedByDevice
from firmware_bridge.devices.support import BleProfile

_ANSWER_S = 5.0


class ControlPoint:
    """Starts and stops the ECG; `on_stopped` is called when the device ends it by itself."""

    def __init__(self, client: BleakClient, profile: BleProfile, on_stopped: Callable[[], None]) -> None:
        self._client = client
        self._profile = profile
        self._on_stopped = on_stopped
        self._answers: asyncio.Queue[Answer] = asyncio.Queue()

    async def start(self) -> None:
        """Start the stream, afresh if the device says that it runs already.

        Raises:
            BleakError: the device refuses, does not answer, or the link breaks.
        """
        await self._client.start_notify(self._profile.control, self._on_indication)
        answer = await self._command(self._profile.start)
        if answer.status is Status.ALREADY_IN_STATE:
            await self.stop()
            answer = await self._command(self._profile.start)
        if answer.status is not Status.OK:
            raise BleakError(f"the device refuses to stream its ECG: {answer.status.name}")

    async def stop(self) -> None:
        """Stop the stream."""
        await self._command(self._profile.stop)

    async def _command(self, command: bytes) -> Answer:
        await self._client.write_gatt_char(self._profile.control, command, response=True)
        try:
            async with asyncio.timeout(_ANSWER_S):
                while (answer := await self._answers.get()).opcode != command[0]:
                    pass
        except TimeoutError as error:
            raise BleakError("the device does not answer its control point") from error
        return answer

    def _on_indication(self, _characteristic: Any, message: bytearray) -> None:
        try:
            told = self._profile.parse_control(bytes(message))
        except ControlError:
            return
        if isinstance(told, StoppedByDevice):
            self._on_stopped()
        elif isinstance(told, Answer):
            self._answers.put_nowait(told)
