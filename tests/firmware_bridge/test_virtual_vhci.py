"""A virtual strap as an adapter of the computer; a pseudo-terminal has the kernel's end of `/dev/vhci`."""

import asyncio
import os
import pty
import tty

import pytest
from bumble import hci

from edge.command_line import main
from firmware_bridge.commands import virtual
from firmware_bridge.virtual_radio import VirtualRadio

FEATURES = hci.LeFeatureMask


@pytest.fixture
def vhci():
    """The kernel's end, and the path of the other."""
    kernel, device = pty.openpty()
    tty.setraw(device)
    yield kernel, os.ttyname(device)
    os.close(kernel)
    os.close(device)


async def told(kernel, n):
    """The next bytes that the kernel is sent."""
    ready = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(kernel, ready.set)
    await ready.wait()
    loop.remove_reader(kernel)
    return os.read(kernel, n)


async def test_the_kernel_gets_an_adapter_without_the_features_that_it_fails_on(vhci):
    kernel, path = vhci
    async with asyncio.timeout(10), await VirtualRadio("Polar H10 1", "C0:11:22:33:44:55").open_vhci(path):
        assert await told(kernel, 2) == b"\xff\x00", "asks for an adapter"
        os.write(kernel, bytes(hci.HCI_LE_Read_Local_Supported_Features_Command()))
        answer = hci.HCI_Packet.from_bytes(await told(kernel, 260))
    features = FEATURES(int.from_bytes(answer.return_parameters.le_features, "little"))
    assert FEATURES.LE_ENCRYPTION in features
    assert not features & (FEATURES.LL_PRIVACY | FEATURES.LE_EXTENDED_ADVERTISING)


@pytest.mark.parametrize(("there", "why"), [(False, "No such file or directory"), (True, "Is a directory")])
def test_a_computer_without_virtual_hci_says_so_in_one_line(there, why, tmp_path, monkeypatch, capsys):
    path = tmp_path if there else tmp_path / "vhci"
    monkeypatch.setattr(virtual, "_VHCI", str(path))
    record = tmp_path / "flat.csv"
    record.write_text("Sample Rate,130 hertz\nLead,Lead I\nUnit,µV\n\n" + "0\n" * 200)
    assert main(["devices", "virtual-h10", "--record", str(record), "--listen", "vhci"]) == 2
    told = capsys.readouterr()
    assert told.err == f"hearth: cannot listen on {path}: {why} (as root, after modprobe hci_vhci)\n"
    assert told.out.splitlines()[-1] == "  ble://Polar H10 00000001?device=polar_h10"
