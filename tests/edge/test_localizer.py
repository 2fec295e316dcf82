"""The real language model in its own process, seeing real soft tokens; skipped where it is not installed."""

import asyncio
import shutil
from datetime import UTC, datetime
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle import DEFAULT_BUNDLE
from edge.ecg_prompt import EcgPlace
from edge.errors import UserError
from edge.events import EpisodeEvent, Localization, Strip
from edge.evidence import Evidence, EvidenceBeat, EvidenceSpan
from edge.labels import BeatClass, Finding, Priority, Waveform
from edge.language_bundle import DEFAULT_LANGUAGE_BUNDLE, check_fits, load_language_bundle
from edge.language_model import default_path, smoke_test
from edge.localizer import Localizer
from edge.localizer_desk import DeskSettings, LocalizerDesk
from edge.localizer_process import LocalizerError, LocalizerProcess, ModelFiles
from edge.localizer_prompt import look_at
from edge.localizer_reading import localization, read_findings
from edge.localizer_request import (
    Branch,
    LocalizerRequest,
    Said,
    decode_request,
    encode_request,
)
from edge.model_question import ModelQuestion
from edge.pipeline import PipelineSettings
from edge.raw_ecg import RawEcg
from edge.span_evidence import SpanReader

AT = datetime(2026, 1, 1, tzinfo=UTC)
FILES = ModelFiles(default_path(), DEFAULT_LANGUAGE_BUNDLE, DEFAULT_BUNDLE)
needs_model = pytest.mark.skipif(
    not default_path().is_file(), reason="no language model: hearth models install"
)


def ecg_uv(seconds: int = 10, fs: int = 130) -> np.ndarray:
    """A spike each 0.8 s on a quiet line; the fourth is early and wide."""
    line = np.random.default_rng(3).normal(0, 15, seconds * fs)
    for i, at_s in enumerate(np.arange(0.5, seconds - 0.3, 0.8)):
        at = round((at_s - 0.25 * (i == 4)) * fs)
        width = 8 if i == 4 else 2
        line[at - width : at + width + 1] += 1100 * np.hanning(2 * width + 1)
    return line.astype(np.int32)


EVIDENCE = Evidence(
    10.0,
    ("ECG",),
    tuple(
        EvidenceBeat(at, BeatClass.VENTRICULAR if at == 3.4 else BeatClass.NORMAL)
        for at in (0.5, 1.3, 2.1, 2.9, 3.4, 4.5, 5.3, 6.1, 6.9, 7.7, 8.5, 9.3)
    ),
    (EvidenceSpan(Waveform.VENTRICULAR_BEAT, 2.9, 4.5),),
    10.0,
)


def asked(priority: Priority = Priority.INFORMATION) -> ModelQuestion:
    strip = Strip(lead="ECG", fs_hz=130, start_at=AT, samples_uv=tuple(ecg_uv().tolist()))
    event = EpisodeEvent(
        event_id=uuid4(),
        device_id="d",
        patient_id="p",
        recording_id=uuid4(),
        episode_id=uuid4(),
        phase="new",
        finding=Finding.VENTRICULAR_COUPLET,
        priority=priority,
        onset_at=AT,
        observed_until_at=AT,
        confidence=0.9,
        seen_by=("encoder", "rule"),
        strip=strip,
    )
    return ModelQuestion(event=event, evidence=EVIDENCE)


def request(evidence: Evidence | None = EVIDENCE) -> LocalizerRequest:
    return look_at(RawEcg(ecg_uv()[:, None], 130.0, ("ECG",)), evidence)


@needs_model
def test_the_model_locates_under_the_grammar_and_what_it_says_is_held_to_the_evidence() -> None:
    async def ask() -> Localization:
        process = LocalizerProcess(FILES, threads=1)
        answers = await process.ask(request(), deadline_s=100)
        await process.close()
        assert read_findings(answers.said[0], 10.0) is not None
        assert all(0 <= p <= 1 for said in answers.said for p in said.probabilities)
        return localization(answers.said, EVIDENCE, "m", answers.latency_s)

    found = asyncio.run(ask())
    assert found.status == "answered"
    assert any(one.finding is Waveform.VENTRICULAR_BEAT and one.start_s == 2.9 for one in found.findings)
    assert all(0 <= one.start_s < one.end_s <= 10.0 for one in found.findings)


