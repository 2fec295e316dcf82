"""Ventricular rhythms from annotated beats, for databases whose annotators noted beats alone."""

import re
from collections.abc import Sequence
from typing import Final

from edge.labels import Waveform

_VENTRICULAR: Final = frozenset("VE")
PATTERNS: Final = {
    Waveform.VENTRICULAR_TACHYCARDIA: re.compile("V{3,}"),
    Waveform.VENTRICULAR_BIGEMINY: re.compile("(?:Vn){3,}"),
    Waveform.VENTRICULAR_TRIGEMINY: re.compile("(?:Vnn){3,}"),
}

Rhythm = tuple[Waveform, float, float]


def ventricular_rhythms(beats_s: Sequence[float], symbols: Sequence[str]) -> tuple[Rhythm, ...]:
    """As MIT-BIH's annotators note them: from the first ventricular beat to the beat after the pattern."""
    letters = "".join("V" if symbol in _VENTRICULAR else "n" for symbol in symbols)
    found = [
        (waveform, beats_s[match.start()], beats_s[min(match.end(), len(beats_s) - 1)])
        for waveform, pattern in PATTERNS.items()
        for match in pattern.finditer(letters)
    ]
    return tuple(sorted(found, key=lambda rhythm: rhythm[1]))
