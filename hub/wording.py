"""How numbers and times are worded, on the screen and in the PDF alike."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from uuid import UUID

from edge.events import Localization
from edge.labels import FINDING_NAMES, WAVEFORM_NAMES, BeatClass, Finding, Priority, Waveform
from hub.burden import Extreme, PeriodStatistics
from hub.model_words import ModelWords
from hub.records import Episode

NOTHING = "–"
NO_BREAK = "\N{NO-BREAK SPACE}"
_MINUTE_S, _HOUR_S = 59.95, 3600  # the first rounds to 60.0
_ROUNDS_TO_ZERO = 0.05
CLASS_NAMES = {
    BeatClass.NORMAL: "Normal",
    BeatClass.SUPRAVENTRICULAR: "Supraventricular",
    BeatClass.VENTRICULAR: "Ventricular",
    BeatClass.FUSION: "Fusion",
    BeatClass.UNKNOWN: "Unclassified",
}
WITNESS_NAMES = {
    "encoder": "ECG encoder",
    "rule": "rule",
    "language_model": "language model",
    "intervals": "RR intervals alone, no ECG",
}
PRIORITY_ORDER = {priority: order for order, priority in enumerate(Priority)}
_NO_SENTENCE = {
    "answered": "the language model answered without a sentence",
    "late": "the language model did not answer in time",
    "absent": "no language model is installed",
    "invalid": "the language model's answer could not be read",
    "dropped": "the language model was busy with other questions",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value."""

    label: str
    value: str


def duration_text(seconds: float) -> str:
    """`4.2 s`, `3 min 05 s`, `7 h 02 min`, `6 d 03 h`."""
    if seconds < _MINUTE_S:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR_S:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600:02d} h"


def percent_text(percent: float | None) -> str:
    """One decimal; what is not zero never looks like zero."""
    if percent is None:
        return NOTHING
    return "< 0.1 %" if 0 < percent < _ROUNDS_TO_ZERO else f"{percent:.1f} %"


def rate_text(rate_bpm: float | None) -> str:
    """Heart rate in whole beats per minute."""
    return NOTHING if rate_bpm is None else f"{rate_bpm:.0f}/min"


def milliseconds_text(milliseconds: float | None) -> str:
    """An interval in whole milliseconds."""
    return NOTHING if milliseconds is None else f"{milliseconds:.0f} ms"


def count_text(count: int) -> str:
    """Thousands apart by a space that does not break."""
    return f"{count:,}".replace(",", NO_BREAK)


def moment_text(at: datetime, zone: tzinfo) -> str:
    """`Mon 16 Nov 2026 14:03:12 CET`."""
    return at.astimezone(zone).strftime("%a %d %b %Y %H:%M:%S %Z")


def short_moment_text(at: datetime, zone: tzinfo) -> str:
    """`16 Nov 14:03:12`."""
    return at.astimezone(zone).strftime("%d %b %H:%M:%S")


def minute_text(at: datetime, zone: tzinfo) -> str:
    """`Mon 16 Nov 14:03`."""
    return at.astimezone(zone).strftime("%a %d %b %H:%M")


def short_id(episode_id: UUID) -> str:
    """The beginning of an episode's id, by which people name it."""
    return episode_id.hex[:8]


def finding_text(finding: Finding) -> str:
    """Name of a finding with a capital."""
    name = FINDING_NAMES[finding]
    return name[0].upper() + name[1:]


def found_name(finding: Finding | Waveform) -> str:
    """Name of what the language model points at."""
    return FINDING_NAMES[finding] if isinstance(finding, Finding) else WAVEFORM_NAMES[finding]


def beats_text(beats: dict[BeatClass, int]) -> str:
    """`N 12, V 3`; classes that did not occur are left out."""
    return ", ".join(f"{kind} {beats[kind]}" for kind in BeatClass if beats.get(kind)) or NOTHING


def witnesses_text(seen_by: Iterable[str]) -> str:
    """Who saw an episode."""
    return ", ".join(WITNESS_NAMES.get(witness, witness) for witness in seen_by) or NOTHING