@needs_model
def test_a_bundle_with_a_pointer_points_and_one_without_writes_under_the_grammar(tmp_path) -> None:
    without = tmp_path / "language"
    shutil.copytree(DEFAULT_LANGUAGE_BUNDLE, without)
    manifest = load_language_bundle(without).manifest.model_copy(update={"pointer": None})
    (without / "manifest.json").write_text(manifest.model_dump_json())
    asked_of_both = request(None)
    told = []
    for bundle in (DEFAULT_LANGUAGE_BUNDLE, without):
        localizer = Localizer(default_path(), bundle, DEFAULT_BUNDLE, threads=1)
        told.append(localizer.answers(asked_of_both.ecgs, asked_of_both.beginning, asked_of_both.branches))
    pointed, written = told
    assert all(read_findings(answers[0], 10.0) is not None for answers in told)
    assert pointed[0].probabilities != written[0].probabilities
    assert pointed[1].text
    assert written[1].text


@needs_model
def test_a_long_window_is_pointed_at_in_pieces_and_leaves_no_trace() -> None:
    localizer = Localizer(default_path(), DEFAULT_LANGUAGE_BUNDLE, DEFAULT_BUNDLE, threads=1)
    short, long = request(None), look_at(RawEcg(np.tile(ecg_uv(), 4)[:, None], 130.0, ("ECG",)), None)
    answered = [
        localizer.answers(one.ecgs, one.beginning, one.branches) for one in (short, long, long, short)
    ]
    assert answered[0] == answered[3]
    assert answered[1] == answered[2]
    found = read_findings(answered[1][0], 40.0)
    assert found
    early = [one for one in found if one.finding is Waveform.VENTRICULAR_BEAT and one.start_s < 10]
    late = [one for one in found if one.finding is Waveform.VENTRICULAR_BEAT and one.start_s > 30]
    assert early
    assert late


@needs_model
def test_a_late_answer_is_not_waited_for_and_the_next_one_comes() -> None:
    async def ask() -> str:
        process = LocalizerProcess(FILES, threads=1)
        with pytest.raises(TimeoutError):
            await process.ask(request(), deadline_s=0.02)
        answers = await process.ask(request(None), deadline_s=100)
        await process.close()
        return answers.said[0].text

    assert asyncio.run(ask())


@needs_model
def test_a_prompt_beyond_the_context_is_refused_and_the_process_lives() -> None:
    async def ask() -> None:
        process = LocalizerProcess(FILES, threads=1)
        long = LocalizerRequest((), ("word " * 3000,), (Branch("?", None, 1),))
        refused = r"prompt of \d+ tokens; the language model reads 2048"
        with pytest.raises(LocalizerError, match=refused) as raised:
            await process.ask(long, deadline_s=100)
        assert raised.value.lives
        nothing = LocalizerRequest(
            (RawEcg(np.zeros((20, 1), np.int32), 130.0, ("ECG",)),), (EcgPlace(0),), ()
        )
        with pytest.raises(LocalizerError, match="less than a second"):
            await process.ask(nothing, deadline_s=100)
        assert (await process.ask(request(), deadline_s=100)).said
        await process.close()

    asyncio.run(ask())


