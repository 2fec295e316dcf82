"""How well questions are read and passages found: chosen on the tuning half, measured on the held-out one.

python -m benchmarks.ask
"""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from hub.ask.answering import passages
from hub.ask.phrases import Intent, load_tables
from hub.ask.question import cleaned
from hub.ask.reader import Reader
from hub.knowledge_index import IndexSettings, KnowledgeIndex

CASES = Path(__file__).with_name("ask_cases.toml")
_TOKENIZERS = ("porter unicode61", "unicode61", "trigram")
_SIMILARITIES = tuple(0.05 * i for i in range(21))
_NAMES, _HEADINGS, _CUES = (1.0, 2.0, 4.0, 8.0), (1.0, 4.0, 8.0, 12.0), (0.0, 2.0, 4.0, 8.0)

Case = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Share:
    """`right` of `asked`."""

    right: int
    asked: int

    def __str__(self) -> str:
        return f"{self.right}/{self.asked} ({100 * self.right / self.asked:.0f} %)"


def intents(reader: Reader, cases: Sequence[Case]) -> tuple[Share, Share]:
    """Intents that are right; and those of them with the right finding, kind of beat or window."""
    readings = [(reader.read(cleaned(case["q"])), case) for case in cases]
    right = [(reading, case) for reading, case in readings if reading.intent == case["intent"]]
    named = [(reading, case) for reading, case in readings if "about" in case]
    exact = [
        case
        for reading, case in named
        if reading.intent == case["intent"] and str(reading.window or reading.subject) == case["about"]
    ]
    return Share(len(right), len(cases)), Share(len(exact), len(named))


def recall(index: KnowledgeIndex, cases: Sequence[Case], most: int) -> Share:
    """Questions of which one of the wanted passages is among the first `most`, where the intent is right."""
    reader = Reader.default()
    wanted = [case for case in cases if "ref" in case]
    hits = 0
    for case in wanted:
        line = cleaned(case["q"])
        reading = reader.read(line)
        if reading.intent == Intent(case["intent"]):
            found = {passage.ref for passage in passages(index, reader, line, reading)[:most]}
            hits += bool(found & set(case["ref"]))
    return Share(hits, len(wanted))


def alternatives() -> Iterator[IndexSettings]:
    """The grid of the loop, after what the hub uses, which so wins among equals."""
    yield IndexSettings(similarity=0.0)
    for tokenizer, names, heading, cue in product(_TOKENIZERS, _NAMES, _HEADINGS, _CUES):
        yield IndexSettings(tokenizer, (names, names, heading, cue, 1.0), 0.0)


def best(cases: Sequence[Case]) -> IndexSettings:
    """Of the grid, what finds most among the first one, then among the first three; the first of equals.

    Words first, then what similarity adds to them.
    """
    words = max(alternatives(), key=lambda settings: _hits(settings, cases))
    with_similarity = (replace(words, similarity=round(share, 2)) for share in _SIMILARITIES)
    return max(with_similarity, key=lambda settings: _hits(settings, cases))


def _hits(settings: IndexSettings, cases: Sequence[Case]) -> tuple[int, int]:
    index = KnowledgeIndex(settings)
    return recall(index, cases, 1).right, recall(index, cases, 3).right


def _readers() -> Iterator[tuple[str, Reader]]:
    tables = load_tables()
    yield "as it is", Reader.default()
    yield "misspelt words are not forgiven", Reader(tables, forgives=False)
    yield "without the rules that refuse", Reader(tables.leaving_out(_of(Intent.REFUSED)))
    yield "without the rules that explain", Reader(tables.leaving_out(_of(Intent.KNOWLEDGE)))
    yield "without the rules of the history", Reader(tables.leaving_out(_history()))


def _of(*wanted: Intent) -> set[str]:
    return {rule.name for rule in load_tables().rules if rule.intent in wanted}


def _history() -> set[str]:
    others = (Intent.REFUSED, Intent.EMERGENCY, Intent.KNOWLEDGE, Intent.STATUS)
    return {rule.name for rule in load_tables().rules if rule.intent not in others}


def main() -> None:
    """Print both tables in Markdown."""
    cases = tomllib.loads(CASES.read_text(encoding="utf-8"))
    halves = [cases["tuning"], cases["held_out"]]
    print("| reader | tuning | object | held out | object |\n|---|---|---|---|---|")
    for name, reader in _readers():
        figures = [str(share) for half in halves for share in intents(reader, half)]
        print(f"| {name} | {' | '.join(figures)} |")
    print("\n| index | first, tuning | first three | first, held out | first three |\n|---|---|---|---|---|")
    plain = IndexSettings(weights=(1.0, 1.0, 1.0, 0.0, 1.0), similarity=0.0)
    for name, settings in (
        ("as it is", None),
        ("best of the grid", best(halves[0])),
        ("words alone", IndexSettings(similarity=0.0)),
        ("words and similarity alike", IndexSettings(similarity=0.5)),
        ("similarity decides", IndexSettings(similarity=1.0)),
        ("no weights, no cues, words alone", plain),
    ):
        index = KnowledgeIndex(settings)
        figures = [str(recall(index, half, most)) for half in halves for most in (1, 3)]
        print(f"| {name}: {index.settings} | {' | '.join(figures)} |")


if __name__ == "__main__":
    main()
