"""Damage that comes after all was confirmed: found by reading again, told once, whatever happens between."""

import asyncio
import re
from pathlib import Path

import numpy as np
import pytest

from edge.events import NoticeEvent, decode_event
from edge.interval_journal import IntervalJournal
from edge.messages import MessageWriter
from edge.outbox import Missing, Outbox
from edge.recorder import Recorder, RecorderSettings
from edge.recording_folder import RecordingFolder, new_recording, recordings
from edge.scrubber import PLACE, Scrubber
from edge.segment_compression import compress
from edge.segment_files import segments
from edge.stream import NS_PER_S, PlacedBlock
from firmware_bridge.device import Device
from firmware_bridge.packets import HeartRate

FS_HZ, N, START_NS = 130.0, 65, 1_790_000_000 * NS_PER_S
DEVICE = Device("strap", FS_HZ, ("ECG",), 1000.0)


def block(first: int) -> PlacedBlock:
    ecg_uv = np.random.default_rng(first).integers(-900, 900, (N, 1)).astype(np.int32)
    return PlacedBlock(first, START_NS + round(first * NS_PER_S / FS_HZ), ecg_uv)


def record(recording: RecordingFolder, firsts: range) -> None:
    recorder = Recorder(recording.folder, FS_HZ, ("ECG",), RecorderSettings(segment_s=2.0, tidy_every_s=3600))
    for first in firsts:
        recorder.append(block(first * N))
    recorder.close()


@pytest.fixture
def recording(tmp_path) -> RecordingFolder:
    """Twenty blocks in segments of four, all confirmed."""
    made = new_recording(tmp_path / "recordings", "ble://strap", DEVICE)
    record(made, range(20))
    return made


@pytest.fixture
def outbox(tmp_path):
    opened = Outbox(tmp_path / "outbox.sqlite")
    yield opened
    opened.close()


def scrubber(tmp_path: Path, outbox: Outbox) -> Scrubber:
    return Scrubber(
        tmp_path / "recordings",
        outbox,
        lambda recording: MessageWriter("d", "p", recording.recording_id, FS_HZ, recording.leads, {}),
    )


def texts(outbox: Outbox) -> list[str]:
    events = [decode_event(row.payload) for row in outbox.unsent(1000)]
    notices = [event for event in events if isinstance(event, NoticeEvent)]
    assert {notice.code for notice in notices} <= {"recording_damaged"}
    return [notice.text for notice in notices]


def told(outbox: Outbox) -> list[int]:
    return [int(n) for text in texts(outbox) for n in re.findall(r"(\d+) samples", text)]


