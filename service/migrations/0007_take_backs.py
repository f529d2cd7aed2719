"""What accounts owe in points, entry by entry, and what is to be taken back of lots once it comes back to them."""

from __future__ import annotations

from typing import Any

from peewee import Database

from service.append_only import refuse_changes
from service.database import execute, on_sqlite


def up(migrator: Any, db: Database) -> None:
    """Add the table. What accounts owe already is their first entry; points that come from now on pay it off."""
    serial = "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT" if on_sqlite(db) else "BIGSERIAL NOT NULL PRIMARY KEY"
    for statement in (
        (
            f"CREATE TABLE debt_entry (id {serial},"
            " account_id TEXT NOT NULL REFERENCES account (id),"
            " lot_id TEXT REFERENCES lot (id),"
            " points BIGINT NOT NULL CHECK (points <> 0),"
            " event TEXT NOT NULL, rule TEXT NOT NULL,"
            " since BIGINT NOT NULL,"
            " paid_by BIGINT REFERENCES ledger_entry (id),"
            " entered_at TEXT NOT NULL)"
        ),
        "CREATE INDEX debt_entry_account_id ON debt_entry (account_id)",
        "CREATE INDEX debt_entry_lot_id ON debt_entry (lot_id)",
        "CREATE INDEX debt_entry_paid_by ON debt_entry (paid_by)",
        (
            "INSERT INTO debt_entry (account_id, points, event, rule, since, entered_at)"
            " SELECT id, points_debt, '', '', (SELECT COALESCE(MAX(id), 0) FROM ledger_entry), created_at"
            " FROM account WHERE points_debt > 0 ORDER BY id"
        ),
    ):
        execute(db, statement)
    refuse_changes(db, "debt_entry")
