"""Refund requests as they are filed: kept, found and listed. Which lots they hold is the ledger's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from service.clock import stored, to_the_second
from service.database import Database, Row, execute, rows

INSERT = (
    "INSERT INTO refund_request"
    " (id, account_id, decision_id, state, points, method, receiving_account, requested_at, payout, last_held_on)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
SELECT = (
    "SELECT refund_request.id, account_id, decision_id, state, refund_request.points, method, requested_at,"
    " decision.data FROM refund_request JOIN decision ON decision.id = decision_id WHERE "
)
SELECT_HOLDS = "SELECT lot_id, points, state FROM hold WHERE request_id = ? ORDER BY lot_id"


@dataclass(frozen=True, slots=True)
class Hold:
    """Points of one lot, reserved for a request."""

    lot: str
    points: int
    state: str


@dataclass(frozen=True, slots=True)
class Filed:
    """A refund request: `payout` and `payable_on` are of the decision it got, `decision` is that whole."""

    id: str
    account: str
    decision_id: str
    state: str
    points: int
    method: str
    requested_at: str
    decision: Mapping[str, Any]


def file(database: Database, id: str, decision_id: str, decision: Mapping[str, Any], requested_at: datetime) -> None:
    """Keep a request beside the decision it got. Its state is that decision's outcome."""
    asked = decision["request"]
    state, points = decision["outcome"], decision["points"]
    row = (id, decision["account"], decision_id, state, points, asked["method"], asked["receiving_account"])
    execute(database, INSERT, (*row, stored(requested_at), decision["payout"], decision["last_held_on"]))


def find(database: Database, id: str) -> Filed | None:
    """The request of an id."""
    found = rows(database, SELECT + "refund_request.id = ?", (id,))
    return _filed(found[0]) if found else None


def page_of(database: Database, account: str, after: str | None, limit: int) -> list[Filed]:
    """The requests of an account, newest first, from the one after `after` on."""
    older = "" if after is None else " AND refund_request.id < ?"
    where = f"account_id = ?{older} ORDER BY refund_request.id DESC LIMIT ?"
    parameters = (account, limit) if after is None else (account, after, limit)
    return [_filed(row) for row in rows(database, SELECT + where, parameters)]


def holds_of(database: Database, id: str) -> list[Hold]:
    """What a request holds, by lot."""
    return [Hold(*row) for row in rows(database, SELECT_HOLDS, (id,))]


def _filed(row: Row) -> Filed:
    request, account, decision_id, state, points, method, requested_at, decision = row
    at = to_the_second(requested_at)
    return Filed(request, account, decision_id, state, points, method, at, msgspec.json.decode(decision))
