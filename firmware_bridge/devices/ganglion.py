"""OpenBCI Ganglion: four channels at 200 Hz in messages of 20 bytes, packet number first.

Firmware 3 sends two samples a message, each without its lowest bits: numbers 0 to 99 carry 17 of 24 bits (and
acceleration), 100 to 199 carry 18. Firmware 2 sends one whole sample with number 0, and then what each of the
next two samples is lower than the one before: in 17 bits with numbers 1 to 100, in 18 with 101 to 200; one
lost message spoils all until the next number 0. 201 to 205 tell impedances, which are passed over.
The characteristic 0x2A28 tells the firmware. A count here is 64 of the board's in firmware 3, and 2 in
firmware 2, which are scaled.
Source: docs.openbci.com/Ganglion/GanglionDataFormat; brainflow, ganglion_native_v2.cpp and _v3.cpp.
"""

from dataclasses import dataclass

import numpy as np

from firmware_bridge.device import Device
from firmware_bridge.devices.ganglion_packing import N_CHANNELS, N_SAMPLES, halved, packed, unpacked
from firmware_bridge.devices.support import BleProfile, Control, Counts, DeviceSupport, Emulation, Message
from firmware_bridge.packets import Damage, Packet, SampleBlock

FS_HZ = 200
SERVICE = "0000fe84-0000-1000-8000-00805f9b34fb"
RECEIVE = "2d30c082-f39f-4ce6-923f-3484ea480596"
SEND = "2d30c083-f39f-4ce6-923f-3484ea480596"
SOFTWARE_REVISION = "00002a28-0000-1000-8000-00805f9b34fb"

_UV_PER_BOARD_COUNT = 1.2e6 / (8_388_607 * 1.5 * 51)
_BOARD_COUNTS = 64
_SHORT, _LONG = 18, 19
_BYTES = 20
_CYCLE_V3, _CYCLE_V2 = 200, 201  # samples until the packet number begins anew
_FEWER, _MORE = 100, 200
_IMPEDANCE = range(201, 206)


@dataclass(frozen=True, slots=True)
class _Read:
    """Counts `[n, 4]` of a message, and the place of the first in the cycle of the packet numbers."""

    counts: Counts
    place: int


class GanglionDecoder:
    """One notification a call; losses are counted by the packet number, which begins anew each second."""

    def __init__(self) -> None:
        self._is_v2 = False
        self._next: int | None = None
        self._board: Counts | None = None
        self._lost = 0

    def feed(self, payload: bytes, channel: str = RECEIVE) -> list[Packet]:
        """Decode one notification; what is no message comes out as `Damage`."""
        if channel.lower() == SOFTWARE_REVISION:
            self._is_v2 = payload.lstrip(b"vV ").startswith(b"2")
            return []
        if channel.lower() not in {"", RECEIVE}:
            return [Damage(len(payload), f"nothing is known of channel {channel!r}")]
        if payload and payload[0] in _IMPEDANCE:
            return []
        if len(payload) != _BYTES or payload[0] > _MORE - (not self._is_v2):
            return [Damage(len(payload), "no message of samples")]
        read = self._read_v2(payload) if self._is_v2 else _read_v3(payload)
        return [self._block(read)] if read else []

    def reset(self) -> None:
        """A lost link may have cost more than a cycle of the packet numbers."""
        self._next = self._board = None
        self._lost = 0

    def _block(self, read: _Read) -> SampleBlock:
        lost, self._lost = self._lost + self._missing(read.place), 0
        self._next = read.place + len(read.counts)
        return SampleBlock(read.counts, None, lost)

    def _pass_over(self, place: int) -> None:
        """Differences to what is not known: two samples lost."""
        self._board = None
        if self._next is not None:
            self._lost += self._missing(place) + N_SAMPLES
            self._next = place + N_SAMPLES

    def _missing(self, place: int) -> int:
        cycle = _CYCLE_V2 if self._is_v2 else _CYCLE_V3
        return 0 if self._next is None else (place - self._next) % cycle

    def _read_v2(self, message: bytes) -> _Read | None:
        """None where it is not known what the differences are to."""
        number = message[0]
        if number == 0:
            self._board = _int24(message[1 : 1 + 3 * N_CHANNELS])
            return _Read(_scaled(self._board), 0)
        width, position = (_SHORT, number) if number <= _FEWER else (_LONG, number - _FEWER)
        place = 2 * position - 1
        if self._board is None or self._missing(place):
            self._pass_over(place)
            return None
        lower = 2 * halved(unpacked(message[1:], width))
        board = self._board - np.cumsum(lower, axis=0, dtype=np.int32)
        self._board = board[-1:]
        return _Read(_scaled(board), place)


def _read_v3(message: bytes) -> _Read:
    number = message[0]
    if number < _FEWER:
        return _Read(2 * halved(unpacked(message[1:], _SHORT)), 2 * number)
    return _Read(halved(unpacked(message[1:], _LONG)), 2 * (number - _FEWER))


def _int24(raw: bytes) -> Counts:
    """Big-endian signed 24 bits as `[1, 4]`."""
    values = [int.from_bytes(raw[at : at + 3], "big", signed=True) for at in range(0, len(raw), 3)]
    return np.array([values], np.int32)


def _scaled(board: Counts) -> Counts:
    return np.rint(board / _BOARD_COUNTS).astype(np.int32)


def _encoded(counts: Counts, first_index: int) -> list[Message]:
    pairs = counts.reshape(-1, 2, N_CHANNELS)
    return [(RECEIVE, _message(pair, first_index // 2 + i)) for i, pair in enumerate(pairs)]


def _message(pair: Counts, number: int) -> bytes:
    return bytes([_FEWER + number % _FEWER]) + packed(pair, _LONG)


SUPPORT = DeviceSupport(
    device=Device(
        "ganglion",
        FS_HZ,
        tuple(f"channel {i + 1}" for i in range(N_CHANNELS)),
        adc_gain=1000 / (_BOARD_COUNTS * _UV_PER_BOARD_COUNT),
    ),
    summary="OpenBCI Ganglion, firmware 2 and 3 (Bluetooth LE)",
    decodes=("4 channels, 200 Hz", "losses below a second by the packet number"),
    status="checked against OpenBCI's vectors and a virtual board on a Bluetooth link",
    make_decoder=GanglionDecoder,
    emulation=Emulation(_encoded, 2, -(2**17), 2**17 - 1, longest_gap=_CYCLE_V3 - 2),
    ble=BleProfile(
        name_prefix="Ganglion",
        service=SERVICE,
        ecg=RECEIVE,
        reads=(SOFTWARE_REVISION,),
        control=Control(SEND, b"b", b"s"),
    ),
)
