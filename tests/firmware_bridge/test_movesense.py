import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices import movesense, movesense_activity
from firmware_bridge.devices.millisecond_clock import MillisecondClock
from firmware_bridge.packets import Damage, HeartRate, SampleBlock
from firmware_bridge.source_uri import parse_source_uri
from firmware_bridge.transport import TransportError

COUNTS = st.lists(st.integers(-(2**31), 2**31 - 1), min_size=16, max_size=16)
SHORTS = st.lists(st.integers(-(2**15), 2**15 - 1), min_size=1, max_size=16)


def gsp(milliseconds, counts):
    return b"\x02\x63" + struct.pack("<I16i", milliseconds, *counts)


def activity(milliseconds, shorts):
    return struct.pack(f"<I{len(shorts)}h", milliseconds, *shorts)


def fed(decoder, *payloads):
    return [packet for payload in payloads for packet in decoder.feed(payload)]


def samples_of(packets):
    return [int(v) for p in packets if isinstance(p, SampleBlock) for v in p.counts[:, 0]]


def reasons(packets):
    return [packet.reason for packet in packets if isinstance(packet, Damage)]


def test_commands_are_those_of_the_document():
    assert movesense.subscribe("/Meas/ECG/125") == b"\x01\x63/Meas/ECG/125\x00"
    assert movesense.unsubscribe() == b"\x02\x63"


def test_a_packet_as_the_document_has_it():
    payload = bytes.fromhex("02 63 e8030000 01000000 ffffffff 00000200") + bytes(4 * 13)
    (block,) = movesense.MovesenseDecoder().feed(payload)
    assert block.counts[:, 0].tolist() == [1, -1, 0x20000, *[0] * 13]
    assert block.last_sample_ns == 1_000_000_000 + round(15e9 / 128)
    assert 1000 / movesense.support().device.adc_gain == 0.381469726563


@given(st.integers(0, 2**32 - 1), COUNTS, st.integers(1, 67))
def test_whole_or_in_two_parts_is_the_same(milliseconds, counts, cut):
    whole = gsp(milliseconds, counts)
    parts = [whole[: 2 + cut], b"\x03\x63" + whole[2 + cut :]]
    if cut == 4 + 32:
        parts = [gsp(milliseconds - 125, counts), *parts]  # half a packet is a packet of microvolts
    assert samples_of(fed(movesense.MovesenseDecoder(), *parts))[-16:] == counts
    assert samples_of(fed(movesense.MovesenseDecoder(), whole)) == counts


def test_microvolts_are_known_by_their_length():
    payload = b"\x02\x63" + struct.pack("<I16h", 0, *range(-8, 8))
    found = np.array(samples_of(fed(movesense.MovesenseDecoder(), payload)))
    assert np.allclose(found / movesense.ADC_GAIN * 1000, range(-8, 8), atol=0.2)


def test_a_refusal_is_told():
    packets = fed(movesense.MovesenseDecoder(), b"\x01\x63\x94\x01", b"\x01\x63\xc8\x00")
    assert reasons(packets) == ["the sensor refuses: status 404"]


def test_a_second_part_that_does_not_come_is_told():
    packets = fed(movesense.MovesenseDecoder(), gsp(0, range(16))[:40], gsp(125, range(16)))
    assert reasons(packets) == ["the second part of a packet did not come"]


def test_the_vendors_rule_of_losses():
    decoder = movesense.MovesenseDecoder()
    times = [0, 125, 500, 625 + 101]
    packets = fed(decoder, *(gsp(milliseconds, range(16)) for milliseconds in times))
    lost = [packet.lost_before for packet in packets if isinstance(packet, SampleBlock)]
    assert lost == [0, 0, 32, round(226 * 0.128) - 16]
    assert reasons(packets) == [f"the sensor's buffer overflowed: {lost[-1]} samples lost"]


def test_the_clock_wraps_and_restarts():
    clock = MillisecondClock(128)
    first, wrapped = clock.place(2**32 - 100, 16, 0), clock.place(25, 16, 0)
    assert (wrapped.lost, wrapped.jumped_ms) == (0, 0)
    assert wrapped.last_sample_ns - first.last_sample_ns == 125_000_000
    restarted = clock.place(0, 16, 0)
    assert (restarted.lost, restarted.jumped_ms) == (0, -25)


@given(st.lists(SHORTS, min_size=1, max_size=8))
def test_samples_that_do_not_fit_are_told_as_lost(packets_of_shorts):
    decoder, at = movesense_activity.MovesenseActivityDecoder(), 0
    packets = []
    for shorts in packets_of_shorts:
        at += len(shorts)
        packets += fed(decoder, activity(4 * (at - 1), shorts))
    blocks = [packet for packet in packets if isinstance(packet, SampleBlock)]
    told = sum(len(block.counts) + block.lost_before for block in blocks)
    every = [value for shorts in packets_of_shorts for value in shorts]
    assert samples_of(packets) == [value for value in every if value != -(2**15)]
    assert told == max((i + 1 for i, value in enumerate(every) if value != -(2**15)), default=0)
    place = 0
    for block in blocks:
        place += block.lost_before + len(block.counts)
        assert block.last_sample_ns == 4_000_000 * (place - 1)


def test_both_characteristics_and_the_heart_rate():
    channel, decoder = movesense_activity.Channel, movesense_activity.MovesenseActivityDecoder()
    assert samples_of(decoder.feed(activity(60, range(16)), channel.ECG_BEFORE)) == list(range(16))
    assert decoder.feed(b"\x10\x48\x00\x04", channel.HEART_RATE) == [HeartRate(72, (1000.0,))]


@pytest.mark.parametrize("fs_hz", movesense.RATES_HZ)
def test_each_rate_has_its_own_path_and_clock(fs_hz):
    support = movesense.support(fs_hz)
    assert support.ble.control.start == movesense.subscribe(f"/Meas/ECG/{fs_hz:g}")
    messages = support.emulation.encode(np.arange(16 * 9, dtype=np.int32).reshape(-1, 1), 16 * 1001)
    packets = fed(support.make_decoder(), *(payload for _, payload in messages[:3] + messages[5:]))
    assert [packet.lost_before for packet in packets] == [0, 0, 0, 32, 0, 0, 0]
    assert support.emulation.answer(b"\x01\x63/Meas/Acc/13\x00") == [(movesense.NOTIFY, b"\x01\x63\x94\x01")]


def test_a_rate_that_it_does_not_have():
    with pytest.raises(TransportError, match="at 125, 128, 200, 250, 256, 500, 512 Hz"):
        parse_source_uri("ble://x?device=movesense&fs=130").support()
