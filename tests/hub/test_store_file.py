"""The database as a file: what reaches the disk, its schema, and files that are refused."""

import logging
import sqlite3

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from hub.database import StoreError, alembic_config
from hub.schema import metadata
from hub.store import Store
from tests.hub.stored_events import T0, after, minute


def test_the_history_survives_closing(tmp_path):
    url = f"sqlite:///{tmp_path / 'deep' / 'hub.db'}"
    with Store.open(url) as first:
        first.add_event(minute("m"), after(61))
    with Store.open(url) as second:
        assert len(second.minutes("anna", T0, after(60))) == 1


def test_each_commit_reaches_the_disk(store):
    with store._writer.connect() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert pragmas == ["wal", 2, 1]


def test_reading_in_another_process_does_not_wait_for_a_writer(tmp_path, store):
    store.add_event(minute("m"), after(61))
    writer = sqlite3.connect(tmp_path / "hub.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    with Store.open(f"sqlite:///{tmp_path / 'hub.db'}") as reader:
        assert len(reader.minutes("anna", T0, after(60))) == 1
    writer.execute("ROLLBACK")
    writer.close()


def test_reads_use_the_indexes(tmp_path, store):
    with sqlite3.connect(tmp_path / "hub.db") as connection:
        for table, column in (("minutes", "start_at"), ("episodes", "onset_at"), ("notices", "at")):
            query = f"SELECT * FROM {table} WHERE patient_id = 'a' AND {column} >= '1' AND {column} < '2'"
            plan = str(connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall())
            assert f"ix_{table}_patient_id_{column}" in plan
    connection.close()


def test_the_migrations_lead_to_the_schema(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'hub.db'}")
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        command.downgrade(alembic_config(connection), "base")
        assert connection.dialect.get_table_names(connection) == ["alembic_version"]
    engine.dispose()


def test_opening_leaves_logging_alone(tmp_path):
    before = (list(logging.root.handlers), logging.root.level, logging.getLogger("hub").disabled)
    Store.open(f"sqlite:///{tmp_path / 'hub.db'}").close()
    assert (list(logging.root.handlers), logging.root.level, logging.getLogger("hub").disabled) == before


def test_a_file_that_is_no_database_gives_one_clear_line(tmp_path):
    (tmp_path / "hub.db").write_text("this is a shopping list, and not a database at all" * 100)
    with pytest.raises(StoreError, match=r"hub\.db: file is not a database"):
        Store.open(f"sqlite:///{tmp_path / 'hub.db'}")


def test_a_database_from_a_newer_version_is_refused(tmp_path):
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    Store.open(url).close()
    with sqlite3.connect(tmp_path / "hub.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match="9999"):
        Store.open(url)
