"""What happened to members, as calling systems tell it: kept once each, answered by the policy, booked in the ledger.

An event has an id of its caller's; told again it gets the answer that it had. Events may come late and in any order:
each is answered by the version that was in force when it happened, and one that undoes another which has not come yet
waits for it. Points that an event of type `points_used` spends, its `amount`, are taken from the lots; the event that
undoes it puts them back where they came from. Points that come pay first what is claimed and owed (see `claims`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from engine.calendars import local_day
from engine.compiled import CompiledVersion
from engine.decision import ENGINE, Reason
from engine.errors import Conflict, NotInForce
from engine.events import EventAnswer, answer, counted_from
from engine.facts import EventCase, event_case_data
from engine.reading import instant_words
from service import booking, event_mistakes, ledger
from service.clock import spoken, stored, to_the_second
from service.database import Database, execute, execute_many, rows, step, writing
from service.errors import FieldError, Refusal, problem_data
from service.idempotency import digest_of
from service.json_body import canonical
from service.ledger import StoredAccount
from service.publishing import Versions

INSERT = (
    "INSERT INTO event (id, account_id, type, of, amount, body, digest, happened_at, entered_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"
)
INSERT_ANSWER = (
    "INSERT INTO event_answer (event_id, digest, refused, case_data, data, answered_at) VALUES (?, ?, ?, ?, ?, ?)"
)
SELECT = (
    "SELECT event.id, account_id, type, of, event.digest, body, happened_at, entered_at, refused, data"
    " FROM event LEFT JOIN event_answer ON event_answer.event_id = event.id WHERE "
)
SELECT_WAITING = (
    "SELECT account_id, body FROM event LEFT JOIN event_answer ON event_answer.event_id = event.id"
    " WHERE of = ? AND event_answer.event_id IS NULL ORDER BY happened_at, event.id"
)
# Clocks of two machines differ.
AHEAD = timedelta(minutes=15)
# Events of one transaction: enough to share what a commit costs, few enough to keep others waiting for a moment only.
TOGETHER = 100
USED = "points_used"
UNKNOWN_ACCOUNT = FieldError.at(("account",), "unknown")
STATES: Mapping[str, str] = {
    "answered": " AND refused = FALSE",
    "refused": " AND refused = TRUE",
    "waiting": " AND event_answer.event_id IS NULL",
}
"""The states of an event, and what each adds to the statement that finds events."""
# What answers of before do not hold.
ADDED_LATER: dict[str, Any] = {"repaid": [], "awaited": [], "given_back": []}
NOTHING: dict[str, Any] = {"used": [], "returned": [], **ADDED_LATER}
"""What an answer says of the lots where nothing became of them."""

log = logging.getLogger("recoup.service")


@dataclass(frozen=True, slots=True)
class Answered:
    """An event that was answered already, as the examples of the demo are: its account, what was told and what came."""

    account: str
    event: Mapping[str, Any]
    case: EventCase
    answer: EventAnswer


def keep(database: Database, answered: Iterable[Answered], now: datetime) -> None:
    """Keep events whose lots are in the ledger already."""
    told, answers = [], []
    for each in answered:
        read, body = each.case.event, {**each.event, "account": each.account}
        row = (read.id, each.account, read.type, read.of, read.amount, canonical(each.event), digest_of(body))
        told.append((*row, stored(read.happened_at), stored(now)))
        data = canonical(each.answer.to_data() | NOTHING)
        answers.append((read.id, each.answer.digest, False, canonical(event_case_data(each.case)), data, stored(now)))
    execute_many(database, INSERT, told)
    execute_many(database, INSERT_ANSWER, answers)


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it is kept. `answer` is what it came to; None while it waits for the one that it undoes."""

    id: str
    account: str
    type: str
    of: str
    digest: str
    body: Mapping[str, Any]
    happened_at: str
    entered_at: str
    refused: bool
    answer: Mapping[str, Any] | None

    @property
    def state(self) -> str:
        """`answered`, `refused` or `waiting`."""
        return "waiting" if self.answer is None else "refused" if self.refused else "answered"


def tell(database: Database, versions: Versions, body: Mapping[str, Any], now: datetime) -> Told:
    """Keep and answer one event. Raises Refusal, Unavailable."""
    return writing(database, lambda: tell_within(database, versions, body, now))


def tell_many(
    database: Database, versions: Versions, bodies: Sequence[Mapping[str, Any]], now: datetime
) -> list[Told | Refusal]:
    """Keep and answer many events, each by itself: what came of each, in their order. Raises Unavailable.

    Those of one account are answered in the order in which they happened.
    """
    found: dict[int, Told | Refusal] = {}
    # In one order everywhere, so that two batches cannot wait for each other.
    order = sorted(range(len(bodies)), key=lambda place: _sort_key(bodies[place]))

    def take(places: Sequence[int]) -> None:
        for place in places:
            try:
                with step(database):
                    found[place] = tell_within(database, versions, bodies[place], now)
            except Refusal as refusal:
                found[place] = refusal

    for start in range(0, len(order), TOGETHER):
        some = order[start : start + TOGETHER]
        writing(database, lambda some=some: take(some))  # type: ignore[misc]
    return [found[place] for place in range(len(bodies))]


