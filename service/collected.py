"""What points that came to lots paid at once, and who got theirs back for it, as others are told of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from service.claims import Collected, Paid, debt_of
from service.database import Database
from service.messages import lots_data
from service.outbox import announce


def tell_of(database: Database, policy: str, account: str, found: Collected, now: datetime) -> None:
    """Tell others of take-backs that were completed and of lots that got theirs back, one message for each event, and
    of what was paid off.
    """
    whose = {"policy": policy, "account": account}
    for event in dict.fromkeys(each.event for each in found.paid if each.event):
        taken = lots_data([(each.lot, each.points) for each in found.paid if each.event == event])
        announce(
            database, "points.taken_back", account, {**whose, "event": event, **taken, "debt": 0, "reasons": []}, now
        )
    for event in dict.fromkeys(each.event for each in found.given_back):
        back = lots_data([(each.lot, each.points) for each in found.given_back if each.event == event])
        announce(database, "points.given_back", account, {**whose, "event": event, **back}, now)
    repaid = repaid_of(found.paid)
    if repaid:
        told = lots_data([(each["lot"], each["points"]) for each in repaid])
        announce(database, "points.repaid", account, {**whose, **told, "debt": debt_of(database, account)}, now)


def repaid_of(paid: Sequence[Paid]) -> list[dict[str, Any]]:
    """The points that paid off what an account owes, lot by lot."""
    points: dict[str, int] = {}
    for each in paid:
        if not each.event:
            points[each.lot] = points.get(each.lot, 0) + each.points
    return [{"lot": lot, "points": each} for lot, each in points.items()]
