"""The order of the stages: placed samples in, beats, rhythm, episodes and minutes out.

Pure but for the encoder session, and a fold over the samples: live, replay and batch analysis are this one
code. Its state can be saved between two blocks, so that an edge that was killed takes up where it was.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from edge import saved_state
from edge.clock_map import ClockMap
from edge.contiguous_run import Beside, ContiguousRun, EncodedSpan
from edge.encoder import Encoder
from edge.episode_strips import EpisodeStrips
from edge.evidence import Evidence
from edge.labels import BeatClass, Rhythm
from edge.minutes import MinuteCounter
from edge.qrs_size import HALF_QRS_S, QrsSize
from edge.quality import AmplitudeWatch, amplitude_uv
from edge.rule_tracker import RuleTracker
from edge.rules import RuleSettings
from edge.run_reader import ReadSecond, RunReader
from edge.second_tracker import DurationSettings, SecondTracker
from edge.sequence import FoundBeat
from edge.still_line import StillLine
from edge.stream import (
    NS_PER_S,
    Beat,
    EndReason,
    MinuteSummary,
    Output,
    PlacedBlock,
    RawStrip,
    Second,
    Span,
    Vitals,
)
from edge.strips import StripCutter
from edge.window_evidence import Window, WindowMemory

_STALE_RATE_NS = 5 * NS_PER_S
_STATE_VERSION = 7  # of what `snapshot` holds
_MADE_WITH = frozenset({"_encoder", "_beside"})
_HALF_MINUTE_NS = 30 * NS_PER_S
_HALF_QRS_S = 0.15  # what is left of a beat so near to the end of the signal has no class


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """What may differ from patient to patient."""

    rules: RuleSettings = field(default_factory=RuleSettings)
    durations: DurationSettings = field(default_factory=DurationSettings)


class Pipeline:
    """`fs_hz` and `n_leads` are those of the device; feed blocks in order.

    Of a device with more leads than the encoder reads, the first ones are analysed.
    """

    def __init__(
        self,
        encoder: Encoder,
        fs_hz: float,
        n_leads: int,
        settings: PipelineSettings | None = None,
        beside: Beside = lambda *_: None,
    ) -> None:
        settings = settings or PipelineSettings()
        self._beside = beside
        self._encoder, self._fs_hz = encoder, fs_hz
        self._n_leads = n_leads = min(n_leads, encoder.manifest.max_leads)
        self._clock = ClockMap(fs_hz)
        self._rules = RuleTracker(settings.rules)
        self._seconds = SecondTracker(encoder.manifest.thresholds, settings.durations)
        self._strips, self._memory = StripCutter(fs_hz, n_leads, self._clock), WindowMemory()
        self._still_line = StillLine(self._strips, fs_hz, settings.rules.pause_ms)
        self._episodes, self._minutes = EpisodeStrips(self._strips, fs_hz), MinuteCounter()
        self._qrs_size = QrsSize()
        self._in_af = self._analysable = self._is_silent = False
        self._previous: Beat | None = None
        self._decided_ns = 0
        self.next_index = 0
        self._begin_run(0)

    @property
    def vitals(self) -> Vitals:
        """Heart rate, rhythm and readability as of the last decided second."""
        rhythm = Rhythm.ATRIAL_FIBRILLATION if self._in_af else Rhythm.NON_AF
        last_beat_ns = self._strips.beats[-1].at_ns if self._strips.beats else 0
        is_fresh = self._analysable and self._decided_ns - last_beat_ns < _STALE_RATE_NS
        rate = self._minutes.heart_rate_bpm if is_fresh else None
        return Vitals(
            rate, rhythm if self._analysable else None, self._analysable, self._episodes.open_findings
        )

    @property
    def implausible_qrs_mv(self) -> float | None:
        """How high QRS complexes are where no heart's are so high: the signal's unit is wrong."""
        return self._qrs_size.implausible_mv

    def newest_strip(self) -> RawStrip | None:
        """The newest ten seconds that are decided."""
        return self._strips.newest(min(self._index(self._reader.decided_s), self._strips.stop))

    def evidence(self, strip: RawStrip, leads: tuple[str, ...]) -> Evidence:
        """What is known of a strip that was cut not long ago."""
        stop = strip.first_index + len(strip.ecg_uv)
        window = Window(strip.first_index, stop, strip.start_ns, self._fs_hz, leads)
        return self._memory.evidence(window, self._strips.beats)

    def feed(self, block: PlacedBlock) -> list[Output]:
        """Take the next block; a jump of its index is a gap."""
        outputs: list[Output] = []
        if block.first_index != self.next_index:
            outputs += self._end_run("signal_lost")
            self._begin_run(block.first_index)
        self._clock.add(block)
        step = max(1, int(self._encoder.manifest.stride_s * self._fs_hz))
        for first in range(0, len(block.ecg_uv), step):
            piece = block.ecg_uv[first : first + step, : self._n_leads]
            self._strips.append(piece)
            outputs += self._take_spans(self._run.feed(piece, self._encoder))
        self.next_index = block.stop_index
        return outputs

    def interrupt(self) -> list[Output]:
        """The link is lost: analyse to the last sample and end what is open; the next block begins anew."""
        outputs = self._end_run("signal_lost")
        self._begin_run(self.next_index)
        return outputs

    def begin_at(self, index: int) -> None:
        """Begin anew at this sample of the recording."""
        self.next_index = index
        self._begin_run(index)

    def flush(self) -> list[Output]:
        """The recording is over."""
        ended = self._end_run("recording_ended")
        return [*ended, *(self._with_look(minute) for minute in self._minutes.flush())]

    def snapshot(self) -> bytes:
        """All state but what it was made with, stamped with the model and the software that it belongs to."""
        return saved_state.saved(self, self._stamp(), _MADE_WITH)

    def restore(self, snapshot: bytes) -> bool:
        """Take up a state that `snapshot` gave; false where another model or version wrote it."""
        return saved_state.restore(self, self._stamp(), snapshot)

    def _stamp(self) -> str:
        manifest = self._encoder.manifest
        second = manifest.sequence.onnx_sha256 if manifest.sequence else "alone"
        return f"{_STATE_VERSION} {manifest.onnx_sha256} {second}"

    def _begin_run(self, first_index: int) -> None:
        manifest = self._encoder.manifest
        self._origin, self._limit_index = first_index, first_index
        self._run = ContiguousRun(manifest, self._fs_hz, self._n_leads)
        self._reader = RunReader(manifest)
        self._strips.begin(first_index)
        self._amplitude = AmplitudeWatch()
        self._previous = None

    def _end_run(self, reason: EndReason) -> list[Output]:
        if self._strips.stop == self._origin:
            return []
        outputs = self._take_spans(self._run.flush(self._encoder))
        outputs += self._digest(self._reader.flush(self._encoder), self._run.stop_s)
        step = self._seconds.interrupt(self._strips.stop, self._clock.utc_ns(self._strips.stop))
        outputs += [step.rhythm_change] if step.rhythm_change else []
        self._memory.add_turn(step.rhythm_change)
        for change in (*self._rules.interrupt(), *step.spans):
            outputs += self._step_episode(change, reason)
        self._in_af = self._analysable = False
        return [*outputs, *self._episodes.completed(self._strips.stop)]

    def _take_spans(self, spans: list[EncodedSpan]) -> list[Output]:
        outputs: list[Output] = []
        for span in spans:
            self._beside(self._origin, span)
            self._strips.add_look(self._index(span.look.middle_s), span.look.vector)
            outputs += self._digest(self._reader.feed(span, self._encoder), span.stop_s)
        return outputs

    def _digest(self, seconds: list[ReadSecond], encoded_s: float) -> list[Output]:
        """In order of time, each second before its beats, so that it decides whether they can be read."""
        reach_s = encoded_s + self._encoder.manifest.lookahead_s
        self._limit_index = min(self._strips.stop, self._index(reach_s))
        outputs: list[Output] = []
        for read in seconds:
            outputs += self._take_second(self._second(read))
            for found in () if self._is_silent else read.beats:
                beat = self._beat(found)
                is_whole = self._analysable and not self._is_cut(beat)
                outputs += self._take_beat(beat) if is_whole else [_unclassified(beat)]
        decided_index = self._index(self._reader.decided_s)
        outputs += self._episodes.completed(decided_index)
        closed = self._minutes.close_before(self._clock.utc_ns(decided_index))
        return [*outputs, *(self._with_look(minute) for minute in closed)]

    def _with_look(self, minute: MinuteSummary) -> MinuteSummary:
        """No look where the window nearest to the middle lies outside of the minute."""
        look = self._strips.look_near(minute.start_ns + _HALF_MINUTE_NS, _HALF_MINUTE_NS)
        return minute if look is None else replace(minute, look=look)

    def _second(self, read: ReadSecond) -> Second:
        first, stop = self._index(read.first_s), min(self._index(read.stop_s), self._strips.stop)
        size_uv = amplitude_uv(self._strips.samples(first, stop).astype(np.int64), self._fs_hz)
        self._is_silent = self._amplitude.is_silent(size_uv)
        duration_s = read.stop_s - read.first_s
        by_encoder = bool(read.analysable >= self._encoder.manifest.thresholds.analysable)
        return Second(
            first_index=first,
            start_ns=self._clock.utc_ns(first),
            duration_s=duration_s,
            analysable=self._amplitude.is_readable(size_uv, duration_s, by_encoder=by_encoder),
            af_probability=read.af_probability,
            af_index=self._index(read.af_at_s),
            vf_probability=read.vf_probability,
        )

    def _beat(self, found: FoundBeat) -> Beat:
        manifest = self._encoder.manifest
        index = self._index(found.at_s)
        beat_class = manifest.beat_classes[found.class_index]
        return Beat(
            index, self._clock.utc_ns(index), beat_class, round(found.confidence, 4), self._rr_ms(index)
        )

    def _is_cut(self, beat: Beat) -> bool:
        """Whether the signal ends within its QRS complex, as far as samples have come."""
        return beat.index + _HALF_QRS_S * self._fs_hz > self._strips.stop

    def _rr_ms(self, index: int) -> float | None:
        """To the beat before; unknown where the line moved so much that beats may be missing."""
        if self._previous is None or not (
            self._rules.in_pause or self._is_believed(index, ends_in_beat=True)
        ):
            return None
        return round((index - self._previous.index) * 1000 / self._fs_hz, 3)

    def _is_believed(self, index: int, *, ends_in_beat: bool = False) -> bool:
        """Whether there was no beat since the last one."""
        last = self._previous
        return last is not None and self._still_line.is_believed(last.index, index, ends_in_beat=ends_in_beat)

    def _take_beat(self, beat: Beat) -> list[Output]:
        self._previous = beat
        self._strips.beats.append(beat)
        half = round(HALF_QRS_S * self._fs_hz)
        first = max(self._strips.start, beat.index - half)
        self._qrs_size.add(self._strips.samples(first, min(self._strips.stop, beat.index + half + 1)))
        self._minutes.add_beat(beat)
        self._episodes.add_beat(beat)
        outputs: list[Output] = [beat]
        for change in self._rules.feed(beat):
            outputs += self._step_episode(change, "ended")
        return outputs

    def _take_second(self, second: Second) -> list[Output]:
        step = self._seconds.feed(second)
        self._memory.add_second(second)
        self._memory.add_turn(step.rhythm_change)
        self._in_af, self._analysable = step.in_af, second.analysable
        self._decided_ns = second.start_ns
        self._minutes.add_second(second, Rhythm.ATRIAL_FIBRILLATION if step.in_af else Rhythm.NON_AF)
        outputs: list[Output] = [step.rhythm_change] if step.rhythm_change else []
        if not second.analysable:
            self._previous = None
            for change in self._rules.interrupt():
                outputs += self._step_episode(change, "signal_lost")
        elif self._is_believed(second.first_index):
            for change in self._rules.silence(second.start_ns):
                outputs += self._step_episode(change, "ended")
        for change in step.spans:
            outputs += self._step_episode(change, "ended")
        return outputs

    def _step_episode(self, span: Span, reason: EndReason) -> list[Output]:
        self._memory.add_span(span)
        return list(self._episodes.step(span, reason, self._limit_index))

    def _index(self, at_s: float) -> int:
        return self._origin + round(at_s * self._fs_hz)


def _unclassified(beat: Beat) -> Beat:
    """Unreadable or cut off, a beat has a place, no class and no interval; no rule counts it."""
    return replace(beat, beat_class=BeatClass.UNKNOWN, rr_ms=None)
