"""Answers to questions about the signal from measurements alone: what was counted, timed and found."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.ask_desk import without_answer
from edge.comparison import verdict_text
from edge.events import AskAnswer, AskEvidence, AskRequest, LocalizedFinding
from edge.evidence import Evidence, EvidenceSpan, evidence_text
from edge.labels import WAVEFORM_NAMES, BeatClass, Waveform
from edge.recorded_window import RecordedWindow, recorded_window

Measured = tuple[AskAnswer, list[RecordedWindow], list[Evidence]]
EvidenceOf = Callable[[RecordedWindow], Evidence]

_REGULAR = 0.1
_MOST_TIMES = 6
_BEAT_NAMES = {BeatClass.VENTRICULAR: "ventricular", BeatClass.SUPRAVENTRICULAR: "supraventricular"}
_SINGLE_BEATS = (Waveform.VENTRICULAR_BEAT, Waveform.SUPRAVENTRICULAR_BEAT)
_SHORT_NAMES = {
    Waveform.ATRIAL_FIBRILLATION: ("af", "afib", "fibrillation"),
    Waveform.VENTRICULAR_TACHYCARDIA: ("vt",),
    Waveform.VENTRICULAR_BEAT: ("pvc", "pvcs", "extrasystole", "extrasystoles", "ventricular"),
    Waveform.SUPRAVENTRICULAR_BEAT: ("pac", "pacs", "supraventricular"),
    Waveform.PAUSE: ("pause", "pauses"),
    Waveform.VENTRICULAR_BIGEMINY: ("bigeminy",),
    Waveform.VENTRICULAR_TRIGEMINY: ("trigeminy",),
    Waveform.SUPRAVENTRICULAR_RUN: ("svt",),
    Waveform.BRADYCARDIA: ("bradycardia",),
    Waveform.TACHYCARDIA: ("tachycardia",),
}


class MeasuredAnswers:
    """`folder` holds the recordings; one thread reads and measures, so that the stream never waits."""

    def __init__(self, folder: Path, evidence_of: EvidenceOf) -> None:
        self._folder, self._evidence_of = folder, evidence_of
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ask")

    async def answer(self, request: AskRequest) -> AskAnswer:
        """Measure each window and say what is in it."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._answer, request)

    def close(self) -> None:
        """What is being measured is not waited for."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def measure(self, request: AskRequest) -> Measured:
        """The measured answer, with the windows and the evidence that it rests on."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._measure, request)

    def _answer(self, request: AskRequest) -> AskAnswer:
        return self._measure(request)[0]

    def _measure(self, request: AskRequest) -> Measured:
        windows = [recorded_window(self._folder, window) for window in request.about]
        found = [window for window in windows if window is not None]
        if len(found) < len(windows):
            which = "one of these times" if len(windows) > 1 else "this time"
            text = f"The edge holds no recorded signal of {which}."
            return without_answer(request, "no_signal", text), [], []
        evidence = [self._evidence_of(window) for window in found]
        answer = AskAnswer(
            question_id=request.question_id,
            device_id=request.device_id,
            status="answered",
            text=" ".join(answer_sentences(evidence, request.question)),
            evidence=tuple(map(_told, found, evidence)),
            findings=tuple(map(_finding, evidence[0].spans)),
        )
        return answer, found, evidence


def evidence_sentences(evidence: Evidence, question: str = "") -> Iterator[str]:
    """What the measurements say, in plain sentences; what the question names is told even if not found."""
    if evidence.readable_s < evidence.duration_s / 2:
        yield f"Only {evidence.readable_s:.0f} of {evidence.duration_s:.0f} s can be read."
    yield _rate(evidence)
    for beat_class, name in _BEAT_NAMES.items():
        times = [f"{beat.at_s:.1f}" for beat in evidence.beats if beat.beat_class is beat_class]
        if times:
            more = f" and {len(times) - _MOST_TIMES} more" if len(times) > _MOST_TIMES else ""
            beats = "ectopic beat" if len(times) == 1 else "ectopic beats"
            yield f"{len(times)} {name} {beats}, at {', '.join(times[:_MOST_TIMES])} s{more}."
    yield from _findings(evidence, question)
    yield from _intervals(evidence)


def answer_sentences(evidence: list[Evidence], question: str) -> Iterator[str]:
    """Of one window; or of two, after what changed from the first to the second."""
    if len(evidence) == 1:
        yield from evidence_sentences(evidence[0], question)
        return
    yield f"In short: {verdict_text(*evidence)}."
    for name, one in zip(("First:", "Second:"), evidence, strict=True):
        yield name
        yield from evidence_sentences(one, question)


def named_in(question: str) -> list[Waveform]:
    """The waveforms that a question names."""
    words = "".join(sign if sign.isalnum() else " " for sign in question.lower()).split()
    text = f" {' '.join(words)} "
    named = {waveform for waveform, name in WAVEFORM_NAMES.items() if f" {name} " in text}
    named |= {waveform for waveform, names in _SHORT_NAMES.items() if any(name in words for name in names)}
    return [waveform for waveform in Waveform if waveform in named]


def _rate(evidence: Evidence) -> str:
    rate_bpm, spread = evidence.heart_rate_bpm, evidence.rr_spread
    n_beats = len(evidence.beats)
    if rate_bpm is None:
        beats = "1 beat" if n_beats == 1 else f"{n_beats or 'no'} beats"
        return f"{beats.capitalize()} in {evidence.duration_s:.0f} s, so no heart rate can be given."
    sentence = f"{n_beats} beats in {evidence.duration_s:.0f} s, heart rate {rate_bpm:.0f}/min"
    if spread is None:
        return f"{sentence}."
    rhythm = "regular" if spread < _REGULAR else "irregular"
    return f"{sentence}, intervals {rhythm} (median change {100 * spread:.0f} %)."


def _findings(evidence: Evidence, question: str) -> Iterator[str]:
    patterns = [waveform for waveform in Waveform if waveform not in _SINGLE_BEATS]
    for waveform in patterns:
        spans = evidence.of(waveform)
        if spans:
            name = WAVEFORM_NAMES[waveform]
            yield f"{name[0].upper()}{name[1:]}: {_times(spans)}."
    found = {span.waveform for span in evidence.spans}
    missing = [WAVEFORM_NAMES[waveform] for waveform in named_in(question) if waveform not in found]
    if missing:
        yield f"Not found: {', '.join(missing)}."
    elif not found:
        yield "No finding."


def _times(spans: tuple[EvidenceSpan, ...]) -> str:
    times = [f"{span.start_s:.1f} to {span.end_s:.1f} s" for span in spans[:_MOST_TIMES]]
    return ", ".join(times) + (f" and {len(spans) - _MOST_TIMES} more" if len(spans) > _MOST_TIMES else "")


def _intervals(evidence: Evidence) -> Iterator[str]:
    values = (("PR", evidence.pr_ms), ("QRS", evidence.qrs_ms), ("QT", evidence.qt_ms))
    known = [f"{name} {value:.0f} ms" for name, value in values if value is not None]
    if known:
        yield f"Median intervals: {', '.join(known)}."


def _told(window: RecordedWindow, evidence: Evidence) -> AskEvidence:
    start_at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=window.start_ns // 1000)
    return AskEvidence(start_at=start_at, seconds=evidence.duration_s, text=evidence_text(evidence))


def _finding(span: EvidenceSpan) -> LocalizedFinding:
    return LocalizedFinding(
        finding=span.waveform, start_s=span.start_s, end_s=span.end_s, seen_by=("encoder",)
    )
