"""Which question comes first, which goes when there is no room, and what an answer becomes."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.events import EpisodeEvent, Localization, LocalizedFinding, LookEvent, Strip, localization_id
from edge.evidence import Evidence, EvidenceBeat, EvidenceSpan
from edge.labels import BeatClass, Finding, Priority, Waveform
from edge.localizer_desk import DeskSettings, LocalizerDesk
from edge.look_schedule import LookSchedule
from edge.model_question import ModelQuestion, completed
from edge.question_queue import QuestionQueue

AT = datetime(2026, 1, 1, tzinfo=UTC)
STAMP = {"device_id": "d", "patient_id": "p", "recording_id": UUID(int=7)}
STRIP = Strip(lead="I", fs_hz=130, start_at=AT, samples_uv=(0,) * 1300)
EVIDENCE = Evidence(
    10.0,
    ("I",),
    (EvidenceBeat(1.0, BeatClass.NORMAL), EvidenceBeat(1.8, BeatClass.VENTRICULAR)),
    (EvidenceSpan(Waveform.VENTRICULAR_BEAT, 1.0, 2.7),),
    10.0,
    qt_ms=400.0,
)


def about_episode(priority: Priority, looked: str | None = None) -> ModelQuestion:
    event = EpisodeEvent(
        **STAMP,
        event_id=uuid4(),
        episode_id=uuid4(),
        phase="end" if looked == "end" else "new",
        finding=Finding.ATRIAL_FIBRILLATION,
        priority=priority,
        onset_at=AT,
        observed_until_at=AT,
        confidence=0.9,
        seen_by=("encoder",),
        strip=STRIP,
        looked=looked,
    )
    return ModelQuestion(event=event, evidence=EVIDENCE)


def scheduled() -> ModelQuestion:
    event = LookEvent(**STAMP, event_id=uuid4(), at=AT, duration_s=10, strip=STRIP)
    return ModelQuestion(event=event, evidence=EVIDENCE)


QUESTIONS = st.builds(
    about_episode, st.sampled_from(Priority), st.sampled_from([None, "onset", "end"])
) | st.builds(scheduled)


def test_episodes_by_priority_onsets_before_ends_looks_last() -> None:
    order = [about_episode(p, looked) for p in Priority for looked in (None, "end")]
    assert [question.urgency for question in (*order, scheduled())] == list(range(9))


@settings(deadline=None)
@given(st.lists(QUESTIONS, max_size=12), st.integers(1, 5))
def test_the_queue_keeps_the_most_urgent_and_newest_and_loses_none_in_silence(asked, capacity) -> None:
    queue = QuestionQueue(capacity)
    dropped = [gone for question in asked if (gone := queue.add(question)) is not None]
    answered = []
    while (first := queue.first) is not None:
        assert queue.take(first)
        assert not queue.take(first)
        answered.append(first.question)
    assert {q.answer_id for q in (*answered, *dropped)} == {q.answer_id for q in asked}
    assert len(answered) == min(capacity, len(asked))
    newest_first = sorted(range(len(asked)), key=lambda i: (asked[i].urgency, -i))
    assert [q.answer_id for q in answered] == [asked[i].answer_id for i in newest_first[:capacity]]


@given(QUESTIONS)
def test_a_question_comes_back_from_the_disk_as_it_was(question) -> None:
    assert ModelQuestion.model_validate_json(question.model_dump_json(exclude_none=True)) == question


def test_the_two_answers_about_an_episode_are_two_events() -> None:
    onset = about_episode(Priority.HIGH)
    end = onset.model_copy(update={"event": onset.event.model_copy(update={"looked": "end"})})
    answer = Localization(status="answered", sentence="AF.")
    first, second = completed(onset, answer), completed(end, answer)
    assert first.event_id == localization_id(onset.event.episode_id)
    assert first.event_id != second.event_id
    assert (first.looked, first.strip, first.phase) == ("onset", None, "update")
    assert (second.looked, second.strip) == ("end", STRIP)
    assert completed(end, Localization(status="late")).strip is None


@pytest.mark.parametrize(
    ("finding", "seen_by", "agrees"),
    [
        (Waveform.ATRIAL_FIBRILLATION, ("encoder", "language_model"), True),
        (Waveform.ATRIAL_FIBRILLATION, ("encoder",), False),
        (Waveform.VENTRICULAR_BEAT, ("language_model",), False),
    ],
)
def test_the_model_is_a_witness_of_an_episode_that_it_saw(finding, seen_by, agrees) -> None:
    found = LocalizedFinding(finding=finding, start_s=0, end_s=5, seen_by=seen_by)
    answer = Localization(status="answered", findings=(found,))
    event = completed(about_episode(Priority.LOW), answer)
    assert event.seen_by == (("encoder", "language_model") if agrees else ("encoder",))


def test_a_look_without_an_answer_carries_no_strip() -> None:
    asked = scheduled()
    assert completed(asked, Localization(status="dropped")).strip is None
    said = completed(asked, Localization(status="answered", struck=1))
    assert (said.event_id, said.strip, said.localization.struck) == (asked.event.event_id, STRIP, 1)


def test_without_a_model_every_question_has_a_reply_at_once() -> None:
    async def ask() -> list[tuple[ModelQuestion, Localization]]:
        replies: list[tuple[ModelQuestion, Localization]] = []
        desk = LocalizerDesk(None, lambda *reply: replies.append(reply), DeskSettings())
        for question in questions:
            desk.submit(question)
        assert desk.is_idle
        await desk.close()
        return replies

    questions = [about_episode(Priority.HIGH), scheduled()]
    assert asyncio.run(ask()) == [(question, Localization(status="absent")) for question in questions]


@given(st.integers(1, 50), st.lists(st.integers(0, 300), max_size=30))
def test_each_look_is_due_once_and_again_after_a_restart(every_s: int, steps_s: list[int]) -> None:
    schedule, index, looks = LookSchedule(every_s, 10), 0, []
    for step_s in steps_s:
        index += 10 * step_s
        number = schedule.due(index)
        if number is not None:
            looks.append(number)
            schedule.done(number)
        assert schedule.due(index) is None
    newest = index // (10 * every_s)
    assert looks == sorted(set(looks))
    assert (looks[-1] if looks else 0) == newest
    schedule.begin_at(index)
    assert schedule.due(index) == (newest or None)


def test_zero_minutes_is_never() -> None:
    schedule = LookSchedule(0, 250)
    schedule.begin_at(10**6)
    assert schedule.due(10**9) is None
