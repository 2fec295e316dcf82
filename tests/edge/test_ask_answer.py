"""What the language model says of two windows never is the answer, and what it contradicts is struck."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.ask_answer import LanguageAnswers, completed
from edge.ask_measured import MeasuredAnswers, answer_sentences
from edge.bundle import DEFAULT_BUNDLE
from edge.events import AskAnswer, AskRequest, AskWindow
from edge.evidence import Evidence, EvidenceBeat
from edge.labels import BeatClass
from edge.language_bundle import DEFAULT_LANGUAGE_BUNDLE
from edge.language_model import default_path
from edge.localizer_process import LocalizerProcess, ModelFiles
from edge.localizer_request import Said
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


@given(st.text(max_size=80))
def test_whatever_the_model_says_the_measured_text_comes_first_and_whole(words) -> None:
    assert whole(words).text.startswith(measured().text)


@pytest.mark.skipif(not default_path().is_file(), reason="no language model: hearth models install")
async def test_two_recorded_windows_through_the_real_model(toy_uv, tmp_path) -> None:
    start_ns = 1_767_600_000 * NS_PER_S
    recording = new_recording(tmp_path, "replay:x", Device("strap", 360.0, ("MLII",), 1000.0))
    recorder = Recorder(recording.folder, 360.0, ("MLII",), RecorderSettings())
    recorder.append(PlacedBlock(0, start_ns, toy_uv))
    recorder.close()
    starts = (start_ns + 5 * NS_PER_S, start_ns + 60 * NS_PER_S)
    about = tuple(AskWindow(seconds=10, start_at=datetime.fromtimestamp(at / NS_PER_S, UTC)) for at in starts)
    request = AskRequest(
        question_id=uuid4(),
        device_id="strap",
        asked_at=datetime.now(UTC),
        deadline_s=200,
        question="is it different from a minute ago?",
        about=about,
    )
    process = LocalizerProcess(ModelFiles(default_path(), DEFAULT_LANGUAGE_BUNDLE, DEFAULT_BUNDLE), threads=1)
    measured = MeasuredAnswers(tmp_path, SpanReader(DEFAULT_BUNDLE, PipelineSettings()).read)
    alone = await measured.answer(request)
    whole = await LanguageAnswers(measured, process).answer(request)
    await process.close()
    measured.close()
    assert alone.text.startswith("In short: rate ")
    assert (whole.status, whole.model) == ("answered", default_path().stem)
    assert whole.text.startswith(alone.text)
    agreed = [
        item for item in ("rate", "rhythm", "ectopy", "intervals") if item in whole.text[len(alone.text) :]
    ]
    assert len(agreed) + whole.struck > 0
