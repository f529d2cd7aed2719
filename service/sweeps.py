"""What time does to accounts: holds that lapse, points that expire, charges of dormancy, and notices that are due.

Each account is swept once for each local day of its programme, all days in their order, in a transaction of its own.
So a sweep may be run at any moment, again, after a pause of weeks, and on several machines at once. No decision waits
for it: whether points have expired is tested when one is made.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from engine.cases import BadCase, read_day_case
from engine.compiled import CompiledVersion
from engine.daily import Daily, Expired, Told, daily, lapsed
from engine.errors import Conflict
from engine.windows import begins
from service import ledger, moves
from service.clock import stored
from service.database import Database, execute, reading, rows, writing
from service.json_body import canonical
from service.ledger import Part
from service.messages import lots_data, reasons_data
from service.outbox import announce
from service.publishing import Versions, local_day_of

SELECT_UNSWEPT = (
    "SELECT id FROM account WHERE policy = ? AND id > ? AND (swept_on IS NULL OR swept_on < ?) ORDER BY id LIMIT ?"
)
SELECT_SWEPT_ON = "SELECT swept_on FROM account WHERE id = ?"
SET_SWEPT_ON = "UPDATE account SET swept_on = ? WHERE id = ?"
INSERT_NOTICE = (
    "INSERT INTO notice (account_id, rule, day, digest, points, data, noticed_at) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
PAGE = 500

log = logging.getLogger("recoup.service")

COUNTED = ("accounts", "expired", "charged", "notices", "lapsed", "failed")
"""What a sweep counts: accounts, lots that expired, lots that were charged, notices, requests that lapsed, and accounts
that could not be swept and were left as they were.
"""


def sweep(database: Database, versions: Versions, now: datetime) -> Counter[str]:
    """Sweep every account that was not swept today. Raises Unavailable; what was swept until then stays so."""
    found: Counter[str] = Counter()
    with reading(database):
        policies = [(policy, versions.in_force(policy, now)) for policy in versions.policies()]
    for policy, compiled in policies:
        if compiled is not None:
            today = local_day_of(compiled, now)
            for account in _unswept(database, policy, today):
                found += sweep_account(database, versions, account, today, now)
    return found


def _unswept(database: Database, policy: str, today: date) -> Iterator[str]:
    """The accounts of a policy that were not swept today, page by page."""
    last = ""
    while True:
        with reading(database):
            page = [row[0] for row in rows(database, SELECT_UNSWEPT, (policy, last, today, PAGE))]
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1]


def sweep_account(
    database: Database, versions: Versions, account: str, today: date, now: datetime, first: date | None = None
) -> Counter[str]:
    """Sweep one account, for all days since it was swept last; where it never was from the `first`, or for today."""
    try:
        return writing(database, lambda: _sweep_days(database, versions, account, first or today, today, now))
    except (BadCase, Conflict) as error:
        log.error("account %s cannot be swept: %s", account, error)
        return Counter(failed=1)


def _sweep_days(
    database: Database, versions: Versions, account: str, first: date, today: date, now: datetime
) -> Counter[str]:
    kept = ledger.find_account(database, account, locked=True)
    assert kept is not None, "an account is never deleted"
    swept_on = _day(rows(database, SELECT_SWEPT_ON, (account,))[0][0])
    if swept_on is not None and swept_on >= today:
        # Another machine came first.
        return Counter()
    found = Counter(accounts=1, lapsed=len(moves.lapse_overdue(database, versions, account, now)))
    day = first if swept_on is None else swept_on + timedelta(days=1)
    while day <= today:
        # A day is swept by one version, the one in force when it began.
        compiled = versions.in_force(kept.policy, _beginning(versions, kept.policy, day, now))
        if compiled is not None:
            found += _sweep_day(database, compiled, kept.facts, day, now)
        day += timedelta(days=1)
    execute(database, SET_SWEPT_ON, (today, account))
    return found


def _sweep_day(
    database: Database, compiled: CompiledVersion, account: dict[str, Any], day: date, now: datetime
) -> Counter[str]:
    account_id = account["id"]
    lots = ledger.lots_of(database, account_id)
    case = read_day_case(compiled.policy, {"account": account, "lots": lots, "day": day.isoformat()})
    ended = lapsed(compiled, case)
    for each in ended:
        on = begins(date.fromisoformat(each.last_usable_on) + timedelta(days=1), compiled.zone)
        ledger.take(database, account_id, "expire", [Part(each.lot, each.points, rule=each.rule)], on, now)
    found = daily(compiled, case)
    parts = [Part(each.lot, each.points, rule=each.rule) for each in found.charged]
    ledger.take(database, account_id, "charge", parts, begins(day, compiled.zone), now)
    for notice in found.notices:
        _keep(database, compiled, account_id, notice, day, now)
    _announce(database, compiled.policy.id, ended, found, day, now)
    return Counter(expired=len(ended), charged=len(parts), notices=len(found.notices))


def _announce(
    database: Database, policy: str, ended: Sequence[Expired], found: Daily, day: date, now: datetime
) -> None:
    """Tell others what a day came to."""
    whose = {"policy": policy, "account": found.account, "on": day.isoformat()}
    if ended:
        lots = lots_data([(each.lot, each.points) for each in ended])
        told = {**whose, **lots, "reasons": reasons_data(ended)}
        announce(database, "points.expired", found.account, told, now)
    if found.charged:
        lots = lots_data([(each.lot, each.points) for each in found.charged])
        told = {**whose, **lots, "reasons": reasons_data(found.reasons)}
        announce(database, "points.charged", found.account, told, now)
    for notice in found.notices:
        days = {"last_usable_on": notice.last_usable_on, "charged_on": notice.charged_on}
        told = {**whose, **days, "points": notice.points, "reasons": reasons_data([notice])}
        announce(database, "points.notice", found.account, told, now)


def _keep(database: Database, compiled: CompiledVersion, account: str, notice: Told, day: date, now: datetime) -> None:
    row = (account, notice.rule, day, compiled.version.digest, notice.points, canonical(notice.to_data()), stored(now))
    execute(database, INSERT_NOTICE, row)


def _beginning(versions: Versions, policy: str, day: date, now: datetime) -> datetime:
    """When a local day of the programme began."""
    compiled = versions.in_force(policy, now)
    assert compiled is not None, "a policy in force today is swept"
    return begins(day, compiled.zone)


def _day(found: Any) -> date | None:
    return date.fromisoformat(str(found)) if found is not None else None
