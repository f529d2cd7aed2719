"""Tables whose rows are written once: the database itself refuses to change or delete them."""

from __future__ import annotations

from collections.abc import Sequence

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


def being_erased(table: str, key: str, kept: Sequence[str], sqlite: bool) -> str:
    """The condition of a trigger under which a change of a row is an erasure's: its leaf was opened by one that has not
    said yet what remains, and all columns that are `kept` stay as they are.
    """
    same = " AND ".join(
        f'NEW."{column}" {"IS" if sqlite else "IS NOT DISTINCT FROM"} OLD."{column}"' for column in kept
    )
    return (
        f"{same} AND EXISTS (SELECT 1 FROM log_leaf WHERE kind = '{table}'"  # noqa: S608
        f' AND reference = CAST(OLD."{key}" AS TEXT) AND seq IS NOT NULL AND salt IS NULL'
        " AND NOT EXISTS (SELECT 1 FROM erased_record WHERE erasure_id = log_leaf.erasure_id"
        " AND erased_record.kind = log_leaf.kind AND erased_record.reference = log_leaf.reference))"
    )


def refuse_changes_but_erasure(db: Database, table: str, key: str, kept: Sequence[str]) -> None:
    """Make the database refuse changes of a table's rows but those of an erasure, in place of `refuse_changes`."""
    condition = being_erased(table, key, kept, on_sqlite(db))
    if on_sqlite(db):
        execute(db, f"DROP TRIGGER {table}_refuses_update")
        execute(
            db,
            f'CREATE TRIGGER {table}_refuses_update BEFORE UPDATE ON "{table}" WHEN NOT ({condition})'
            f" BEGIN SELECT RAISE(ABORT, '{table} rows are never changed'); END",
        )
        return
    execute(db, f'DROP TRIGGER {table}_refuses_change ON "{table}"')
    execute(
        db,
        f"CREATE FUNCTION refuse_change_of_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF NOT ({condition}) THEN RAISE EXCEPTION '{table} rows are never changed'; END IF; RETURN NEW; END $$",
    )
    execute(
        db,
        f'CREATE TRIGGER {table}_refuses_update BEFORE UPDATE ON "{table}"'
        f" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_{table}()",
    )
    execute(
        db,
        f'CREATE TRIGGER {table}_refuses_delete BEFORE DELETE OR TRUNCATE ON "{table}"'
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    )
