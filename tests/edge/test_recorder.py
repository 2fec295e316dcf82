import os
import resource
import threading
from concurrent.futures import wait
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.disk_space import Space, SpaceLimits, measure
from edge.open_segment import OpenSegment
from edge.recorder import Recorder, RecorderReport, RecorderSettings, clipped
from edge.segment_check import missing_spans
from edge.segment_compression import compress
from edge.segment_files import last_block, read_blocks, segments
from edge.stream import NS_PER_S, PlacedBlock

FS_HZ = 130.0
START_NS = 1_790_000_000 * NS_PER_S


def counting(first: int, n: int) -> PlacedBlock:
    """Samples that are their own index, so that a lost or doubled one is seen at once."""
    ecg_uv = np.arange(first, first + n, dtype=np.int32)[:, None] % 30000
    return PlacedBlock(first, START_NS + round(first * NS_PER_S / FS_HZ), ecg_uv)


@contextmanager
def no_file_beyond(n_bytes: int):
    """The kernel refuses to let any file of this process grow beyond: EFBIG, as a full disk gives ENOSPC."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def let_the_housekeeper_look(recorder: Recorder) -> None:
    if recorder._keeper._look is not None:
        wait([recorder._keeper._look])


def test_wfdb_reads_what_was_recorded(tmp_path) -> None:
    recorder = Recorder(tmp_path / "r", FS_HZ, ("ECG",))
    for i in range(10):
        recorder.append(counting(i * 73, 73))
    recorder.close()
    record = wfdb.rdrecord(str(tmp_path / "r" / "000001"), physical=False)
    assert (record.fs, record.sig_len, record.sig_name, record.units) == (130, 730, ["ECG"], ["mV"])
    np.testing.assert_array_equal(record.d_signal[:, 0], np.arange(730))


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(st.integers(1, 90), st.integers(0, 3)), min_size=1, max_size=30),
    st.integers(0, 500),
    st.booleans(),
)
def test_blocks_come_back(tmp_path_factory, sizes, from_index, is_tidy) -> None:
    folder = tmp_path_factory.mktemp("recorder") / "r"
    tidy_every_s = 0.0 if is_tidy else 3600.0
    recorder = Recorder(folder, FS_HZ, ("ECG",), RecorderSettings(segment_s=0.7, tidy_every_s=tidy_every_s))
    blocks, first = [], 0
    for n, gap in sizes:
        blocks.append(counting(first, n))
        recorder.append(blocks[-1])
        first += n + gap
    recorder.close()
    found = list(read_blocks(folder, 1, from_index))
    expected = [block for block in blocks if block.first_index >= from_index]
    assert [(b.first_index, b.start_ns) for b in found] == [(b.first_index, b.start_ns) for b in expected]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours.ecg_uv, theirs.ecg_uv)


@pytest.mark.parametrize(("name", "cut"), [("000001.dat", 1), ("000001.dat", 147), ("000001.blocks", 5)])
def test_a_torn_tail_costs_no_more_than_the_tail(tmp_path, name, cut) -> None:
    recorder = Recorder(tmp_path / "r", FS_HZ, ("ECG",))
    for i in range(5):
        recorder.append(counting(i * 73, 73))
    recorder.close()
    path = tmp_path / "r" / name
    path.write_bytes(path.read_bytes()[:-cut])
    found = [block.first_index for block in read_blocks(tmp_path / "r", 1)]
    assert found == [0, 73, 146, 219][: len(found)]
    assert len(found) >= 3


@pytest.mark.parametrize(
    ("name", "at"), [("000001.dat", 200), ("000001.blocks", 25), ("000001.blocks", 34), ("000001.blocks", 41)]
)
def test_damage_in_the_middle_costs_its_block_and_is_counted(tmp_path, name, at) -> None:
    recorder = Recorder(tmp_path / "r", FS_HZ, ("ECG",))
    for i in range(5):
        recorder.append(counting(i * 73, 73))
    recorder.close()
    path = tmp_path / "r" / name
    content = bytearray(path.read_bytes())
    content[at] ^= 64
    path.write_bytes(content)
    found = [block.first_index for block in read_blocks(tmp_path / "r", 1)]
    assert found == [0, 146, 219, 292]
    assert missing_spans(tmp_path / "r" / "000001", 1, 0) == [(73, 146)]


def test_the_oldest_segments_go_after_that_was_told(tmp_path) -> None:
    limits = SpaceLimits(max_bytes=2000, warn_hours=0.0, reserve_bytes=0)
    recorder = Recorder(tmp_path / "r", FS_HZ, ("ECG",), RecorderSettings(1.0, limits, tidy_every_s=0.0))
    told: list[str] = []
    for i in range(30):
        before = [f"r/{stem.name}" for stem in segments(tmp_path / "r")]
        report = recorder.append(counting(i * 130, 130))
        after = [f"r/{stem.name}" for stem in segments(tmp_path / "r")]
        assert set(before) - set(after) <= set(told), "nothing goes that was not told before"
        if report.removing:
            assert set(report.removing) <= set(after), "told while it is still there"
        assert i > 15 or "r/000001" in after, "nothing goes as long as nobody was told"
        told += report.removing
        if i > 15:
            recorder.told()
        let_the_housekeeper_look(recorder)
    recorder.close()
    told = list(dict.fromkeys(told))
    assert told == sorted(told)
    assert told[0] == "r/000001"
    assert not (tmp_path / "r" / "000001.hea").exists()
    assert [block.first_index for block in read_blocks(tmp_path / "r", 1)][-1] == 29 * 130


def test_what_runs_short_is_told_once_before_anything_goes(tmp_path) -> None:
    limits = SpaceLimits(max_bytes=8000, warn_hours=5 / 3600, reserve_bytes=0)
    recorder = Recorder(tmp_path / "r", FS_HZ, ("ECG",), RecorderSettings(1.0, limits, tidy_every_s=0.0))
    reports: list[RecorderReport] = []
    for i in range(40):
        reports.append(recorder.append(counting(i * 130, 130)))
        recorder.told()
        let_the_housekeeper_look(recorder)
    recorder.close()
    warnings = [text for report in reports for text in report.warnings]
    assert sum("recordings take" in text for text in warnings) == 1
    first_removal = next(i for i, report in enumerate(reports) if report.removing)
    first_warning = next(i for i, report in enumerate(reports) if report.warnings)
    assert first_warning <= first_removal
    assert any("will be removed in" in text for text in warnings)


def test_a_disk_that_is_nearly_full_is_told_and_its_rest_is_left_to_events(tmp_path) -> None:
    disk = os.statvfs(tmp_path)
    free = disk.f_bavail * disk.f_frsize
    nearly = SpaceLimits(reserve_bytes=free - 50_000_000, warn_hours=1000.0)
    recorder = Recorder(tmp_path / "r", FS_HZ, ("ECG",), RecorderSettings(1.0, nearly, tidy_every_s=0.0))
    reports = []
    for i in range(20):
        reports.append(recorder.append(counting(i * 130, 130)))
        let_the_housekeeper_look(recorder)
    recorder.close()
    (text,) = [text for report in reports for text in report.warnings]
    assert "raw ECG can be recorded for" in text
    full = Recorder(
        tmp_path / "full", FS_HZ, ("ECG",), RecorderSettings(1.0, SpaceLimits(reserve_bytes=2**60))
    )
    with pytest.raises(OSError, match="kept for events"):
        full.append(counting(0, 130))
    full.close()
    assert list((tmp_path / "full").iterdir()) == []


@pytest.mark.parametrize("limit", [0, 20, 146, 147, 200, 24 * 3])
def test_a_full_disk_costs_the_blocks_that_did_not_fit_and_no_others(tmp_path, limit) -> None:
    recorder = Recorder(tmp_path / "r", FS_HZ, ("ECG",))
    kept = []
    for i in range(9):
        limits = no_file_beyond(limit) if 3 <= i < 6 else no_file_beyond(resource.RLIM_INFINITY)
        with limits:
            try:
                recorder.append(counting(i * 73, 73))
                kept.append(i * 73)
            except OSError:
                assert 3 <= i < 6
    recorder.close()
    found = list(read_blocks(tmp_path / "r", 1))
    assert [block.first_index for block in found] == kept
    assert {0, 73, 146, 438, 511, 584} <= set(kept)
    for block in found:
        np.testing.assert_array_equal(block.ecg_uv, counting(block.first_index, 73).ecg_uv)
    for stem in segments(tmp_path / "r"):
        compress(stem)
    assert sum(wfdb.rdheader(str(stem)).sig_len for stem in segments(tmp_path / "r")) == 73 * len(kept)


def test_what_does_not_fit_is_clipped_and_counted() -> None:
    loud = PlacedBlock(0, START_NS, np.array([[40000], [-40000], [5]], np.int32))
    block, n_beyond = clipped(loud)
    assert n_beyond == 2
    assert block.ecg_uv[:, 0].tolist() == [32767, -32767, 5]


def test_the_newest_block_is_found_without_reading_all(tmp_path) -> None:
    assert last_block(tmp_path, 1) is None
    recorder = Recorder(tmp_path / "r", FS_HZ, ("ECG",), RecorderSettings(segment_s=1.0))
    for i in range(5):
        recorder.append(counting(i * 130, 130))
    recorder.close()
    assert last_block(tmp_path / "r", 1).first_index == 520


def test_a_segment_that_is_begun_while_the_housekeeper_looks_is_left_alone(tmp_path, monkeypatch) -> None:
    """It was taken for a finished one without a block, and removed."""
    looks, may_look = [], threading.Event()

    def slow_measure(root: Path) -> Space:
        may_look.wait(10)
        looks.append(root)
        return measure(root)

    monkeypatch.setattr("edge.housekeeper.measure", slow_measure)
    recorder = Recorder(tmp_path / "r", FS_HZ, ("ECG",), RecorderSettings(1.0, tidy_every_s=0.0))
    recorder.append(counting(0, 130))
    OpenSegment.begin(tmp_path / "r", counting(130, 130), FS_HZ, ("ECG",)).close()
    may_look.set()
    let_the_housekeeper_look(recorder)
    assert looks
    assert (tmp_path / "r" / "000002.blocks").exists()
    recorder.append(counting(130, 130))
    recorder.close()
    assert [block.first_index for block in read_blocks(tmp_path / "r", 1)] == [0, 130]
