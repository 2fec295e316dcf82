"""Records made by hand and by rule; real ones where HEARTH_DATA names a folder with mitdb/."""

import random
from pathlib import Path

import numpy as np
import pytest
import wfdb

from export.evaluation.annotations import AnnotatedRecord, Annotations, Mark, from_marks

FS_HZ = 100.0
GOLDEN = Path(__file__).parent / "golden"


def annotations(rows) -> Annotations:
    """From (second, symbol) or (second, symbol, aux or subtype)."""
    marks = []
    for second, symbol, *rest in rows:
        note = rest[0] if rest else ""
        aux, subtype = (note, 0) if isinstance(note, str) else ("", note)
        marks.append(Mark(round(second * FS_HZ), symbol, subtype, aux))
    return from_marks(sorted(marks, key=lambda mark: mark.sample), FS_HZ)


@pytest.fixture
def record():
    """Makes a record at 100 Hz of two lists of annotations; it lasts 100 s longer than the last of them."""

    def make(reference, test, duration_s=None) -> AnnotatedRecord:
        last_s = max([row[0] for row in (*reference, *test)], default=0)
        n_samples = round((duration_s or last_s + 100) * FS_HZ)
        return AnnotatedRecord("made", FS_HZ, n_samples, annotations(reference), annotations(test))

    return make


@pytest.fixture(scope="session")
def synthetic() -> AnnotatedRecord:
    """20 minutes at 360 Hz: beats of all classes, AF, flutter, unreadable signal, and a detector's errors.

    Made with Python's own Mersenne Twister, seed 57: every 0.6 to 1 s a beat (80 % N), every 40th mark
    something else; the detector is up to 60 ms off, misses 1 beat in 20 and mistakes 1 in 10. The
    signal cannot be read by the reference from 1040 to 1050 s, nor by the detector from 1070 to 1082 s.
    """
    chance = random.Random(57)
    reference = _synthetic_reference(chance)
    test = _synthetic_test(chance, reference)
    return AnnotatedRecord(
        "synthetic", 360.0, 1200 * 360, from_marks(reference, 360.0), from_marks(test, 360.0)
    )


def _synthetic_reference(chance: random.Random) -> list[Mark]:
    marks, sample = [Mark(18, "+", 0, "(N")], 100
    others = [("+", "(AFIB"), ("+", "(N"), ("[", ""), ("]", ""), ("+", "(AFL"), ("+", "(N"), ("~", "")]
    while sample < 1200 * 360:
        if len(marks) % 40 == 0:
            symbol, aux = others[len(marks) // 40 % len(others)]
            marks.append(Mark(sample - 30, symbol, 0, aux))
        marks.append(Mark(sample, chance.choice("NNNNNNNNVVVAFQ"), 0, ""))
        sample += chance.randint(216, 360)
    return _unreadable(marks, 1040, 1050)


def _synthetic_test(chance: random.Random, reference: list[Mark]) -> list[Mark]:
    marks = []
    for mark in reference:
        is_beat = mark.symbol in "NVAFQ"
        if is_beat and chance.random() < 0.05:
            continue
        symbol = chance.choice("NVAFQ") if is_beat and chance.random() < 0.1 else mark.symbol
        marks.append(mark._replace(sample=mark.sample + chance.randint(-18, 21), symbol=symbol))
        if chance.random() < 0.02:
            marks.append(Mark(mark.sample + 120, "N", 0, ""))
    marks = [mark for mark in marks if mark.symbol != "~"]
    marks += [Mark(second * 360, "N", 0, "") for second in range(1041, 1050)]
    return _unreadable(sorted(marks, key=lambda mark: mark.sample), 1070, 1082)


def _unreadable(marks: list[Mark], first_s: int, last_s: int) -> list[Mark]:
    """With one stretch in which nothing is marked."""
    first, last = first_s * 360, last_s * 360
    before = [mark for mark in marks if mark.sample < first]
    after = [mark for mark in marks if mark.sample > last]
    return [*before, Mark(first, "~", -1, ""), Mark(last, "~", 0, ""), *after]


@pytest.fixture
def folder(tmp_path, synthetic) -> Path:
    """The synthetic record as WFDB files: synthetic.hea, synthetic.atr and found/synthetic.tst."""
    (tmp_path / "synthetic.hea").write_text("synthetic 0 360 432000\n")
    write_annotations(tmp_path, "synthetic", "atr", synthetic.reference)
    (tmp_path / "found").mkdir()
    write_annotations(tmp_path / "found", "synthetic", "tst", synthetic.test)
    return tmp_path


def write_annotations(path: Path, name: str, suffix: str, rows: Annotations) -> None:
    wfdb.wrann(
        name,
        suffix,
        np.array(rows.sample),
        symbol=list(rows.symbol),
        subtype=np.array(rows.subtype),
        aux_note=list(rows.aux),
        fs=rows.fs_hz,
        write_dir=str(path),
    )
