"""The tables of `phrases.toml`, ready to be looked for in a question."""

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

from edge.labels import BeatClass, Finding
from hub.ask.question import singular

Subject = Finding | BeatClass
_ANYTHING: Final = "..."


class Intent(StrEnum):
    """What somebody wants to know."""

    SUMMARY = "summary"
    EPISODES = "episodes"
    COUNT = "count"
    BURDEN = "burden"
    WEAR = "wear"
    RATE = "rate"
    LONGEST_RR = "longest_rr"
    LONGEST = "longest"
    LATEST = "latest"
    COMPARE = "compare"
    BEATS = "beats"
    STATUS = "status"
    SIGNAL = "signal"
    KNOWLEDGE = "knowledge"
    REFUSED = "refused"
    EMERGENCY = "emergency"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a question is refused."""

    INSTRUCTION = "instruction"
    MEDICATION = "medication"
    ADVICE = "advice"
    PROGNOSIS = "prognosis"
    DIAGNOSIS = "diagnosis"


@dataclass(frozen=True, slots=True)
class Phrases:
    """A set of phrases, each with its number of words."""

    patterns: tuple[tuple[int, re.Pattern[str]], ...]

    @classmethod
    def of(cls, phrases: Iterable[str]) -> "Phrases":
        """From plain phrases of words in the singular."""
        return cls(tuple((len(phrase.split()), _pattern(phrase)) for phrase in phrases))

    def longest_in(self, text: str) -> int:
        """Words of the longest one in the text (singular words, a space after each); 0 where none is."""
        return max((length for length, pattern in self.patterns if pattern.search(text)), default=0)

    def found_in(self, text: str) -> tuple[str, ...]:
        """Those that are in it, as they stand there."""
        found = (pattern.search(text) for _, pattern in self.patterns)
        return tuple(dict.fromkeys(one[0].strip() for one in found if one))

    def are_in(self, text: str) -> bool:
        """Whether any is."""
        return any(pattern.search(text) for _, pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the file; see there."""

    name: str
    intent: Intent
    groups: tuple[Phrases, ...]
    without: Phrases
    reason: Reason | None
    needs_subject: bool
    impersonal: bool


@dataclass(frozen=True, slots=True)
class Tables:
    """All of the file. `vocabulary` has its words, by which misspelt ones are known."""

    subjects: Mapping[Subject, Phrases]
    lists: Mapping[str, Phrases]
    rules: tuple[Rule, ...]
    vocabulary: frozenset[str]

    def leaving_out(self, names: Collection[str]) -> "Tables":
        """Without the rules of these names."""
        rules = tuple(rule for rule in self.rules if rule.name not in names)
        return Tables(self.subjects, self.lists, rules, self.vocabulary)


@cache
def load_tables() -> Tables:
    """The tables that come with the hub."""
    table = tomllib.loads(files("hub.ask").joinpath("phrases.toml").read_text(encoding="utf-8"))
    subjects, rules = table.pop("subjects"), table.pop("rules")
    lists = {**table, "subjects": [phrase for phrases in subjects.values() for phrase in phrases]}
    return Tables(
        subjects={_subject(name): Phrases.of(phrases) for name, phrases in subjects.items()},
        lists={name: Phrases.of(phrases) for name, phrases in lists.items()},
        rules=tuple(_rule(rule, lists) for rule in rules),
        vocabulary=frozenset(_vocabulary([*lists.values(), *_groups(rules, lists)])),
    )


def _subject(name: str) -> Subject:
    return BeatClass(name) if name in set(BeatClass) else Finding(name)


def _rule(rule: Mapping[str, Any], lists: Mapping[str, list[str]]) -> Rule:
    reason = rule.get("reason")
    return Rule(
        name=rule["name"],
        intent=Intent(rule["intent"]),
        groups=tuple(Phrases.of(_resolved(group, lists)) for group in rule["of"]),
        without=Phrases.of(_resolved(rule.get("without", []), lists)),
        reason=None if reason is None else Reason(reason),
        needs_subject=rule.get("subject", False),
        impersonal=rule.get("impersonal", False),
    )


def _resolved(phrases: list[str], lists: Mapping[str, list[str]]) -> list[str]:
    """`@name` stands for the phrases of that list."""
    named = [lists[phrase[1:]] for phrase in phrases if phrase.startswith("@")]
    plain = [phrase for phrase in phrases if not phrase.startswith("@")]
    return [*plain, *(phrase for phrases in named for phrase in phrases)]


def _groups(rules: list[dict[str, Any]], lists: Mapping[str, list[str]]) -> list[list[str]]:
    return [_resolved(group, lists) for rule in rules for group in rule["of"]]


def _vocabulary(tables: Iterable[Iterable[str]]) -> set[str]:
    return {singular(word) for phrases in tables for phrase in phrases for word in phrase.split()}


def _pattern(phrase: str) -> re.Pattern[str]:
    words = [
        r"(?:\S+ )*?" if word == _ANYTHING else re.escape(singular(word)) + " " for word in phrase.split()
    ]
    return re.compile(r"(?<!\S)" + "".join(words))
