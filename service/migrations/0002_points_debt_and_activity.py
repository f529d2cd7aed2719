"""What an account owes in points, and the days on which it was active, as a JSON list."""

from __future__ import annotations

from typing import Any

from peewee import Database

from service.database import execute


def up(migrator: Any, db: Database) -> None:
    """Add the columns; accounts that are there owe nothing, and no day of theirs is known."""
    execute(db, "ALTER TABLE account ADD COLUMN points_debt BIGINT NOT NULL DEFAULT 0 CHECK (points_debt >= 0)")
    execute(db, "ALTER TABLE account ADD COLUMN activity_days TEXT NOT NULL DEFAULT '[]'")
