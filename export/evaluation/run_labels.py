"""AAMI labels of beats, and starts and ends of fibrillation and unreadable signal, for runs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from export.evaluation.annotations import Mark

_CLASSES: Final = {"NLRB": "N", "JASajne": "S", "VEr": "V", "F": "F", "Q?/f": "Q"}
_BEATS: Final = {symbol: label for symbols, label in _CLASSES.items() for symbol in symbols}

OTHER: Final = "O"
"""Label of what neither makes nor ends a run."""


def run_labels(marks: Iterable[Mark]) -> list[str]:
    """A label for each mark, in order.

    N S V F Q: beats, where N in atrial fibrillation is S; `[` and `]`: ventricular, `{` and `}`: atrial
    fibrillation or flutter starts and ends; U and C: signal becomes unreadable and clear again; O: others.
    """
    state = _State()
    return [state.label(mark) for mark in marks]


@dataclass(slots=True)
class _State:
    """What is going on: each start or end counts only once."""

    atrial: bool = False
    ventricular: bool = False
    unreadable: bool = False

    def label(self, mark: Mark) -> str:
        if mark.symbol in _BEATS:
            label = _BEATS[mark.symbol]
            return "S" if label == "N" and self.atrial else label
        if mark.symbol == "~":
            return self._quality(starts=mark.starts_shutdown)
        if mark.symbol == "[":
            return self._start_ventricular()
        if mark.symbol == "]":
            return self._end_ventricular()
        if mark.symbol == "+" and mark.aux:
            return self._rhythm(mark.aux)
        return OTHER

    def _quality(self, *, starts: bool) -> str:
        if starts == self.unreadable:
            return OTHER
        self.unreadable = starts
        return "U" if starts else "C"

    def _rhythm(self, aux: str) -> str:
        if aux.startswith("(AF"):
            return self._start_atrial()
        if aux.startswith("(VF"):
            return self._start_ventricular()
        if self.atrial:
            self.atrial = False
            return "}"
        return self._end_ventricular()

    def _start_atrial(self) -> str:
        if self.atrial:
            return OTHER
        self.atrial, self.ventricular = True, False
        return "{"

    def _start_ventricular(self) -> str:
        if self.ventricular:
            return OTHER
        self.atrial, self.ventricular = False, True
        return "["

    def _end_ventricular(self) -> str:
        if not self.ventricular:
            return OTHER
        self.ventricular = False
        return "]"
