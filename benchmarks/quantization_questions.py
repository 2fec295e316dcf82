"""Fixed questions on held-out patients for every way of writing the language model, and their answers.

Windows are those of the training corpus whose patients were never trained on; none is of DS2. The model has
the signal alone. Besides its own answer it reads the annotators' answer, and its best token before each token
of that is noted: so models can be compared where their answers have parted.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from edge.ecg_prompt import EcgPlace, Shown, prompt_parts
from edge.labels import Waveform
from edge.llama_session import LlamaSession
from edge.localizer_answer import locate_grammar, locate_question, read_spans, spans_text
from edge.localizer_prompt import MOST_SPANS
from edge.signal_reader import SignalReader
from edge.soft_tokens import TOKENS_PER_SECOND
from export.evaluation.localization import iou

Float32 = npt.NDArray[np.float32]
Spans = Mapping[Waveform, Sequence[tuple[float, float]]]

WAVEFORMS: Final = (
    Waveform.VENTRICULAR_BEAT,
    Waveform.SUPRAVENTRICULAR_BEAT,
    Waveform.ATRIAL_FIBRILLATION,
    Waveform.VENTRICULAR_TACHYCARDIA,
    Waveform.VENTRICULAR_FIBRILLATION,
    Waveform.VENTRICULAR_BIGEMINY,
    Waveform.VENTRICULAR_TRIGEMINY,
)
"""Those that at least two held-out patients have."""

_LONGEST_S: Final = 24
_WITHOUT: Final = 0.25  # for each question with the waveform, so many without
_ANSWER_TOKENS: Final = 160
_RESAMPLED: Final = 2000
_SEED: Final = 2026


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A window as rows for the model; `known` are the waveforms whose places the annotators noted."""

    patient: str
    seconds: int
    leads: tuple[str, ...]
    rows: Float32
    known: tuple[Waveform, ...]
    truth: Spans


@dataclass(frozen=True, slots=True)
class Question:
    """Where is this waveform, in window number `window`?"""

    window: int
    waveform: Waveform


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """By window: the answer, and the best token before each token of the true answer."""

    texts: tuple[str, ...]
    best: tuple[npt.NDArray[np.int64], ...]


def questions(
    corpus: Path, reader: SignalReader, per_waveform: int, most_windows: int | None = None
) -> tuple[list[Window], list[Question]]:
    """About `per_waveform` windows with each waveform, evenly over patients; a quarter as many without.

    Of these `most_windows`, drawn at random; a larger number holds all windows of a smaller.
    """
    rows, asked = drawn_rows(corpus, per_waveform, most_windows)
    features = np.load(corpus / "features.npy", mmap_mode="r")
    return [window_of(row, features, reader) for row in rows], asked


def drawn_rows(
    corpus: Path, per_waveform: int, most_windows: int | None = None, *, held_out: bool = True
) -> tuple[list[dict[str, Any]], list[Question]]:
    """The same as rows of the corpus; of patients that are held out or of the others."""
    with (corpus / "rows.jsonl").open() as lines:
        every = [json.loads(line) for line in lines]
    rows = [row for row in every if row["held_out"] is held_out and row["seconds"] <= _LONGEST_S]
    drawn = [
        (index, waveform)
        for number, waveform in enumerate(WAVEFORMS)
        for index in _drawn(rows, waveform, per_waveform, np.random.default_rng([_SEED, number]))
    ]
    every_window = sorted({index for index, _ in drawn})
    order = np.random.default_rng(11).permutation(every_window).tolist()
    chosen = sorted(order[:most_windows])
    return [rows[i] for i in chosen], [Question(chosen.index(i), w) for i, w in drawn if i in chosen]


