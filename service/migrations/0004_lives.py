"""The life of refund requests, events and what they brought, notices, and how far each account was swept."""

from __future__ import annotations

from typing import Any

from peewee import Database

from service.append_only import refuse_changes
from service.database import execute, on_sqlite

NEVER_CHANGED = ("move", "event", "event_answer", "take_back", "notice")


def up(migrator: Any, db: Database) -> None:
    """Add the tables and columns. Requests that are there got where they are by their decision; none of them lapses."""
    serial = "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT" if on_sqlite(db) else "BIGSERIAL NOT NULL PRIMARY KEY"
    for statement in (
        "ALTER TABLE account ADD COLUMN swept_on DATE",
        "ALTER TABLE refund_request ADD COLUMN last_held_on DATE",
        "CREATE INDEX refund_request_state_last_held_on ON refund_request (state, last_held_on)",
        "ALTER TABLE ledger_entry ADD COLUMN event TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE ledger_entry ADD COLUMN rule TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX ledger_entry_event ON ledger_entry (event)",
        "CREATE INDEX lot_event ON lot (event)",
        (
            f'CREATE TABLE "move" (id {serial},'
            " request_id TEXT NOT NULL REFERENCES refund_request (id),"
            " name TEXT NOT NULL, before TEXT NOT NULL, state TEXT NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL,"
            " moved_at TEXT NOT NULL)"
        ),
        "CREATE INDEX move_request_id ON move (request_id)",
        (
            "CREATE TABLE event (id TEXT NOT NULL PRIMARY KEY,"
            " account_id TEXT NOT NULL REFERENCES account (id),"
            " type TEXT NOT NULL, of TEXT NOT NULL, amount BIGINT NOT NULL CHECK (amount >= 0),"
            " body TEXT NOT NULL, digest TEXT NOT NULL, happened_at TEXT NOT NULL, entered_at TEXT NOT NULL)"
        ),
        "CREATE INDEX event_account_id ON event (account_id)",
        "CREATE INDEX event_of ON event (of)",
        (
            "CREATE TABLE event_answer (event_id TEXT NOT NULL PRIMARY KEY REFERENCES event (id),"
            " digest TEXT REFERENCES policy_version (digest),"
            " refused BOOLEAN NOT NULL, case_data TEXT NOT NULL, data TEXT NOT NULL, answered_at TEXT NOT NULL)"
        ),
        (
            f"CREATE TABLE take_back (id {serial},"
            " event_id TEXT NOT NULL REFERENCES event (id),"
            " lot_id TEXT NOT NULL REFERENCES lot (id),"
            " rule TEXT NOT NULL, points BIGINT NOT NULL CHECK (points >= 0),"
            " amount BIGINT NOT NULL CHECK (amount >= 0))"
        ),
        "CREATE INDEX take_back_event_id ON take_back (event_id)",
        "CREATE INDEX take_back_lot_id ON take_back (lot_id)",
        (
            f"CREATE TABLE notice (id {serial},"
            " account_id TEXT NOT NULL REFERENCES account (id),"
            " rule TEXT NOT NULL, day DATE NOT NULL, digest TEXT NOT NULL REFERENCES policy_version (digest),"
            " points BIGINT NOT NULL CHECK (points > 0), data TEXT NOT NULL, noticed_at TEXT NOT NULL)"
        ),
        "CREATE INDEX notice_account_id_day ON notice (account_id, day)",
    ):
        execute(db, statement)
    for table in NEVER_CHANGED:
        refuse_changes(db, table)
