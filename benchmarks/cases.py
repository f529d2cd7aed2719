"""The cases that the benchmarks decide, and the same decision as a plain Python function."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

Json = dict[str, Any]

METHODS = ("cash", "bill", "gift")
REFUNDABLE_CAMPAIGNS = ("C2", "C5")
LOT_RULES = ("expired", "promotion", "pending")
REQUEST_RULES = ("identity", "status", "method", "minimum", "unit", "per-request", "per-month", "enough")
"""In the order in which an answer has them."""


def make_cases(count: int, lots: int, seed: int = 7) -> list[Json]:
    """Random cases in Recoup's own JSON. One in five requests breaks a rule on purpose."""
    random_ = random.Random(seed)
    return [_case(random_, number, lots) for number in range(count)]


def _case(random_: random.Random, number: int, lots: int) -> Json:
    day = date(2026, 1, 1) + timedelta(days=random_.randrange(365))
    used = 0 if random_.random() < 0.6 else random_.randrange(100, 100_001, 100)
    history = [_past(number, day, used)] if used else []
    return {
        "account": {
            "id": f"A-{number}",
            "status": random_.choices(("active", "suspended", "closed"), (94, 4, 2))[0],
            "identity_level": 1 if random_.random() < 0.94 else 0,
            "joined_on": "2020-01-01",
        },
        "lots": [_lot(random_, number, index, day) for index in range(lots)],
        "request": {
            "points": _points(random_),
            "method": random_.choices((*METHODS, "crypto"), (35, 35, 25, 5))[0],
        },
        "history": history,
        "as_of": f"{day.isoformat()}T03:00:00Z",
    }


def _past(number: int, day: date, used: int) -> Json:
    return {
        "id": f"R-{number}",
        "account_id": f"A-{number}",
        "requested_at": f"{day.isoformat()}T02:00:00Z",
        "points": used,
        "method": "cash",
        "receiving_account": "",
        "state": "settled",
    }


def _lot(random_: random.Random, number: int, index: int, day: date) -> Json:
    source = random_.choices(("purchase", "usage", "promotion"), (55, 20, 25))[0]
    days_left = random_.choice((-1, 0, 1)) if random_.random() < 0.05 else random_.randint(-150, 900)
    return {
        "id": f"L-{number}-{index:05}",
        "source": source,
        "campaign": f"C{random_.randint(1, 6)}" if source == "promotion" else "",
        "acquired_on": (day - timedelta(days=random_.randrange(1, 1500))).isoformat(),
        "expires_on": (day + timedelta(days=days_left)).isoformat(),
        "amount": random_.randrange(100, 8_001, 10),
        "locked": random_.random() < 0.08,
    }


def _points(random_: random.Random) -> int:
    drawn = random_.random()
    if drawn < 0.8:
        return random_.randrange(1_000, 45_001, 100)
    if drawn < 0.88:
        return random_.randrange(1_000, 45_001)
    if drawn < 0.94:
        return random_.randrange(50, 1_001, 50)
    return random_.randrange(45_000, 65_001, 100)


EDGES = (50, 999, 1_000, 1_001, 1_100, 3_400, 9_900, 10_000, 50_000, 50_100, 100_000, 100_100)
"""Amounts on both sides of each figure of the policy."""


def make_edge_cases(lots: int) -> list[Json]:
    """Some cases that ask for amounts on both sides of each bound, by each method: what chance seldom draws."""
    found = []
    for case in make_cases(6, lots, seed=11):
        left = 100_000 - sum(past["points"] for past in case["history"])
        available = decide_plainly(case)["available"]
        account = {**case["account"], "status": "active", "identity_level": 1}
        found += [
            {**case, "account": account, "request": {"points": points, "method": method}}
            for points in sorted({*EDGES, left, left + 100, available, available + 1, available + 100} - {0})
            for method in METHODS
        ]
    return found


def with_days_as_numbers(case: Json) -> Json:
    """The case with days as numbers, for engines that compare no texts."""
    lots = [{**lot, "expires_day": date.fromisoformat(lot["expires_on"]).toordinal()} for lot in case["lots"]]
    return {**case, "lots": lots, "day": date.fromisoformat(case["as_of"][:10]).toordinal()}


def in_order(rules: Sequence[str], found: Iterable[str]) -> list[str]:
    """What was found, in the order of the rules, for engines that find without an order."""
    return sorted(found, key=rules.index)


def answer(outcome: str, reasons: list[str], fee: int, available: int, excluded: list[Any], payout: int = 0) -> Json:
    """The part of a decision that every engine has to give, in one shape."""
    return {
        "outcome": outcome,
        "reasons": reasons,
        "fee": fee,
        "payout": payout,
        "available": available,
        "excluded": excluded,
    }


def decide_plainly(case: Json) -> Json:
    """The decision as a programmer would write it down, without reasons in words, figures, trace or allocation."""
    day = case["as_of"][:10]
    available, excluded = 0, []
    for lot in case["lots"]:
        why = []
        if lot["expires_on"] < day:
            why.append("expired")
        if lot["source"] == "promotion" and lot["campaign"] not in REFUNDABLE_CAMPAIGNS:
            why.append("promotion")
        if lot["locked"]:
            why.append("pending")
        if why:
            excluded.append([lot["id"], why])
        else:
            available += lot["amount"]
    reasons = _against(case, case["request"]["points"], case["request"]["method"], available)
    return concluded(case, reasons, available, excluded)


def concluded(case: Json, reasons: list[str], available: int, excluded: list[Any]) -> Json:
    """The answer, where all that stands against the request is known."""
    if reasons:
        return answer("denied", reasons, 0, available, excluded)
    points, method = case["request"]["points"], case["request"]["method"]
    fee = _fee(method, points)
    return answer("approved", charges(method, fee), fee, available, excluded, points - fee)


def charges(method: str, fee: int) -> list[str]:
    """The rule that charged a fee, as a list."""
    return {"cash": ["transfer-fee"] if fee else [], "gift": ["gift-fee"]}.get(method, [])


def _against(case: Json, points: int, method: str, available: int) -> list[str]:
    account = case["account"]
    reasons = []
    if account["identity_level"] < 1:
        reasons.append("identity")
    if account["status"] != "active":
        reasons.append("status")
    if method not in METHODS:
        reasons.append("method")
    if points < 1_000:
        reasons.append("minimum")
    if points % 100:
        reasons.append("unit")
    if points > 50_000:
        reasons.append("per-request")
    if sum(past["points"] for past in case["history"]) + points > 100_000:
        reasons.append("per-month")
    if points > available:
        reasons.append("enough")
    return reasons


def _fee(method: str, points: int) -> int:
    if method == "cash":
        return 500 if points < 10_000 else 0
    if method == "gift":
        return max(100, min(3_000, points * 3 // 100))
    return 0
