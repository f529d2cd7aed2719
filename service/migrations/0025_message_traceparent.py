"""In which request a message was written, so that whoever receives it can go on with the same trace."""

from __future__ import annotations

from typing import Any

from peewee import Database

from service.database import execute


def up(migrator: Any, db: Database) -> None:
    """Add the column. A service of before, which knows nothing of it, leaves it empty."""
    execute(db, "ALTER TABLE message ADD COLUMN traceparent TEXT NOT NULL DEFAULT ''")
