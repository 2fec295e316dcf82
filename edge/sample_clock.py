"""The place of each sample block in the recording and in UTC.

The device's clock tells what was lost; the host's clock tells what time it is. A notification can come late
but never early, so UTC follows the lower envelope of (arrival - device time): radio jitter does not reach the
samples, crystal drift does. A step of this computer's clock (NTP) moves no sample of a link that holds; it is
taken over with the next link whose device cannot say how long it was away.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.clock_envelope import ClockEnvelope
from edge.stream import NS_PER_S, PlacedBlock
from firmware_bridge.device import Device
from firmware_bridge.packets import SampleBlock
from firmware_bridge.rate_meter import RateMeter

_SLEW: Final = 5e-3
_FAST_SLEW: Final = 5e-2
"""Of the time that passes: how much samples may be moved; the fast one where they are wrong by a second."""
_STEP_NS: Final = NS_PER_S
_SAME_CLOCK_NS: Final = 2 * NS_PER_S
_DISAGREEMENT_NS: Final = 30 * NS_PER_S
_LONGEST_OUTAGE_NS: Final = 7 * 24 * 3600 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Placement:
    """A block in its place; what was lost before it; a complaint about the clocks, if there is one."""

    block: PlacedBlock
    lost_samples: int = 0
    clock_complaint: str | None = None


class SampleClock:
    """For one recording; `start_ns` fixes the UTC of the first sample (replays), else the host does."""

    def __init__(self, device: Device, start_ns: int | None = None) -> None:
        self._device, self._start_ns = device, start_ns
        self._period_ns = NS_PER_S / device.fs_hz
        self.next_index = 0
        self._rate = RateMeter(device.fs_hz)
        self._envelope = ClockEnvelope()
        self._zero_ns = (0, 0)  # device and host time from which the envelope counts
        self._host_stepped_ns = 0
        self._offset_ns = 0
        self._last_device_ns: int | None = None
        self._last_host_ns = 0
        self._link_was_lost = self._has_complained = False
        self._has_device_clock = True

    @property
    def fs_hz(self) -> float:
        """The rate that was found, in samples per second of this computer's clock; nominal at first."""
        return self._rate.fs_hz / (1 + self._envelope.slope)

    def link_lost(self) -> None:
        """The next block comes after an outage."""
        self._link_was_lost = True

    def damaged(self) -> None:
        """Bytes were skipped: a device without a clock cannot say how many samples were in them."""
        self._link_was_lost = self._link_was_lost or not self._has_device_clock

    def resume(self, next_index: int, host_time_ns: int) -> None:
        """Continue a recording that an earlier process began: the outage is measured by the host's clock."""
        self.next_index, self._last_host_ns = next_index, host_time_ns
        self._link_was_lost = True

    def place(self, block: SampleBlock, host_time_ns: int) -> Placement:
        """Say where a block belongs."""
        self._has_device_clock = block.last_sample_ns is not None
        lost = self._lost(block, host_time_ns)
        self.next_index += lost
        first_index = self.next_index
        self.next_index += len(block.counts)
        device_ns = self._device_ns(block)
        complaint = self._follow(device_ns, host_time_ns, lost, len(block.counts))
        first_ns = device_ns - round((len(block.counts) - 1) * self._period_ns) + self._offset_ns
        placed = PlacedBlock(first_index, first_ns, self._microvolts(block))
        self._last_device_ns, self._last_host_ns, self._link_was_lost = device_ns, host_time_ns, False
        return Placement(placed, lost, complaint)

    def _microvolts(self, block: SampleBlock) -> np.ndarray:
        scale = 1000.0 / self._device.adc_gain
        if scale == 1.0 and not self._device.baseline:
            return block.counts
        return np.round((block.counts - self._device.baseline) * scale).astype(np.int32)

    def _device_ns(self, block: SampleBlock) -> int:
        """A device without a clock is taken at its word about its rate; the envelope finds the true one."""
        if block.last_sample_ns is not None:
            return block.last_sample_ns
        return round((self.next_index - 1) * self._period_ns)

    def _lost(self, block: SampleBlock, host_time_ns: int) -> int:
        if block.lost_before or not self._link_was_lost or not self._last_host_ns:
            return block.lost_before
        elapsed_ns = host_time_ns - self._last_host_ns
        if block.last_sample_ns is not None and self._last_device_ns is not None:
            by_device_ns = block.last_sample_ns - self._last_device_ns
            elapsed_ns = by_device_ns if 0 < by_device_ns < _LONGEST_OUTAGE_NS else elapsed_ns
        return max(1, round(elapsed_ns * self.fs_hz / NS_PER_S) - len(block.counts))

    def _follow(self, device_ns: int, host_ns: int, lost: int, n: int) -> str | None:
        if self._last_device_ns is None or self._is_another_clock(device_ns, host_ns):
            self._anchor(device_ns, host_ns, n)
            return None
        elapsed_ns = device_ns - self._last_device_ns
        step_ns = elapsed_ns - (lost + n) * NS_PER_S / self._rate.fs_hz
        if abs(step_ns) > _STEP_NS:
            self._offset_ns -= round(step_ns)
            self._zero_ns = (self._zero_ns[0] + round(step_ns), self._zero_ns[1])
            return f"the device's clock jumped by {step_ns / NS_PER_S:.1f} s"
        if self._has_device_clock and not lost:
            self._rate.add(n, elapsed_ns)
        return self._slew(device_ns, host_ns, elapsed_ns) if self._start_ns is None else None

    def _is_another_clock(self, device_ns: int, host_ns: int) -> bool:
        """After an outage: whether the device's clock ran on, or began anew, or is none."""
        if not self._link_was_lost or self._start_ns is not None:
            return False
        by_device_ns, by_host_ns = device_ns - (self._last_device_ns or 0), host_ns - self._last_host_ns
        return not self._has_device_clock or abs(by_device_ns - by_host_ns) > _SAME_CLOCK_NS

    def _anchor(self, device_ns: int, host_ns: int, n: int) -> None:
        self._envelope, slope = ClockEnvelope(), self._envelope.slope
        self._envelope.slope = slope  # the crystal is the same
        self._zero_ns, self._host_stepped_ns = (device_ns, host_ns), 0
        self._envelope.add(0.0, 0.0)
        if self._start_ns is None:
            self._offset_ns = host_ns - device_ns
        else:
            start_ns = self._start_ns + round((self.next_index - n) * self._period_ns)
            self._offset_ns = start_ns - device_ns + round((n - 1) * self._period_ns)

    def _slew(self, device_ns: int, host_ns: int, elapsed_ns: int) -> str | None:
        """Towards the line, never so fast that a sample would come before the one before it."""
        complaint = self._add_arrival(device_ns, host_ns)
        device_s = (device_ns - self._zero_ns[0]) / NS_PER_S
        delay_ns = self._envelope.delay_s(device_s) * NS_PER_S + self._zero_ns[1] - self._zero_ns[0]
        drift_ns = self._envelope.slope * elapsed_ns
        change_ns = delay_ns - self._offset_ns - drift_ns
        limit_ns = elapsed_ns * (_FAST_SLEW if abs(change_ns) > _STEP_NS else _SLEW)
        self._offset_ns += round(drift_ns + max(-limit_ns, min(limit_ns, change_ns)))
        return complaint

    def _add_arrival(self, device_ns: int, host_ns: int) -> str | None:
        """A message that is late by seconds teaches nothing; one that is early by seconds cannot be."""
        zero_device_ns, zero_host_ns = self._zero_ns
        device_s = (device_ns - zero_device_ns) / NS_PER_S
        late_s = (host_ns - self._host_stepped_ns - zero_host_ns) / NS_PER_S - device_s
        wrong_ns = round((late_s - self._envelope.delay_s(device_s)) * NS_PER_S)
        if wrong_ns < -_STEP_NS:
            self._host_stepped_ns += wrong_ns
            return f"this computer's clock was set back by {-wrong_ns / NS_PER_S:.1f} s"
        if wrong_ns <= _STEP_NS:
            self._envelope.add(device_s, late_s)
        if wrong_ns < _DISAGREEMENT_NS or self._has_complained:
            return None
        self._has_complained = True
        return f"the device's clock and this computer's disagree by {wrong_ns / NS_PER_S:.0f} s and more"
