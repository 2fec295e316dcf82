"""Shimmer3: packets by hand after its user guide."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices.shimmer3 import SUPPORT, SUPPORT_EXG2, shimmer_packet
from firmware_bridge.packets import Damage, SampleBlock


def fed(support, *chunks):
    decoder = support.make_decoder()
    return [packet for chunk in chunks for packet in decoder.feed(chunk)]


def rows_of(packets):
    return [row for packet in packets if isinstance(packet, SampleBlock) for row in packet.counts.tolist()]


def test_packets_after_the_answer_to_the_start_command():
    one, two, three = (f"00 {tick} 80 000001 FFFFFE" for tick in ("400000", "800000", "C00000"))
    packets = fed(SUPPORT, bytes.fromhex("FF"), bytes.fromhex(one + two + three))
    assert rows_of(packets) == [[1, -2]] * 3
    (block,) = [packet for packet in packets if isinstance(packet, SampleBlock)]
    assert block.last_sample_ns == 192 * 10**9 // 32_768
    assert not [packet for packet in packets if isinstance(packet, Damage)]


def test_both_chips():
    packets = "".join(f"00 {t} 80 000001 FFFFFE 80 000000 7FFFFF" for t in ("400000", "800000", "C00000"))
    assert rows_of(fed(SUPPORT_EXG2, bytes.fromhex(packets))) == [[1, -2, 8_388_607]] * 3


@given(st.integers(0, 2**24 // 64), st.integers(0, 10))
def test_a_stream_of_zeros_is_joined_at_the_right_byte(first, cut):
    stream = b"".join(shimmer_packet((first + i) * 64, [0, 0]) for i in range(12))
    packets = fed(SUPPORT, stream[cut:])
    assert rows_of(packets) == [[0, 0]] * (12 - (cut > 0))


def test_a_gap_over_the_turn_of_the_clock():
    ticks = [2**24 - 128, 2**24 - 64, 0, 64, 64 * 1000, 64 * 1001, 64 * 1002]
    packets = fed(SUPPORT, *[shimmer_packet(tick, [5, 6]) for tick in ticks])
    assert sum(packet.lost_before for packet in packets if isinstance(packet, SampleBlock)) == 998
    assert len(rows_of(packets)) == 7
    times = [packet.last_sample_ns for packet in packets if isinstance(packet, SampleBlock)]
    assert times == sorted(times)


@pytest.mark.parametrize(("asked", "got"), [(512.0, 512.0), (500.0, 32_768 / 66), (204.8, 204.8)])
def test_the_rate_is_what_the_divider_makes_of_it(asked, got):
    support = SUPPORT.at_rate(asked)
    assert support.device.fs_hz == pytest.approx(got)
    counts = np.arange(20, dtype=np.int32).reshape(-1, 2)
    packets = fed(support, *[message for _, message in support.emulation.encode(counts, 7)])
    assert rows_of(packets) == counts.tolist()
