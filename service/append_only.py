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


def log_rows(db: Database, table: str, key: str) -> None:
    """Make a leaf of every row that is inserted from now on."""
    leaf = f"INSERT INTO log_leaf (kind, reference) VALUES ('{table}', CAST(NEW.{key} AS TEXT));"  # noqa: S608
    if on_sqlite(db):
        execute(db, f'CREATE TRIGGER {table}_is_logged AFTER INSERT ON "{table}" BEGIN {leaf} END')
        return
    execute(
        db,
        f"CREATE FUNCTION log_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {leaf} RETURN NULL; END $$",
    )
    execute(
        db,
        f'CREATE TRIGGER {table}_is_logged AFTER INSERT ON "{table}" FOR EACH ROW EXECUTE FUNCTION log_{table}()',
    )
