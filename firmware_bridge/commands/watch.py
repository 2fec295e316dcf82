"""`hearth devices watch URI`."""

import asyncio
import time
from dataclasses import dataclass

from firmware_bridge.packets import Battery, Damage, HeartRate, LinkLost, LinkRestored, Packet, SampleBlock
from firmware_bridge.transports import open_transport


@dataclass(slots=True)
class _Tally:
    """Counts since the beginning, and the last of what the device said."""

    samples: int = 0
    lost: int = 0
    damaged: int = 0
    bpm: int | None = None
    battery: int | None = None

    def take(self, packet: Packet) -> None:
        match packet:
            case SampleBlock():
                self.samples += len(packet.counts)
                self.lost += packet.lost_before
            case HeartRate():
                self.bpm = packet.bpm
            case Battery():
                self.battery = packet.percent
            case Damage():
                self.damaged += 1
                print(f"damage: {packet.reason} ({packet.n_bytes} bytes)", flush=True)
            case LinkLost():
                print(f"link lost: {packet.reason}", flush=True)
            case LinkRestored():
                print(f"link restored after {packet.outage_s:.1f} s", flush=True)

    def line(self, fs_hz: float) -> str:
        bpm = "-" if self.bpm is None else self.bpm
        battery = "-" if self.battery is None else self.battery
        return (
            f"ECG {self.samples / fs_hz:8.1f} s  {self.samples:9d} samples  {self.lost:6d} lost  "
            f"{self.damaged:3d} damaged  heart rate {bpm}/min  battery {battery} %"
        )


async def watch(uri: str, seconds: float | None) -> None:
    """Print a line a second until the source ends, or `seconds` have passed.

    Raises:
        TransportError: the source cannot be opened.
    """
    tally = _Tally()
    fs_hz = 1.0
    try:
        async with asyncio.timeout(seconds), open_transport(uri) as transport:
            device = transport.device
            fs_hz = device.fs_hz
            print(f"{device.name}: {', '.join(device.leads)} at {fs_hz:g} Hz", flush=True)
            printed_s = time.monotonic()
            async for received in transport.packets():
                tally.take(received.packet)
                if time.monotonic() >= printed_s + 1:
                    printed_s = time.monotonic()
                    print(tally.line(fs_hz), flush=True)
    except TimeoutError:
        pass
    print(tally.line(fs_hz), flush=True)
