"""Reads what a question asks, by tables of phrases and nothing else; what fits no rule is not understood."""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from hub.ask.periods import names_period
from hub.ask.phrases import Intent, Reason, Subject, Tables, load_tables
from hub.ask.question import singular, words_of

_LONG_WORD: Final = 6
_ALIKE: Final = 0.85
_EPISODE: Final = re.compile(r"\bepisodes? (?:id )?([0-9a-f]{4,32})\b")
_BARE_ID: Final = re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])([0-9a-f]{6,32})\b")
CLOCK: Final = re.compile(r"\b(?:[01]?\d|2[0-3])[:.][0-5]\d\b|\b(?:1[0-2]|[1-9]) ?[ap]m\b")
_FIRST: Final = (Intent.REFUSED, Intent.EMERGENCY)
_BEFORE_SIGNAL: Final = (*_FIRST, Intent.KNOWLEDGE, Intent.STATUS)
_NUMBERS: Final = {"five": 5.0, "ten": 10.0, "twenty": 20.0, "thirty": 30.0, "forty": 40.0, "fifty": 50.0}
_SECONDS: Final = re.compile(
    rf"\b(?:last|past|latest|newest) (?:(\d{{1,3}}|{'|'.join(_NUMBERS)}) seconds?|minute)\b"
)


class WindowKind(StrEnum):
    """Which piece of signal a question is about."""

    NEWEST = "newest"
    EPISODE = "episode"
    TIME = "time"
    TWO = "two"


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood. `rule` is the one that decided; `episode` the beginning of an episode's id."""

    intent: Intent
    rule: str = ""
    subject: Subject | None = None
    reason: Reason | None = None
    window: WindowKind | None = None
    episode: str | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """`forgives` misspelt words; `Reader.default()` is what the hub uses."""

    tables: Tables
    forgives: bool = True

    @classmethod
    def default(cls) -> "Reader":
        """With the tables that come with the hub."""
        return cls(load_tables())

    def read(self, line: str) -> Reading:
        """Never fails; `line` is a cleaned question."""
        text = self._text(line)
        subject = self._subject(text)
        signal = self._signal(line, text)
        for rule in self.tables.rules:
            is_named = signal is not None and signal.window is WindowKind.EPISODE
            if signal is not None and rule.intent not in (_FIRST if is_named else _BEFORE_SIGNAL):
                return signal
            if rule.needs_subject and subject is None:
                continue
            if rule.impersonal and (names_period(line) or self._has("personal", text)):
                continue
            if all(group.are_in(text) for group in rule.groups) and not rule.without.are_in(text):
                return Reading(rule.intent, rule.name, subject, rule.reason)
        return signal or self._by_name(line, text, subject)

    def named(self, line: str) -> tuple[str, ...]:
        """The findings and medical words that a question names, as it spells them."""
        text = self._text(line)
        return tuple(word for of in ("subjects", "terms") for word in self.tables.lists[of].found_in(text))

    def _by_name(self, line: str, text: str, subject: Subject | None) -> Reading:
        """A bare name: counted where a time is named too, else explained."""
        if subject is not None:
            return Reading(Intent.COUNT if names_period(line) else Intent.KNOWLEDGE, "name", subject)
        if self._has("terms", text):
            return Reading(Intent.KNOWLEDGE, "term")
        return Reading(Intent.SUMMARY, "time") if names_period(line) else Reading(Intent.UNKNOWN)

    def _signal(self, line: str, text: str) -> Reading | None:
        lower = " ".join(line.lower().split())
        named = _EPISODE.search(lower) or _BARE_ID.search(lower)
        if named:
            return Reading(Intent.SIGNAL, "episode", window=WindowKind.EPISODE, episode=named[1])
        is_now = self._has("now", text) and not self._has("not_now", text)
        if is_now and self._has("comparing", text) and names_period(line):
            return Reading(Intent.SIGNAL, "two", window=WindowKind.TWO)
        seconds = _SECONDS.search(lower)
        if seconds:
            number = seconds[1] or "60"
            length_s = _NUMBERS.get(number) or float(number)
            return Reading(Intent.SIGNAL, "seconds", window=WindowKind.NEWEST, seconds=length_s)
        if is_now:
            return Reading(Intent.SIGNAL, "now", window=WindowKind.NEWEST)
        if len(CLOCK.findall(lower)) == 1:
            return Reading(Intent.SIGNAL, "clock", window=WindowKind.TIME)
        return None

    def _subject(self, text: str) -> Subject | None:
        lengths = {subject: phrases.longest_in(text) for subject, phrases in self.tables.subjects.items()}
        best = max(lengths, key=lambda subject: lengths[subject])
        return best if lengths[best] else None

    def _has(self, name: str, text: str) -> bool:
        return self.tables.lists[name].are_in(text)

    def _text(self, line: str) -> str:
        words = [singular(word) for word in words_of(line)]
        return "".join(f"{self._spelt(word) if self.forgives else word} " for word in words)

    def _spelt(self, word: str) -> str:
        if len(word) < _LONG_WORD or word in self.tables.vocabulary:
            return word
        near = get_close_matches(word, self.tables.vocabulary, 1, _ALIKE)
        return near[0] if near else word
