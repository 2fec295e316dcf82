"""What a sentence can claim of a window of ECG, each kind as a value."""

from dataclasses import dataclass
from typing import Literal

from edge.grounding_subjects import Measure, Subject

Role = Literal["at", "start", "end"]


@dataclass(frozen=True, slots=True)
class Holds:
    """It is there, or it is not."""

    subject: Subject
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """There are exactly so many."""

    subject: Subject
    number: float


@dataclass(frozen=True, slots=True)
class RunOf:
    """A run has so many beats."""

    subject: Subject
    number: float


@dataclass(frozen=True, slots=True)
class Placed:
    """It is from second to second, each pair; a moment is a pair of the same."""

    subject: Subject
    times_s: tuple[tuple[float, float], ...]
    role: Role = "at"


@dataclass(frozen=True, slots=True)
class Lasts:
    """It lasts so long; without a subject the window does."""

    subject: Subject | None
    duration_s: float


@dataclass(frozen=True, slots=True)
class Throughout:
    """It fills the window."""

    subject: Subject


@dataclass(frozen=True, slots=True)
class Measured:
    """A rate in beats per minute, perhaps that of a finding alone, or an interval in ms."""

    measure: Measure
    value: float
    during: Subject | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """It is so many percent of the beats or of the time."""

    subject: Subject
    percent: float


Claim = Holds | Counted | RunOf | Placed | Lasts | Throughout | Measured | Share
