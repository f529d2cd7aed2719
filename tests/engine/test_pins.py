"""Pins: a policy is nudged everywhere, and what no scenario notices is told in its place."""

from __future__ import annotations

import copy

import pytest

from engine.nudges import nudges
from engine.pins import Pins
from engine.versions import load_version
from policies.load import load_policy
from policies.source import read
from tests.engine.small_policy import HERE, RULES, version_of
from tests.engine.small_policy import read as read_scenarios_in

SCENARIOS = (HERE / "small.test.yaml").read_text("utf-8")


def survivors(rules: str, scenarios: str) -> list[str]:
    """What survives, as it is told."""
    compiled = version_of(rules)
    found, problems = read_scenarios_in(scenarios, compiled)
    assert problems == []
    return [str(problem) for problem in Pins(compiled.version, "small.yaml", found).survivors()]


def nudged(rules: str, subject: str) -> list[str]:
    """The nudges of one rule or value."""
    document, _ = read(rules.encode(), "small.yaml")
    policy, problems = load_policy(rules.encode(), "small.yaml")
    assert document is not None
    assert policy is not None, [str(problem) for problem in problems]
    return [nudge.words.en for nudge in nudges(document, policy) if nudge.subject == subject]


def without(name: str) -> str:
    """The scenarios but one."""
    before, found, after = SCENARIOS.partition(f"  - name: {name}")
    assert found
    _, following, rest = after.partition("  - name")
    return before + following + rest


def test_a_rule_that_is_dropped_is_dropped_from_what_other_rules_say_of_it() -> None:
    document, _ = read((RULES + BESIDE).encode(), "small.yaml")
    policy, _ = load_policy((RULES + BESIDE).encode(), "small.yaml")
    assert document is not None
    assert policy is not None
    (dropped,) = [
        each
        for each in nudges(document, policy)
        if each.subject == "bill-points" and each.words.en == "dropping the rule"
    ]
    rules = {rule["id"]: rule for rule in dropped.data["rules"]}
    assert "of" not in rules["more"]
    assert rules["more"]["cap"] == {"at_most": 9, "per": "month"}
    assert "of" not in rules["back"]


def test_the_scenarios_of_the_small_policy_hold_it_in_place() -> None:
    assert survivors(RULES, SCENARIOS) == []


def test_what_no_scenario_notices_is_told_in_its_place() -> None:
    assert survivors(RULES, without("The minimum\n")) == [
        (
            "small.yaml:47:5: minimum: dropping the rule is noticed by no scenario;"
            " a scenario that turns on 'minimum' would notice"
        ),
        (
            "small.yaml:51:5: minimum: at_least 1_000 -> 999 is noticed by no scenario;"
            " scenarios right at 1_000, one below and one above would notice"
        ),
    ]


@pytest.mark.parametrize(
    ("name", "subjects"),
    [
        ("The monthly limit by day and grade", {"monthly_limit", "monthly-limit"}),
        ("Promotion points can be refunded after a year", {"promotion-points"}),
        ("A gift card costs a fee", {"conversion-fee"}),
        ("It earns no more than the cap", {"bill-points"}),
        ("Nothing is decided before the policy is in force", {"starts"}),
        ("The holiday of the programme is no business day", {"holidays"}),
    ],
)
def test_without_a_scenario_something_survives(name: str, subjects: set[str]) -> None:
    told = survivors(RULES, without(name))

    assert told
    assert {line.split(": ")[1] for line in told} <= subjects


