import numpy as np
import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.recorder import Recorder, RecorderSettings, clipped, last_block, read_blocks
from edge.stream import NS_PER_S, PlacedBlock

FS_HZ = 130.0
START_NS = 1_790_000_000 * NS_PER_S


def counting(first: int, n: int) -> PlacedBlock:
    """Samples that are their own index, so that a lost or doubled one is seen at once."""
    ecg_uv = np.arange(first, first + n, dtype=np.int32)[:, None] % 30000
    return PlacedBlock(first, START_NS + round(first * NS_PER_S / FS_HZ), ecg_uv)


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
    st.lists(st.tuples(st.integers(1, 90), st.integers(0, 3)), min_size=1, max_size=30), st.integers(0, 500)
)
def test_blocks_come_back(tmp_path_factory, sizes, from_index) -> None:
    folder = tmp_path_factory.mktemp("recorder") / "r"
    recorder = Recorder(folder, FS_HZ, ("ECG",), RecorderSettings(segment_s=0.7))
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


def test_the_oldest_segment_goes_and_that_is_told(tmp_path) -> None:
    settings_ = RecorderSettings(segment_s=1.0, max_bytes=800)
    recorder = Recorder(tmp_path / "r", FS_HZ, ("ECG",), settings_)
    reports = [recorder.append(counting(i * 130, 130)) for i in range(8)]
    recorder.close()
    removed = [name for report in reports for name in report.removed_segments]
    assert removed[:2] == ["r/000001", "r/000002"]
    assert not (tmp_path / "r" / "000001.dat").exists()
    assert sum(path.stat().st_size for path in (tmp_path / "r").glob("*.dat")) <= 800 + 260


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
