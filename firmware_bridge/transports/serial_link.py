"""A serial port, or a TCP socket in its place, and the device's commands on it; nothing waits for ever."""

import asyncio
import contextlib
import termios

import serial

from firmware_bridge.devices.support import SerialProfile

SOCKET = "socket://"
_WRITE_TIMEOUT_S = 0.5
_PAUSE_S = 0.1


def open_port(path: str, baud: int) -> serial.SerialBase:
    """A device file, or `socket://HOST:PORT`; DTR and RTS are left as pyserial has them, both on.

    Raises:
        OSError: it cannot be opened.
        ValueError: no such baud rate.
    """
    try:
        return serial.serial_for_url(path, baud, timeout=0, write_timeout=_WRITE_TIMEOUT_S, exclusive=True)
    except termios.error as error:  # unplugged while it was opened
        raise OSError(*error.args) from error


async def start_device(port: serial.SerialBase, profile: SerialProfile) -> None:
    """Write the start command; devices take one byte at a time and need a moment before each.

    Raises:
        OSError: the port broke, or takes nothing.
    """
    for octet in profile.start:
        await asyncio.sleep(_PAUSE_S)
        port.write(bytes([octet]))


async def close_port(port: serial.SerialBase, profile: SerialProfile) -> None:
    """Stop the device if it still listens, and close; what it does not take is thrown away."""
    try:
        with contextlib.suppress(OSError, termios.error):
            port.write(profile.stop)
            await asyncio.sleep(_PAUSE_S if profile.stop else 0)
            port.reset_output_buffer()
    finally:
        await asyncio.to_thread(port.close)


def why(error: Exception) -> str:
    """The system's own words without pyserial's around them."""
    if isinstance(error, OSError) and error.strerror and not isinstance(error, serial.SerialException):
        return error.strerror
    return " ".join(str(error).split())
