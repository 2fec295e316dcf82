"""Makes the captures that the decoders are held to, one of each device of `DEVICES`, none of a real device.

    python tests/firmware_bridge/make_captures.py            every capture, and what it says, anew (3 minutes)
    python tests/firmware_bridge/make_captures.py cyton      this one alone

Each device is made of software (`virtual-ble`, `virtual-serial`) and stands at the far end of a virtual
Bluetooth link or a pseudo-terminal; `hearth devices record` in a process of its own writes the capture.
Signal, losses and damage are the same each time, and so is what a capture says; times of arrival are not.
"""

import asyncio
import hashlib
import json
import socket
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import numpy as np

from firmware_bridge.capture import read_capture
from firmware_bridge.devices import DEVICES
from firmware_bridge.packets import Battery, Contact, Damage, HeartRate, SampleBlock
from firmware_bridge.pseudo_terminal import PseudoTerminal
from firmware_bridge.source_uri import parse_source_uri
from firmware_bridge.virtual_peripheral import VirtualPeripheral
from firmware_bridge.virtual_peripheral import play as play_ble
from firmware_bridge.virtual_serial import Troubles
from firmware_bridge.virtual_serial import play as play_serial

FOLDER = Path(__file__).with_name("captures")
HEARTH = Path(sys.executable).with_name("hearth")
RATES_HZ = {"ad8232": 250, "ad8232_pair": 250}
SECONDS = {"polar_h10": 6, "heart_rate": 12, "bitalino": 2, "shimmer3": 2, "shimmer3_exg2": 2, "ganglion": 2}
USUAL_S = 3
SEEDS = {
    "polar_h10": 2,
    "movesense": 2,
    "movesense_activity": 2,
    "ganglion": 1,
    "healthypi_ble": 2,
    "healthypi4_ble": 2,
    "heart_rate": 2,
    "openview": 3,
    "ads1293": 31,
    "healthypi4": 14,
    "healthypi5": 48,
    "heartypatch": 2,
    "cyton": 97,
    "bitalino": 1,
    "shimmer3": 4,
    "shimmer3_exg2": 1,
    "ad8232": 1,
    "ad8232_pair": 1,
    "ad8232_timed": 1,
}
"""Of what is lost and changed: each capture shows a loss, on a serial line damage too, and none unseen."""

LOST_BLE, LOST_SERIAL, CHANGED_SERIAL = 2.0, 3.0, 1.5
STILL_S, START_S = 1.0, 60.0


def support_of(name):
    """The device at the rate that it is captured at."""
    return parse_source_uri(f"capture://?device={name}{rate_option(name)}").support()


def rate_option(name):
    return f"&fs={RATES_HZ[name]}" if name in RATES_HZ else ""


def signal_fs_hz(support):
    return VirtualPeripheral(support, "").signal_fs_hz if support.ble else round(support.device.fs_hz)


def played_uv(support):
    """A slow ramp of 1 mV under a heart of 75/min whose R waves are 0.8 mV high; whole messages of it."""
    fs_hz = signal_fs_hz(support)
    n = SECONDS.get(support.device.name, USUAL_S) * fs_hz
    n -= n % support.emulation.samples_per_message
    at_s = np.arange(n) / fs_hz
    beats = np.interp((at_s + 0.4) % 0.8, [0, 0.02, 0.07], [0, 800, 0])
    return np.rint(np.linspace(-500, 500, n) + beats).astype(np.int32)


def n_messages(support):
    each = VirtualPeripheral(support, "").frame if support.ble else support.emulation.samples_per_message
    return len(played_uv(support)) // each


@asynccontextmanager
async def recorder(uri, path):
    """`hearth devices record`, until the block ends."""
    command = (str(HEARTH), "devices", "record", uri, str(path))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):  # the device may have said that it ends
            process.terminate()
        await process.communicate()


