"""Movesense sensor with the GATT SensorData Protocol (GSP): commands out, answers and samples in.

Command: <code><reference>[data]. Notification: 1 <reference> <u16 status, as of HTTP>, 2 <reference> <data>,
3 <reference> <rest of the data> where the MTU is too small for all of it. ECG data: u32 ms of the first
sample, then 16 samples of 4 bytes (counts of 0.381469726563 uV) or, from `/mV`, of 2 bytes (uV).
Source: movesense.com/docs/esw/gatt_sensordata_protocol (GD-77), and its page of best practices for losses.
"""

import struct
from functools import partial

import numpy as np

from firmware_bridge.device import Device
from firmware_bridge.devices import battery_level
from firmware_bridge.devices.millisecond_clock import MillisecondClock, Step
from firmware_bridge.devices.support import (
    BleProfile,
    Control,
    Counts,
    DeviceSupport,
    Emulation,
    Message,
    RateError,
)
from firmware_bridge.packets import Damage, Packet, SampleBlock

RATES_HZ = (125.0, 128.0, 200.0, 250.0, 256.0, 500.0, 512.0)
SAMPLES_PER_PACKET = 16
ADC_GAIN = 1000 / 0.381469726563
SERVICE = "34802252-7185-4d5d-b431-630e7050e8f0"
WRITE = "34800001-7185-4d5d-b431-630e7050e8f0"
NOTIFY = "34800002-7185-4d5d-b431-630e7050e8f0"

_SUBSCRIBE, _UNSUBSCRIBE = 1, 2
_RESPONSE, _DATA, _DATA_PART_2 = 1, 2, 3
_REFERENCE = 99
_FINE, _NOT_FOUND = 200, 404
_TIME = struct.Struct("<I")
_STATUS = struct.Struct("<H")
_COUNTS_BYTES = _TIME.size + 4 * SAMPLES_PER_PACKET
_MICROVOLTS_BYTES = _TIME.size + 2 * SAMPLES_PER_PACKET
_HEAD_BYTES, _ATT_HEADER_BYTES = 2, 3
_RADIO_SLACK = 2


def subscribe(path: str) -> bytes:
    """Command: send what this resource measures."""
    return bytes([_SUBSCRIBE, _REFERENCE]) + path.encode() + b"\x00"


def unsubscribe() -> bytes:
    """Command: end it."""
    return bytes([_UNSUBSCRIBE, _REFERENCE])


class MovesenseDecoder:
    """One notification a call.

    By the vendor's rule a step of the clock by whole packets was lost in the radio, and any other step in
    the sensor's own buffer; the second is told as a `Damage` beside the count.
    """

    def __init__(self, fs_hz: float = RATES_HZ[1]) -> None:
        self._clock = MillisecondClock(fs_hz)
        self._pending = b""
        self._sends_counts = False

    def feed(self, payload: bytes, channel: str = NOTIFY) -> list[Packet]:
        """Decode one notification; what is no message comes out as `Damage`."""
        if channel.lower() == battery_level.CHANNEL:
            return [battery_level.parse_battery(payload)]
        if channel.lower() not in {"", NOTIFY}:
            return [Damage(len(payload), f"nothing is known of channel {channel!r}")]
        match payload[:1], payload[1:2], payload[_HEAD_BYTES:]:
            case b"\x01", _, answer:
                return _answered(answer)
            case b"\x02", reference, data if reference == bytes([_REFERENCE]):
                return self._torn() + self._ecg(data)
            case b"\x03", reference, data if reference == bytes([_REFERENCE]) and self._pending:
                whole, self._pending = self._pending + data, b""
                return self._ecg(whole)
        return [Damage(len(payload), "no message of the sensor")]

    def reset(self) -> None:
        """Forget a packet whose second part was cut; the clock of the sensor runs on."""
        self._pending = b""
        self._sends_counts = False

    def _ecg(self, data: bytes) -> list[Packet]:
        if len(data) == _COUNTS_BYTES:
            self._sends_counts = True
            return self._placed(data, np.frombuffer(data, "<i4", offset=_TIME.size).astype(np.int32))
        if len(data) == _MICROVOLTS_BYTES and not self._sends_counts:
            uv = np.frombuffer(data, "<i2", offset=_TIME.size)
            return self._placed(data, np.rint(uv * (ADC_GAIN / 1000)).astype(np.int32))
        if len(data) > _COUNTS_BYTES:
            return [Damage(len(data), f"{len(data)} bytes are more than a packet of ECG")]
        self._pending = data
        return []

    def _torn(self) -> list[Packet]:
        n_bytes, self._pending = len(self._pending), b""
        return [Damage(n_bytes, "the second part of a packet did not come")] if n_bytes else []

    def _placed(self, data: bytes, counts: Counts) -> list[Packet]:
        step = self._clock.place(_TIME.unpack_from(data)[0], len(counts), 0)
        return [*_told(step), SampleBlock(counts.reshape(-1, 1), step.last_sample_ns, step.lost)]


