"""Virtual serial devices and `hearth devices watch`, each in a process of its own."""

import asyncio
import re

import pytest

from firmware_bridge.devices import DEVICES
from firmware_bridge.packets import SampleBlock
from firmware_bridge.transports import open_transport

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(300)]
SLOW_S = 60


@pytest.fixture
def virtual(hearth_devices, index_record, tmp_path):
    """Starts a virtual device under the name `tmp_path/tty`; `(process, uri)`."""

    def start(name, *options):
        process = hearth_devices(
            "virtual-serial", name, "--record", index_record(130 * 60), "--link", tmp_path / "tty", *options
        )
        process.says("serial://", timeout_s=SLOW_S)
        return process, next(line.strip() for line in process.log if "serial://" in line)

    return start


def tallies(process):
    """(samples, lost, damaged) of each line that watching printed."""
    pattern = re.compile(r"(\d+) samples +(\d+) lost +(\d+) damaged")
    return [tuple(map(int, found.groups())) for line in process.log if (found := pattern.search(line))]


@pytest.mark.parametrize("name", ["cyton", "shimmer3", "ad8232_timed"])
def test_watched_unplugged_and_plugged_in_again(virtual, hearth_devices, name):
    device, uri = virtual(name)
    watching = hearth_devices("watch", uri)
    watching.says("ECG arrives", timeout_s=SLOW_S)
    watching.says("samples", times=3, timeout_s=SLOW_S)
    device.close()
    watching.says("link lost", timeout_s=SLOW_S)
    n_before, lost, damaged = tallies(watching)[-1]
    assert n_before > 0.5 * DEVICES[name].device.fs_hz
    assert (lost, damaged) == (0, 0)
    virtual(name)
    watching.says("link restored", timeout_s=SLOW_S)
    watching.says("samples", times=len(tallies(watching)) + 2, timeout_s=SLOW_S)
    assert tallies(watching)[-1][0] > n_before


@pytest.mark.parametrize("name", ["bitalino", "shimmer3_exg2"])
def test_what_is_dropped_and_spoiled_is_told(virtual, hearth_devices, name):
    _, uri = virtual(name, "--drop", 0.05, "--corrupt", 0.03, "--seed", 3)
    watching = hearth_devices("watch", uri, "--seconds", 4)
    assert watching.ends(SLOW_S) == 0
    n_samples, lost, damaged = tallies(watching)[-1]
    assert 0.03 < lost / (n_samples + lost) < 0.12
    assert damaged > 0


def test_a_stopped_device_stands_still_and_goes_on(virtual):
    _, uri = virtual("cyton")
    first = asyncio.run(some_samples(uri))
    again = asyncio.run(some_samples(uri))
    assert 0 <= again[0] - first[-1] < 250 * 2  # uV at 130 Hz, drawn at 250


async def some_samples(uri):
    """A hundred samples or more, and the device stopped."""
    values = []
    async with asyncio.timeout(20), open_transport(uri) as transport:
        async for received in transport.packets():
            if isinstance(received.packet, SampleBlock):
                values += received.packet.counts[:, 0].tolist()
            if len(values) > 100:
                break
    return [round(value * 1000 / DEVICES["cyton"].device.adc_gain) for value in values]
