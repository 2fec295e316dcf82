"""Decoder of a sketch that prints a line of text for each reading, and `!` where an electrode is off."""

from typing import Protocol

from firmware_bridge.devices.sample_run import SampleRun
from firmware_bridge.devices.text_lines import LineCutter
from firmware_bridge.packets import Contact, Damage, Packet

LEADS_OFF = b"!"


class Readings(Protocol):
    """What one kind of line says; holds the state of one device."""

    def take(self, line: bytes, run: SampleRun) -> list[Packet] | None:
        """Add the line's reading to the run; what else is told, `None` where it holds no reading."""
        ...

    def miss(self, run: SampleRun) -> None:
        """An electrode was off in place of a reading."""
        ...

    def reset(self) -> None:
        """The link was lost."""
        ...


class SketchDecoder:
    """One `SampleBlock` for each unbroken run of readings of a chunk."""

    def __init__(self, readings: Readings) -> None:
        self._readings = readings
        self._lines = LineCutter()
        self._run = SampleRun()
        self._electrodes = Electrodes()

    def feed(self, payload: bytes, channel: str = "") -> list[Packet]:  # noqa: ARG002 - Decoder protocol
        """Decode the lines that are complete."""
        self._electrodes.begin_chunk()
        packets = [packet for line in self._lines.cut(payload) for packet in self._take(line)]
        return packets + self._run.taken()

    def reset(self) -> None:
        """Forget the line that was cut by the broken link."""
        self._lines.reset()
        self._readings.reset()

    def _take(self, line: bytes | Damage) -> list[Packet]:
        if isinstance(line, Damage):
            return [*self._run.taken(), line]
        if line == LEADS_OFF:
            before = self._run.taken()
            self._readings.miss(self._run)
            return [*before, *self._electrodes.are_off()]
        packets = self._readings.take(line, self._run)
        if packets is None:
            return [*self._run.taken(), Damage(len(line) + 1, "line without a reading")]
        return [*self._electrodes.are_on(), *packets]


class Electrodes:
    """Tells `Contact` once a chunk while they are off, which is a sign of life, and once when they are on.

    A sketch that never says off does not watch its electrodes.
    """

    def __init__(self) -> None:
        self._are_off = False
        self._is_told = False

    def begin_chunk(self) -> None:
        """More bytes came."""
        self._is_told = False

    def are_off(self) -> list[Packet]:
        """The sketch said so."""
        told: list[Packet] = [] if self._is_told else [Contact(is_worn=False)]
        self._are_off = self._is_told = True
        return told

    def are_on(self) -> list[Packet]:
        """A reading came."""
        told: list[Packet] = [Contact(is_worn=True)] if self._are_off else []
        self._are_off = self._is_told = False
        return told