def tell_within(database: Database, versions: Versions, body: Mapping[str, Any], now: datetime) -> Told:
    """The same inside a write transaction that is open already."""
    account = ledger.find_account(database, body["account"], locked=True)
    if account is None:
        raise Refusal("unknown-account", [UNKNOWN_ACCOUNT], account=body["account"])
    digest = digest_of(body)
    # What was told before is known whatever the clock and the rules say by now.
    known = find(database, body["id"]) or _told_now(database, versions, account, body, digest, now)
    if known.digest != digest:
        raise Refusal("event-id-reused", _differences(known, body))
    undone = find(database, known.of) if known.answer is None else None
    if undone is None or undone.answer is None:
        return known
    # It waits no longer than until it is told again, had it missed the other, which came at the same moment.
    _answer_late(database, versions, known.account, known.body, undone, now)
    return find(database, known.id) or known


def _differences(known: Told, body: Mapping[str, Any]) -> list[FieldError]:
    """Where an event with an id that is known is another one."""
    before = {**known.body, "account": known.account}
    return [
        FieldError.at((name,), "other-than-before")
        for name in {**body, **before}
        if name not in body or name not in before or canonical(body[name]) != canonical(before[name])
    ]


def mistaken(
    database: Database, versions: Versions, sent: Mapping[str, Any], errors: Sequence[FieldError], now: datetime
) -> Refusal:
    """The refusal of an event with `errors` that are known, and with all others that can be found."""
    told = sent.get("account")
    account = ledger.find_account(database, told) if isinstance(told, str) and told else None
    if account is None:
        unknown = [] if "#/account" in {each.where["pointer"] for each in errors} else [UNKNOWN_ACCOUNT]
        return Refusal("bad-request", [*errors, *unknown])
    compiled = versions.in_force(account.policy, now)
    if compiled is not None:
        event = {name: value for name, value in sent.items() if name != "account"}
        try:
            event_mistakes.check(compiled, account, event, errors)
        except Refusal as refusal:
            return refusal
    return Refusal("bad-request", errors)


def _told_now(
    database: Database, versions: Versions, account: StoredAccount, body: Mapping[str, Any], digest: str, now: datetime
) -> Told:
    """Keep and answer an event of a locked account that nobody has told yet."""
    event = {name: value for name, value in body.items() if name != "account"}
    happened_at = datetime.fromisoformat(event["happened_at"])
    future = happened_at > now + AHEAD
    compiled = _in_force(versions, account, now if future else happened_at)
    read = event_mistakes.check(compiled, account, event, future=future).event
    if future:
        raise Refusal("not-yet", [FieldError.at(("happened_at",), "in-the-future")], now=spoken(now))
    row = (read.id, account.id, read.type, read.of, read.amount, canonical(event), digest)
    if execute(database, INSERT, (*row, stored(happened_at), stored(now))) == 1:
        _take_up(database, versions, compiled, account, event, now)
    found = find(database, read.id)
    assert found is not None, "it was just told, here or by another account"
    return found


def find(database: Database, id: str) -> Told | None:
    """The event of an id."""
    found = rows(database, SELECT + "event.id = ?", (id,))
    return _told(found[0]) if found else None


def page_of(database: Database, account: str, after: str | None, limit: int, state: str = "") -> list[Told]:
    """The events of an account, in one state or any, the last that happened first, from the one after `after` on."""
    older = ""
    parameters: list[object] = [account]
    if after is not None:
        older = " AND (happened_at, event.id) < (SELECT happened_at, id FROM event WHERE id = ?)"
        parameters.append(after)
    of_state = STATES[state] if state else ""
    where = f"account_id = ?{older}{of_state} ORDER BY happened_at DESC, event.id DESC LIMIT ?"
    return [_told(row) for row in rows(database, SELECT + where, (*parameters, limit))]


def _told(row: Sequence[Any]) -> Told:
    event, account, sort, of, digest, body, happened_at, entered_at, refused, data = row
    return Told(
        id=event,
        account=account,
        type=sort,
        of=of,
        digest=digest,
        body=msgspec.json.decode(body),
        happened_at=to_the_second(happened_at),
        entered_at=to_the_second(entered_at),
        refused=bool(refused),
        answer=None if data is None else {**ADDED_LATER, **msgspec.json.decode(data)},
    )


def _sort_key(body: Mapping[str, Any]) -> tuple[str, str, str]:
    return (body["account"], body["happened_at"], str(body.get("id")))


