# ruff: noqa: E501 - a message stands on one line, as it is printed
"""Every field of every kind: what it becomes, and what is refused. The sentences of each stand in test_sentences."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from policies.kinds import KINDS
from policies.kinds.allocate import ByClass
from policies.kinds.closed import Days, Hours
from policies.kinds.earn import Cap, Steps
from policies.kinds.exclude import MethodTable
from policies.kinds.fee import FreeAllowance
from policies.model import (
    ALWAYS,
    BalanceShare,
    BusinessDay,
    Comparison,
    Condition,
    DayOfYear,
    FactRef,
    Measure,
    Span,
    Text,
    TimeOfDay,
    ValueRef,
)
from tests.policies.texts import added, told, with_rule

# The least that a rule of each kind says, with a condition where it would otherwise conflict with another rule.
LEAST = {
    "expire": "kind: expire | after: 5 years",
    "exclude": "kind: exclude",
    "require": "kind: require | that: {account.contact_verified: true}",
    "paper": "kind: paper | needs: [id_card]",
    "closed": "kind: closed | weekdays: [sunday]",
    "limit": "kind: limit | measure: request.points | at_most: 5",
    "allocate": "kind: allocate | order: [oldest] | when: {request.channel: app} | overrides: [order]",
    "price": "kind: price | every: 100 | pays: 85 | whole_steps: true | when: {request.channel: app}",
    "fee": "kind: fee | flat: 5 | when: {request.channel: app}",
    "tax": "kind: tax | rate: 20 | rounding: down | when: {request.channel: app}",
    "offset": "kind: offset | debt: account.debt | when: {request.channel: app}",
    "review": "kind: review | when: {request.channel: app}",
    "pay": "kind: pay | within: 3 days",
    "earn": "kind: earn | event: bill_paid | source: promotion | points: 5",
    "clawback": "kind: clawback | event: purchase_cancelled | part: all | shortfall: debt",
    "dormancy": "kind: dormancy | idle: 1 year | points: 5 | order: [oldest]",
    "notice": "kind: notice | before: [3 days]",
}
MEASURE = "kind: limit | measure: request.points"
MEASURE_OF = "kind: limit | measure: {sum: refund.points"
SOURCES = ("bill_payment", "promotion")
FEE = "kind: fee | when: {request.channel: app}"
ORDER = "kind: allocate | overrides: [order] | when: {request.channel: app}"
EARN = "kind: earn | event: purchase | source: promotion"
CLAWBACK = "kind: clawback | event: purchase_cancelled"
DORMANCY = "kind: dormancy | idle: 84 days | order: [oldest]"

HOURS = Hours(TimeOfDay(23 * 60 + 30), TimeOfDay(30))

FIELDS: list[tuple[str, dict[str, Any]]] = [
    ("kind: expire | after: 5 years", {"after": Span(5, "years"), "start": "lot.acquired_on", "until": "day"}),
    ("kind: expire | after: 60 months | from: lot.usable_from_on", {"start": "lot.usable_from_on", "never": False}),
    ("kind: expire | after: 30 days | from: account.last_activity_on", {"start": "account.last_activity_on"}),
    ("kind: expire | after: 1 year | until: month_end", {"until": "month_end", "first_day_counted": False}),
    (
        "kind: expire | after: 1 year | until: year_end | first_day: counted",
        {"until": "year_end", "first_day_counted": True},
    ),
    (
        "kind: expire | after: 1 year | until: day | first_day: not_counted",
        {"until": "day", "first_day_counted": False},
    ),
    ("kind: expire | after: 2 years | until: 06-30", {"until": DayOfYear(6, 30)}),
    ("kind: expire | after: 2 years | until: half_year_end", {"until": "half_year_end"}),
    ("kind: expire | until: quarter_end", {"after": Span(0, "days"), "until": "quarter_end"}),
    ("kind: expire | idle: 18 months", {"idle": Span(18, "months"), "after": None, "until": "day"}),
    ("kind: expire | idle: 1 year | until: 02-29", {"idle": Span(1, "years"), "until": DayOfYear(2, 29)}),
    ("kind: expire | until: year_end", {"after": Span(0, "days"), "until": "year_end"}),
    ("kind: expire | last_day: 2026-12-31", {"last_day": date(2026, 12, 31), "after": None}),
    ("kind: expire | last_day: lot.expires_on", {"last_day": FactRef("lot.expires_on")}),
    ("kind: expire | never: true", {"never": True, "after": None, "last_day": None}),
    ("kind: exclude | when: {lot.locked: true}", {"when": Condition((Comparison("lot.locked", "is", True),))}),
    (
        "kind: exclude | when: {lot.used_rate: {under: 60.5%}}",
        {"when": Condition((Comparison("lot.used_rate", "under", Fraction("60.5")),)), "allowed_methods": None},
    ),
    (
        "kind: exclude | allowed_methods: {by: lot.source, promotion: [gift_card], else: any}",
        {"allowed_methods": MethodTable("lot.source", {"promotion": ("gift_card",)}, None, SOURCES)},
    ),
    (
        "kind: exclude | allowed_methods: {by: lot.locked, true: none, false: [cash]}",
        {"allowed_methods": MethodTable("lot.locked", {True: (), False: ("cash",)}, None, (True, False))},
    ),
    ("kind: require | that: {account.debt: 0}", {"that": Condition((Comparison("account.debt", "is", 0),))}),
    ("kind: paper | needs: [id_card, family_certificate]", {"needs": ("id_card", "family_certificate"), "one_of": ()}),
    ("kind: paper | one_of: [id_card]", {"needs": (), "one_of": ("id_card",), "issued_within": None}),
    ("kind: paper | needs: [id_card] | issued_within: 3 months", {"issued_within": Span(3, "months")}),
    ('kind: closed | hours: {from: "23:30", until: "00:30"}', {"hours": HOURS, "weekdays": (), "holidays": None}),
    (
        'kind: closed | hours: {from: "00:00", until: "24:00"}',
        {"hours": Hours(TimeOfDay(0), TimeOfDay(1440)), "days": (), "days_of_month": (), "dates": ()},
    ),
    ("kind: closed | weekdays: [saturday, sunday]", {"weekdays": ("saturday", "sunday"), "hours": None}),
    ("kind: closed | holidays: true", {"holidays": True}),
    ("kind: closed | holidays: false", {"holidays": False}),
    (
        "kind: closed | days: [{from: 2026-05-01, until: 2026-05-07}]",
        {"days": (Days(date(2026, 5, 1), date(2026, 5, 7)),)},
    ),
    ("kind: closed | days_of_month: [1, last]", {"days_of_month": (1, "last")}),
    ('kind: closed | dates: ["12-31", 02-29]', {"dates": (DayOfYear(12, 31), DayOfYear(2, 29))}),
    (f"{MEASURE} | at_most: 50_000", {"at_most": 50_000, "at_least": None, "multiple_of": None}),
    (f"{MEASURE} | at_least: $monthly_limit", {"at_least": ValueRef("monthly_limit")}),
    (
        "kind: limit | measure: payout | at_least: 5_000",
        {"measure": Measure("payout"), "at_least": 5_000},
    ),
    ("kind: limit | measure: gross | at_most: 500_000", {"measure": Measure("gross"), "at_most": 500_000}),
    (
        "kind: limit | measure: destination.after | at_most: 500_000",
        {"measure": Measure("destination.after"), "at_most": 500_000},
    ),
    (
        "kind: limit | measure: {sum: refund.payout, per: year, of: account} | at_most: 5",
        {"measure": Measure("sum", "year", "account", summed="refund.payout")},
    ),
    (
        f"{MEASURE} | at_most: {{share: 30%, of: available, rounding: down, at_least: 1_000}}",
        {"at_most": BalanceShare(Fraction(30), "available", "down", 1_000)},
    ),
    (
        "kind: limit | measure: balance.after | at_least: {share: 2.5%, of: balance, rounding: up}",
        {"at_least": BalanceShare(Fraction("2.5"), "balance", "up", None)},
    ),
    (
        "kind: price | every: 490 | pays: 500 | whole_steps: true",
        {"every": 490, "pays": 500, "whole_steps": True, "bonus": None, "rounding": None, "to": 1},
    ),
    (
        "kind: price | every: 1 | pays: 1 | bonus: 10% | rounding: down | to: 10",
        {"bonus": Fraction(10), "rounding": "down", "to": 10, "whole_steps": False},
    ),
    (
        "kind: tax | rate: 20% | rounding: down",
        {"rate": Fraction(20), "to": 1, "above": None, "taxes": "whole", "of": (), "after_fees": False},
    ),
    (
        "kind: tax | rate: 22 | rounding: down | to: 10 | above: 50_000 | taxes: excess | waived_under: 1_000 | after_fees: true",
        {"to": 10, "above": 50_000, "taxes": "excess", "waived_under": 1_000, "after_fees": True},
    ),
    (
        "kind: offset | debt: account.debt | at_most: 5_000",
        {"debt": FactRef("account.debt"), "at_most": 5_000, "after": (), "rounding": None, "shared": ()},
    ),
    (
        "kind: offset | debt: account.debt | at_most: 12.5% | rounding: up",
        {"at_most": Fraction("12.5"), "rounding": "up"},
    ),
    (f"{MEASURE} | multiple_of: 100", {"multiple_of": 100, "measure": Measure("request.points")}),
    (f"{MEASURE} | at_least: 100 | or_all: true", {"at_least": 100, "or_all": True}),
    ("kind: limit | measure: balance.after | at_least: 5", {"measure": Measure("balance.after")}),
    (
        "kind: limit | measure: {count: refunds, per: ever, of: account} | at_most: 3",
        {"measure": Measure("count", "ever"), "at_most": 3},
    ),
    (
        f"{MEASURE_OF}, per: quarter, of: account, methods: same}} | at_most: 5",
        {"measure": Measure("sum", "quarter", same_method=True)},
    ),
    (f"{MEASURE_OF}, per: 3 months, of: account}} | at_most: 5", {"measure": Measure("sum", Span(3, "months"))}),
    (f"{ORDER} | order: [chosen_by_member, oldest]", {"order": ("chosen_by_member", "oldest")}),
    (
        "kind: allocate | overrides: [order] | when: {request.channel: app} | order: [newest, smallest, largest, oldest]",
        {"order": ("newest", "smallest", "largest", "oldest")},
    ),
    (
        f"{ORDER} | order: [{{lot.source: [promotion, bill_payment]}}, soonest_to_expire]",
        {"order": (ByClass("lot.source", ("promotion", "bill_payment")), "soonest_to_expire")},
    ),
    (f"{FEE} | flat: 500", {"flat": 500, "rate": None, "rounding": None, "to": 1, "free": None, "adds_to": ()}),
    (f"{FEE} | flat: 0", {"flat": 0}),
    (f"{FEE} | rate: 2.2% | rounding: half_up | to: 10", {"rate": Fraction(22, 10), "rounding": "half_up", "to": 10}),
    (f"{FEE} | rate: 3 | rounding: up | at_least: 100 | at_most: 3_000", {"at_least": 100, "at_most": 3_000}),
    (f"{FEE} | flat: 5 | gross_at_least: 10 | gross_under: 20", {"gross_at_least": 10, "gross_under": 20}),
    (f"{FEE} | flat: 5 | free: {{first: 2, per: month}}", {"free": FreeAllowance(2, "month")}),
    (f"{FEE} | flat: 5 | free: {{first: 0, per: month}}", {"free": FreeAllowance(0, "month")}),
    (f"{EARN} | points: 0", {"points": 0}),
    (f"{EARN} | steps: {{every: 1_000, earn: 0}}", {"steps": Steps(1_000, 0)}),
    (f"{EARN} | points: 5 | usable_after: 0 days", {"usable_after": Span(0, "days")}),
    (f"{FEE} | flat: 5 | free: {{first: 1, per: 30 days}}", {"free": FreeAllowance(1, Span(30, "days"))}),
    (
        f"{FEE} | flat: 5 | free: {{first: 1, per: week, methods: same}}",
        {"free": FreeAllowance(1, "week", same_method=True)},
    ),
    (f"{FEE} | flat: 5 | adds_to: [conversion-fee]", {"adds_to": ("conversion-fee",)}),
    ("kind: review | when: {request.channel: app}", {"measure": None, "over": None, "at_least": None}),
    ("kind: review | measure: request.points | over: 5", {"measure": Measure("request.points"), "over": 5}),
    ("kind: review | measure: balance.after | under: 5", {"under": 5}),
    ("kind: pay | within: 3 business days", {"within": Span(3, "business days"), "if_holiday": "keep"}),
    ("kind: pay | within: 7 days | if_holiday: next_business_day", {"if_holiday": "next_business_day"}),
    ("kind: pay | within: 7 days | if_holiday: previous_business_day", {"if_holiday": "previous_business_day"}),
    ("kind: pay | batch: [5, 20, last]", {"batch": (5, 20, "last"), "within": None, "at_least_after": None}),
    ("kind: pay | batch: [{business_day: 10}]", {"batch": (BusinessDay(10),)}),
    ("kind: pay | batch: [5, {business_day: last}]", {"batch": (5, BusinessDay("last"))}),
    ("kind: pay | batch: [02-15, 08-15]", {"batch": (DayOfYear(2, 15), DayOfYear(8, 15)), "cut_off_time": None}),
    ("kind: pay | batch: [friday] | at_least_after: 3 business days", {"at_least_after": Span(3, "business days")}),
    ('kind: pay | within: 1 day | cut_off_time: "16:00"', {"cut_off_time": TimeOfDay(960), "batch": ()}),
    (f"{EARN} | points: 5", {"event": "purchase", "source": "promotion", "points": 5, "campaign": ""}),
    (f"{EARN} | rate: 1.5% | rounding: down", {"rate": Fraction(3, 2), "rounding": "down", "points": None}),
    (f"{EARN} | steps: {{every: 1_000, earn: 5}}", {"steps": Steps(1_000, 5)}),
    (f"{EARN} | points: 5 | at_most: 5 | cap: {{at_most: 9, per: day}}", {"at_most": 5, "cap": Cap(9, "day")}),
    (f"{EARN} | points: 5 | campaign: WELCOME", {"campaign": "WELCOME"}),
    (f"{EARN} | points: 5 | campaign: event.campaign", {"campaign": FactRef("event.campaign")}),
    (f"{EARN} | points: 5 | usable_after: 7 days", {"usable_after": Span(7, "days")}),
    (f"{EARN} | points: 5 | usable_after: 1 month", {"usable_after": Span(1, "months")}),
    (f"{EARN} | points: 5 | expires_on: 2030-12-31", {"expires_on": date(2030, 12, 31)}),
    (f"{EARN} | points: 5 | expires_on: event.happened_on", {"expires_on": FactRef("event.happened_on")}),
    (f"{EARN} | points: 5 | usable_after: 1 month | usable_from: month_start", {"usable_from": "month_start"}),
    (f"{EARN} | points: 5 | usable_after: 1 month", {"usable_from": "day", "of": ()}),
    (
        f"{CLAWBACK} | rounding: up | shortfall: refuse",
        {"part": "by_amount", "rounding": "up", "take": ("earned_lot",), "others": (), "lots": ALWAYS, "of": ()},
    ),
    (f"{CLAWBACK} | part: all | shortfall: forgive", {"part": "all", "rounding": None, "shortfall": "forgive"}),
    (
        f"{CLAWBACK} | part: all | take: [earned_lot, others] | others: [oldest] | lots: {{lot.locked: false}} | shortfall: debt",
        {
            "take": ("earned_lot", "others"),
            "others": ("oldest",),
            "lots": Condition((Comparison("lot.locked", "is", False),)),
        },
    ),
    (f"{CLAWBACK} | part: all | take: [others] | others: [newest] | shortfall: debt", {"take": ("others",)}),
    (
        f"{DORMANCY} | every: 7 days | rate: 5% | rounding: down | at_least: 5 | everything_after: 140 days",
        {"idle": Span(84, "days"), "every": Span(7, "days"), "rate": Fraction(5), "at_least": 5, "at_most": None},
    ),
    (f"{DORMANCY} | points: 100", {"points": 100, "rate": None, "every": None, "everything_after": None}),
    (f"{DORMANCY} | everything_after: 1 year", {"everything_after": Span(1, "years"), "points": None}),
    (
        "kind: notice | before: [2 months, 1 month, 3 days]",
        {"before": (Span(2, "months"), Span(1, "months"), Span(3, "days")), "of": "expiry", "at_least": 1},
    ),
    ("kind: notice | before: [3 days] | at_least: 100", {"at_least": 100}),
]


@pytest.mark.parametrize(("fields", "expected"), FIELDS, ids=[fields for fields, _ in FIELDS])
def test_what_the_fields_of_a_kind_become(fields: str, expected: dict[str, Any]) -> None:
    rule = added(fields)
    assert {name: getattr(rule, name) for name in expected} == expected


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_the_common_fields(kind: str) -> None:
    rule = added(f"{LEAST[kind]} | about: A note.")
    assert (rule.id, rule.kind, rule.terms, rule.about) == ("added", kind, "1", "A note.")
    assert rule.reason == Text("안내", "Notice")
    assert rule.unless == ()
    assert "when: " in LEAST[kind] or rule.when == ALWAYS


@pytest.mark.parametrize("kind", KINDS)
def test_a_reason_may_be_missing_only_where_nothing_is_taken(kind: str) -> None:
    missing = ["'reason' is missing"] if kind not in ("pay", "earn") else []
    assert [problem.partition(";")[0] for problem in told(with_rule(LEAST[kind], ""))] == missing


def test_points_that_never_expire_need_no_reason() -> None:
    assert told(with_rule("kind: expire | never: true", "")) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("field", ["when", "unless"])
@pytest.mark.parametrize("scope", ["account", "request", "lot", "event", "day"])
def test_a_rule_sees_what_its_kind_decides_on(kind: str, field: str, scope: str) -> None:
    seen = {
        **dict.fromkeys(("earn", "clawback"), ("account", "event")),
        **dict.fromkeys(("dormancy", "notice"), ("account", "day", "lot")),
        **dict.fromkeys(("expire", "exclude", "price", "fee", "tax"), ("account", "request", "lot")),
    }
    condition = {
        "account": "{account.grade: VIP}",
        "request": "{request.applicant: heir}",
        "lot": "{lot.locked: true}",
        "event": "{event.amount: 5}",
        "day": "{day.today: {over: 2026-01-01}}",
    }[scope]
    least = LEAST[kind].replace(" | when: {request.channel: app}", "") if field == "when" else LEAST[kind]
    text = with_rule(f"{least} | {field}: {condition if field == 'when' else f'[{condition}]'}")
    allowed = scope in seen.get(kind, ("account", "request"))
    assert (told(text) == []) == allowed


REFUSED = [
    ("kind: expire", "'after', 'idle', 'last_day' or 'never' is missing; add one of them"),
    ("kind: expire | after: 1 year | never: true", "'after' and 'never' stand together; keep one of them"),
    (
        "kind: expire | never: true | until: month_end",
        "'until' means nothing without 'after'; take it out, or add after:",
    ),
    (
        "kind: price | every: 100 | pays: 85",
        "'rounding' is missing; write rounding: down, up or half_up, or whole_steps: true",
    ),
    (
        "kind: price | every: 100 | pays: 85 | bonus: 5% | whole_steps: true",
        "'rounding' is missing; write rounding: down, up or half_up",
    ),
    (
        "kind: price | every: 100 | pays: 85 | rounding: up | whole_steps: true",
        "'rounding' means nothing without 'bonus'; take it out, or add bonus:",
    ),
    (
        "kind: price | every: 100 | pays: 85 | to: 10 | whole_steps: true",
        "'to' means nothing without 'rounding'; take it out, or add rounding:",
    ),
    ("kind: price | every: 0 | pays: 85 | whole_steps: true", "'0' is too small here; write 1 or more"),
    (
        "kind: tax | rate: 20 | rounding: down | taxes: excess",
        "'taxes' means nothing without 'above'; take it out, or add above:",
    ),
    (
        "kind: tax | rate: 20 | rounding: down | of: [other] | after_fees: true",
        "'of' and 'after_fees' stand together; keep one of them",
    ),
    (
        "kind: tax | rate: 20 | rounding: down | of: [other] | when: {lot.locked: true}",
        "a tax on a tax cannot look at 'lot.locked'; let the tax that it is on look at the lots",
    ),
    ("kind: tax | rate: 101 | rounding: down", "the tax is above 100%; lower it to 100% or less"),
    (
        "kind: offset | debt: request.points",
        "'request.points' is points, not money; name a fact of the type money, such as account.debt",
    ),
    (
        "kind: limit | measure: payout | at_most: {share: 30, of: available, rounding: down}",
        "a share of points cannot bound an amount of money; write an amount, or measure points",
    ),
    (
        "kind: limit | measure: payout | at_most: $monthly_limit",
        "value 'monthly_limit' is in points, not in money; use another value, or correct its unit:",
    ),
    ("kind: expire | after: 24 hours", "'24 hours' cannot be used here; use days, months or years"),
    (
        "kind: expire | after: 1 year | from: lot.left",
        "'lot.left' is points, not a day; name a fact that is a day, such as lot.acquired_on",
    ),
    (
        "kind: expire | after: 1 year | until: week_end",
        "unknown end 'week_end'; use day, month_end, quarter_end, half_year_end or year_end",
    ),
    (
        "kind: expire | after: 1 year | until: 13-01",
        "'13-01' is not a day of the year; write month and day, such as 12-31",
    ),
    (
        "kind: expire | after: 1 year | until: 6-30",
        "unknown end '6-30'; use day, month_end, quarter_end, half_year_end or year_end",
    ),
    (
        "kind: expire | last_day: lot.left",
        "'lot.left' is points, not a day; name a fact that is a day, such as lot.acquired_on",
    ),
    ("kind: expire | last_day: never", "'never' is not a day; write it like 2026-01-31, or name a fact that is a day"),
    ("kind: expire | last_day: 9999-12-31", "'9999-12-31' is out of range; write a day of the years 1900 to 2999"),
    (
        "kind: expire | last_day: event.happened_on",
        "'event.happened_on' cannot be used here; use facts of the account, request or lot",
    ),
    (
        "kind: exclude | at_most: 5",
        "unknown field 'at_most'; known here: id, kind, terms, about, overrides, when, unless, reason, allowed_methods",
    ),
    ("kind: require", "'that' is missing; add it (what must hold)"),
    (
        "kind: require | that: {lot.locked: true}",
        "'lot.locked' cannot be used here; use facts of the account or request; only expire, exclude, price, fee, tax, dormancy and notice rules look at single lots",
    ),
    (MEASURE, "'at_most', 'at_least' or 'multiple_of' is missing; add one of them"),
    (f"{MEASURE} | at_most: 5 | multiple_of: 5", "'at_most' and 'multiple_of' stand together; keep one of them"),
    (f"{MEASURE} | multiple_of: 0", "'0' is too small here; write 1 or more"),
    ("kind: limit | at_most: 5", "'measure' is missing; add it (what is measured)"),
    (
        "kind: limit | measure: {count: refunds, per: day, of: account} | at_most: $monthly_limit",
        "value 'monthly_limit' is in points, not a plain number; use another value, or correct its unit:",
    ),
    (
        "kind: allocate | overrides: [order] | when: {request.channel: app} | order: [{lot.source: [cash]}]",
        "unknown 'lot.source' 'cash'; use bill_payment or promotion",
    ),
    (
        "kind: allocate | overrides: [order] | when: {request.channel: app} | order: [{lot.sorce: [promotion]}]",
        "unknown fact 'lot.sorce'; did you mean 'lot.source'?",
    ),
    (
        "kind: allocate | overrides: [order] | when: {request.channel: app} | order: [{lot.source: promotion}]",
        "'promotion' is not a list of classes; write [promotion], or one item a line, each after '- '",
    ),
    (f"{FEE}", "'flat' or 'rate' is missing; add one of them"),
    (f"{FEE} | flat: 5 | rate: 3 | rounding: up", "'flat' and 'rate' stand together; keep one of them"),
    (f"{FEE} | rate: 3", "'rounding' is missing; write rounding: down, up or half_up"),
    (f"{FEE} | flat: 5 | to: 10", "'to' means nothing without 'rate'; take it out, or add rate:"),
    (f"{FEE} | rate: 3 | rounding: up | to: 2_000_000", "'2000000' is out of range; write 1 to 1_000_000"),
    (f"{FEE} | flat: 5 | free: {{first: 1}}", "'per' is missing; add it (the window in which they are counted)"),
    (
        f"{FEE} | flat: $monthly_limit",
        "value 'monthly_limit' is in points, not in money; use another value, or correct its unit:",
    ),
    ("kind: review", "nothing says what has to be reviewed; add when: or measure:"),
    ("kind: review | measure: request.points", "'over', 'at_least', 'under' or 'at_most' is missing; add one of them"),
    (
        "kind: review | when: {request.channel: app} | at_most: 5",
        "'at_most' means nothing without 'measure'; take it out, or add measure:",
    ),
    ("kind: paper", "'needs' or 'one_of' is missing; add one of them"),
    ("kind: paper | needs: [id_card] | one_of: [id_card]", "'needs' and 'one_of' stand together; keep one of them"),
    ("kind: paper | needs: [id_crad]", "unknown paper 'id_crad'; did you mean 'id_card'?"),
    (
        "kind: paper | needs: id_card",
        "'id_card' is not a list of papers; write [id_card], or one item a line, each after '- '",
    ),
    ("kind: paper | needs: []", "'needs' is empty; write at least one item, or leave the field out"),
    (
        "kind: paper | needs: [id_card] | issued_within: 3 business days",
        "'3 business days' cannot be used here; use days, months or years",
    ),
    ("kind: paper | needs: [id_card] | issued_within: 0 days", "'0 days' is out of range; write 1 to 36_500 days"),
    (
        "kind: paper | needs: [id_card] | when: {lot.locked: true}",
        "'lot.locked' cannot be used here; use facts of the account or request; only expire, exclude, price, fee, tax, dormancy and notice rules look at single lots",
    ),
    (
        "kind: closed",
        "nothing says when it is closed; add hours:, weekdays:, holidays:, days:, days_of_month: or dates:",
    ),
    (
        'kind: closed | hours: {from: "24:00", until: "00:30"}',
        '\'24:00\' is not a time of day; write "00:00" to "23:59", in quotes',
    ),
    (
        'kind: closed | hours: {from: "9:00", until: "10:00"}',
        '\'9:00\' is not a time of day; write "00:00" to "23:59", in quotes',
    ),
    (
        'kind: closed | hours: {from: "09:00", until: "24:01"}',
        '\'24:01\' is not a time of day; write "00:00" to "24:00", in quotes',
    ),
    (
        'kind: closed | hours: {from: "09:00", until: "09:00"}',
        'the hours begin and end at 09:00; for whole days take hours: out and say which days, or write until: "24:00"',
    ),
    ('kind: closed | hours: {from: "09:00"}', "'until' is missing; add it (the first time that is open again)"),
    ("kind: closed | hours: 5", "'5' is not a map; write {from: ..., until: ...}"),
    (
        "kind: closed | weekdays: [sun]",
        "unknown day of the week 'sun'; use monday, tuesday, wednesday, thursday, friday, saturday or sunday",
    ),
    ("kind: closed | holidays: maybe", "'maybe' is neither true nor false; write true or false"),
    (
        "kind: closed | days: [{from: 2026-05-07, until: 2026-05-01}]",
        "the days end on 2026-05-01, before they begin on 2026-05-07; swap or correct them",
    ),
    ("kind: closed | days_of_month: [32]", "'32' is not a day of a month; write 1 to 31, or last"),
    ("kind: closed | days_of_month: [0]", "'0' is not a day of a month; write 1 to 31, or last"),
    ("kind: closed | days_of_month: [first]", "'first' is not a day of a month; write 1 to 31, or last"),
    ('kind: closed | dates: ["02-30"]', "'02-30' is not a day of the year; write month and day, such as 12-31"),
    ("kind: closed | dates: [2026-12-31]", "'2026-12-31' is not a day of the year; write month and day, such as 12-31"),
    ("kind: closed | days_of_month: [1, 1]", "'1' is listed twice; take one of them out"),
    ("kind: pay", "'within' or 'batch' is missing; add one of them"),
    ("kind: pay | within: 1 day | batch: [5]", "'within' and 'batch' stand together; keep one of them"),
    (
        "kind: pay | within: 1 day | at_least_after: 1 day",
        "'at_least_after' means nothing without 'batch'; take it out, or add batch:",
    ),
    (
        "kind: pay | batch: [5, friday]",
        "the days are of different sorts; write days of the month, days of the year or days of the week only",
    ),
    ("kind: pay | batch: [0]", "'0' is not a day of a month; write 1 to 31, or last"),
    ("kind: pay | batch: [fridy]", "unknown batch day 'fridy'; did you mean 'friday'?"),
    ("kind: pay | batch: [02-30]", "'02-30' is not a day of the year; write month and day, such as 12-31"),
    (
        'kind: pay | within: 1 day | cut_off_time: "24:00"',
        '\'24:00\' is not a time of day; write "00:00" to "23:59", in quotes',
    ),
    ("kind: pay | within: 1 month", "'1 month' cannot be used here; use days or business days"),
    (
        "kind: pay | within: 7 days | if_holiday: skip",
        "unknown way of moving a day 'skip'; use keep, next_business_day or previous_business_day",
    ),
    (f"{EARN}", "'points', 'rate' or 'steps' is missing; add one of them"),
    (f"{EARN} | points: 5 | usable_after: 0 hours", "'0 hours' cannot be used here; use days or months"),
    (f"{EARN} | rate: 1", "'rounding' is missing; write rounding: down, up or half_up"),
    (f"{EARN} | points: 5 | rounding: up", "'rounding' means nothing without 'rate'; take it out, or add rate:"),
    (f"{EARN} | steps: {{every: 0, earn: 5}}", "'0' is too small here; write 1 or more"),
    (f"{EARN} | steps: [1_000, 5]", "a list is not a map; write {every: ..., earn: ...}"),
    (f"{EARN} | points: 5 | campaign: event.amount", "'event.amount' is money, not text; name a fact that is text"),
    (
        f"{EARN} | points: 5 | usable_after: 3 business days",
        "'3 business days' cannot be used here; use days or months",
    ),
    (
        f"{EARN} | points: 5 | expires_on: lot.expires_on",
        "'lot.expires_on' cannot be used here; use facts of the account or event; only expire, exclude, price, fee, tax, dormancy and notice rules look at single lots",
    ),
    (
        "kind: earn | event: refund | source: promotion | points: 5",
        "unknown event 'refund'; use bill_paid, purchase, purchase_cancelled, promotion_joined or points_used",
    ),
    (f"{EARN} | points: 5 | of: [added]", "'of' means nothing without 'rate'; take it out, or add rate:"),
    (
        f"{EARN} | points: 5 | usable_from: month_start",
        "'usable_from' means nothing without 'usable_after'; take it out, or add usable_after:",
    ),
    (
        f"{EARN} | points: 5 | usable_after: 1 month | usable_from: monday",
        "unknown day 'monday'; use day or month_start",
    ),
    (
        f"{EARN} | points: 5 | cap: {{at_most: 5, per: day, with: [bills]}}",
        "there is no rule 'bills'; take it out",
    ),
    (
        f"{CLAWBACK} | shortfall: debt",
        "'rounding' is missing; write rounding: down, up or half_up, or part: all",
    ),
    (f"{CLAWBACK} | part: all", "'shortfall' is missing; add it (what becomes of points that no lot holds)"),
    (
        f"{CLAWBACK} | part: all | rounding: up | shortfall: debt",
        "'rounding' means nothing where all is taken back; take it out",
    ),
    (
        f"{CLAWBACK} | part: all | shortfall: debt | others: [oldest]",
        "'others' means nothing where 'take' does not name it; add others to take:",
    ),
    (
        f"{CLAWBACK} | part: all | shortfall: debt | take: [earned_lot, others]",
        "'others' is missing; write others: [soonest_to_expire, oldest]",
    ),
    (
        f"{CLAWBACK} | part: all | shortfall: debt | take: [others, earned_lot] | others: [oldest]",
        "'earned_lot' comes after 'others', which it is one of; write take: [earned_lot, others], or take: [others]",
    ),
    (
        f"{CLAWBACK} | part: all | shortfall: debt | lots: {{lot.locked: false}}",
        "'lots' means nothing without 'others'; take it out, or add others:",
    ),
    (f"{CLAWBACK} | part: all | shortfall: owe", "unknown shortfall 'owe'; use debt, forgive or refuse"),
    (
        f"{CLAWBACK} | part: all | shortfall: debt | of: [order]",
        "'order' is a rule of kind allocate; name one of kind earn",
    ),
    (f"{DORMANCY}", "nothing says what is taken; add rate:, points: or everything_after:"),
    (f"{DORMANCY} | rate: 5%", "'rounding' is missing; write rounding: down, up or half_up"),
    (f"{DORMANCY} | points: 5 | at_least: 5", "'at_least' means nothing without 'rate'; take it out, or add rate:"),
    (
        f"{DORMANCY} | points: 5 | everything_after: 84 days",
        "everything is taken after 84 days, and the first charge comes after 84 days; let it be longer than idle:",
    ),
    (
        f"{DORMANCY} | rate: 5% | rounding: up | at_least: 9 | at_most: 8",
        "at least 9 is above at most 8; swap or correct them",
    ),
    (
        "kind: notice | before: 3 days",
        "'3 days' is not a list of spans; write [3 days], or one item a line, each after '- '",
    ),
    ("kind: notice | before: [3 days, 3 days]", "'3 days' is listed twice; take one of them out"),
    ("kind: notice | before: [24 hours]", "'24 hours' cannot be used here; use days, months or years"),
    (
        "kind: notice | before: [3 days] | of: dormancy",
        "no rule charges for dormancy; add a rule of kind dormancy",
    ),
]


@pytest.mark.parametrize(("fields", "expected"), REFUSED, ids=[fields for fields, _ in REFUSED])
def test_what_a_kind_refuses(fields: str, expected: str) -> None:
    assert told(with_rule(fields)) == [expected]


def test_a_rule_names_its_values_once_each_in_order() -> None:
    rule = added(
        f"{MEASURE} | at_most: $monthly_limit | when: {{request.points: {{under: $monthly_limit, is_not: $monthly_limit}}}}"
    )
    assert rule.value_names() == ("monthly_limit",)
