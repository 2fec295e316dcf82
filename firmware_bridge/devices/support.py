"""What Hearth needs to know of a device to open it."""

from collections.abc import Callable
from dataclasses import dataclass

from firmware_bridge.decoder import Decoder
from firmware_bridge.device import Device
from firmware_bridge.devices.polar_pmd import ControlMessage


@dataclass(frozen=True, slots=True)
class BleProfile:
    """Characteristics (full UUIDs, lower case) and the commands that start and stop the ECG.

    `ecg` carries the samples; `side` is notified too where the device has it. The control point answers
    by indication. `min_mtu` is the smallest ATT MTU that carries a whole frame.
    """

    name_prefix: str
    service: str
    control: str
    ecg: str
    side: tuple[str, ...]
    battery: str
    start: bytes
    stop: bytes
    parse_control: Callable[[bytes], ControlMessage]
    min_mtu: int


@dataclass(frozen=True, slots=True)
class SerialProfile:
    """A device that talks by itself once the port is open."""

    baud: int


@dataclass(frozen=True, slots=True)
class DeviceSupport:
    """One supported device: description, decoder, and how it is reached (`ble`, `serial`, or both).

    `status` says on what the decoder was checked.
    """

    device: Device
    summary: str
    decodes: tuple[str, ...]
    status: str
    make_decoder: Callable[[], Decoder]
    ble: BleProfile | None = None
    serial: SerialProfile | None = None
