"""What a migration does to code that does not know it, read from the schema before and after."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from service.database import Database, on_sqlite, rows

# How the migration that follows on a row of the table fills it: what processes of before write meanwhile is not seen.
CHANGES_ROWS = re.compile(r"[\"'](?:UPDATE|DELETE FROM|INSERT INTO) (\w+)")
TABLES = {
    True: "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_'",
    False: "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
}
TRIGGERS = {
    True: "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'",
    False: (
        "SELECT relname, tgname, pg_get_triggerdef(pg_trigger.oid)"
        " FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid WHERE NOT tgisinternal"
    ),
}
UNIQUE = {
    True: "SELECT tbl_name, name FROM sqlite_master WHERE type = 'index' AND instr(sql, 'CREATE UNIQUE') = 1",
    False: (
        "SELECT tablename, indexname FROM pg_indexes"
        " WHERE schemaname = 'public' AND strpos(indexdef, 'CREATE UNIQUE') = 1"
    ),
}
COLUMNS = (
    "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns"
    " WHERE table_schema = 'public'"
)


@dataclass(frozen=True, slots=True)
class Column:
    """Of which type, whether it may be left out, and what it is then."""

    type: str
    optional: bool
    default: str


@dataclass(frozen=True, slots=True)
class Schema:
    """What code meets: columns by table and name, triggers with what they do, and what has to be unique."""

    columns: Mapping[tuple[str, str], Column]
    triggers: Mapping[tuple[str, str], str]
    unique: frozenset[tuple[str, str]]

    def tables(self) -> set[str]:
        """The tables that have columns."""
        return {table for table, _ in self.columns}


def schema_of(database: Database) -> Schema:
    """The schema as it is now, inside a transaction."""
    sqlite = on_sqlite(database)
    columns = {}
    if sqlite:
        for (table,) in rows(database, TABLES[True]):
            for _, name, kind, needed, default, key in rows(database, f'PRAGMA table_info("{table}")'):
                columns[table, name] = Column(kind, not needed or default is not None or bool(key), str(default))
    else:
        for table, name, kind, null, default in rows(database, COLUMNS):
            columns[table, name] = Column(kind, null == "YES" or default is not None, str(default))
    return Schema(
        columns,
        {(table, name): text for table, name, text in rows(database, TRIGGERS[sqlite])},
        frozenset((table, name) for table, name in rows(database, UNIQUE[sqlite])),
    )


def more_than_added(before: Schema, after: Schema) -> Iterator[str]:
    """What code of before may stumble over."""
    old = before.tables()
    for (table, name), column in before.columns.items():
        if (table, name) not in after.columns:
            yield f"{table}.{name} is gone"
        elif after.columns[table, name] != column:
            yield f"{table}.{name} is another"
    for (table, name), column in after.columns.items():
        if table in old and (table, name) not in before.columns and not column.optional:
            yield f"{table}.{name} has to be given"
    for (table, name), text in after.triggers.items():
        if table in old and before.triggers.get((table, name)) != text:
            yield f"{table} has the trigger {name}"
    for table, name in sorted(after.unique - before.unique):
        if table in old:
            yield f"{table} has to be unique by {name}"


def rows_changed(migration: Path, old: set[str]) -> Iterator[str]:
    """Tables of before whose rows a migration writes."""
    for table in sorted(set(CHANGES_ROWS.findall(migration.read_text("utf-8")))):
        if table in old:
            yield f"rows of {table} are written"
