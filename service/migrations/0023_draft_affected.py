"""The accounts that a draft affects most, apart from its checks: those are never changed, and these are erased."""

from __future__ import annotations

from typing import Any

from peewee import Database

from service.database import execute


def up(migrator: Any, db: Database) -> None:
    """Add the table. It is not in the log: it goes with the next draft, and with an account that is erased."""
    for statement in (
        (
            "CREATE TABLE draft_affected (draft_id TEXT NOT NULL REFERENCES policy_draft (id),"
            " place INTEGER NOT NULL CHECK (place >= 0), account_id TEXT NOT NULL REFERENCES account (id),"
            " data TEXT NOT NULL, PRIMARY KEY (draft_id, place))"
        ),
        "CREATE INDEX draft_affected_account_id ON draft_affected (account_id)",
    ):
        execute(db, statement)
