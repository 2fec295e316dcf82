"""Values that travel through the edge: placed samples in, beats, seconds, episodes and minutes out."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from edge.labels import BeatClass, Finding, Rhythm

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000

Look = tuple[float, ...]
"""A window of ECG as one vector; only its direction means something."""


@dataclass(frozen=True, slots=True, eq=False)
class PlacedBlock:
    """Consecutive samples `[n, leads]` in microvolts, with their place in the recording.

    `first_index` counts all samples of the recording, lost ones too; `start_ns` is UTC.
    """

    first_index: int
    start_ns: int
    ecg_uv: npt.NDArray[np.int32]

    @property
    def stop_index(self) -> int:
        """Index after the last sample."""
        return self.first_index + len(self.ecg_uv)


@dataclass(frozen=True, slots=True)
class Beat:
    """One beat; `rr_ms` to the beat before, `None` after a gap or an unreadable stretch."""

    index: int
    at_ns: int
    beat_class: BeatClass
    confidence: float
    rr_ms: float | None


@dataclass(frozen=True, slots=True)
class Second:
    """The models' word on one second (or the last part of one, `duration_s` < 1) of signal.

    `af_probability` is about the rhythm at `af_index`, some beats earlier.
    """

    first_index: int
    start_ns: int
    duration_s: float
    analysable: bool
    af_probability: float
    af_index: int
    vf_probability: float = 0.0


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch that a rule or the encoder found; open while `end_ns` is `None`."""

    finding: Finding
    onset_index: int
    onset_ns: int
    last_ns: int
    end_ns: int | None
    confidence: float


@dataclass(frozen=True, slots=True)
class RhythmChange:
    """From this sample on the rhythm is this one."""

    index: int
    rhythm: Rhythm


@dataclass(frozen=True, slots=True)
class MinuteSummary:
    """Measurements of one UTC minute; `look` describes a window in its middle as the encoder sees it."""

    start_ns: int
    wear_s: float
    analysable_s: float
    beats: dict[BeatClass, int]
    rhythm_s: dict[Rhythm, float]
    mean_heart_rate_bpm: float | None
    min_heart_rate_bpm: float | None
    max_heart_rate_bpm: float | None
    longest_rr_ms: float | None
    look: Look | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RawStrip:
    """A piece of the recorder's signal `[n, leads]` in microvolts, the beats in it, and its `look`."""

    first_index: int
    start_ns: int
    ecg_uv: npt.NDArray[np.int32]
    beats: tuple[Beat, ...]
    look: Look | None = None


Phase = Literal["new", "update", "end"]
EndReason = Literal["ended", "signal_lost", "recording_ended"]


@dataclass(frozen=True, slots=True, eq=False)
class EpisodeStep:
    """One step in the life of an episode, which `finding` and `onset_index` name for ever.

    `end_strip` comes with an end that is beyond the strip of the onset.
    """

    phase: Phase
    span: Span
    end_reason: EndReason | None
    beats: dict[BeatClass, int]
    heart_rate_bpm: float | None
    longest_rr_ms: float | None
    strip: RawStrip | None
    end_strip: RawStrip | None = None


Output = Beat | RhythmChange | EpisodeStep | MinuteSummary


@dataclass(frozen=True, slots=True)
class Vitals:
    """The newest state, for the live display."""

    heart_rate_bpm: float | None
    rhythm: Rhythm | None
    analysable: bool
    open_findings: tuple[Finding, ...]


NO_VITALS = Vitals(None, None, analysable=False, open_findings=())
