"""What the language model is asked about an episode, the grammar of its answer, and its reading.

The grammar holds the answer to what was measured: the finding, the times of real beats, sentences whose
numbers are the evidence's. The model chooses among them; it cannot invent.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.events import EpisodeEvent, Localization, LocalizedFinding, Strip
from edge.labels import FINDING_NAMES, BeatClass, Finding

MAX_TOKENS = 120
_MOST_BEATS = 40
_NEAR_S = 0.02
_SYSTEM = "You read ECG strips. Say from which second to which second the finding is, as JSON."
_EXAMPLE = "Beats: 0.7N 1.5N 2.0V 2.4V 3.4N 4.2N. Finding: ventricular_couplet, start 2.0, end 2.4."
_SHOWN = (
    '{"finding": "ventricular_couplet", "start_s": 2.0, "end_s": 2.4, '
    '"sentence": "The strip shows ventricular couplet with 2 ventricular beats."}'
)


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt, and the grammar that its answer obeys."""

    prompt: str
    grammar: str


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    finding: Finding
    start_s: float
    end_s: float
    sentence: str


def question(episode: EpisodeEvent) -> Question | None:
    """`None` where there is nothing to look at: no strip, or no beat on it."""
    strip = episode.strip
    if strip is None or not strip.beats:
        return None
    asked, shown = (
        _turn("user", _evidence(episode, strip)),
        _turn("user", _EXAMPLE) + _turn("assistant", _SHOWN),
    )
    prompt = f"{_turn('system', _SYSTEM)}{shown}{asked}<|im_start|>assistant\n"
    return Question(prompt, _grammar(episode, strip))


def read_answer(text: str, strip: Strip, model: str, latency_s: float) -> Localization:
    """The parsed answer; `invalid` where it is cut short or its times make no sense."""
    try:
        answer = _Answer.model_validate_json(text)
    except ValidationError:
        return Localization(status="invalid", model=model, latency_s=latency_s)
    strip_s = len(strip.samples_uv) / strip.fs_hz
    if not 0 <= answer.start_s <= answer.end_s <= strip_s:
        return Localization(status="invalid", model=model, latency_s=latency_s)
    found = LocalizedFinding(finding=answer.finding, start_s=answer.start_s, end_s=answer.end_s)
    return Localization(
        status="answered", model=model, latency_s=latency_s, findings=(found,), sentence=answer.sentence
    )


def _turn(role: str, text: str) -> str:
    return f"<|im_start|>{role}\n{text}<|im_end|>\n"


def _evidence(episode: EpisodeEvent, strip: Strip) -> str:
    length_s = len(strip.samples_uv) / strip.fs_hz
    beats = " ".join(f"{beat.at_s:.1f}{beat.beat_class}" for beat in strip.beats[:_MOST_BEATS])
    onset_s = (episode.onset_at - strip.start_at).total_seconds()
    last_s = (episode.observed_until_at - strip.start_at).total_seconds()
    return (
        f"Beats: {beats}. Finding: {episode.finding}, start {max(onset_s, 0):.1f},"
        f" end {min(last_s, length_s):.1f}."
    )


def _grammar(episode: EpisodeEvent, strip: Strip) -> str:
    times = dict.fromkeys(f"{beat.at_s:.1f}" for beat in strip.beats[:_MOST_BEATS])
    sentences = _sentences(episode, strip)
    rules = [
        r'root ::= "{\"finding\": \"" finding "\", \"start_s\": " time ", \"end_s\": " time ", '
        r'\"sentence\": " sentence "}"',
        f'finding ::= "{episode.finding}"',
        f"time ::= {_alternatives(times)}",
        f"sentence ::= {_alternatives(json.dumps(sentence) for sentence in sentences)}",
    ]
    return "\n".join(rules)


def _alternatives(texts: Iterable[str]) -> str:
    return " | ".join(json.dumps(text) for text in texts)


def _ventricular_on_strip(episode: EpisodeEvent, strip: Strip) -> int:
    """What a reader can count: ventricular beats of the episode that are on the strip."""
    onset_s = (episode.onset_at - strip.start_at).total_seconds()
    end_s = (episode.end_at - strip.start_at).total_seconds() if episode.end_at else math.inf
    inside = (beat for beat in strip.beats if onset_s - _NEAR_S <= beat.at_s <= end_s + _NEAR_S)
    return sum(beat.beat_class is BeatClass.VENTRICULAR for beat in inside)


def _sentences(episode: EpisodeEvent, strip: Strip) -> list[str]:
    name = FINDING_NAMES[episode.finding]
    ventricular = _ventricular_on_strip(episode, strip)
    plural = "" if ventricular == 1 else "s"
    counted = f" with {ventricular} ventricular beat{plural}" if ventricular else ""
    sentences = [f"The strip shows {name}{counted}.", f"{name.capitalize()} is seen{counted}."]
    if episode.heart_rate_bpm:
        sentences.append(f"{name.capitalize()}{counted}, at {episode.heart_rate_bpm:.0f} bpm.")
    return sentences
