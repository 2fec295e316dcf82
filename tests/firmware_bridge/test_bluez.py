"""bleak's own BlueZ backend, against BlueZ's D-Bus interface without a kernel or a radio (`bluezoo`)."""

import asyncio
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from dbus_fast.signature import Variant

from firmware_bridge.devices.polar_h10_frames import MIN_MTU
from firmware_bridge.packets import Battery, SampleBlock
from firmware_bridge.transports import open_transport
from firmware_bridge.transports.bluez import free_device, left_over
from firmware_bridge.transports.mtu import att_mtu

BLUEZOO = Path(sys.executable).with_name("bluezoo")
PERIPHERAL = Path(__file__).with_name("bluez_h10.py")
NAME = "Polar H10 12345678"
SAMPLES = 1000
ECG = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"

pytestmark = [
    pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="no dbus-daemon: apt-get install dbus"),
    pytest.mark.skipif(not BLUEZOO.is_file(), reason="no bluezoo: pip install bluezoo"),
    pytest.mark.timeout(90),
]


@pytest.fixture
def bus(monkeypatch):
    """A message bus of its own, as the system's."""
    command = ["dbus-daemon", "--session", "--nofork", "--print-address=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", daemon.stdout.readline().strip())
        yield
        daemon.terminate()


@pytest.fixture
def strap(bus, tmp_path):
    """Two adapters that hear each other, and on the first a strap; gives the strap's log."""
    adapters = ["-a", "00:11:22:33:44:01", "-a", "00:11:22:33:44:02"]
    log = tmp_path / "strap.log"
    with (tmp_path / "bluez.log").open("wb") as bluez_log, log.open("wb") as strap_log:
        mock = subprocess.Popen(
            [BLUEZOO, "--auto-enable", "--scan-interval", "1", *adapters], stdout=bluez_log, stderr=bluez_log
        )
        peripheral = None
        try:
            for _ in range(40):  # until the mock has taken its name on the bus
                peripheral = subprocess.Popen(
                    [sys.executable, PERIPHERAL, NAME], stdout=strap_log, stderr=subprocess.DEVNULL
                )
                time.sleep(1.0)
                if peripheral.poll() is None and "advertising" in log.read_text():
                    break
                peripheral.kill()
                peripheral.wait()
            yield log
        finally:
            for process in (peripheral, mock):
                process.kill()
                process.wait()


async def test_a_strap_is_found_started_read_and_stopped_through_bluez(strap, tmp_path) -> None:
    """From the scan to the goodbye; the second adapter is asked for by name."""
    counts, battery = [], None
    async with open_transport("ble://12345678?device=polar_h10&hci=hci1&timeout=40") as transport:
        async for received in transport.packets():
            match received.packet:
                case SampleBlock(lost_before=lost) as block:
                    assert lost == 0
                    counts += block.counts[:, 0].tolist()
                case Battery(percent=percent):
                    battery = percent
            if len(counts) >= SAMPLES:
                break
    assert battery == 77
    assert np.array_equal(np.diff(counts), np.ones(len(counts) - 1)), "no sample lost, doubled or moved"
    commands = [line for line in strap.read_text().splitlines() if line.startswith("command")]
    assert [line.split()[1][:2] for line in commands] == ["02", "03"], (
        "started once, and stopped before leaving"
    )


async def test_the_mtu_is_asked_of_bluez_where_bleak_read_it_before_the_link_was_there(strap) -> None:
    """A program that starts beside a BlueZ that remembers the device: bleak holds 23, the smallest."""
    async with asyncio.timeout(40):
        found = None
        while found is None:
            devices = await BleakScanner.discover(3.0, bluez={"adapter": "hci1"})
            found = next((device for device in devices if device.name == NAME), None)
        async with BleakClient(found, bluez={"adapter": "hci1"}) as client:
            known = client.services.get_characteristic(ECG)
            path = known.obj[0]
            stale = BleakGATTCharacteristic((path, {}), known.handle, ECG, ["notify"], lambda: 20, client)
            true = known.max_write_without_response_size + 3
            assert true > MIN_MTU
            assert await att_mtu(stale, MIN_MTU) == true
            gone = BleakGATTCharacteristic((f"{path}99", {}), 1, ECG, ["notify"], lambda: 20, client)
            assert await att_mtu(gone, MIN_MTU) == 23


KILLED = f"""
import asyncio
from bleak import BleakClient, BleakScanner

async def main():
    for _ in range(10):
        devices = await BleakScanner.discover(3.0, bluez=dict(adapter="hci1"))
        for device in devices:
            if device.name == {NAME!r}:
                await BleakClient(device, bluez=dict(adapter="hci1")).connect()
                print("connected", flush=True)
                await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_a_link_left_by_a_program_that_was_killed_is_ended_once(strap) -> None:
    """What comes after, the strap found again, only BlueZ itself can show (`benchmarks/virtual_machine`)."""
    program = [sys.executable, "-c", KILLED]
    killed = await asyncio.create_subprocess_exec(*program, stdout=subprocess.PIPE)
    assert await killed.stdout.readline() == b"connected\n"
    killed.kill()
    await killed.wait()
    assert not await free_device(lambda _, name: name == "another")
    assert not await free_device(lambda _, name: name == NAME, "hci0")
    assert await free_device(lambda _, name: name == NAME, "hci1")
    assert not await free_device(lambda _, name: name == NAME)


def objects(*, connected: bool, notifying: bool, acquired: bool = False):
    """What BlueZ would list of an adapter, and of one device with a service and two characteristics."""
    device, listened = "/org/bluez/hci0/dev_1", "org.bluez.GattCharacteristic1"
    return {
        "/org/bluez/hci0": {"org.bluez.Adapter1": {}},
        device: {"org.bluez.Device1": {"Connected": Variant("b", connected)}},
        f"{device}/service1": {"org.bluez.GattService1": {}},
        f"{device}/service1/char1": {listened: {}},
        f"{device}/service1/char2": {
            listened: {"Notifying": Variant("b", notifying), "NotifyAcquired": Variant("b", acquired)}
        },
    }


@pytest.mark.parametrize(
    ("listed", "left"),
    [
        (objects(connected=True, notifying=False), ["/org/bluez/hci0/dev_1"]),
        (objects(connected=True, notifying=True), []),
        (objects(connected=True, notifying=False, acquired=True), []),
        (objects(connected=False, notifying=False), []),
    ],
    ids=["nobody listens", "somebody listens", "somebody has taken it over", "not connected"],
)
def test_only_a_link_that_nobody_listens_to_is_left_over(listed, left) -> None:
    assert left_over(listed) == left
