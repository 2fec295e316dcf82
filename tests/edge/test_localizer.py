"""The real language model in its own process; skipped where it is not installed."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from edge.errors import UserError
from edge.events import EpisodeEvent, Localization, Strip, StripBeat
from edge.labels import BeatClass, Finding, Priority
from edge.language_model import default_path, smoke_test
from edge.localizer_desk import DeskSettings, LocalizerDesk
from edge.localizer_process import LocalizerError, LocalizerProcess
from edge.localizer_prompt import question, read_answer

AT = datetime(2026, 1, 1, tzinfo=UTC)
needs_model = pytest.mark.skipif(
    not default_path().is_file(), reason="no language model: hearth models install"
)


def episode(priority: Priority = Priority.INFORMATION, *, beats: bool = True) -> EpisodeEvent:
    """A couplet at 3.7 s of a ten-second strip."""
    marks = tuple(
        StripBeat(at_s=round(0.4 + 0.55 * i, 2), beat_class=BeatClass("V" if i in (6, 7) else "N"))
        for i in range(17)
    )
    strip = Strip(lead="ECG", fs_hz=130, start_at=AT, samples_uv=(0,) * 1300, beats=marks if beats else ())
    return EpisodeEvent(
        event_id=uuid4(),
        device_id="d",
        patient_id="p",
        recording_id=uuid4(),
        episode_id=uuid4(),
        phase="new",
        finding=Finding.VENTRICULAR_COUPLET,
        priority=priority,
        onset_at=AT + timedelta(seconds=3.7),
        observed_until_at=AT + timedelta(seconds=4.25),
        beats={BeatClass.VENTRICULAR: 2},
        heart_rate_bpm=109.1,
        confidence=0.9,
        seen_by=("encoder", "rule"),
        strip=strip,
    )


@needs_model
def test_the_model_answers_under_the_grammar() -> None:
    async def ask() -> Localization:
        process = LocalizerProcess(default_path(), threads=1)
        asked = episode()
        answer = await process.ask(question(asked), deadline_s=90)
        await process.close()
        return read_answer(answer.text, asked.strip, "m", answer.latency_s)

    localization = asyncio.run(ask())
    assert localization.status == "answered"
    (found,) = localization.findings
    assert found.finding is Finding.VENTRICULAR_COUPLET
    assert abs(found.start_s - 3.7) < 0.06
    assert "couplet" in localization.sentence.lower()


@needs_model
def test_a_late_answer_is_not_waited_for_and_the_next_one_comes() -> None:
    async def ask() -> str:
        process = LocalizerProcess(default_path(), threads=1)
        with pytest.raises(TimeoutError):
            await process.ask(question(episode()), deadline_s=0.02)
        answer = await process.ask(question(episode()), deadline_s=90)
        await process.close()
        return answer.text

    assert "ventricular_couplet" in asyncio.run(ask())


def test_a_broken_model_file_is_told(tmp_path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(UserError, match=r"broken.gguf: the language model does not run"):
        smoke_test(broken)

    async def ask() -> None:
        with pytest.raises(LocalizerError, match="process ended"):
            await LocalizerProcess(broken, threads=1).ask(question(episode()), deadline_s=30)

    asyncio.run(ask())


def desk_replies(desk_of, submit, n: int) -> list[tuple[EpisodeEvent, Localization]]:
    async def go() -> list[tuple[EpisodeEvent, Localization]]:
        replies: list[tuple[EpisodeEvent, Localization]] = []
        done = asyncio.Event()

        def reply(asked: EpisodeEvent, localization: Localization) -> None:
            replies.append((asked, localization))
            if len(replies) == n:
                done.set()

        desk = desk_of(reply)
        job = asyncio.create_task(desk.run())
        for asked in submit:
            desk.submit(asked)
        async with asyncio.timeout(60):
            await done.wait()
        job.cancel()
        await desk.close()
        return replies

    return asyncio.run(go())


def test_without_a_model_every_question_has_a_reply_at_once() -> None:
    replies = desk_replies(
        lambda reply: LocalizerDesk(None, reply, DeskSettings()), [episode(), episode()], 2
    )
    assert [localization.status for _, localization in replies] == ["absent", "absent"]


@needs_model
def test_a_full_desk_drops_the_least_urgent_and_says_so() -> None:
    urgent = [episode(Priority.HIGH), episode(Priority.MEDIUM)]
    submit = [episode(Priority.INFORMATION), urgent[1], episode(Priority.LOW), urgent[0]]
    process = LocalizerProcess(default_path(), threads=1)
    replies = desk_replies(lambda reply: LocalizerDesk(process, reply, DeskSettings(50, 2)), submit, 4)
    dropped = [asked for asked, localization in replies if localization.status == "dropped"]
    assert {asked.priority for asked in dropped} == {Priority.INFORMATION, Priority.LOW}
    answered = [asked.priority for asked, localization in replies if localization.status == "answered"]
    assert answered == [Priority.HIGH, Priority.MEDIUM]


def test_nothing_to_look_at_is_no_question_and_nonsense_is_invalid() -> None:
    assert question(episode(beats=False)) is None
    strip = episode().strip
    for text in (
        "",
        '{"finding": "ventricular_couplet", "sta',
        '{"finding": "pause", "start_s": 5, "end_s": 2, "sentence": ""}',
    ):
        assert read_answer(text, strip, "m", 1.0).status == "invalid"
