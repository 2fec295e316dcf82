"""Rhythm by intervals alone, from a strap's messages to events, also across a kill."""

from concurrent.futures import wait
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.disk_space import SpaceLimits, measure
from edge.events import EpisodeEvent, MinuteEvent, NoticeEvent, decode_event
from edge.interval_beats import Heard, IntervalBeats
from edge.interval_journal import IntervalJournal, interval_files, read_journal
from edge.interval_pipeline import FS_HZ, IntervalPipeline
from edge.interval_session import IntervalSession
from edge.labels import BeatClass, Finding, Rhythm
from edge.messages import MessageWriter
from edge.outbox import Outbox
from edge.pipeline import PipelineSettings
from edge.recorder import RecorderSettings
from edge.recording_folder import new_recording
from edge.stream import NS_PER_S, EpisodeStep, MinuteSummary
from firmware_bridge.devices import heart_rate
from firmware_bridge.packets import HeartRate
from firmware_bridge.transports import open_transport

START_NS = 1_760_000_040 * NS_PER_S
LATE_S = 0.7
RR_MS = st.lists(st.integers(205, 3071).map(lambda ticks: ticks * 1000 / 1024), min_size=1, max_size=60)


def messages(rr_ms, contact=True, start_s=0.0):
    """As a strap sends them: once a second, what has ended since."""
    ends_s = start_s + np.cumsum(rr_ms) / 1000
    told = []
    for second in range(int(start_s), int(ends_s[-1]) + 2):
        ended = [rr for rr, end in zip(rr_ms, ends_s, strict=True) if second - 1 <= end < second]
        told.append(Heard(START_NS + round((second + LATE_S) * NS_PER_S), tuple(ended), contact))
    return told


def sinus(bpm, seconds, seed=0):
    n = round(seconds * bpm / 60)
    wave = 0.03 * np.sin(np.arange(n) / 5) + 0.01 * np.random.default_rng(seed).standard_normal(n)
    return (60_000 / bpm * (1 + wave)).tolist()


def fibrillation(seconds, seed=1):
    rr_ms = np.random.default_rng(seed).gamma(16, 42, round(seconds * 1.6)).clip(330, 1700)
    return rr_ms.tolist()


def said(pipeline, rr_ms):
    outputs = [output for heard in messages(rr_ms) for output in pipeline.feed(heard)]
    return [*outputs, *pipeline.flush()]


def spans(outputs):
    ends = [o for o in outputs if isinstance(o, EpisodeStep) and o.phase == "end"]
    at = lambda ns: (ns - START_NS) / NS_PER_S  # noqa: E731
    return [(o.span.finding, round(at(o.span.onset_ns)), round(at(o.span.end_ns))) for o in ends]


@pytest.fixture
def pipeline(encoder):
    return IntervalPipeline(encoder, PipelineSettings())


@given(RR_MS)
def test_a_run_is_one_beat_more_than_its_intervals(rr_ms):
    tracker = IntervalBeats()
    beats = [beat for heard in messages(rr_ms) for beat in tracker.feed(heard)]
    assert [beat.rr_ms for beat in beats] == [None, *rr_ms]
    assert [beat.is_first for beat in beats] == [True] + [False] * len(rr_ms)
    assert all(a.at_ns < b.at_ns for a, b in pairwise(beats))
    taken_ns = beats[-1].at_ns - beats[0].at_ns
    assert abs(taken_ns / 1e6 - sum(rr_ms)) <= 1 + len(messages(rr_ms))


@pytest.mark.parametrize(
    ("trouble", "is_pause"),
    [
        (Heard(START_NS + 9 * NS_PER_S, (800.0,), contact=False), False),
        (Heard(START_NS + 9 * NS_PER_S, (150.0,)), False),
        (Heard(START_NS + 30 * NS_PER_S, (800.0,)), False),
        (Heard(START_NS + 12 * NS_PER_S, (4000.0,)), True),
        (Heard(START_NS + 18 * NS_PER_S, (9500.0,)), False),
    ],
)
def test_what_cannot_follow_begins_a_new_run(trouble, is_pause):
    tracker = IntervalBeats()
    first = tracker.feed(Heard(START_NS + 8 * NS_PER_S, (800.0, 800.0)))
    assert [beat.rr_ms for beat in first] == [None, 800.0, 800.0]
    told = [*tracker.feed(trouble)]
    told += tracker.feed(Heard(trouble.at_ns + NS_PER_S, (800.0,)))
    assert any(beat.is_first for beat in told)
    assert any(beat.rr_ms == 4000.0 for beat in told) is is_pause