async def capture_ble(support, path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    name = f"{support.ble.name_prefix or 'Heart Rate'} 00000001"
    seed = SEEDS[support.device.name]
    peripheral = VirtualPeripheral(support, name, port=port, drop=LOST_BLE / n_messages(support), seed=seed)
    playing = asyncio.create_task(play_ble(peripheral, iter([played_uv(support)])))
    await until(lambda: playing.done() or not is_free(port), 0.1)
    uri = f"ble://{name}?device={support.device.name}&hci={peripheral.hci}&until=stopped"
    async with recorder(uri, path) as process:
        await asyncio.wait_for(heard_out(process.stdout), START_S)
    playing.cancel()


async def heard_out(lines):
    """Return when the recorder ends, or says that the device hung up."""
    async for line in lines:
        if line.startswith(b"link lost"):
            return


async def until(is_so, pause_s):
    while not is_so():  # noqa: ASYNC110 - another process makes it so
        await asyncio.sleep(pause_s)


def is_free(port):
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


async def capture_serial(support, path):
    n = n_messages(support)
    troubles = Troubles(LOST_SERIAL / n, CHANGED_SERIAL / n, SEEDS[support.device.name])
    with PseudoTerminal() as terminal:
        uri = f"serial://{terminal.path}?device={support.device.name}{rate_option(support.device.name)}"
        async with recorder(uri, path) as process:
            await asyncio.wait_for(process.stdout.readline(), START_S)  # it has the port, and has emptied it
            played = await play_serial(support, terminal, iter([played_uv(support)]), troubles)
            await written(path)
    assert played.n_dropped, "nothing was lost"
    assert played.n_corrupted, "nothing was damaged"
    assert not played.n_unread, "the recorder was too slow: make it again"


async def written(path):
    """Wait until the capture has not grown for a while."""
    sizes = [-1]

    def is_still():
        sizes.append(path.stat().st_size)
        return sizes[-1] == sizes[-2]

    await until(is_still, STILL_S)


def said(packets):
    """What a decoder says, whatever the pieces that it was fed: what stands beside each capture as JSON."""
    blocks = [packet for packet in packets if isinstance(packet, SampleBlock)]
    counts = np.concatenate([block.counts for block in blocks]) if blocks else np.empty((0, 0), np.int32)
    damage = [packet for packet in packets if isinstance(packet, Damage)]
    rates = [packet for packet in packets if isinstance(packet, HeartRate)]
    return {
        "samples": len(counts),
        "lost": sum(block.lost_before for block in blocks),
        "damaged": len(damage),
        "damaged_bytes": sum(packet.n_bytes for packet in damage),
        "first": counts[0].tolist() if blocks else [],
        "last": counts[-1].tolist() if blocks else [],
        "last_sample_ns": blocks[-1].last_sample_ns if blocks else None,
        "sha256_of_int32_le": hashlib.sha256(counts.astype("<i4").tobytes()).hexdigest(),
        "heart_rates": [[rate.bpm, list(rate.rr_ms), rate.contact] for rate in rates],
        "contact": [packet.is_worn for packet in packets if isinstance(packet, Contact)],
        "battery": [packet.percent for packet in packets if isinstance(packet, Battery)],
    }


def as_json(told):
    lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in told.items())
    return f"{{\n{lines}\n}}\n"


def fed(name, chunks):
    """Packets that the device's decoder makes of these chunks."""
    decoder = support_of(name).make_decoder()
    return [packet for chunk in chunks for packet in decoder.feed(chunk.payload, chunk.channel)]


def make(name):
    """Record this device, and keep what its decoder says of it."""
    path, support = FOLDER / f"{name}.hcap", support_of(name)
    path.unlink(missing_ok=True)
    asyncio.run((capture_ble if support.ble else capture_serial)(support, path))
    told = said(fed(name, read_capture(path)))
    path.with_suffix(".json").write_text(as_json(told))
    print(f"{path.name}: {path.stat().st_size} bytes, {told['samples']} of {len(played_uv(support))} samples")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in sys.argv[1:] or DEVICES:
        make(each)
