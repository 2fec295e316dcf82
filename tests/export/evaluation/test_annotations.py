"""WFDB files in, and one line for each way in which they can be wrong."""

import pytest
import wfdb

from edge.errors import UserError
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


def test_a_file_that_is_cut_short_is_refused(folder) -> None:
    path = folder / "synthetic.atr"
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(UserError, match="cut short"):
        read_record("synthetic", folder, "atr", "tst", folder / "found")
