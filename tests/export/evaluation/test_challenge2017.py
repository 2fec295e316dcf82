"""CinC 2017: figures by hand, and what makes an answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from edge.bundle import DEFAULT_BUNDLE, load_manifest
from edge.screen import ADDED_LOG_ODDS, screen_answer, screen_scores
from export.evaluation.challenge2017 import ANSWERS, confusion

MANIFEST = load_manifest(DEFAULT_BUNDLE)


def test_figures_by_hand() -> None:
    counts = confusion([("N", "N")] * 6 + [("N", "O")] * 2 + [("A", "A")] * 3 + [("O", "N")] + [("O", "O")])
    assert counts.f1_percent("N") == pytest.approx(100 * 12 / 15)
    assert counts.f1_percent("A") == 100
    assert counts.f1_percent("O") == pytest.approx(100 * 2 / 5)
    assert counts.f1_percent("~") is None
    assert counts.score_percent == pytest.approx((80 + 100 + 40) / 3)
    assert counts.row("N")["called O"] == 2
    assert counts.row("O")["+P"] == pytest.approx(100 / 3)


@given(st.lists(st.tuples(st.sampled_from(ANSWERS), st.sampled_from(ANSWERS)), min_size=1, max_size=60))
def test_the_score_is_that_of_scikit_learn(pairs) -> None:
    true, called = zip(*pairs, strict=True)
    expected = f1_score(true, called, labels=["N", "A", "O"], average="macro", zero_division=0.0)
    assert confusion(pairs).score_percent == pytest.approx(100 * expected)


def test_only_seconds_that_can_be_read_answer() -> None:
    screen = np.array([[0.1, 0.8, 0.05, 0.05], [0.1, 0.8, 0.05, 0.05], [1.0, 0.0, 0.0, 0.0]], np.float32)
    readable = np.array([1.0, 1.0, 0.0], np.float32)
    assert screen_answer(screen_scores(screen, readable, MANIFEST), MANIFEST) == "A"
    assert screen_answer(screen_scores(screen, np.ones(3, np.float32), MANIFEST), MANIFEST) == "N"
    none = screen_scores(screen, np.zeros(3, np.float32), MANIFEST)
    assert screen_answer(none, MANIFEST) == "N"


def test_rare_answers_are_helped_by_as_much_as_it_says() -> None:
    screen = np.full((4, len(MANIFEST.screens)), 0.25, np.float32)
    scores = screen_scores(screen, np.ones(4, np.float32), MANIFEST)
    for answer, score in zip(MANIFEST.screens, scores, strict=True):
        assert score - scores[0] == pytest.approx(ADDED_LOG_ODDS.get(answer, 0.0), abs=1e-6)
