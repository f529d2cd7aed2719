"""Who is signed in to the pages."""

from __future__ import annotations

from typing import Any

from peewee import Database

from service.database import execute


def up(migrator: Any, db: Database) -> None:
    """Add the table. It is not in the log: what a session let in is recorded where it was let in."""
    for statement in (
        (
            "CREATE TABLE session (digest TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL,"
            ' "key" TEXT NOT NULL, roles TEXT NOT NULL, account_id TEXT REFERENCES account (id),'
            " alone BOOLEAN NOT NULL, created_at TEXT NOT NULL, expires_at TEXT NOT NULL)"
        ),
        "CREATE INDEX session_expires_at ON session (expires_at)",
    ):
        execute(db, statement)
