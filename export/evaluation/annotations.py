"""What an annotator wrote about a record, read from WFDB files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.errors import UserError
from export.evaluation.annotation_file import read_marks

BEAT_SYMBOLS: Final = frozenset("NLRaVFJASEj/QB?!enfr")
"""Symbols that WFDB counts as a QRS complex; `!`, a flutter wave, is among them."""

_MNEMONICS: Final = ' NLRaVFJASEj/Q~ | sT*D"=pB^t+u?![]en@xf()r'
"""WFDB symbol of each annotation code, 0 to 41; a space where there is none."""


_UNREADABLE: Final = 0x30
"""Bits of a signal-quality mark's subtype: neither signal 0 nor signal 1 can be read."""

_DAMAGE: Final = (ValueError, TypeError, IndexError, KeyError, AttributeError, OverflowError)


class Mark(NamedTuple):
    """One annotation."""

    sample: int
    symbol: str
    subtype: int
    aux: str

    @property
    def starts_shutdown(self) -> bool:
        """Both signals unreadable: a signal-quality mark with bits 4 and 5 set."""
        return self.symbol == "~" and self.subtype & _UNREADABLE == _UNREADABLE

    @property
    def ends_shutdown(self) -> bool:
        """A signal-quality mark that leaves at least one signal readable."""
        return self.symbol == "~" and self.subtype & _UNREADABLE != _UNREADABLE


@dataclass(frozen=True, slots=True, eq=False)
class Annotations:
    """All annotations of one annotator, in the order of the file; the four columns are equally long."""

    sample: NDArray[np.int64]
    symbol: tuple[str, ...]
    subtype: NDArray[np.int64]
    aux: tuple[str, ...]
    fs_hz: float

    def marks(self) -> Iterator[Mark]:
        """Row by row."""
        for row in zip(self.sample.tolist(), self.symbol, self.subtype.tolist(), self.aux, strict=True):
            yield Mark(*row)


@dataclass(frozen=True, slots=True, eq=False)
class AnnotatedRecord:
    """A record, what is true of it and what a detector says; `n_samples` None: the header does not tell."""

    name: str
    fs_hz: float
    n_samples: int | None
    reference: Annotations
    test: Annotations


def from_marks(marks: list[Mark], fs_hz: float) -> Annotations:
    """Columns from rows."""
    return Annotations(
        np.array([mark.sample for mark in marks], np.int64),
        tuple(mark.symbol for mark in marks),
        np.array([mark.subtype for mark in marks], np.int64),
        tuple(mark.aux for mark in marks),
        fs_hz,
    )


def read_record(name: str, data: Path, reference: str, test: str, test_data: Path) -> AnnotatedRecord:
    """Header and both annotators of a record; raises UserError that names the file."""
    fs_hz, n_samples = read_header(data / f"{name}.hea")
    return AnnotatedRecord(
        name,
        fs_hz,
        n_samples,
        read_annotations(data / f"{name}.{reference}", fs_hz),
        read_annotations(test_data / f"{name}.{test}", fs_hz),
    )


def read_header(path: Path) -> tuple[float, int | None]:
    """Sampling frequency in Hz, and length in samples where the header states it."""
    import wfdb

    if not path.is_file():
        raise UserError(f"{path}: no such record")
    try:
        header = wfdb.rdheader(str(path.with_suffix("")))
        fs_hz, n_samples = float(header.fs), header.sig_len or None
    except _DAMAGE as error:
        raise UserError(f"{path}: not a WFDB header ({error})") from error
    if not fs_hz > 0:
        raise UserError(f"{path}: its sampling frequency is {fs_hz:g} Hz")
    return fs_hz, n_samples


def read_annotations(path: Path, fs_hz: float) -> Annotations:
    """A WFDB annotation file of a record that is sampled at `fs_hz`; raises UserError that names the file."""
    if not path.is_file():
        raise UserError(f"{path}: no such annotation file")
    content = path.read_bytes()
    if len(content) % 2 or not content.endswith(b"\0\0"):
        raise UserError(f"{path}: not a WFDB annotation file, or cut short")
    try:
        rows, told_hz = read_marks(content)
    except ValueError as error:
        raise UserError(f"{path}: not a WFDB annotation file ({error})") from error
    if told_hz and told_hz != fs_hz:
        raise UserError(f"{path}: annotated at {told_hz:g} Hz, but its record has {fs_hz:g} Hz")
    return from_marks([Mark(row.sample, _symbol(row.code), row.subtype, row.aux) for row in rows], fs_hz)


def _symbol(code: int) -> str:
    return _MNEMONICS[code] if code < len(_MNEMONICS) else " "
