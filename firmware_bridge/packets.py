"""What a device says, decoded: frozen values, no I/O."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class SampleBlock:
    """Consecutive samples `[n, leads]` in device counts.

    `last_sample_ns` is the device's own clock at the last sample (any epoch), `None` for devices
    without a clock. `lost_before` counts samples that the device sent or should have sent between the
    previous block and this one and that did not arrive.
    """

    counts: npt.NDArray[np.int32]
    last_sample_ns: int | None = None
    lost_before: int = 0


@dataclass(frozen=True, slots=True)
class HeartRate:
    """The device's own heart rate and RR intervals, oldest first; `contact` is `None` where unknown."""

    bpm: int
    rr_ms: tuple[float, ...] = ()
    contact: bool | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """Whether the electrodes are on, from a device that tells no heart rate with it."""

    is_worn: bool


@dataclass(frozen=True, slots=True)
class Battery:
    """Charge in percent."""

    percent: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that were skipped because they are no frame, and why."""

    n_bytes: int
    reason: str


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The link broke; the transport is trying to get it back."""

    reason: str


@dataclass(frozen=True, slots=True)
class LinkRestored:
    """The link is back after `outage_s`."""

    outage_s: float


Packet = SampleBlock | HeartRate | Contact | Battery | Damage | LinkLost | LinkRestored


@dataclass(frozen=True, slots=True)
class Received:
    """A packet and the host's UTC clock when its last byte came, in ns since 1970."""

    packet: Packet
    host_time_ns: int
