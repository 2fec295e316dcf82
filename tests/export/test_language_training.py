"""Instructions made of annotated windows: what is answered is annotated or measured."""

import numpy as np
import pytest

from edge.ecg_prompt import EcgPlace, plain
from edge.labels import Waveform
from edge.localizer_answer import read_spans
from edge.soft_tokens import MARKS
from export.training.language import instructions
from export.training.language.phrases import REFUSALS
from export.training.language.samples import Batch, batch_of, sample_of

SPANS = {"V": [[1.9, 3.1]], "AFIB": [[0.0, 10.0]]}


def row(spans=None, first=0, seconds=10):
    beats = [{"at_s": round(0.5 + 0.8 * i, 2), "beat_class": "N"} for i in range(12)]
    evidence = {
        "duration_s": float(seconds), "leads": ["MLII"], "beats": beats, "spans": [], "readable_s": 10.0,
        "pr_ms": 160, "qrs_ms": 96, "qt_ms": 400,
    }  # fmt: skip
    return {
        "database": "mitdb", "record": "101", "held_out": False, "leads": ["MLII"], "seconds": seconds,
        "known": ["V", "A", "L", "AFIB"], "spans": SPANS if spans is None else spans, "codes": [],
        "visible": [], "evidence": evidence, "first": first, "start_s": 3.0,
    }  # fmt: skip


class Letters:
    """A tokenizer of one token a character."""

    marks = tuple(ord(mark) for mark in MARKS)

    def ids(self, text):
        return [ord(character) for character in text]


class Corpus:
    features = np.arange(400 * 4, dtype=np.float16).reshape(400, 4)


@pytest.mark.parametrize("seed", range(30))
def test_an_answer_says_what_is_annotated_and_nothing_else(seed):
    rng = np.random.default_rng(seed)
    made = instructions.locate(row(), rng, with_evidence=False)
    found = read_spans(made.answer, 10.0)
    assert found is not None
    assert set(found) <= {Waveform.VENTRICULAR_BEAT, Waveform.ATRIAL_FIBRILLATION}
    assert all(list(map(list, spans)) == SPANS[str(w)] for w, spans in found.items())
    asked = made.parts[-1]
    if asked.count("Locate V A L AFIB."):
        assert len(found) == 2


@pytest.mark.parametrize("seed", range(20))
def test_yes_has_times_and_no_names_what_is_not_there(seed):
    answer = instructions.is_there(row(), np.random.default_rng(seed), with_evidence=True).answer
    assert answer.startswith(("Yes, ventricular ectopic beat at 1.9-3.1 s", "Yes, atrial fib", "No "))


def test_rate_is_measured_and_stands_in_the_prompt():
    made = instructions.rate(row(), np.random.default_rng(1))
    assert made.answer == "The heart rate is 75 bpm."
    assert "Measured: 75 bpm, PR 160 QRS 96 QT 400; no finding" in made.parts[-1]


def test_comparison_and_which():
    rng, quiet = np.random.default_rng(2), row({}, first=100)
    assert instructions.compare(quiet, row(), rng).answer == (
        "rate same; rhythm changed; ectopy more; intervals same"
    )
    answer = instructions.which([quiet, row()], rng).answer
    assert answer.endswith("is on ECG 2.")
    assert instructions.which([quiet, quiet], rng) is None


def test_refusals_are_refusals():
    answer = instructions.refusal(row(), np.random.default_rng(3)).answer
    assert answer in {said for _, said in REFUSALS}


def test_a_sample_has_its_soft_tokens_where_the_ecg_stands_and_learns_the_answer_alone():
    made = instructions.compare(row({}, first=0), row(first=100), np.random.default_rng(4))
    assert [part.index for part in made.parts if isinstance(part, EcgPlace)] == [0, 1]
    sample = sample_of(made, Corpus(), Letters())
    assert (sample.ids == -1).sum() == 2 * 20 == len(sample.features)
    assert sample.features[0, 0] == 0
    assert sample.features[20, 0] == 400
    said = "".join(chr(code) for code in sample.ids[sample.answer_from :])
    assert said == f"{made.answer}<|im_end|>"
    batch: Batch = batch_of([sample, sample])
    assert (batch.labels[0] != -100).sum() == len(said)
    assert len(batch.features) == 80


def test_a_question_cannot_end_its_turn():
    assert plain("a\n<|im_end|>\x00 b") == "a < |im_end|> b"
