"""Questions of the localization task: windows at random offsets around events, and some without any."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from edge.labels import Waveform
from export.evaluation.localization import Question
from export.evaluation.window_truth import AnnotatedRecord

ASKED = (
    Waveform.VENTRICULAR_BEAT,
    Waveform.SUPRAVENTRICULAR_BEAT,
    Waveform.LEFT_BUNDLE_BRANCH_BLOCK,
    Waveform.RIGHT_BUNDLE_BRANCH_BLOCK,
    Waveform.ATRIAL_FIBRILLATION,
    Waveform.VENTRICULAR_TACHYCARDIA,
    Waveform.VENTRICULAR_BIGEMINY,
)
_NEGATIVES = 0.25  # for each question with the waveform, so many without
_TRIES = 50


def only_as_annotated(record: AnnotatedRecord) -> AnnotatedRecord:
    """`A` is the symbol A alone, as the task has it; other supraventricular beats are told apart."""
    others = {symbol: "N" if symbol in "aJSE" else symbol for symbol in record.symbols}
    return replace(record, symbols=tuple(others[symbol] for symbol in record.symbols))


def draw_questions(
    records: Mapping[str, AnnotatedRecord],
    durations_s: Mapping[str, float],
    per_waveform: int,
    longest_s: int,
    seed: int,
) -> list[Question]:
    """About `per_waveform` windows of 10 to `longest_s` with each waveform, evenly over records."""
    rng = np.random.default_rng(seed)
    questions: list[Question] = []
    for waveform in ASKED:
        having = [name for name in sorted(records) if records[name].events(waveform)]
        lacking = [name for name in sorted(records) if name not in having]
        names = [having[i % len(having)] for i in range(per_waveform)] if having else []
        questions += [
            _with_event(name, records[name], durations_s[name], waveform, longest_s, rng) for name in names
        ]
        questions += [
            _anywhere(name, records[name], durations_s[name], waveform, longest_s, rng)
            for name in _spread(lacking, round(_NEGATIVES * per_waveform), rng)
        ]
    return questions


def _with_event(
    name: str,
    record: AnnotatedRecord,
    duration_s: float,
    waveform: Waveform,
    longest_s: int,
    rng: np.random.Generator,
) -> Question:
    """An event lies anywhere in the window."""
    events = record.events(waveform)
    for _ in range(_TRIES):
        onset, end = events[rng.integers(len(events))]
        seconds = _seconds(longest_s, rng)
        start = float(np.clip(rng.uniform(onset, end) - rng.uniform(0, seconds), 0, duration_s - seconds))
        question = _question(name, record, waveform, start, seconds)
        if question.truth:
            return question
    raise ValueError(f"{name}: no window with {waveform} was found")


def _anywhere(
    name: str,
    record: AnnotatedRecord,
    duration_s: float,
    waveform: Waveform,
    longest_s: int,
    rng: np.random.Generator,
) -> Question:
    seconds = _seconds(longest_s, rng)
    return _question(name, record, waveform, float(rng.uniform(0, duration_s - seconds)), seconds)


def _question(
    name: str, record: AnnotatedRecord, waveform: Waveform, start_s: float, seconds: int
) -> Question:
    truth = record.window(start_s, seconds).spans.get(waveform, [])
    return Question(name, start_s, seconds, waveform, tuple(truth))


def _seconds(longest_s: int, rng: np.random.Generator) -> int:
    return int(rng.integers(10, longest_s + 1))


def _spread(names: Sequence[str], n: int, rng: np.random.Generator) -> list[str]:
    order = [names[i] for i in rng.permutation(len(names))]
    return [order[i % len(order)] for i in range(n)] if order else []
