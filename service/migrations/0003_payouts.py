"""What each refund request was paid out with, which limits on payouts count; told by its decision until now."""

from __future__ import annotations

import json
from typing import Any

from peewee import Database

from service.database import execute, rows


def up(migrator: Any, db: Database) -> None:
    """Add the column, and fill it from the decisions."""
    execute(db, "ALTER TABLE refund_request ADD COLUMN payout BIGINT NOT NULL DEFAULT 0 CHECK (payout >= 0)")
    found = rows(
        db,
        "SELECT refund_request.id, decision.data FROM refund_request JOIN decision ON decision.id = decision_id",
    )
    for request, decision in found:
        execute(db, "UPDATE refund_request SET payout = ? WHERE id = ?", (json.loads(decision)["payout"], request))
