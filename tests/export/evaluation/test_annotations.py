"""WFDB files in, and one line for each way in which they can be wrong."""

from contextlib import suppress

import numpy as np
import pytest
import wfdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.errors import UserError
from export.evaluation.annotation_file import read_marks
from export.evaluation.annotations import BEAT_SYMBOLS, read_annotations, read_header, read_record


def test_what_was_written_is_read(folder, synthetic) -> None:
    record = read_record("synthetic", folder, "atr", "tst", folder / "found")
    assert (record.fs_hz, record.n_samples) == (360.0, 432_000)
    for read, made in ((record.reference, synthetic.reference), (record.test, synthetic.test)):
        assert list(read.marks()) == list(made.marks())


def test_symbols_of_beats_are_those_of_wfdb() -> None:
    codes = wfdb.io.annotation.ann_label_table
    is_beat = dict(zip(codes["symbol"], wfdb.io.annotation.is_qrs, strict=False))
    assert all(is_beat.get(symbol, True) for symbol in BEAT_SYMBOLS - {"r", "!", "e", "n", "f", "B", "?"})


def test_a_file_without_annotations_is_read(tmp_path) -> None:
    (tmp_path / "a.atr").write_bytes(b"\0\0")
    assert list(read_annotations(tmp_path / "a.atr", 360.0).marks()) == []


def test_a_header_without_length(tmp_path) -> None:
    (tmp_path / "a.hea").write_text("a 0 250\n")
    assert read_header(tmp_path / "a.hea") == (250.0, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: (f / "synthetic.hea").unlink(), "synthetic.hea: no such record"),
        (lambda f: (f / "synthetic.hea").write_text("\n"), "synthetic.hea: not a WFDB header"),
        (
            lambda f: (f / "synthetic.hea").write_text("synthetic 0 0 100\n"),
            "synthetic.hea: its sampling frequency is 0 Hz",
        ),
        (lambda f: (f / "synthetic.atr").unlink(), "synthetic.atr: no such annotation file"),
        (
            lambda f: (f / "found/synthetic.tst").write_bytes(b"\x12\x34\x56"),
            "found/synthetic.tst: not a WFDB",
        ),
        (lambda f: (f / "found/synthetic.tst").write_bytes(b"text\n!"), "found/synthetic.tst: not a WFDB"),
        (
            lambda f: (f / "synthetic.hea").write_text("synthetic 0 250 1000\n"),
            "synthetic.atr: annotated at 360 Hz, but its record has 250 Hz",
        ),
    ],
)
def test_what_is_wrong_is_said_with_the_name_of_the_file(folder, change, message) -> None:
    change(folder)
    with pytest.raises(UserError) as caught:
        read_record("synthetic", folder, "atr", "tst", folder / "found")
    assert str(folder / message) in str(caught.value)
    assert "\n" not in str(caught.value)


COMMENTS = ["## a word of the maker", "## time resolution: 360", "## annotation type definitions", "## "]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("comment", COMMENTS)
def test_comments_at_the_start_are_passed_over(tmp_path, comment) -> None:
    """`wfdb.rdann` of 4.3 goes round and round in the first and the last, and stumbles over the third."""
    where = {"fs": 360, "write_dir": str(tmp_path)}
    wfdb.wrann("a", "atr", np.array([0, 100]), symbol=['"', "N"], aux_note=[comment, ""], **where)
    assert [mark.symbol for mark in read_annotations(tmp_path / "a.atr", 360.0).marks()] == ["N"]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content) -> None:
    with suppress(ValueError):
        marks, fs_hz = read_marks(content + b"\0" * (2 + len(content) % 2))
        assert fs_hz is None or fs_hz >= 0
        assert all(0 < mark.code < 59 and -128 <= mark.subtype < 128 for mark in marks)


MARKS = st.tuples(
    st.integers(0, 2**30), st.sampled_from("NVA~+[s"), st.integers(-128, 127), st.text("(AFIB+0", max_size=8)
)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(MARKS, min_size=1, max_size=20))
def test_what_wfdb_writes_is_read(tmp_path, rows) -> None:
    rows.sort()
    at, symbols, subtypes, notes = (list(column) for column in zip(*rows, strict=True))
    where = {"fs": 360, "write_dir": str(tmp_path)}
    wfdb.wrann("a", "atr", np.array(at), symbol=symbols, subtype=np.array(subtypes), aux_note=notes, **where)
    read = [tuple(mark) for mark in read_annotations(tmp_path / "a.atr", 360.0).marks()]
    assert read == [(at, symbol, subtype, note) for at, symbol, subtype, note in rows]


def test_a_file_that_is_cut_short_is_refused(folder) -> None:
    path = folder / "synthetic.atr"
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(UserError, match="cut short"):
        read_record("synthetic", folder, "atr", "tst", folder / "found")
