"""From the signs of a sentence to its claims: patterns take signs up, none may be left over.

Signs: `N` number, `s m r %` units, `S` subject (`D` denied, `C` counted), `M` measure, `X` negation,
`a f t b` at, from, to, between, `B E` begin and end, `d` for, `O` of, `i` in, `W` window, `H` throughout.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from edge.grounding_claims import (
    Claim,
    Counted,
    Holds,
    Lasts,
    Measured,
    Placed,
    Role,
    RunOf,
    Share,
    Throughout,
)
from edge.grounding_subjects import Measure, Subject
from edge.grounding_tokens import Token


class NotUnderstoodError(Exception):
    """The sentence holds something that no pattern takes up."""


class Signs:
    """The signs that are left, and what each stands for."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self.left = "".join(token.sign for token in tokens)

    def take(self, at: int, stop: int) -> None:
        """Subjects stay, all else is taken."""
        kept = "".join(sign if sign in "SCD" else "_" for sign in self.left[at:stop])
        self.left = self.left[:at] + kept + self.left[stop:]

    def mark(self, at: int, sign: str) -> None:
        """Another sign in its place."""
        self.left = self.left[:at] + sign + self.left[at + 1 :]

    def subject(self, at: int) -> Subject:
        """The subject there; a denied one has no times and no numbers."""
        value = self._tokens[at].value
        if not isinstance(value, Subject) or self.left[at] == "D":
            raise NotUnderstoodError("a number of something that is denied")
        return value

    def measure(self, at: int) -> Measure:
        """The measure there."""
        return Measure(str(self._tokens[at].value))

    def numbers(self, at: int, stop: int) -> list[float]:
        """The numbers in between."""
        return [float(str(self._tokens[i].value)) for i in range(at, stop) if self.left[i] == "N"]

    def places(self, signs: str, at: int = 0, stop: int | None = None) -> list[int]:
        """Where one of these signs is."""
        return [at + i for i, sign in enumerate(self.left[at:stop]) if sign in signs]

    def near(self, at: int, wanted: str = "SCD") -> int:
        """The nearest before, else the nearest after."""
        before, after = self.places(wanted, 0, at), self.places(wanted, at)
        if not before and not after:
            raise NotUnderstoodError("a number with nothing that it belongs to")
        return before[-1] if before else after[0]


Reader = Callable[[Signs, "re.Match[str]"], list[Claim]]
_ANSWER: Final = re.compile(r"^[Xy],")
_DENIED: Final = (
    re.compile(r"XO?S(?:(?:,S)*,?oS)?(?![,&o]+S)"),
    re.compile(r"(?<![&o,])SX(?!O?S)"),
)
_LEFT_OVER: Final = {
    "N": "a number that cannot be placed",
    "X": "a negation of something unclear",
    "B": "a beginning without its time",
    "E": "an end without its time",
    "H": "an extent of something unclear",
    **dict.fromkeys("smr%", "a unit without its number"),
}
_RUNS: Final = frozenset({
    Subject.RUN, Subject.VENTRICULAR_RUN, Subject.SUPRAVENTRICULAR_RUN, Subject.VENTRICULAR_TACHYCARDIA,
})  # fmt: skip
_RUN_BEATS: Final = frozenset({
    Subject.BEAT, Subject.VENTRICULAR_BEAT, Subject.SUPRAVENTRICULAR_BEAT, Subject.ECTOPIC_BEAT,
})  # fmt: skip


def claims(tokens: Sequence[Token]) -> list[Claim]:
    """All claims; raises `NotUnderstoodError` where a sign is left over."""
    signs = Signs(tokens)
    signs.left = _ANSWER.sub("__", signs.left)  # "No, ..." answers; what follows is the word
    found = _denials(signs)
    for pattern, read in _PATTERNS:
        at = 0
        while (match := pattern.search(signs.left, at)) is not None:
            claim = read(signs, match)
            signs.take(*match.span()) if claim else None
            found += claim
            at = match.start() + 1
    found += [Holds(signs.subject(at)) for at in signs.places("S")]
    _check_rest(signs, found)
    return found


def _denials(signs: Signs) -> list[Claim]:
    found: list[Claim] = []
    for pattern in _DENIED:
        while (match := pattern.search(signs.left)) is not None:
            for at in signs.places("S", *match.span()):
                found.append(Holds(signs.subject(at), denied=True))
                signs.mark(at, "D")
            signs.take(*match.span())
    return found


def _check_rest(signs: Signs, found: Sequence[Claim]) -> None:
    for sign in signs.left:
        if sign in _LEFT_OVER:
            raise NotUnderstoodError(_LEFT_OVER[sign])
    if any(signs.measure(at) is not Measure.RATE for at in signs.places("M")):
        raise NotUnderstoodError("an interval without its value")
    if not found and set(signs.left) <= set("yX,|_"):
        raise NotUnderstoodError("a word alone")


