"""From an event to the columns it sets: pure functions, the same result in whatever order events come."""

from datetime import UTC
from typing import Any, Final

from edge.events import EpisodeEvent, Localization, LookEvent, MinuteEvent, NoticeEvent, Strip
from hub.records import EndLook

Columns = dict[str, Any]

_PHASE_RANK: Final = {"new": 0, "update": 1, "end": 2}
_NOTHING_KNOWN: Final[Columns] = {
    "signal_order": "",
    "end_order": "",
    "end_at": None,
    "end_reason": None,
    "strip_order": "",
    "strip": None,
    "localization_order": "",
    "localization": None,
    "end_look_order": "",
    "end_look": None,
    "embedding": None,
}


def merge_episode(known: Columns | None, event: EpisodeEvent) -> Columns:
    """What is known of an episode after one more of its events.

    The signal is described by the newest event; an end stays; the longest strip wins, then the newest,
    and its embedding comes with it; an answer of the language model wins over the lack of one, then the
    newest. What it says at the end is kept apart, with the strip that it is about.
    """
    merged = dict(known or _NOTHING_KNOWN)
    order = _order(event)
    if order > merged["signal_order"]:
        merged |= _signal_columns(event) | {"signal_order": order}
    if event.phase == "end" and order > merged["end_order"]:
        merged |= {"end_at": event.end_at, "end_reason": event.end_reason, "end_order": order}
    if merged["end_order"]:
        merged["phase"] = "end"
    if event.looked == "end":
        return _merge_end_look(merged, event, order)
    return _merge_strip(_merge_localization(merged, event, order), event, order)


def minute_columns(event: MinuteEvent) -> Columns:
    """The columns of a minute apart from its key."""
    return {
        "event_id": event.event_id,
        "patient_id": event.patient_id,
        "wear_s": event.wear_s,
        "analysable_s": event.analysable_s,
        "beats": event.beats,
        "rhythm_s": event.rhythm_s,
        "mean_heart_rate_bpm": event.mean_heart_rate_bpm,
        "min_heart_rate_bpm": event.min_heart_rate_bpm,
        "max_heart_rate_bpm": event.max_heart_rate_bpm,
        "longest_rr_ms": event.longest_rr_ms,
        "embedding": event.embedding and event.embedding.model_dump_json(),
        "measured_by": event.measured_by,
    }


def minute_wins(new: Columns, known: Columns) -> bool:
    """Whether a minute sent twice with different numbers is replaced: the one with more wear is kept."""
    return _minute_rank(new) > _minute_rank(known)


def notice_columns(event: NoticeEvent) -> Columns:
    """The columns of a notice."""
    return {
        "event_id": event.event_id,
        "device_id": event.device_id,
        "patient_id": event.patient_id,
        "at": event.at,
        "code": event.code,
        "text": event.text,
    }


def look_columns(event: LookEvent) -> Columns:
    """The columns of a look."""
    return {
        "event_id": event.event_id,
        "device_id": event.device_id,
        "patient_id": event.patient_id,
        "at": event.at,
        "duration_s": event.duration_s,
        "heart_rate_bpm": event.heart_rate_bpm,
        "strip": event.strip and event.strip.model_dump_json(),
        "localization": event.localization and event.localization.model_dump_json(),
    }


def _order(event: EpisodeEvent) -> str:
    at = event.observed_until_at.astimezone(UTC).isoformat(timespec="microseconds")
    return f"{at} {_PHASE_RANK[event.phase]} {event.event_id}"


def _minute_rank(columns: Columns) -> tuple[float, float, str]:
    return columns["wear_s"], columns["analysable_s"], str(columns["event_id"])


def _signal_columns(event: EpisodeEvent) -> Columns:
    return {
        "episode_id": event.episode_id,
        "device_id": event.device_id,
        "patient_id": event.patient_id,
        "phase": event.phase,
        "finding": event.finding,
        "priority": event.priority,
        "onset_at": event.onset_at,
        "observed_until_at": event.observed_until_at,
        "beats": event.beats,
        "heart_rate_bpm": event.heart_rate_bpm,
        "longest_rr_ms": event.longest_rr_ms,
        "confidence": event.confidence,
        "seen_by": list(event.seen_by),
    }


def _merge_strip(merged: Columns, event: EpisodeEvent, order: str) -> Columns:
    if event.strip is None:
        return merged
    strip_order = f"{_duration_s(event.strip):012.3f} {order}"
    if strip_order <= merged["strip_order"]:
        return merged
    embedding = event.embedding and event.embedding.model_dump_json()
    strip = {"strip": event.strip.model_dump_json(), "strip_order": strip_order}
    return merged | strip | {"embedding": embedding}


def _merge_localization(merged: Columns, event: EpisodeEvent, order: str) -> Columns:
    if event.localization is None:
        return merged
    localization_order = _localization_order(event.localization, order)
    if localization_order <= merged["localization_order"]:
        return merged
    text = event.localization.model_dump_json()
    return merged | {"localization": text, "localization_order": localization_order}


def _merge_end_look(merged: Columns, event: EpisodeEvent, order: str) -> Columns:
    """Words and strip are one value, as the times in the words count from the strip's first sample."""
    if event.localization is None:
        return merged
    end_look_order = _localization_order(event.localization, order)
    if end_look_order <= merged["end_look_order"]:
        return merged
    look = EndLook(localization=event.localization, strip=event.strip)
    return merged | {"end_look": look.model_dump_json(), "end_look_order": end_look_order}


def _localization_order(localization: Localization, order: str) -> str:
    return f"{int(localization.status == 'answered')} {order}"


def _duration_s(strip: Strip) -> float:
    return len(strip.samples_uv) / strip.fs_hz
