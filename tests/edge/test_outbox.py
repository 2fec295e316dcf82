import os
import resource
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4, uuid5

import pytest

from edge.errors import UserError
from edge.events import EpisodeEvent, Localization, LookEvent, MinuteEvent, NoticeEvent, decode_event
from edge.evidence import Evidence, EvidenceBeat
from edge.labels import BeatClass, Finding, Priority
from edge.model_question import ModelQuestion, completed
from edge.outbox import Checkpoint, Missing, Outbox
from edge.unsaved import MAX_UNSAVED

AT = datetime(2026, 1, 1, tzinfo=UTC)
RECORDING = UUID(int=7)


def minute(i: int) -> MinuteEvent:
    return MinuteEvent(
        event_id=uuid5(RECORDING, f"minute {i}"),
        device_id="d",
        patient_id="p",
        recording_id=RECORDING,
        start_at=AT + timedelta(minutes=i),
        wear_s=60,
        analysable_s=60,
        beats={},
        rhythm_s={},
    )


def episode() -> EpisodeEvent:
    return EpisodeEvent(
        event_id=uuid4(),
        device_id="d",
        patient_id="p",
        recording_id=RECORDING,
        episode_id=uuid4(),
        phase="new",
        finding=Finding.PAUSE,
        priority=Priority.MEDIUM,
        onset_at=AT,
        observed_until_at=AT,
        confidence=0.5,
        seen_by=("encoder",),
    )


EVIDENCE = Evidence(10.0, ("I",), (EvidenceBeat(0.5, BeatClass.NORMAL),), (), 9.0, qt_ms=400.0)


def question() -> ModelQuestion:
    return ModelQuestion(event=episode(), evidence=EVIDENCE)


@pytest.fixture
def outbox(tmp_path):
    box = Outbox(tmp_path / "outbox.sqlite")
    yield box
    box.close()


def test_the_same_event_is_told_once_even_after_it_was_delivered(outbox) -> None:
    outbox.commit([minute(1), minute(1)])
    outbox.commit([minute(1)])
    assert outbox.backlog() == 1
    outbox.settle([minute(1).event_id])
    outbox.commit([minute(1)])
    assert outbox.backlog() == 0


def test_a_row_leaves_only_with_the_receipt(outbox) -> None:
    outbox.commit([minute(1), minute(2)])
    first, second = outbox.unsent(10)
    assert decode_event(first.payload) == minute(1)
    outbox.mark_sent(first.seq)
    assert [row.seq for row in outbox.unsent(10)] == [second.seq]
    assert outbox.backlog() == 2
    outbox.requeue()
    assert len(outbox.unsent(10)) == 2
    outbox.settle([minute(1).event_id, minute(9).event_id])
    assert outbox.backlog() == 1


def test_events_and_checkpoint_survive_together(tmp_path) -> None:
    box = Outbox(tmp_path / "o.sqlite")
    box.commit([minute(1)], Checkpoint(RECORDING, 500, b"state"))
    with pytest.raises(AttributeError):
        box.commit([minute(2), object()], Checkpoint(RECORDING, 900, b"later"))  # type: ignore[list-item]
    box.close()
    again = Outbox(tmp_path / "o.sqlite")
    assert again.backlog() == 1
    assert again.checkpoint(RECORDING) == Checkpoint(RECORDING, 500, b"state")
    again.close()
    assert (tmp_path / "o.sqlite").stat().st_mode & 0o077 == 0


def test_full_outbox_gives_up_measurements_first_and_says_how_many(tmp_path) -> None:
    box = Outbox(tmp_path / "o.sqlite", max_rows=3)
    kept = episode()
    notice = NoticeEvent(
        event_id=uuid4(),
        device_id="d",
        patient_id="p",
        recording_id=RECORDING,
        at=AT,
        code="link_lost",
        text="x",
    )
    assert box.commit([kept, notice, minute(1)]).evicted == 0
    assert box.commit([minute(2), minute(3)]).evicted == 2
    kinds = [decode_event(row.payload).kind for row in box.unsent(10)]
    assert kinds == ["episode", "notice", "minute"]
    box.close()


