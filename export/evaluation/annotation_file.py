"""The bytes of a WFDB annotation file: 16-bit words, a code above and the interval to the mark before below.

Read here and not by `wfdb.rdann`, which does not come back from a note at the start that it does not know.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

_SKIP, _SUBTYPE, _AUX = 59, 61, 63  # 60 and 62, number and channel, are not used here
_NOTE: Final = 22
_INTERVAL_BITS: Final = 10
_RESOLUTION: Final = re.compile(r"## time resolution: (\d+(?:\.\d+)?)")


@dataclass(slots=True)
class CodedMark:
    """One annotation, its kind as a number."""

    sample: int
    code: int
    subtype: int = 0
    aux: str = ""

    @property
    def is_definition(self) -> bool:
        """A note about the file itself, before its first sample."""
        return self.code == _NOTE and self.sample == 0


def read_marks(content: bytes) -> tuple[list[CodedMark], float | None]:
    """All annotations, and the sampling frequency in Hz where the file tells it.

    Raises:
        ValueError: the file ends before its end mark.
    """
    marks = _marks(content)
    told = [found for mark in marks if mark.is_definition and (found := _RESOLUTION.match(mark.aux))]
    fs_hz = float(told[0][1]) if told else None
    return [mark for mark in marks if mark.code and not mark.is_definition], fs_hz


def _marks(content: bytes) -> list[CodedMark]:
    sample, marks = 0, list[CodedMark]()
    for code, value, payload in _fields(content):
        if code == _SKIP:  # the upper half comes first
            sample += int.from_bytes(payload[2:] + payload[:2], "little", signed=True)
        elif code < _SKIP:
            sample += value
            marks.append(CodedMark(sample, code))
        elif marks and code == _SUBTYPE:
            marks[-1].subtype = (value & 0xFF ^ 0x80) - 0x80
        elif marks and code == _AUX:
            marks[-1].aux = payload.rstrip(b"\0").decode("latin-1")
    return marks


def _fields(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Code, value, and the bytes that follow, up to the word 0."""
    words = np.frombuffer(content, "<u2").tolist()
    at = 0
    while at < len(words) and words[at]:
        code, value = words[at] >> _INTERVAL_BITS, words[at] & ((1 << _INTERVAL_BITS) - 1)
        n_bytes = {_SKIP: 4, _AUX: value}.get(code, 0)
        first = 2 * (at + 1)
        yield code, value, content[first : first + n_bytes]
        at += 1 + -(-n_bytes // 2)
    if at >= len(words):
        raise ValueError("it has no end")
