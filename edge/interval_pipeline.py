"""Rhythm without a waveform: intervals in, rate, atrial fibrillation, slow, fast and pause out.

The order of the stages is that of `pipeline`, without what needs an ECG: no beat has a class, no episode has
a strip, and nothing is shown to the language model.
"""

from collections import deque

from edge import saved_state
from edge.encoder import Encoder
from edge.episodes import EpisodeTracker
from edge.interval_beats import Heard, IntervalBeats, TimedBeat
from edge.interval_reader import IntervalReader, ReadBeat
from edge.labels import BeatClass, Rhythm
from edge.minutes import MinuteCounter
from edge.pipeline import PipelineSettings
from edge.rule_tracker import RuleTracker
from edge.second_tracker import SecondTracker
from edge.stream import NS_PER_MS, NS_PER_S, Beat, EndReason, Output, Second, Span, Vitals

FS_HZ = 1024
"""Indices count ticks of this rate since the first that was heard."""

_STATE_VERSION = 1
_MEMORY_BEATS = 64
_LATEST_NS = 8 * NS_PER_S
_STALE_RATE_NS = 10 * NS_PER_S
_LONGEST_MEMORY_NS = 60 * NS_PER_S
_CONFIDENCE = 0.5
"""Of a beat that nobody has seen: a strap may take another wave for it, or miss it."""


