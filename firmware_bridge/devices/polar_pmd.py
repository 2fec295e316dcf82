"""The control point of Polar's measurement service (PMD): commands out, answers in, no I/O.

Source: polarofficial/polar-ble-sdk, `gatt/client/pmd` (BlePMDClient, PmdSetting, PmdControlPointResponse).
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

_FEATURES, _RESPONSE, _STOPPED_BY_DEVICE = 0x0F, 0xF0, 0x01
_GET_SETTINGS, _START, _STOP = 0x01, 0x02, 0x03
_ANSWER_BYTES, _TLV_HEAD_BYTES = 4, 2
_SETTING_BYTES = {0: 2, 1: 2, 2: 2, 3: 4, 4: 1, 5: 4, 6: 16}


class Measurement(IntEnum):
    """The low six bits of a measurement type byte."""

    ECG = 0
    PPG = 1
    ACC = 2
    PPI = 3
    GYRO = 5
    MAGNETOMETER = 6
    SKIN_TEMPERATURE = 7


class Status(IntEnum):
    """How the device answered a command."""

    OK = 0
    BAD_OPCODE = 1
    BAD_MEASUREMENT = 2
    NOT_SUPPORTED = 3
    BAD_LENGTH = 4
    BAD_PARAMETER = 5
    ALREADY_IN_STATE = 6
    BAD_RESOLUTION = 7
    BAD_RATE = 8
    BAD_RANGE = 9
    BAD_MTU = 10
    BAD_CHANNELS = 11
    BAD_STATE = 12
    IN_CHARGER = 13
    DISK_FULL = 14
    UNKNOWN = 255

    @classmethod
    def _missing_(cls, value: object) -> "Status":  # noqa: ARG003 - the enum protocol
        return cls.UNKNOWN


class ControlError(ValueError):
    """Bytes from the control point that are no message of the protocol."""


@dataclass(frozen=True, slots=True)
class Features:
    """What the device can measure."""

    measurements: frozenset[Measurement]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one command; `parameters` are TLV settings and empty unless `status` is OK."""

    opcode: int
    measurement: int
    status: Status
    more: bool = False
    parameters: bytes = b""


@dataclass(frozen=True, slots=True)
class StoppedByDevice:
    """The device ended these measurements by itself."""

    measurements: tuple[int, ...]


ControlMessage = Features | Answer | StoppedByDevice


@dataclass(frozen=True, slots=True)
class Settings:
    """What the device offers, or chose; empty where it said nothing."""

    rates_hz: tuple[int, ...] = ()
    resolutions_bit: tuple[int, ...] = ()


def get_settings(measurement: Measurement) -> bytes:
    """Command: which rates and resolutions are there?"""
    return bytes([_GET_SETTINGS, measurement])


def start_ecg(rate_hz: int = 130, resolution_bit: int = 14) -> bytes:
    """Command: stream the ECG."""
    return struct.pack("<BBBBHBBH", _START, Measurement.ECG, 0, 1, rate_hz, 1, 1, resolution_bit)


def stop_ecg() -> bytes:
    """Command: end the ECG stream (an H10 left streaming empties its battery off the body)."""
    return bytes([_STOP, Measurement.ECG])


def parse_control(message: bytes) -> ControlMessage:
    """What was read from, or indicated by, the control point.

    Raises:
        ControlError: not a message of the protocol.
    """
    if not message:
        raise ControlError("empty control message")
    if message[0] == _FEATURES and len(message) > 1:
        return Features(frozenset(kind for kind in Measurement if message[1] >> kind & 1))
    if message[0] == _STOPPED_BY_DEVICE:
        return StoppedByDevice(tuple(kind & 0x3F for kind in message[1:]))
    if message[0] == _RESPONSE and len(message) >= _ANSWER_BYTES:
        return _answer(message)
    raise ControlError(f"not a control message: {message.hex(' ')}")


def _answer(message: bytes) -> Answer:
    opcode, measurement, status = message[1], message[2] & 0x3F, Status(message[3])
    if status is not Status.OK:
        return Answer(opcode, measurement, status)
    return Answer(opcode, measurement, status, any(message[4:5]), message[5:])


def parse_settings(parameters: bytes) -> Settings:
    """The TLV list of a settings or start answer: <id><count><count values, little-endian>.

    Raises:
        ControlError: cut short, or a setting of unknown size.
    """
    found: dict[int, tuple[int, ...]] = {}
    at = 0
    while at < len(parameters):
        head, at = parameters[at : at + _TLV_HEAD_BYTES], at + _TLV_HEAD_BYTES
        size = _SETTING_BYTES.get(head[0])
        if len(head) < _TLV_HEAD_BYTES or size is None or at + head[1] * size > len(parameters):
            raise ControlError(f"settings are damaged: {parameters.hex(' ')}")
        values = [parameters[at + i * size : at + (i + 1) * size] for i in range(head[1])]
        found[head[0]] = tuple(int.from_bytes(value, "little") for value in values)
        at += head[1] * size
    return Settings(found.get(0, ()), found.get(1, ()))


def answer_bytes(opcode: int, measurement: int, status: Status, parameters: bytes = b"") -> bytes:
    """What a device indicates in answer to a command (the virtual device's side)."""
    head = bytes([_RESPONSE, opcode, measurement, status])
    return head + b"\x00" + parameters if status is Status.OK else head


def stopped_bytes(*measurements: Measurement) -> bytes:
    """What a device indicates when it ends measurements by itself."""
    return bytes([_STOPPED_BY_DEVICE, *measurements])


def features_bytes(*measurements: Measurement) -> bytes:
    """What a device answers when its control point is read (17 bytes, as an H10 does)."""
    return bytes([_FEATURES, sum(1 << kind for kind in measurements)]) + bytes(15)


def settings_bytes(rate_hz: int, resolution_bit: int) -> bytes:
    """One rate and one resolution as TLVs."""
    return struct.pack("<BBHBBH", 0, 1, rate_hz, 1, 1, resolution_bit)
