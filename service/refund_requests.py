"""Refund requests as they are filed: kept, found and listed. Which lots they hold is the ledger's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from policies.model import Text
from service import records
from service.clock import spoken, stored, to_the_second
from service.database import Database, Row, execute, rows
from service.errors import Damage

INSERT = (
    "INSERT INTO refund_request"
    " (id, account_id, decision_id, state, points, method, receiving_account, requested_at, payout, last_held_on)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
SELECT = (
    "SELECT refund_request.id, account_id, decision_id, state, refund_request.points, method, requested_at,"
    ' (SELECT MAX(moved_at) FROM "move" WHERE "move".request_id = refund_request.id), decision.data'
    " FROM refund_request LEFT JOIN decision ON decision.id = decision_id WHERE "
)
SELECT_HOLDS = "SELECT lot_id, points, state FROM hold WHERE request_id = ? ORDER BY lot_id"

SELECT_HELD_UNTIL = "SELECT DISTINCT account_id FROM refund_request WHERE state = ? AND last_held_on < ?"

# Only what was approved, or waits for a review, has holds; they end with the first move to another state.
SELECT_HELD = (
    "SELECT CAST(COALESCE(SUM(hold.points), 0) AS BIGINT) FROM hold"
    " JOIN refund_request ON refund_request.id = hold.request_id WHERE account_id = ? AND "
)
NOW_HELD = "hold.state = 'held'"
HELD_AT = (
    'requested_at <= ? AND NOT EXISTS (SELECT 1 FROM "move" WHERE "move".request_id = hold.request_id'
    " AND moved_at <= ? AND \"move\".state NOT IN ('approved', 'needs_review'))"
)


@dataclass(frozen=True, slots=True)
class Hold:
    """Points of one lot, reserved for a request."""

    lot: str
    points: int
    state: str


@dataclass(frozen=True, slots=True)
class Filed:
    """A refund request: `decision` is the whole of the one it got, `moved_at` when its last move was made."""

    id: str
    account: str
    decision_id: str
    state: str
    points: int
    method: str
    requested_at: str
    decision: Mapping[str, Any]
    moved_at: str | None = None


class DamagedRequest(NamedTuple):
    """A refund request, as its own row tells it, whose decision is not what was written, and why that is known."""

    id: str
    account: str
    decision_id: str
    state: str
    points: int
    method: str
    requested_at: str
    why: Text


def file(database: Database, id: str, decision_id: str, decision: Mapping[str, Any], requested_at: datetime) -> Filed:
    """Keep a request beside the decision it got. Its state is that decision's outcome."""
    account, state, points = decision["account"], decision["outcome"], decision["points"]
    method, receiving = decision["request"]["method"], decision["request"]["receiving_account"]
    row = (id, account, decision_id, state, points, method, receiving, stored(requested_at))
    execute(database, INSERT, (*row, decision["payout"], decision["last_held_on"]))
    return Filed(id, account, decision_id, state, points, method, spoken(requested_at), decision)


def find(database: Database, id: str) -> Filed | None:
    """The request of an id."""
    found = rows(database, SELECT + "refund_request.id = ?", (id,))
    return _filed(found[0]) if found else None


def of_decision(database: Database, decision: str) -> str | None:
    """The id of the request that was filed with a decision; None where none was."""
    found = rows(database, "SELECT id FROM refund_request WHERE decision_id = ?", (decision,))
    return found[0][0] if found else None


def account_of(database: Database, id: str) -> str | None:
    """Whose request it is; None where there is no such request."""
    found = rows(database, "SELECT account_id FROM refund_request WHERE id = ?", (id,))
    return found[0][0] if found else None


def page_of(database: Database, account: str, after: str | None, limit: int) -> list[Filed | DamagedRequest]:
    """The requests of an account, newest first, from the one after `after` on."""
    older = "" if after is None else " AND refund_request.id < ?"
    where = f"account_id = ?{older} ORDER BY refund_request.id DESC LIMIT ?"
    parameters = (account, limit) if after is None else (account, after, limit)
    return [_met(row) for row in rows(database, SELECT + where, parameters)]


def queue(
    database: Database, state: str | None, account: str | None, after: str | None, limit: int
) -> list[Filed | DamagedRequest]:
    """The requests in a state (None: in any) of one account or of all, oldest first, from the one after `after` on."""
    asked = {"refund_request.state = ?": state, "account_id = ?": account, "refund_request.id > ?": after}
    given = {condition: value for condition, value in asked.items() if value is not None}
    where = " AND ".join(given) or "1 = 1"
    found = rows(database, f"{SELECT}{where} ORDER BY refund_request.id LIMIT ?", (*given.values(), limit))
    return [_met(row) for row in found]


def accounts_held_until(
    database: Database, state: str, day: date, account: str | None, after: str | None, last: str | None
) -> list[str]:
    """The accounts of requests in a state whose hold ends before a day; of one account, behind `after` and up to `last`
    where these are named.
    """
    asked = {"account_id = ?": account, "id > ?": after, "id <= ?": last}
    given = {condition: value for condition, value in asked.items() if value is not None}
    where = "".join(f" AND {condition}" for condition in given)
    return [each for (each,) in rows(database, SELECT_HELD_UNTIL + where, (state, day, *given.values()))]


def held_by(database: Database, account: str, at: datetime | None = None) -> int:
    """The points that requests of an account hold now, or held at an instant in the past."""
    if at is None:
        return int(rows(database, SELECT_HELD + NOW_HELD, (account,))[0][0])
    return int(rows(database, SELECT_HELD + HELD_AT, (account, stored(at), stored(at)))[0][0])


def holds_of(database: Database, id: str) -> list[Hold]:
    """What a request holds, by lot."""
    return [Hold(*row) for row in rows(database, SELECT_HOLDS, (id,))]


def _met(row: Row) -> Filed | DamagedRequest:
    """One that is met in a list: a record that somebody changed must not hide the others."""
    try:
        return _filed(row)
    except Damage as damage:
        request, account, decision, state, points, method, at, *_ = row
        return DamagedRequest(request, account, decision, state, points, method, to_the_second(at), damage.why)


def _filed(row: Row) -> Filed:
    request, account, decision_id, state, points, method, requested_at, moved_at, decision = row
    at = to_the_second(requested_at)
    if decision is None:
        raise records.damaged(decision_id, records.GONE)
    kept = records.typed(decision_id, decision)
    moved = None if moved_at is None else to_the_second(moved_at)
    return Filed(request, account, decision_id, state, points, method, at, kept, moved)