EARN = """\
  - id: shop-points
    kind: earn
    terms: "5.2"
    when:
      account.grade: VIP
      event.amount: {at_least: 1_000, under: 90_000}
      any:
        - {event.partner: cafe, event.campaign: {starts_with: A-}}
        - {event.happened_on: {in: [2026-05-01, 2026-05-05]}}
    unless:
      - {account.joined_on: {under_ago: 30 days}}
    event: purchase
    source: promotion
    steps: {every: 1_000, earn: 5}
    at_most: 400
    cap: {at_most: 2_000, per: 30 days}
    expires_on: 2027-12-31
"""
FEES = """\
  - id: cash-fee
    kind: fee
    terms: "18.4"
    when: {request.method: cash}
    overrides: [conversion-fee]
    rate: 1%
    to: 10
    rounding: half_up
    at_most: 3_000
    free: {first: 1, per: month}
    reason: {ko: 수수료, en: A fee}
"""
ALLOCATION = """\
  - id: other-order
    kind: allocate
    terms: "20.2"
    when: {request.method: cash}
    overrides: [order]
    order: [{lot.source: [promotion, bill_payment]}, oldest]
    reason: {ko: 부족, en: Not enough.}
"""
USED = """\
  - id: used
    kind: exclude
    terms: "16.5"
    when: {lot.used_rate: {under: 60%}}
    allowed_methods: {by: lot.source, promotion: [gift_card, cash], bill_payment: none}
    reason: {ko: 제외, en: Out.}
  - id: used-too
    kind: exclude
    terms: "16.6"
    allowed_methods: {by: account.grade, VIP: [cash], else: any}
    reason: {ko: 제외, en: Out.}
"""
IDLE = """\
  - id: idle
    kind: expire
    terms: "15.2"
    when: {lot.source: promotion}
    idle: 18 months
    until: 03-01
    overrides: [five-years]
    reason: {ko: 만료, en: Lapsed.}
"""
SAME = """\
  - id: same
    kind: limit
    terms: "19.9"
    measure: {count: refunds, per: 3 months, of: account, methods: same}
    at_most: 2
    reason: {ko: 횟수, en: Too often.}
"""
BESIDE = """\
  - id: more
    kind: earn
    terms: "5.3"
    event: purchase
    rate: 10%
    of: [bill-points]
    rounding: down
    cap: {at_most: 9, per: month, with: [bill-points]}
    source: promotion
    usable_after: 1 month
    usable_from: month_start
  - id: back
    kind: clawback
    terms: "9.1"
    event: purchase_cancelled
    of: [bill-points]
    rounding: down
    take: [earned_lot, others]
    others: [soonest_to_expire, oldest]
    lots: {lot.left: {over: 5}}
    shortfall: debt
    reason: {ko: 회수, en: Taken back.}
  - id: idle
    kind: dormancy
    terms: "9.2"
    idle: 84 days
    every: 7 days
    rate: 5%
    rounding: up
    at_least: 5
    everything_after: 140 days
    order: [oldest]
    reason: {ko: 휴면, en: Idle.}
  - id: soon
    kind: notice
    terms: "9.3"
    before: [1 month, 3 days]
    at_least: 10
    reason: {ko: 예정, en: Soon.}
""".replace("event: purchase\n", "event: bill_paid\n")
NUDGES = {
    "a table of methods and a percentage": (
        RULES + USED,
        "used",
        [
            "dropping the rule",
            "dropping clause 'lot.used_rate'",
            "lot.used_rate under 60% -> 59%",
            "lot.used_rate under 60% -> 61%",
            "dropping gift_card from allowed_methods promotion",
            "dropping cash from allowed_methods promotion",
            "allowed_methods bill_payment: none -> any",
        ],
    ),
    "a table of methods with others": (
        RULES + USED,
        "used-too",
        ["dropping the rule", "dropping row VIP", "allowed_methods else: any -> none"],
    ),
    "an idle life to a day of the year": (
        RULES + IDLE,
        "idle",
        [
            "dropping the rule",
            "dropping clause 'lot.source'",
            "idle 18 months -> 17 months",
            "idle 18 months -> 19 months",
            "dropping 'until'",
            "until 03-01 -> 02-29",
            "until 03-01 -> 03-02",
            "dropping five-years from overrides",
        ],
    ),
    "a count of the same method": (
        RULES + SAME,
        "same",
        [
            "dropping the rule",
            "per 3 months -> 2 months",
            "per 3 months -> 4 months",
            "dropping 'methods: same'",
            "at_most 2 -> 1",
            "at_most 2 -> 3",
        ],
    ),
    "a_bonus": (
        RULES + BESIDE,
        "more",
        [
            "dropping the rule",
            "rate 10% -> 9%",
            "rate 10% -> 11%",
            "dropping bill-points from of",
            "rounding down -> up",
            "rounding down -> half_up",
            "dropping 'cap'",
            "at_most 9 -> 8",
            "at_most 9 -> 10",
            "dropping bill-points from with",
            "dropping 'usable_after'",
            "usable_after 1 month -> 2 months",
            "dropping 'usable_from'",
        ],
    ),
    "a_clawback": (
        RULES + BESIDE,
        "back",
        [
            "dropping the rule",
            "dropping bill-points from of",
            "rounding down -> up",
            "rounding down -> half_up",
            "dropping soonest_to_expire from others",
            "dropping oldest from others",
            "dropping 'lots'",
            "lot.left over 5 -> 4",
            "lot.left over 5 -> 6",
            "shortfall debt -> forgive",
            "shortfall debt -> refuse",
        ],
    ),
    "a_dormancy": (
        RULES + BESIDE,
        "idle",
        [
            "dropping the rule",
            "idle 84 days -> 83 days",
            "idle 84 days -> 85 days",
            "dropping 'every'",
            "every 7 days -> 6 days",
            "every 7 days -> 8 days",
            "dropping 'rate'",
            "rate 5% -> 4%",
            "rate 5% -> 6%",
            "rounding up -> down",
            "rounding up -> half_up",
            "dropping 'at_least'",
            "at_least 5 -> 4",
            "at_least 5 -> 6",
            "dropping 'everything_after'",
            "everything_after 140 days -> 139 days",
            "everything_after 140 days -> 141 days",
        ],
    ),
    "a_notice": (
        RULES + BESIDE,
        "soon",
        [
            "dropping the rule",
            "dropping 1 month from before",
            "dropping 3 days from before",
            "before 1 month -> 2 months",
            "before 3 days -> 2 days",
            "before 3 days -> 4 days",
            "dropping 'at_least'",
            "at_least 10 -> 9",
            "at_least 10 -> 11",
        ],
    ),
    "an_earn_rule": (
        RULES + EARN,
        "shop-points",
        [
            "dropping the rule",
            "dropping clause 'account.grade'",
            "dropping clause 'event.amount'",
            "dropping clause 'event.amount: at_least'",
            "event.amount at_least 1_000 -> 999",
            "event.amount at_least 1_000 -> 1_001",
            "dropping clause 'event.amount: under'",
            "event.amount under 90_000 -> 89_999",
            "event.amount under 90_000 -> 90_001",
            "dropping clause 'any'",
            "dropping branch 1",
            "dropping clause 'event.partner'",
            "dropping clause 'event.campaign'",
            "dropping branch 2",
            "dropping 2026-05-01 from event.happened_on in",
            "dropping 2026-05-05 from event.happened_on in",
            "event.happened_on in 2026-05-01 -> 2026-04-30",
            "event.happened_on in 2026-05-01 -> 2026-05-02",
            "event.happened_on in 2026-05-05 -> 2026-05-04",
            "event.happened_on in 2026-05-05 -> 2026-05-06",
            "dropping exception 1",
            "account.joined_on under_ago 30 days -> 29 days",
            "account.joined_on under_ago 30 days -> 31 days",
            "every 1_000 -> 999",
            "every 1_000 -> 1_001",
            "earn 5 -> 4",
            "earn 5 -> 6",
            "dropping 'at_most'",
            "at_most 400 -> 399",
            "at_most 400 -> 401",
            "dropping 'cap'",
            "at_most 2_000 -> 1_999",
            "at_most 2_000 -> 2_001",
            "per 30 days -> 29 days",
            "per 30 days -> 31 days",
            "dropping 'expires_on'",
            "expires_on 2027-12-31 -> 2027-12-30",
            "expires_on 2027-12-31 -> 2028-01-01",
        ],
    ),
    "a_fee": (
        RULES + FEES,
        "cash-fee",
        [
            "dropping the rule",
            "dropping clause 'request.method'",
            "dropping conversion-fee from overrides",
            "rate 1% -> 0%",
            "rate 1% -> 2%",
            "dropping 'to'",
            "to 10 -> 9",
            "to 10 -> 11",
            "rounding half_up -> down",
            "rounding half_up -> up",
            "dropping 'at_most'",
            "at_most 3_000 -> 2_999",
            "at_most 3_000 -> 3_001",
            "dropping 'free'",
            "first 1 -> 0",
            "first 1 -> 2",
        ],
    ),
    "an_order": (
        RULES + ALLOCATION,
        "other-order",
        [
            "dropping the rule",
            "dropping clause 'request.method'",
            "dropping order from overrides",
            "dropping lot.source from order",
            "dropping promotion from order lot.source",
            "dropping oldest from order",
        ],
    ),
    "a_span_of_one": (
        RULES.replace("5 years", "1 year"),
        "five-years",
        ["dropping the rule", "after 1 year -> 2 years"],
    ),
    "a_value": (
        RULES,
        "monthly_limit",
        [
            "since 2025-01-01 -> 2024-12-31",
            "since 2025-01-01 -> 2025-01-02",
            "dropping since 2025-01-01",
            "50_000 -> 49_999",
            "50_000 -> 50_001",
            "since 2026-07-01 -> 2026-06-30",
            "since 2026-07-01 -> 2026-07-02",
            "dropping since 2026-07-01",
            "dropping row VIP",
            "300_000 -> 299_999",
            "300_000 -> 300_001",
            "100_000 -> 99_999",
            "100_000 -> 100_001",
        ],
    ),
    "bands": (
        RULES.replace(
            "{by: account.grade, VIP: 300_000, else: 100_000}",
            "{by: account.years, bands: [{from: 0, value: 7},"
            " {from: 2, value: {by: account.identity_level, 5: 6, else: 8}}]}",
        ),
        "monthly_limit",
        [
            "since 2025-01-01 -> 2024-12-31",
            "since 2025-01-01 -> 2025-01-02",
            "dropping since 2025-01-01",
            "50_000 -> 49_999",
            "50_000 -> 50_001",
            "since 2026-07-01 -> 2026-06-30",
            "since 2026-07-01 -> 2026-07-02",
            "dropping since 2026-07-01",
            "from 0 -> -1",
            "from 0 -> 1",
            "7 -> 6",
            "7 -> 8",
            "dropping band from 2",
            "from 2 -> 1",
            "from 2 -> 3",
            "dropping row 5",
            "row 5 -> 4",
            "row 5 -> 6",
            "6 -> 5",
            "6 -> 7",
            "8 -> 7",
            "8 -> 9",
        ],
    ),
}


