"""A decoder for any device that sends frames: what one frame says is all that a device has to add."""

from collections.abc import Callable
from typing import Protocol

from firmware_bridge.devices.framing import FrameCutter, FrameFormat
from firmware_bridge.devices.reading import Reading
from firmware_bridge.devices.sample_run import SampleRun
from firmware_bridge.packets import Damage, HeartRate, Packet


class Counter(Protocol):
    """Tells lost frames from what the frames say; holds the state of one device."""

    @property
    def clock_ns(self) -> int | None:
        """The device's time at the last frame, where the counter is a clock."""
        ...

    def advance(self, reading: Reading) -> tuple[int, list[Damage]]:
        """Frames lost before this one, and a `Damage` where the counter was set or restarted."""
        ...

    def link_lost(self) -> None:
        """Frames may have been sent to nobody."""
        ...


class FrameDecoder:
    """One `SampleBlock` for each run of unbroken frames of a chunk."""

    def __init__(
        self, frame_format: FrameFormat, read: Callable[[bytes], Reading], counter: Counter | None = None
    ) -> None:
        self._cutter = FrameCutter(frame_format)
        self._read = read
        self._counter = counter
        self._heart_rate: HeartRate | None = None
        self._run = SampleRun()

    def feed(self, payload: bytes, channel: str = "") -> list[Packet]:  # noqa: ARG002 - Decoder protocol
        """Decode what is complete."""
        packets: list[Packet] = []
        for found in self._cutter.cut(payload):
            if isinstance(found, Damage):
                packets += [*self._run.taken(), found]
            else:
                packets += self._take(self._read(found))
        return packets + self._run.taken()

    def reset(self) -> None:
        """Forget the frame that was cut by the broken link."""
        self._cutter.reset()
        self._heart_rate = None
        if self._counter:
            self._counter.link_lost()

    def _take(self, reading: Reading) -> list[Packet]:
        packets = self._changed(reading.heart_rate)
        if not reading.samples:
            return packets
        clock_ns = reading.clock_ns
        if self._counter:
            lost, stepped = self._counter.advance(reading)
            clock_ns = self._counter.clock_ns if clock_ns is None else clock_ns
            if lost or stepped:
                packets += [*self._run.taken(), *stepped]
                self._run.lost_before = lost * len(reading.samples)
        self._run.rows.extend(reading.samples)
        self._run.last_sample_ns = clock_ns
        return packets

    def _changed(self, heart_rate: HeartRate | None) -> list[Packet]:
        if heart_rate is None or heart_rate == self._heart_rate:
            return []
        self._heart_rate = heart_rate
        return [heart_rate]