def test_fibrillation_is_told_by_intervals(pipeline):
    rr_ms = [*sinus(70, 300), *fibrillation(240), *sinus(70, 300, seed=3)]
    outputs = said(pipeline, rr_ms)
    af_from_s, af_to_s = 300, round(sum(rr_ms) / 1000) - 300
    (episode,) = [span for span in spans(outputs) if span[0] is Finding.ATRIAL_FIBRILLATION]
    assert 0 <= episode[1] - af_from_s < 45
    assert abs(episode[2] - af_to_s) < 20
    minutes = [output for output in outputs if isinstance(output, MinuteSummary)]
    in_af_s = sum(minute.rhythm_s.get(Rhythm.ATRIAL_FIBRILLATION, 0) for minute in minutes)
    assert abs(in_af_s - (af_to_s - af_from_s)) < 60
    assert sum(minute.beats[BeatClass.UNKNOWN] for minute in minutes) == len(rr_ms) + 1
    assert abs(minutes[2].mean_heart_rate_bpm - 70) < 2


def test_slow_fast_and_a_pause(pipeline):
    rr_ms = [*sinus(70, 60), *sinus(35, 60), *sinus(70, 60), *sinus(160, 60), *sinus(70, 30), 4200.0]
    found = spans(said(pipeline, [*rr_ms, *sinus(70, 30)]))
    assert [finding for finding, *_ in found] == [
        Finding.BRADYCARDIA,
        Finding.TACHYCARDIA,
        Finding.PAUSE,
    ]
    assert found[2][2] - found[2][1] == 4


def test_lost_contact_is_time_that_cannot_be_read_and_no_pause(pipeline):
    outputs = []
    for heard in messages(sinus(70, 60)):
        outputs += pipeline.feed(heard)
    assert pipeline.vitals.analysable
    assert abs(pipeline.vitals.heart_rate_bpm - 70) < 3
    for second in range(62, 122):
        outputs += pipeline.feed(Heard(START_NS + second * NS_PER_S, (), contact=False))
    assert not pipeline.vitals.analysable
    assert pipeline.vitals.heart_rate_bpm is None
    for heard in messages(sinus(70, 60), start_s=122):
        outputs += pipeline.feed(heard)
    outputs += pipeline.flush()
    ((finding, start_s, stop_s),) = spans(outputs)
    assert finding is Finding.UNANALYSABLE
    assert 55 < stop_s - start_s < 65


def test_a_strap_without_intervals_is_told_as_unreadable(pipeline):
    outputs = []
    for second in range(90):
        outputs += pipeline.feed(Heard(START_NS + second * NS_PER_S, (), contact=True))
    ((finding, start_s, stop_s),) = spans(outputs + pipeline.flush())
    assert (finding, start_s) == (Finding.UNANALYSABLE, 0)
    assert stop_s > 75


def recorded(folder, encoder, outbox, recording=None, settings=None):
    recording = recording or new_recording(folder, "ble://x", heart_rate.SUPPORT.device)
    writer = MessageWriter("d", "p", recording.recording_id, FS_HZ, recording.leads, {})
    make = partial(IntervalPipeline, encoder, PipelineSettings())
    return IntervalSession(recording, make, settings or RecorderSettings(), outbox, writer)


def hear(session, told):
    for heard in told:
        session.hear(HeartRate(70, heard.rr_ms, heard.contact), heard.at_ns)


RHYTHM = [*sinus(70, 120), *fibrillation(120), 4200.0, *sinus(70, 60)]
TICKS = [round(rr * 1.024) * 1000 / 1024 for rr in RHYTHM]


