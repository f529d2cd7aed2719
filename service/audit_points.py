"""What became of points over time, for finance: by policy, class and the rule that brought them, exactly as booked.

Two equations hold of each line, and of their sums:

    closing = opening + granted - held + released + reversed - used + returned - expired - taken_back - charged - repaid
    held_closing = held_opening + held - released - settled

`opening` and `closing` are what members can use, and `held_opening` and `held_closing` what refund requests hold; what
the programme owes is both together. The sums are made by the database, in one pass over the ledger; those that are
split by expiry too are made account by account, because the rules say when points expire.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from engine.calendars import local_day
from engine.cases import BadCase, read_day_case
from engine.compiled import CompiledVersion
from engine.errors import Conflict
from engine.lot_days import lot_days
from engine.scene import Scene
from engine.windows import begins
from service import ledger
from service.clock import stored
from service.database import Database, rows
from service.periods import DAY, Period, bounds
from service.publishing import Versions

BY = ("happened_at", "entered_at")
"""By which instant an entry is in a period: when it counts, or when it was written down, which never changes a period
that has ended.
"""
NO_SIGN = ""
# Of each column: the kind of entry, which of them, and 1 where they add to what members can use.
COLUMNS = {
    "granted": ("grant", NO_SIGN, 1),
    "held": ("hold", NO_SIGN, -1),
    "released": ("release", NO_SIGN, 1),
    "reversed": ("reverse", NO_SIGN, 1),
    "used": ("use", " AND entry.points < 0", -1),
    "returned": ("use", " AND entry.points > 0", 1),
    # What a late clawback puts back first is expired no longer.
    "expired": ("expire", NO_SIGN, -1),
    "taken_back": ("take_back", NO_SIGN, -1),
    "charged": ("charge", NO_SIGN, -1),
    "repaid": ("repay", NO_SIGN, -1),
}
FIGURES = ("opening", *COLUMNS, "closing", "held_opening", "settled", "held_closing")
SPLIT = {"class": ("source", "rule"), "expiry": ("source", "rule", "expires_in")}
"""What lines are of: a class and the rule that brought the points, or of these the points that expire in one month."""
MOVEMENT = {split: ("policy", *names, "from", "to", *FIGURES) for split, names in SPLIT.items()}
OUTSTANDING = ("policy", "source", "rule", "expires_in", "points")
UNKNOWN = "unknown"
"""In place of a month, where the account of a lot does not fit the policy in force."""

SUMS = ", ".join(
    f"CAST(SUM(CASE WHEN entry.kind = '{kind}'{which} THEN {sign} * entry.points ELSE 0 END) AS BIGINT)"
    for kind, which, sign in COLUMNS.values()
)
OF_LOT = "JOIN lot ON lot.id = {lot} JOIN account ON account.id = lot.account_id"
SELECT_ENTRIES = (
    f"SELECT lot.source, lot.rule, {{period}} AS period, CAST(SUM(entry.points) AS BIGINT), {SUMS}"  # noqa: S608
    f" FROM ledger_entry entry {OF_LOT.format(lot='entry.lot_id')}"
    " WHERE account.policy = ? AND entry.{by} < ? GROUP BY lot.source, lot.rule, period"
)
SELECT_SETTLED = (
    'SELECT lot.source, lot.rule, {period} AS period, CAST(SUM(hold.points) AS BIGINT) FROM "move"'  # noqa: S608
    f' JOIN hold ON hold.request_id = "move".request_id {OF_LOT.format(lot="hold.lot_id")}'
    ' WHERE "move".name = \'settle\' AND account.policy = ? AND "move".moved_at < ?'
    " GROUP BY lot.source, lot.rule, period"
)
OF_ACCOUNTS = "JOIN lot ON lot.id = {lot} WHERE lot.account_id IN ({{marks}})"
SELECT_ENTRIES_OF_LOTS = (
    f"SELECT entry.lot_id, {{period}} AS period, CAST(SUM(entry.points) AS BIGINT), {SUMS},"  # noqa: S608
    " MAX(CASE WHEN entry.kind = 'expire' AND entry.points < 0 THEN entry.happened_at END)"
    f" FROM ledger_entry entry {OF_ACCOUNTS.format(lot='entry.lot_id')} AND entry.{{by}} < ?"
    " GROUP BY entry.lot_id, period"
)
SELECT_SETTLED_OF_LOTS = (
    'SELECT hold.lot_id, {period} AS period, CAST(SUM(hold.points) AS BIGINT) FROM "move"'  # noqa: S608
    f' JOIN hold ON hold.request_id = "move".request_id {OF_ACCOUNTS.format(lot="hold.lot_id")}'
    ' AND "move".name = \'settle\' AND "move".moved_at < ? GROUP BY hold.lot_id, period'
)
SELECT_ACCOUNTS = "SELECT id FROM account WHERE policy = ? AND id > ? ORDER BY id LIMIT ?"
SELECT_LOTS = (
    f"SELECT {ledger.LOT_COLUMNS}, CAST(COALESCE(SUM(entry.points), 0) AS BIGINT), lot.account_id, lot.rule"  # noqa: S608
    " FROM lot LEFT JOIN ledger_entry entry ON entry.lot_id = lot.id AND entry.{by} < ?"
    " WHERE lot.account_id IN ({marks}) GROUP BY lot.id{having}"
)
NOT_SPENT = " HAVING COALESCE(SUM(entry.points), 0) <> 0"
PAGE = 200


@dataclass(slots=True)
class _Sums:
    """What the entries of one class and rule come to in one period; `change` is all of them."""

    change: int
    columns: Sequence[int]
    settled: int = 0

    def add(self, other: _Sums) -> None:
        """Take in what others come to."""
        self.change += other.change
        self.columns = [own + more for own, more in zip(self.columns, other.columns, strict=True)]
        self.settled += other.settled


Key = tuple[str | None, ...]
"""What a line is of, by the names of SPLIT."""


def movements(
    database: Database,
    versions: Versions,
    some: Sequence[Period],
    by: str,
    policy: str | None = None,
    split: str = "class",
) -> list[dict[str, Any]]:
    """What became of points in periods that follow each other: a line for each class, rule and period with points.

    Split by `expiry`, each lot is in one month for all periods: that of its last usable day, as the rules say it at the
    end of the last period, or as it was booked where the lot has expired. None: it never expires.
    """
    found: list[dict[str, Any]] = []
    for each in versions.policies() if policy is None else [policy]:
        newest = versions.compiled(versions.listed(each)[0].digest)
        limits = bounds(some, newest.zone)
        if split == "class":
            sums = _sums(database, each, limits, by)
        else:
            sums = _sums_by_expiry(database, versions, each, limits, by, some[-1].last)
        for key, own in sorted(sums.items(), key=_in_order):
            found += _lines({"policy": each} | dict(zip(SPLIT[split], key, strict=True)), some, own)
    return found


def _in_order(item: tuple[Key, Any]) -> list[str]:
    # What never expires is last.
    return ["~" if each is None else each for each in item[0]]


def _sums(database: Database, policy: str, limits: Sequence[str], by: str) -> dict[Key, dict[int, _Sums]]:
    sums: dict[Key, dict[int, _Sums]] = defaultdict(dict)
    asked = (policy, limits[-1])
    statement = SELECT_ENTRIES.format(period=_period(f"entry.{by}", limits[:-1]), by=by)
    for source, rule, period, change, *columns in rows(database, statement, asked):
        sums[source, rule][period] = _Sums(change, columns)
    statement = SELECT_SETTLED.format(period=_period('"move".moved_at', limits[:-1]))
    for source, rule, period, settled in rows(database, statement, asked):
        kept = sums[source, rule].setdefault(period, _Sums(0, [0] * len(COLUMNS)))
        kept.settled = settled
    return sums


def _sums_by_expiry(
    database: Database, versions: Versions, policy: str, limits: Sequence[str], by: str, on: date
) -> dict[Key, dict[int, _Sums]]:
    found: dict[Key, dict[int, _Sums]] = defaultdict(dict)
    compiled, end, zone = _at_end(versions, policy, on)
    for page, lots in _pages(database, policy, end, by):
        sums, expired = _sums_of_lots(database, page, limits, by)
        for account, own in lots.items():
            moved = [lot for lot in own if lot["id"] in sums]
            days = _last_days(database, compiled, account, moved, on)
            for lot, last_day in zip(moved, days, strict=True):
                booked = expired.get(lot["id"])
                month = last_day and last_day[:7]
                if booked is not None and not lot["left"]:
                    month = (local_day(datetime.fromisoformat(booked), zone) - DAY).isoformat()[:7]
                line = found[lot["source"], lot["rule"], month]
                for period, more in sums[lot["id"]].items():
                    line.setdefault(period, _Sums(0, [0] * len(COLUMNS))).add(more)
    return found


def _sums_of_lots(
    database: Database, accounts: Sequence[str], limits: Sequence[str], by: str
) -> tuple[dict[str, dict[int, _Sums]], dict[str, str]]:
    """What the entries of each lot come to by period; and the instant from which a lot had expired, where that was
    booked.
    """
    sums: dict[str, dict[int, _Sums]] = defaultdict(dict)
    expired: dict[str, str] = {}
    asked, marks = (*accounts, limits[-1]), ", ".join("?" * len(accounts))
    statement = SELECT_ENTRIES_OF_LOTS.format(period=_period(f"entry.{by}", limits[:-1]), by=by, marks=marks)
    for lot, period, change, *columns, at in rows(database, statement, asked):
        sums[lot][period] = _Sums(change, columns)
        if at is not None:
            expired[lot] = max(at, expired.get(lot, ""))
    statement = SELECT_SETTLED_OF_LOTS.format(period=_period('"move".moved_at', limits[:-1]), marks=marks)
    for lot, period, settled in rows(database, statement, asked):
        sums[lot].setdefault(period, _Sums(0, [0] * len(COLUMNS))).settled = settled
    return sums, expired


def _period(column: str, starts: Sequence[str], before: int = -1) -> str:
    """The number of the period that an instant is in, -1 before the first, as SQL that compares few times."""
    if not starts:
        return str(before)
    middle = len(starts) // 2
    earlier = _period(column, starts[:middle], before)
    later = _period(column, starts[middle + 1 :], before + middle + 1)
    return f"CASE WHEN {column} < '{starts[middle]}' THEN {earlier} ELSE {later} END"


def _lines(named: dict[str, Any], some: Sequence[Period], sums: dict[int, _Sums]) -> Iterator[dict[str, Any]]:
    held, released = list(COLUMNS).index("held"), list(COLUMNS).index("released")
    points = holds = 0
    nothing = _Sums(0, [0] * len(COLUMNS))
    for number in range(-1, len(some)):
        own = sums.get(number, nothing)
        opening, held_opening = points, holds
        points += own.change
        holds += own.columns[held] - own.columns[released] - own.settled
        signed = sum(sign * value for value, (*_, sign) in zip(own.columns, COLUMNS.values(), strict=True))
        assert own.change == signed, f"the ledger has entries of a kind that no column is of: {named}"
        if number >= 0 and (opening or held_opening or any(own.columns) or own.settled):
            columns = dict(zip(COLUMNS, own.columns, strict=True))
            holding = {"held_opening": held_opening, "settled": own.settled, "held_closing": holds}
            yield named | some[number].data() | {"opening": opening, **columns, "closing": points, **holding}


def outstanding(
    database: Database, versions: Versions, on: date, by: str, policy: str | None = None
) -> list[dict[str, Any]]:
    """What members could use at the end of a local day, by the month of the last usable day (None: never expires).

    The rules say that day, so each account is looked at, page by page; by the text in force on the day, and the
    account's facts of now.
    """
    found: list[dict[str, Any]] = []
    for each in versions.policies() if policy is None else [policy]:
        sums: defaultdict[Key, int] = defaultdict(int)
        compiled, end, _ = _at_end(versions, each, on)
        for _, page in _pages(database, each, end, by, NOT_SPENT):
            for account, lots in page.items():
                for lot, last_day in zip(lots, _last_days(database, compiled, account, lots, on), strict=True):
                    sums[lot["source"], lot["rule"], last_day and last_day[:7]] += lot["left"]
        for key, points in sorted(sums.items(), key=_in_order):
            found.append({"policy": each, **dict(zip(SPLIT["expiry"], key, strict=True)), "points": points})
    return found


def _at_end(versions: Versions, policy: str, on: date) -> tuple[CompiledVersion | None, datetime, ZoneInfo]:
    """The version in force at the end of a local day, that instant, and the zone that says so."""
    zone = versions.compiled(versions.listed(policy)[0].digest).zone
    end = begins(on + DAY, zone)
    return versions.in_force(policy, end - timedelta(seconds=1)), end, zone


def _pages(
    database: Database, policy: str, end: datetime, by: str, having: str = ""
) -> Iterator[tuple[Sequence[str], dict[str, list[dict[str, Any]]]]]:
    """The accounts of a policy, page by page; and of each that has any its lots, as plain JSON data, with what was left
    of them at an instant.
    """
    last = ""
    while page := [row[0] for row in rows(database, SELECT_ACCOUNTS, (policy, last, PAGE))]:
        statement = SELECT_LOTS.format(marks=", ".join("?" * len(page)), by=by, having=having)
        lots = defaultdict[str, list[dict[str, Any]]](list)
        for *own, declared, left, account, rule in rows(database, statement, (stored(end), *page)):
            facts = dict(zip(ledger.LOT_NAMES, own, strict=True))
            for name, read in ledger.LOT_READERS:
                facts[name] = read(facts[name])
            lots[account].append(facts | {"left": left} | msgspec.json.decode(declared) | {"rule": rule})
        yield page, lots
        last = page[-1]


def _last_days(
    database: Database, compiled: CompiledVersion | None, account: str, lots: list[dict[str, Any]], on: date
) -> list[str | None]:
    """The last usable day of each lot, as the rules say it on a day; in the order of the lots, whatever that is."""
    kept = ledger.find_account(database, account)
    if compiled is None or kept is None:
        return [UNKNOWN] * len(lots)
    # The rule that brought a lot is no fact of it. What was told late may be spent before it came.
    own = [
        {name: value for name, value in lot.items() if name != "rule"}
        | {"left": min(max(lot["left"], 0), lot["amount"])}
        for lot in lots
    ]
    try:
        case = read_day_case(compiled.policy, {"account": kept.facts, "lots": own, "day": on.isoformat()})
        days = lot_days(compiled, Scene(case.account, on, begins(on, compiled.zone)), case.lots).last_days
    except (BadCase, Conflict):
        return [UNKNOWN] * len(lots)
    # A case has its lots in the order of their ids.
    by_lot = {lot.id: None if day is None else day.isoformat() for lot, day in zip(case.lots, days, strict=True)}
    return [by_lot[lot["id"]] for lot in lots]
