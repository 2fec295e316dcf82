"""WIRE CONTRACT: what an edge says to a hub over MQTT: typed messages and their JSON codec.

Owned by the edge, read by the hub; imports the standard library, pydantic and `edge.labels` alone.
Times are UTC. A message is never changed once sent: `event_id` is the same whenever the same event is
sent again, so that a receiver can ignore what it has.
"""

from typing import Annotated, Final, Literal
from uuid import UUID, uuid5

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from edge.embedding import Embedding
from edge.health import Troubles
from edge.labels import BeatClass, Finding, Priority, Rhythm, Waveform

SCHEMA_VERSION: Final = 1
ID_PATTERN: Final = r"^[A-Za-z0-9_-]{1,64}$"
HUB_ID: Final = "hub"

Identifier = Annotated[str, Field(pattern=ID_PATTERN)]
Seconds = Annotated[float, Field(ge=0)]
Phase = Literal["new", "update", "end"]
EndReason = Literal["ended", "signal_lost", "recording_ended"]
Witness = Literal["encoder", "rule", "language_model", "intervals"]
MeasuredBy = Literal["intervals"]
Looked = Literal["onset", "end"]
LocalizationStatus = Literal["answered", "late", "absent", "invalid", "dropped"]
Availability = Literal["online", "offline", "stopped"]
AskStatus = Literal["answered", "late", "absent", "refused", "no_signal"]

QUESTION_CHARACTERS: Final = 500
LONGEST_WINDOW_S: Final = 60.0
LONGEST_DEADLINE_S: Final = 300.0


class Message(BaseModel):
    """Immutable, and strict about fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class StripBeat(Message):
    """One beat on a strip, in seconds from the strip's first sample."""

    at_s: Seconds
    beat_class: BeatClass


class Strip(Message):
    """A piece of one lead as the recorder holds it (unfiltered), in microvolts."""

    lead: str
    fs_hz: Annotated[float, Field(gt=0)]
    start_at: AwareDatetime
    samples_uv: Annotated[tuple[int, ...], Field(min_length=1, max_length=60_000)]
    beats: tuple[StripBeat, ...] = ()


class LocalizedFinding(Message):
    """Where a finding is, in seconds from the strip's first sample, and who says so.

    `confidence` is the language model's: the mean probability of the tokens that say it.
    """

    finding: Finding | Waveform
    start_s: Seconds
    end_s: Seconds
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    seen_by: tuple[Witness, ...] = ("language_model",)


class Localization(Message):
    """The language model's answer about an episode, or why there is none.

    `struck` counts the statements that the measurements did not bear out; they are not in `sentence`.
    """

    status: LocalizationStatus
    model: str | None = None
    latency_s: Seconds | None = None
    findings: tuple[LocalizedFinding, ...] = ()
    sentence: str | None = None
    struck: Annotated[int, Field(ge=0)] = 0


class _Event(Message):
    schema_version: Literal[1] = SCHEMA_VERSION
    event_id: UUID
    device_id: Identifier
    patient_id: Identifier
    recording_id: UUID


class EpisodeEvent(_Event):
    """One step in the life of an episode. `observed_until_at` orders the steps.

    `looked` is set where the language model speaks: at the onset, or at the end, then of the strip beside.
    """

    kind: Literal["episode"] = "episode"
    episode_id: UUID
    phase: Phase
    finding: Finding
    priority: Priority
    onset_at: AwareDatetime
    observed_until_at: AwareDatetime
    end_at: AwareDatetime | None = None
    end_reason: EndReason | None = None
    beats: dict[BeatClass, int] = {}
    heart_rate_bpm: float | None = None
    longest_rr_ms: float | None = None
    confidence: Annotated[float, Field(ge=0, le=1)]
    seen_by: tuple[Witness, ...]
    strip: Strip | None = None
    localization: Localization | None = None
    looked: Looked | None = None
    embedding: Embedding | None = None


class LookEvent(_Event):
    """A look of the language model at the newest seconds of signal, because it was time for one.

    `at` is the first moment of `duration_s`; the strip is there where something was said of it.
    """

    kind: Literal["look"] = "look"
    at: AwareDatetime
    duration_s: Seconds
    heart_rate_bpm: float | None = None
    strip: Strip | None = None
    localization: Localization | None = None


class MinuteEvent(_Event):
    """What was measured in one minute, or in the part of it that was recorded.

    `measured_by` is there where no waveform was: beats have no class then, and nobody can look at a strip.
    """

    kind: Literal["minute"] = "minute"
    start_at: AwareDatetime
    wear_s: Seconds
    analysable_s: Seconds
    beats: dict[BeatClass, int]
    rhythm_s: dict[Rhythm, float]
    mean_heart_rate_bpm: float | None = None
    min_heart_rate_bpm: float | None = None
    max_heart_rate_bpm: float | None = None
    longest_rr_ms: float | None = None
    embedding: Embedding | None = None
    measured_by: MeasuredBy | None = None


