"""Policies of any size, and what they come to as a plain Python function.

Rule number n is of the n-th kind, counted round and round, and its condition names n: no two rules ask for the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

Json = dict[str, Any]

HEAD = """\
format: 1
policy: growing
title: {ko: 자라는 정책, en: Growing policy}
starts: 2025-01-01
currency: KRW
timezone: Asia/Seoul
calendar: KR
terms: https://example.com/terms
sources:
  purchase: {ko: 구매, en: purchase}
  promotion: {ko: 프로모션, en: promotion}
methods:
  cash: {ko: 현금, en: cash}
  gift: {ko: 상품권, en: gift card}
papers:
  id_card: {ko: 신분증, en: identity card}
facts:
  account.region: {type: text, ko: 지역, en: region}
  account.segment: {type: number, ko: 고객군, en: segment}
  account.grade: {type: [GOLD, SILVER], ko: 등급, en: grade}
"""

ORDER = """\
  - id: order
    kind: allocate
    terms: "1"
    order: [soonest_to_expire, oldest]
    reason: {ko: "환급 가능한 포인트는 {available}입니다.", en: "Only {available} points can be refunded."}
"""


def _exclude(n: int) -> str:
    return f"""
    when: {{lot.source: promotion, lot.campaign: {{in: [C{n}, D{n}]}}}}
    unless: [{{lot.acquired_on: {{at_least_ago: {n % 100 + 1} months}}}}]"""


def _expire(n: int) -> str:
    return f"""
    when: {{lot.source: purchase, lot.campaign: C{n}}}
    after: {n % 100 + 1} months"""


def _require(n: int) -> str:
    return f"""
    when: {{account.segment: {{at_least: {n}}}}}
    that: {{request.points: {{at_least: {n}}}}}"""


def _paper(n: int) -> str:
    return f"""
    when: {{account.segment: {n}, request.method: cash}}
    needs: [id_card]"""


def _closed(n: int) -> str:
    return f"""
    when: {{account.segment: {{in: [{n}, {n + 1}]}}}}
    weekdays: [saturday, sunday]"""


def _limit(n: int) -> str:
    return f"""
    when: {{account.segment: {{at_least: {n}}}}}
    measure: {{sum: refund.points, per: month, of: account}}
    at_most: $limit_{n}{_in_place_of("limit", n)}"""


def _fee(n: int) -> str:
    return f"""
    when: {{account.segment: {{at_least: {n}}}}}
    flat: $fee_{n}{_in_place_of("fee", n)}"""


def _review(n: int) -> str:
    return f"""
    when: {{any: [{{account.segment: {n}, request.method: cash}}, {{account.segment: {n + 1}}}]}}
    measure: request.points
    over: {10 * n}"""


def _pay(n: int) -> str:
    return f"""
    when: {{account.segment: {n}}}
    within: {n % 30 + 1} days"""


def _earn(n: int) -> str:
    return f"""
    event: bill_paid
    when: {{account.segment: {n}}}
    points: {n + 1}
    source: purchase"""


def _allocate(n: int) -> str:
    return f"""
    when: {{account.segment: {n}}}
    order: [largest]
    overrides: [order]"""


KINDS: dict[str, Callable[[int], str]] = {
    "exclude": _exclude,
    "expire": _expire,
    "require": _require,
    "paper": _paper,
    "closed": _closed,
    "limit": _limit,
    "fee": _fee,
    "review": _review,
    "pay": _pay,
    "earn": _earn,
    "allocate": _allocate,
}
"""What a rule of each kind says, besides its name and its reason."""


def _in_place_of(kind: str, n: int) -> str:
    """Each such rule takes the place of the one of its kind before it."""
    before = n - len(KINDS)
    return f"\n    overrides: [{kind}-{before}]" if before >= 0 else ""


def policy_text(rules: int, members: int = 2) -> str:
    """A rule file with so many rules, of all kinds, of which one looks for a region in a list of so many."""
    names = list(KINDS)
    parts = [(names[n % len(names)], n) for n in range(rules - 2)]
    regions = ", ".join(f"R{n}" for n in range(members))
    return "".join(
        [
            HEAD,
            "values:\n" if rules > 2 + names.index("limit") else "",
            *[_value(kind, n) for kind, n in parts if kind in ("limit", "fee")],
            "rules:\n",
            *[_rule(kind, n, KINDS[kind](n)) for kind, n in parts],
            _rule("require", rules, f"\n    that: {{account.region: {{in: [{regions}]}}}}"),
            ORDER,
        ]
    )


def _rule(kind: str, n: int, fields: str) -> str:
    reason = f'{{ko: "{n}번 규칙입니다.", en: "Rule number {n}."}}'
    return f'  - id: {kind}-{n}\n    kind: {kind}\n    terms: "{n}"{fields}\n    reason: {reason}\n'


def _value(kind: str, n: int) -> str:
    if kind == "limit":
        unit, old, new = "points", str(n), f"{{by: account.grade, GOLD: {100 + n}, else: {50 + n}}}"
    else:
        bands = f"[{{from: 0, value: {n}}}, {{from: 100, value: 1}}]"
        unit, old, new = "money", "1", f"{{by: request.points, bands: {bands}}}"
    return f"""\
  {kind}_{n}:
    about: A figure of rule {n}
    terms: "{n}"
    unit: {unit}
    dated_by: request.requested_on
    since:
      2025-01-01: {old}
      2026-01-01: {new}
