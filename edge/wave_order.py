"""Waves as a heart makes them: a T wave after each QRS at most, and none without one."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LONGEST_WAVE_S = 1.0
LONGEST_WAIT_S = 3.0  # for the next QRS, before waves are given without it
QRS_TO_T_S = 0.5  # from the end of a QRS to the onset of its T wave, at most


class WaveKind(StrEnum):
    """What a wave is, as a bundle names it."""

    P = "P"
    QRS = "QRS"
    T = "T"


SHORTEST_S: Final = {WaveKind.P: 0.03, WaveKind.QRS: 0.03, WaveKind.T: 0.05}


@dataclass(frozen=True, slots=True)
class Wave:
    """One wave, in seconds since the start of the run; `weight_s` is the sum of its probability."""

    kind: WaveKind
    onset_s: float
    peak_s: float
    end_s: float
    weight_s: float


class WaveOrder:
    """Wave by wave, in order of time; waves that can not be are left out."""

    def __init__(self) -> None:
        self._qrs: Wave | None = None
        self._waiting: list[Wave] = []

    def feed(self, wave: Wave) -> list[Wave]:
        """Take the next wave, return those that are decided."""
        if wave.kind == WaveKind.QRS:
            decided = [*self.flush(), wave]
            self._qrs = wave
            return decided
        is_late = self._waiting and wave.onset_s - self._waiting[0].onset_s > LONGEST_WAIT_S
        decided = self.flush() if is_late else []
        self._waiting.append(wave)
        return decided

    def flush(self) -> list[Wave]:
        """What waits for the next QRS; of several T waves the one of most weight."""
        waiting, self._waiting = self._waiting, []
        qrs, self._qrs = self._qrs, None
        can_be = [w for w in waiting if w.kind == WaveKind.T and qrs and w.onset_s - qrs.end_s <= QRS_TO_T_S]
        t_wave = max(can_be, key=lambda wave: wave.weight_s, default=None)
        return [wave for wave in waiting if wave.kind == WaveKind.P or wave is t_wave]
