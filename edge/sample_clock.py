"""The place of each sample block in the recording and in UTC.

The device's clock tells what was lost; the host's clock tells what time it is. A notification can come late
but never early, so UTC follows the lower envelope of (arrival - device time), and follows it slowly: radio
jitter does not reach the samples, crystal drift (tens of ppm) does.
"""

from dataclasses import dataclass

import numpy as np

from edge.stream import NS_PER_S, PlacedBlock
from firmware_bridge.device import Device
from firmware_bridge.packets import SampleBlock

_SLEW_DOWN, _SLEW_UP = 5e-3, 1e-4
_STEP_NS = NS_PER_S
_DISAGREEMENT_NS = 30 * NS_PER_S
_LONGEST_OUTAGE_NS = 7 * 24 * 3600 * NS_PER_S


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
        self._offset_ns = 0
        self._last_device_ns: int | None = None
        self._last_host_ns = 0
        self._link_was_lost = self._has_complained = False
        self._has_device_clock = True

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
        """A device without a clock is taken at its word about its rate."""
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
        return max(1, round(elapsed_ns / self._period_ns) - len(block.counts))

    def _follow(self, device_ns: int, host_ns: int, lost: int, n: int) -> str | None:
        if self._last_device_ns is None or (self._link_was_lost and self._start_ns is None):
            self._anchor(device_ns, host_ns, n)
            return None
        elapsed_ns = device_ns - self._last_device_ns
        step_ns = elapsed_ns - (lost + n) * self._period_ns
        if abs(step_ns) > _STEP_NS:
            self._offset_ns -= round(step_ns)
            return f"the device's clock jumped by {step_ns / NS_PER_S:.1f} s"
        if self._start_ns is None:
            return self._slew(host_ns - device_ns, elapsed_ns)
        return None

    def _anchor(self, device_ns: int, host_ns: int, n: int) -> None:
        if self._start_ns is None:
            self._offset_ns = host_ns - device_ns
        else:
            start_ns = self._start_ns + round((self.next_index - n) * self._period_ns)
            self._offset_ns = start_ns - device_ns + round((n - 1) * self._period_ns)

    def _slew(self, wanted_ns: int, elapsed_ns: int) -> str | None:
        change_ns = wanted_ns - self._offset_ns
        limit_ns = elapsed_ns * (_SLEW_DOWN if change_ns < 0 else _SLEW_UP)
        self._offset_ns += round(min(abs(change_ns), limit_ns)) * (1 if change_ns > 0 else -1)
        if abs(change_ns) < _DISAGREEMENT_NS or self._has_complained:
            return None
        self._has_complained = True
        return (
            f"the device's clock and this computer's disagree by {abs(change_ns) / NS_PER_S:.0f} s and more"
        )
