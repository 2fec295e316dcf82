"""The outbox: events on disk until the hub has them, and the pipeline's checkpoint beside them.

An event and the checkpoint that follows from the same samples are one transaction. After a crash the samples
since the checkpoint are analysed again and give the same event ids, which are known and ignored: nothing is
lost, nothing is told twice.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from edge.events import (
    Event,
    encode,
)
from edge.model_question import ModelQuestion
from edge.topics import event_topic

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
    topic TEXT NOT NULL, payload BLOB NOT NULL, sent INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS outbox_sent ON outbox (sent, seq);
CREATE TABLE IF NOT EXISTS told (event_id TEXT PRIMARY KEY, recording_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS checkpoint (
    recording_id TEXT PRIMARY KEY, next_index INTEGER NOT NULL, state BLOB NOT NULL);
DROP TABLE IF EXISTS question;
CREATE TABLE IF NOT EXISTS asked (answer_id TEXT PRIMARY KEY, payload BLOB NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """An event that waits to be sent."""

    seq: int
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Committed:
    """Questions that are new, and how many old rows had to go because the outbox was full."""

    asked: tuple[ModelQuestion, ...]
    evicted: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """State of the pipeline before sample `next_index` of a recording."""

    recording_id: UUID
    next_index: int
    state: bytes


class Outbox:
    """SQLite in WAL mode with full syncs; used from one thread."""

    def __init__(self, path: Path, max_rows: int = 1_000_000) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._max_rows = max_rows
        self._db = sqlite3.connect(path, isolation_level=None)
        path.chmod(0o600)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)

    def commit(
        self,
        events: Iterable[Event],
        checkpoint: Checkpoint | None = None,
        questions: Iterable[ModelQuestion] = (),
    ) -> "Committed":
        """Store events, questions for the language model and a checkpoint in one transaction.

        A question that was answered already is not asked again.
        """
        with _Transaction(self._db):
            for event in events:
                self._add(event)
            asked = [question for question in questions if self._ask(question)]
            if checkpoint is not None:
                row = (str(checkpoint.recording_id), checkpoint.next_index, checkpoint.state)
                self._db.execute("INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?)", row)
            return Committed(tuple(asked), self._make_room())

    def unsent(self, limit: int) -> list[OutboxRow]:
        """Oldest rows that are not on their way."""
        query = "SELECT seq, topic, payload FROM outbox WHERE sent = 0 ORDER BY seq LIMIT ?"
        return [OutboxRow(*row) for row in self._db.execute(query, (limit,))]

    def mark_sent(self, seq: int) -> None:
        """The broker has it (PUBACK); the row stays until the hub says so."""
        self._db.execute("UPDATE outbox SET sent = 1 WHERE seq = ?", (seq,))

    def remove(self, seq: int) -> None:
        """The broker has it, and nothing more is asked for (`confirm = "broker"`)."""
        self._db.execute("DELETE FROM outbox WHERE seq = ?", (seq,))

    def settle(self, event_ids: Iterable[UUID]) -> None:
        """The hub has these in its database."""
        with _Transaction(self._db):
            ids = [(str(event_id),) for event_id in event_ids]
            self._db.executemany("DELETE FROM outbox WHERE event_id = ?", ids)

    def requeue(self) -> None:
        """What was sent without a receipt is sent again."""
        self._db.execute("UPDATE outbox SET sent = 0 WHERE sent = 1")

    def backlog(self) -> int:
        """Events that the hub has not confirmed."""
        return int(self._db.execute("SELECT COUNT(*) FROM outbox").fetchone()[0])

    def checkpoint(self, recording_id: UUID) -> Checkpoint | None:
        """The newest checkpoint of a recording."""
        query = "SELECT next_index, state FROM checkpoint WHERE recording_id = ?"
        row = self._db.execute(query, (str(recording_id),)).fetchone()
        return None if row is None else Checkpoint(recording_id, *row)

    def finish_recording(self, recording_id: UUID) -> None:
        """The recording is over: its checkpoint and its list of told events are no longer needed."""
        with _Transaction(self._db):
            for table in ("checkpoint", "told"):
                self._db.execute(f"DELETE FROM {table} WHERE recording_id = ?", (str(recording_id),))  # noqa: S608

    def open_questions(self) -> list[bytes]:
        """What the language model was asked and has not answered, oldest first."""
        return [row[0] for row in self._db.execute("SELECT payload FROM asked ORDER BY rowid")]

    def close_question(self, answer: Event) -> None:
        """The answer, whatever it is, takes the place of the question of its id."""
        with _Transaction(self._db):
            self._db.execute("DELETE FROM asked WHERE answer_id = ?", (str(answer.event_id),))
            self._add(answer)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def _add(self, event: Event) -> None:
        ids = (str(event.event_id), str(event.recording_id))
        if not self._db.execute("INSERT OR IGNORE INTO told VALUES (?, ?)", ids).rowcount:
            return
        row = (str(event.event_id), event.kind, event_topic(event.device_id, event.kind), encode(event))
        self._db.execute("INSERT INTO outbox (event_id, kind, topic, payload) VALUES (?, ?, ?, ?)", row)

    def _ask(self, question: ModelQuestion) -> bool:
        answer = (str(question.answer_id),)
        if self._db.execute("SELECT 1 FROM told WHERE event_id = ?", answer).fetchone():
            return False
        row = (*answer, encode(question))
        return bool(self._db.execute("INSERT OR IGNORE INTO asked VALUES (?, ?)", row).rowcount)

    def _make_room(self) -> int:
        """Measurements go first, then the oldest of the rest; the newest notice can tell of it."""
        excess = self.backlog() - self._max_rows
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
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")