def _answered(answer: bytes) -> list[Packet]:
    if len(answer) < _STATUS.size:
        return [Damage(len(answer), "answer of the sensor without a status")]
    status = _STATUS.unpack_from(answer)[0]
    is_fine = _FINE <= status < _FINE + 100
    return [] if is_fine else [Damage(0, f"the sensor refuses: status {status}")]


def _told(step: Step) -> list[Packet]:
    if step.jumped_ms:
        why = f"the sensor's clock stepped by {step.jumped_ms / 1000:.3f} s; lost samples are not known"
        return [Damage(0, why)]
    beside = (step.lost + _RADIO_SLACK) % SAMPLES_PER_PACKET
    if step.lost and beside > 2 * _RADIO_SLACK:
        return [Damage(0, f"the sensor's buffer overflowed: {step.lost} samples lost")]
    return []


def _encoded(fs_hz: float, counts: Counts, first_index: int) -> list[Message]:
    packets = counts[:, 0].astype("<i4").reshape(-1, SAMPLES_PER_PACKET)
    starts_ms = [
        round((first_index + i * SAMPLES_PER_PACKET) * 1000 / fs_hz) % 2**32 for i in range(len(packets))
    ]
    return [
        (NOTIFY, bytes([_DATA, _REFERENCE]) + _TIME.pack(start_ms) + packet.tobytes())
        for start_ms, packet in zip(starts_ms, packets, strict=True)
    ]


def _answer(path: str, command: bytes) -> list[Message]:
    """As the sensor: 200, or 404 for what it does not have."""
    is_known = command in {subscribe(path), unsubscribe()}
    return [(NOTIFY, bytes([_RESPONSE, _REFERENCE]) + _STATUS.pack(_FINE if is_known else _NOT_FOUND))]


def support(fs_hz: float = RATES_HZ[1]) -> DeviceSupport:
    """The sensor at one of its rates.

    Raises:
        RateError: not a rate of the sensor.
    """
    if fs_hz not in RATES_HZ:
        raise RateError(f"a Movesense sends its ECG at {', '.join(f'{rate:g}' for rate in RATES_HZ)} Hz")
    path = f"/Meas/ECG/{fs_hz:g}"
    return DeviceSupport(
        device=Device("movesense", fs_hz, ("chest",), adc_gain=ADC_GAIN),
        summary="Movesense sensor, GATT SensorData Protocol (Bluetooth LE)",
        decodes=(f"ECG {fs_hz:g} Hz, device clock", "losses in radio and sensor", "refusals"),
        status="checked against the protocol's document and a virtual sensor on a Bluetooth link",
        make_decoder=partial(MovesenseDecoder, fs_hz),
        emulation=Emulation(
            encode=partial(_encoded, fs_hz),
            samples_per_message=SAMPLES_PER_PACKET,
            least=-(2**17),
            most=2**17 - 1,
            longest_gap=MillisecondClock(fs_hz).longest_gap(),
            answer=partial(_answer, path),
        ),
        ble=BleProfile(
            name_prefix="Movesense",
            service=SERVICE,
            ecg=NOTIFY,
            battery=battery_level.CHANNEL,
            control=Control(WRITE, subscribe(path), unsubscribe()),
            min_mtu=_HEAD_BYTES + _COUNTS_BYTES + _ATT_HEADER_BYTES,
        ),
        at_rate=support,
    )
