"""A recording whose end the disk did not take: over all the same, once the hub has everything."""

import resource
from contextlib import contextmanager
from uuid import UUID

import pytest

from edge.config import load_config
from edge.events import decode_event
from edge.localizer_desk import DeskSettings, LocalizerDesk
from edge.outbox import Outbox
from edge.recording_folder import open_recordings
from edge.session import Session
from edge.session_keeper import SessionKeeper
from edge.stream import NS_PER_S
from firmware_bridge.device import Device
from firmware_bridge.packets import SampleBlock

FS_HZ, START_NS = 360, 1_760_000_040 * NS_PER_S
DEVICE = Device("record 208", FS_HZ, ("MLII",), 1000.0)
CONFIG = """
[device]
uri = "replay://208"
device_id = "strap-1"
patient_id = "patient-1"
start_at = 2026-01-05T08:00:00Z
[storage]
folder = "edge"
[model]
language_model = "none"
"""


@contextmanager
def full_disk():
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def make_keeper(tmp_path, encoder):
    (tmp_path / "edge.toml").write_text(CONFIG)
    config, boxes = load_config(tmp_path / "edge.toml"), []

    def make() -> tuple[SessionKeeper, Outbox]:
        boxes.append(Outbox(tmp_path / "edge" / "outbox.sqlite"))
        desk = LocalizerDesk(None, lambda *_: None, DeskSettings(20.0, 8), lambda evidence, _: evidence)
        return SessionKeeper(config, encoder, boxes[-1], desk), boxes[-1]

    yield make
    for box in boxes:
        box.close()


async def record(keeper: SessionKeeper, toy_uv) -> Session:
    clock, _ = await keeper.begin(DEVICE)
    assert isinstance(keeper.session, Session)
    for first in range(0, 20 * FS_HZ, FS_HZ):
        block = keeper.session.record(SampleBlock(toy_uv[first : first + FS_HZ]), clock, START_NS)
        await keeper.session.analyse(block)
    return keeper.session


def confirm_all(outbox: Outbox) -> set[UUID]:
    ids = {decode_event(row.payload).event_id for row in outbox.unsent(1000)}
    outbox.settle(ids)
    return ids


async def test_what_the_hub_has_from_memory_is_not_looked_at_again(make_keeper, toy_uv, tmp_path) -> None:
    keeper, outbox = make_keeper()
    session = await record(keeper, toy_uv)
    with full_disk():
        await keeper.end()
        assert outbox.has_unsaved
        assert session.recording.goes_on
        assert confirm_all(outbox)
    outbox.requeue()
    assert outbox.backlog() == 0
    keeper.settle()
    assert open_recordings(tmp_path / "edge" / "recordings") == []
    again, _ = make_keeper()
    await again.recover()
    assert again.session is None


async def test_what_the_hub_does_not_have_is_told_again(make_keeper, toy_uv, tmp_path) -> None:
    keeper, outbox = make_keeper()
    await record(keeper, toy_uv)
    with full_disk():
        await keeper.end()
        lost = {decode_event(row.payload).event_id for row in outbox.unsent(1000)}
    again, box = make_keeper()
    await again.recover()
    assert again.session is not None
    await again.end()
    told = [decode_event(row.payload) for row in box.unsent(1000)]
    assert {event.event_id for event in told if event.kind != "notice"}
    assert lost >= {event.event_id for event in told if event.kind != "notice"}
    assert [one.is_ended for one in open_recordings(tmp_path / "edge" / "recordings")] == [True]
