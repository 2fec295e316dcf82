"""Movesense sensor with the third-party "Activity" firmware: u32 ms of the last sample, then i16 samples.

-32768 is a sample that did not fit, told as lost. The service and characteristics are 16-bit UUIDs that the
Bluetooth SIG has since given to others, so that only the name tells whose they are; firmware up to 0.7 has
0x2BDD where later ones have 0x2BF1.
Source: JonasPrimbs/movesense-ble-ecg-firmware (README, ActivityGATTSvcClient.cpp: 16 samples of 4 ms).
"""

import struct

import numpy as np

from firmware_bridge.device import Device
from firmware_bridge.devices import battery_level, heart_rate
from firmware_bridge.devices.millisecond_clock import MillisecondClock, Step
from firmware_bridge.devices.movesense import ADC_GAIN
from firmware_bridge.devices.support import BleProfile, Counts, DeviceSupport, Emulation, Message
from firmware_bridge.packets import Damage, Packet, SampleBlock

FS_HZ = 250
SAMPLES_PER_PACKET = 16
SERVICE = "00001859-0000-1000-8000-00805f9b34fb"


class Channel:
    """Characteristics that notify."""

    ECG = "00002bf1-0000-1000-8000-00805f9b34fb"
    ECG_BEFORE = "00002bdd-0000-1000-8000-00805f9b34fb"
    HEART_RATE = heart_rate.CHANNEL
    BATTERY = battery_level.CHANNEL


_TIME = struct.Struct("<I")
_INVALID = -(2**15)
_MOST_SAMPLES = 118  # in the largest MTU


class MovesenseActivityDecoder:
    """One notification a call; the channel is the characteristic's UUID (default: ECG)."""

    def __init__(self) -> None:
        self._clock = MillisecondClock(FS_HZ)
        self._lost = 0

    def feed(self, payload: bytes, channel: str = Channel.ECG) -> list[Packet]:
        """Decode one notification; what is no message comes out as `Damage`."""
        match channel.lower():
            case "" | Channel.ECG | Channel.ECG_BEFORE:
                return self._ecg(payload)
            case Channel.HEART_RATE:
                return [heart_rate.parse_heart_rate(payload)]
            case Channel.BATTERY:
                return [battery_level.parse_battery(payload)]
        return [Damage(len(payload), f"nothing is known of channel {channel!r}")]

    def reset(self) -> None:
        """Nothing is carried over but the clock, which runs on, and invalid samples that are to be told."""

    def _ecg(self, payload: bytes) -> list[Packet]:
        n, rest = divmod(len(payload) - _TIME.size, 2)
        if not 0 < n <= _MOST_SAMPLES or rest:
            return [Damage(len(payload), f"{len(payload)} bytes are no packet of ECG")]
        counts = np.frombuffer(payload, "<i2", offset=_TIME.size).astype(np.int32)
        step = self._clock.place(_TIME.unpack_from(payload)[0], n, n - 1)
        self._lost += step.lost
        return [*_told(step), *self._valid(counts, step.last_sample_ns)]

    def _valid(self, counts: Counts, last_sample_ns: int) -> list[Packet]:
        """A block for each run of samples that did fit."""
        blocks: list[Packet] = []
        edges = np.flatnonzero(np.diff(counts == _INVALID)) + 1
        stop = 0
        for run in np.split(counts, edges):
            stop += len(run)
            if run[0] == _INVALID:
                self._lost += len(run)
                continue
            at_ns = last_sample_ns - round((len(counts) - stop) * 1e9 / FS_HZ)
            blocks.append(SampleBlock(run.reshape(-1, 1), at_ns, self._lost))
            self._lost = 0
        return blocks


def _told(step: Step) -> list[Packet]:
    if not step.jumped_ms:
        return []
    return [
        Damage(0, f"the sensor's clock stepped by {step.jumped_ms / 1000:.3f} s; lost samples are not known")
    ]


def _encoded(counts: Counts, first_index: int) -> list[Message]:
    packets = counts[:, 0].astype("<i2").reshape(-1, SAMPLES_PER_PACKET)
    return [
        (Channel.ECG, _packet(packet, first_index + (i + 1) * len(packet)))
        for i, packet in enumerate(packets)
    ]


def _packet(counts: Counts, stop_index: int) -> bytes:
    return _TIME.pack(round((stop_index - 1) * 1000 / FS_HZ) % 2**32) + counts.tobytes()


SUPPORT = DeviceSupport(
    device=Device("movesense_activity", FS_HZ, ("chest",), adc_gain=ADC_GAIN),
    summary='Movesense sensor, third-party "Activity" firmware (Bluetooth LE)',
    decodes=("ECG 250 Hz, device clock", "samples out of range", "heart rate, RR"),
    status="checked against the firmware's source and its own encoder; never on the sensor itself",
    make_decoder=MovesenseActivityDecoder,
    emulation=Emulation(
        _encoded, SAMPLES_PER_PACKET, _INVALID + 1, 2**15 - 1, MillisecondClock(FS_HZ).longest_gap()
    ),
    ble=BleProfile(
        name_prefix="Movesense",
        service=SERVICE,
        ecg=Channel.ECG,
        ecg_before=Channel.ECG_BEFORE,
        side=(Channel.HEART_RATE, Channel.BATTERY),
        battery=Channel.BATTERY,
        min_mtu=3 + _TIME.size + 2 * SAMPLES_PER_PACKET,
        has_own_name=True,
    ),
)