@pytest.mark.parametrize(("rules", "subject", "words"), NUDGES.values(), ids=NUDGES.keys())
def test_everything_is_nudged(rules: str, subject: str, words: list[str]) -> None:
    assert nudged(rules, subject) == words


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("2.2%", ["rate 2.2% -> 2.1%", "rate 2.2% -> 2.3%"]),
        ("0.05%", ["rate 0.05% -> 0.04%", "rate 0.05% -> 0.06%"]),
        ("1.99%", ["rate 1.99% -> 1.98%", "rate 1.99% -> 2.00%"]),
        ("0%", ["rate 0% -> 1%"]),
        ("3", ["rate 3 -> 2", "rate 3 -> 4"]),
    ],
)
def test_a_percentage_is_nudged_by_its_last_digit(written: str, words: list[str]) -> None:
    assert [each for each in nudged(RULES.replace("2.5%", written), "conversion-fee") if "rate" in each] == words


def test_a_rule_is_dropped_with_what_others_say_about_it() -> None:
    text = (RULES + FEES).encode()
    document, _ = read(text, "small.yaml")
    policy, _ = load_policy(text, "small.yaml")
    assert document is not None
    assert policy is not None
    (dropped,) = (
        nudge.data
        for nudge in nudges(document, policy)
        if (nudge.subject, nudge.words.en) == ("conversion-fee", "dropping the rule")
    )

    assert [rule.get("overrides") for rule in dropped["rules"] if rule["kind"] == "fee"] == [None]


def test_nudging_changes_nothing_but_the_copy() -> None:
    document, _ = read(RULES.encode(), "small.yaml")
    policy, _ = load_policy(RULES.encode(), "small.yaml")
    assert document is not None
    assert policy is not None
    before = copy.deepcopy(document.data)
    found = [nudge.data for nudge in nudges(document, policy)]

    assert document.data == before
    assert before not in found


def test_a_nudge_that_changes_no_meaning_is_not_asked_of_anyone() -> None:
    version, _ = load_version(RULES.replace("business days", "days\n    if_holiday: keep").encode(), "small.yaml")
    assert version is not None
    pins = Pins(version, "small.yaml", ())
    (kept,) = (nudge for nudge in pins.nudges if nudge.words.en == "dropping 'if_holiday'")
    (earlier,) = (nudge for nudge in pins.nudges if nudge.words.en == "since 2025-01-01 -> 2024-12-31")

    assert (pins.noticed(kept), pins.noticed(earlier)) == (True, True)
