"""Small rule files with rules that never apply or that contradict each other, and what mends each."""

from __future__ import annotations

from typing import NamedTuple

HEAD = """\
format: 1
policy: planted
title: {ko: 심은 잘못, en: Planted}
starts: 2026-01-01
currency: KRW
timezone: Asia/Seoul
calendar: KR
terms: https://example.com/terms
sources:
  bill: {ko: 요금 납부, en: bill}
  promo: {ko: 프로모션, en: promotion}
  shop: {ko: 구매, en: shop}
methods:
  cash: {ko: 현금, en: cash}
  gift: {ko: 상품권, en: gift card}
  credit: {ko: 요금 차감, en: bill credit}
events:
  survey: {ko: 설문, en: a survey}
papers:
  card: {ko: 신분증, en: identity card}
facts:
  account.grade: {type: [VIP, GOLD, SILVER], ko: 등급, en: the grade, default: SILVER}
  account.region: {type: text, ko: 지역, en: the region, default: ""}
  request.leaving: {type: flag, ko: 해지, en: the member is leaving, default: false}
"""

ORDER = """\
  - id: order
    kind: allocate
    terms: "1"
    order: [soonest_to_expire, oldest]
    reason: {ko: "환급 가능 {available}", en: "Only {available} points."}
"""


class Planted(NamedTuple):
    """A fault: the `rules` (and `values`) that have it, what is found, of which rule, and what mends it."""

    code: str
    rule: str
    rules: str
    mended: tuple[str, str]
    values: str = ""


def text(rules: str, values: str = "") -> str:
    """A whole rule file. In `rules` each line `[id kind]` begins a rule, which gets its terms and its reason."""
    lines = [HEAD]
    if values:
        lines.append("values:\n" + values)
    lines.append("rules:\n" + ORDER)
    for block in rules.strip().split("\n["):
        head, _, fields = block.removeprefix("[").partition("\n")
        name, kind = head.rstrip("]").split()
        lines.append(f'  - id: {name}\n    kind: {kind}\n    terms: "2"\n')
        lines += [f"    {line.strip()}\n" for line in fields.strip().splitlines()]
        if "never: true" not in fields:
            lines.append(f'    reason: {{ko: "규칙 {name}", en: "Rule {name}."}}\n')
    return "".join(lines)


def value(name: str, unit: str, dated_by: str, *since: str) -> str:
    """A value with its history."""
    head = f'  {name}:\n    about: A figure\n    terms: "3"\n    unit: {unit}\n    dated_by: {dated_by}\n    since:\n'
    return head + "".join(f"      {each}\n" for each in since)


