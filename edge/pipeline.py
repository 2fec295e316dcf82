"""The order of the stages: placed samples in, beats, rhythm, episodes and minutes out.

Pure but for the encoder session, and a fold over the samples: live, replay and batch analysis are this one
code. Its state can be saved between two blocks, so that an edge that was killed takes up where it was.
"""

import pickle
from collections import deque
from dataclasses import dataclass, field, replace
from importlib.metadata import version

import numpy as np

from edge.clock_map import ClockMap
from edge.contiguous_run import Beside, ContiguousRun, EncodedSpan, WindowLook
from edge.encoder import Encoder
from edge.episodes import EpisodeTracker
from edge.labels import BeatClass, Finding, Rhythm
from edge.minutes import MinuteCounter
from edge.quality import AmplitudeWatch, amplitude_uv
from edge.ring_buffer import RingBuffer
from edge.rule_tracker import RuleTracker
from edge.rules import RuleSettings
from edge.run_reader import ReadSecond, RunReader
from edge.second_tracker import DurationSettings, SecondTracker
from edge.sequence import FoundBeat
from edge.stream import (
    NS_PER_S,
    Beat,
    EndReason,
    EpisodeStep,
    Look,
    MinuteSummary,
    Output,
    PlacedBlock,
    RawStrip,
    Second,
    Span,
    Vitals,
)

STRIP_S, STRIP_BEFORE_S = 10.0, 5.0
_RAW_MEMORY_S = 120
_BEAT_MEMORY = 512
_STALE_RATE_NS = 5 * NS_PER_S
_STATE_VERSION = 2  # of what `snapshot` holds
_HALF_MINUTE_NS = 30 * NS_PER_S


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """What may differ from patient to patient."""

    rules: RuleSettings = field(default_factory=RuleSettings)
    durations: DurationSettings = field(default_factory=DurationSettings)


