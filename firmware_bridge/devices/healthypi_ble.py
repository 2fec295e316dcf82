"""ProtoCentral HealthyPi over Bluetooth LE: bare samples on characteristic 0x1424.

HealthyPi v4 sends 9 little-endian i16 a notification at 125 Hz (counts of the ADS1292R, shifted right by 8,
at gain 6 and 2.42 V), HealthyPi 5 and Move 1 to 16 i32 at 128 Hz (counts of the MAX30001 at gain 20).
There is no counter and no clock: a lost notification shows by the time of arrival alone.
Source: Protocentral/{protocentral_healthypi_v4, protocentral_healthypi5_zephyr, healthypi-move-fw}.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from firmware_bridge.device import Device
from firmware_bridge.devices import battery_level
from firmware_bridge.devices.support import BleProfile, Counts, DeviceSupport, Emulation, Message
from firmware_bridge.packets import Damage, Packet, SampleBlock

SERVICE = "00001122-0000-1000-8000-00805f9b34fb"
ECG = "00001424-0000-1000-8000-00805f9b34fb"
_ATT_HEADER_BYTES = 3


@dataclass(frozen=True, slots=True)
class SampleFormat:
    """NumPy type of a sample, and how many there may be in a notification."""

    dtype: str
    fewest: int
    most: int

    @property
    def width(self) -> int:
        """Bytes of a sample."""
        return np.dtype(self.dtype).itemsize


V4 = SampleFormat("<i2", 9, 9)
V5 = SampleFormat("<i4", 1, 16)


class HealthyPiDecoder:
    """One notification a call; each stands alone."""

    def __init__(self, sample_format: SampleFormat) -> None:
        self._format = sample_format

    def feed(self, payload: bytes, channel: str = ECG) -> list[Packet]:
        """Decode one notification; what is no message comes out as `Damage`."""
        if channel.lower() == battery_level.CHANNEL:
            return [battery_level.parse_battery(payload)]
        if channel.lower() not in {"", ECG}:
            return [Damage(len(payload), f"nothing is known of channel {channel!r}")]
        n, rest = divmod(len(payload), self._format.width)
        if rest or not self._format.fewest <= n <= self._format.most:
            return [Damage(len(payload), f"{len(payload)} bytes are no whole message of samples")]
        return [SampleBlock(np.frombuffer(payload, self._format.dtype).astype(np.int32).reshape(-1, 1))]

    def reset(self) -> None:
        """Nothing is carried over from message to message."""


def _encoded(sample_format: SampleFormat, n: int, counts: Counts, _first_index: int) -> list[Message]:
    messages = counts[:, 0].astype(sample_format.dtype).reshape(-1, n)
    return [(ECG, message.tobytes()) for message in messages]


def _support(
    device: Device, name: str, summary: str, sample_format: SampleFormat, n: int, most_count: int
) -> DeviceSupport:
    return DeviceSupport(
        device=device,
        summary=summary,
        decodes=(f"ECG {device.fs_hz:g} Hz", "losses by time of arrival alone"),
        status="from the published firmware; scale never checked on the device itself",
        make_decoder=partial(HealthyPiDecoder, sample_format),
        emulation=Emulation(partial(_encoded, sample_format, n), n, -most_count - 1, most_count),
        ble=BleProfile(
            name_prefix=name,
            service=SERVICE,
            ecg=ECG,
            side=(battery_level.CHANNEL,),
            battery=battery_level.CHANNEL,
            min_mtu=sample_format.width * n + _ATT_HEADER_BYTES,
        ),
    )


SUPPORT_V4 = _support(
    Device("healthypi4_ble", 125, ("ECG",), adc_gain=2**15 * 6 / 2420),
    "Healthypi v4",
    "ProtoCentral HealthyPi v4 (Bluetooth LE)",
    V4,
    n=9,
    most_count=2**15 - 1,
)
SUPPORT = _support(
    Device("healthypi_ble", 128, ("ECG",), adc_gain=2**17 * 20 / 1000),
    "Healthypi",
    "ProtoCentral HealthyPi 5 and HealthyPi Move (Bluetooth LE)",
    V5,
    n=8,
    most_count=2**17 - 1,
)