"""


def growing_case(segment: int, points: int, lots: Sequence[Json], region: str = "R0") -> Json:
    """A case for such a policy: a member of a segment asks on Wednesday, 4 March 2026, at noon."""
    return {
        "account": {
            "id": "A-1",
            "joined_on": "2020-01-01",
            "region": region,
            "segment": segment,
            "grade": "GOLD",
        },
        "lots": list(lots),
        "request": {"points": points, "method": "gift"},
        "history": [],
        "as_of": "2026-03-04T03:00:00Z",
    }


def growing_lot(n: int, campaign: int) -> Json:
    """Lot number n of a campaign: every other one is from a promotion."""
    return {
        "id": f"L-{n:05}",
        "source": "promotion" if n % 2 else "purchase",
        "campaign": f"C{campaign}",
        "acquired_on": f"2025-{n % 12 + 1:02}-01",
        "expires_on": "2030-01-01",
        "amount": 10 + n % 7,
    }


def decide_plainly(rules: int, members: int, case: Json) -> Json:
    """What the policy of so many rules says of a case of `growing_case`, as a programmer would write it down."""
    names = list(KINDS)
    of_kind = {kind: range(place, rules - 2, len(names)) for place, kind in enumerate(names)}
    segment, points = case["account"]["segment"], case["request"]["points"]
    excluded = [[lot["id"], why] for lot in case["lots"] if (why := _against_lot(of_kind, lot))]
    out = {lot for lot, _ in excluded}
    available = sum(lot["amount"] for lot in case["lots"] if lot["id"] not in out)
    reasons = [f"require-{n}" for n in of_kind["require"] if segment >= n > points]
    if int(case["account"]["region"][1:]) >= members:
        reasons.append(f"require-{rules}")
    limits = [n for n in of_kind["limit"] if segment >= n]
    if limits and points > 100 + limits[-1]:
        reasons.append(f"limit-{limits[-1]}")
    if points > available:
        reasons.append(f"allocate-{segment}" if segment in of_kind["allocate"] else "order")
    if reasons:
        return {"outcome": "denied", "reasons": reasons, "fee": 0, "available": available, "excluded": excluded}
    fees = [n for n in of_kind["fee"] if segment >= n][-1:]
    reviews = [n for n in of_kind["review"] if segment == n + 1 and points > 10 * n]
    fee = sum(n if points < 100 else 1 for n in fees)
    reasons = [f"fee-{n}" for n in fees] if fee else []
    reasons += [f"review-{n}" for n in reviews]
    outcome = "needs_review" if reviews else "approved"
    return {"outcome": outcome, "reasons": reasons, "fee": fee, "available": available, "excluded": excluded}


def _against_lot(of_kind: dict[str, range], lot: Json) -> list[str]:
    """The rules that keep a lot from paying."""
    campaign, acquired = int(lot["campaign"][1:]), date.fromisoformat(lot["acquired_on"])
    age = 12 * (2026 - acquired.year) + 3 - acquired.month  # Whole months on 4 March, of a first of the month.
    months = campaign % 100 + 1
    if lot["source"] == "purchase":
        return [f"expire-{campaign}"] if campaign in of_kind["expire"] and age >= months else []
    return [f"exclude-{campaign}"] if campaign in of_kind["exclude"] and age < months else []
