"""What the hub knows, in one look: JSON-ready for machines, lines for people."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from edge.labels import FINDING_NAMES, Finding
from hub.burden import Extreme, PeriodStatistics, period_statistics
from hub.config import HubConfig
from hub.freshness import freshness
from hub.health import Judged
from hub.hub_watch import HubWatch, watch_of_hub
from hub.model_words import ModelWords, model_words
from hub.records import DeviceStatus, Episode
from hub.store import Store
from hub.watch import watch_of
from hub.wording import duration_text, short_id

Json = dict[str, Any]


def overview(store: Store, config: HubConfig, since: datetime, now: datetime, patient: str | None) -> Json:
    """Patients with devices and statistics, episodes, dead letters; times are ISO 8601 in UTC."""
    known = [person for person in store.patients() if patient in (None, person.patient_id)]
    episodes: list[Episode] = []
    people: list[Json] = []
    for person in known:
        latest_at = store.latest_at(person.patient_id)
        period = (person.patient_id, since, max(now, latest_at or now))
        found = store.episodes(*period)
        episodes += found
        people.append(
            {
                "patient_id": person.patient_id,
                "name": person.name,
                "latest_at": _iso(latest_at),
                "devices": _devices(store, config, person.patient_id, now),
                "language_model": _words(model_words(found, store.looks(*period))),
                "statistics": _statistics(period_statistics(store.minutes(*period), found)),
            }
        )
    return {
        "at": _iso(now),
        "since": _iso(since),
        "patients": people,
        "episodes": [_episode(one) for one in sorted(episodes, key=lambda one: one.onset_at)],
        "dead_letters": store.dead_letter_count(),
        "hub": _hub(watch_of_hub(store.hub(), now, config)),
    }


def lines(seen: Json, *, latest: int) -> Iterator[str]:
    """The overview for a person to read, with the `latest` episodes."""
    yield from hub_lines(seen["hub"])
    for person in seen["patients"]:
        yield f"{person['name']} ({person['patient_id']})"
        yield from (f"  {line}" for line in device_lines(person))
        yield f"  {_statistics_line(person['statistics'])} since {_short(seen['since'])}"
        if person["language_model"]["asked"]:
            yield f"  {_words_line(person['language_model'])}"
    hidden = len(seen["episodes"]) - latest
    if hidden > 0:
        yield f"{hidden} earlier episodes are not shown; --json lists all"
    yield from (_episode_line(one) for one in seen["episodes"][-latest:])
    if seen["dead_letters"]:
        yield f"{seen['dead_letters']} dead letters: messages that could not be stored as events"


def _devices(store: Store, config: HubConfig, patient_id: str, now: datetime) -> list[Json]:
    heard = {device.device_id: device for device in store.devices(patient_id)}
    expected = {device for device, owner in config.patient_of_device.items() if owner == patient_id}
    return [_device(name, heard.get(name), config, now) for name in sorted(expected | heard.keys())]


def _device(device_id: str, status: DeviceStatus | None, config: HubConfig, now: datetime) -> Json:
    heard_at = status.heard_at if status else None
    watch = watch_of(device_id, status, now, config.stale_after)
    return {
        "device_id": device_id,
        "availability": status.availability if status else "unknown",
        "heard_at": _iso(heard_at),
        "freshness": freshness(heard_at, now, config.stale_after),
        "alarm": watch.alarm.name.lower(),
        "headline": watch.headline,
        "health": [_trouble(one) for one in watch.troubles],
        "state": status.state.model_dump(mode="json") if status and status.state else None,
    }


def _hub(watch: HubWatch) -> Json:
    return {
        "state": watch.word,
        "heard": watch.heard,
        "alarm": watch.alarm.name.lower(),
        "headline": watch.headline,
        "health": [_trouble(one) for one in watch.troubles],
    }


def _trouble(trouble: Judged) -> Json:
    return {
        "code": trouble.code,
        "alarm": trouble.alarm.name.lower(),
        "name": trouble.name,
        "since": _iso(trouble.since),
        "text": trouble.text,
    }


def _statistics(stats: PeriodStatistics) -> Json:
    return {
        "wear_s": stats.wear_s,
        "intervals_s": stats.intervals_s,
        "analysable_s": stats.analysable_s,
        "beats": {str(beat): count for beat, count in stats.beats.items()},
        "total_beats": stats.total_beats,
        "ventricular_percent": stats.ventricular_percent,
        "supraventricular_percent": stats.supraventricular_percent,
        "af_s": stats.af_s,
        "af_percent": stats.af_percent,
        "mean_heart_rate_bpm": stats.mean_heart_rate_bpm,
        "min_heart_rate_bpm": _extreme(stats.min_heart_rate),
        "max_heart_rate_bpm": _extreme(stats.max_heart_rate),
        "longest_rr_ms": _extreme(stats.longest_rr_ms),
        "episodes": {str(finding): count for finding, count in stats.episodes.items()},
    }


def _words(words: ModelWords) -> Json:
    return asdict(words) | {"latest_look_at": _iso(words.latest_look_at)}


def _extreme(extreme: Extreme | None) -> Json | None:
    return None if extreme is None else {"value": extreme.value, "at": _iso(extreme.at)}


def _episode(episode: Episode) -> Json:
    said, at_end = episode.localization, episode.end_look
    return {
        "episode_id": str(episode.episode_id),
        "patient_id": episode.patient_id,
        "device_id": episode.device_id,
        "finding": str(episode.finding),
        "priority": str(episode.priority),
        "phase": episode.phase,
        "onset_at": _iso(episode.onset_at),
        "observed_until_at": _iso(episode.observed_until_at),
        "end_at": _iso(episode.end_at),
        "end_reason": episode.end_reason,
        "beats": {str(beat): count for beat, count in episode.beats.items()},
        "heart_rate_bpm": episode.heart_rate_bpm,
        "longest_rr_ms": episode.longest_rr_ms,
        "confidence": episode.confidence,
        "seen_by": list(episode.seen_by),
        "strip_s": len(episode.strip.samples_uv) / episode.strip.fs_hz if episode.strip else None,
        "localization": said.model_dump(mode="json", exclude_none=True) if said else None,
        "end_localization": (
            at_end.localization.model_dump(mode="json", exclude_none=True) if at_end else None
        ),
    }


def device_lines(person: Json) -> Iterator[str]:
    """One line a device of a patient of the overview: whether it is heard, and what it says of itself."""
    for device in person["devices"]:
        silent = device["heard_at"] is not None and device["freshness"] != "fresh"
        heard = f"heard {_short(device['heard_at'])}, " if silent else ""
        yield f"{device['device_id']}: {device['availability']}, {heard}{device['freshness']}{_state(device)}"
        yield from _trouble_lines(device)


def hub_lines(hub: Json) -> Iterator[str]:
    """Only where something is wrong with the hub itself."""
    if hub["headline"] or hub["health"]:
        yield f"hub: {hub['state']}, last written {hub['heard']}"
        yield from _trouble_lines(hub)


def _trouble_lines(watched: Json) -> Iterator[str]:
    """What is wrong now, then what was told of it, with numbers."""
    if watched["headline"]:
        yield f"  {watched['alarm']}: {watched['headline']}"
    for one in watched["health"]:
        yield f"  since {_short(one['since'])}: {one['text']}"


def _state(device: Json) -> str:
    state = device["state"]
    if state is None:
        return ""
    rate, battery = state["heart_rate_bpm"], state["battery_percent"]
    known = [
        f"link {state['link']}",
        None if rate is None else f"{rate:.0f}/min",
        None if battery is None else f"battery {battery} %",
        f"{state['outbox_backlog']} events waiting" if state["outbox_backlog"] else None,
    ]
    return "; " + ", ".join(part for part in known if part)


def _statistics_line(stats: Json) -> str:
    beats = ", ".join(f"{beat} {count}" for beat, count in stats["beats"].items() if count) or "no beats"
    worn, readable, af = (duration_text(stats[key]) for key in ("wear_s", "analysable_s", "af_s"))
    if stats["intervals_s"]:
        worn += f" ({duration_text(stats['intervals_s'])} by RR intervals alone)"
    return f"worn {worn}, analysable {readable}, beats {beats}, AF {af}"


def _words_line(words: Json) -> str:
    latest = f", latest look {_short(words['latest_look_at'])}" if words["latest_look_at"] else ""
    return (
        f"language model: asked {words['asked']}, answered {words['answered']},"
        f" statements struck {words['struck']}{latest}"
    )


def _episode_line(episode: Json) -> str:
    until = f"to {_short(episode['end_at'])}" if episode["end_at"] else "going on"
    name = FINDING_NAMES[Finding(episode["finding"])]
    identity = short_id(UUID(episode["episode_id"]))
    return (
        f"{identity}  {_short(episode['onset_at'])} {until}  {name} ({episode['priority']})"
        f"  {episode['patient_id']}"
    )


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds")


def _short(iso: str) -> str:
    return datetime.fromisoformat(iso).strftime("%Y-%m-%d %H:%M:%SZ")
