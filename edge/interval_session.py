"""A recording of intervals being made: journal, analysis and outbox in step, and recovery after a crash.

It stands where `session` stands for a device with a waveform, and keeps the same order: on disk, analysed,
its events in the outbox.
"""

import logging
import time
from collections.abc import Callable, Iterable

from edge.events import Event
from edge.housekeeper import Housekeeper
from edge.interval_beats import Heard
from edge.interval_journal import IntervalJournal, last_heard, read_journal
from edge.interval_pipeline import FS_HZ, IntervalPipeline
from edge.messages import MessageWriter
from edge.outbox import Checkpoint, Outbox
from edge.recorder import RecorderSettings, report_of
from edge.recording_folder import RecordingFolder
from edge.sample_clock import SampleClock
from edge.stream import Output, Vitals
from edge.tally import Tally
from firmware_bridge.packets import HeartRate

_LOG = logging.getLogger(__name__)
_MESSAGES_A_S = 1.0
_CHECKPOINT_EVERY = 60  # messages


class IntervalSession:
    """Keeps what a strap says on disk, and analyses it at once: that takes no time."""

    def __init__(
        self,
        recording: RecordingFolder,
        make_pipeline: Callable[[], IntervalPipeline],
        settings: RecorderSettings,
        outbox: Outbox,
        writer: MessageWriter,
    ) -> None:
        self.recording, self._outbox, self._writer = recording, outbox, writer
        self._make_pipeline, self._pipeline = make_pipeline, make_pipeline()
        self._journal = IntervalJournal(recording.folder, round(settings.segment_s * _MESSAGES_A_S))
        self._keeper = Housekeeper(recording.folder.parent, settings.limits, settings.tidy_every_s)
        self._to_skip = self._checkpointed = 0
        self.tally = Tally(writer, FS_HZ)
        self.tally.add_damaged_outbox(outbox.set_aside)

    @property
    def vitals(self) -> Vitals:
        """Newest heart rate, rhythm and whether there are intervals."""
        return self._pipeline.vitals

    async def recover(self) -> None:
        """Analyse again what was heard after the last checkpoint."""
        name = self.recording.folder.name
        checkpoint = self._outbox.checkpoint(self.recording.recording_id)
        if checkpoint is not None and not self._pipeline.restore(checkpoint.state):
            _LOG.warning("%s: another version wrote the checkpoint; beginning anew", name)
            checkpoint = None
        for heard in read_journal(self.recording.folder, checkpoint.next_index if checkpoint else 0):
            self._emit(self._pipeline.feed(heard) if heard else self._pipeline.interrupt())
        self._commit(force=True)
        _LOG.info("took up recording %s at message %d", name, self._pipeline.n_heard)

    def newest_ns(self) -> int | None:
        """When the newest message on disk came (UTC)."""
        heard = last_heard(self.recording.folder)
        return None if heard is None else heard.at_ns

    def skip_recorded(self) -> None:
        """The source starts again from its beginning (a replay): what is on disk is passed over."""
        self._to_skip = sum(1 for heard in read_journal(self.recording.folder) if heard)

    def continue_clock(self, _clock: SampleClock) -> None:
        """A live source goes on: the outage since the last message ends the run."""
        self._end_run()

    def hear(self, heart_rate: HeartRate, at_ns: int) -> None:
        """The next message of the strap."""
        if self._to_skip:
            self._to_skip -= 1
            return
        self._keep(heart_rate, at_ns)
        self._analyse(Heard(at_ns, heart_rate.rr_ms, heart_rate.contact))
        self._store(self.tally.due(at_ns))
        self._keeper.told()
        self._commit()

    def is_whole(self) -> bool:
        """Intervals are analysed again at once: it costs nothing."""
        return False

    async def interrupt(self) -> None:
        """The link is lost: what is open ends now, and not when the link is back."""
        self._end_run()

    def tell(self, events: Iterable[Event]) -> None:
        """Events that do not come from the pipeline."""
        self._store(events)

    async def finish(self) -> None:
        """Nothing more will come."""
        self._emit(self._pipeline.flush())
        self._attempt(self._journal.close)
        self._keeper.close()
        self._store(self.tally.flush(time.time_ns()))

    def _keep(self, heart_rate: HeartRate, at_ns: int) -> None:
        try:
            self._journal.add(heart_rate, at_ns)
        except OSError as error:
            self.tally.add_write_error(error)
            return
        tidied = self._keeper.attend(self._journal.stem, self._journal.bytes_per_s)
        self.tally.add_recorder(report_of(tidied))

    def _analyse(self, heard: Heard) -> None:
        """What fails is told, and begins anew with the next message; the intervals are on disk."""
        try:
            self._emit(self._pipeline.feed(heard))
        except Exception as error:  # noqa: BLE001 told as a notice; what was heard is on disk
            _LOG.exception("the analysis of intervals failed")
            self.tally.add_failed_analysis(" ".join(str(error).split()) or type(error).__name__, 0)
            self._pipeline = self._make_pipeline()

    def _end_run(self) -> None:
        self._attempt(lambda: self._journal.add_break(time.time_ns()))
        self._emit(self._pipeline.interrupt())

    def _attempt(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            self.tally.add_write_error(error)

    def _emit(self, outputs: list[Output]) -> None:
        self._store(event for event in map(self._writer.output, outputs) if event is not None)

    def _store(self, events: Iterable[Event]) -> None:
        waiting = list(events)
        if waiting:
            self.tally.add_evicted(self._outbox.commit(waiting).evicted)

    def _commit(self, *, force: bool = False) -> None:
        """The state of the analysis, never ahead of what is on disk."""
        n_heard = self._pipeline.n_heard
        if not force and n_heard - self._checkpointed < _CHECKPOINT_EVERY:
            return
        self._checkpointed = n_heard
        self._attempt(self._journal.sync)
        place, state = self._journal.place, self._pipeline.snapshot()
        checkpoint = Checkpoint(self.recording.recording_id, place, state)
        self.tally.add_evicted(self._outbox.commit((), checkpoint).evicted)
