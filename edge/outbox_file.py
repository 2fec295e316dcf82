"""The outbox's database: opened, made where it is missing, and set aside where it is damaged."""

import logging
import sqlite3
from pathlib import Path

from edge.errors import UserError

_LOG = logging.getLogger(__name__)
_CHECKED_BYTES = 64_000_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
    topic TEXT NOT NULL, payload BLOB NOT NULL, sent INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS outbox_sent ON outbox (sent, seq);
CREATE TABLE IF NOT EXISTS told (event_id TEXT PRIMARY KEY, recording_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS checkpoint (
    recording_id TEXT PRIMARY KEY, next_index INTEGER NOT NULL, state BLOB NOT NULL);
DROP TABLE IF EXISTS question;
CREATE TABLE IF NOT EXISTS missing (
    recording_id TEXT NOT NULL, first_index INTEGER NOT NULL, stop_index INTEGER NOT NULL,
    PRIMARY KEY (recording_id, first_index, stop_index)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asked (answer_id TEXT PRIMARY KEY, payload BLOB NOT NULL);
"""


def open_outbox(path: Path) -> tuple[sqlite3.Connection, Path | None]:
    """The database, and where a damaged one was put; its events follow again from the samples on disk.

    Raises `UserError` where it cannot be opened, for example on a full disk.
    """
    try:
        return _connected(path), None
    except sqlite3.OperationalError as error:
        raise UserError(f"{path}: storage.folder: {error}") from error
    except sqlite3.DatabaseError as error:
        aside = path.with_name(f"{path.name}.damaged")
        _LOG.error("%s: %s; set aside as %s", path, error, aside.name)
        for ending in ("", "-wal", "-shm"):
            damaged = path.with_name(path.name + ending)
            if damaged.exists():
                damaged.replace(aside.with_name(aside.name + ending))
        return _connected(path), aside


def _connected(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    try:
        path.chmod(0o600)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.executescript(_SCHEMA)
        _check(db, path)
    except sqlite3.DatabaseError:
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection, path: Path) -> None:
    if path.stat().st_size < _CHECKED_BYTES:
        (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
