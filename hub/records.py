"""What the store gives back: frozen values, apart from the database and from the wire."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from edge.embedding import Embedding
from edge.events import EndReason, LiveState, Localization, MeasuredBy, Message, Phase, Strip
from edge.health import Trouble
from edge.labels import BeatClass, Finding, Priority, Rhythm


@dataclass(frozen=True, slots=True)
class Patient:
    """A pseudonymous id from the wire and the name that the hub's config gives it."""

    patient_id: str
    name: str


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """The newest word from a device; `heard_at` is the hub's clock when it came."""

    device_id: str
    patient_id: str
    availability: str
    heard_at: datetime
    state: LiveState | None


@dataclass(frozen=True, slots=True)
class Lasted:
    """A trouble of a device: since when by the edge's clock, and when it was last told by the hub's."""

    device_id: str
    trouble: Trouble
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class HubStatus:
    """The hub's newest word about itself; `is_running` is False after an end in order."""

    alive_at: datetime
    is_running: bool
    health: tuple[Trouble, ...] = ()


class EndLook(Message):
    """What the language model says of an episode's end, and the strip that it speaks of."""

    localization: Localization
    strip: Strip | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """An episode as far as it is known."""

    episode_id: UUID
    device_id: str
    patient_id: str
    finding: Finding
    priority: Priority
    phase: Phase
    onset_at: datetime
    observed_until_at: datetime
    end_at: datetime | None
    end_reason: EndReason | None
    beats: dict[BeatClass, int]
    heart_rate_bpm: float | None
    longest_rr_ms: float | None
    confidence: float
    seen_by: tuple[str, ...]
    strip: Strip | None
    localization: Localization | None
    end_look: EndLook | None = None
    embedding: Embedding | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """A look of the language model that no episode asked for."""

    event_id: UUID
    at: datetime
    device_id: str
    duration_s: float
    heart_rate_bpm: float | None
    strip: Strip | None
    localization: Localization | None


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of measurements; `measured_by` says `intervals` where there was no waveform."""

    start_at: datetime
    wear_s: float
    analysable_s: float
    beats: dict[BeatClass, int]
    rhythm_s: dict[Rhythm, float]
    mean_heart_rate_bpm: float | None
    min_heart_rate_bpm: float | None
    max_heart_rate_bpm: float | None
    longest_rr_ms: float | None
    embedding: Embedding | None = None
    measured_by: MeasuredBy | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about the system itself."""

    at: datetime
    device_id: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be stored as an event, why, when it last came, and how often.

    `payload` holds the first bytes; `payload_bytes` says how many there were.
    """

    topic: str
    payload: bytes
    payload_bytes: int
    reason: str
    received_at: datetime
    times: int
