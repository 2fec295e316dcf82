"""`hearth devices watch URI`."""

import asyncio
from dataclasses import dataclass

from firmware_bridge.device import Device
from firmware_bridge.packets import (
    Battery,
    Contact,
    Damage,
    HeartRate,
    LinkLost,
    LinkRestored,
    Packet,
    SampleBlock,
)
from firmware_bridge.transports import open_transport


@dataclass(slots=True)
class _Tally:
    """Counts since the beginning, and the last of what the device said."""

    samples: int = 0
    intervals: int = 0
    lost: int = 0
    damaged: int = 0
    bpm: int | None = None
    battery: int | None = None
    is_worn: bool | None = None

    def take(self, packet: Packet) -> None:
        match packet:
            case SampleBlock():
                self.samples += len(packet.counts)
                self.lost += packet.lost_before
            case HeartRate():
                self.bpm = packet.bpm
                self.intervals += len(packet.rr_ms)
            case Contact():
                if packet.is_worn is not self.is_worn:
                    print("electrodes on" if packet.is_worn else "electrodes off", flush=True)
                self.is_worn = packet.is_worn
            case Battery():
                self.battery = packet.percent
            case Damage():
                self.damaged += 1
                print(f"damage: {packet.reason} ({packet.n_bytes} bytes)", flush=True)
            case LinkLost():
                print(f"link lost: {packet.reason}", flush=True)
            case LinkRestored():
                print(f"link restored after {packet.outage_s:.1f} s", flush=True)

    def line(self, device: Device) -> str:
        bpm = "-" if self.bpm is None else self.bpm
        battery = "-" if self.battery is None else self.battery
        ecg = f"ECG {self.samples / device.fs_hz:8.1f} s  {self.samples:9d} samples  {self.lost:6d} lost"
        came = ecg if device.leads else f"no ECG  {self.intervals:7d} intervals"
        return f"{came}  {self.damaged:3d} damaged  heart rate {bpm}/min  battery {battery} %"


async def watch(uri: str, seconds: float | None) -> None:
    """Print a line a second until the source ends, or `seconds` have passed.

    Raises:
        TransportError: the source cannot be opened.
    """
    async with open_transport(uri) as transport:
        device = transport.device
        print(device.described, flush=True)
        tally = _Tally()
        ticking = asyncio.create_task(_print_each_second(tally, device))
        try:
            async with asyncio.timeout(seconds):
                async for received in transport.packets():
                    tally.take(received.packet)
        except TimeoutError:
            pass
        finally:
            ticking.cancel()
            print(tally.line(device), flush=True)


async def _print_each_second(tally: _Tally, device: Device) -> None:
    while True:
        await asyncio.sleep(1)
        print(tally.line(device), flush=True)
