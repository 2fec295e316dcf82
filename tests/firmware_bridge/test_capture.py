import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.capture import CaptureWriter, Chunk, DamagedBytes, chunk_bytes, read_capture
from firmware_bridge.devices.polar_h10 import Channel
from firmware_bridge.devices.polar_h10_frames import ecg_frame
from firmware_bridge.packets import Battery, Damage, SampleBlock
from firmware_bridge.transport import TransportError
from firmware_bridge.transports import open_transport

CHUNKS = st.lists(
    st.builds(Chunk, st.integers(0, 2**64 - 1), st.text(max_size=40), st.binary(max_size=300)), max_size=12
)


def read_back(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "capture"
        path.write_bytes(content)
        return list(read_capture(path))


def intact(entries):
    return [entry for entry in entries if isinstance(entry, Chunk)]


def damaged_bytes(entries):
    return sum(entry.n_bytes for entry in entries if isinstance(entry, DamagedBytes))


@given(CHUNKS)
def test_what_is_written_is_read(chunks):
    assert read_back(b"".join(map(chunk_bytes, chunks))) == chunks


@given(CHUNKS, st.data())
def test_a_cut_tail_costs_the_last_entry_and_is_counted(chunks, data):
    last = chunk_bytes(Chunk(7, "ecg", b"the last"))
    cut = data.draw(st.integers(1, len(last) - 1))
    entries = read_back(b"".join(map(chunk_bytes, chunks)) + last[:cut])
    assert intact(entries) == chunks
    assert damaged_bytes(entries) == cut


@given(CHUNKS, st.data(), CHUNKS)
def test_a_flipped_bit_costs_one_entry(before, data, after):
    entry = bytearray(chunk_bytes(Chunk(7, "ecg", b"in the middle")))
    entry[data.draw(st.integers(0, len(entry) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    entries = read_back(b"".join(map(chunk_bytes, before)) + entry + b"".join(map(chunk_bytes, after)))
    assert intact(entries) == before + after
    assert damaged_bytes(entries) == len(entry)


@given(st.binary(max_size=400))
def test_any_file_is_read_to_its_end(content):
    entries = read_back(content)
    assert damaged_bytes(entries) + sum(len(chunk_bytes(e)) for e in intact(entries)) == len(content)


def test_appending_after_a_damaged_tail(tmp_path):
    path = tmp_path / "capture"
    path.write_bytes(chunk_bytes(Chunk(1, "a", b"one")) + b"HCAP\x10")
    with CaptureWriter(path) as capture:
        capture.write(Chunk(2, "a", b"two"))
    entries = list(read_capture(path))
    assert [chunk.payload for chunk in intact(entries)] == [b"one", b"two"]
    assert damaged_bytes(entries) == 5


async def test_a_capture_plays_through_the_decoder(tmp_path):
    path = tmp_path / "session"
    with CaptureWriter(path) as capture:
        capture.write(Chunk(10**18, Channel.BATTERY, b"\x57"))
        for i in range(5):
            samples = np.arange(73 * i, 73 * (i + 1), dtype=np.int32)
            capture.write(
                Chunk(10**18 + i * 10**8, Channel.ECG, ecg_frame(samples, round(73 * (i + 1) * 1e9 / 130)))
            )
    path.write_bytes(path.read_bytes() + b"torn")
    async with open_transport(f"capture://{path}?device=polar_h10&speed=2") as transport:
        packets = [received async for received in transport.packets()]
    assert packets[0].packet == Battery(87)
    counts = np.concatenate([r.packet.counts for r in packets if isinstance(r.packet, SampleBlock)])
    assert counts[:, 0].tolist() == list(range(73 * 5))
    assert isinstance(packets[-1].packet, Damage)
    assert 0.19 < (packets[-2].host_time_ns - packets[0].host_time_ns) / 1e9 < 1


async def test_no_such_capture(tmp_path):
    with pytest.raises(TransportError, match="no such capture"):
        async with open_transport(f"capture://{tmp_path}/none?device=polar_h10"):
            pass