def spoil(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0x55
    path.write_bytes(content)


async def test_each_damage_is_told_once_over_restarts(tmp_path, recording, outbox) -> None:
    recording.end()
    await scrubber(tmp_path, outbox).look_at_newest()
    assert told(outbox) == []
    stems = segments(recording.folder)
    spoil(stems[1].with_suffix(".dat"), 10)
    for _ in range(2):
        await scrubber(tmp_path, outbox).look_at_newest()
        assert told(outbox) == [N]
    compress(stems[1])
    spoil(stems[1].with_suffix(".blocks.z"), 10)
    await scrubber(tmp_path, outbox).look_at_newest()
    assert told(outbox) == [N, 3 * N], "what is new of it"


async def test_what_was_told_when_the_edge_started_is_not_told_again(tmp_path, recording, outbox) -> None:
    recording.end()
    spoil(segments(recording.folder)[0].with_suffix(".dat"), 2 * N + 3)
    outbox.commit((), missing=[Missing(recording.recording_id, (N, 2 * N))])
    await scrubber(tmp_path, outbox).look_at_newest()
    assert told(outbox) == []


async def test_what_was_sent_again_is_not_missing(tmp_path, recording, outbox) -> None:
    spoil(segments(recording.folder)[-1].with_suffix(".dat"), -3)
    await scrubber(tmp_path, outbox).look_at_newest()
    assert told(outbox) == [], "the recording goes on, and its source may send it again"
    record(recording, range(19, 23))
    record(recording, range(23, 24))
    await scrubber(tmp_path, outbox).look_at_newest()
    recording.end()
    await scrubber(tmp_path, outbox).look_at_newest()
    assert told(outbox) == []


async def test_a_segment_of_which_the_header_alone_is_left_is_missed(tmp_path, recording, outbox) -> None:
    recording.end()
    stem = segments(recording.folder)[2]
    for suffix in (".dat", ".blocks"):
        stem.with_suffix(suffix).unlink()
    for _ in range(2):
        await scrubber(tmp_path, outbox).look_at_newest()
        assert told(outbox) == [4 * N]


async def test_damaged_intervals_are_told_too(tmp_path, outbox) -> None:
    recording = new_recording(tmp_path / "recordings", "ble://strap", Device("strap", 1024, (), 1000.0))
    journal = IntervalJournal(recording.folder, messages_a_segment=10)
    for second in range(25):
        journal.add(HeartRate(75, (800.0,)), START_NS + second * NS_PER_S)
    journal.close()
    spoil(recording.folder / "000001.hcap", 100)
    for _ in range(2):
        await scrubber(tmp_path, outbox).look_at_newest()
        (text,) = texts(outbox)
        assert re.fullmatch(r"\d+ bytes of intervals of .*/000001 are damaged on disk", text)
    spoil(recording.folder / "000003.hcap", 100)
    await scrubber(tmp_path, outbox).look_at_newest()
    assert len(texts(outbox)) == 1, "the newest is still written to"
    recording.end()
    await scrubber(tmp_path, outbox).look_at_newest()
    assert len(texts(outbox)) == 2


async def test_a_segment_that_held_what_was_sent_again_is_told_once_when_it_is_lost(
    tmp_path, recording, outbox
) -> None:
    spoil(segments(recording.folder)[-1].with_suffix(".dat"), -3)
    record(recording, range(19, 20))
    segments(recording.folder)[-1].with_suffix(".blocks").write_bytes(b"torn")
    recording.end()
    await scrubber(tmp_path, outbox).look_at_newest()
    assert told(outbox) == [N]


async def test_a_segment_that_is_removed_is_not_damaged(tmp_path, recording, outbox) -> None:
    recording.end()
    for path in recording.folder.glob("000002.*"):
        path.unlink()
    segments(recording.folder)[0].with_suffix(".hea").unlink()
    segments(recording.folder)[0].with_suffix(".dat").unlink()
    await scrubber(tmp_path, outbox).look_at_newest()
    assert told(outbox) == []


async def test_all_of_it_is_read_from_where_the_last_edge_was_ended_on(tmp_path, recording, outbox) -> None:
    recording.end()
    stems = segments(recording.folder)
    for stem in stems:
        spoil(stem.with_suffix(".dat"), 1)
    (tmp_path / PLACE).write_text(f"{recording.folder.name}/000003")
    await scrubber(tmp_path, outbox)._look_at_all()
    assert told(outbox) == [N] * (len(stems) - 3)
    await scrubber(tmp_path, outbox)._look_at_all()
    assert told(outbox) == [N] * len(stems)
    assert (tmp_path / PLACE).read_text() == ""


async def test_a_description_that_cannot_be_read_costs_its_recording_alone(
    tmp_path, recording, outbox
) -> None:
    recording.end()
    spoiled = new_recording(tmp_path / "recordings", "ble://other", DEVICE)
    (spoiled.folder / "recording.json").write_text("{")
    spoil(segments(recording.folder)[0].with_suffix(".dat"), 1)
    await scrubber(tmp_path, outbox).look_at_newest()
    assert told(outbox) == [N]
    assert [one.recording_id for one in recordings(tmp_path / "recordings")] == [recording.recording_id]


@pytest.mark.parametrize("which", [1, -1])
async def test_a_header_that_the_full_disk_did_not_take_is_made_good(
    tmp_path, recording, outbox, which
) -> None:
    header = segments(recording.folder)[which].with_suffix(".hea")
    whole = header.read_text()
    header.write_text(whole.replace(f" {4 * N} ", " 0 ", 1))
    await scrubber(tmp_path, outbox).look_at_newest()
    assert header.read_text() != whole, "it is still being written"
    recording.end()
    await scrubber(tmp_path, outbox).look_at_newest()
    assert header.read_text() == whole


async def test_nothing_on_the_disk_ends_the_reading(tmp_path, recording, outbox, caplog) -> None:
    """A place of the last reading that is rotten, and then one that cannot be read at all."""
    recording.end()
    spoil(segments(recording.folder)[0].with_suffix(".dat"), 1)
    (tmp_path / PLACE).write_bytes(b"\xff\xfe")
    await scrubber(tmp_path, outbox)._look_at_all()
    (tmp_path / PLACE).unlink()
    (tmp_path / PLACE).mkdir()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(scrubber(tmp_path, outbox).run(), 3.0)
    assert "cannot be checked today" in caplog.text
