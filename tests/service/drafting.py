"""A programme whose scenarios notice every nudge, to be drafted, approved and withdrawn."""

from __future__ import annotations

from datetime import datetime

from service import drafts
from service.database import Database
from service.drafts import Draft
from service.publishing import Listed, Versions
from service.reads import Reader
from tests.service.builders import NOW

RULES = """\
format: 1
policy: tiny
title: {ko: 아주 작은 정책, en: Tiny policy}
starts: 2025-01-01
currency: KRW
timezone: Asia/Seoul
calendar: KR
terms: https://example.com/terms
sources:
  bill: {ko: 요금, en: bill}
methods:
  credit: {ko: 차감, en: credit}
rules:
  - id: daily
    kind: limit
    terms: "1"
    measure: request.points
    at_most: 5_000
    reason: {ko: "한도 {limit}", en: "At most {limit}."}
  - id: order
    kind: allocate
    terms: "2"
    order: [oldest]
    reason: {ko: "포인트가 부족합니다({available})", en: "There are {available} points."}
"""
SCENARIOS = """\
policy: tiny.yaml
as_of: 2026-03-02 10:00
accounts:
  member: {joined_on: 2020-01-01}
lots:
  old: {source: bill, acquired_on: 2025-06-01, amount: 4_000}
  new: {source: bill, acquired_on: 2025-07-01, amount: 4_000}
scenarios:
  - name: The limit, and what there is
    account: member
    lots: [new, old]
    request: {method: credit}
    columns: [request.points, outcome, reasons, allocation]
    rows:
      - [5_000, approved, [], {old: 4_000, new: 1_000}]
      - [5_001, denied, [daily], {}]
      - [8_001, denied, [daily, order], {}]
  - name: From its first day on
    account: member
    request: {method: credit, points: 1}
    columns: [as_of, outcome, reasons]
    rows:
      - [2024-12-31 10:00, not_in_force, []]
      - [2025-01-01 10:00, denied, [order]]
"""
AUTHOR = Reader("kim", "K-1", ("author",))
APPROVER = Reader("lee", "K-2", ("approver",))


def texts(at_most: int = 5_000) -> tuple[str, str]:
    """The rules with another limit, and scenarios that hold it."""
    limit, above = f"{at_most:_}", f"{at_most + 1:_}"
    rules = RULES.replace("5_000", limit)
    rest = at_most - 4_000
    scenarios = SCENARIOS.replace("5_000", limit).replace("5_001", above).replace("new: 1_000", f"new: {rest:_}")
    return rules, scenarios


def ready(database: Database, at_most: int = 5_000, now: datetime = NOW) -> Draft:
    """A draft that passed."""
    made = drafts.draft(database, *texts(at_most), AUTHOR, now)
    return drafts.check(database, Versions(database, 4), made.id, now)


def approved(
    database: Database, at_most: int = 5_000, now: datetime = NOW, effective_from: datetime | None = None
) -> Listed:
    """A version that was drafted and approved."""
    made = ready(database, at_most, now)
    return drafts.approve(database, made.id, made.seen or "", effective_from, APPROVER, now)
