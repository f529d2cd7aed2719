"""What is claimed of lots once their points are back, and who paid it meanwhile, entry by entry."""

from __future__ import annotations

from typing import Any

from peewee import Database

from service.append_only import log_rows, refuse_changes
from service.database import execute, on_sqlite

NEWEST = "(SELECT COALESCE(MAX(id), 0) FROM ledger_entry)"
AWAITED = (
    "SELECT {columns} FROM debt_entry WHERE lot_id IS NOT NULL"
    " GROUP BY account_id, event, rule{lot} HAVING SUM(points) > 0 ORDER BY MIN(id)"
)


def up(migrator: Any, db: Database) -> None:
    """Add the table. What lots were owed for by debt entries is claimed of them from now on: it was forgiven points."""
    serial = "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT" if on_sqlite(db) else "BIGSERIAL NOT NULL PRIMARY KEY"
    insert = "INSERT INTO claim_entry (account_id, event, rule, part, lot_id, points, since, entered_at) "
    awaited = AWAITED.format(
        columns=f"account_id, event, rule, 'own', lot_id, SUM(points), {NEWEST}, MAX(entered_at)", lot=", lot_id"
    )
    forgiven = AWAITED.format(
        columns=f"account_id, event, rule, 'forgiven', NULL, SUM(points), {NEWEST}, MAX(entered_at)", lot=""
    )
    closed = AWAITED.format(
        columns=f"account_id, lot_id, -SUM(points), event, rule, {NEWEST}, MAX(entered_at)", lot=", lot_id"
    )
    for statement in (
        (
            f"CREATE TABLE claim_entry (id {serial},"
            " account_id TEXT NOT NULL REFERENCES account (id),"
            " event TEXT NOT NULL, rule TEXT NOT NULL,"
            " part TEXT NOT NULL CHECK (part IN ('own', 'other', 'forgiven', 'stand_in')),"
            " lot_id TEXT REFERENCES lot (id),"
            " points BIGINT NOT NULL CHECK (points <> 0),"
            " since BIGINT NOT NULL,"
            " paid_by BIGINT REFERENCES ledger_entry (id),"
            " entered_at TEXT NOT NULL)"
        ),
        "CREATE INDEX claim_entry_account_id ON claim_entry (account_id)",
        "CREATE INDEX claim_entry_lot_id ON claim_entry (lot_id)",
        "CREATE INDEX claim_entry_paid_by ON claim_entry (paid_by)",
    ):
        execute(db, statement)
    refuse_changes(db, "claim_entry")
    log_rows(db, "claim_entry", "id")
    for statement in (insert + awaited, insert + forgiven):
        execute(db, statement)
    execute(
        db,
        f"INSERT INTO debt_entry (account_id, lot_id, points, event, rule, since, entered_at) {closed}",
    )
