"""Opening a database: the engine with the right SQLite settings, and the migrations."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_BUSY_TIMEOUT_S: Final = 30


class StoreError(Exception):
    """The database cannot be opened, or holds something that contradicts the new event."""

    for_user = True


def open_engine(url: str) -> Engine:
    """An engine on a migrated database. SQLite: WAL, foreign keys, every commit on the disk (`FULL`)."""
    engine = _create(url)
    try:
        _migrate(engine)
    except (DatabaseError, CommandError) as error:
        engine.dispose()
        reason = getattr(error, "orig", None) or error
        raise StoreError(f"database {engine.url}: {reason}") from error
    return engine


def writing(engine: Engine) -> Engine:
    """The same engine, whose SQLite transactions take the write lock at once and so cannot fail half way."""
    return engine.execution_options(hearth_writes=True)


def alembic_config(connection: "Connection | None" = None) -> Config:
    """Alembic's settings without a file, so that no logging is configured by it."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _create(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"database: not a SQLAlchemy URL: {url}") from error
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed)
    if parsed.database and parsed.database != ":memory:":
        _make_folder(Path(parsed.database).parent)
    timeout = {} if "timeout" in parsed.query else {"timeout": _BUSY_TIMEOUT_S}
    engine = create_engine(parsed, connect_args=timeout)
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"database: cannot make the folder {folder}: {error.strerror}") from error


def _set_pragmas(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin`, not by the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: "Connection") -> None:
    writes = connection.get_execution_options().get("hearth_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(engine: Engine) -> None:
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    with engine.connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() == head:
            return
    with writing(engine).begin() as connection:
        command.upgrade(alembic_config(connection), "head")
