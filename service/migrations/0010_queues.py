"""Indexes of two lists over all accounts: refund requests by state, and events that wait for the one they undo."""

from __future__ import annotations

from typing import Any

from peewee import Database

from service.database import execute


def up(migrator: Any, db: Database) -> None:
    """Make the indexes."""
    execute(db, "CREATE INDEX refund_request_state_id ON refund_request (state, id)")
    # Only an event that undoes another can wait, and few do.
    execute(db, "CREATE INDEX event_entered_at_id ON event (entered_at, id) WHERE of <> ''")