def no_strip_text(seen_by: Iterable[str]) -> str:
    """Why an episode has no strip."""
    if "intervals" in seen_by:
        return (
            "Found by RR intervals alone: this strap sends no ECG, so there is no strip to check it against."
        )
    return "No strip came with this episode."


def no_sentence_text(localization: Localization | None) -> str:
    """Why an episode has no sentence of the language model."""
    if localization is None:
        return "the language model was not asked"
    if localization.struck and localization.status == "answered":
        return "the measurements did not bear out what the language model wrote"
    return _NO_SENTENCE[localization.status]


def phase_text(episode: Episode) -> str:
    """Whether an episode goes on, and how it ended."""
    if episode.phase != "end":
        return "going on"
    return {"signal_lost": "signal lost", "recording_ended": "recording ended"}.get(
        episode.end_reason or "", "ended"
    )


def recording_facts(stats: PeriodStatistics, period_s: float) -> list[Fact]:
    """How much of the period was recorded, and how much of that can be read."""
    by_intervals = [Fact("by RR intervals alone, no ECG", duration_text(stats.intervals_s))]
    return [
        Fact("Period", duration_text(period_s)),
        Fact("Wear time", duration_text(stats.wear_s)),
        *(by_intervals if stats.intervals_s else ()),
        Fact("Analysable time", duration_text(stats.analysable_s)),
        Fact("Analysable share of wear", percent_text(stats.analysable_percent)),
    ]


def rate_facts(stats: PeriodStatistics, zone: tzinfo) -> list[Fact]:
    """Heart rate with clock times."""
    return [
        Fact("Heart rate, mean", rate_text(stats.mean_heart_rate_bpm)),
        Fact("Heart rate, lowest", _extreme_text(stats.min_heart_rate, "/min", zone)),
        Fact("Heart rate, highest", _extreme_text(stats.max_heart_rate, "/min", zone)),
        Fact("Longest RR interval", _extreme_text(stats.longest_rr_ms, " ms", zone)),
    ]


def beat_facts(stats: PeriodStatistics) -> list[Fact]:
    """Beats by class, and the burdens."""
    return [
        Fact("Beats", count_text(stats.total_beats)),
        Fact("Ventricular beats", class_text(stats, BeatClass.VENTRICULAR)),
        Fact("Ventricular burden", percent_text(stats.ventricular_percent)),
        Fact("Supraventricular beats", class_text(stats, BeatClass.SUPRAVENTRICULAR)),
        Fact("Supraventricular burden", percent_text(stats.supraventricular_percent)),
        Fact("Fusion beats", class_text(stats, BeatClass.FUSION)),
        Fact("Unclassified beats", count_text(stats.beats[BeatClass.UNKNOWN])),
    ]


def class_text(stats: PeriodStatistics, beat_class: BeatClass) -> str:
    """How many; nothing is known where beats came by intervals alone, without a class."""
    is_known = stats.classified_beats or not stats.total_beats
    return count_text(stats.beats[beat_class]) if is_known else NOTHING


def rhythm_facts(stats: PeriodStatistics) -> list[Fact]:
    """Atrial fibrillation."""
    return [
        Fact("Atrial fibrillation, time", duration_text(stats.af_s)),
        Fact("Atrial fibrillation, burden", percent_text(stats.af_percent)),
    ]


def model_facts(words: ModelWords, zone: tzinfo) -> list[Fact]:
    """What the language model was asked and said."""
    latest = NOTHING if words.latest_look_at is None else minute_text(words.latest_look_at, zone)
    return [
        Fact("Language model, asked", count_text(words.asked)),
        Fact("Language model, answered", count_text(words.answered)),
        Fact("Statements struck", count_text(words.struck)),
        Fact("Latest scheduled look", latest),
    ]


def _extreme_text(extreme: Extreme | None, unit: str, zone: tzinfo) -> str:
    if extreme is None:
        return NOTHING
    return f"{extreme.value:.0f}{unit} ({minute_text(extreme.at, zone)})"
