"""Events of one strap, each named, so that the same name is the same event."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from edge.events import (
    EpisodeEvent,
    MinuteEvent,
    NoticeEvent,
    Strip,
)
from edge.labels import BeatClass, Finding, Priority, Rhythm

T0 = datetime(2024, 3, 31, 0, 30, tzinfo=UTC)
NAMESPACE = UUID("6f3c0f8e-2d3a-4c83-9a5e-6f0a4f1f2b11")
IDS = {"device_id": "strap-1", "patient_id": "anna", "recording_id": uuid5(NAMESPACE, "recording")}


def after(seconds):
    return T0 + timedelta(seconds=seconds)


def strip(seconds, start_s=0):
    return Strip(lead="I", fs_hz=130.0, start_at=after(start_s), samples_uv=tuple(range(int(seconds * 130))))


def episode(name, step, until_s, **changes):
    fields = {
        "episode_id": uuid5(NAMESPACE, name),
        "event_id": uuid5(NAMESPACE, f"{name}/{step}"),
        "phase": "update",
        "finding": Finding.ATRIAL_FIBRILLATION,
        "priority": Priority.MEDIUM,
        "onset_at": T0,
        "observed_until_at": after(until_s),
        "confidence": 0.9,
        "seen_by": ("encoder",),
    }
    return EpisodeEvent(**IDS, **{**fields, **changes})


def minute(name, start_s=0.0, wear_s=60.0, **changes):
    fields = {
        "event_id": uuid5(NAMESPACE, f"minute/{name}"),
        "start_at": after(start_s),
        "wear_s": wear_s,
        "analysable_s": wear_s / 2,
        "beats": {BeatClass.NORMAL: 60, BeatClass.VENTRICULAR: 2},
        "rhythm_s": {Rhythm.ATRIAL_FIBRILLATION: 10.0},
    }
    return MinuteEvent(**IDS, **{**fields, **changes})


def notice(name, at_s=0.0):
    return NoticeEvent(
        **IDS, event_id=uuid5(NAMESPACE, name), at=after(at_s), code="link_lost", text="out of reach"
    )