async def test_a_killed_edge_tells_the_same(tmp_path, encoder):
    outbox = Outbox(tmp_path / "outbox.sqlite")
    session = recorded(tmp_path, encoder, outbox)
    told = messages(TICKS)
    hear(session, told[:200])
    recording = session.recording
    session._journal.close()
    with interval_files(recording.folder)[-1].open("ab") as journal:
        journal.write(b"HCAP\x20torn")
    again = recorded(tmp_path, encoder, outbox, recording)
    await again.recover()
    assert again.newest_ns() == told[199].at_ns
    hear(again, told[200:])
    await again.finish()
    events = [decode_event(row.payload) for row in outbox.unsent(10_000)]
    outbox.close()
    (tmp_path / "whole").mkdir()
    whole = Outbox(tmp_path / "whole" / "outbox.sqlite")
    uncut = recorded(tmp_path / "whole", encoder, whole, None)
    hear(uncut, told)
    await uncut.finish()
    expected = [decode_event(row.payload) for row in whole.unsent(10_000)]
    whole.close()
    kept = {"finding", "phase", "onset_at", "end_at", "start_at", "beats", "rhythm_s", "heart_rate_bpm"}
    of = lambda all_: sorted(str(event.model_dump(include=kept)) for event in all_)  # noqa: E731
    assert of(events) == of(expected)
    assert len({event.event_id for event in events}) == len(events)


@pytest.mark.parametrize("killed_at", [[], [30, 31, 95], [60, 120, 180, 240]])
async def test_segments_begin_each_hour_and_each_start_and_all_is_read_once(tmp_path, encoder, killed_at):
    outbox = Outbox(tmp_path / "outbox.sqlite")
    settings = RecorderSettings(segment_s=50, tidy_every_s=3600)
    told, recording, at = messages(TICKS), None, 0
    for stop in [*killed_at, len(told)]:
        session = recorded(tmp_path, encoder, outbox, recording, settings)
        await session.recover()
        assert session._pipeline.n_heard == at
        hear(session, told[at:stop])
        session._journal.close()
        recording, at = session.recording, stop
    await session.finish()
    outbox.close()
    assert list(read_journal(recording.folder)) == told
    starts = [0, *killed_at, len(told)]
    expected = sum(-(-(stop - start) // 50) for start, stop in pairwise(starts))
    assert len(interval_files(recording.folder)) == expected


async def test_the_oldest_segments_of_intervals_go_after_that_was_told(tmp_path, encoder):
    root = tmp_path / "recordings"
    outbox = Outbox(tmp_path / "outbox.sqlite")
    limits = SpaceLimits(max_bytes=6000, warn_hours=0.0, reserve_bytes=0)
    session = recorded(root, encoder, outbox, None, RecorderSettings(20, limits, tidy_every_s=0.0))
    for heard in messages(TICKS):
        hear(session, [heard])
        if session._keeper._look is not None:
            wait([session._keeper._look])
    await session.finish()
    events = [decode_event(row.payload) for row in outbox.unsent(10_000)]
    outbox.close()
    texts = [event.text for event in events if isinstance(event, NoticeEvent) and event.code == "disk_limit"]
    numbers = [int(path.stem) for path in interval_files(session.recording.folder)]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert numbers[0] > 5
    assert any(text.endswith(f"/{numbers[0] - 1:06d}") for text in texts), "the last that went was named"
    assert measure(root).used_bytes < 8000


async def test_every_episode_says_that_it_is_by_intervals(tmp_path, encoder):
    outbox = Outbox(tmp_path / "outbox.sqlite")
    session = recorded(tmp_path, encoder, outbox)
    hear(session, messages(TICKS))
    await session.finish()
    events = [decode_event(row.payload) for row in outbox.unsent(10_000)]
    outbox.close()
    episodes = [event for event in events if isinstance(event, EpisodeEvent)]
    assert {event.finding for event in episodes} == {Finding.ATRIAL_FIBRILLATION, Finding.PAUSE}
    assert all("intervals" in event.seen_by and event.strip is None for event in episodes)
    assert any(isinstance(event, MinuteEvent) for event in events)


async def test_the_journal_plays_as_a_capture(tmp_path):
    journal = IntervalJournal(tmp_path)
    told = messages(TICKS[:60])
    for heard in told:
        journal.add(HeartRate(70, heard.rr_ms, heard.contact), heard.at_ns)
    journal.add_break(told[-1].at_ns)
    journal.close()
    assert list(read_journal(tmp_path)) == [*told, None]
    uri = f"capture://{tmp_path}/000001.hcap?device=heart_rate&speed=max"
    async with open_transport(uri) as transport:
        received = [one async for one in transport.packets() if isinstance(one.packet, HeartRate)]
    assert [one.packet.rr_ms for one in received] == [heard.rr_ms for heard in told]
    steps = np.diff([one.host_time_ns for one in received])
    assert steps.tolist() == np.diff([heard.at_ns for heard in told]).tolist()
