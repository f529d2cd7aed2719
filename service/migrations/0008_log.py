"""The log: one leaf for each row that is never changed, made by the database itself together with the row."""

from __future__ import annotations

from typing import Any

from peewee import Database

from service.append_only import log_rows, refuse_changes
from service.database import execute, on_sqlite

# What is logged, and by which column it is found again.
LOGGED = {
    "policy_version": "digest",
    "decision": "id",
    "refund_request": "id",
    "move": "id",
    "ledger_entry": "id",
    "event": "id",
    "event_answer": "event_id",
    "take_back": "id",
    "debt_entry": "id",
    "notice": "id",
    "inquiry_entry": "id",
}
# A leaf is changed once, when it gets its place; what it stands for stays.
PLACED = (
    "OLD.seq IS NULL AND NEW.seq IS NOT NULL AND NEW.salt IS NOT NULL AND NEW.digest IS NOT NULL"
    " AND NEW.id = OLD.id AND NEW.kind = OLD.kind AND NEW.reference = OLD.reference"
)


def up(migrator: Any, db: Database) -> None:
    """Add the log. What was there before it becomes its first leaves, kind by kind."""
    serial = "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT" if on_sqlite(db) else "BIGSERIAL NOT NULL PRIMARY KEY"
    bytes_type = "BLOB" if on_sqlite(db) else "BYTEA"
    for statement in (
        (
            f"CREATE TABLE log_leaf (id {serial}, kind TEXT NOT NULL, reference TEXT NOT NULL,"
            " seq BIGINT, salt TEXT, digest TEXT)"
        ),
        "CREATE UNIQUE INDEX log_leaf_seq ON log_leaf (seq)",
        # Only of those that have their place: in the transaction of a filing it would cost more than all the rest.
        "CREATE INDEX log_leaf_kind_reference ON log_leaf (kind, reference) WHERE seq IS NOT NULL",
        f"CREATE TABLE log_node (id BIGINT NOT NULL PRIMARY KEY, hash {bytes_type} NOT NULL)",
        (
            f"CREATE TABLE log_checkpoint (id {serial}, size BIGINT NOT NULL, note TEXT NOT NULL,"
            " signed_at TEXT NOT NULL)"
        ),
    ):
        execute(db, statement)
    for table, key in LOGGED.items():
        execute(
            db,
            f"INSERT INTO log_leaf (kind, reference) SELECT '{table}', CAST({key} AS TEXT)"  # noqa: S608
            f' FROM "{table}" ORDER BY {key}',
        )
        log_rows(db, table, key)
    refuse_changes(db, "log_node")
    refuse_changes(db, "log_checkpoint")
    guard_leaves(db)


def guard_leaves(db: Database) -> None:
    """Make the database refuse every change of a leaf but that it gets its place."""
    if on_sqlite(db):
        for event, unless in (("UPDATE", f"WHEN NOT ({PLACED})"), ("DELETE", "")):
            execute(
                db,
                f"CREATE TRIGGER log_leaf_refuses_{event.lower()} BEFORE {event} ON log_leaf {unless}"
                " BEGIN SELECT RAISE(ABORT, 'log_leaf rows are never changed'); END",
            )
        return
    execute(
        db,
        "CREATE TRIGGER log_leaf_refuses_update BEFORE UPDATE ON log_leaf FOR EACH ROW"
        f" WHEN (NOT ({PLACED})) EXECUTE FUNCTION refuse_change()",
    )
    execute(
        db,
        "CREATE TRIGGER log_leaf_refuses_delete BEFORE DELETE OR TRUNCATE ON log_leaf"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    )
