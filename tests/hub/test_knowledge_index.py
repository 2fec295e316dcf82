"""The pages: each can be cited, found, and names its sources."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.knowledge_index import IndexSettings, KnowledgeIndex, read_pages

CASES = tomllib.loads((Path(__file__).parents[2] / "benchmarks/ask_cases.toml").read_text())
WANTED = sorted({ref for half in CASES.values() for case in half for ref in case.get("ref", ())})


@pytest.fixture(scope="module")
def index():
    opened = KnowledgeIndex()
    yield opened
    opened.close()


def test_every_passage_has_a_name_of_its_own_text_and_sources():
    passages = [passage for passage, _ in read_pages()]
    assert len(passages) >= 40
    assert len({passage.ref for passage in passages}) == len(passages)
    for passage in passages:
        assert re.fullmatch(r"[a-z-]+#[a-z0-9-]+", passage.ref)
        assert len(passage.text) > 50, passage.ref
        assert passage.sources.endswith("."), passage.ref


@pytest.mark.parametrize("ref", WANTED)
def test_what_a_case_wants_is_there(index, ref):
    assert index.passage(ref).ref == ref


@pytest.mark.parametrize(
    ("question", "ref"),
    [
        ("What is atrial fibrillation?", "atrial-fibrillation#what-it-is"),
        ("bigeminy", "ventricular-patterns#bigeminy"),
        ("What does burden mean?", "report-words#burden"),
        ("how should I moisten the electrodes", "artefacts#what-to-do-about-a-bad-signal"),
    ],
)
def test_a_passage_is_found(index, question, ref):
    assert ref in [passage.ref for passage in index.find(question)]


@pytest.mark.parametrize(
    ("question", "ref"),
    [
        ("what does PVC mean", "ventricular-beats#what-they-are"),
        ("when is a slow heart beat a problem?", "heart-rate#bradycardia"),
    ],
)
def test_similarity_puts_in_order_what_the_words_find(index, question, ref):
    words_alone = KnowledgeIndex(IndexSettings(similarity=0.0))
    assert index.find(question, 1)[0].ref == ref
    assert words_alone.find(question, 1)[0].ref != ref
    assert {one.ref for one in index.find(question, 99)} == {
        one.ref for one in words_alone.find(question, 99)
    }


def test_words_are_stemmed(index):
    assert index.find("quivering")[0].ref == index.find("quiver")[0].ref
    plain = KnowledgeIndex(IndexSettings(tokenizer="unicode61"))
    assert plain.find("quivering") == []


def test_what_no_page_speaks_of_is_not_found(index):
    assert index.find("what is zzyzx") == []
    assert index.find("what is the") == []


@given(st.text(max_size=200))
def test_no_text_is_a_query_error(text):
    """Quotes, operators and wildcards of the query language are plain signs."""
    _INDEX.find(text)


_INDEX = KnowledgeIndex()


@pytest.mark.parametrize(
    "text", ['"', 'a" OR "b', "NEAR(a b)", "title: x*", "' ; DROP TABLE passages --", "{a b}: c"]
)
def test_the_query_language_is_not_spoken(index, text):
    index.find(text)
    assert index.find("bigeminy")
