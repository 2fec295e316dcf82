"""One recording being made: clock, recorder, pipeline and outbox in step, and recovery after a crash.

Order for every block: placed, on disk, analysed, its events in the outbox. A block that is on disk but whose
events are not is analysed again, after a crash and after an analysis that failed or stalled.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator

from edge.analyst import AnalysisFailed, Analyst
from edge.events import Event, NoticeEvent
from edge.look_schedule import LookSchedule
from edge.messages import MessageWriter
from edge.model_question import ModelQuestion
from edge.outbox import Checkpoint, Missing, Outbox
from edge.pipeline import Pipeline
from edge.question_maker import QuestionMaker
from edge.recorder import Recorder, RecorderSettings, clipped
from edge.recording_folder import RecordingFolder
from edge.sample_clock import SampleClock
from edge.sample_spans import Span, n_samples, without
from edge.segment_check import finish_headers, missing_spans
from edge.segment_files import last_block, read_blocks, segments
from edge.stream import NO_VITALS, NS_PER_S, Output, PlacedBlock, Vitals
from edge.tally import Tally
from firmware_bridge.packets import SampleBlock

_LOG = logging.getLogger(__name__)
_CHECKPOINT_EVERY_S = 60.0
_UNRECORDED_EVERY_S = 5.0  # while samples are not on disk, and live in the pipeline's state alone


class Session:
    """Feeds blocks through; `ask` is given each question for the language model.

    `record` and `analyse` are apart, so that what goes wrong with the second does not touch the first.
    """

    def __init__(
        self,
        recording: RecordingFolder,
        make_pipeline: Callable[[], Pipeline],
        recorder_settings: RecorderSettings,
        outbox: Outbox,
        writer: MessageWriter,
        ask: Callable[[ModelQuestion], None],
        look_every_s: float = 0.0,
    ) -> None:
        self.recording, self._outbox, self._writer, self._ask = recording, outbox, writer, ask
        self._analyst = Analyst(make_pipeline)
        self._schedule = LookSchedule(look_every_s, recording.fs_hz)
        self._questions = QuestionMaker(writer, self._pipeline, self._schedule)
        self._recorder = Recorder(recording.folder, recording.fs_hz, recording.leads, recorder_settings)
        self._checkpoint_index = 0
        self._skip_before = self._unrecorded_until = 0
        self._holes: list[Span] = []  # counted, and not told yet
        self._is_recording = True
        self.tally = Tally(writer, recording.fs_hz)
        self.tally.add_damaged_outbox(outbox.set_aside)
        self.vitals: Vitals = NO_VITALS

    @property
    def _pipeline(self) -> Pipeline:
        return self._analyst.pipeline

    async def recover(self) -> None:
        """Analyse again what was recorded after the last checkpoint."""
        recording = self.recording
        self._attempt(lambda: finish_headers(recording.folder))
        self._restore()
        self._checkpoint_index = self._pipeline.next_index
        self._questions.begin_at(self._pipeline.next_index)
        for block in self._recorded():
            await self.analyse(block)
        self._commit(time.time_ns(), force=True)
        _LOG.info("took up recording %s at sample %d", recording.folder.name, self._pipeline.next_index)

    def _restore(self) -> None:
        """The state of the last checkpoint, as far as this version can read it."""
        checkpoint = self._outbox.checkpoint(self.recording.recording_id)
        if checkpoint is not None and not self._pipeline.restore(checkpoint.state):
            name = self.recording.folder.name
            _LOG.warning("%s: another version wrote the checkpoint; beginning anew there", name)
            self._pipeline.begin_at(checkpoint.next_index)

    def _recorded(self) -> Iterator[PlacedBlock]:
        """What is recorded beyond the pipeline's state; what is missing on disk is told."""
        last, known = self.last_block(), self._pipeline.next_index
        self._add_hole(last.stop_index if last else 0, known)
        for block in read_blocks(self.recording.folder, len(self.recording.leads), known):
            self._add_hole(known, block.first_index)
            known = block.stop_index
            yield block

    def _add_hole(self, first: int, stop: int) -> None:
        told = self._outbox.told_missing(self.recording.recording_id)
        new = without([(first, stop)], [*told, *self._holes])
        self._holes += new
        self.tally.add_hole(n_samples(new))

    def is_whole(self) -> bool:
        """The last checkpoint is that of the last sample on disk: nothing is left to analyse or to tell."""
        checkpoint, last = self._outbox.checkpoint(self.recording.recording_id), self.last_block()
        return checkpoint is not None and checkpoint.next_index == (last.stop_index if last else 0)

    def last_block(self) -> PlacedBlock | None:
        """The newest block on disk."""
        return last_block(self.recording.folder, len(self.recording.leads))

    def newest_ns(self) -> int | None:
        """When the newest block on disk began (UTC)."""
        last = self.last_block()
        return None if last is None else last.start_ns

    def skip_recorded(self) -> None:
        """The source starts again from its beginning (a replay): what is recorded already is passed over."""
        self._skip_before = self._pipeline.next_index

    def continue_clock(self, clock: SampleClock) -> None:
        """A live source goes on: the outage since the last block is a gap."""
        last = self.last_block()
        if last is not None:
            next_index = max(self._pipeline.next_index, last.stop_index)
            known_ns = round((next_index - last.first_index) * NS_PER_S / self.recording.fs_hz)
            clock.resume(next_index, last.start_ns + known_ns)
            self._leave_the_tail(last)

    def _leave_the_tail(self, last: PlacedBlock) -> None:
        """What is damaged behind the last block is in the outage that the clock tells."""
        newest = segments(self.recording.folder)[-1]
        tail = missing_spans(newest, len(self.recording.leads), last.stop_index)
        spans = without(tail, [(0, last.stop_index)])
        self._outbox.commit((), missing=[Missing(self.recording.recording_id, span) for span in spans])

    def record(self, packet: SampleBlock, clock: SampleClock, host_time_ns: int) -> PlacedBlock | None:
        """Place one block from the device and put it on disk; `None` where it is known already."""
        placement = clock.place(packet, host_time_ns)
        block, n_saturated = clipped(placement.block)
        if block.stop_index <= self._skip_before:
            return None
        if block.first_index < self._skip_before:
            block = _tail(block, self._skip_before, self.recording.fs_hz)
        self.tally.add_placement(placement)
        self.tally.add_saturated(n_saturated)
        self._record(block)
        return block

    async def analyse(self, block: PlacedBlock) -> None:
        """The next block; one that the analysis fails on twice is left out, and that is told."""
        if block.stop_index <= self._pipeline.next_index:
            return
        try:
            await self._feed(block)
        except AnalysisFailed as failure:
            await self._begin_again(block, failure)

    async def interrupt(self) -> None:
        """The link is lost: what is open ends now, and not when the link is back."""
        try:
            self._emit(await self._analyst.run(lambda pipeline: pipeline.interrupt()))
        except AnalysisFailed as failure:
            await self._begin_again(None, failure)

    def tell(self, events: Iterable[Event]) -> None:
        """Events that do not come from the pipeline."""
        self._store(events, ())

    async def finish(self) -> None:
        """Nothing more will come."""
        try:
            self._emit(await self._analyst.run(lambda pipeline: pipeline.flush()))
        except AnalysisFailed as failure:
            self.tally.add_failed_analysis(str(failure), 0)
        self._attempt(self._recorder.close)
        self._commit(time.time_ns(), force=True)

    def _record(self, block: PlacedBlock) -> None:
        try:
            self.tally.add_recorder(self._recorder.append(block))
            self._is_recording = True
        except OSError as error:
            self.tally.add_write_error(error, len(block.ecg_uv))
            self._is_recording, self._unrecorded_until = False, block.stop_index

    def _attempt(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            self.tally.add_write_error(error)

    async def _begin_again(self, failed_on: PlacedBlock | None, failure: AnalysisFailed) -> None:
        """Another pipeline, from the last checkpoint through what is on disk, up to the block that failed."""
        self.tally.add_failed_analysis(str(failure), 0)
        self._analyst.renew()
        self._restore()
        self._questions = QuestionMaker(self._writer, self._pipeline, self._schedule)
        for block in self._recorded():
            if failed_on is not None and block.first_index > failed_on.first_index:
                break
            try:
                await self._feed(block)
            except AnalysisFailed as again:
                self.tally.add_failed_analysis(str(again), len(block.ecg_uv))
                self._analyst.renew()
                self._pipeline.begin_at(block.stop_index)
                self._questions = QuestionMaker(self._writer, self._pipeline, self._schedule)

    async def _feed(self, block: PlacedBlock) -> None:
        self._emit(await self._analyst.run(lambda pipeline: pipeline.feed(block)))
        self.vitals = self._pipeline.vitals
        self.tally.implausible_qrs_mv = self._pipeline.implausible_qrs_mv
        look = self._questions.due_look()
        if look is not None:
            self._store((), [look])
        self._commit(block.start_ns)

    def _emit(self, outputs: list[Output]) -> None:
        events = [event for event in map(self._writer.output, outputs) if event is not None]
        if events:
            self._store(events, self._questions.of_episodes(outputs))

    def _store(self, events: Iterable[Event], questions: Iterable[ModelQuestion]) -> None:
        committed = self._outbox.commit(events, questions=questions)
        self.tally.add_evicted(committed.evicted)
        for question in committed.asked:
            self._ask(question)

    def _commit(self, at_ns: int, *, force: bool = False) -> None:
        """What is counted is told with each checkpoint, as what comes before one is not looked at again."""
        next_index = self._pipeline.next_index
        if not force and not self._checkpoint_is_due(next_index):
            self._tell_counted(self.tally.due(at_ns))
            self._recorder.told()
            return
        self._attempt(self._recorder.sync)  # a checkpoint is never ahead of the samples on disk
        checkpoint = Checkpoint(self.recording.recording_id, next_index, self._pipeline.snapshot())
        if self._tell_counted(self.tally.flush(at_ns), checkpoint):
            self._checkpoint_index = next_index
        self._recorder.told()

    def _checkpoint_is_due(self, next_index: int) -> bool:
        """Once a minute; soon, and as soon as the disk takes samples again, where some are not on it."""
        since_s = (next_index - self._checkpoint_index) / self.recording.fs_hz
        if self._checkpoint_index < self._unrecorded_until <= next_index:
            return self._is_recording or since_s >= _UNRECORDED_EVERY_S
        return since_s >= _CHECKPOINT_EVERY_S

    def _tell_counted(self, notices: list[NoticeEvent], checkpoint: Checkpoint | None = None) -> bool:
        """False where the disk did not take it: notices are kept, the checkpoint is not."""
        if not notices and not checkpoint:
            return True
        missing = [Missing(self.recording.recording_id, span) for span in self._holes]
        self._holes.clear()
        committed = self._outbox.commit(notices, checkpoint, missing=missing)
        self.tally.add_evicted(committed.evicted)
        return committed.is_saved


def _tail(block: PlacedBlock, first_index: int, fs_hz: float) -> PlacedBlock:
    cut = first_index - block.first_index
    return PlacedBlock(first_index, block.start_ns + round(cut * NS_PER_S / fs_hz), block.ecg_uv[cut:])
