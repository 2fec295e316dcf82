"""The outbox: events on disk until the hub has them, and the pipeline's checkpoint beside them.

An event and the checkpoint that follows from the same samples are one transaction. After a crash the samples
since the checkpoint are analysed again and give the same event ids, which are known and ignored: nothing is
lost, nothing is told twice.
"""

import logging
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from edge.events import Event, encode
from edge.model_question import ModelQuestion
from edge.outbox_file import open_outbox
from edge.receipt_ring import ReceiptRing
from edge.sample_spans import Span, merged
from edge.unsaved import EventRow, Unsaved, row_of

_LOG = logging.getLogger(__name__)
_RETRY_S = 1.0
RECEIPTS = "receipts"
_CLOSE_QUESTION = "DELETE FROM asked WHERE answer_id = ?"


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """An event that waits to be sent."""

    seq: int
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Committed:
    """New questions, how many old rows had to go because the outbox was full, and whether it is on disk."""

    asked: tuple[ModelQuestion, ...]
    evicted: int
    is_saved: bool = True


@dataclass(frozen=True, slots=True)
class Missing:
    """Samples that were told to be damaged or missing on disk, so that they are not told again."""

    recording_id: UUID
    span: Span


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """State of the pipeline before sample `next_index` of a recording."""

    recording_id: UUID
    next_index: int
    state: bytes


