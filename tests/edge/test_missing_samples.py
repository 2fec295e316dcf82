"""After a crash: samples that are not on disk as they should be are told, whatever the reason."""

import re
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from edge.events import NoticeEvent, decode_event
from edge.messages import MessageWriter
from edge.outbox import Outbox
from edge.pipeline import Pipeline
from edge.recorder import RecorderSettings
from edge.recording_folder import RecordingFolder
from edge.sample_clock import SampleClock
from edge.segment_files import read_blocks
from edge.session import Session
from edge.stream import NS_PER_S
from firmware_bridge.device import Device
from firmware_bridge.packets import SampleBlock

FS_HZ, START_NS = 360, 1_760_000_040 * NS_PER_S
DEVICE = Device("record 208", FS_HZ, ("MLII",), 1000.0)


@pytest.fixture
def start(tmp_path, encoder):
    """Opens a session on one and the same recording, as an edge does that is started again."""
    recording = RecordingFolder(uuid4(), tmp_path / "r", "replay:208", FS_HZ, ("MLII",))
    boxes: list[Outbox] = []

    def started() -> tuple[Session, Outbox]:
        outbox = Outbox(tmp_path / "outbox.sqlite")
        boxes.append(outbox)
        writer = MessageWriter("d", "p", recording.recording_id, FS_HZ, recording.leads, {})
        settings = RecorderSettings(segment_s=10.0, tidy_every_s=3600.0)
        make = lambda: Pipeline(encoder, FS_HZ, 1)  # noqa: E731
        return Session(recording, make, settings, outbox, writer, lambda _: None), outbox

    yield started
    for box in boxes:
        box.close()


async def feed(session: Session, clock: SampleClock, uv: np.ndarray) -> None:
    for first in range(0, len(uv), FS_HZ):
        block = session.record(SampleBlock(uv[first : first + FS_HZ]), clock, START_NS)
        if block is not None:
            await session.analyse(block)


def told(outbox: Outbox) -> int:
    events = [decode_event(row.payload) for row in outbox.unsent(1000)]
    notices = [event for event in events if isinstance(event, NoticeEvent)]
    return sum(
        int(n)
        for notice in notices
        if notice.code in ("recording_damaged", "disk_limit")
        for n in re.findall(r"(\d+) samples", notice.text)
    )


def damage(path: Path, back: int) -> None:
    content = bytearray(path.read_bytes())
    content[-back] ^= 255
    path.write_bytes(content)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # its files are open
@pytest.mark.parametrize(("seconds", "back"), [(85, 2), (85, 2 * 2 * FS_HZ), (60, 2)])
async def test_damage_before_and_after_the_checkpoint_is_told(start, toy_uv, tmp_path, seconds, back) -> None:
    session, _ = start()
    await feed(session, SampleClock(DEVICE, START_NS), toy_uv[: seconds * FS_HZ])
    damage(max((tmp_path / "r").glob("*.dat")), back)
    again, outbox = start()
    await again.recover()
    clock = SampleClock(DEVICE, START_NS)
    again.skip_recorded()
    await feed(again, clock, toy_uv[: 90 * FS_HZ])
    await again.finish()
    recorded = {block.first_index for block in read_blocks(tmp_path / "r", 1)}
    missing = set(range(0, 90 * FS_HZ, FS_HZ)) - recorded
    assert told(outbox) >= len(missing) * FS_HZ
    assert len(missing) <= 1


async def test_what_is_missing_is_told_once_though_the_edge_starts_twice(start, toy_uv, tmp_path) -> None:
    session, outbox = start()
    await feed(session, SampleClock(DEVICE, START_NS), toy_uv[: 30 * FS_HZ])
    session._recorder.close()
    damage(tmp_path / "r" / "000002.dat", 2)
    for _ in range(2):
        again, outbox = start()
        await again.recover()
        assert told(outbox) == FS_HZ
    assert outbox.told_missing(session.recording.recording_id) == [(19 * FS_HZ, 20 * FS_HZ)]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # its files are open
async def test_what_is_damaged_behind_the_last_block_is_part_of_the_outage(start, toy_uv, tmp_path) -> None:
    session, _ = start()
    await feed(session, SampleClock(DEVICE), toy_uv[: 15 * FS_HZ])
    damage(tmp_path / "r" / "000002.dat", 2)
    again, outbox = start()
    await again.recover()
    again.continue_clock(SampleClock(DEVICE))
    assert told(outbox) == 0
    assert outbox.told_missing(session.recording.recording_id) == [(14 * FS_HZ, 15 * FS_HZ)]
    header = (tmp_path / "r" / "000002.hea").read_text().split()
    assert header[3] == str(5 * FS_HZ), "the header of a killed edge is finished"
