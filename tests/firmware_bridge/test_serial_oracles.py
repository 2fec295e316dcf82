"""Boards on a serial port, read by Hearth and, on a pseudo-terminal, by the libraries written for them.

bitalino (GPL-3, BITalino's own), pyshimmer (GPL-3) and pyOpenBCI (MIT, OpenBCI's own) are installed for the
tests alone, without what they would bring along for radios; where one is missing its tests are skipped.
"""

import contextlib
import importlib.util
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from serial import Serial

from firmware_bridge.devices import DEVICES
from firmware_bridge.devices.bitalino import crc4
from firmware_bridge.packets import Damage
from firmware_bridge.pseudo_terminal import PseudoTerminal

RNG = np.random.default_rng(5)
FULL = [-(2**23), 2**23 - 1, -1, 0, 1, 255, 256, -256]


@pytest.fixture
def terminal():
    with PseudoTerminal() as terminal:
        yield terminal


def heard(terminal, n, within_s=5.0):
    """The next `n` bytes of commands."""
    commands, until = b"", time.monotonic() + within_s
    while len(commands) < n and time.monotonic() < until:
        commands += terminal.heard()
        time.sleep(0.01)
    return commands


def rows_by_us(name, octets):
    packets = DEVICES[name].make_decoder().feed(octets)
    assert not [packet for packet in packets if isinstance(packet, Damage)]
    return np.concatenate([packet.counts for packet in packets])


def int24(values):
    return b"".join(int(value).to_bytes(3, "big", signed=True) for value in values)


@pytest.fixture
def bitalino(terminal):
    """BITalino's own driver at the other end; the board has answered which it is."""
    module = pytest.importorskip("bitalino", reason="bitalino is not installed")

    def answer():
        assert heard(terminal, 1) == b"\x07"
        terminal.say(b"BITalino_v5.2\n")

    board = threading.Thread(target=answer)
    board.start()
    device = module.BITalino(terminal.path, timeout=5)
    board.join()
    yield device
    device.close()


def bitalino_frames(counts, first=0):
    """Frames with random digital channels and numbers that go on, and one more whose CRC is wrong."""
    frames = []
    for i, count in enumerate(counts, first):
        digital = int(RNG.integers(16))
        head = bytes([(count & 63) << 2, digital << 4 | count >> 6, i % 16 << 4])
        frames.append(head[:2] + bytes([head[2] | crc4(head)]))
    return frames


def test_bitalino_reads_the_same_and_is_told_the_same(terminal, bitalino):
    """All values of ten bits. A wrong CRC is an error to it and no sample to us."""
    profile = DEVICES["bitalino"].serial
    bitalino.start(1000, [1])
    assert heard(terminal, 2) == profile.start
    frames = bitalino_frames(range(1024))
    theirs = []
    for at in range(0, 1024, 256):
        terminal.say(b"".join(frames[at : at + 256]))
        theirs.append(bitalino.read(256))
    theirs = np.concatenate(theirs)
    assert np.array_equal(rows_by_us("bitalino", b"".join(frames))[:, 0], theirs[:, 5])
    assert np.array_equal(theirs[:, 5], np.arange(1024))
    assert np.array_equal(theirs[:, 0], np.arange(1024) % 16)
    terminal.say(bytes([frames[0][0], frames[0][1], frames[0][2] ^ 1]))
    with pytest.raises(Exception, match="lost communication"):
        bitalino.read(1)
    bitalino.stop()
    assert heard(terminal, 1) == profile.stop


@pytest.fixture
def shimmer(terminal):
    """pyshimmer's side of the port, and the module."""
    commands = pytest.importorskip("pyshimmer.bluetooth.bt_commands", reason="pyshimmer is not installed")
    from pyshimmer.bluetooth.bt_serial import BluetoothSerial

    with Serial(terminal.path, timeout=5) as port:
        yield BluetoothSerial(port), commands


@pytest.mark.parametrize("name", ["shimmer3", "shimmer3_exg2"])
def test_pyshimmer_reads_the_same_and_sends_the_same(terminal, shimmer, name):
    """The channels in the order that it gives to a unit with these chips; ticks also over their turn."""
    from pyshimmer.dev.channels import EChannelType, ESensorGroup, get_ch_dtypes, get_enabled_channels

    port, commands = shimmer
    n_chips = len(DEVICES[name].device.leads) - 1
    chips = [ESensorGroup.EXG1_24BIT, ESensorGroup.EXG2_24BIT][:n_chips]
    channels = [EChannelType.TIMESTAMP, *get_enabled_channels(chips)]
    ticks = (2**24 - 100 * 64 + 64 * np.arange(200)) % 2**24
    values = RNG.choice(FULL, (200, 2 * n_chips))
    packets = [
        b"\x00"
        + int(tick).to_bytes(3, "little")
        + b"".join(b"\x80" + int24(chip) for chip in row.reshape(-1, 2))
        for tick, row in zip(ticks, values, strict=True)
    ]
    kinds = list(zip(channels, get_ch_dtypes(channels), strict=True))
    theirs = []
    for packet in packets:
        assert terminal.say(packet)
        theirs.append(commands.DataPacket(kinds))
        theirs[-1].receive(port)
    leads = [
        EChannelType.EXG_ADS1292R_1_CH1_24BIT,
        EChannelType.EXG_ADS1292R_1_CH2_24BIT,
        EChannelType.EXG_ADS1292R_2_CH2_24BIT,
    ][: n_chips + 1]
    ours = DEVICES[name].make_decoder().feed(b"".join(packets))
    rows = np.concatenate([block.counts for block in ours])
    n = len(rows)
    assert n >= 198, "the last two wait for those that follow them"
    assert rows.tolist() == [[each[lead] for lead in leads] for each in theirs][:n]
    assert [each[EChannelType.TIMESTAMP] for each in theirs] == ticks.tolist()
    assert sum(block.lost_before for block in ours) == 0
    commands.StartStreamingCommand().send(port)
    commands.StopStreamingCommand().send(port)
    profile = DEVICES[name].serial
    assert heard(terminal, 2) == profile.start + profile.stop


@pytest.fixture
def cyton(terminal):
    """OpenBCI's own driver at the other end; the package as a whole needs bluepy, this part does not."""
    package = importlib.util.find_spec("pyOpenBCI")
    if package is None:
        pytest.skip("pyOpenBCI is not installed")
    spec = importlib.util.spec_from_file_location("cyton", Path(package.origin).with_name("cyton.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with contextlib.redirect_stdout(None):
        device = module.OpenBCICyton(port=terminal.path, timeout=5)
        yield device
        device.disconnect()


def test_openbci_reads_the_same_and_sends_the_same(terminal, cyton):
    """Frames that end in C0: its driver knows none of C1 to C6."""
    assert heard(terminal, 1) == b"v"
    values = RNG.choice(FULL, (300, 8))
    frames = [bytes([0xA0, i % 256]) + int24(row) + RNG.bytes(6) + b"\xc0" for i, row in enumerate(values)]
    theirs = []
    for frame in frames:
        assert terminal.say(frame)
        theirs.append(cyton.parse_board_data())
    assert [each.id for each in theirs] == [i % 256 for i in range(300)]
    ours = rows_by_us("cyton", b"".join(frames))
    assert ours.tolist() == [each.channels_data[:3] for each in theirs][: len(ours)]
    assert len(ours) >= 299
    cyton.stop_stream()
    assert heard(terminal, 1) == DEVICES["cyton"].serial.stop
