"""What the answer to an event changes in the ledger, and what is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from engine.cases import read_day_case
from engine.compiled import CompiledVersion
from engine.events import EventAnswer, answer
from engine.facts import EventCase, event_case_data
from engine.spending import spend
from service import claims, event_mistakes, ledger
from service.claims import Claims, Collected
from service.collected import repaid_of, tell_of
from service.database import Database, execute, rows
from service.ids import new_id
from service.ledger import Grant, Part, StoredAccount
from service.messages import lots_data, reasons_data
from service.outbox import announce

INSERT_TAKE_BACK = "INSERT INTO take_back (event_id, lot_id, rule, points, amount) VALUES (?, ?, ?, ?, ?)"
SELECT_USED = (
    "SELECT lot_id, CAST(-SUM(points) AS BIGINT) FROM ledger_entry WHERE kind = 'use' AND event IN"
    " (SELECT ? UNION SELECT id FROM event WHERE of = ?) GROUP BY lot_id HAVING SUM(points) < 0"
    " ORDER BY MAX(ledger_entry.id) DESC"
)


def book(
    database: Database,
    account: StoredAccount,
    case: EventCase,
    found: EventAnswer,
    reach: Sequence[Part],
    used: str,
    now: datetime,
) -> dict[str, Any]:
    """Book an answer that is not refused: what of the lots the answer shows besides. `reach` is what `reach` found, and
    `used` the id of the event that is undone where that one used points.
    """
    event = case.event
    collected = _grant(database, account, case, found, now)
    awaited = _take_back(database, account, case, found, reach, now)
    returned: list[Part] = []
    if used:
        returned = _used(database, case, used)
        collected += claims.give_back(database, account.id, "use", returned, None, event.happened_at, now)
    tell_of(database, account.policy, account.id, collected, now)
    return {
        "returned": _lots(returned),
        "repaid": repaid_of(collected.paid),
        "awaited": [{"rule": part.rule, "lot": part.lot, "points": part.points} for part in awaited],
        "given_back": _lots(collected.given_back),
    }


def _lots(parts: Sequence[Part]) -> list[dict[str, Any]]:
    return [{"lot": part.lot, "points": part.points} for part in parts]


def _grant(database: Database, account: StoredAccount, case: EventCase, found: EventAnswer, now: datetime) -> Collected:
    """Make the lots that are granted; what of them was taken at once."""
    event = case.event
    grants = [
        Grant(
            new_id("L", now),
            account.id,
            {
                "source": lot.source,
                "campaign": lot.campaign,
                "acquired_on": lot.acquired_on,
                "usable_from_on": lot.usable_from_on,
                "expires_on": lot.expires_on,
                "amount": lot.points,
                "locked": False,
                "identity_level": lot.identity_level,
            },
            event.happened_at,
            event.id,
            lot.rule,
        )
        for lot in found.granted
    ]
    if not grants:
        return Collected()
    ledger.grant(database, grants, now)
    granted = lots_data([(grant.id, grant.facts["amount"]) for grant in grants])
    told = {"policy": account.policy, "account": account.id, "event": event.id, **granted}
    announce(database, "points.earned", account.id, told, now)
    came = [Part(grant.id, grant.facts["amount"], event.id) for grant in grants]
    return claims.come(database, account.id, came, event.happened_at, now)


def _take_back(
    database: Database,
    account: StoredAccount,
    case: EventCase,
    found: EventAnswer,
    reach: Sequence[Part],
    now: datetime,
) -> list[Part]:
    """Take what is taken back, and note what was not there: what is claimed of lots once it is back."""
    event = case.event
    entries: dict[tuple[str, str], int] = {}
    for part in (Part(each.lot, each.points, event.id, each.rule) for each in found.taken):
        _restore(database, account, part, event.happened_at, now)
        ledger.take(database, account.id, "take_back", [part], event.happened_at, now)
        if found.missing:
            entries[part.rule, part.lot] = claims.newest_entry_of(database, part.lot)
    undone = {each.earning: each for each in found.undone}
    for earning in (each for each in case.earned if each.event == event.of != ""):
        back = undone.get(earning.id)
        amount = min(event.amount, earning.amount - earning.undone)
        row = (event.id, earning.lot, back.rule if back else "", back.points if back else 0, amount)
        execute(database, INSERT_TAKE_BACK, row)
    awaited: list[Part] = []
    if found.missing:
        open_claims = Claims(database, account.id, now)
        for rule in dict.fromkeys(each.rule for each in found.missing):
            awaited += _claim(open_claims, case, found, rule, entries, reach)
    if found.taken or found.debt:
        taken = lots_data([(each.lot, each.points) for each in found.taken])
        told = {"policy": account.policy, "account": account.id, "event": event.id, **taken, "debt": found.debt}
        announce(database, "points.taken_back", account.id, {**told, "reasons": reasons_data(found.reasons)}, now)
    return awaited


def _claim(
    open_claims: Claims,
    case: EventCase,
    found: EventAnswer,
    rule: str,
    entries: dict[tuple[str, str], int],
    reach: Sequence[Part],
) -> list[Part]:
    """Note what one rule was to take back and did not find in the lots that were earned."""
    missing = {each.lot: each.points for each in found.missing if each.rule == rule}
    earned = {earning.id: earning.lot for earning in case.earned}
    # What an earned lot paid for itself; what it paid beyond that stands in for another.
    own = {earned[each.earning]: each.points for each in found.undone if each.rule == rule}
    others = []
    for each in (each for each in found.taken if each.rule == rule):
        for_others = each.points - (own.get(each.lot, 0) - missing.get(each.lot, 0))
        if for_others > 0:
            others.append((each.lot, for_others, entries[rule, each.lot]))
    figures = next(line["figures"] for line in found.trace if line["rule"] == rule)
    reached = {part.lot: part.points for part in reach if part.rule == rule}
    return open_claims.claim(case.event.id, rule, missing, others, figures["debt"], figures["forgiven"], reached)


def reach(
    database: Database, compiled: CompiledVersion, account: StoredAccount, case: EventCase, found: EventAnswer
) -> list[Part]:
    """What is forgiven only as long as it does not come back to other lots than the ones that were earned: the points
    of each that a rule would have taken if refunds held nothing, and then if nothing was paid out or used at all.
    """
    data = event_case_data(case)
    own = {earning.lot for earning in case.earned if earning.event == case.event.of}
    missing = {
        line["rule"]: line["figures"]["forgiven"] for line in found.trace if "forgiven" in line.get("figures", {})
    }
    known = {(each.rule, each.lot): each.points for each in found.taken}
    parts: dict[tuple[str, str], int] = {}
    for away in (ledger.lots_held, ledger.lots_out):
        lots = {lot["id"]: lot for lot in data["lots"]}
        for lot in away(database, account.id):
            if lot["id"] not in own:
                here = lots.get(lot["id"])
                lots[lot["id"]] = {**lot, "left": lot["left"] + (here["left"] if here else 0)}
        would = answer(
            compiled, event_mistakes.read(compiled, account, data["event"], data["earned"], [*lots.values()])
        )
        for each in would.taken:
            key = (each.rule, each.lot)
            more = min(each.points - known.get(key, 0) - parts.get(key, 0), missing.get(each.rule, 0))
            if more > 0:
                parts[key] = parts.get(key, 0) + more
                missing[each.rule] -= more
    return [Part(lot, points, case.event.id, rule) for (rule, lot), points in parts.items()]


def use(
    database: Database, compiled: CompiledVersion, account: StoredAccount, case: EventCase, day: date, now: datetime
) -> dict[str, Any]:
    """Take points that were used on a day from the lots; what the answer shows of it. It is refused where they hold too
    few. What a sweep booked as expired since that day was there on it.
    """
    event = case.event
    lots = ledger.lots_before_sweeps(database, account.id)
    of_day = {"account": account.facts, "lots": lots, "day": day.isoformat()}
    spending = spend(compiled, read_day_case(compiled.policy, of_day), event.amount)
    if spending.refusal is not None:
        return {"refused": True, "points": 0, "granted": [], "reasons": [spending.refusal.to_data()]}
    parts = [Part(lot, points, event.id) for lot, points in spending.paid.items()]
    for part in parts:
        _restore(database, account, part, event.happened_at, now)
    ledger.take(database, account.id, "use", parts, event.happened_at, now)
    return {"used": _lots(parts)}


def _restore(database: Database, account: StoredAccount, part: Part, happened_at: datetime, now: datetime) -> None:
    """Put back what a sweep booked as expired of a lot, where points were taken from it before it expired.

    The event is told late: on its day the points were there.
    """
    left = ledger.left_of(database, part.lot)
    if left < part.points:
        swept = Part(part.lot, part.points - left, part.event, part.rule)
        ledger.put(database, account.id, "expire", swept, None, happened_at, now)


def _used(database: Database, case: EventCase, used: str) -> list[Part]:
    """What is put back of points that an event used, those that were taken last first; at most what is still used. An
    event that tells no amount undoes the whole.
    """
    event = case.event
    found = rows(database, SELECT_USED, (used, used))
    rest = event.amount or sum(points for _, points in found)
    parts = []
    for lot, points in found:
        back = min(rest, points)
        if back:
            parts.append(Part(lot, back, event.id))
            rest -= back
    return parts