def _take_up(
    database: Database,
    versions: Versions,
    compiled: CompiledVersion,
    account: StoredAccount,
    event: Mapping[str, Any],
    now: datetime,
) -> None:
    """Answer an event that has just come, and those that waited for it."""
    of = event.get("of", "")
    undone = find(database, of) if of else None
    if undone is not None:
        misfit = _misfit(compiled, account.id, event, undone)
        if misfit is not None:
            raise misfit
    if of and undone is None:
        return
    _answer(database, compiled, account, event, undone, now)
    answered = find(database, event["id"])
    assert answered is not None, "it was just answered"
    for whose, body in rows(database, SELECT_WAITING, (event["id"],)):
        _answer_late(database, versions, whose, msgspec.json.decode(body), answered, now)


def _answer_late(
    database: Database, versions: Versions, whose: str, event: Mapping[str, Any], undone: Told, now: datetime
) -> None:
    """Answer an event that waited for the one which it undoes; it waits on where it cannot be answered.

    The account of the one that it undoes is locked: that of another account is refused, and nothing of it is changed.
    """
    account = ledger.find_account(database, whose, locked=whose == undone.account)
    assert account is not None, "an account is never deleted"
    try:
        with step(database):
            compiled = _in_force(versions, account, datetime.fromisoformat(event["happened_at"]))
            misfit = _misfit(compiled, whose, event, undone)
            if misfit is None:
                _answer(database, compiled, account, event, undone, now)
            else:
                _refuse(database, compiled, account, event, misfit, now)
    except Refusal as refusal:
        log.warning("event %s waits on: %s", event["id"], refusal.code)


def _misfit(compiled: CompiledVersion, account: str, event: Mapping[str, Any], undone: Told) -> Refusal | None:
    return event_mistakes.misfit(compiled.policy, account, event, undone.account, undone.type, undone.of)


def _refuse(
    database: Database,
    compiled: CompiledVersion,
    account: StoredAccount,
    event: Mapping[str, Any],
    misfit: Refusal,
    now: datetime,
) -> None:
    """Answer an event that waited for one which it cannot undo: it was kept, and must not be carried out."""
    case = event_mistakes.read(compiled, account, event, [], [])
    ko, en = (str(problem_data(misfit.code, (), misfit.figures, language)["detail"]) for language in ("ko", "en"))
    refused = EventAnswer(
        policy=compiled.policy.id,
        version=compiled.version.number,
        digest=compiled.version.digest,
        engine=ENGINE,
        account=account.id,
        event=case.event.id,
        happened_at=instant_words(case.event.happened_at),
        happened_on=local_day(case.event.happened_at, compiled.zone).isoformat(),
        points=0,
        granted=(),
        trace=(),
        refused=True,
        reasons=(Reason(misfit.code, "event", "refuses", "", ko, en, {}, None),),
    )
    _keep_answer(database, compiled, case, refused.to_data() | NOTHING, now)


def _answer(
    database: Database,
    compiled: CompiledVersion,
    account: StoredAccount,
    event: Mapping[str, Any],
    undone: Told | None,
    now: datetime,
) -> None:
    """Answer an event and book what it comes to."""
    happened_at = datetime.fromisoformat(event["happened_at"])
    day = local_day(happened_at, compiled.zone)
    of = event.get("of", "")
    earned = ledger.earned_by(database, account.id, counted_from(compiled, happened_at), of)
    lots = ledger.lots_before_sweeps(database, account.id) if of else []
    case = event_mistakes.read(compiled, account, event, earned, lots)
    try:
        found = answer(compiled, case)
        data = found.to_data() | NOTHING
        if event["type"] == USED:
            data |= booking.use(database, compiled, account, case, day, now)
        reach = booking.reach(database, compiled, account, case, found) if found.forgiven else []
    except NotInForce:
        raise Refusal("not-in-force", policy=compiled.policy.id, day=day) from None
    except Conflict as error:
        raise Refusal("rules-conflict", conflict=str(error)) from None
    if not data["refused"]:
        used = undone.id if undone is not None and undone.type == USED else ""
        data |= booking.book(database, account, case, found, reach, used, now)
        if not of:
            ledger.be_active(database, account, day)
    _keep_answer(database, compiled, case, data, now)


def _keep_answer(
    database: Database, compiled: CompiledVersion, case: EventCase, data: Mapping[str, Any], now: datetime
) -> None:
    row = (case.event.id, compiled.version.digest, data["refused"], canonical(event_case_data(case)), canonical(data))
    execute(database, INSERT_ANSWER, (*row, stored(now)))


def _in_force(versions: Versions, account: StoredAccount, at: datetime) -> CompiledVersion:
    compiled = versions.in_force(account.policy, at)
    if compiled is None:
        raise Refusal("not-in-force", policy=account.policy, day=spoken(at))
    return compiled
