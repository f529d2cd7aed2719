"""What decisions are found by: the rules that spoke in each, and indices in the order in which they are listed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from peewee import Database

from service.append_only import refuse_changes
from service.database import execute, execute_many, on_sqlite, rows

PAGE = 500
SELECT = "SELECT id, as_of, data FROM decision WHERE id > ? ORDER BY id LIMIT ?"
INSERT = "INSERT INTO decision_rule (rule, of_request, as_of, decision_id) VALUES (?, ?, ?, ?)"


def up(migrator: Any, db: Database) -> None:
    """Add the table with the rules of what was decided until now, and put other indices in place of two."""
    for statement in (
        (
            "CREATE TABLE decision_rule (rule TEXT NOT NULL, of_request BOOLEAN NOT NULL, as_of TEXT NOT NULL,"
            " decision_id TEXT NOT NULL, PRIMARY KEY (rule, of_request, as_of, decision_id))"
            # Where a table is its own index, a filing writes one page less.
            + (" WITHOUT ROWID" if on_sqlite(db) else "")
        ),
        "DROP INDEX decision_account_id",
        "DROP INDEX decision_digest",
        "CREATE INDEX decision_account_as_of_id ON decision (account, as_of, id)",
        "CREATE INDEX decision_policy_as_of_id ON decision (policy, as_of, id)",
        "CREATE INDEX decision_digest_as_of_id ON decision (digest, as_of, id)",
        "CREATE INDEX decision_outcome_as_of_id ON decision (outcome, as_of, id)",
        "CREATE INDEX decision_points ON decision (points)",
    ):
        execute(db, statement)
    for decision, as_of, data in _decisions(db):
        execute_many(db, INSERT, [(rule, of_request, as_of, decision) for rule, of_request in _rules(data)])
    refuse_changes(db, "decision_rule")


def _decisions(db: Database) -> Iterator[tuple[str, str, str]]:
    after = ""
    while page := rows(db, SELECT, (after, PAGE)):
        yield from page
        after = page[-1][0]


def _rules(data: str) -> list[tuple[str, bool]]:
    """As `records.rules_that_spoke`; a record that somebody made unreadable has none."""
    try:
        decision = msgspec.json.decode(data)
        of_lots = {why["rule"]: False for lot in decision["lots"] for why in lot["reasons"]}
        return list((of_lots | {reason["rule"]: True for reason in decision["reasons"]}).items())
    except (KeyError, TypeError, msgspec.DecodeError):
        return []
