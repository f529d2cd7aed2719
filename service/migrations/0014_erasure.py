"""What was erased, and what remains of it: the only change that the database lets be made of a row that it guards."""

from __future__ import annotations

from typing import Any

from peewee import Database

from service.append_only import log_rows, refuse_changes, refuse_changes_but_erasure
from service.database import execute, on_sqlite

LOGGED = {"erasure": "id", "erased_record": "id"}
# By table: its key, and the columns that are kept whatever is erased. The others hold words and links.
KEPT = {
    "decision": ("id", ("id", "account", "policy", "digest", "outcome", "points", "as_of", "decided_at")),
    "move": ("id", ("id", "request_id", "name", "before", "state", "moved_at")),
    "inquiry_entry": ("id", ("id", "inquiry_id", "move", "who", "outcome", "due_on", "at")),
}
SAME_LEAF = "NEW.id = OLD.id AND NEW.kind = OLD.kind AND NEW.reference = OLD.reference"
# A leaf is changed when it gets its place, and when an erasure takes its salt: a first one, or a later one.
PLACED = (
    "OLD.seq IS NULL AND NEW.seq IS NOT NULL AND NEW.salt IS NOT NULL AND NEW.digest IS NOT NULL"
    f" AND NEW.erasure_id IS NULL AND {SAME_LEAF}"
)
ERASED = (
    "OLD.seq IS NOT NULL AND NEW.seq = OLD.seq AND NEW.salt IS NULL AND NEW.digest = OLD.digest"
    f" AND NEW.erasure_id > COALESCE(OLD.erasure_id, 0) AND {SAME_LEAF}"
)
# What cannot be told is refused.
ALLOWED = f"COALESCE(({PLACED}) OR ({ERASED}), FALSE)"


def up(migrator: Any, db: Database) -> None:
    """Add the tables, and let a leaf lose its salt, and its row the words and links in it, to an erasure."""
    serial = "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT" if on_sqlite(db) else "BIGSERIAL NOT NULL PRIMARY KEY"
    for statement in (
        (
            f"CREATE TABLE erasure (id {serial}, account TEXT NOT NULL, cause TEXT NOT NULL, actor TEXT NOT NULL,"
            " reason TEXT NOT NULL, records BIGINT NOT NULL, erased_at TEXT NOT NULL)"
        ),
        "CREATE INDEX erasure_account_id ON erasure (account, id)",
        (
            f"CREATE TABLE erased_record (id {serial}, erasure_id BIGINT NOT NULL REFERENCES erasure (id),"
            " kind TEXT NOT NULL, reference TEXT NOT NULL, remains TEXT NOT NULL)"
        ),
        "CREATE UNIQUE INDEX erased_record_kind_reference_erasure_id ON erased_record (kind, reference, erasure_id)",
        "CREATE INDEX erased_record_erasure_id ON erased_record (erasure_id)",
        "ALTER TABLE log_leaf ADD COLUMN erasure_id BIGINT REFERENCES erasure (id)",
    ):
        execute(db, statement)
    for table, key in LOGGED.items():
        refuse_changes(db, table)
        log_rows(db, table, key)
    for table, (key, kept) in KEPT.items():
        refuse_changes_but_erasure(db, table, key, kept)
    guard_leaves(db)


def guard_leaves(db: Database) -> None:
    """Make the database refuse every change of a leaf but these two."""
    if on_sqlite(db):
        execute(db, "DROP TRIGGER log_leaf_refuses_update")
        execute(
            db,
            f"CREATE TRIGGER log_leaf_refuses_update BEFORE UPDATE ON log_leaf WHEN NOT {ALLOWED}"
            " BEGIN SELECT RAISE(ABORT, 'log_leaf rows are never changed'); END",
        )
        return
    execute(db, "DROP TRIGGER log_leaf_refuses_update ON log_leaf")
    execute(
        db,
        "CREATE TRIGGER log_leaf_refuses_update BEFORE UPDATE ON log_leaf FOR EACH ROW"
        f" WHEN (NOT {ALLOWED}) EXECUTE FUNCTION refuse_change()",
    )
