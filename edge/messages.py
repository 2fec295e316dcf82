"""From what the pipeline says to what goes over the wire, with ids that follow from the content."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid5

from edge.embedding import Embedding
from edge.events import (
    EpisodeEvent,
    Event,
    MinuteEvent,
    NoticeCode,
    NoticeEvent,
    Strip,
    StripBeat,
    Witness,
)
from edge.labels import DEFAULT_PRIORITY, Finding, Priority
from edge.stream import NS_PER_S, EpisodeStep, Look, MinuteSummary, RawStrip

_ENCODER_FINDINGS = frozenset(
    {Finding.ATRIAL_FIBRILLATION, Finding.VENTRICULAR_FIBRILLATION, Finding.UNANALYSABLE}
)


@dataclass(frozen=True, slots=True)
class MessageWriter:
    """Who speaks, about which recording; one without leads is of intervals alone."""

    device_id: str
    patient_id: str
    recording_id: UUID
    fs_hz: float
    leads: tuple[str, ...]
    priorities: dict[Finding, Priority]
    encoder_sha256: str | None = None

    def episode(self, step: EpisodeStep) -> EpisodeEvent:
        """One step in the life of an episode."""
        span = step.span
        episode_id = uuid5(self.recording_id, f"{span.finding}:{span.onset_index}")
        return EpisodeEvent(
            event_id=uuid5(
                episode_id, f"{step.phase}:{span.last_ns}:{len(step.strip.ecg_uv) if step.strip else 0}"
            ),
            device_id=self.device_id,
            patient_id=self.patient_id,
            recording_id=self.recording_id,
            episode_id=episode_id,
            phase=step.phase,
            finding=span.finding,
            priority=self.priorities.get(span.finding, DEFAULT_PRIORITY[span.finding]),
            onset_at=utc(span.onset_ns),
            observed_until_at=utc(span.last_ns),
            end_at=None if span.end_ns is None else utc(span.end_ns),
            end_reason=step.end_reason,
            beats=step.beats,
            heart_rate_bpm=step.heart_rate_bpm,
            longest_rr_ms=step.longest_rr_ms,
            confidence=round(span.confidence, 4),
            seen_by=self._witnesses(span.finding),
            strip=None if step.strip is None else self.strip(step.strip),
            embedding=None if step.strip is None else self._embedding(step.strip.look),
        )

    def minute(self, summary: MinuteSummary) -> MinuteEvent:
        """One minute of measurements."""
        return MinuteEvent(
            event_id=uuid5(self.recording_id, f"minute:{summary.start_ns}"),
            device_id=self.device_id,
            patient_id=self.patient_id,
            recording_id=self.recording_id,
            start_at=utc(summary.start_ns),
            wear_s=summary.wear_s,
            analysable_s=summary.analysable_s,
            beats=summary.beats,
            rhythm_s=summary.rhythm_s,
            mean_heart_rate_bpm=summary.mean_heart_rate_bpm,
            min_heart_rate_bpm=summary.min_heart_rate_bpm,
            max_heart_rate_bpm=summary.max_heart_rate_bpm,
            longest_rr_ms=summary.longest_rr_ms,
            embedding=self._embedding(summary.look),
            measured_by=None if self.leads else "intervals",
        )

    def notice(self, code: NoticeCode, text: str, at_ns: int) -> NoticeEvent:
        """Something about the system itself."""
        return NoticeEvent(
            event_id=uuid5(self.recording_id, f"notice:{code}:{at_ns}:{text}"),
            device_id=self.device_id,
            patient_id=self.patient_id,
            recording_id=self.recording_id,
            at=utc(at_ns),
            code=code,
            text=text,
        )

    def output(self, output: object) -> Event | None:
        """The event of a pipeline output; beats and rhythm changes have none of their own."""
        if isinstance(output, EpisodeStep):
            return self.episode(output)
        return self.minute(output) if isinstance(output, MinuteSummary) else None

    def _witnesses(self, finding: Finding) -> tuple[Witness, ...]:
        """Without a lead it is the intervals alone."""
        first: Witness = "encoder" if self.leads else "intervals"
        return (first,) if finding in _ENCODER_FINDINGS else (first, "rule")

    def _embedding(self, look: Look | None) -> Embedding | None:
        """None where nobody said which encoder looked."""
        return Embedding.of(self.encoder_sha256, look) if self.encoder_sha256 and look and any(look) else None

    def strip(self, strip: RawStrip) -> Strip | None:
        """The first lead; nothing where there is no sample."""
        if not len(strip.ecg_uv):
            return None
        beats = tuple(
            StripBeat(
                at_s=round((beat.index - strip.first_index) / self.fs_hz, 3), beat_class=beat.beat_class
            )
            for beat in strip.beats
        )
        return Strip(
            lead=self.leads[0],
            fs_hz=self.fs_hz,
            start_at=utc(strip.start_ns),
            samples_uv=tuple(strip.ecg_uv[:, 0].tolist()),
            beats=beats,
        )


def utc(time_ns: int) -> datetime:
    """UTC, to the microsecond."""
    seconds, rest_ns = divmod(time_ns, NS_PER_S)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest_ns // 1000)
