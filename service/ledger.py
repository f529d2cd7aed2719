"""Accounts, lots and their entries: the only writer of points.

Every change of a lot is an entry, and `left` of a lot equals the sum of its entries: both are
written here, together, and nowhere else. An entry is never changed; what was wrong is put right by
another entry.

The statements of every request are written out (see `database.rows`); what happens rarely goes
through the tables' models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
from peewee import Database, chunked

from service.clock import stored, to_the_second
from service.database import execute, execute_many, on_sqlite, rows
from service.json_body import canonical
from service.tables import Account

# Rows in one INSERT of accounts: SQLite takes 32,766 parameters, PostgreSQL 65,535.
CHUNK = 500

ACCOUNT_FACTS = (
    "status",
    "kind",
    "identity_level",
    "joined_on",
    "born_on",
    "contact_verified",
    "contact_changed_on",
    "last_activity_on",
    "debt",
    "points_debt",
    "activity_days",
)
LOT_FACTS = (
    "source",
    "campaign",
    "acquired_on",
    "usable_from_on",
    "expires_on",
    "amount",
    "locked",
    "identity_level",
)
FLAGS = frozenset({"contact_verified", "locked"})
# Kept as JSON text.
LISTS = frozenset({"activity_days"})

SELECT_ACCOUNT = f"SELECT policy, {', '.join(ACCOUNT_FACTS)}, declared FROM account WHERE id = ?"  # noqa: S608
LOT_COLUMNS = ", ".join(f"lot.{name}" for name in ("id", *LOT_FACTS, "declared"))
SELECT_LOTS = (
    f'SELECT {LOT_COLUMNS}, lot."left" FROM lot'  # noqa: S608
    ' WHERE account_id = ? AND "left" > 0 ORDER BY lot.id'
)
SELECT_LOTS_AT = (
    f"SELECT {LOT_COLUMNS}, CAST(SUM(ledger_entry.points) AS BIGINT) FROM lot"  # noqa: S608
    " JOIN ledger_entry ON ledger_entry.lot_id = lot.id"
    " WHERE lot.account_id = ? AND ledger_entry.happened_at <= ?"
    " GROUP BY lot.id HAVING SUM(ledger_entry.points) > 0 ORDER BY lot.id"
)
SELECT_HISTORY = (
    "SELECT id, account_id, requested_at, points, method, receiving_account, state, payout"
    " FROM refund_request WHERE state IN ('approved', 'needs_review', 'settled') AND "
)
TAKE = 'UPDATE lot SET "left" = "left" - ? WHERE id = ? AND account_id = ? AND "left" >= ?'
INSERT_ENTRY = (
    "INSERT INTO ledger_entry (lot_id, kind, points, request_id, happened_at, entered_at) VALUES (?, ?, ?, ?, ?, ?)"
)
INSERT_LOT = (
    f'INSERT INTO lot (id, account_id, {", ".join(LOT_FACTS)}, "left", declared, event, rule, created_at)'  # noqa: S608
    f" VALUES ({', '.join('?' * (len(LOT_FACTS) + 7))})"
)
INSERT_HOLD = "INSERT INTO hold (request_id, lot_id, points, state) VALUES (?, ?, ?, 'held')"
SELECT_DIFFERENCES = (
    'SELECT lot.id, lot."left", CAST(COALESCE(SUM(ledger_entry.points), 0) AS BIGINT) FROM lot'
    " LEFT JOIN ledger_entry ON ledger_entry.lot_id = lot.id"
    ' GROUP BY lot.id HAVING lot."left" <> COALESCE(SUM(ledger_entry.points), 0) ORDER BY lot.id'
)


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """An account as it is kept: whose programme it is in, and its facts as plain JSON data, `id` among them."""

    policy: str
    facts: dict[str, Any]

    @property
    def id(self) -> str:
        """The opaque id of the account."""
        found: str = self.facts["id"]
        return found


@dataclass(frozen=True, slots=True)
class Grant:
    """A lot to be made. `facts` are the lot's facts as plain JSON data, all of LOT_FACTS given."""

    id: str
    account: str
    facts: Mapping[str, Any]
    happened_at: datetime
    event: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """A lot whose `left` is not the sum of its entries."""

    lot: str
    left: int
    entries: int


