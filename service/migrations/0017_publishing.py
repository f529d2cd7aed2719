"""Drafts of policy texts, what their checks came to, and how and from when versions are effective: all in the log."""

from __future__ import annotations

from typing import Any

from peewee import Database

from service.append_only import log_rows, refuse_changes
from service.database import execute

LOGGED = {"policy_draft": "id", "draft_check": "draft_id", "publication": "digest"}


def up(migrator: Any, db: Database) -> None:
    """Add the tables, and have the database make a leaf of each of their rows."""
    for statement in (
        (
            "CREATE TABLE policy_draft (id TEXT NOT NULL PRIMARY KEY, policy TEXT NOT NULL, digest TEXT NOT NULL,"
            " base INTEGER NOT NULL CHECK (base >= 0), text TEXT NOT NULL, scenarios TEXT NOT NULL,"
            ' actor TEXT NOT NULL, "key" TEXT NOT NULL, drafted_at TEXT NOT NULL)'
        ),
        "CREATE INDEX policy_draft_policy_id ON policy_draft (policy, id)",
        (
            "CREATE TABLE draft_check (draft_id TEXT NOT NULL PRIMARY KEY REFERENCES policy_draft (id),"
            " passed BOOLEAN NOT NULL, data TEXT NOT NULL, checked_at TEXT NOT NULL)"
        ),
        (
            "CREATE TABLE publication (digest TEXT NOT NULL PRIMARY KEY REFERENCES policy_version (digest),"
            " effective_from TEXT NOT NULL, draft_id TEXT REFERENCES policy_draft (id), restores INTEGER,"
            ' actor TEXT NOT NULL, "key" TEXT NOT NULL, seen TEXT NOT NULL, reason TEXT NOT NULL,'
            " entered_at TEXT NOT NULL)"
        ),
        "CREATE UNIQUE INDEX publication_draft_id ON publication (draft_id)",
    ):
        execute(db, statement)
    for table, key in LOGGED.items():
        refuse_changes(db, table)
        log_rows(db, table, key)