NoticeCode = Literal[
    "recording_started",
    "recording_ended",
    "link_lost",
    "link_restored",
    "contact_lost",
    "contact_restored",
    "battery_low",
    "samples_lost",
    "frames_damaged",
    "samples_saturated",
    "clock_step",
    "edge_restarted",
    "disk_low",
    "disk_limit",
    "recording_damaged",
    "leads_limit",
    "outbox_limit",
    "outbox_damaged",
    "localizer_unavailable",
    "localizer_dropped",
    "model_taken_back",
    "analysis_restarted",
]


class NoticeEvent(_Event):
    """Something about the system itself that a caregiver or engineer has to know."""

    kind: Literal["notice"] = "notice"
    at: AwareDatetime
    code: NoticeCode
    text: str


Event = EpisodeEvent | LookEvent | MinuteEvent | NoticeEvent
_EVENT: Final[TypeAdapter[Event]] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])


class LiveState(Message):
    """The newest state of a device: retained, sent often, never stored in the outbox.

    `health` holds the troubles that last, and is left out where there are none. A reader takes fields that
    it does not know, as a state is only the newest word and nothing is lost with it.
    """

    model_config = ConfigDict(extra="ignore")

    schema_version: Literal[1] = SCHEMA_VERSION
    device_id: Identifier
    patient_id: Identifier
    at: AwareDatetime
    link: Literal["connected", "lost", "ended"]
    contact: bool | None = None
    battery_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    heart_rate_bpm: float | None = None
    rhythm: Rhythm | None = None
    analysable: bool = False
    open_findings: tuple[Finding, ...] = ()
    outbox_backlog: Annotated[int, Field(ge=0)] = 0
    localizer: Literal["ready", "absent"] = "absent"
    health: Troubles | None = None


class Receipt(Message):
    """The hub's word that these events are in its database."""

    schema_version: Literal[1] = SCHEMA_VERSION
    event_ids: tuple[UUID, ...]


class AskWindow(Message):
    """`seconds` of ECG from `start_at` on, or the newest without it; `episode_id` where it is about one."""

    seconds: Annotated[float, Field(gt=0, le=LONGEST_WINDOW_S)] = LONGEST_WINDOW_S
    start_at: AwareDatetime | None = None
    episode_id: UUID | None = None


class AskRequest(Message):
    """A question of the hub about the signal itself; with two windows, a comparison of both.

    Void when `deadline_s` after `asked_at` have passed. The question holds no control characters.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    question_id: UUID
    device_id: Identifier
    patient_id: Identifier | None = None
    asked_at: AwareDatetime
    deadline_s: Annotated[float, Field(gt=0, le=LONGEST_DEADLINE_S)]
    question: Annotated[str, Field(pattern=r"^\P{C}+$", max_length=QUESTION_CHARACTERS)]
    about: Annotated[tuple[AskWindow, ...], Field(min_length=1, max_length=2)]


class AskEvidence(Message):
    """The measurements of one window on which an answer rests, in one line."""

    start_at: AwareDatetime
    seconds: Seconds
    text: str


class AskAnswer(Message):
    """The edge's answer, or why there is none (then `text` says it to a person).

    `evidence` has one entry a window; `findings` count from the start of the first window. `struck`
    counts the statements that the measurements did not bear out; they are not in `text`.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    question_id: UUID
    device_id: Identifier
    status: AskStatus
    text: Annotated[str, Field(max_length=4000)]
    evidence: Annotated[tuple[AskEvidence, ...], Field(max_length=2)] = ()
    findings: tuple[LocalizedFinding, ...] = ()
    model: str | None = None
    latency_s: Seconds | None = None
    struck: Annotated[int, Field(ge=0)] = 0


def encode(message: Message) -> bytes:
    """JSON, UTF-8, without fields that are at their `None` default."""
    return message.model_dump_json(exclude_none=True).encode()


def decode_event(payload: bytes) -> Event:
    """Parse an event; raises `pydantic.ValidationError` (a `ValueError`) when it is not one."""
    return _EVENT.validate_json(payload)


def localization_id(episode_id: UUID, looked: Looked = "onset") -> UUID:
    """Id of the one event that carries the language model's word on this part of an episode."""
    return uuid5(episode_id, "localization" if looked == "onset" else f"localization:{looked}")
