"""What points that came to lots paid at once, as others are told of it, and as the answer to an event shows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from service import ledger
from service.database import Database
from service.ledger import Paid
from service.messages import lots_data
from service.outbox import announce


def tell_of(database: Database, policy: str, account: str, paid: Sequence[Paid], now: datetime) -> None:
    """Tell others of take-backs that were completed, one message for each event, and of what was paid off."""
    whose = {"policy": policy, "account": account}
    for event in dict.fromkeys(each.event for each in paid if each.event):
        taken = lots_data([(each.lot, each.points) for each in paid if each.event == event])
        announce(
            database, "points.taken_back", account, {**whose, "event": event, **taken, "debt": 0, "reasons": []}, now
        )
    repaid = repaid_of(paid)
    if repaid:
        told = lots_data([(each["lot"], each["points"]) for each in repaid])
        left = {"debt": ledger.debt_of(database, account)}
        announce(database, "points.repaid", account, {**whose, **told, **left}, now)


def repaid_of(paid: Sequence[Paid]) -> list[dict[str, Any]]:
    """The points that paid off what an account owes, lot by lot."""
    return [{"lot": each.lot, "points": each.points} for each in paid if not each.event]
