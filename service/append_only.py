"""Tables whose rows are written once: the database itself refuses to change or delete them."""

from __future__ import annotations

from service.database import Database, execute, on_sqlite


def refuse_changes(database: Database, table: str) -> None:
    """Make the database refuse changes of a table's rows. Migrations call it; the first one made the function."""
    if not on_sqlite(database):
        execute(
            database,
            f"CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE"
            f" ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
        )
        return
    for event in ("UPDATE", "DELETE"):
        execute(
            database,
            f"CREATE TRIGGER {table}_refuses_{event.lower()} BEFORE {event} ON {table}"
            f" BEGIN SELECT RAISE(ABORT, '{table} rows are never changed'); END",
        )
