"""Random accounts of the telecom programme: most of them sound, some with one thing or another in the way, and
with days on and beside every edge that its rules know.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from engine.facts import PAST_STATES, Account, Case, Lot, PastRefund, RefundRequest
from engine.population.answers import Asking

METHODS = ("cash", "bill_credit", "gift_card")
GRADES = ("VVIP", "VIP", "GOLD", "SILVER", "WHITE", "GENERAL")
EDGES = (29, 30, 31, 89, 90, 364, 365, 366)
DAYS = (
    date(2026, 2, 28),
    date(2028, 2, 29),
    date(2026, 6, 30),
    date(2026, 7, 1),
    date(2025, 12, 31),
    date(2026, 3, 31),
)
AMOUNTS = (1, 400, 1_000, 1_500, 5_000, 5_001, 50_000, 99_000, 100_000, 300_000, 305_000, 500_000, 1_000_000)
TO_MIDNIGHT = 12 * 3_600
"""Seconds from the instant of every request to the end of its day."""

REQUESTS: tuple[dict[str, Any], ...] = (
    {"closing": True},
    {"channel": "call_centre"},
    {"closing": True, "channel": "call_centre"},
    {"applicant": "heir"},
    {"applicant": "guardian"},
    {"applicant": "agent", "channel": "call_centre"},
    {"receiving_account": "KB"},
    {"receiving_account": ""},
    {"receiving_holder": "other"},
)


def asking(random: Random) -> Asking:
    """What all accounts ask for on one day."""
    day = random.choice(DAYS) if random.random() < 0.3 else date(2025, 1, 1) + timedelta(random.randint(0, 900))
    points = "all" if random.random() < 0.6 else random.choice([*AMOUNTS, random.randint(1, 600) * 1_000])
    request = random.choice(REQUESTS) if random.random() < 0.5 else {}
    return Asking(noon(day), METHODS, points, request)  # type: ignore[arg-type]


def case(random: Random, at: datetime, number: int) -> Case:
    """One account with its lots and its history; what it asks for is left to the asking."""
    day, of = at.date(), f"A{number:07}"
    lots = [_lot(random, day, place) for place in range(random.choice([0, 1, 2, 5, 10, 10, 10, 20]))]
    past = [_past(random, at, of, place) for place in range(random.choice([0, 0, 0, 1, 2, 4, 8]))]
    past.sort(key=lambda refund: (refund.requested_at, refund.id))
    request = RefundRequest("all", None, "cash", "app", "member", "", "member", 0, (), (), {})
    return Case(_account(random, day, of), tuple(sorted(lots, key=lambda lot: lot.id)), request, tuple(past), at)


def noon(day: date) -> datetime:
    """Noon in Seoul."""
    return datetime(day.year, day.month, day.day, 3, tzinfo=UTC)


def _account(random: Random, day: date, of: str) -> Account:
    sound = random.random() < 0.6

    def odd(share: float) -> bool:
        return not sound and random.random() < share

    def ago(least: int, most: int) -> date:
        return day - timedelta(random.choice(EDGES) if random.random() < 0.3 else random.randint(least, most))

    grown = date(day.year - 19, day.month, min(day.day, 28) if day.month == 2 else day.day)
    return Account(
        id=of,
        status=random.choice(["dormant", "suspended", "closed"]) if odd(0.2) else "active",
        kind="company" if random.random() < 0.1 else "person",
        identity_level=random.choice([2, 3, 3, 1] if sound else [0, 1, 2, 3]),
        joined_on=ago(0, 60) if odd(0.2) else day - timedelta(random.randint(31, 3000)),
        born_on=random.choice([None, grown, grown + timedelta(1), date(2008, 2, 29), ago(3000, 20000)]),
        contact_verified=not odd(0.2),
        contact_changed_on=ago(0, 200) if random.random() < 0.5 else None,
        last_activity_on=ago(0, 300 if sound else 800) if random.random() < 0.7 else None,
        debt=0 if sound else random.choice([0, 5, 10_000, 10_001]),
        points_debt=5 if odd(0.1) else 0,
        activity_days=(),
        declared={"grade": random.choice(GRADES)},
    )


def _lot(random: Random, day: date, place: int) -> Lot:
    days = random.choice([random.randint(0, 2700), *EDGES[-3:], random.randint(700, 760), random.randint(1090, 1100)])
    acquired = date(2024, 2, 29) if random.random() < 0.05 else day - timedelta(days)
    scale = random.choice([100, 2_000, 3_000, 20_000, 200_000])
    amount = random.randint(0, scale) if random.random() < 0.5 else random.choice([scale, 1_000, 5_000, 0])
    ends = random.choice([acquired + timedelta(random.randint(0, 900)), day, day - timedelta(1)])
    return Lot(
        id=f"L{random.randint(0, 99_999):05}-{place}",
        source=random.choice(["bill_payment", "promotion", "purchase", "partner"]),
        campaign=random.choice(["", "LOYAL-1", "CARE-9", "FORMER", "X"]),
        acquired_on=acquired,
        usable_from_on=acquired + timedelta(random.choice([0, 0, 0, 7, 14, 30])),
        expires_on=ends if random.random() < 0.3 else None,
        amount=amount,
        left=random.choice([amount, amount, amount // 2, 0]),
        locked=random.random() < 0.05,
        identity_level=random.choice([0, 1, 2, 2]),
        declared={},
    )


def _past(random: Random, at: datetime, of: str, place: int) -> PastRefund:
    edges = [0, 3_600, 86_399, 86_400, 86_401, 30 * 86_400, 30 * 86_400 - 1, -TO_MIDNIGHT, 1 - TO_MIDNIGHT]
    ago = random.choice([*edges, random.randint(0, 40 * 86_400), random.randint(0, 400 * 86_400)])
    points = random.choice([1_000, 5_000, 50_000, 100_000, 200_000, 400_000])
    own = random.random() < 0.7
    return PastRefund(
        id=f"H{place}",
        account_id=of if own else "B1",
        requested_at=at - timedelta(seconds=ago),
        points=points,
        method=random.choice(METHODS),
        receiving_account=random.choice([f"own:{of}", "KB"]) if own else f"own:{of}",
        state=random.choice([*PAST_STATES, *["approved", "settled"] * 3]),
        payout=points,
    )
