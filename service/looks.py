"""Looking at the refund requests of many accounts: what has lapsed of them is booked first, as with a look at one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from service import moves, refund_requests
from service.database import Database, reading
from service.publishing import Versions, local_day_of
from service.refund_requests import DamagedRequest, Filed

HELD = moves.KINDS[moves.OWN].before
LAPSED = moves.KINDS[moves.OWN].state


def queue(
    database: Database,
    versions: Versions,
    state: str | None,
    account: str | None,
    after: str | None,
    limit: int,
    now: datetime,
) -> list[Filed | DamagedRequest]:
    """A page of `refund_requests.queue` with every request in the state that it is in by now, swept or not.

    Raises Unavailable.
    """
    before = HELD if state in (None, LAPSED) else tuple(each for each in HELD if each == state)
    looked: set[str] = set()
    while True:
        with reading(database):
            found = refund_requests.queue(database, state, account, after, limit)
            # What stands behind a full page cannot come into it.
            last = found[-1].id if len(found) == limit else None
            today = _latest_day(versions, now)
            held = [refund_requests.accounts_held_until(database, each, today, account, after, last) for each in before]
        over = [each for accounts in held for each in accounts if each not in looked][:limit]
        if not over:
            return found
        book(database, versions, over, now)
        looked.update(over)


def book(database: Database, versions: Versions, accounts: Iterable[str], now: datetime) -> None:
    """Book what has lapsed of each of some accounts, see `moves.before_a_look`."""
    for each in accounts:
        moves.before_a_look(database, versions, each, now)


def _latest_day(versions: Versions, now: datetime) -> date:
    """The day of the programme that is the furthest ahead: no hold that lasts until then is over."""
    in_force = (versions.in_force(policy, now) for policy in versions.policies())
    return max((local_day_of(each, now) for each in in_force if each is not None), default=now.date())
