"""From a row of the database to the record that readers get."""

from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import RowMapping

from edge.embedding import Embedding
from edge.events import LiveState, Localization, Strip
from edge.health import Trouble, Troubles
from edge.labels import BeatClass, Finding, Priority, Rhythm
from hub.records import DeadLetter, DeviceStatus, EndLook, Episode, HubStatus, Lasted, Look, Minute, Notice

Row = RowMapping
_HEALTH: Final[TypeAdapter[Troubles]] = TypeAdapter(Troubles)


def episode_of(row: Row) -> Episode:
    """An episode with its strip and the language model's answer."""
    end_look = row["end_look"]
    return Episode(
        episode_id=row["episode_id"],
        device_id=row["device_id"],
        patient_id=row["patient_id"],
        finding=Finding(row["finding"]),
        priority=Priority(row["priority"]),
        phase=row["phase"],
        onset_at=row["onset_at"],
        observed_until_at=row["observed_until_at"],
        end_at=row["end_at"],
        end_reason=row["end_reason"],
        beats=_beats(row),
        heart_rate_bpm=row["heart_rate_bpm"],
        longest_rr_ms=row["longest_rr_ms"],
        confidence=row["confidence"],
        seen_by=tuple(row["seen_by"]),
        strip=_strip(row),
        localization=_localization(row),
        end_look=None if end_look is None else EndLook.model_validate_json(end_look),
        embedding=_embedding(row),
    )


def look_of(row: Row) -> Look:
    """A look with its strip and the language model's answer."""
    return Look(
        event_id=row["event_id"],
        at=row["at"],
        device_id=row["device_id"],
        duration_s=row["duration_s"],
        heart_rate_bpm=row["heart_rate_bpm"],
        strip=_strip(row),
        localization=_localization(row),
    )


def minute_of(row: Row) -> Minute:
    """A minute of measurements."""
    return Minute(
        start_at=row["start_at"],
        wear_s=row["wear_s"],
        analysable_s=row["analysable_s"],
        beats=_beats(row),
        rhythm_s={Rhythm(rhythm): seconds for rhythm, seconds in row["rhythm_s"].items()},
        mean_heart_rate_bpm=row["mean_heart_rate_bpm"],
        min_heart_rate_bpm=row["min_heart_rate_bpm"],
        max_heart_rate_bpm=row["max_heart_rate_bpm"],
        longest_rr_ms=row["longest_rr_ms"],
        embedding=_embedding(row),
        measured_by=row["measured_by"],
    )


def notice_of(row: Row) -> Notice:
    """A notice."""
    return Notice(row["at"], row["device_id"], row["code"], row["text"])


def device_of(row: Row) -> DeviceStatus:
    """A device that has been heard."""
    state = row["state"]
    return DeviceStatus(
        device_id=row["device_id"],
        patient_id=row["patient_id"],
        availability=row["availability"],
        heard_at=row["heard_at"],
        state=None if state is None else LiveState.model_validate_json(state),
    )


def lasted_of(row: Row) -> Lasted:
    """A trouble of a device."""
    trouble = Trouble(code=row["code"], since=row["since"], text=row["text"])
    return Lasted(row["device_id"], trouble, row["heard_at"])


def hub_of(row: Row) -> HubStatus:
    """The hub's newest word about itself."""
    return HubStatus(row["alive_at"], row["is_running"], _HEALTH.validate_json(row["health"]))


def hub_columns(status: HubStatus) -> dict[str, object]:
    """The columns of the hub's word about itself."""
    health = _HEALTH.dump_json(status.health).decode()
    return {"alive_at": status.alive_at, "is_running": status.is_running, "health": health}


def dead_letter_of(row: Row) -> DeadLetter:
    """A message that could not be stored as an event."""
    return DeadLetter(
        topic=row["topic"],
        payload=row["payload"],
        payload_bytes=row["payload_bytes"],
        reason=row["reason"],
        received_at=row["received_at"],
        times=row["times"],
    )


def _beats(row: Row) -> dict[BeatClass, int]:
    return {BeatClass(beat): count for beat, count in row["beats"].items()}


def _strip(row: Row) -> Strip | None:
    return None if row["strip"] is None else Strip.model_validate_json(row["strip"])


def _localization(row: Row) -> Localization | None:
    said = row["localization"]
    return None if said is None else Localization.model_validate_json(said)


def _embedding(row: Row) -> Embedding | None:
    text = row["embedding"]
    return None if text is None else Embedding.model_validate_json(text)
