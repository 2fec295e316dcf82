"""Which windows the language model is shown: onsets and ends of episodes, and the newest when it is time."""

from collections.abc import Iterable
from uuid import uuid5

from edge.events import EpisodeEvent, LookEvent
from edge.look_schedule import LookSchedule
from edge.messages import MessageWriter, utc
from edge.model_question import ModelQuestion
from edge.pipeline import Pipeline
from edge.stream import EpisodeStep, Output, RawStrip


class QuestionMaker:
    """Reads the pipeline's memory of a window at the moment of the question."""

    def __init__(self, writer: MessageWriter, pipeline: Pipeline, schedule: LookSchedule) -> None:
        self._writer, self._pipeline, self._schedule = writer, pipeline, schedule

    def of_episodes(self, outputs: Iterable[Output]) -> list[ModelQuestion]:
        """New episodes, as far as they are known after these outputs, and ends beyond the first strip."""
        steps = [output for output in outputs if isinstance(output, EpisodeStep)]
        latest = {(step.span.finding, step.span.onset_index): step for step in steps}
        questions = []
        for step in steps:
            if step.phase == "new" and step.strip is not None:
                newest = latest[(step.span.finding, step.span.onset_index)]
                questions.append(self._question(self._writer.episode(newest), step.strip))
            if step.phase == "end" and step.end_strip is not None:
                ended = self._writer.episode(step).model_copy(update={"looked": "end"})
                questions.append(self._question(ended, step.end_strip))
        return questions

    def due_look(self) -> ModelQuestion | None:
        """The scheduled look, once it is time and the newest strip can be read."""
        number = self._schedule.due(self._pipeline.next_index)
        strip = None if number is None else self._pipeline.newest_strip()
        if number is None or strip is None:
            return None
        question = self._question(self._look(number, strip), strip)
        evidence = question.evidence
        if evidence.readable_s < evidence.duration_s / 2:
            return None
        self._schedule.done(number)
        rate = evidence.heart_rate_bpm
        measured = {"heart_rate_bpm": None if rate is None else round(rate, 1)}
        return question.model_copy(update={"event": question.event.model_copy(update=measured)})

    def begin_at(self, index: int) -> None:
        """The recording goes on from here."""
        self._schedule.begin_at(index)

    def _look(self, number: int, strip: RawStrip) -> LookEvent:
        writer = self._writer
        return LookEvent(
            event_id=uuid5(writer.recording_id, f"look:{number}"),
            device_id=writer.device_id,
            patient_id=writer.patient_id,
            recording_id=writer.recording_id,
            at=utc(strip.start_ns),
            duration_s=len(strip.ecg_uv) / writer.fs_hz,
        )

    def _question(self, event: EpisodeEvent | LookEvent, strip: RawStrip) -> ModelQuestion:
        """The strip that is looked at is the one that is asked about."""
        shown = event.model_copy(update={"strip": self._writer.strip(strip)})
        return ModelQuestion(event=shown, evidence=self._pipeline.evidence(strip, self._writer.leads[:1]))