CLASHES: dict[str, Planted] = {
    # Rules that never apply.
    "a_request_before_the_policy_starts": Planted(
        "dead-rule",
        "early",
        """
[early require]
when: {request.requested_on: {under: 2026-01-01}}
that: {account.identity_level: {at_least: 1}}
""",
        ("under: 2026-01-01", "under: 2026-02-01"),
    ),
    "a_day_that_the_request_day_rules_out": Planted(
        "dead-rule",
        "new-points",
        """
[new-points exclude]
when: {request.requested_on: {under: 2026-07-01}, lot.acquired_on: {at_least: 2026-07-01}}
""",
        ("at_least: 2026-07-01", "at_least: 2026-06-01"),
    ),
    "an_age_and_a_birthday_that_never_meet": Planted(
        "dead-rule",
        "seniors",
        """
[seniors review]
when: {account.age: {at_least: 65}, account.born_on: {at_least: 2000-01-01}, request.requested_on: {under: 2060-01-01}}
""",
        ("at_least: 2000-01-01", "at_least: 1990-01-01"),
    ),
    "two_facts_that_cross": Planted(
        "dead-rule",
        "crossed",
        """
[crossed exclude]
when: {lot.used: {over: lot.amount}}
""",
        ("lot.used: {over: lot.amount}", "lot.used: {at_least: lot.amount}"),
    ),
    "an_untouched_lot_that_was_used": Planted(
        "dead-rule",
        "touched",
        """
[touched exclude]
when: {lot.untouched: true, lot.used_rate: {over: 0%}}
""",
        ("untouched: true", "untouched: false"),
    ),
    "every_alternative_is_excepted": Planted(
        "dead-rule",
        "graded",
        """
[graded require]
when: {account.grade: {in: [VIP, GOLD]}}
unless: [{account.grade: VIP}, {account.grade: GOLD}]
that: {account.identity_level: {at_least: 2}}
""",
        ("{in: [VIP, GOLD]}", "{in: [VIP, GOLD, SILVER]}"),
    ),
    "overridden_everywhere": Planted(
        "dead-rule",
        "general",
        """
[general fee]
when: {request.method: cash}
flat: 500
[for-vips fee]
when: {account.grade: VIP}
flat: 100
overrides: [general]
[for-others fee]
when: {account.grade: {is_not: VIP}}
flat: 300
overrides: [general]
""",
        ("{account.grade: {is_not: VIP}}", "{account.grade: {is_not: VIP}, request.channel: call_centre}"),
    ),
    "a_review_above_the_limit": Planted(
        "dead-rule",
        "large",
        """
[most limit]
measure: request.points
at_most: 300_000
[large review]
measure: request.points
over: 300_000
""",
        ("over: 300_000", "at_least: 300_000"),
    ),
    "a_fee_on_points_that_are_excluded": Planted(
        "dead-rule",
        "promo-fee",
        """
[no-promo exclude]
when: {lot.source: promo}
[promo-fee fee]
when: {lot.source: promo}
rate: 10%
rounding: down
""",
        ("exclude]\nwhen: {lot.source: promo}", "exclude]\nwhen: {lot.source: promo, lot.locked: true}"),
    ),
    "a_fee_on_points_that_have_expired": Planted(
        "dead-rule",
        "old-fee",
        """
[life expire]
after: 1 year
[old-fee fee]
when: {lot.acquired_on: {at_least_ago: 13 months}}
rate: 10%
rounding: down
""",
        ("13 months", "11 months"),
    ),
    "a_limit_that_nothing_breaks": Planted(
        "dead-rule",
        "least",
        """
[least limit]
measure: request.points
at_least: 1
""",
        ("at_least: 1", "at_least: 2"),
    ),
    "a_requirement_that_always_holds": Planted(
        "dead-rule",
        "debt",
        """
[debt require]
when: {request.method: cash}
that: {account.debt: {at_least: 0}}
""",
        ("{at_least: 0}", "{at_most: 0}"),
    ),
    "closed_before_the_start": Planted(
        "dead-rule",
        "holidays",
        """
[holidays closed]
days: [{from: 2025-05-01, until: 2025-12-31}]
""",
        ("until: 2025-12-31", "until: 2026-01-01"),
    ),
    "a_bonus_on_points_of_another_time": Planted(
        "dead-rule",
        "bonus",
        """
[points earn]
event: survey
when: {event.happened_on: {under: 2026-06-01}}
points: 100
source: promo
[bonus earn]
event: survey
when: {event.happened_on: {at_least: 2026-06-01}}
rate: 50%
rounding: down
of: [points]
source: promo
""",
        ("{at_least: 2026-06-01}", "{at_least: 2026-05-01}"),
    ),
    "a_tax_on_a_tax_that_is_never_due": Planted(
        "dead-rule",
        "local-tax",
        """
[promo-tax tax]
when: {lot.source: promo, request.method: cash}
rate: 20%
rounding: down
[local-tax tax]
when: {request.method: gift}
rate: 10%
rounding: down
of: [promo-tax]
""",
        ("[local-tax tax]\nwhen: {request.method: gift}", "[local-tax tax]\nwhen: {request.method: cash}"),
    ),
    "a_campaign_that_cannot_start_so": Planted(
        "dead-rule",
        "campaign",
        """
[campaign exclude]
when: {lot.campaign: {starts_with: SUMMER-, not_in: [SUMMER-1], in: [WINTER-1, SPRING-1]}}
""",
        ("SPRING-1", "SUMMER-2"),
    ),
    "a_row_that_no_value_has": Planted(
        "dead-rule",
        "level",
        """
[level require]
when: {account.identity_level: {over: $needed}, account.grade: SILVER, request.points: {under: 1_000}}
unless: [{account.identity_level: {at_least: 3}}]
that: {request.channel: web}
""",
        ("at_least: 3", "at_least: 4"),
        value("needed", "number", "request.requested_on", "2026-01-01: {by: account.grade, VIP: 1, else: 2}"),
    ),
    # Exceptions that never apply.
    "an_exception_of_another_time": Planted(
        "dead-exception",
        "level",
        """
[level require]
when: {request.requested_on: {at_least: 2026-07-01}}
unless: [{account.joined_on: {over: request.requested_on}}]
that: {account.identity_level: {at_least: 2}}
""",
        ("{over: request.requested_on}", "{at_least: request.requested_on}"),
    ),
    "an_exception_inside_another": Planted(
        "dead-exception",
        "promo",
        """
[promo exclude]
when: {lot.source: promo}
unless: [{lot.campaign: {starts_with: LOYAL-}}, {lot.campaign: LOYAL-2026}]
""",
        ("campaign: LOYAL-2026", "campaign: WELCOME"),
    ),
    "an_exception_for_points_that_have_expired": Planted(
        "dead-exception",
        "promo",
        """
[life expire]
after: 1 year
[promo exclude]
when: {lot.source: promo}
unless: [{lot.acquired_on: {at_least_ago: 13 months}}]
""",
        ("13 months", "6 months"),
    ),
    "an_exception_below_the_least_amount": Planted(
        "dead-exception",
        "transfer",
        """
[least limit]
measure: request.points
at_least: 5_000
[transfer fee]
when: {request.method: cash}
unless: [{request.points: {under: 5_000}}]
flat: 500
""",
        ("{under: 5_000}", "{under: 5_001}"),
    ),
    "an_exception_where_it_asks_nothing_anyway": Planted(
        "dead-exception",
        "own-account",
        """
[own-account require]
that: {request.receiving_holder: member}
unless: [{request.receiving_holder: member, request.method: gift}]
""",
        ("[{request.receiving_holder: member, ", "[{"),
    ),
    # Overlaps.
    "two_fees_on_the_large_ones": Planted(
        "overlap",
        "large",
        """
[small fee]
when: {request.points: {at_most: 10_000}}
flat: 100
[large fee]
when: {request.points: {at_least: 10_000}}
flat: 500
""",
        ("at_least: 10_000", "over: 10_000"),
    ),
    "two_prices_by_method_and_source": Planted(
        "overlap",
        "promo-price",
        """
[gift-price price]
when: {request.method: gift}
every: 100
pays: 90
rounding: down
[promo-price price]
when: {lot.source: promo}
every: 100
pays: 50
rounding: down
""",
        ("when: {lot.source: promo}", "when: {lot.source: promo, request.method: {is_not: gift}}"),
    ),
    "two_taxes_on_one_lot": Planted(
        "overlap",
        "large-tax",
        """
[promo-tax tax]
when: {lot.source: promo}
rate: 20%
rounding: down
[large-tax tax]
when: {lot.amount: {at_least: 100_000}}
rate: 3%
rounding: down
""",
        ("rate: 3%", "rate: 3%\nadds_to: [promo-tax]"),
    ),
    "two_lives_of_one_day": Planted(
        "overlap",
        "new-life",
        """
[old-life expire]
when: {lot.acquired_on: {at_most: 2026-07-01}}
after: 3 years
[new-life expire]
when: {lot.acquired_on: {at_least: 2026-07-01}}
after: 5 years
""",
        ("at_least: 2026-07-01", "over: 2026-07-01"),
    ),
    "two_paydays": Planted(
        "overlap",
        "fast",
        """
[slow pay]
when: {request.method: {in: [cash, gift]}}
within: 5 days
[fast pay]
when: {account.grade: VIP}
within: 1 day
""",
        ("within: 1 day", "within: 1 day\noverrides: [slow]"),
    ),
    "two_orders": Planted(
        "overlap",
        "gift-order",
        """
[vip-order allocate]
when: {account.grade: VIP}
order: [newest]
overrides: [order]
[gift-order allocate]
when: {request.method: gift}
order: [largest]
overrides: [order]
""",
        ("when: {request.method: gift}", "when: {request.method: gift, account.grade: {is_not: VIP}}"),
    ),
    "two_debts_in_no_order": Planted(
        "overlap",
        "half",
        """
[all offset]
when: {request.method: cash}
debt: account.debt
[half offset]
when: {request.applicant: heir}
debt: account.debt
at_most: 50%
rounding: down
""",
        ("at_most: 50%", "at_most: 50%\nafter: [all]"),
    ),
    "two_clawbacks_of_one_earning": Planted(
        "overlap",
        "large-cancelled",
        """
[points earn]
event: purchase
rate: 1%
rounding: down
source: shop
[cancelled clawback]
event: purchase_cancelled
when: {event.partner: ""}
rounding: down
shortfall: debt
[large-cancelled clawback]
event: purchase_cancelled
when: {event.amount: {at_least: 100_000}}
rounding: down
shortfall: forgive
""",
        ("shortfall: forgive", "shortfall: forgive\noverrides: [cancelled]"),
    ),
    "two_charges_on_one_day": Planted(
        "overlap",
        "vip-idle",
        """
[idle dormancy]
idle: 1 year
points: 100
order: [oldest]
[vip-idle dormancy]
when: {account.grade: VIP}
idle: 12 months
points: 10
order: [oldest]
""",
        ("points: 10\n", "points: 10\noverrides: [idle]\n"),
    ),
}
