"""Fixed questions for each way of writing the language model: who is asked, and what a figure means."""

import json

import numpy as np
import pytest

from benchmarks.quantization_questions import (
    WAVEFORMS,
    Answered,
    Question,
    Window,
    ious,
    macro,
    questions,
    same_answers,
    same_best,
)
from edge.bundle import DEFAULT_BUNDLE
from edge.encoder import Encoder
from edge.labels import Waveform
from edge.language_bundle import DEFAULT_LANGUAGE_BUNDLE, load_language_bundle
from edge.signal_reader import SignalReader
from edge.soft_tokens import TOKENS_PER_SECOND

V = Waveform.VENTRICULAR_BEAT
ASKED = [Question(0, waveform) for waveform in WAVEFORMS for _ in range(10)]


def answers(*texts: str) -> Answered:
    return Answered(texts, tuple(np.arange(len(text)) for text in texts))


@pytest.fixture
def corpus(tmp_path):
    """Two patients that are held out, one with many windows, and one that is not; each other window has V."""
    bundle = load_language_bundle(DEFAULT_LANGUAGE_BUNDLE)
    rows = []
    for record, held_out, n in (("a", True, 20), ("b", True, 2), ("c", False, 20)):
        for number in range(n):
            with_v = {"V": [[1.0, 2.0]]} if number % 2 == 0 else {}
            row = {
                "database": "mitdb",
                "record": record,
                "held_out": held_out,
                "seconds": 10,
                "leads": ["II"],
            }
            row |= {"known": [str(one) for one in WAVEFORMS], "spans": with_v, "evidence": {"beats": []}}
            rows.append(row | {"first": len(rows) * 10 * TOKENS_PER_SECOND})
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    n_features = bundle.manifest.n_features
    np.save(tmp_path / "features.npy", np.zeros((len(rows) * 10 * TOKENS_PER_SECOND, n_features), np.float16))
    return tmp_path, SignalReader(Encoder(DEFAULT_BUNDLE), bundle)


def test_only_held_out_patients_are_asked_about_and_each_as_often(corpus) -> None:
    windows, asked = questions(*corpus, per_waveform=8)
    assert {window.patient for window in windows} == {"mitdb/a", "mitdb/b"}
    own = [windows[one.window] for one in asked if one.waveform is V]
    having = [window.patient for window in own if V in window.truth]
    assert (len(having), having.count("mitdb/b")) == (8, 1)  # all that he has
    assert len(own) - len(having) == 2
    again, same = questions(*corpus, per_waveform=8)
    assert [(window.patient, window.seconds) for window in again] == [(w.patient, w.seconds) for w in windows]
    assert same == asked
    few, _ = questions(*corpus, per_waveform=8, most_windows=3)
    more, of_more = questions(*corpus, per_waveform=8, most_windows=5)
    assert (len(few), len(more)) == (3, 5)
    assert {one.window for one in of_more} == set(range(5))


def test_places_are_scored_and_what_cannot_be_read_says_nothing() -> None:
    window = Window("a", 10, ("II",), np.zeros((1, 576), np.float32), (V,), {V: [(1.0, 3.0)]})
    asked = [Question(i, V) for i in range(3)]
    found = ious([window] * 3, asked, answers("V 1.0-3.0", "V 1.0-2.0", "nonsense"))
    assert found.tolist() == pytest.approx([1.0, 0.5, 0.0])


def test_an_interval_is_around_its_mean_and_no_difference_has_none() -> None:
    values = np.random.default_rng(1).random(len(ASKED))
    mean, low, high = macro(ASKED, values)
    assert mean == pytest.approx(values.mean())
    assert low < mean < high
    assert macro(ASKED, np.zeros(len(ASKED))) == (0.0, 0.0, 0.0)


def test_answers_agree_to_the_letter_and_best_tokens_one_by_one() -> None:
    one, other = answers("V 1.0-2.0", "none"), answers("V 1.0-2.0", "A 1.0")
    assert same_answers(one, other) == 0.5
    changed = Answered(one.texts, (one.best[0], one.best[1] + 1))
    assert same_best(one, changed) == pytest.approx(9 / 13)
