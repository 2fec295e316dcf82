"""What Hearth needs to know of a device to open it, and to play it in a test."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from firmware_bridge.decoder import Decoder
from firmware_bridge.device import Device
from firmware_bridge.devices.polar_pmd import ControlMessage

Counts = npt.NDArray[np.int32]
Message = tuple[str, bytes]
"""Channel (UUID of a characteristic; empty on a serial line) and what is sent on it."""


class RateError(ValueError):
    """The device does not run at this rate; the message says at which it does."""


@dataclass(frozen=True, slots=True)
class Control:
    """Where the commands that start and stop the ECG are written.

    With `parse` the device answers there by indication, and a start that it does not agree to fails; without,
    the commands are written and nothing is waited for.
    """

    uuid: str
    start: bytes
    stop: bytes
    parse: Callable[[bytes], ControlMessage] | None = None


@dataclass(frozen=True, slots=True)
class BleProfile:
    """Characteristics (full UUIDs, lower case) and how the ECG is started, where it does not start by itself.

    `ecg` carries the samples, `ecg_before` in older firmware; `side` is notified, and `reads` read before the
    start, where the device has them. `min_mtu` is the smallest ATT MTU that carries a whole message. A device
    that the `battery` is empty for tells none. `has_own_name`: its UUIDs mean something else on other
    devices, so that the name has to begin with `name_prefix` too.
    """

    name_prefix: str
    service: str
    ecg: str
    ecg_before: str = ""
    side: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    battery: str = ""
    control: Control | None = None
    min_mtu: int = 23
    has_own_name: bool = False

    def is_name(self, name: str) -> bool:
        """Whether a device that advertises this name may be one of these."""
        return bool(name) and name.casefold().startswith(self.name_prefix.casefold())


@dataclass(frozen=True, slots=True)
class SerialProfile:
    """A port: `start` is written once it is open, `stop` before it is closed; most devices need neither.

    Of a stream of lines, what comes before the first `line_end` is the rest of a line. A device with a
    `tcp_port` has that in place of a port.
    """

    baud: int
    start: bytes = b""
    stop: bytes = b""
    line_end: bytes = b""
    tcp_port: int | None = None


@dataclass(frozen=True, slots=True)
class Emulation:
    """The device's side of its protocol, the inverse of the decoder.

    `encode(counts, first_index)` gives the messages of samples `[n, leads]` that begin at sample
    `first_index` of the device's life; `n` is a multiple of `samples_per_message`. Samples lie within
    `least` and `most`. A loss of up to `longest_gap` samples can be told from the device's own clock or
    counter; 0 where it has neither. Of a device without leads the samples are RR intervals `[n, 1]`, in ticks
    of `fs_hz`. `answer` gives what the device notifies in answer to a command, where it answers any.
    """

    encode: Callable[[Counts, int], list[Message]]
    samples_per_message: int
    least: int
    most: int
    longest_gap: int = 0
    answer: Callable[[bytes], list[Message]] | None = None


@dataclass(frozen=True, slots=True)
class DeviceSupport:
    """One supported device: description, decoder, and how it is reached (`ble`, `serial`, or both).

    `status` says on what the decoder was checked. `at_rate` is the same device at another rate, in Hz, and
    raises `RateError` for one that it does not have; with `asks_rate` nobody but the user knows the rate.
    """

    device: Device
    summary: str
    decodes: tuple[str, ...]
    status: str
    make_decoder: Callable[[], Decoder]
    emulation: Emulation
    ble: BleProfile | None = None
    serial: SerialProfile | None = None
    at_rate: Callable[[float], Self] | None = None
    asks_rate: bool = False
