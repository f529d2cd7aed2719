"""What events came to is kept for its time: of an answer, too, the facts may be erased, and nothing else changed."""

from __future__ import annotations

from typing import Any

from peewee import Database

from service.append_only import refuse_changes_but_erasure


def up(migrator: Any, db: Database) -> None:
    """Let the facts of an answer to an event be erased, as those of a decision."""
    refuse_changes_but_erasure(db, "event_answer", "event_id", ("event_id", "digest", "refused", "answered_at"))
