"""What a run without gaps says, second by second: its beats, its rhythm, and whether it can be read."""

from collections import deque
from dataclasses import dataclass, replace
from itertools import takewhile

from edge.beats import BeatDecoder, RawBeat
from edge.bundle import Manifest
from edge.contiguous_run import EncodedSpan
from edge.encoder import Encoder
from edge.labels import Rhythm
from edge.sequence import FoundBeat, SequenceReader
from edge.vf_veto import VfVeto


@dataclass(frozen=True, slots=True)
class ReadSecond:
    """One second since `first_s` of the run, the last one perhaps shorter, with all of its beats.

    `af_probability` is about the rhythm at `af_at_s`.
    """

    first_s: int
    stop_s: float
    analysable: float
    af_probability: float
    af_at_s: float
    vf_probability: float
    beats: tuple[FoundBeat, ...]


@dataclass(frozen=True, slots=True)
class _Waiting:
    first_s: int
    stop_s: float
    analysable: float
    vf_probability: float
    ends_run: bool = False

    def holds(self, beat: FoundBeat) -> bool:
        """Whether the beat lies before its end."""
        return self.ends_run or beat.at_s < self.stop_s


class RunReader:
    """Encoded spans in, complete seconds out; the same whatever the cut of the spans."""

    def __init__(self, manifest: Manifest) -> None:
        self._decoder, self._sequence = BeatDecoder(manifest), SequenceReader(manifest)
        self._vf_column = manifest.rhythms.index(Rhythm.VENTRICULAR_FIBRILLATION)
        self._seconds: deque[_Waiting] = deque()
        self._beats: deque[FoundBeat] = deque()
        self._veto = VfVeto()
        self._af_probability, self._af_at_s = 0.0, 0.0
        self.decided_s = 0.0

    def feed(self, span: EncodedSpan, encoder: Encoder) -> list[ReadSecond]:
        """The seconds that are complete now."""
        vf = span.frames.rhythm[:, self._vf_column].tolist()
        for i, analysable in enumerate(span.frames.analysable.tolist()):
            first_s = span.first_s + i
            self._seconds.append(_Waiting(first_s, min(first_s + 1.0, span.stop_s), analysable, vf[i]))
        return self._read(self._decoder.feed(span.frames), self._decoder.decided_s, encoder)

    def flush(self, encoder: Encoder) -> list[ReadSecond]:
        """The last seconds; no beat follows, and one at the very end belongs to the last of them."""
        if self._seconds:
            self._seconds[-1] = replace(self._seconds[-1], ends_run=True)
        return self._read(self._decoder.flush(), float("inf"), encoder)

    def _read(self, beats: list[RawBeat], known_s: float, encoder: Encoder) -> list[ReadSecond]:
        self._beats.extend(self._sequence.feed(beats, known_s, encoder))
        complete: list[ReadSecond] = []
        while self._seconds and self._seconds[0].stop_s <= self._sequence.decided_s:
            complete.append(self._complete(self._seconds.popleft()))
        return complete

    def _complete(self, second: _Waiting) -> ReadSecond:
        beats = tuple(takewhile(second.holds, tuple(self._beats)))
        for _ in beats:
            self._beats.popleft()
        if beats:
            self._af_probability = sum(beat.af_probability for beat in beats) / len(beats)
            self._af_at_s = beats[-1].af_at_s
        is_regular = self._veto.feed(beats, second.stop_s)
        self.decided_s = second.stop_s
        return ReadSecond(
            second.first_s,
            second.stop_s,
            second.analysable,
            self._af_probability,
            self._af_at_s,
            0.0 if is_regular else second.vf_probability,
            beats,
        )
