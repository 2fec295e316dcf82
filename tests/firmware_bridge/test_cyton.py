"""OpenBCI Cyton: frames by hand after docs.openbci.com (Cyton data format), and its traps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.devices.cyton import SUPPORT, cyton_frame
from firmware_bridge.packets import Damage, SampleBlock

ROWS = [[n, -n, 100_000 + n] for n in range(40)]


def fed(*chunks):
    decoder = SUPPORT.make_decoder()
    return [packet for chunk in chunks for packet in decoder.feed(chunk)]


def rows_of(packets):
    return [row for packet in packets if isinstance(packet, SampleBlock) for row in packet.counts.tolist()]


def frames(n=40):
    return [cyton_frame(i, row) for i, row in enumerate(ROWS[:n])]


def test_frames_as_the_document_has_them():
    channels = "000001 FFFFFF 7FFFFF 800000 000000 000000 000000 000000"
    stream = bytes.fromhex(f"A0 05 {channels} 000000000000 C0  A0 06 {channels} 123456789ABC C6")
    assert rows_of(fed(stream)) == [[1, -1, 8_388_607]] * 2


def test_a_count_is_22_nanovolts():
    assert 1e6 / SUPPORT.device.adc_gain == pytest.approx(4.5e9 / (2**23 - 1) / 24, rel=1e-9)


@given(n=st.integers(1, 37), at=st.integers(1, 31))
def test_bytes_lost_within_a_frame_cost_it_and_no_wrong_sample(n, at):
    stream = frames()
    stream[n] = stream[n][:at] + stream[n][at + 1 :]
    packets = fed(b"".join(stream))
    assert [row for row in rows_of(packets) if row not in ROWS] == []
    assert len(rows_of(packets)) >= len(ROWS) - 2


@given(n=st.integers(2, 37), counter=st.integers(0, 255))
@settings(max_examples=40)
def test_a_spoiled_number_is_no_gap_of_a_second(n, counter):
    stream = frames()
    stream[n] = stream[n][:1] + bytes([counter]) + stream[n][2:]
    packets = fed(*stream)
    lost = sum(packet.lost_before for packet in packets if isinstance(packet, SampleBlock))
    assert lost == 40 - len(rows_of(packets)) <= 2


@given(st.lists(st.sampled_from([0xA0, 0xC0, 0x00]), min_size=24, max_size=24), st.integers(3, 36))
def test_frames_full_of_false_heads(octets, n):
    body = bytes(octets)
    stream = [bytes([0xA0, i]) + body + bytes(6) + bytes([0xC0]) for i in range(40)]
    row = np.frombuffer(body, np.uint8).reshape(-1, 3).astype(int) @ [65536, 256, 1]
    expected = [int(v - (v >> 23 << 24)) for v in row[:3]]
    stream[n] = stream[n][5:]
    rows = rows_of(fed(b"".join(stream)))
    assert rows.count(expected) == len(rows) >= 38


def test_a_gap_of_255_is_told_and_one_of_256_cannot_be():
    encode = SUPPORT.emulation.encode
    before, after = encode(np.zeros((4, 3), np.int32), 0), encode(np.zeros((4, 3), np.int32), 4 + 255)
    packets = fed(*[m for _, m in before + after])
    assert sum(p.lost_before for p in packets if isinstance(p, SampleBlock)) == 255
    after = encode(np.zeros((4, 3), np.int32), 4 + 256)
    packets = fed(*[m for _, m in before + after])
    assert sum(p.lost_before for p in packets if isinstance(p, SampleBlock)) == 0
    assert not [p for p in packets if isinstance(p, Damage)]
