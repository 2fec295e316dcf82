import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.devices.frame_counter import Counting, FrameCounter
from firmware_bridge.devices.framing import FrameCutter, FrameFormat
from firmware_bridge.devices.reading import Reading
from firmware_bridge.packets import Damage

STRONG = FrameFormat(2, lambda head: 4 if head == b"AB" else 0, lambda frame: frame[-1:] == b"Z")
WEAK = FrameFormat(
    head_bytes=2,
    size=lambda head: 4 if head[:1] == b"A" else 0,
    is_whole=lambda frame: True,
    steps=lambda head, later: (later[1] - head[1]) % 256,
    n_followers=1,
    idle=b"!",
)


def weak(n):
    return bytes([ord("A"), n % 256, ord("A"), ord("A")])


def cut(frame_format, *chunks):
    cutter = FrameCutter(frame_format)
    return [found for chunk in chunks for found in cutter.cut(chunk)]


def test_a_frame_that_is_strong_by_itself_counts_at_once():
    assert cut(STRONG, b"ABxZ") == [b"ABxZ"]
    assert cut(STRONG, b"..ABxZ") == [Damage(2, "bytes between frames"), b"ABxZ"]


def test_a_weak_frame_counts_when_another_continues_it():
    assert cut(WEAK, weak(1)) == []
    assert cut(WEAK, weak(1), weak(2)) == [weak(1), weak(2)]


def test_after_that_each_counts_at_once():
    cutter = FrameCutter(WEAK)
    cutter.cut(weak(1) + weak(2))
    assert cutter.cut(weak(3)) == [weak(3)]


def test_a_counter_that_fits_no_neighbour_is_damage_and_not_a_gap():
    spoiled = b"A\x99AA"
    assert cut(WEAK, weak(1) + weak(2) + spoiled + weak(4) + weak(5)) == [
        weak(1), weak(2), Damage(4, "bytes between frames"), weak(4), weak(5),
    ]  # fmt: skip


def test_a_gap_is_believed_when_the_next_frame_continues_behind_it():
    assert cut(WEAK, weak(1) + weak(2), weak(9), weak(10)) == [weak(1), weak(2), weak(9), weak(10)]


def test_a_frame_that_swallowed_the_next_ones_head_is_not_believed():
    short = weak(3)[:-2]
    found = cut(WEAK, weak(1) + weak(2) + short + weak(4) + weak(5) + weak(6))
    assert found == [weak(1), weak(2), Damage(2, "bytes between frames"), weak(4), weak(5), weak(6)]


def test_answers_between_frames_are_no_damage():
    assert cut(WEAK, weak(1) + weak(2) + b"!", weak(3), b"!!", weak(4)) == [
        weak(1),
        weak(2),
        weak(3),
        weak(4),
    ]


def test_noise_is_told_before_it_ends():
    told = cut(STRONG, bytes(10_000))
    assert [type(found) for found in told] == [Damage, Damage]


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_no_byte_is_lost_or_counted_twice(chunks):
    for frame_format in (STRONG, WEAK):
        cutter = FrameCutter(frame_format)
        found = [each for chunk in chunks for each in cutter.cut(chunk)]
        counted = sum(each.n_bytes if isinstance(each, Damage) else len(each) for each in found)
        idle = sum(chunk.count(b"!") for chunk in chunks)
        n = sum(map(len, chunks))
        assert counted + len(cutter._pending) + cutter._skipped <= n
        assert n - idle <= counted + len(cutter._pending) + cutter._skipped
        assert len(cutter._pending) <= 12


@given(
    before=st.integers(2, 20), missing=st.integers(1, 3), after=st.integers(3, 20), first=st.integers(0, 255)
)
@settings(max_examples=60)
def test_a_cut_in_a_stream_full_of_false_heads_costs_a_frame_or_two(before, missing, after, first):
    frames = [weak(first + i) for i in range(before + 1 + after)]
    stream = b"".join(frames[:before]) + frames[before][:-missing] + b"".join(frames[before + 1 :])
    found = [each for each in cut(WEAK, stream) if not isinstance(each, Damage)]
    assert found[: before - 1] == frames[: before - 1]
    assert found[-after + 1 :] == frames[-after + 1 :]


@pytest.mark.parametrize("lost", [0, 1, 14, 15])
def test_a_short_counter_tells_what_it_can(lost):
    counter = FrameCounter(Counting(16, longest=15))
    assert counter.advance(Reading(tick=9)) == (0, [])
    assert counter.advance(Reading(tick=(10 + lost) % 16)) == (lost, [])


def test_after_an_outage_a_short_counter_knows_nothing():
    counter = FrameCounter(Counting(16, longest=15))
    counter.advance(Reading(tick=3))
    counter.link_lost()
    assert counter.advance(Reading(tick=9)) == (0, [])
    assert counter.advance(Reading(tick=10)) == (0, [])


def test_a_long_counter_goes_on_over_an_outage_and_says_when_it_began_anew():
    counter = FrameCounter(Counting(2**32, longest=1000, outlives_link=True))
    counter.advance(Reading(tick=100))
    counter.link_lost()
    assert counter.advance(Reading(tick=400)) == (299, [])
    lost, (stepped,) = counter.advance(Reading(tick=0))
    assert lost == 0
    assert "stepped from 400 to 0" in stepped.reason


@given(ticks=st.lists(st.integers(1, 2**24 - 1), min_size=1, max_size=50))
def test_a_clock_that_turns_over_runs_on(ticks):
    counter = FrameCounter(Counting(2**24, longest=2**24, ticks_per_frame=64, tick_hz=32_768))
    counter.advance(Reading(tick=2**24 - 5))
    start_ns = counter.clock_ns
    total = 0
    for step in ticks:
        total += step
        counter.advance(Reading(tick=(2**24 - 5 + total) % 2**24))
    assert abs(counter.clock_ns - start_ns - total * 10**9 / 32_768) <= 1


def test_after_an_outage_such_a_clock_does_not_claim_to_know_how_long_it_was():
    counter = FrameCounter(Counting(2**24, longest=2**24, ticks_per_frame=64, tick_hz=32_768))
    counter.advance(Reading(tick=1000))
    before_ns = counter.clock_ns
    counter.link_lost()
    counter.advance(Reading(tick=900_000))
    assert counter.clock_ns <= before_ns
