"""The account of the virtual machine's run: it has to notice what is wrong."""

import struct

import pytest

from benchmarks.virtual_machine.bluetooth_account import Heard, taken
from benchmarks.virtual_machine.hci_log import sessions
from benchmarks.virtual_machine.played import FS_HZ, played_uv
from benchmarks.virtual_machine.services_account import Found, counted
from edge.stream import PlacedBlock
from firmware_bridge.devices.polar_h10_frames import DEVICE_EPOCH_NS, SAMPLES_PER_FRAME
from firmware_bridge.packets import SampleBlock

COMMAND, EVENT, RECEIVED = 2, 3, 5
NAME = "Polar H10 1"


def block(first, shown=None):
    """A frame whose clock says `first` and whose samples are those of `shown`."""
    counts = played_uv(first if shown is None else shown, SAMPLES_PER_FRAME)[:, None]
    return SampleBlock(counts, DEVICE_EPOCH_NS + round((first + SAMPLES_PER_FRAME) * 1e9 / FS_HZ))


@pytest.mark.parametrize(
    ("second", "n_wrong"),
    [(block(73), 0), (block(146), 0), (block(0), 73), (block(73, shown=74), 73), (block(72, shown=73), 73)],
    ids=["next", "after a gap", "twice", "one sample on", "clock behind"],
)
def test_a_sample_that_is_not_where_it_belongs_is_wrong(second, n_wrong):
    heard = Heard()
    taken(heard, second, taken(heard, block(0), 0))
    assert (heard.n, heard.n_wrong) == (146, n_wrong)


def record(kind, at_s, packet):
    return struct.pack(">IIIIq", len(packet), len(packet), kind, 0, round(at_s * 1e6)) + packet


def trace(path, *records):
    path.write_bytes(struct.pack(">8sII", b"btsnoop\0", 1, 2001) + b"".join(records))
    return path


def notification(n_bytes):
    value = bytes([0x1B, 0x20, 0]) + bytes(n_bytes)
    return struct.pack("<HHHH", 0x2040, len(value) + 4, len(value), 4) + value


def test_the_moments_of_a_connection_are_those_of_the_trace(tmp_path):
    scan_on = record(COMMAND, 10, bytes.fromhex("0c20020101"))
    other = record(EVENT, 10.2, bytes([0x3E, 9, 2]) + b"another")
    advertised = record(EVENT, 10.5, bytes([0x3E, 20, 2]) + NAME.encode())
    refused = record(EVENT, 10.8, bytes([0x3E, 19, 1, 0x3E]) + bytes(17))
    connected = record(EVENT, 11, bytes([0x3E, 19, 1, 0]) + bytes(17))
    ecg = [record(RECEIVED, 12 + i, notification(229)) for i in range(3)]
    rate = record(RECEIVED, 12.5, notification(4))
    again = record(COMMAND, 20, bytes.fromhex("0c20020101"))
    first, second = sessions(
        trace(tmp_path / "t", scan_on, other, advertised, scan_on, refused, connected, *ecg, rate, again),
        NAME,
    )
    moments = [first.after_s(at_s) for at_s in (first.found_s, first.connected_s, first.first_ecg_s)]
    assert moments == ["0.50 s", "1.00 s", "2.00 s"]
    assert first.n_ecg_frames == 3
    assert second.after_s(second.found_s) == "never"


def test_a_file_that_is_no_trace_is_said_to_be_none(tmp_path):
    (tmp_path / "t").write_bytes(b"text")
    with pytest.raises(ValueError, match="no trace of btmon"):
        sessions(tmp_path / "t", NAME)


def kept(at, played_from, n=73):
    """A recorded block at a place of the recording, with what the strap played from another place on."""
    return PlacedBlock(at, 0, played_uv(played_from, n)[:, None])


@pytest.mark.parametrize(
    ("blocks", "account"),
    [
        ([kept(0, 500), kept(73, 573)], Found(146)),
        ([kept(0, 500), kept(73, 574)], Found(146, n_wrong=73)),
        ([kept(0, 500), kept(200, 700)], Found(146, n_missing=127)),
        ([kept(0, 500), kept(200, 687)], Found(146, n_missing=127, worst_ms=100.0)),
        ([kept(0, 980)], Found(73)),
    ],
    ids=["next", "one too many", "after a gap", "a gap of the wrong length", "over the ramp's end"],
)
def test_what_an_edge_kept_is_held_against_what_was_played(blocks, account):
    assert counted(blocks) == account
