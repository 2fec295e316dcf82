"""What the edge's parts know of themselves becomes one list of troubles, and goes from it again."""

import time
from uuid import uuid4

import pytest

from edge import health_keeper
from edge.config import EdgeConfig
from edge.events import Localization, NoticeEvent
from edge.health_keeper import HealthKeeper
from edge.localizer_desk import DeskSettings, LocalizerDesk
from edge.messages import utc
from edge.outbox import Outbox
from edge.wearing import Wearing

NOW_NS = 1_790_000_000 * 10**9


def keeper_of(tmp_path, language_model, wearing=None):
    config = EdgeConfig.model_validate(
        {
            "device": {"uri": "simulator://", "device_id": "strap-1", "patient_id": "anna"},
            "storage": {"folder": tmp_path},
            "model": {"language_model": language_model},
        }
    )
    outbox = Outbox(tmp_path / "outbox.sqlite")
    desk = LocalizerDesk(None, lambda _, __: Localization(status="absent"), DeskSettings())
    return HealthKeeper(config, outbox, desk, wearing or Wearing()), outbox


@pytest.fixture
def parts(tmp_path):
    keeper, outbox = keeper_of(tmp_path, "none")
    yield keeper, outbox
    outbox.close()


def codes(keeper, link="connected", n_waiting=0):
    return [one.code for one in keeper.troubles(link, n_waiting, NOW_NS)]


@pytest.fixture
def later(monkeypatch):
    """Moves the clock that counts."""
    start_s = time.monotonic()

    def move(seconds):
        monkeypatch.setattr(health_keeper.time, "monotonic", lambda: start_s + seconds)

    return move


def test_an_edge_that_is_well_has_none_and_a_lost_link_says_since_when(parts):
    keeper, _ = parts
    assert codes(keeper) == []
    (lost,) = keeper.troubles("lost", 0, NOW_NS)
    (still,) = keeper.troubles("lost", 0, NOW_NS + 10**9)
    assert (lost.code, lost.since, still.since) == ("link_lost", utc(NOW_NS), utc(NOW_NS))
    assert codes(keeper, "ended") == []


def test_a_low_battery_stays_while_the_link_is_lost_and_contact_is_not_known(tmp_path):
    wearing = Wearing()
    wearing.hear_battery(9)
    for second in (1, 40):
        wearing.hear_contact(contact=False, now_ns=second * 10**9)
    keeper, outbox = keeper_of(tmp_path, "none", wearing)
    assert codes(keeper) == ["contact_lost", "battery_low"]
    assert codes(keeper, "lost") == ["link_lost", "battery_low"]
    outbox.close()


def test_an_analysis_that_gives_no_answer_is_told_until_it_does(parts, later):
    keeper, _ = parts
    keeper.analysis_begins()
    assert codes(keeper) == []
    later(16)
    assert codes(keeper) == ["analysis_stalled"]
    keeper.analysis_ends()
    assert codes(keeper) == []


def test_a_backlog_is_old_once_it_was_never_empty_for_ten_minutes(parts, later):
    keeper, _ = parts
    assert codes(keeper, n_waiting=3) == []
    later(590)
    assert codes(keeper, n_waiting=900) == []
    later(601)
    assert codes(keeper, n_waiting=900) == ["backlog_old"]
    assert codes(keeper, n_waiting=0) == []
    assert codes(keeper, n_waiting=1) == []


def test_events_in_memory_alone_are_told(parts, tmp_path):
    keeper, outbox = parts
    ids = {"event_id": uuid4(), "recording_id": uuid4(), "device_id": "strap-1", "patient_id": "anna"}
    outbox._db.execute("PRAGMA max_page_count = 1")  # SQLite's own "database or disk is full"
    text = "x" * 100_000
    outbox.commit([NoticeEvent(**ids, at=utc(NOW_NS), code="clock_step", text=text)])
    assert codes(keeper) == ["outbox_unsaved"]
    outbox._db.execute("PRAGMA max_page_count = 100000")
    outbox.commit([])
    assert codes(keeper) == []


def test_a_model_that_is_wanted_and_absent_is_told_and_so_is_a_bundle_taken_back(tmp_path):
    keeper, outbox = keeper_of(tmp_path, "default")
    keeper.bundle_complaint = "encoder-2 was started three times and never ran for ten minutes"
    told = {one.code: one.text for one in keeper.troubles("connected", 0, NOW_NS)}
    assert set(told) == {"language_model_absent", "model_taken_back"}
    assert told["model_taken_back"].startswith("encoder-2")
    outbox.close()
