"""Texts that are decided beside the one in force: since when and by whom is in the log, what came of it is not."""

from __future__ import annotations

from typing import Any

from peewee import Database

from service.append_only import log_rows, refuse_changes
from service.database import execute

LOGGED = {"shadow": "id", "shadow_end": "shadow_id"}
OF_SHADOW = "shadow_id TEXT NOT NULL REFERENCES shadow (id)"


def up(migrator: Any, db: Database) -> None:
    """Add the tables, and have the database make a leaf of each row that says what somebody did."""
    for statement in (
        (
            "CREATE TABLE shadow (id TEXT NOT NULL PRIMARY KEY, policy TEXT NOT NULL,"
            " draft_id TEXT REFERENCES policy_draft (id), digest TEXT NOT NULL, text TEXT NOT NULL,"
            " holidays TEXT NOT NULL, actor TEXT NOT NULL,"
            ' "key" TEXT NOT NULL, started_at TEXT NOT NULL)'
        ),
        "CREATE INDEX shadow_policy_id ON shadow (policy, id)",
        (
            "CREATE TABLE shadow_end (shadow_id TEXT NOT NULL PRIMARY KEY REFERENCES shadow (id),"
            ' actor TEXT NOT NULL, "key" TEXT NOT NULL, ended_at TEXT NOT NULL)'
        ),
        (
            "CREATE TABLE shadow_progress (shadow_id TEXT NOT NULL PRIMARY KEY REFERENCES shadow (id),"
            " position BIGINT NOT NULL CHECK (position >= 0), ends BIGINT, leased_by TEXT NOT NULL,"
            " leased_until TEXT NOT NULL)"
        ),
        (
            f"CREATE TABLE shadow_outcome ({OF_SHADOW}, method TEXT NOT NULL, before TEXT NOT NULL,"
            " after TEXT NOT NULL, same BOOLEAN NOT NULL, decisions BIGINT NOT NULL, payout_before BIGINT NOT NULL,"
            " payout_after BIGINT NOT NULL, PRIMARY KEY (shadow_id, method, before, after, same))"
        ),
        (
            f"CREATE TABLE shadow_reason ({OF_SHADOW}, rule TEXT NOT NULL, side TEXT NOT NULL,"
            " decisions BIGINT NOT NULL, PRIMARY KEY (shadow_id, rule, side))"
        ),
        (
            f"CREATE TABLE shadow_difference ({OF_SHADOW}, decision_id TEXT NOT NULL, position BIGINT NOT NULL,"
            " apart BIGINT NOT NULL CHECK (apart >= 0), before TEXT NOT NULL, after TEXT NOT NULL,"
            " differs_in TEXT NOT NULL, PRIMARY KEY (shadow_id, decision_id))"
        ),
        "CREATE INDEX shadow_difference_decision_id ON shadow_difference (decision_id)",
        "CREATE UNIQUE INDEX shadow_difference_shadow_id_position ON shadow_difference (shadow_id, position)",
        "CREATE INDEX shadow_difference_shadow_id_apart_position ON shadow_difference (shadow_id, apart, position)",
    ):
        execute(db, statement)
    for table, key in LOGGED.items():
        refuse_changes(db, table)
        log_rows(db, table, key)
