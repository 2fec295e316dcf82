"""Questions about the signal at the edge: codec, desk, and answers from what is recorded."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.ask_desk import AskDesk, without_answer
from edge.ask_measured import MeasuredAnswers, evidence_sentences, named_in
from edge.events import AskAnswer, AskRequest, AskWindow, encode
from edge.evidence import Evidence, EvidenceBeat, EvidenceSpan
from edge.labels import BeatClass, Waveform
from edge.recorded_window import recorded_window
from edge.recorder import Recorder, RecorderSettings
from edge.recording_folder import new_recording
from edge.stream import NS_PER_S, PlacedBlock
from firmware_bridge.device import Device

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
FS_HZ = 130.0
NEWEST = (AskWindow(),)


def request(deadline_s=20.0, age_s=0.0, question="what do you see?", about=NEWEST):
    return AskRequest(
        question_id=uuid4(),
        device_id="strap-1",
        asked_at=datetime.now(UTC) - timedelta(seconds=age_s),
        deadline_s=deadline_s,
        question=question,
        about=about,
    )


plain = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=500)
windows = st.builds(
    AskWindow,
    seconds=st.floats(0.1, 60),
    start_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    episode_id=st.none() | st.uuids(),
)


@given(plain, st.lists(windows, min_size=1, max_size=2), st.floats(0.1, 300))
def test_a_request_comes_through_the_codec_as_it_was(question, about, deadline_s):
    sent = request(deadline_s, question=question, about=tuple(about))
    assert AskRequest.model_validate_json(encode(sent)) == sent


@pytest.mark.parametrize(
    "change",
    [
        {"question": "x" * 501},
        {"question": ""},
        {"question": "a\nb"},
        {"question": "a\x1b[2J"},
        {"about": []},
        {"about": [{"seconds": 61}]},
        {"about": [{}, {}, {}]},
        {"deadline_s": 0},
        {"asked_at": "2026-01-01T00:00:00"},
        {"unknown": 1},
    ],
)
def test_what_breaks_the_contract_is_refused(change):
    with pytest.raises(ValidationError):
        AskRequest.model_validate({**request().model_dump(mode="json"), **change})


class Desk:
    """A desk that works, and what it replied."""

    def __init__(self, answer, capacity=4):
        self.replies = []
        self.desk = AskDesk(answer, self.replies.append, capacity)

    async def settle(self, requests, until_s=1.0):
        for one in requests:
            self.desk.submit(one)
        working = asyncio.create_task(self.desk.run())
        await asyncio.sleep(until_s)
        working.cancel()
        return [reply.status for reply in self.replies]


async def at_once(asked):
    return without_answer(asked, "answered", "seen")


async def test_each_question_gets_one_answer_with_its_latency():
    asked = request()
    desk = Desk(at_once)
    assert await desk.settle([asked, asked, request()], 0.1) == ["answered", "answered"]
    assert desk.replies[0].question_id == asked.question_id
    assert desk.replies[0].latency_s is not None


async def test_a_question_whose_time_is_over_is_void():
    assert await Desk(at_once).settle([request(deadline_s=5, age_s=6)], 0.1) == []


async def test_a_slow_answer_is_late_and_the_next_one_is_answered():
    async def slow(asked):
        await asyncio.sleep(5 if asked.question == "slow" else 0)
        return await at_once(asked)

    statuses = await Desk(slow).settle([request(0.2, question="slow"), request()], 0.6)
    assert statuses == ["late", "answered"]


async def test_a_full_desk_says_so():
    statuses = await Desk(at_once, capacity=2).settle([request() for _ in range(3)], 0.1)
    assert sorted(statuses) == ["answered", "answered", "refused"]


async def test_a_desk_is_settled_when_everybody_has_an_answer():
    async def slow(asked):
        await asyncio.sleep(0.1)
        return await at_once(asked)

    desk = Desk(slow)
    await desk.desk.settled()
    for _ in range(2):
        desk.desk.submit(request())
    working = asyncio.create_task(desk.desk.run())
    await asyncio.wait_for(desk.desk.settled(), 5)
    working.cancel()
    assert [reply.status for reply in desk.replies] == ["answered", "answered"]


async def test_an_answer_that_fails_does_not_end_the_desk(caplog):
    async def broken(asked):
        if asked.question == "break":
            raise ZeroDivisionError
        return await at_once(asked)

    assert await Desk(broken).settle([request(question="break"), request()], 0.1) == ["refused", "answered"]
    assert "ZeroDivisionError" in caplog.text


@pytest.fixture
def recorded(tmp_path):
    """Three segments: 100 s, a gap of 20 s, 50 s; the value of a sample is its index."""
    recording = new_recording(tmp_path, "replay:x", Device("strap", FS_HZ, ("I",), 1000.0))
    recorder = Recorder(recording.folder, FS_HZ, ("I",), RecorderSettings(segment_s=60))
    start_ns = round(START.timestamp()) * NS_PER_S
    for second in [*range(100), *range(120, 170)]:
        index = np.arange(second * 130, (second + 1) * 130, dtype=np.int32)
        recorder.append(PlacedBlock(second * 130, start_ns + second * NS_PER_S, index[:, None]))
    yield tmp_path
    recorder.close()


def samples(window):
    return np.concatenate([block.ecg_uv[:, 0] for block in window.blocks])


def test_the_newest_window_ends_with_the_newest_sample(recorded):
    window = recorded_window(recorded, AskWindow(seconds=30))
    assert samples(window).tolist() == list(range(140 * 130, 170 * 130))
    assert window.duration_s == 30


def test_a_window_in_the_past_is_cut_to_the_sample(recorded):
    about = AskWindow(seconds=2.5, start_at=START + timedelta(seconds=59.2))
    window = recorded_window(recorded, about)
    assert samples(window).tolist() == list(range(round(59.2 * 130), round(61.7 * 130)))
    assert window.start_ns == pytest.approx(about.start_at.timestamp() * 1e9, abs=1e7)


def test_a_gap_stays_a_gap(recorded):
    window = recorded_window(recorded, AskWindow(seconds=60, start_at=START + timedelta(seconds=80)))
    assert samples(window).tolist() == [*range(80 * 130, 100 * 130), *range(120 * 130, 140 * 130)]
    jumps = [b.first_index - a.stop_index for a, b in zip(window.blocks, window.blocks[1:], strict=False)]
    assert max(jumps) == 20 * 130
    assert not window.is_whole


@pytest.mark.parametrize(("about", "first_s"), [({}, 140), ({"start_at": START}, 0)])
def test_of_a_recording_faster_than_life_it_is_a_minute_of_signal(tmp_path, about, first_s):
    recording = new_recording(tmp_path, "replay:x", Device("strap", FS_HZ, ("I",), 1000.0))
    recorder = Recorder(recording.folder, FS_HZ, ("I",), RecorderSettings(segment_s=60))
    for second in range(200):
        index = np.arange(second * 130, (second + 1) * 130, dtype=np.int32)
        start_ns = round(START.timestamp()) * NS_PER_S + second * NS_PER_S // 4
        recorder.append(PlacedBlock(second * 130, start_ns, index[:, None]))
    recorder.close()
    window = recorded_window(tmp_path, AskWindow(seconds=60, **about))
    assert samples(window).tolist() == list(range(first_s * 130, (first_s + 60) * 130))
    assert window.is_whole


@pytest.mark.parametrize("offset_s", [-3600, 101, 10_000])
def test_what_is_not_recorded_is_no_window(recorded, offset_s):
    assert (
        recorded_window(recorded, AskWindow(seconds=10, start_at=START + timedelta(seconds=offset_s))) is None
    )
    assert recorded_window(recorded / "nowhere", AskWindow()) is None


def evidence(spacing_s=0.8, n=50, spans=()):
    beats = tuple(EvidenceBeat(round(i * spacing_s, 3), BeatClass.NORMAL) for i in range(n))
    return Evidence(40.0, ("I",), beats, tuple(spans), 40.0, qrs_ms=90)


async def test_two_windows_are_compared(recorded):
    def measured(window):
        is_old = window.start_ns < (START.timestamp() + 60) * 1e9
        return evidence(1.0 if is_old else 0.5)

    answers = MeasuredAnswers(recorded, measured)
    about = (AskWindow(seconds=40, start_at=START), AskWindow(seconds=40))
    said = await answers.answer(request(about=about))
    answers.close()
    assert said.status == "answered"
    assert said.text.startswith("In short: rate higher (60 to 120/min); rhythm same (no fibr")
    assert [one.start_at for one in said.evidence] == [START, START + timedelta(seconds=130)]


async def test_a_window_that_is_missing_is_no_signal(recorded):
    answers = MeasuredAnswers(recorded, lambda _: evidence())
    said = await answers.answer(request(about=(AskWindow(start_at=START - timedelta(days=1)),)))
    answers.close()
    assert said.status == "no_signal"
    assert said.findings == ()


def test_what_is_asked_for_is_told_even_if_it_is_not_there():
    calm = " ".join(evidence_sentences(evidence(), "is this AF right now?"))
    assert "intervals regular" in calm
    assert "Not found: atrial fibrillation." in calm
    af = EvidenceSpan(Waveform.ATRIAL_FIBRILLATION, 2.0, 40.0)
    assert "Atrial fibrillation: 2.0 to 40.0 s." in " ".join(evidence_sentences(evidence(spans=[af]), "AF?"))


def test_what_cannot_be_read_is_said_first():
    first = next(evidence_sentences(replace(evidence(n=0), readable_s=3.0)))
    assert first == "Only 3 of 40 s can be read."


@given(st.text(max_size=500))
def test_no_question_breaks_the_sentences(question):
    named_in(question)
    assert list(evidence_sentences(evidence(n=1), question))


def test_reading_from_disk_takes_no_time(recorded):
    began = time.monotonic()
    recorded_window(recorded, AskWindow())
    assert time.monotonic() - began < 1


@given(st.text(max_size=4000), st.lists(st.floats(0, 60), max_size=5))
def test_an_answer_comes_through_the_codec_as_it_was(text, starts):
    found = [{"finding": "V", "start_s": start, "end_s": start + 1} for start in starts]
    sent = AskAnswer.model_validate(
        {"question_id": uuid4(), "device_id": "a", "status": "answered", "text": text, "findings": found}
    )
    assert AskAnswer.model_validate_json(encode(sent)) == sent
