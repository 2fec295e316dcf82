"""What the language model says of two windows never is the answer, and what it contradicts is struck."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.ask_answer import LanguageAnswers, completed, question_request
from edge.ask_desk import AskDesk
from edge.ask_measured import MeasuredAnswers, answer_sentences
from edge.bundle import DEFAULT_BUNDLE
from edge.events import AskAnswer, AskRequest, AskWindow
from edge.evidence import Evidence, EvidenceBeat
from edge.gapless import longest_stretch
from edge.labels import BeatClass, Waveform
from edge.language_bundle import DEFAULT_LANGUAGE_BUNDLE
from edge.language_model import default_path
from edge.localizer_process import LocalizerProcess, ModelFiles
from edge.localizer_request import Branch, LocalizerRequest, Said
from edge.pipeline import PipelineSettings
from edge.recorder import Recorder, RecorderSettings
from edge.recording_folder import new_recording
from edge.span_evidence import SpanReader
from edge.stream import NS_PER_S, PlacedBlock
from firmware_bridge.device import Device

CALM = Evidence(
    10.0, ("I",), tuple(EvidenceBeat(i, BeatClass.NORMAL) for i in range(10)), (), 10.0, qrs_ms=90
)
FAST = Evidence(
    10.0, ("I",), tuple(EvidenceBeat(i / 2, BeatClass.NORMAL) for i in range(20)), (), 10.0, qrs_ms=92
)
BOTH = [CALM, FAST]
START_NS = 1_767_600_000 * NS_PER_S
needs_model = pytest.mark.skipif(
    not default_path().is_file(), reason="no language model: hearth models install"
)


def measured() -> AskAnswer:
    text = " ".join(answer_sentences(BOTH, "compare now with yesterday"))
    return AskAnswer(question_id=uuid4(), device_id="d", status="answered", text=text)


def whole(words: str) -> AskAnswer:
    return completed(measured(), (Said(words, (0.9,) * len(words)),), BOTH, "m")


def test_a_contradiction_is_struck_and_the_measured_verdict_stands() -> None:
    answer = whole("rate same; rhythm same; ectopy more; intervals same")
    assert answer.text.startswith("In short: rate higher (60 to 120/min); rhythm same")
    assert answer.text.endswith("The language model says the same of rhythm, intervals.")
    assert answer.struck == 2


def test_words_that_are_no_comparison_change_nothing() -> None:
    answer = whole("There is atrial fibrillation.")
    assert (answer.text, answer.struck) == (measured().text, 1)
    assert whole("").struck == 0


def test_the_model_is_named_only_where_a_word_of_it_is_left() -> None:
    assert whole("rhythm same; rate lower").model == "m"
    assert whole("rate lower").model is None
    assert whole("").model is None
    measured_alone = measured().model_copy(update={"text": "10 beats in 10 s."})
    said = ("There is atrial fibrillation.", "The heart rate is 60 bpm.")
    answers = [completed(measured_alone, (Said(words, ()),), [CALM], "m") for words in said]
    assert [(one.model, one.struck) for one in answers] == [(None, 1), ("m", 0)]


@given(st.text(max_size=80))
def test_whatever_the_model_says_the_measured_text_comes_first_and_whole(words) -> None:
    assert whole(words).text.startswith(measured().text)


@pytest.fixture
def measured_answers(toy_uv, tmp_path) -> Iterator[MeasuredAnswers]:
    """Of a recording of ninety seconds, and after a gap of five of another minute."""
    recording = new_recording(tmp_path, "replay:x", Device("strap", 360.0, ("MLII",), 1000.0))
    recorder = Recorder(recording.folder, 360.0, ("MLII",), RecorderSettings())
    recorder.append(PlacedBlock(0, START_NS, toy_uv))
    later = len(toy_uv) + 5 * 360
    recorder.append(PlacedBlock(later, START_NS + round(later * NS_PER_S / 360), toy_uv[: 60 * 360]))
    recorder.close()
    measured = MeasuredAnswers(tmp_path, SpanReader(DEFAULT_BUNDLE, PipelineSettings()).read)
    yield measured
    measured.close()


@pytest.fixture
async def process() -> AsyncIterator[LocalizerProcess]:
    files = ModelFiles(default_path(), DEFAULT_LANGUAGE_BUNDLE, DEFAULT_BUNDLE)
    process = LocalizerProcess(files, threads=1)
    yield process
    await process.close()


def question(text: str, *after_s: int, deadline_s: float = 200, seconds: float = 10) -> AskRequest:
    starts = [datetime.fromtimestamp(START_NS / NS_PER_S + second, UTC) for second in after_s]
    return AskRequest(
        question_id=uuid4(),
        device_id="strap",
        asked_at=datetime.now(UTC),
        deadline_s=deadline_s,
        question=text,
        about=tuple(AskWindow(seconds=seconds, start_at=start_at) for start_at in starts),
    )


async def test_the_model_is_not_asked_across_a_gap_with_too_little_beside_it(
    measured_answers, tmp_path, caplog
) -> None:
    missing = ModelFiles(tmp_path / "none.gguf", DEFAULT_LANGUAGE_BUNDLE, DEFAULT_BUNDLE)
    answers = LanguageAnswers(measured_answers, LocalizerProcess(missing, threads=1))
    across = await answers.answer(question("what do you see?", 87))
    assert (across.status, across.model, caplog.messages) == ("answered", None, [])
    for first_s, seconds in ((5, 10), (80, 30)):
        answer = await answers.answer(question("what do you see?", first_s, seconds=seconds))
        assert (answer.status, answer.model) == ("answered", None)
        assert caplog.messages.pop().endswith("none.gguf: no such file")
        caplog.clear()


async def test_beside_a_gap_the_model_sees_the_longest_stretch_and_what_was_measured_in_it(
    measured_answers,
) -> None:
    request = question("what do you see?", 85, seconds=30)
    _, windows, evidence = await measured_answers.measure(request)
    stretch = longest_stretch(windows[0])
    asked = question_request(windows, [stretch], evidence, request.question)
    assert len(asked.ecgs[0].ecg_uv) == 20 * 360
    alone = await measured_answers.measure(question("what do you see?", 95, seconds=20))
    prompt = " ".join(part for part in asked.beginning if isinstance(part, str)) + asked.branches[0].text
    for span in alone[2][0].of(Waveform.VENTRICULAR_BEAT)[1:6]:
        assert f"{span.start_s:.1f}-{span.end_s:.1f}" in prompt


@needs_model
async def test_what_the_model_sees_in_a_window_with_a_gap_has_the_times_of_the_window(
    measured_answers, process
) -> None:
    request = question("Report.", 85, seconds=30)
    measured = await measured_answers.answer(request)
    answer = await LanguageAnswers(measured_answers, process).answer(request)
    assert answer.text.endswith(measured.text)
    assert len(answer.findings) >= len(measured.findings)
    seen = [one for one in answer.findings if "language_model" in one.seen_by]
    assert seen
    assert min(one.start_s for one in seen) >= 9.9  # the stretch begins after ten seconds of the window
    starts = re.findall(r"(\d+\.\d)-\d+\.\d s", answer.text.removesuffix(measured.text))
    assert all(float(start) >= 9.9 for start in starts)


@needs_model
async def test_a_model_that_is_busy_costs_its_words_and_not_the_answer(measured_answers, process) -> None:
    await measured_answers.answer(question("what do you see?", 5))  # the encoder is there
    busy = asyncio.create_task(
        process.ask(LocalizerRequest((), ("beat " * 1900,), (Branch("?", None, 99),)), 100)
    )
    desk_says: asyncio.Queue[AskAnswer] = asyncio.Queue()
    desk = AskDesk(LanguageAnswers(measured_answers, process).answer, desk_says.put_nowait)
    job = asyncio.create_task(desk.run())
    desk.submit(question("what do you see?", 5, deadline_s=3))
    answer = await asyncio.wait_for(desk_says.get(), 60)
    assert not busy.done()
    assert (answer.status, answer.model) == ("answered", None)
    assert "heart rate" in answer.text
    job.cancel()
    busy.cancel()


@needs_model
async def test_two_recorded_windows_through_the_real_model(measured_answers, process) -> None:
    measured, request = measured_answers, question("is it different from a minute ago?", 5, 60)
    alone = await measured.answer(request)
    whole = await LanguageAnswers(measured, process).answer(request)
    assert alone.text.startswith("In short: rate ")
    assert whole.status == "answered"
    assert whole.text.startswith(alone.text)
    agreed = [
        item for item in ("rate", "rhythm", "ectopy", "intervals") if item in whole.text[len(alone.text) :]
    ]
    assert len(agreed) + whole.struck > 0
    assert whole.model == (default_path().stem if agreed else None)