@contextmanager
def full_disk():
    """No file of this process may grow: the kernel's own error, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_on_a_full_disk_events_are_sent_from_memory_and_saved_when_there_is_room(tmp_path) -> None:
    box = Outbox(tmp_path / "o.sqlite")
    box.commit([minute(1), minute(2)], Checkpoint(RECORDING, 500, b"state"))
    asked = question()
    with full_disk():
        committed = box.commit([asked.event, minute(3)], Checkpoint(RECORDING, 900, b"later"), [asked])
        assert committed.asked == (asked,)
        assert box.has_unsaved
        rows = box.unsent(10)
        assert [decode_event(row.payload) for row in rows] == [minute(1), minute(2), asked.event, minute(3)]
        for row in rows:
            box.mark_sent(row.seq)
        assert box.unsent(10) == [], "what was sent is not sent again and again"
        box.settle([minute(1).event_id, minute(3).event_id])
        box.close_question(completed(asked, Localization(status="late")))
        assert [decode_event(row.payload).kind for row in box.unsent(10)] == ["episode"]
        box.requeue()
        assert box.checkpoint(RECORDING).next_index == 500
    box.commit([minute(4)])
    assert not box.has_unsaved
    assert box.backlog() == 4
    box.close()
    again = Outbox(tmp_path / "o.sqlite")
    kinds = [decode_event(row.payload).kind for row in again.unsent(10)]
    assert kinds == ["minute", "episode", "episode", "minute"]
    again.close()


def test_as_soon_as_there_is_room_all_of_it_is_saved_without_a_new_event(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("edge.outbox._RETRY_S", 0.0)
    box, missing = Outbox(tmp_path / "o.sqlite"), Missing(RECORDING, (5, 9))
    box.commit([minute(1)])
    with full_disk():
        box.commit([minute(2)], missing=[missing])
        box.settle([decode_event(box.unsent(1)[0].payload).event_id])
        box.retry()
        assert box.has_unsaved
        assert box.told_missing(RECORDING) == [(5, 9)]
    box.retry()
    assert not box.has_unsaved
    assert box.backlog() == 1
    box.close()
    again = Outbox(tmp_path / "o.sqlite")
    assert again.backlog() == 1
    assert again.told_missing(RECORDING) == [(5, 9)]
    again.close()


def test_memory_too_has_its_limit_and_says_so(tmp_path) -> None:
    box = Outbox(tmp_path / "o.sqlite")
    with full_disk():
        assert box.commit([episode(), *(minute(i) for i in range(MAX_UNSAVED + 4))]).evicted == 5
    assert box.commit([]).evicted == 0
    assert box.backlog() == MAX_UNSAVED
    assert "episode" in {decode_event(row.payload).kind for row in box.unsent(MAX_UNSAVED)}
    box.close()


@pytest.mark.parametrize("cut", [1, 100, 5000])
def test_a_torn_tail_of_the_journal_costs_the_last_commits_whole(tmp_path, cut) -> None:
    """What SQLite still has is a state as it was after some commit: events and checkpoint together."""
    child = os.fork()
    if child == 0:
        box = Outbox(tmp_path / "o.sqlite")
        for i in range(9):
            box.commit([minute(i)], Checkpoint(RECORDING, i, b""))
        os._exit(0)
    os.waitpid(child, 0)
    journal = tmp_path / "o.sqlite-wal"
    content = bytearray(journal.read_bytes())
    content[-cut] ^= 255
    journal.write_bytes(content)
    box = Outbox(tmp_path / "o.sqlite")
    assert box.set_aside is None
    assert box.checkpoint(RECORDING).next_index == box.backlog() - 1
    assert 6 <= box.backlog() <= 8
    box.close()


def test_a_damaged_outbox_is_set_aside(tmp_path) -> None:
    (tmp_path / "o.sqlite").write_bytes(b"no database " * 1000)
    box = Outbox(tmp_path / "o.sqlite")
    assert box.set_aside == tmp_path / "o.sqlite.damaged"
    assert box.set_aside.is_file()
    assert box.backlog() == 0
    box.close()


def test_an_outbox_that_cannot_be_opened_is_one_line(tmp_path) -> None:
    (tmp_path / "o.sqlite").mkdir()
    with pytest.raises(UserError, match=r"o\.sqlite: storage\.folder: unable to open"):
        Outbox(tmp_path / "o.sqlite")


def test_a_question_stays_open_until_it_has_its_answer(outbox) -> None:
    asked = question()
    outbox.commit([asked.event], questions=[asked])
    assert ModelQuestion.model_validate_json(outbox.open_questions()[0]) == asked
    outbox.close_question(completed(asked, Localization(status="late")))
    assert outbox.open_questions() == []
    assert outbox.backlog() == 2
    assert outbox.commit([], questions=[asked]).asked == ()
    assert outbox.open_questions() == []


def test_onset_end_and_look_are_three_questions(outbox) -> None:
    onset = question()
    end = onset.model_copy(update={"event": onset.event.model_copy(update={"looked": "end"})})
    stamp = {"device_id": "d", "patient_id": "p", "recording_id": RECORDING}
    look = ModelQuestion(event=LookEvent(**stamp, event_id=uuid4(), at=AT, duration_s=10), evidence=EVIDENCE)
    assert len(outbox.commit([], questions=[onset, end, look, onset]).asked) == 3
    for asked in (look, end, onset):
        outbox.close_question(completed(asked, Localization(status="answered", sentence="Noise.")))
    assert outbox.open_questions() == []
    told = [decode_event(row.payload) for row in outbox.unsent(10)]
    assert [event.kind for event in told] == ["look", "episode", "episode"]
    assert [event.looked for event in told[1:]] == ["end", "onset"]
    assert len({event.event_id for event in told}) == 3


def test_a_finished_recording_leaves_nothing_behind(outbox) -> None:
    outbox.commit([minute(1)], Checkpoint(RECORDING, 1, b""))
    outbox.finish_recording(RECORDING)
    assert outbox.checkpoint(RECORDING) is None
    assert outbox.backlog() == 1
