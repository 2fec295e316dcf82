"""What changed from one window of ECG to another, by what was measured on both."""

from collections.abc import Mapping
from typing import Final

from edge.evidence import Evidence
from edge.labels import BeatClass, Waveform

RATE_SHARE: Final = 0.10
INTERVAL_SHARE: Final = 0.15
ECTOPY_SHARE: Final = 0.5
"""A smaller change is none."""

_ECTOPIC = (BeatClass.VENTRICULAR, BeatClass.SUPRAVENTRICULAR)
_UNKNOWN = "unknown"


def changes(before: Evidence, after: Evidence) -> dict[str, str]:
    """`rate`, `rhythm`, `ectopy` and `intervals` (QRS), each with one word."""
    fibrillates = [bool(one.of(Waveform.ATRIAL_FIBRILLATION)) for one in (before, after)]
    ectopy = [sum(map(one.count, _ECTOPIC)) / one.duration_s for one in (before, after)]
    return {
        "rate": direction(before.heart_rate_bpm, after.heart_rate_bpm, RATE_SHARE, ("higher", "lower")),
        "rhythm": "same" if fibrillates[0] == fibrillates[1] else "changed",
        "ectopy": direction(ectopy[0], ectopy[1], ECTOPY_SHARE, ("more", "less")),
        "intervals": direction(before.qrs_ms, after.qrs_ms, INTERVAL_SHARE, ("longer", "shorter")),
    }


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
