"""Drafts that an approver rejected, and why: in the log."""

from __future__ import annotations

from typing import Any

from peewee import Database

from service.append_only import log_rows, refuse_changes
from service.database import execute

TABLE = "draft_rejection"


def up(migrator: Any, db: Database) -> None:
    """Add the table, and have the database make a leaf of each of its rows."""
    execute(
        db,
        f"CREATE TABLE {TABLE} (draft_id TEXT NOT NULL PRIMARY KEY REFERENCES policy_draft (id),"
        ' actor TEXT NOT NULL, "key" TEXT NOT NULL, reason TEXT NOT NULL, rejected_at TEXT NOT NULL)',
    )
    refuse_changes(db, TABLE)
    log_rows(db, TABLE, "draft_id")
