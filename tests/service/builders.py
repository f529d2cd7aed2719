"""A small programme and accounts to ask it about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from click.testing import Result

from service import ledger
from service.database import Database, writing
from service.ledger import Grant, StoredAccount
from service.publishing import Published, publish

ORIGIN = "refunds.example.com/log"
Run = Callable[..., Result]
"""Runs a command."""
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
POLICY = """\
format: 1
policy: small
title: {ko: 작은 정책, en: Small policy}
starts: 2025-01-01
currency: KRW
timezone: Asia/Seoul
calendar: KR
terms: https://example.com/terms
sources:
  bill: {ko: 요금, en: bill}
  promotion: {ko: 프로모션, en: promotion}
methods:
  cash: {ko: 현금, en: cash}
  credit: {ko: 차감, en: credit}
facts:
  account.grade: {type: [GOLD, PLAIN], ko: 등급, en: the grade, default: PLAIN}
rules:
  - id: life
    kind: expire
    terms: "1"
    after: 2 years
    reason: {ko: "만료({last_day})", en: "Expired on {last_day}."}
  - id: promotion
    kind: exclude
    terms: "2"
    when: {lot.source: promotion}
    reason: {ko: "프로모션 포인트", en: "Promotion points are not refunded."}
  - id: active
    kind: require
    terms: "3"
    that: {account.status: active}
    reason: {ko: "정상 회원만", en: "Only active members."}
  - id: monthly
    kind: limit
    terms: "4.1"
    measure: {sum: refund.points, per: month, of: account}
    at_most: 50_000
    reason: {ko: "월 한도 {limit}, 남은 한도 {room}", en: "At most {limit} a month; {room} left."}
  - id: by-receiving-account
    kind: limit
    terms: "4.2"
    measure: {sum: refund.points, per: month, of: receiving_account}
    at_most: 60_000
    reason: {ko: "계좌 한도 {limit}", en: "At most {limit} a month for one receiving account."}
  - id: order
    kind: allocate
    terms: "5"
    order: [soonest_to_expire, oldest]
    reason: {ko: "포인트가 부족합니다({available})", en: "There are {available} points."}
  - id: fee
    kind: fee
    terms: "6"
    when: {request.method: cash}
    rate: 1%
    rounding: down
    reason: {ko: "수수료 {fee}", en: "A fee of {fee}."}
  - id: large
    kind: review
    terms: "7"
    measure: request.points
    over: 40_000
    reason: {ko: "{limit} 초과", en: "Above {limit} somebody looks."}
  - id: paid
    kind: pay
    terms: "8"
    within: 3 business days
"""
CONFLICT = """\
  - id: other-fee
    kind: fee
    terms: "6.1"
    when: {account.grade: GOLD}
    flat: 100
    reason: {ko: "수수료", en: "Another fee."}
"""


def account_facts(name: str = "A", **facts: Any) -> dict[str, Any]:
    """A member whom nothing keeps from a refund, in JSON."""
    return {
        "id": name,
        "status": "active",
        "kind": "person",
        "identity_level": 2,
        "joined_on": "2020-01-01",
        "born_on": None,
        "contact_verified": True,
        "contact_changed_on": None,
        "last_activity_on": "2026-02-01",
        "debt": 0,
        "points_debt": 0,
        "activity_days": [],
        "grade": "GOLD",
        **facts,
    }


def lot_facts(amount: int = 10_000, **facts: Any) -> dict[str, Any]:
    """A lot that can be refunded, in JSON."""
    return {
        "source": "bill",
        "campaign": "",
        "acquired_on": "2025-06-01",
        "usable_from_on": "2025-06-01",
        "expires_on": None,
        "amount": amount,
        "locked": False,
        "identity_level": 1,
        **facts,
    }


def publish_small(database: Database, more: str = "", at: datetime = NOW) -> Published:
    """Publish the small policy, with more rules behind its own."""
    return publish(database, (POLICY + more).encode(), "small.yaml", at)


def open_account(
    database: Database, *lots: Mapping[str, Any], name: str = "A", policy: str = "small", **facts: Any
) -> None:
    """An account with lots `A.1`, `A.2`... that were granted when they were acquired."""

    def work() -> None:
        ledger.open_accounts(database, [StoredAccount(policy, account_facts(name, **facts))], NOW)
        ledger.grant(
            database,
            [
                Grant(f"{name}.{n}", name, lot, datetime.fromisoformat(f"{lot['acquired_on']}T00:00:00Z"))
                for n, lot in enumerate(lots, 1)
            ],
            NOW,
        )

    writing(database, work)


class SetClock:
    """A clock that stands where it is put."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


Ask = Callable[..., Any]


def asking(points: int | str = 5_000, **facts: Any) -> dict[str, Any]:
    """A request by credit, in JSON."""
    return {"points": points, "method": "credit", **facts}


LIFE = """\
  - id: bill-points
    kind: earn
    terms: "9.1"
    event: bill_paid
    source: bill
    rate: 1%
    rounding: down
    cap: {at_most: 1_000, per: month}
  - id: shop-points
    kind: earn
    terms: "9.2"
    event: purchase
    source: promotion
    rate: 10%
    rounding: down
    usable_after: 7 days
  - id: shop-back
    kind: clawback
    terms: "9.3"
    event: purchase_cancelled
    rounding: down
    take: [earned_lot, others]
    others: [soonest_to_expire, oldest]
    shortfall: debt
    reason: {ko: "회수 {asked}", en: "{asked} taken back."}
  - id: idle
    kind: dormancy
    terms: "10.1"
    idle: 12 months
    points: 100
    order: [oldest]
    reason: {ko: "휴면 {charged}", en: "Idle: {charged}."}
  - id: told
    kind: notice
    terms: "10.2"
    before: [2 months, 1 month, 3 days]
    reason: {ko: "{points} 포인트는 {last_day}까지", en: "{points} points can be used until {last_day}."}
"""
"""Rules of earning, taking back, idling and telling, to stand behind the small policy's own."""

CORRECTED = """\
  - id: bill-back
    kind: clawback
    terms: "9.4"
    event: bill_corrected
    of: [bill-points]
    rounding: down
    shortfall: forgive
    reason: {ko: "회수 {asked}, 면제 {forgiven}", en: "{asked} taken back, {forgiven} forgiven."}
"""
"""A rule that forgives what it cannot take back, to stand behind LIFE."""

OWED = (
    POLICY.replace("facts:\n", "events:\n  bill_corrected: {ko: 정정, en: correcting a bill}\nfacts:\n", 1)
    + LIFE.replace("    usable_after: 7 days\n", "")
    .replace("    cap: {at_most: 1_000, per: month}\n", "")
    .replace("source: promotion\n    rate", "source: bill\n    rate")
    + CORRECTED
)
"""The small policy where purchases (10%, a debt) and bills (1%, forgiven) earn what can be refunded at once."""

HELD = POLICY.replace("    within: 3 business days\n", "    within: 3 business days\n    held_for: 10 days\n")
"""The small policy, where points are held for ten days."""
