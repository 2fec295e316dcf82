"""Compression of finished segments: lossless, read by wfdb, safe against a crash between any two steps."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import given
from hypothesis import strategies as st

from edge.block_journal import ENTRY, packed, unpacked
from edge.open_segment import Header
from edge.recorder import Recorder, RecorderSettings
from edge.sample_spans import n_samples
from edge.segment_check import missing_spans
from edge.segment_compression import compress, is_raw
from edge.segment_files import FLAC, SAMPLES, read_blocks, segments
from edge.stream import NS_PER_S, PlacedBlock
from firmware_bridge.recordings import open_recording

FS_HZ, START_NS, LEADS = 250.0, 1_790_000_000 * NS_PER_S, ("I", "II", "V 1")


def block(first: int, n: int) -> PlacedBlock:
    ecg_uv = np.random.default_rng(first).normal(0, 400, (n, len(LEADS))).astype(np.int32)
    return PlacedBlock(first, START_NS + round(first * NS_PER_S / FS_HZ), ecg_uv.clip(-32767, 32767))


def recorded(folder: Path, n_blocks: int = 40) -> Path:
    recorder = Recorder(folder, FS_HZ, LEADS, RecorderSettings(tidy_every_s=3600))
    for i in range(n_blocks):
        recorder.append(block(i * 125, 125))
    recorder.close()
    (stem,) = segments(folder)
    return stem


def assert_whole(folder: Path, n_blocks: int = 40) -> None:
    found = list(read_blocks(folder, len(LEADS)))
    assert len(found) == n_blocks
    for i, ours in enumerate(found):
        theirs = block(i * 125, 125)
        assert (ours.first_index, ours.start_ns) == (theirs.first_index, theirs.start_ns)
        np.testing.assert_array_equal(ours.ecg_uv, theirs.ecg_uv)


def test_a_compressed_segment_is_smaller_and_the_same_to_every_reader(tmp_path) -> None:
    stem = recorded(tmp_path / "r")
    before = wfdb.rdrecord(str(stem), physical=False)
    raw_bytes = sum(path.stat().st_size for path in (tmp_path / "r").iterdir())
    compress(stem)
    assert not is_raw(stem)
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == [
        "000001.blocks.z",
        "000001.flac",
        "000001.hea",
    ]
    assert sum(path.stat().st_size for path in (tmp_path / "r").iterdir()) < raw_bytes
    after = wfdb.rdrecord(str(stem), physical=False)
    np.testing.assert_array_equal(after.d_signal, before.d_signal)
    assert (after.fs, after.sig_name, after.base_datetime) == (
        before.fs,
        before.sig_name,
        before.base_datetime,
    )
    assert after.fmt == ["516"] * 3
    replayed = open_recording(str(stem), None)
    assert (replayed.fs_hz, replayed.leads) == (FS_HZ, LEADS)
    np.testing.assert_allclose(replayed.read_uv(100, 200), before.d_signal[100:200], atol=1e-6)
    assert_whole(tmp_path / "r")


def crash_at(step: int, stem: Path) -> bool:
    """In a process of its own: compress, and die without a word at the n-th call that changes the disk."""
    child = os.fork()
    if child == 0:
        calls = 0

        def watch(event: str, arguments: tuple) -> None:
            nonlocal calls
            changes = event in {"os.rename", "os.remove", "os.truncate"} or (
                event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            )
            calls += changes
            if changes and calls == step:
                os._exit(9)

        sys.addaudithook(watch)
        compress(stem)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # fork beside threads of others
def test_a_crash_before_any_step_loses_nothing_and_is_made_good(tmp_path) -> None:
    step, has_crashed = 0, True
    while has_crashed:
        step += 1
        folder = tmp_path / f"crash-{step}"
        stem = recorded(folder)
        has_crashed = crash_at(step, stem)
        assert_whole(folder)
        assert wfdb.rdrecord(str(stem)).sig_len == 40 * 125
        compress(stem) if is_raw(stem) else None
        assert_whole(folder)
        assert not [path for path in folder.iterdir() if path.suffix == ".part"]
    assert step >= 7, "files opened to write, given their names, and removed"


def test_what_a_crash_left_beyond_the_journal_is_no_sample(tmp_path) -> None:
    stem = recorded(tmp_path / "r")
    with stem.with_suffix(SAMPLES).open("ab") as file:
        file.write(b"\1\2\3\4\5\6\7")
    compress(stem)
    assert wfdb.rdrecord(str(stem)).sig_len == 40 * 125
    assert_whole(tmp_path / "r")


def test_a_segment_without_a_block_goes(tmp_path) -> None:
    Header(FS_HZ, LEADS, START_NS, 0).write(tmp_path / "000001", 0)
    (tmp_path / "000001.dat").touch()
    (tmp_path / "000001.blocks").write_bytes(b"torn")
    compress(tmp_path / "000001")
    assert list(tmp_path.iterdir()) == []


def test_what_the_journal_of_a_finished_segment_has_lost_stays(tmp_path) -> None:
    stem = recorded(tmp_path / "r")
    stem.with_suffix(".blocks").write_bytes(b"torn")
    with pytest.raises(ValueError, match="journal is damaged"):
        compress(stem)
    assert stem.with_suffix(SAMPLES).exists()
    assert missing_spans(stem, 3, 0) == [(0, 40 * 125)]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_damage_to_a_flac_costs_what_is_damaged(tmp_path, share) -> None:
    stem = recorded(tmp_path / "r", 400)
    compress(stem)
    content = bytearray(stem.with_suffix(FLAC).read_bytes())
    at = 200 + int(share * (len(content) - 400))
    content[at : at + 8] = bytes(8)
    stem.with_suffix(FLAC).write_bytes(content)
    found = {b.first_index: b for b in read_blocks(tmp_path / "r", 3)}
    damaged = 400 - len(found)
    assert 0 < damaged <= 100
    assert n_samples(missing_spans(stem, 3, 0)) == 125 * damaged
    for first, ours in found.items():
        np.testing.assert_array_equal(ours.ecg_uv, block(first, 125).ecg_uv)


def test_a_flac_that_is_cut_short_is_no_error(tmp_path) -> None:
    stem = recorded(tmp_path / "r")
    compress(stem)
    stem.with_suffix(FLAC).write_bytes(stem.with_suffix(FLAC).read_bytes()[:20])
    assert list(read_blocks(tmp_path / "r", 3)) == []


@given(
    st.lists(
        st.tuples(
            st.integers(-(2**63), 2**63 - 1),
            st.integers(-(2**63), 2**63 - 1),
            st.integers(0, 2**32 - 1),
            st.integers(0, 2**32 - 1),
        )
    )
)
def test_any_journal_comes_back_out_of_its_packing(rows) -> None:
    journal = np.array(rows, ENTRY).tobytes()
    assert unpacked(packed(journal)) == journal
