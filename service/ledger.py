"""Accounts, lots and their entries: the only writer of points.

Every change of a lot is an entry, and `left` of a lot equals the sum of its entries: both are
written here, together, and nowhere else. An entry is never changed; what was wrong is put right by
another entry.

What is claimed of lots once their points are back, and what an account owes, is kept in the same way: see `claims`.

The statements of every request are written out (see `database.rows`); what happens rarely goes
through the tables' models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
from peewee import Database, chunked

from service.clock import stored, to_the_second
from service.database import Row, execute, execute_many, on_sqlite, rows
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
# Kept as JSON text.
LISTS = frozenset({"activity_days"})


def _day(found: date | str | None) -> str | None:
    return found.isoformat() if isinstance(found, date) else found


# How the facts that are not plain already are read: SQLite answers days as text and flags as 0 and 1.
READERS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("joined_on", "born_on", "contact_changed_on", "last_activity_on"), _day),
    **dict.fromkeys(("acquired_on", "usable_from_on", "expires_on"), _day),
    **dict.fromkeys(("contact_verified", "locked"), bool),
    **dict.fromkeys(LISTS, msgspec.json.decode),
}
ACCOUNT_READERS = [(name, READERS[name]) for name in ACCOUNT_FACTS if name in READERS]
LOT_READERS = [(name, READERS[name]) for name in LOT_FACTS if name in READERS]

SELECT_ACCOUNT = f"SELECT policy, {', '.join(ACCOUNT_FACTS)}, declared FROM account WHERE id = ?"  # noqa: S608
LOT_NAMES = ("id", *LOT_FACTS)
LOT_COLUMNS = ", ".join(f"lot.{name}" for name in (*LOT_NAMES, "declared"))
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
# The same of several accounts, whose ids take the place of `{}`.
SELECT_ACCOUNTS = f"SELECT id, policy, {', '.join(ACCOUNT_FACTS)}, declared FROM account WHERE id IN ({{}}) ORDER BY id"  # noqa: S608
SELECT_LOTS_OF_ALL = (
    f'SELECT lot.account_id, {LOT_COLUMNS}, lot."left" FROM lot'  # noqa: S608
    ' WHERE account_id IN ({}) AND "left" > 0 ORDER BY lot.id'
)
TAKE = 'UPDATE lot SET "left" = "left" - ? WHERE id = ? AND account_id = ? AND "left" >= ?'
GIVE_BACK = 'UPDATE lot SET "left" = "left" + ? WHERE id = ? AND account_id = ? AND "left" + ? <= amount'
INSERT_ENTRY = (
    "INSERT INTO ledger_entry (lot_id, kind, points, request_id, event, rule, happened_at, entered_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_LOT = (
    f'INSERT INTO lot (id, account_id, {", ".join(LOT_FACTS)}, "left", declared, event, rule, created_at)'  # noqa: S608
    f" VALUES ({', '.join('?' * (len(LOT_FACTS) + 7))})"
)
INSERT_HOLD = "INSERT INTO hold (request_id, lot_id, points, state) VALUES (?, ?, ?, 'held')"
SELECT_HOLDS = "SELECT lot_id, points FROM hold WHERE request_id = ? AND state = ? ORDER BY lot_id"
MOVE_HOLDS = "UPDATE hold SET state = ? WHERE request_id = ? AND state = ?"
INSERT_DEBT = "INSERT INTO debt_entry (account_id, points, event, rule, since, entered_at) VALUES (?, ?, '', '', ?, ?)"
SELECT_NEWEST_ENTRY = "SELECT COALESCE(MAX(id), 0) FROM ledger_entry"
ACT = (
    "UPDATE account SET activity_days = ?, last_activity_on ="
    " CASE WHEN last_activity_on IS NULL OR last_activity_on < ? THEN ? ELSE last_activity_on END WHERE id = ?"
)
# What was booked as expired is not gone for a clawback: it lapsed, whether or not a sweep has come by.
SELECT_LOTS_BEFORE_SWEEPS = (
    f'SELECT {LOT_COLUMNS}, CAST(lot."left" + COALESCE(SUM(-swept.points), 0) AS BIGINT) FROM lot'  # noqa: S608
    " LEFT JOIN ledger_entry swept ON swept.lot_id = lot.id AND swept.kind = 'expire'"
    ' WHERE lot.account_id = ? GROUP BY lot.id HAVING lot."left" + COALESCE(SUM(-swept.points), 0) > 0'
    " ORDER BY lot.id"
)
# Points that refund requests hold, and those that may come back in any way, less what they are owed for already.
AWAY = (
    f"SELECT {LOT_COLUMNS}, CAST(away.points - COALESCE(due.points, 0) AS BIGINT)"  # noqa: S608
    " FROM lot JOIN ({away}) AS away ON away.lot_id = lot.id"
    " LEFT JOIN (SELECT lot_id, SUM(points) AS points FROM claim_entry WHERE part IN ('own', 'other') GROUP BY lot_id)"
    " AS due ON due.lot_id = lot.id"
    " WHERE away.points > COALESCE(due.points, 0) ORDER BY lot.id"
)
SELECT_LOTS_HELD = AWAY.format(
    away="SELECT lot_id, SUM(hold.points) AS points FROM hold JOIN lot ON lot.id = lot_id"
    " WHERE account_id = ? AND state = 'held' GROUP BY lot_id"
)
SELECT_LOTS_OUT = AWAY.format(
    away="SELECT lot_id, SUM(points) AS points FROM (SELECT lot_id, -points AS points FROM ledger_entry"
    " JOIN lot ON lot.id = lot_id WHERE account_id = ? AND kind IN ('hold', 'release', 'reverse', 'use')"
    " UNION ALL SELECT lot_id, points FROM claim_entry WHERE account_id = ? AND part = 'stand_in') AS gone"
    " GROUP BY lot_id"
)
# `taken` counts what clawbacks took back, `undone` the money that they undid, in events before this one.
SELECT_EARNED = (
    "SELECT lot.id, lot.rule, event.happened_at, lot.amount, event.id, event.amount,"
    " CAST(COALESCE(SUM(take_back.points), 0) AS BIGINT), CAST(COALESCE(SUM(take_back.amount), 0) AS BIGINT)"
    " FROM lot JOIN event ON event.id = lot.event LEFT JOIN take_back ON take_back.lot_id = lot.id"
    " WHERE lot.account_id = ? AND lot.rule <> '' AND (event.happened_at >= ? OR event.id = ?)"
    " GROUP BY lot.id, event.id ORDER BY lot.id"
)
SELECT_ENTRIES = (
    "SELECT ledger_entry.id, lot_id, lot.source, ledger_entry.kind, points, request_id, ledger_entry.event,"
    " ledger_entry.rule, happened_at, entered_at FROM ledger_entry JOIN lot ON lot.id = lot_id"
    " WHERE lot.account_id = ? AND ledger_entry.id < ? ORDER BY ledger_entry.id DESC LIMIT ?"
)
NEVER = "9"
LAST = 2**62


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
class WholeAccount:
    """An account with all that a case says of it: its lots that have points, and the refunds that limits count."""

    account: StoredAccount
    lots: list[dict[str, Any]]
    history: list[dict[str, Any]]


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
class Part:
    """Points of one lot that a rule, if any, takes for an event, if any."""

    lot: str
    points: int
    event: str = ""
    rule: str = ""


def open_accounts(database: Database, accounts: Iterable[StoredAccount], at: datetime) -> None:
    """Keep new accounts."""
    made = []
    for account in accounts:
        own, declared = _split(account.facts, ACCOUNT_FACTS)
        made.append({"id": account.id, "policy": account.policy, **own, "declared": declared, "created_at": stored(at)})
    for chunk in chunked(made, CHUNK):
        Account.insert_many(chunk).execute(database)
    for each in made:
        if each["points_debt"]:
            execute(database, INSERT_DEBT, (each["id"], each["points_debt"], newest_entry(database), stored(at)))


def change_account(database: Database, account: StoredAccount) -> None:
    """Keep the facts of an account that is there and locked, as they are now; its debt is entered by `claims`."""
    own, declared = _split(account.facts, ACCOUNT_FACTS)
    changed = Account.update({**own, "declared": declared}).where(Account.id == account.id).execute(database)
    assert changed == 1, f"there is no account {account.id}"


def grant(database: Database, grants: Iterable[Grant], at: datetime) -> None:
    """Make lots, each with the entry that its points come from."""
    lots = []
    entries = []
    for each in grants:
        own, declared = _split(each.facts, LOT_FACTS)
        amount = own["amount"]
        assert amount > 0, f"{each.id} grants nothing"
        lots.append((each.id, each.account, *own.values(), amount, declared, each.event, each.rule, stored(at)))
        entries.append(
            (each.id, "grant", amount, None, each.event, each.rule, stored(each.happened_at), stored(at)),
        )
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
    _take(database, account, "hold", [Part(lot, points) for lot, points in allocation], request, happened_at, at)
    execute_many(database, INSERT_HOLD, [(request, lot, points) for lot, points in allocation])


def settle(database: Database, request: str) -> None:
    """The points that a request holds are paid out for good."""
    execute(database, MOVE_HOLDS, ("settled", request, "held"))


def end_holds(database: Database, request: str, before: str, after: str) -> list[Part]:
    """A request holds, or was settled with, no points any more: those that are to be given back, lot by lot."""
    parts = [Part(lot, points) for lot, points in rows(database, SELECT_HOLDS, (request, before))]
    execute(database, MOVE_HOLDS, (after, request, before))
    return parts


def take(
    database: Database, account: str, kind: str, parts: Iterable[Part], happened_at: datetime, at: datetime
) -> None:
    """Take points of lots for something other than a request: `use`, `take_back`, `expire` or `charge`."""
    _take(database, account, kind, parts, None, happened_at, at)


def newest_entry(database: Database) -> int:
    """The last entry of all, 0 before the first."""
    found: int = rows(database, SELECT_NEWEST_ENTRY)[0][0]
    return found


def be_active(database: Database, account: StoredAccount, day: date) -> None:
    """Note that a member did something on a local day."""
    known = account.facts["activity_days"]
    written = day.isoformat()
    if written not in known:
        execute(database, ACT, (canonical(sorted([*known, written])), day, day, account.id))


def _take(
    database: Database,
    account: str,
    kind: str,
    parts: Iterable[Part],
    request: str | None,
    happened_at: datetime,
    at: datetime,
) -> None:
    happened, entered = stored(happened_at), stored(at)
    entries = []
    for part in parts:
        points, lot = part.points, part.lot
        assert points > 0, f"{kind} takes nothing of {lot}"
        taken = execute(database, TAKE, (points, lot, account, points))
        assert taken == 1, f"{kind} would take {points} of {lot}, which has fewer or is not of {account}"
        entries.append((lot, kind, -points, request, part.event, part.rule, happened, entered))
    execute_many(database, INSERT_ENTRY, entries)


def put(
    database: Database, account: str, kind: str, part: Part, request: str | None, happened_at: datetime, at: datetime
) -> None:
    """Put points that were taken back into their lot: the entry is of the kind that took them, or ends a hold."""
    points, lot = part.points, part.lot
    given = execute(database, GIVE_BACK, (points, lot, account, points))
    assert given == 1, f"{kind} would give {points} back to {lot}, which never had as many or is not of {account}"
    row = (lot, kind, points, request, part.event, part.rule, stored(happened_at), stored(at))
    execute(database, INSERT_ENTRY, row)


def find_account(database: Database, id: str, *, locked: bool = False) -> StoredAccount | None:
    """The account of an id; `locked`: nobody else may lock it before our transaction ends."""
    suffix = " FOR UPDATE" if locked and not on_sqlite(database) else ""
    found = rows(database, SELECT_ACCOUNT + suffix, (id,))
    if not found:
        return None
    return _account(id, *found[0])


def whole_accounts(database: Database, ids: Sequence[str]) -> list[WholeAccount]:
    """The accounts of some ids with all that is theirs, read in three statements however many they are."""
    named = ", ".join("?" * len(ids))
    accounts = {
        row[0]: WholeAccount(_account(*row), [], []) for row in rows(database, SELECT_ACCOUNTS.format(named), ids)
    }
    for account, *lot in rows(database, SELECT_LOTS_OF_ALL.format(named), ids):
        accounts[account].lots.extend(_lots([tuple(lot)]))
    for refund in rows(database, f"{SELECT_HISTORY}account_id IN ({named}) ORDER BY requested_at, id", ids):
        accounts[refund[1]].history.append(_past(refund))
    return [*accounts.values()]


def _account(id: str, policy: str, *own: Any) -> StoredAccount:
    *facts_of, declared = own
    facts = {"id": id, **dict(zip(ACCOUNT_FACTS, facts_of, strict=True))}
    _read_plainly(facts, ACCOUNT_READERS)
    return StoredAccount(policy, facts | msgspec.json.decode(declared))


def lots_of(database: Database, account: str, at: datetime | None = None) -> list[dict[str, Any]]:
    """The lots that have points, as plain JSON data: now, or as it was at an instant."""
    if at is None:
        return _lots(rows(database, SELECT_LOTS, (account,)))
    return _lots(rows(database, SELECT_LOTS_AT, (account, stored(at))))


def lots_before_sweeps(database: Database, account: str) -> list[dict[str, Any]]:
    """The lots that have points, or had when they expired, with those that no sweep has booked as expired."""
    return _lots(rows(database, SELECT_LOTS_BEFORE_SWEEPS, (account,)))


def lots_held(database: Database, account: str) -> list[dict[str, Any]]:
    """The lots of which refund requests hold points; `left` are those, less what is to be taken of them already."""
    return _lots(rows(database, SELECT_LOTS_HELD, (account,)))


def lots_out(database: Database, account: str) -> list[dict[str, Any]]:
    """The same of all points that may come back: those held, paid out, used, and those that stand in for others."""
    return _lots(rows(database, SELECT_LOTS_OUT, (account, account)))


def _lots(found: Iterable[Row]) -> list[dict[str, Any]]:
    lots = []
    for *own, declared, left in found:
        facts = dict(zip(LOT_NAMES, own, strict=True))
        _read_plainly(facts, LOT_READERS)
        facts["left"] = left
        facts.update(msgspec.json.decode(declared))
        lots.append(facts)
    return lots


def entries_of(database: Database, account: str, after: int | None, limit: int) -> list[dict[str, Any]]:
    """The entries of an account as plain JSON data, the last that was entered first, from the one after `after` on."""
    found = rows(database, SELECT_ENTRIES, (account, LAST if after is None else after, limit))
    return [
        {
            "id": number,
            "lot": lot,
            "source": source,
            "kind": kind,
            "points": points,
            "refund_request": request,
            "event": event or None,
            "rule": rule or None,
            "happened_at": to_the_second(happened_at),
            "entered_at": to_the_second(entered_at),
        }
        for number, lot, source, kind, points, request, event, rule, happened_at, entered_at in found
    ]


def left_of(database: Database, lot: str) -> int:
    """The points that a lot has left."""
    found: int = rows(database, 'SELECT "left" FROM lot WHERE id = ?', (lot,))[0][0]
    return found


def earned_by(database: Database, account: str, since: Mapping[str, datetime], of: str) -> list[dict[str, Any]]:
    """What an account earned by each rule since an instant, and for the event `of` by whichever rule, as JSON data."""
    starts = {rule: stored(start) for rule, start in since.items()}
    found = rows(database, SELECT_EARNED, (account, min(starts.values(), default=NEVER), of))
    return [
        {
            "id": lot,
            "rule": rule,
            "happened_at": to_the_second(happened_at),
            "points": points,
            "event": event,
            "lot": lot,
            "amount": amount,
            "taken": taken,
            "undone": undone,
        }
        for lot, rule, happened_at, points, event, amount, taken, undone in found
        if event == of or happened_at >= starts.get(rule, NEVER)
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
    return [_past(row) for row in found]


def _past(row: Row) -> dict[str, Any]:
    request, account_id, requested_at, points, method, receiving, state, payout = row
    return {
        "id": request,
        "account_id": account_id,
        "requested_at": to_the_second(requested_at),
        "points": points,
        "method": method,
        "receiving_account": receiving,
        "state": state,
        "payout": payout,
    }


def _split(facts: Mapping[str, Any], own: Sequence[str]) -> tuple[dict[str, Any], str]:
    """The facts that have a column, and the others, those of the programme, as JSON text."""
    declared = {name: value for name, value in facts.items() if name not in own and name not in ("id", "left")}
    kept = {name: canonical(facts[name]) if name in LISTS else facts[name] for name in own}
    return kept, canonical(declared)


def _read_plainly(facts: dict[str, Any], readers: Iterable[tuple[str, Callable[[Any], Any]]]) -> None:
    """Make what a database answered plain JSON data: days as text, flags as flags, lists as lists."""
    for name, read in readers:
        facts[name] = read(facts[name])
