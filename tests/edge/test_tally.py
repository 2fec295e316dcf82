"""What is counted becomes a notice: at once where something goes or runs short, else once a minute."""

import errno
import os
from pathlib import Path
from typing import get_args
from uuid import UUID

import pytest

from edge.events import NoticeCode
from edge.messages import MessageWriter
from edge.recorder import RecorderReport
from edge.stream import NS_PER_S
from edge.tally import Tally
from hub.report.course import _NOTICE_NAMES

NOW_NS = 1_790_000_000 * NS_PER_S


@pytest.fixture
def tally() -> Tally:
    told = Tally(MessageWriter("d", "p", UUID(int=7), 130.0, ("I",), {}), 130.0)
    told.flush(NOW_NS)
    return told


def texts(tally: Tally, seconds: float = 1) -> dict[str, str]:
    return {notice.code: notice.text for notice in tally.due(NOW_NS + round(seconds * NS_PER_S))}


def test_what_runs_short_and_what_goes_is_told_at_once(tally) -> None:
    tally.add_recorder(RecorderReport())
    assert texts(tally) == {}
    tally.add_recorder(RecorderReport(warnings=("8 h left", "80 % used")))
    assert texts(tally) == {"disk_low": "8 h left; 80 % used"}
    tally.add_recorder(RecorderReport(removing=("r/000001", "r/000002", "s/000001")))
    (text,) = texts(tally).values()
    assert text == "the oldest 3 raw segments are removed (storage.max_gigabytes): r/000001 to s/000001"


def test_samples_that_could_not_be_written_are_counted_once_a_minute(tally) -> None:
    for _ in range(3):
        tally.add_write_error(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 130)
    assert texts(tally) == {}
    reason = "raw samples cannot be written: No space left on device"
    assert texts(tally, 61) == {"disk_limit": f"{reason}; 390 samples (3.0 s) are not on disk"}
    assert texts(tally, 122) == {}


def test_a_clock_that_was_set_back_holds_no_notice_up(tally) -> None:
    tally.add_evicted(5)
    assert texts(tally, -3600) == {"outbox_limit": "the outbox is full: 5 of the oldest events were given up"}


def test_leads_beyond_the_encoder_and_a_damaged_outbox_are_told(tally) -> None:
    tally.add_leads(("I", "II", "III"), 3)
    tally.add_damaged_outbox(None)
    assert texts(tally, 61) == {}
    tally.add_leads(("I", "II", "III", "V1"), 3)
    tally.add_damaged_outbox(Path("/x/outbox.sqlite.damaged"))
    told = texts(tally, 122)
    assert told["leads_limit"] == "V1: recorded, but not analysed; the encoder takes 3 leads"
    assert told["outbox_damaged"].endswith("the old one is outbox.sqlite.damaged")


def test_a_hole_is_told_and_an_overlap_is_none(tally) -> None:
    tally.add_hole(-5)
    tally.add_hole(260)
    assert texts(tally, 61) == {"recording_damaged": "260 samples (2.0 s) are damaged or missing on disk"}


def test_the_report_has_words_for_every_notice() -> None:
    assert set(get_args(NoticeCode)) == set(_NOTICE_NAMES)
