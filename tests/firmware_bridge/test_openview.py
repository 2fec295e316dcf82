from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices.openview import SUPPORT, openview_packet
from firmware_bridge.packets import Damage, HeartRate, SampleBlock

SAMPLES = st.lists(st.integers(-(2**15), 2**15 - 1), min_size=1, max_size=40)
NOISE = st.binary(max_size=50)


def fed(chunks):
    decoder = SUPPORT.make_decoder()
    return [packet for chunk in chunks for packet in decoder.feed(chunk)]


def samples_of(packets):
    return [int(v) for p in packets if isinstance(p, SampleBlock) for v in p.counts[:, 0]]


def stream_of(samples):
    return b"".join(openview_packet(sample) for sample in samples)


def test_a_packet_as_the_firmware_sends_it():
    packets = fed([bytes.fromhex("0AFA 0900 02 39FF 0100 4803 4800 00 000B")])
    assert samples_of(packets) == [-199]
    assert HeartRate(72, (840.0,)) in packets


@given(SAMPLES)
def test_whole_and_one_byte_at_a_time_are_the_same(samples):
    stream = stream_of(samples)
    assert samples_of(fed([stream])) == samples
    assert samples_of(fed(bytes([octet]) for octet in stream)) == samples


@given(SAMPLES, st.integers(1, 14))
def test_a_cut_packet_waits_for_its_rest(samples, cut):
    stream = stream_of([*samples, 7])
    decoder = SUPPORT.make_decoder()
    assert samples_of(decoder.feed(stream[:-cut])) == samples
    assert samples_of(decoder.feed(stream[-cut:])) == [7]


@given(NOISE.filter(lambda noise: b"\x0a" not in noise), SAMPLES, NOISE)
def test_leading_and_trailing_garbage(leading, samples, trailing):
    packets = fed([leading + stream_of(samples) + trailing])
    assert samples_of(packets)[: len(samples)] == samples
    assert sum(p.n_bytes for p in packets if isinstance(p, Damage)) >= len(leading)


@given(SAMPLES, st.integers(0, 15), SAMPLES)
def test_a_packet_that_lost_bytes_is_skipped_and_told(before, missing, after):
    broken = openview_packet(0x1234)[:missing]
    packets = fed([stream_of(before) + broken + stream_of(after)])
    assert samples_of(packets) == before + after
    assert sum(p.n_bytes for p in packets if isinstance(p, Damage)) == missing


@given(st.lists(NOISE, max_size=8))
def test_noise_never_raises_and_never_grows(chunks):
    decoder = SUPPORT.make_decoder()
    for chunk in chunks:
        decoder.feed(chunk)
    assert len(decoder._cutter._pending) < 16


def test_reset_forgets_half_a_packet():
    decoder = SUPPORT.make_decoder()
    decoder.feed(openview_packet(1)[:9])
    decoder.reset()
    assert samples_of(decoder.feed(openview_packet(2))) == [2]


def test_heart_rate_is_told_once_until_it_changes():
    stream = b"".join(openview_packet(0, rr_ms=800, bpm=75) for _ in range(9)) + openview_packet(
        0, 0, 810, 74
    )
    told = [p for p in fed([stream]) if isinstance(p, HeartRate)]
    assert told == [HeartRate(75, (800.0,)), HeartRate(74, (810.0,))]
