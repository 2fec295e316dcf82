"""What is asked of an ECG is told from what is not."""

import tomllib
from pathlib import Path

import pytest

from hub.find_scope import find_scope, said_words

TEACHING = Path(__file__).parents[2] / "export/training"
UNRELATED = tomllib.loads((TEACHING / "unrelated.toml").read_text())
PHRASES = tomllib.loads((TEACHING / "find_phrases.toml").read_text())


@pytest.mark.parametrize(
    "text", ["pizza", "the price of gold", "how do I reset my password", "a fast red car"]
)
def test_what_is_about_no_heart_is_refused(text):
    assert not find_scope().holds(text)


@pytest.mark.parametrize(
    "question",
    [
        "runs of wide beats",
        "the heart hardly beats",
        "brady",
        "vtach",
        "arrhythmia last night",
        "quick heartbeat",
    ],
)
def test_what_is_asked_of_a_heart_is_not(question):
    assert find_scope().holds(question)


def test_the_shares_of_the_documentation_hold():
    kept = [phrase for concept in PHRASES.values() for phrase in concept["new"]]
    assert sum(not find_scope().holds(phrase) for phrase in kept) <= 2
    assert sum(not find_scope().holds(text) for text in UNRELATED["measured"]) >= 35


def test_the_package_has_the_phrases_of_the_training_and_none_that_was_kept_from_it():
    known = [phrase for concept in PHRASES.values() for phrase in concept["known"]]
    assert {word for phrase in known for word in said_words(phrase)} <= find_scope().words
    held = (Path(__file__).parents[2] / "hub/ask/find_scope.toml").read_text()
    assert '"the heart was slow"' not in held
    assert all(f'"{phrase}"' in held for phrase in known)