def test_a_broken_model_file_is_told(tmp_path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(UserError, match=r"broken.gguf: the language model does not run"):
        smoke_test(broken)

    async def ask() -> None:
        files = ModelFiles(broken, DEFAULT_LANGUAGE_BUNDLE, DEFAULT_BUNDLE)
        with pytest.raises(LocalizerError, match=r"base_sha256: taught on another language model"):
            await LocalizerProcess(files, threads=1).ask(request(), deadline_s=60)

    asyncio.run(ask())


def test_a_bundle_of_another_encoder_or_with_a_changed_file_is_refused(tmp_path) -> None:
    from edge.bundle import load_manifest

    bundle, encoder = load_language_bundle(DEFAULT_LANGUAGE_BUNDLE), load_manifest(DEFAULT_BUNDLE)
    other = encoder.model_copy(update={"onnx_sha256": "0" * 64})
    with pytest.raises(UserError, match="encoder_sha256: taught on another ECG encoder"):
        check_fits(bundle, default_path(), other)
    for file in DEFAULT_LANGUAGE_BUNDLE.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / bundle.manifest.marks.name).write_bytes(b"x")
    with pytest.raises(UserError, match=r"wrong hash, .*marks.sha256"):
        load_language_bundle(tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(UserError, match=r"manifest.json: name: Field required"):
        load_language_bundle(tmp_path)


def desk_replies(desk_of, submit, n: int) -> list[tuple[ModelQuestion, Localization]]:
    async def go() -> list[tuple[ModelQuestion, Localization]]:
        replies: list[tuple[ModelQuestion, Localization]] = []
        done = asyncio.Event()

        def reply(question: ModelQuestion, answer: Localization) -> None:
            replies.append((question, answer))
            if len(replies) == n:
                done.set()

        desk = desk_of(reply)
        job = asyncio.create_task(desk.run())
        for question in submit:
            desk.submit(question)
        async with asyncio.timeout(110):
            await done.wait()
        job.cancel()
        await desk.close()
        return replies

    return asyncio.run(go())


def test_without_a_model_every_question_has_a_reply_at_once() -> None:
    replies = desk_replies(lambda reply: LocalizerDesk(None, reply, DeskSettings()), [asked(), asked()], 2)
    assert [answer.status for _, answer in replies] == ["absent", "absent"]


def test_a_model_that_never_starts_is_given_up_and_the_desk_knows_why(tmp_path) -> None:
    files = ModelFiles(tmp_path / "missing.gguf", DEFAULT_LANGUAGE_BUNDLE, DEFAULT_BUNDLE)
    desks = []

    def desk(reply) -> LocalizerDesk:
        desks.append(LocalizerDesk(LocalizerProcess(files, threads=1), reply, DeskSettings()))
        return desks[0]

    replies = desk_replies(desk, [asked() for _ in range(3)], 3)
    assert [answer.status for _, answer in replies] == ["absent"] * 3
    assert desks[0].status == "absent"
    assert "missing.gguf: no such file" in desks[0].reason


@needs_model
def test_a_full_desk_drops_the_least_urgent_and_says_so() -> None:
    submit = [asked(p) for p in (Priority.INFORMATION, Priority.MEDIUM, Priority.LOW, Priority.HIGH)]
    process = LocalizerProcess(FILES, threads=1)
    reader, witnessed = SpanReader(DEFAULT_BUNDLE, PipelineSettings()), []

    def witness(evidence: Evidence, ecg: RawEcg) -> Evidence:
        witnessed.append(reader.add_to(evidence, ecg))
        return witnessed[-1]

    settings = DeskSettings(90, 2)
    replies = desk_replies(lambda reply: LocalizerDesk(process, reply, settings, witness), submit, 4)
    dropped = {question.event.priority for question, answer in replies if answer.status == "dropped"}
    assert dropped == {Priority.INFORMATION, Priority.LOW}
    answered = [question.event.priority for question, answer in replies if answer.status == "answered"]
    assert answered == [Priority.HIGH, Priority.MEDIUM]
    assert [evidence.beats for evidence in witnessed] == [EVIDENCE.beats] * 2
    assert all(evidence.qrs_ms for evidence in witnessed)


def said(text: str, probability: float = 0.9) -> Said:
    return Said(text, (probability,) * len(text))


def test_nonsense_is_invalid_and_confidence_is_of_the_tokens_that_say_it() -> None:
    assert localization((said("V 1.0"), said("")), EVIDENCE, "m", 1.0).status == "invalid"
    assert localization((said("XY 1.0-2.0"), said("")), EVIDENCE, "m", 1.0).status == "invalid"
    answer = Said("V 1.0-2.0; L 3.0-4.0", (0.5,) * 10 + (0.8,) * 10)
    first, second = read_findings(answer, 10.0) or ()
    assert (first.confidence, second.confidence) == (0.5, 0.8)


@given(st.text(max_size=60))
def test_any_answer_is_read_or_is_none(text) -> None:
    found = read_findings(said(text), 10.0)
    assert found is None or all(one.start_s < one.end_s <= 10.0 for one in found)


@given(
    st.lists(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=3, max_size=12), max_size=3),
    st.lists(st.text(max_size=20), max_size=4),
)
def test_requests_survive_their_line(signals, texts) -> None:
    ecgs = tuple(RawEcg(np.array(s, np.int64).astype(np.int32)[:, None], 130.0, ("ECG",)) for s in signals)
    parts = (*texts, *(EcgPlace(i) for i in range(len(ecgs))))
    sent = LocalizerRequest(ecgs, parts, (Branch("?", None, 3), Branch("Locate V.", "root", 9, points=True)))
    line = encode_request(sent)
    assert line.count(b"\n") == 1
    got = decode_request(line)
    assert (got.beginning, got.branches) == (sent.beginning, sent.branches)
    assert all(np.array_equal(a.ecg_uv, b.ecg_uv) for a, b in zip(got.ecgs, sent.ecgs, strict=True))
