"""Short-lived tokens for members."""

from __future__ import annotations

from typing import Any

from peewee import Database

from service.database import execute


def up(migrator: Any, db: Database) -> None:
    """Add the table. It is not in the log: what a token let in is recorded where it was let in."""
    for statement in (
        (
            "CREATE TABLE member_token (digest TEXT NOT NULL PRIMARY KEY,"
            ' account_id TEXT NOT NULL REFERENCES account (id), "key" TEXT NOT NULL, created_at TEXT NOT NULL,'
            " expires_at TEXT NOT NULL)"
        ),
        "CREATE INDEX member_token_expires_at ON member_token (expires_at)",
    ):
        execute(db, statement)