def _times(signs: Signs, match: "re.Match[str]") -> list[Claim]:
    """`at 2.4 and 6.8 s`, `at 1.9-3.1 s and 6.8-8.1 s`, `from 1.9 to 3.1 s`."""
    ones = [(match.start() + one.start(), match.start() + one.end()) for one in _ONE.finditer(match[0])]
    numbers = [signs.numbers(*one) for one in ones]
    spans = tuple((pair[0], pair[-1]) for pair in numbers)
    return [Placed(signs.subject(signs.near(match.start())), spans)]


def _place(role: Role) -> Reader:
    def read(signs: Signs, match: "re.Match[str]") -> list[Claim]:
        numbers = signs.numbers(*match.span())
        span = (numbers[0], numbers[-1])
        return [Placed(signs.subject(signs.near(match.start())), (span,), role)]

    return read


def _length(signs: Signs, match: "re.Match[str]") -> list[Claim]:
    """Of what stands in the pattern, else of what is nearest."""
    seconds = signs.numbers(*match.span())[0] / (1000 if "m" in match[0] else 1)
    inside = signs.places("SCDW", *match.span())
    at = inside[0] if inside else signs.near(match.start(), "SCDW")
    return [Lasts(None if signs.left[at] == "W" else signs.subject(at), seconds)]


def _window(signs: Signs, match: "re.Match[str]") -> list[Claim]:
    return [Lasts(None, signs.numbers(*match.span())[0])]


def _measured(signs: Signs, match: "re.Match[str]") -> list[Claim]:
    measure = signs.measure(signs.places("M", *match.span())[0])
    unit = "r" if measure is Measure.RATE else "m"
    if set(match[0]) & set("mr") - {unit}:
        raise NotUnderstoodError("a value in a unit that it does not have")
    during = _during(signs, match) if unit == "r" else None
    return [Measured(measure, signs.numbers(*match.span())[0], during)]


def _rate(signs: Signs, match: "re.Match[str]") -> list[Claim]:
    return [Measured(Measure.RATE, signs.numbers(*match.span())[0], _during(signs, match))]


def _during(signs: Signs, match: "re.Match[str]") -> Subject | None:
    before = signs.places("SC", 0, match.start())
    return signs.subject(before[-1]) if before else None


def _share(signs: Signs, match: "re.Match[str]") -> list[Claim]:
    others = [
        at for at in signs.places("SCD") if signs.left[at] == "D" or signs.subject(at) is not Subject.BEAT
    ]
    if len(others) != 1:
        raise NotUnderstoodError("a share of something unclear")
    return [Share(signs.subject(others[0]), signs.numbers(*match.span())[0])]


def _run_of(signs: Signs, match: "re.Match[str]") -> list[Claim]:
    """`a run of 4 beats`, `a 4-beat run`; nothing where the two are no run and no beats."""
    first, last = (signs.subject(at) for at in signs.places("S", *match.span()))
    run, beat = (first, last) if match[0][0] == "S" else (last, first)
    if run not in _RUNS or beat not in _RUN_BEATS:
        return []
    return [RunOf(run, signs.numbers(*match.span())[0])]


def _counted(signs: Signs, match: "re.Match[str]") -> list[Claim]:
    at = match.end() - 1
    subject = signs.subject(at)
    number = signs.numbers(*match.span())[0]
    signs.mark(at, "C")
    return [Counted(subject, number)]


def _fills(signs: Signs, match: "re.Match[str]") -> list[Claim]:
    return [Throughout(signs.subject(signs.near(match.start())))]


_ONE: Final = re.compile(r"Ns?(?:tNs?)?")
_PATTERNS: Final[tuple[tuple["re.Pattern[str]", Reader], ...]] = (
    (re.compile(r"MO?a?Nm?r?(?![s%t])|N[mr]M"), _measured),
    (re.compile(r"bNs?&Ns"), _place("at")),
    (re.compile(r"(?:Ba?|f)Ns(?!t)"), _place("start")),
    (re.compile(r"Ea?Ns"), _place("end")),
    (re.compile(r"(?:a|f?(?=Ns?t))Ns?(?:tNs?)?(?:[,&]+[af]?Ns?(?:tNs?)?)*(?<=s)"), _times),
    (re.compile(r"tNs"), _place("end")),
    (re.compile(r"i(?:O?H)?NsW?|NsW|WONs"), _window),
    (re.compile(r"dNs|SON[sm]|N[sm]S"), _length),
    (re.compile(r"a?Nr"), _rate),
    (re.compile(r"N%"), _share),
    (re.compile(r"SONS|NSS"), _run_of),
    (re.compile(r"NO?S"), _counted),
    (re.compile(r"H"), _fills),
)
