"""Search over the pages of `hub/knowledge`: SQLite FTS5 in memory, built in some milliseconds.

What is found is put in order by two ranks: that of the words (bm25), and that of the similarity of question
and heading in the space of `hearth find`. A passage without a word of the question is never found.
"""

import re
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hub.heading_similarity import HeadingSimilarity

# words that say nothing about the page
_NOT_SAID: Final = re.compile(
    r"(a|an|and|any|about|are|as|at|be|been|but|by|can|could|define|did|do|does|explain|for|from|had|has|have|he"
    r"|her|him|his|how|i|if|in|is|it|its|me|mean|meaning|my|now|of|on|or|our|please|she|should|so|somebody|tell"
    r"|than|that|the|their|them|then|there|they|this|to|us|was|we|were|what|whats|when|where|which|who|why|will"
    r"|with|would|you|your)"
)
# what a question wants to know of a thing, and the headings that answer it
_CUES: Final = (
    (
        "cuedefinition",
        r"\b(what is|what's|whats|what are|define|explain|tell me|meaning|difference)\b",
        "^what (it|they) (is|are)$",
    ),
    (
        "cuemeaning",
        r"\b(dangerous|bad|serious|problem|harm\w*|safe|okay?|normal|worry|why|risk|many)\b",
        "mean|many|risk",
    ),
    ("cuefinding", r"\b(find|finds|detect\w*|recogni\w+|hearth)\b", "find"),
    ("cueaction", r"\b(do about|improve|fix|better|help)\b", "to do"),
)
_ALSO: Final = "Also called:"
_SOURCES: Final = "Sources:"


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a page under one heading; `ref` is `page#heading`."""

    ref: str
    title: str
    heading: str
    text: str
    sources: str


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """How pages are cut into words, and what a word weighs in title, other names, heading, cue and text.

    `similarity` is the weight of the rank by similarity, 0 to 1; that of the rank by words is the rest.
    """

    tokenizer: str = "porter unicode61"
    weights: tuple[float, float, float, float, float] = (4.0, 4.0, 8.0, 4.0, 1.0)
    similarity: float = 0.4


class KnowledgeIndex:
    """All passages; not to be shared between threads."""

    def __init__(self, settings: IndexSettings | None = None) -> None:
        self.settings = settings = settings or IndexSettings()
        self._passages = list(read_pages())
        self._database = sqlite3.connect(":memory:")
        self._database.execute(
            "CREATE VIRTUAL TABLE passages USING fts5"
            f"(title, also, heading, cue, text, tokenize = '{settings.tokenizer}')"
        )
        rows = [(p.title, names.also, p.heading, names.cue, p.text) for p, names in self._passages]
        self._database.executemany("INSERT INTO passages VALUES (?, ?, ?, ?, ?)", rows)
        self._similarity: HeadingSimilarity | None = None

    def find(self, question: str, most: int = 3, naming: Collection[str] = ()) -> list[Passage]:
        """The passages nearest to a question, best first; none where no word of it is on any page.

        `naming`: phrases of which a passage, or the names of its page, must hold one.
        """
        line = question.lower()
        words = [word for word in re.findall(r"[^\W_]+", line) if not _NOT_SAID.fullmatch(word)]
        if not words:
            return []
        cues = [cue for cue, asked, _ in _CUES if re.search(asked, line)]
        query = " OR ".join(map(_quoted, dict.fromkeys(words)))
        if cues:
            query = f"({query}) AND ({query} OR {' OR '.join(cues)})"  # a cue alone finds nothing
        if naming:
            query = f"({query}) AND ({' OR '.join(map(_quoted, naming))})"
        rows = self._database.execute(
            "SELECT rowid FROM passages WHERE passages MATCH ? ORDER BY bm25(passages, ?, ?, ?, ?, ?), rowid",
            (query, *self.settings.weights),
        )
        found = [row - 1 for (row,) in rows]
        return [self._passages[i][0] for i in self._in_order(question, found)[:most]]

    def _in_order(self, question: str, found: list[int]) -> list[int]:
        """By the reciprocals of both ranks; the rank by similarity is that among all passages."""
        share = self.settings.similarity
        rank = self._headings().ranks(question)
        value = {i: (1 - share) / by_words + share / rank[i] for by_words, i in enumerate(found, start=1)}
        return sorted(found, key=lambda i: -value[i])

    def _headings(self) -> "HeadingSimilarity":
        """Made with the first question, so that a hub that is asked nothing does not load numpy."""
        from hub.heading_similarity import HeadingSimilarity

        if self._similarity is None:
            headings = (f"{passage.title}. {passage.heading}" for passage, _ in self._passages)
            self._similarity = HeadingSimilarity(headings)
        return self._similarity

    def passage(self, ref: str) -> Passage:
        """The passage of this name; raises `KeyError`."""
        for passage, _ in self._passages:
            if passage.ref == ref:
                return passage
        raise KeyError(ref)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()


@dataclass(frozen=True, slots=True)
class _Names:
    also: str
    cue: str


def read_pages() -> Iterator[tuple[Passage, _Names]]:
    """Each passage of each page, with the other names of the page and its cues."""
    folder = files("hub").joinpath("knowledge")
    for page in sorted(folder.iterdir(), key=lambda page: page.name):
        if page.name.endswith(".md"):
            yield from _passages(page.name.removesuffix(".md"), page.read_text(encoding="utf-8"))


def _passages(page: str, text: str) -> Iterator[tuple[Passage, _Names]]:
    body, _, sources = text.partition(_SOURCES)
    head, *sections = body.split("\n## ")
    title, _, also = head.partition(_ALSO)
    for section in sections:
        heading, _, words = section.partition("\n")
        ref = f"{page}#{re.sub(r'[^a-z0-9]+', '-', heading.lower()).strip('-')}"
        passage = Passage(ref, title.strip("# \n"), heading.strip(), _one_line(words), _one_line(sources))
        yield passage, _Names(_one_line(also), _cue(heading))


def _quoted(phrase: str) -> str:
    return f'"{phrase}"'


def _cue(heading: str) -> str:
    return " ".join(cue for cue, _, headings in _CUES if re.search(headings, heading.lower()))


def _one_line(text: str) -> str:
    return " ".join(text.split())
