"""What an account has on a day: a sum over its lots, worked out and never stored.

Until when a lot can be used, and whether it can be refunded at all, is for the rules to say. So the
smallest refund is judged on that day, without recording it, and what was said of each lot is what
the balance shows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
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
    usable = [lot for lot in shown if not lot["expired"]]
    return {
        "account": account.facts["id"],
        "policy": policy.id,
        "version": decision["version"],
        "on": day,
        "method": smallest["method"],
        "points": sum(lot["left"] for lot in usable),
        "refundable": decision["available"],
        "points_debt": account.facts["points_debt"],
        "held": refund_requests.held_by(database, account.facts["id"], at if at < now else None),
        "by_source": [
            {"source": source, **said(policy.sources[source], language), **sums}
            for source, sums in _by_source(usable).items()
        ],
        "expiring": _expiring(usable),
        "lots": with_text(shown, language),
    }


def _lot(facts: Mapping[str, Any], judged: Mapping[str, Any], day: str) -> dict[str, Any]:
    last = judged["last_usable_on"]
    reasons = [reason for reason in judged["reasons"] if reason["kind"] in ("expire", "exclude")]
    return {
        **facts,
        "last_usable_on": last,
        "expired": last is not None and last < day,
        "refundable": not reasons,
        "reasons": reasons,
    }


def _by_source(lots: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    sums: defaultdict[str, dict[str, int]] = defaultdict(lambda: {"points": 0, "refundable": 0})
    for lot in lots:
        sums[lot["source"]]["points"] += lot["left"]
        sums[lot["source"]]["refundable"] += lot["left"] if lot["refundable"] else 0
    return dict(sorted(sums.items()))


def _expiring(lots: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Points by the last day on which they can be used, soonest first; what never expires is not here."""
    sums: defaultdict[str, int] = defaultdict(int)
    for lot in lots:
        if lot["last_usable_on"] is not None:
            sums[lot["last_usable_on"]] += lot["left"]
    return [{"last_usable_on": day, "points": points} for day, points in sorted(sums.items())]
