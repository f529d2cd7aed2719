"""What an account has on a day: a sum over its lots, worked out and never stored.

Until when a lot can be used, and whether it can be refunded at all, is for the rules to say. So the
smallest refund is judged on that day, without recording it, and what was said of each lot is what
the balance shows.

What can be used now is what `points_used` could take (see `engine/spending.py`): neither expired nor locked, and not of
a later day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from engine.facts import request_data
from engine.smallest import smallest_request
from service import ledger, refund_requests
from service.answers import said, with_text
from service.clock import spoken
from service.database import Database
from service.errors import Refusal
from service.judging import judged_by
from service.ledger import StoredAccount
from service.publishing import Versions, local_day_of


def balance_of(
    database: Database, versions: Versions, account: StoredAccount, on: date | None, now: datetime, language: str
) -> dict[str, Any]:
    """The balance of an account on a local day (default: today), as the API answers it. Raises Refusal."""
    compiled = versions.in_force(account.policy, now)
    if compiled is None:
        raise Refusal("not-in-force", policy=account.policy, day=spoken(now))
    today = local_day_of(compiled, now)
    at = now
    if on not in (None, today):
        at = datetime.combine(on, time(23, 59, 59), compiled.zone).astimezone(UTC)
        compiled = versions.in_force(account.policy, at)
        if compiled is None:
            raise Refusal("not-in-force", policy=account.policy, day=on)
    policy = compiled.policy
    lots = ledger.lots_of(database, account.facts["id"], at if at < now else None)
    smallest = request_data(smallest_request(policy))
    decision = judged_by(compiled, account.facts, lots, smallest, [], at, stored_account=True).decision
    day = decision["requested_on"]
    judged = {lot["lot"]: lot for lot in decision["lots"]}
    shown = [_lot(facts, judged[facts["id"]], day) for facts in lots]
    there = [lot for lot in shown if not lot["expired"]]
    return {
        "account": account.facts["id"],
        "policy": policy.id,
        "version": decision["version"],
        "on": day,
        "method": smallest["method"],
        "points": _sum(there),
        "usable": _sum(lot for lot in there if lot["usable"]),
        "pending": _by_day((lot for lot in there if not lot["usable"] and not lot["locked"]), "usable_from_on"),
        "locked": _sum(lot for lot in there if lot["locked"]),
        "refundable": decision["available"],
        "points_debt": account.facts["points_debt"],
        "held": refund_requests.held_by(database, account.facts["id"], at if at < now else None),
        "by_source": [
            {"source": source, **said(policy.sources[source], language), **sums}
            for source, sums in _by_source(there).items()
        ],
        "expiring": _by_day((lot for lot in there if lot["last_usable_on"] is not None), "last_usable_on"),
        "lots": with_text(shown, language),
    }


def _lot(facts: Mapping[str, Any], judged: Mapping[str, Any], day: str) -> dict[str, Any]:
    last = judged["last_usable_on"]
    expired = last is not None and last < day
    reasons = [reason for reason in judged["reasons"] if reason["kind"] in ("expire", "exclude")]
    return {
        **facts,
        "last_usable_on": last,
        "expired": expired,
        "usable": not expired and not facts["locked"] and facts["usable_from_on"] <= day,
        "refundable": not reasons,
        "reasons": reasons,
    }


def _sum(lots: Iterable[Mapping[str, Any]]) -> int:
    return sum(lot["left"] for lot in lots)


def _by_source(lots: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    sums: defaultdict[str, dict[str, int]] = defaultdict(lambda: {"points": 0, "usable": 0, "refundable": 0})
    for lot in lots:
        sums[lot["source"]]["points"] += lot["left"]
        for name in ("usable", "refundable"):
            sums[lot["source"]][name] += lot["left"] if lot[name] else 0
    return dict(sorted(sums.items()))


def _by_day(lots: Iterable[Mapping[str, Any]], name: str) -> list[dict[str, Any]]:
    """The points of lots by a day that each of them has, the soonest first."""
    sums: defaultdict[str, int] = defaultdict(int)
    for lot in lots:
        sums[lot[name]] += lot["left"]
    return [{name: day, "points": points} for day, points in sorted(sums.items())]