class Outbox:
    """SQLite in WAL mode with full syncs; used from one thread.

    While the disk takes nothing, events wait in memory and are sent from there, and what was sent and
    confirmed is remembered; the next write that succeeds makes good for all of it.
    """

    def __init__(self, path: Path, max_rows: int = 1_000_000) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._max_rows = max_rows
        self._db, self.set_aside = open_outbox(path)
        self._receipts = ReceiptRing(path.with_name(RECEIPTS))
        self._unsaved, self._evicted = Unsaved(), 0
        self._missing: dict[Missing, None] = {}
        self._owed: dict[tuple[str, tuple[object, ...]], None] = {}
        self._hidden: set[int] = set()
        self._is_failing, self._tried_s = False, 0.0

    @property
    def has_unsaved(self) -> bool:
        """Something that was committed is not on disk yet."""
        return len(self._unsaved) > 0

    def commit(
        self,
        events: Iterable[Event],
        checkpoint: Checkpoint | None = None,
        questions: Iterable[ModelQuestion] = (),
        missing: Iterable[Missing] = (),
    ) -> "Committed":
        """Store events, questions for the language model, a checkpoint and `missing` in one transaction.

        A question that was answered already is not asked again. On a full disk the checkpoint is dropped:
        the one before it stays, and with it everything that follows from the samples since.
        """
        rows = [row_of(event) for event in events if event.event_id not in self._receipts]
        questions, is_saved = list(questions), True
        self._missing |= dict.fromkeys(missing)
        try:
            asked, evicted = self._save([*self._unsaved.rows, *rows], questions, checkpoint, self._missing)
            self._unsaved.clear()
            self._missing.clear()
        except sqlite3.OperationalError as error:
            self._complain(error)
            asked = [question for question in questions if self._is_new(question)]
            evicted, is_saved = self._unsaved.add(rows), False
        evicted, self._evicted = evicted + self._evicted, 0
        return Committed(tuple(asked), evicted, is_saved)

    def unsent(self, limit: int) -> list[OutboxRow]:
        """Oldest rows that are not on their way."""
        query = "SELECT seq, topic, payload FROM outbox WHERE sent = 0 ORDER BY seq LIMIT ?"
        found = self._db.execute(query, (limit + len(self._hidden),))
        rows = [OutboxRow(*row) for row in found if row[0] not in self._hidden]
        rows += [OutboxRow(number, row.topic, row.payload) for number, row in self._unsaved.unsent()]
        return rows[:limit]

    def mark_sent(self, seq: int) -> None:
        """The broker has it (PUBACK); the row stays until the hub says so."""
        self._unsaved.mark_sent(seq)
        self._write("UPDATE outbox SET sent = 1 WHERE seq = ?", [(seq,)], hide=[seq])

    def remove(self, seq: int) -> None:
        """The broker has it, and nothing more is asked for (`confirm = "broker"`)."""
        self._unsaved.remove(seq)
        self._write("DELETE FROM outbox WHERE seq = ?", [(seq,)], hide=[seq])

    def settle(self, event_ids: Iterable[UUID]) -> None:
        """The hub has these in its database."""
        event_ids = list(event_ids)
        self._receipts.add(event_ids)
        ids = {str(event_id) for event_id in event_ids}
        self._unsaved.settle(ids)
        self._write("DELETE FROM outbox WHERE event_id = ?", [(event_id,) for event_id in ids])

    def requeue(self) -> None:
        """What was sent without a receipt is sent again."""
        self._unsaved.requeue()
        self._hidden.clear()
        self._write("UPDATE outbox SET sent = 0 WHERE sent = 1", [()])

    def retry(self) -> None:
        """Where the disk did not take the last write: try again, at most once a second."""
        if self._is_failing and time.monotonic() - self._tried_s > _RETRY_S:
            self._evicted += self.commit(()).evicted

    def backlog(self) -> int:
        """Events that the hub has not confirmed."""
        return int(self._db.execute("SELECT COUNT(*) FROM outbox").fetchone()[0]) + len(self._unsaved)

    def checkpoint(self, recording_id: UUID) -> Checkpoint | None:
        """The newest checkpoint of a recording."""
        query = "SELECT next_index, state FROM checkpoint WHERE recording_id = ?"
        row = self._db.execute(query, (str(recording_id),)).fetchone()
        return None if row is None else Checkpoint(recording_id, *row)

    def told_missing(self, recording_id: UUID) -> list[Span]:
        """The samples of a recording that were told to be damaged or missing on disk."""
        query = "SELECT first_index, stop_index FROM missing WHERE recording_id = ?"
        unsaved = [one.span for one in self._missing if one.recording_id == recording_id]
        return merged([*self._db.execute(query, (str(recording_id),)), *unsaved])

    def finish_recording(self, recording_id: UUID) -> None:
        """The recording is over: its checkpoint and its list of told events are no longer needed."""
        for table in ("checkpoint", "told"):
            self._write(f"DELETE FROM {table} WHERE recording_id = ?", [(str(recording_id),)])  # noqa: S608

    def open_questions(self) -> list[bytes]:
        """What the language model was asked and has not answered, oldest first."""
        return [row[0] for row in self._db.execute("SELECT payload FROM asked ORDER BY rowid")]

    def close_question(self, answer: Event) -> None:
        """The answer, whatever it is, takes the place of the question of its id."""
        row = row_of(answer)
        self._owed[_CLOSE_QUESTION, (row.event_id,)] = None
        try:
            self._evicted += self._save([row], [], None)[1]
        except sqlite3.OperationalError as error:
            self._complain(error)
            self._evicted += self._unsaved.add([row])

    def close(self) -> None:
        """Close the database."""
        self._db.close()
        self._receipts.close()

    def _save(
        self,
        rows: list[EventRow],
        questions: list[ModelQuestion],
        checkpoint: Checkpoint | None,
        missing: Iterable[Missing] = (),
    ) -> tuple[list[ModelQuestion], int]:
        with _Transaction(self._db):
            for row in rows:
                self._add(row)
            for one in missing:
                told = (str(one.recording_id), *one.span)
                self._db.execute("INSERT OR IGNORE INTO missing VALUES (?, ?, ?)", told)
            asked = [question for question in questions if self._ask(question)]
            if checkpoint is not None:
                state = (str(checkpoint.recording_id), checkpoint.next_index, checkpoint.state)
                self._db.execute("INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?)", state)
            self._pay()
            evicted = self._make_room()
        self._is_paid()
        return asked, evicted

    def _write(self, statement: str, rows: Iterable[tuple[object, ...]], hide: Iterable[int] = ()) -> None:
        """What may come later than it should, but not never."""
        self._owed |= dict.fromkeys((statement, row) for row in rows)
        try:
            with _Transaction(self._db):
                self._pay()
        except sqlite3.OperationalError as error:
            self._complain(error)
            self._hidden.update(hide)
        else:
            self._is_paid()

    def _pay(self) -> None:
        for statement, row in self._owed:
            self._db.execute(statement, row)

    def _is_paid(self) -> None:
        if self._is_failing:
            _LOG.info("outbox: can be written again")
        self._is_failing = False
        self._owed.clear()
        self._hidden.clear()

    def _complain(self, error: sqlite3.OperationalError) -> None:
        if not self._is_failing:
            _LOG.error("outbox: %s; events wait in memory", error)
        self._is_failing, self._tried_s = True, time.monotonic()

    def _add(self, row: EventRow) -> None:
        if not self._db.execute(
            "INSERT OR IGNORE INTO told VALUES (?, ?)", (row.event_id, row.recording_id)
        ).rowcount:
            return
        values = (row.event_id, row.kind, row.topic, row.payload)
        self._db.execute("INSERT INTO outbox (event_id, kind, topic, payload) VALUES (?, ?, ?, ?)", values)

    def _ask(self, question: ModelQuestion) -> bool:
        row = (str(question.answer_id), encode(question))
        return self._is_new(question) and bool(self._db.execute("INSERT INTO asked VALUES (?, ?)", row))

    def _is_new(self, question: ModelQuestion) -> bool:
        """Neither answered nor asked before."""
        if question.answer_id in self._receipts:
            return False
        query = "SELECT 1 FROM told WHERE event_id = ?1 UNION SELECT 1 FROM asked WHERE answer_id = ?1"
        return self._db.execute(query, (str(question.answer_id),)).fetchone() is None

    def _make_room(self) -> int:
        """Measurements go first, then the oldest of the rest; the newest notice can tell of it."""
        excess = int(self._db.execute("SELECT COUNT(*) FROM outbox").fetchone()[0]) - self._max_rows
        if excess <= 0:
            return 0
        order = "kind <> 'minute', seq"
        query = f"DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox ORDER BY {order} LIMIT ?)"  # noqa: S608
        return self._db.execute(query, (excess,)).rowcount


class _Transaction:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