class Pipeline:
    """`fs_hz` and `n_leads` are those of the device; feed blocks in order."""

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
        self._encoder, self._fs_hz, self._n_leads = encoder, fs_hz, n_leads
        self._clock = ClockMap(fs_hz)
        self._rules = RuleTracker(settings.rules)
        self._seconds = SecondTracker(encoder.manifest.thresholds, settings.durations)
        self._episodes, self._minutes = EpisodeTracker(), MinuteCounter()
        self._recent: deque[Beat] = deque(maxlen=_BEAT_MEMORY)
        self._in_af = self._analysable = self._is_silent = False
        self._previous: Beat | None = None
        self._decided_ns = 0
        self._short_strips: dict[tuple[Finding, int], EpisodeStep] = {}
        self.next_index = 0
        self._begin_run(0)

    @property
    def vitals(self) -> Vitals:
        """Heart rate, rhythm and readability as of the last decided second."""
        rhythm = Rhythm.ATRIAL_FIBRILLATION if self._in_af else Rhythm.NON_AF
        last_beat_ns = self._recent[-1].at_ns if self._recent else 0
        is_fresh = self._analysable and self._decided_ns - last_beat_ns < _STALE_RATE_NS
        rate = self._minutes.heart_rate_bpm if is_fresh else None
        return Vitals(
            rate, rhythm if self._analysable else None, self._analysable, self._episodes.open_findings
        )

    def feed(self, block: PlacedBlock) -> list[Output]:
        """Take the next block; a jump of its index is a gap."""
        outputs: list[Output] = []
        if block.first_index != self.next_index:
            outputs += self._end_run("signal_lost")
            self._begin_run(block.first_index)
        self._clock.add(block)
        step = max(1, int(self._encoder.manifest.stride_s * self._fs_hz))
        for first in range(0, len(block.ecg_uv), step):
            piece = block.ecg_uv[first : first + step]
            self._raw.append(piece)
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
        made_with = ("_encoder", "_beside")
        state = {name: value for name, value in vars(self).items() if name not in made_with}
        return self._stamp() + pickle.dumps(state)

    def restore(self, snapshot: bytes) -> bool:
        """Take up a state that `snapshot` gave; false where another model or version wrote it.

        Only ever read from the edge's own state directory.
        """
        stamp = self._stamp()
        if not snapshot.startswith(stamp):
            return False
        vars(self).update(pickle.loads(snapshot[len(stamp) :]))  # noqa: S301 the edge's own file, mode 0600
        return True

    def _stamp(self) -> bytes:
        manifest = self._encoder.manifest
        second = manifest.sequence.onnx_sha256 if manifest.sequence else "alone"
        return f"{version('hearth-ecg')}/{_STATE_VERSION} {manifest.onnx_sha256} {second}\n".encode()

    def _begin_run(self, first_index: int) -> None:
        manifest = self._encoder.manifest
        self._origin, self._limit_index = first_index, first_index
        self._run = ContiguousRun(manifest, self._fs_hz, self._n_leads)
        self._looks: deque[WindowLook] = deque(maxlen=_RAW_MEMORY_S // manifest.stride_s)
        self._reader = RunReader(manifest)
        self._raw = RingBuffer(int(_RAW_MEMORY_S * self._fs_hz), self._n_leads, np.int32)
        self._raw.stop = first_index
        self._amplitude = AmplitudeWatch()
        self._previous = None

    def _end_run(self, reason: EndReason) -> list[Output]:
        if self._raw.stop == self._origin:
            return []
        outputs = self._take_spans(self._run.flush(self._encoder))
        outputs += self._digest(self._reader.flush(self._encoder), self._run.stop_s)
        step = self._seconds.interrupt(self._raw.stop, self._clock.utc_ns(self._raw.stop))
        outputs += [step.rhythm_change] if step.rhythm_change else []
        for change in (*self._rules.interrupt(), *step.spans):
            outputs += self._step_episode(change, reason)
        self._in_af = self._analysable = False
        return outputs + self._completed_strips(self._raw.stop)

    def _take_spans(self, spans: list[EncodedSpan]) -> list[Output]:
        outputs: list[Output] = []
        for span in spans:
            self._beside(self._origin, span)
            self._looks.append(span.look)
            outputs += self._digest(self._reader.feed(span, self._encoder), span.stop_s)
        return outputs

    def _digest(self, seconds: list[ReadSecond], encoded_s: float) -> list[Output]:
        """In order of time, each second before its beats, so that it decides whether they can be read."""
        reach_s = encoded_s + self._encoder.manifest.lookahead_s
        self._limit_index = min(self._raw.stop, self._index(reach_s))
        outputs: list[Output] = []
        for read in seconds:
            outputs += self._take_second(self._second(read))
            for found in () if self._is_silent else read.beats:
                beat = self._beat(found)
                outputs += self._take_beat(beat) if self._analysable else [_unclassified(beat)]
        decided_index = self._index(self._reader.decided_s)
        outputs += self._completed_strips(decided_index)
        closed = self._minutes.close_before(self._clock.utc_ns(decided_index))
        return [*outputs, *(self._with_look(minute) for minute in closed)]

    def _with_look(self, minute: MinuteSummary) -> MinuteSummary:
        """No look where the window nearest to the middle lies outside of the minute."""
        middle_ns = minute.start_ns + _HALF_MINUTE_NS
        looks = [(abs(self._clock.utc_ns(self._index(one.middle_s)) - middle_ns), one) for one in self._looks]
        away_ns, near = min(looks, key=lambda pair: pair[0], default=(_HALF_MINUTE_NS, None))
        return replace(minute, look=near.vector) if near and away_ns < _HALF_MINUTE_NS else minute

    def _second(self, read: ReadSecond) -> Second:
        first, stop = self._index(read.first_s), min(self._index(read.stop_s), self._raw.stop)
        size_uv = amplitude_uv(self._raw.read(first, stop).astype(np.int64), self._fs_hz)
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
        previous = self._previous
        rr_ms = None if previous is None else round((index - previous.index) * 1000 / self._fs_hz, 3)
        beat_class = manifest.beat_classes[found.class_index]
        return Beat(index, self._clock.utc_ns(index), beat_class, round(found.confidence, 4), rr_ms)

    def _take_beat(self, beat: Beat) -> list[Output]:
        self._previous = beat
        self._recent.append(beat)
        self._minutes.add_beat(beat)
        self._episodes.add_beat(beat)
        outputs: list[Output] = [beat]
        for change in self._rules.feed(beat):
            outputs += self._step_episode(change, "ended")
        return outputs

    def _take_second(self, second: Second) -> list[Output]:
        step = self._seconds.feed(second)
        self._in_af, self._analysable = step.in_af, second.analysable
        self._decided_ns = second.start_ns
        self._minutes.add_second(second, Rhythm.ATRIAL_FIBRILLATION if step.in_af else Rhythm.NON_AF)
        outputs: list[Output] = [step.rhythm_change] if step.rhythm_change else []
        if second.analysable:
            for change in self._rules.silence(second.start_ns):
                outputs += self._step_episode(change, "ended")
        else:
            self._previous = None
            for change in self._rules.interrupt():
                outputs += self._step_episode(change, "signal_lost")
        for change in step.spans:
            outputs += self._step_episode(change, "ended")
        return outputs

    def _step_episode(self, span: Span, reason: EndReason) -> list[Output]:
        strip = None if self._episodes.knows(span) else self._strip(span.onset_index, self._limit_index)
        steps = list(self._episodes.feed(span, list(self._recent), strip, reason))
        for step in steps:
            key = (span.finding, span.onset_index)
            if step.strip is not None or key in self._short_strips:
                self._short_strips[key] = step
        return list(steps)

    def _completed_strips(self, decided_index: int) -> list[Output]:
        """An episode is told at once, with the strip as far as it goes; the whole strip follows."""
        outputs: list[Output] = []
        wanted = round(STRIP_S * self._fs_hz)
        for key, step in list(self._short_strips.items()):
            first = self._strip_start(key[1])
            if decided_index < first + wanted and decided_index < self._raw.stop:
                continue
            del self._short_strips[key]
            strip = self._strip(key[1], decided_index)
            outputs.append(replace(step, phase="update", strip=strip))
        return outputs

    def _strip_start(self, onset_index: int) -> int:
        return max(self._raw.start, onset_index - round(STRIP_BEFORE_S * self._fs_hz))

    def _strip(self, onset_index: int, limit_index: int) -> RawStrip:
        """The onset in its middle, and not beyond `limit_index`."""
        first = self._strip_start(onset_index)
        stop = min(first + round(STRIP_S * self._fs_hz), limit_index)
        ecg_uv = self._raw.read(first, max(stop, first)).astype(np.int32)
        beats = tuple(beat for beat in self._recent if first <= beat.index < stop)
        return RawStrip(first, self._clock.utc_ns(first), ecg_uv, beats, self._look(onset_index))

    def _look(self, index: int) -> Look | None:
        """Of the window whose middle is nearest."""
        near = min(self._looks, key=lambda look: abs(self._index(look.middle_s) - index), default=None)
        return near.vector if near else None

    def _index(self, at_s: float) -> int:
        return self._origin + round(at_s * self._fs_hz)


def _unclassified(beat: Beat) -> Beat:
    """In a second that cannot be read a beat has a place, no class and no interval; no rule counts it."""
    return replace(beat, beat_class=BeatClass.UNKNOWN, rr_ms=None)
