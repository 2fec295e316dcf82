"""What changed from one window of ECG to another, by what was measured on both.

The measured verdict decides. The language model is asked to compare the two as well; its words are never the
answer: where they are those of the measurements it is a witness, all others are struck and counted.
"""

from collections.abc import Mapping
from typing import Final

from edge.evidence import Evidence
from edge.labels import WAVEFORM_NAMES, BeatClass, Waveform

COMPARE_QUESTION: Final = "Compare."
RATE_SHARE: Final = 0.10
INTERVAL_SHARE: Final = 0.15
ECTOPY_SHARE: Final = 0.5
"""A smaller change is none."""

RHYTHMS: Final = (
    Waveform.ATRIAL_FIBRILLATION,
    Waveform.ATRIAL_FLUTTER,
    Waveform.VENTRICULAR_FIBRILLATION,
    Waveform.VENTRICULAR_TACHYCARDIA,
    Waveform.SUPRAVENTRICULAR_RUN,
)
"""Another set of these is a change of rhythm."""

_ECTOPIC = (BeatClass.VENTRICULAR, BeatClass.SUPRAVENTRICULAR)
_ITEMS = ("rate", "rhythm", "ectopy", "intervals")
_UNKNOWN = "unknown"
_NO_RHYTHM = "no fibrillation or run found"


def changes(before: Evidence, after: Evidence) -> dict[str, str]:
    """`rate`, `rhythm`, `ectopy` and `intervals` (QRS), each with one word.

    All are unknown where one of the windows is mostly unreadable.
    """
    if any(one.readable_s < one.duration_s / 2 for one in (before, after)):
        return dict.fromkeys(_ITEMS, _UNKNOWN)
    ectopy = [_ectopic_a_minute(one) for one in (before, after)]
    return {
        "rate": direction(before.heart_rate_bpm, after.heart_rate_bpm, RATE_SHARE, ("higher", "lower")),
        "rhythm": "same" if _rhythms(before) == _rhythms(after) else "changed",
        "ectopy": direction(ectopy[0], ectopy[1], ECTOPY_SHARE, ("more", "less")),
        "intervals": direction(before.qrs_ms, after.qrs_ms, INTERVAL_SHARE, ("longer", "shorter")),
    }


def verdict_text(before: Evidence, after: Evidence) -> str:
    """Each item with what was measured: `rate higher (60 to 80/min); rhythm same (...)`."""
    found = changes(before, after)
    told = [
        f"{what} {word} ({_figures(what, before, after)})" for what, word in found.items() if word != _UNKNOWN
    ]
    unknown = ", ".join(what for what, word in found.items() if word == _UNKNOWN)
    return "; ".join([*told, f"not comparable: {unknown}"] if unknown else told)


def changes_text(found: Mapping[str, str]) -> str:
    """`rate higher; rhythm same; ectopy more; intervals same`."""
    return "; ".join(f"{what} {word}" for what, word in found.items())


def read_changes(text: str) -> dict[str, str]:
    """The items of such a text that can be read."""
    items = [item.split() for item in text.strip().rstrip(".").split(";")]
    return {item[0]: item[1] for item in items if len(item) == len(("what", "word"))}


def borne_out(said: Mapping[str, str], measured: Mapping[str, str]) -> tuple[dict[str, str], int]:
    """What of `said` was measured too, and how many items were not."""
    kept = {what: word for what, word in said.items() if word != _UNKNOWN and measured.get(what) == word}
    return kept, len(said) - len(kept)


def direction(before: float | None, after: float | None, share: float, words: tuple[str, str]) -> str:
    """`same` within `share` of the larger, else the first word for more and the second for less."""
    if before is None or after is None:
        return _UNKNOWN
    if abs(after - before) <= share * max(before, after):
        return "same"
    return words[0] if after > before else words[1]


def _figures(what: str, before: Evidence, after: Evidence) -> str:
    if what == "rhythm":
        named = [", ".join(WAVEFORM_NAMES[rhythm] for rhythm in _rhythms(one)) for one in (before, after)]
        return " to ".join(dict.fromkeys(names or _NO_RHYTHM for names in named))
    values, unit = {
        "rate": ((before.heart_rate_bpm, after.heart_rate_bpm), "/min"),
        "ectopy": ((_ectopic_a_minute(before), _ectopic_a_minute(after)), " ectopic beats a minute"),
        "intervals": ((before.qrs_ms, after.qrs_ms), " ms QRS"),
    }[what]
    return " to ".join(f"{value:.0f}" for value in values if value is not None) + unit


def _rhythms(evidence: Evidence) -> tuple[Waveform, ...]:
    return tuple(rhythm for rhythm in RHYTHMS if evidence.of(rhythm))


def _ectopic_a_minute(evidence: Evidence) -> float:
    return 60 * sum(map(evidence.count, _ECTOPIC)) / evidence.duration_s
