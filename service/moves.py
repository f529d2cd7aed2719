"""The life of a refund request: which moves there are, from which states, and what each does to its points.

    filed -> approved | denied | needs_review
    needs_review -> approved | refused | cancelled | lapsed
    approved -> settled | failed | cancelled | lapsed
    settled -> reversed

Points are held from the filing on. `settle` pays them out for good; what ends a request otherwise gives them back to
the lots that they came from, as old as they were; what was to be taken back meanwhile is taken of them at once (see
`claims`). A request keeps the policy version and the decision of its filing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from service import claims, ledger, refund_requests
from service.claims import Collected
from service.clock import stored, to_the_second
from service.collected import tell_of
from service.database import Database, Unavailable, execute, reading, rows, writing
from service.errors import Refusal
from service.messages import refund_request_data
from service.outbox import announce
from service.publishing import Versions, local_day_of
from service.refund_requests import Filed

SELECT_STATE = (
    "SELECT refund_request.account_id, refund_request.state, refund_request.last_held_on, decision.digest"
    " FROM refund_request JOIN decision ON decision.id = decision_id WHERE refund_request.id = ?"
)
SELECT_HELD = (
    "SELECT refund_request.id, refund_request.last_held_on, decision.digest"
    " FROM refund_request JOIN decision ON decision.id = decision_id"
    " WHERE refund_request.account_id = ? AND refund_request.state IN ('approved', 'needs_review')"
    " AND refund_request.last_held_on < ? ORDER BY refund_request.id"
)
SET_STATE = "UPDATE refund_request SET state = ? WHERE id = ? AND state = ?"
INSERT = 'INSERT INTO "move" (request_id, name, before, state, actor, reason, moved_at) VALUES (?, ?, ?, ?, ?, ?, ?)'
SELECT = 'SELECT name, before, state, actor, reason, moved_at FROM "move" WHERE request_id = ? ORDER BY id'


def _keep(database: Database, account: str, request: str, at: datetime) -> Collected:
    """The points stay held."""
    return Collected()


def _settle(database: Database, account: str, request: str, at: datetime) -> Collected:
    ledger.settle(database, request)
    return Collected()


@dataclass(frozen=True, slots=True)
class Kind:
    """One move: from which states it may be made, where it leads, and what becomes of the points.

    `told` are the fields that it must be given: `by`, who makes it, and `reason`, why.
    """

    before: tuple[str, ...]
    state: str
    points: Callable[[Database, str, str, datetime], Collected]
    told: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    "approve": Kind(("needs_review",), "approved", _keep, ("by",)),
    "refuse": Kind(("needs_review",), "refused", claims.release, ("by", "reason")),
    "settle": Kind(("approved",), "settled", _settle),
    "fail": Kind(("approved",), "failed", claims.release, ("reason",)),
    "cancel": Kind(("approved", "needs_review"), "cancelled", claims.release),
    "reverse": Kind(("settled",), "reversed", claims.reverse, ("reason",)),
    "lapse": Kind(("approved", "needs_review"), "lapsed", claims.release),
}
# Nobody asks for it: time does.
OWN = "lapse"
REQUESTED = tuple(name for name in KINDS if name != OWN)
STATES = ("approved", "denied", "needs_review", *dict.fromkeys(kind.state for kind in KINDS.values()))


@dataclass(frozen=True, slots=True)
class Move:
    """One step that a request made, by whom ("": the service) and why."""

    name: str
    before: str
    state: str
    by: str
    reason: str
    moved_at: str


def allowed(state: str) -> list[str]:
    """The moves that can be asked for in a state."""
    return [name for name in REQUESTED if state in KINDS[name].before]


def moves_of(database: Database, request: str) -> list[Move]:
    """The steps that a request made, oldest first."""
    return [
        Move(name, before, state, by, reason, to_the_second(moved_at))
        for name, before, state, by, reason, moved_at in rows(database, SELECT, (request,))
    ]


def move(database: Database, versions: Versions, request: str, name: str, by: str, reason: str, now: datetime) -> Filed:
    """Make a move inside an open write transaction; the request as it is then. Raises Refusal: no such request, or a
    move that its state forbids.

    A request whose hold is over has lapsed, whether or not a sweep has come by.
    """
    found = rows(database, SELECT_STATE, (request,))
    if not found:
        raise Refusal("not-found", what=f"/v1/refund-requests/{request}")
    account = found[0][0]
    ledger.find_account(database, account, locked=True)
    _, state, last_held_on, digest = rows(database, SELECT_STATE, (request,))[0]
    if state in KINDS[OWN].before and _over(versions, last_held_on, digest, now):
        state = KINDS[OWN].state
    if state not in KINDS[name].before:
        raise Refusal("illegal-move", state=state, allowed=allowed(state))
    return _make(database, account, request, name, state, by, reason, now)


def lapse_overdue(database: Database, versions: Versions, account: str, now: datetime) -> list[str]:
    """Give back what requests of a locked account hold longer than their policy lets them; their ids."""
    overdue = _overdue(database, versions, account, now)
    for request in overdue:
        _, state, _, _ = rows(database, SELECT_STATE, (request,))[0]
        _make(database, account, request, OWN, state, "", "", now)
    return overdue


def before_a_look(database: Database, versions: Versions, account: str, now: datetime) -> None:
    """Book what has lapsed of an account that somebody is about to look at, so that every answer says the same,
    whenever the last sweep was. Nothing is written where nothing is over; and where nothing can be written, the look
    shows what is booked.
    """
    before_looks(database, versions, (account,), now)


def before_looks(database: Database, versions: Versions, accounts: Iterable[str], now: datetime) -> None:
    """The same of several accounts that are about to be looked at together."""
    with reading(database):
        found = behind(database, versions, accounts, now)
    book(database, versions, found, now)


def behind(database: Database, versions: Versions, accounts: Iterable[str], now: datetime) -> list[str]:
    """Those of some accounts of which something has lapsed that nobody has booked."""
    return [each for each in accounts if _overdue(database, versions, each, now)]


def book(database: Database, versions: Versions, accounts: Iterable[str], now: datetime) -> None:
    """Book what has lapsed of accounts, as far as anything can be written now."""
    for account in accounts:

        def work(account: str = account) -> None:
            if ledger.find_account(database, account, locked=True) is not None:
                lapse_overdue(database, versions, account, now)

        with suppress(Unavailable):
            writing(database, work)


def _overdue(database: Database, versions: Versions, account: str, now: datetime) -> list[str]:
    # No zone is a whole day ahead of UTC, so no policy calls a later day than this one over.
    latest = now.astimezone(UTC).date() + timedelta(days=1)
    held = rows(database, SELECT_HELD, (account, latest))
    return [request for request, last_held_on, digest in held if _over(versions, last_held_on, digest, now)]


def _over(versions: Versions, last_held_on: object, digest: str, now: datetime) -> bool:
    return last_held_on is not None and str(last_held_on) < local_day_of(versions.compiled(digest), now).isoformat()


def _make(
    database: Database, account: str, request: str, name: str, state: str, by: str, reason: str, now: datetime
) -> Filed:
    kind = KINDS[name]
    changed = execute(database, SET_STATE, (kind.state, request, state))
    assert changed == 1, f"{request} is {state} no longer, although its account is locked"
    collected = kind.points(database, account, request, now)
    execute(database, INSERT, (request, name, state, kind.state, by, reason, stored(now)))
    filed = refund_requests.find(database, request)
    assert filed is not None, "it was just moved"
    announce(database, f"refund_request.{filed.state}", account, refund_request_data(filed), now)
    tell_of(database, filed.decision["policy"], account, collected, now)
    return filed
