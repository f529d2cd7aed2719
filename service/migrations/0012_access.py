"""API keys, and who read which decision: both in the log, as all that is never changed."""

from __future__ import annotations

from typing import Any

from peewee import Database

from service.append_only import log_rows, refuse_changes
from service.database import execute, on_sqlite

LOGGED = {"access_key": "id", "access_key_end": "key_id", "decision_read": "id"}


def up(migrator: Any, db: Database) -> None:
    """Add the tables, and have the database make a leaf of each of their rows."""
    serial = "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT" if on_sqlite(db) else "BIGSERIAL NOT NULL PRIMARY KEY"
    for statement in (
        (
            "CREATE TABLE access_key (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL,"
            " roles TEXT NOT NULL, created_at TEXT NOT NULL, expires_at TEXT NOT NULL)"
        ),
        "CREATE UNIQUE INDEX access_key_digest ON access_key (digest)",
        (
            "CREATE TABLE access_key_end (key_id TEXT NOT NULL PRIMARY KEY REFERENCES access_key (id),"
            " ended_at TEXT NOT NULL)"
        ),
        (
            f"CREATE TABLE decision_read (id {serial}, decision_id TEXT REFERENCES decision (id),"
            ' reader TEXT NOT NULL, "key" TEXT NOT NULL, roles TEXT NOT NULL, address TEXT NOT NULL,'
            " read_at TEXT NOT NULL)"
        ),
        "CREATE INDEX decision_read_decision_id_read_at_id ON decision_read (decision_id, read_at, id)",
        "CREATE INDEX decision_read_reader_read_at_id ON decision_read (reader, read_at, id)",
        "CREATE INDEX decision_read_read_at_id ON decision_read (read_at, id)",
    ):
        execute(db, statement)
    for table, key in LOGGED.items():
        refuse_changes(db, table)
        log_rows(db, table, key)
