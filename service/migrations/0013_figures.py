"""Indices for figures over time: decisions, events and what days came to, by the instants that they counted from."""

from __future__ import annotations

from typing import Any

from peewee import Database

from service.database import execute


def up(migrator: Any, db: Database) -> None:
    """Add the indices."""
    for statement in (
        # Searches need the first one too, and may have made it.
        "CREATE INDEX IF NOT EXISTS decision_policy_as_of_id ON decision (policy, as_of, id)",
        "CREATE INDEX event_happened_at_id ON event (happened_at, id)",
        "CREATE INDEX ledger_entry_happened_at ON ledger_entry (happened_at) WHERE rule <> ''",
    ):
        execute(db, statement)