def answered(session: LlamaSession, windows: Sequence[Window]) -> Answered:
    """Ask about each window where everything is."""
    texts, best = [], []
    for window in windows:
        *beginning, opening = prompt_parts([Shown(window.leads, window.seconds, None)], _asked(window))
        session.take_back()
        for part in beginning:
            session.feed(window.rows if isinstance(part, EcgPlace) else part)
        first = session.feed(str(opening))
        asked_at = session.position
        grammar = locate_grammar(window.known, window.seconds, MOST_SPANS)
        texts.append("".join(token.text for token in session.generate(first, grammar, _ANSWER_TOKENS)))
        session.take_back(asked_at)
        rows = session.feed_rows(session.ids(spans_text(window.truth))[:_ANSWER_TOKENS])
        best.append(np.concatenate([first[None], rows]).argmax(axis=1))
    return Answered(tuple(texts), tuple(best))


def ious(windows: Sequence[Window], asked: Sequence[Question], answers: Answered) -> npt.NDArray[np.float64]:
    """IoU of each question; what cannot be read says nothing."""
    said = [
        read_spans(text, window.seconds) or {} for text, window in zip(answers.texts, windows, strict=True)
    ]
    return np.array([
        iou(windows[one.window].truth.get(one.waveform, ()), said[one.window].get(one.waveform, ()))
        for one in asked
    ])  # fmt: skip


def macro(asked: Sequence[Question], values: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean over waveforms, each counting the same; 95 % interval: windows drawn again, by waveform."""
    rng = np.random.default_rng(1)
    groups = [values[[one.waveform is waveform for one in asked]] for waveform in WAVEFORMS]
    groups = [group for group in groups if len(group)]
    means = np.zeros(_RESAMPLED)
    for group in groups:
        means += group[rng.integers(len(group), size=(_RESAMPLED, len(group)))].mean(axis=1) / len(groups)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(np.mean([group.mean() for group in groups])), float(low), float(high)


def same_best(one: Answered, other: Answered) -> float:
    """Share of the true answers' tokens before which both have the same best token."""
    pairs = zip(one.best, other.best, strict=True)
    return float(np.concatenate([a == b for a, b in pairs]).mean())


def same_answers(one: Answered, other: Answered) -> float:
    """Share of windows with the same answer, to the letter."""
    return float(np.mean([a == b for a, b in zip(one.texts, other.texts, strict=True)]))


def _asked(window: Window) -> str:
    return locate_question(window.known)


def window_of(row: dict[str, Any], features: npt.NDArray[np.float16], reader: SignalReader) -> Window:
    """A row of the corpus with what the model reads."""
    leads, n_tokens = tuple(row["leads"]), row["seconds"] * TOKENS_PER_SECOND
    own = features[row["first"] : row["first"] + len(leads) * n_tokens].astype(np.float32)
    beats_s = [beat["at_s"] for beat in row["evidence"]["beats"]]
    return Window(
        f"{row['database']}/{row['record']}",
        row["seconds"],
        leads,
        reader.rows(own.reshape(len(leads), n_tokens, -1), leads, beats_s),
        tuple(Waveform(name) for name in row["known"]),
        {Waveform(name): [(a, b) for a, b in spans] for name, spans in row["spans"].items()},
    )


def _drawn(
    rows: Sequence[dict[str, Any]], waveform: Waveform, n: int, rng: np.random.Generator
) -> Iterator[int]:
    known = [index for index, row in enumerate(rows) if waveform in row["known"]]
    having = [index for index in known if waveform in rows[index]["spans"]]
    lacking = [index for index in known if waveform not in rows[index]["spans"]]
    yield from _evenly(rows, having, n, rng)
    yield from _evenly(rows, lacking, round(_WITHOUT * n), rng)


def _evenly(
    rows: Sequence[dict[str, Any]], indices: Sequence[int], n: int, rng: np.random.Generator
) -> list[int]:
    """One of each patient in turn, until there are `n` or none is left."""
    of_patient: dict[str, list[int]] = defaultdict(list)
    for index in rng.permutation(indices).tolist():
        of_patient[f"{rows[index]['database']}/{rows[index]['record']}"].append(index)
    turns = [found[i : i + 1] for i in range(n) for found in of_patient.values()]
    return [index for turn in turns for index in turn][:n]