def open_accounts(database: Database, accounts: Iterable[StoredAccount], at: datetime) -> None:
    """Keep new accounts."""
    made = []
    for account in accounts:
        own, declared = _split(account.facts, ACCOUNT_FACTS)
        made.append({"id": account.id, "policy": account.policy, **own, "declared": declared, "created_at": stored(at)})
    for chunk in chunked(made, CHUNK):
        Account.insert_many(chunk).execute(database)


def grant(database: Database, grants: Iterable[Grant], at: datetime) -> None:
    """Make lots, each with the entry that its points come from."""
    lots = []
    entries = []
    for each in grants:
        own, declared = _split(each.facts, LOT_FACTS)
        amount = own["amount"]
        assert amount > 0, f"{each.id} grants nothing"
        lots.append((each.id, each.account, *own.values(), amount, declared, each.event, each.rule, stored(at)))
        entries.append((each.id, "grant", amount, None, stored(each.happened_at), stored(at)))
    execute_many(database, INSERT_LOT, lots)
    execute_many(database, INSERT_ENTRY, entries)


def hold(
    database: Database,
    account: str,
    request: str,
    allocation: Sequence[tuple[str, int]],
    happened_at: datetime,
    at: datetime,
) -> None:
    """Reserve points of lots for a request: nobody else can spend them until they are given back."""
    for lot, points in allocation:
        assert points > 0, f"{request} holds nothing of {lot}"
        taken = execute(database, TAKE, (points, lot, account, points))
        assert taken == 1, f"{request} would hold {points} of {lot}, which has fewer or is not of {account}"
        execute(database, INSERT_ENTRY, (lot, "hold", -points, request, stored(happened_at), stored(at)))
        execute(database, INSERT_HOLD, (request, lot, points))


def find_account(database: Database, id: str, *, locked: bool = False) -> StoredAccount | None:
    """The account of an id; `locked`: nobody else may lock it before our transaction ends."""
    suffix = " FOR UPDATE" if locked and not on_sqlite(database) else ""
    found = rows(database, SELECT_ACCOUNT + suffix, (id,))
    if not found:
        return None
    policy, *own, declared = found[0]
    return StoredAccount(policy, {"id": id, **_facts(ACCOUNT_FACTS, own), **msgspec.json.decode(declared)})


def lots_of(database: Database, account: str, at: datetime | None = None) -> list[dict[str, Any]]:
    """The lots that have points, as plain JSON data: now, or as it was at an instant."""
    if at is None:
        found = rows(database, SELECT_LOTS, (account,))
    else:
        found = rows(database, SELECT_LOTS_AT, (account, stored(at)))
    return [
        {"id": lot, **_facts(LOT_FACTS, own), "left": left, **msgspec.json.decode(declared)}
        for lot, *own, declared, left in found
    ]


def history_of(database: Database, account: str, receiving_account: str) -> list[dict[str, Any]]:
    """The refunds that limits count, of one account and to one receiving account, as JSON data."""
    found = rows(database, SELECT_HISTORY + "account_id = ?", (account,))
    if receiving_account:
        found += rows(
            database,
            SELECT_HISTORY + "receiving_account = ? AND account_id <> ?",
            (receiving_account, account),
        )
    return [
        {
            "id": request,
            "account_id": account_id,
            "requested_at": to_the_second(requested_at),
            "points": points,
            "method": method,
            "receiving_account": receiving,
            "state": state,
            "payout": payout,
        }
        for request, account_id, requested_at, points, method, receiving, state, payout in found
    ]


def differences(database: Database) -> list[Difference]:
    """The lots whose `left` is not the sum of their entries; empty on a sound database."""
    return [Difference(*row) for row in rows(database, SELECT_DIFFERENCES)]


def _split(facts: Mapping[str, Any], own: Sequence[str]) -> tuple[dict[str, Any], str]:
    """The facts that have a column, and the others, those of the programme, as JSON text."""
    declared = {name: value for name, value in facts.items() if name not in own and name not in ("id", "left")}
    kept = {name: canonical(facts[name]) if name in LISTS else facts[name] for name in own}
    return kept, canonical(declared)


def _facts(names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    """What a database answered as plain JSON data: days as text, flags as flags, lists as lists."""
    return {name: _plain(name, value) for name, value in zip(names, values, strict=True)}


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if name in LISTS:
        return msgspec.json.decode(value)
    # SQLite answers 0 and 1.
    return bool(value) if name in FLAGS else value
