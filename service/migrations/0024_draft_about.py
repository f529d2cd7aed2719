"""What a draft is for, as its author says it, in the log; and what its checks came to so far, until all have ended."""

from __future__ import annotations

from typing import Any

from peewee import Database

from service.append_only import log_rows, refuse_changes
from service.database import execute

LOGGED = "draft_about"


def up(migrator: Any, db: Database) -> None:
    """Add the tables. What a draft is for is a row of its own: what is logged of drafts stays as it was."""
    execute(
        db,
        f"CREATE TABLE {LOGGED} (draft_id TEXT NOT NULL PRIMARY KEY REFERENCES policy_draft (id), about TEXT NOT NULL)",
    )
    refuse_changes(db, LOGGED)
    log_rows(db, LOGGED, "draft_id")
    execute(
        db,
        "CREATE TABLE draft_step (draft_id TEXT NOT NULL REFERENCES policy_draft (id),"
        " place INTEGER NOT NULL CHECK (place >= 0), data TEXT NOT NULL, PRIMARY KEY (draft_id, place))",
    )