class IntervalPipeline:
    """Feed what is heard, in order; `interrupt` where the link was lost."""

    def __init__(self, encoder: Encoder, settings: PipelineSettings) -> None:
        self._encoder = encoder
        self._beats, self._reader = IntervalBeats(), IntervalReader(encoder.manifest)
        self._rules = RuleTracker(settings.rules)
        self._seconds = SecondTracker(encoder.manifest.thresholds, settings.durations)
        self._episodes, self._minutes = EpisodeTracker(), MinuteCounter()
        self._recent: deque[Beat] = deque(maxlen=_MEMORY_BEATS)
        self._origin_ns: int | None = None
        self._second_ns: int | None = None  # start of the next second
        self._in_second: list[float] = []
        self._af_probability, self._af_at_ns = 0.0, 0
        self._in_af = self._analysable = False
        self.n_heard, self.newest_ns = 0, 0

    @property
    def vitals(self) -> Vitals:
        """Heart rate, rhythm and whether there are intervals, as of the last decided second."""
        rhythm = Rhythm.ATRIAL_FIBRILLATION if self._in_af else Rhythm.NON_AF
        last_ns = self._recent[-1].at_ns if self._recent else 0
        is_fresh = self._analysable and self.newest_ns - last_ns < _STALE_RATE_NS
        rate = self._minutes.heart_rate_bpm if is_fresh else None
        return Vitals(
            rate, rhythm if self._analysable else None, self._analysable, self._episodes.open_findings
        )

    def feed(self, heard: Heard) -> list[Output]:
        """Take what was heard next."""
        self.n_heard += 1
        self.newest_ns = heard.at_ns
        if self._origin_ns is None:
            self._origin_ns = heard.at_ns - _LATEST_NS
        if self._second_ns is None:  # also where no interval ever comes: that is time that cannot be read
            self._second_ns = heard.at_ns - heard.at_ns % NS_PER_S
        beats = self._beats.feed(heard)
        self._forget_long_ago(beats)
        outputs: list[Output] = []
        for beat in beats:
            for read in self._reader.feed(beat, self._encoder):
                outputs += self._take(read)
        return [*outputs, *self._pass_time(heard.at_ns - _LATEST_NS), *self._closed_minutes()]

    def interrupt(self) -> list[Output]:
        """The link is lost: end what is open; what is heard next begins anew."""
        return self._end_run("signal_lost")

    def flush(self) -> list[Output]:
        """The recording is over."""
        return [*self._end_run("recording_ended"), *self._minutes.flush()]

    def snapshot(self) -> bytes:
        """All state but the model, stamped with the model and the software that it belongs to."""
        return saved_state.saved(self, self._stamp(), {"_encoder"})

    def restore(self, snapshot: bytes) -> bool:
        """Take up a state that `snapshot` gave; false where another model or version wrote it."""
        return saved_state.restore(self, self._stamp(), snapshot)

    def _stamp(self) -> str:
        sequence = self._encoder.manifest.sequence
        assert sequence, "the reader has checked it"
        return f"intervals {_STATE_VERSION} {sequence.onnx_sha256}"

    def _forget_long_ago(self, beats: list[TimedBeat]) -> None:
        """A rhythm is not remembered over more than a minute without an interval."""
        if beats and self._recent and beats[0].at_ns - self._recent[-1].at_ns > _LONGEST_MEMORY_NS:
            self._reader = IntervalReader(self._encoder.manifest)

    def _take(self, read: ReadBeat) -> list[Output]:
        """Seconds up to this beat, then the beat itself."""
        timed = read.beat
        from_ns = timed.at_ns - round((timed.rr_ms or 0.0) * NS_PER_MS)
        outputs = self._pass_seconds(from_ns, is_heard=False)
        outputs += self._pass_seconds(timed.at_ns, is_heard=True)
        self._in_second.append(read.af_probability)
        self._af_at_ns = read.af_at_ns
        beat = Beat(self._index(timed.at_ns), timed.at_ns, BeatClass.UNKNOWN, _CONFIDENCE, timed.rr_ms)
        self._recent.append(beat)
        self._minutes.add_beat(beat)
        self._episodes.add_beat(beat)
        outputs.append(beat)
        for span in self._rules.feed(beat):
            outputs += self._step(span, "ended")
        return outputs

    def _pass_time(self, known_ns: int) -> list[Output]:
        """Nothing was heard for so long that nothing will come for the seconds before `known_ns`."""
        if self._second_ns is None or known_ns - self._second_ns < NS_PER_S:
            return []
        outputs: list[Output] = []
        for read in self._reader.flush(self._encoder):
            outputs += self._take(read)
        self._beats.end_run()
        return outputs + self._pass_seconds(known_ns, is_heard=False)

    def _pass_seconds(self, until_ns: int, *, is_heard: bool) -> list[Output]:
        """Whole seconds that end before `until_ns`."""
        outputs: list[Output] = []
        while self._second_ns is not None and self._second_ns + NS_PER_S <= until_ns:
            outputs += self._take_second(self._second_ns, is_heard=is_heard)
            self._second_ns += NS_PER_S
        return outputs

    def _take_second(self, start_ns: int, *, is_heard: bool) -> list[Output]:
        if self._in_second:
            self._af_probability = sum(self._in_second) / len(self._in_second)
            self._in_second.clear()
        index, af_index = self._index(start_ns), self._index(self._af_at_ns or start_ns)
        second = Second(index, start_ns, 1.0, is_heard, self._af_probability, af_index)
        step = self._seconds.feed(second)
        self._in_af, self._analysable = step.in_af, is_heard
        self._minutes.add_second(second, Rhythm.ATRIAL_FIBRILLATION if step.in_af else Rhythm.NON_AF)
        outputs: list[Output] = [step.rhythm_change] if step.rhythm_change else []
        for span in () if is_heard else self._rules.interrupt():
            outputs += self._step(span, "signal_lost")
        for span in step.spans:
            outputs += self._step(span, "ended")
        return outputs

    def _end_run(self, reason: EndReason) -> list[Output]:
        outputs: list[Output] = []
        for read in self._reader.flush(self._encoder):
            outputs += self._take(read)
        self._beats.end_run()
        if self._second_ns is not None:
            step = self._seconds.interrupt(self._index(self._second_ns), self._second_ns)
            outputs += [step.rhythm_change] if step.rhythm_change else []
            for span in (*self._rules.interrupt(), *step.spans):
                outputs += self._step(span, reason)
        self._second_ns, self._in_second = None, []
        self._in_af = self._analysable = False
        return outputs

    def _closed_minutes(self) -> list[Output]:
        return [] if self._second_ns is None else [*self._minutes.close_before(self._second_ns)]

    def _step(self, span: Span, reason: EndReason) -> list[Output]:
        return list(self._episodes.feed(span, list(self._recent), None, reason))

    def _index(self, at_ns: int) -> int:
        assert self._origin_ns is not None, "something was heard"
        return round((at_ns - self._origin_ns) * FS_HZ / NS_PER_S)
