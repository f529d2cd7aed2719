"""Scenario files: what they expect is checked in full, and what is wrong with them is told in its place."""

from __future__ import annotations

import pytest

from engine.compiled import CompiledVersion
from engine.facts import Case, EventCase
from engine.scenario_file import policy_file, read_document
from engine.scenarios import run
from tests.engine.small_policy import BASE, EXPECT, HERE, REQUEST, RULES, read, version_of


@pytest.fixture(scope="module")
def small() -> CompiledVersion:
    return version_of()


def differences(text: str, compiled: CompiledVersion) -> list[str]:
    """What differs in the scenarios of a text that has no problem."""
    scenarios, problems = read(text, compiled)
    assert problems == []
    return [each.en for scenario in scenarios for each in run(compiled, scenario).differences]


def with_expect(expect: str) -> str:
    """The base with something else expected."""
    return BASE.replace(EXPECT, f"    expect: {expect}\n")


def test_every_scenario_of_the_small_policy_passes(small: CompiledVersion) -> None:
    scenarios, problems = read((HERE / "small.test.yaml").read_text("utf-8"), small)

    assert problems == []
    assert [line for scenario in scenarios for line in run(small, scenario).lines()] == []
    assert len(scenarios) == 33


def test_each_row_of_a_table_is_a_scenario_of_its_own(small: CompiledVersion) -> None:
    table = BASE.replace(EXPECT, "    columns: [request.points, outcome]\n    rows:\n      - [1_000, approved]\n")
    (scenario,), _ = read(table + "      - [2_000, approved]\n", small)[0][:1], None
    scenarios, _ = read(table + "      - [2_000, approved]\n", small)

    assert scenario.row == 1
    assert [(each.name, each.row, each.place.line) for each in scenarios] == [("A refund", 1, 15), ("A refund", 2, 16)]
    assert [each.case.request.points for each in scenarios if isinstance(each.case, Case)] == [1_000, 2_000]


def test_a_scenario_that_was_read_once_runs_on_many_versions(small: CompiledVersion) -> None:
    (scenario,), _ = read(BASE, small)
    stricter = version_of(RULES.replace("2025-01-01: 50_000", "2025-01-01: 19_999"))

    assert run(small, scenario).differences == ()
    assert [each.en for each in run(stricter, scenario).differences] == [
        "expected outcome approved, got denied",
        "expected reasons [], got [monthly-limit]",
    ]


def test_a_line_of_a_result_names_place_scenario_and_row(small: CompiledVersion) -> None:
    rows = "    columns: [request.points, outcome]\n    rows:\n      - [1_000, approved]\n      - [2_000, denied]\n"
    scenarios, _ = read(BASE.replace(EXPECT, rows), small)

    assert [run(small, each).lines() for each in scenarios] == [
        [],
        ["a.test.yaml:16:9: A refund: row 2: expected outcome denied, got approved"],
    ]
    assert run(small, scenarios[1]).lines("ko") == [
        "a.test.yaml:16:9: A refund: 2번째 행: outcome: 기대한 값은 denied, 나온 값은 approved"
    ]


DIFFERENCES = {
    "an_outcome": ("{outcome: needs_review}", ["expected outcome needs_review, got approved"]),
    "a_missing_reason": (
        "{outcome: approved, reasons: [minimum]}",
        ["expected reasons [minimum], got []"],
    ),
    "an_amount": ("{outcome: approved, payout: 19_500}", ["expected payout 19_500, got 20_000"]),
    "a_day": ("{outcome: approved, payable_on: none}", ["expected payable_on none, got 2026-03-06"]),
    "an_allocation": (
        "{outcome: approved, allocation: {bill: 15_000, promo: 5_000}}",
        ["expected allocation {bill: 15_000, promo: 5_000}, got {bill: 20_000}"],
    ),
    "a_lot_that_is_not_named": (
        "{outcome: approved, lots: {}}",
        ["lot 'promo': expected reasons [], got [promotion-points]"],
    ),
    "a_lot_with_nothing_against_it": (
        "{outcome: approved, lots: {bill: [five-years], promo: [promotion-points]}}",
        ["lot 'bill': expected reasons [five-years], got []"],
    ),
    "a_last_usable_day": (
        "{outcome: approved, last_usable_on: {bill: 2030-03-01}}",
        ["expected last_usable_on bill: 2030-03-01, got 2030-03-02"],
    ),
    "a_remedy_of_none": (
        "{outcome: approved, remedy: {request.points: 1_000}}",
        ["expected remedy {request.points: 1_000}, got none"],
    ),
    "figures_of_a_silent_rule": (
        "{outcome: approved, figures: {minimum: {limit: 1_000}}}",
        ["expected figures of 'minimum', which gave no reason"],
    ),
    "everything_at_once": (
        "{outcome: denied, fee: 1, points: 20_000}",
        ["expected outcome denied, got approved", "expected fee 1, got 0"],
    ),
}


@pytest.mark.parametrize(("expect", "told"), DIFFERENCES.values(), ids=DIFFERENCES.keys())
def test_what_differs_is_told(expect: str, told: list[str], small: CompiledVersion) -> None:
    assert differences(with_expect(expect), small) == told


def test_an_unexpected_reason_fails_like_a_missing_one(small: CompiledVersion) -> None:
    denied = BASE.replace("points: 20_000", "points: 999")

    assert differences(denied.replace("approved", "denied"), small) == ["expected reasons [], got [minimum]"]


CHOSEN = """\
  - id: chosen-only
    kind: exclude
    terms: "16.9"
    when: {lot.chosen: false, request.chosen_lots: {over: 0}}
    reason: {ko: 선택하지 않은 포인트, en: Not chosen.}
  - id: idle
    kind: expire
    terms: "15.9"
    when: {lot.source: promotion}
    idle: 1 month
    overrides: [five-years]
    reason: {ko: 만료, en: Lapsed.}
"""


def test_chosen_lots_and_days_of_activity_are_written_as_lists() -> None:
    rules = version_of(RULES + CHOSEN)
    text = BASE.replace(
        REQUEST + EXPECT,
        """\
    request: {points: 4_000, method: cash}
    columns: [request.lots, account.activity_days, outcome, allocation, reasons, lots]
    rows:
      - [[bill], [], approved, {bill: 4_000}, [], {promo: [idle, chosen-only]}]
      - [[promo], [2026-02-02], approved, {promo: 4_000}, [], {bill: [chosen-only]}]
      - [[promo], [2026-02-03], denied, {}, [order], {promo: [idle], bill: [chosen-only]}]
""",
    )
    text = text.replace("source: promotion", "source: promotion, campaign: LOYAL-1")
    scenarios, problems = read(text, rules)
    assert problems == []
    assert [each for scenario in scenarios for each in run(rules, scenario).differences] == []
    _, problems = read(text.replace("[[bill],", "[[bil],"), rules)
    told = "'lots' is 'bil', and no lot has that id; did you mean 'bill'?"
    assert problems == [f"a.test.yaml:15:10: A refund, row 1: {told}"]


DENIED = BASE.replace("points: 20_000", "points: 50_001").replace(
    "5_000}\n", "5_000}\n  much: {like: bill, amount: 90_000}\n"
)
DENIED = DENIED.replace("[bill, promo]", "[much]")


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ("remedy: {request.points: 50_000}", []),
        ("remedy: none", ["expected remedy none, got {request.points: 50_000}"]),
        ("figures: {monthly-limit: {limit: 50_000, room: 50_000}}", []),
        (
            "figures: {monthly-limit: {used: 1, room: 50_000}}",
            ["expected 'monthly-limit' used: 1, got 0"],
        ),
    ],
    ids=["the_remedy", "no_remedy", "the_figures", "another_figure"],
)
def test_remedies_and_figures_are_checked(expect: str, told: list[str], small: CompiledVersion) -> None:
    said = DENIED.replace("{outcome: approved}", "{outcome: denied, reasons: [monthly-limit], " + expect + "}")

    assert differences(said, small) == told


ASKED_OF = """\
  - {id: level, kind: require, terms: "9", that: {account.identity_level: 7}, reason: {ko: 수준, en: Level.}}
  - {id: verified, kind: require, terms: "9", that: {account.contact_verified: true}, reason: {ko: 확인, en: Contact.}}
"""
LEVEL, VERIFIED = "{account.identity_level: 7}", "{account.contact_verified: true}"


@pytest.mark.parametrize(
    ("remedy", "told"),
    [
        (f"[{LEVEL}, {VERIFIED}]", []),
        (f"[{VERIFIED}, {LEVEL}]", [f"expected remedy {VERIFIED} and {LEVEL}, got {LEVEL} and {VERIFIED}"]),
        (f"[{LEVEL}]", [f"expected remedy {LEVEL}, got {LEVEL} and {VERIFIED}"]),
        (LEVEL, [f"expected remedy {LEVEL}, got {LEVEL} and {VERIFIED}"]),
        ("[]", [f"expected remedy none, got {LEVEL} and {VERIFIED}"]),
    ],
)
def test_remedies_that_differ_are_expected_in_a_list(remedy: str, told: list[str]) -> None:
    version = version_of(RULES + ASKED_OF)
    said = with_expect(f"{{outcome: denied, reasons: [level, verified], remedy: {remedy}}}")
    assert told == differences(said, version)


EVENT = BASE.replace("    lots: [bill, promo]\n", "").replace(REQUEST, "    event: {type: bill_paid, amount: 20_000}\n")


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ("{earned: [{rule: bill-points, points: 100, usable_from_on: 2026-03-09}]}", []),
        ("{earned: []}", ["expected earned [], got [{rule: bill-points, points: 100}]"]),
        (
            "{earned: [{rule: bill-points, points: 99}]}",
            ["expected earned [{rule: bill-points, points: 99}], got [{rule: bill-points, points: 100}]"],
        ),
        ("{outcome: not_in_force}", ["expected outcome not_in_force, got answered"]),
    ],
    ids=["the_lot", "a_lot_too_many", "other_points", "another_outcome"],
)
def test_what_an_event_earns_is_checked(expect: str, told: list[str], small: CompiledVersion) -> None:
    assert differences(EVENT.replace("{outcome: approved}", expect), small) == told


BACK = """
  - id: back
    kind: clawback
    terms: "9.1"
    event: purchase_cancelled
    part: all
    shortfall: debt
    reason: {ko: 회수, en: Taken back.}
  - id: idle
    kind: dormancy
    terms: "9.2"
    idle: 10 days
    points: 700
    order: [oldest]
    reason: {ko: 휴면, en: Idle.}
"""
CANCELLED = BASE.replace("lots: [bill, promo]", "lots: [{like: promo, left: 30, id: order}]").replace(
    REQUEST,
    "    event: {type: purchase_cancelled, of: P-1}\n"
    "    earned: [{at: 2026-03-01 09:00, rule: bill-points, points: 100, event: P-1, lot: order}]\n",
)
DAY = BASE.replace("lots: [bill, promo]", "lots: [{id: a, source: promotion, acquired_on: 2021-03-01, amount: 500}]")
DAY = DAY.replace("    account: gold", "    account: {like: gold, last_activity_on: 2026-02-19}")


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ("{taken: {order: 30}, debt: 70, reasons: [back], figures: {back: {asked: 100}}}", []),
        ("{taken: {order: 30}, debt: 70}", ["expected reasons [], got [back]"]),
        ("{taken: {order: 30}, reasons: [back]}", ["expected debt 0, got 70"]),
        ("{debt: 70, reasons: [back]}", ["expected taken {}, got {order: 30}"]),
        ("{earned: [], reasons: [back]}", ["expected taken {}, got {order: 30}", "expected debt 0, got 70"]),
        ("{taken: {order: 30}, debt: 70, lapsed: 1, reasons: [back]}", ["expected lapsed 1, got 0"]),
    ],
)
def test_what_an_event_takes_back_is_checked_whether_or_not_it_is_named(expect: str, told: list[str]) -> None:
    assert differences(CANCELLED.replace("{outcome: approved}", expect), version_of(RULES + BACK)) == told


@pytest.mark.parametrize(
    ("day", "expect", "told"),
    [
        ("2026-03-01", "{charged: {a: 500}, reasons: [idle]}", []),
        ("2026-03-01", "{expired: {}, reasons: [idle]}", ["expected charged {}, got {a: 500}"]),
        ("2026-03-01", "{charged: {a: 500}}", ["expected reasons [], got [idle]"]),
        ("2026-03-02", "{expired: {a: 500}}", []),
        ("2026-03-02", "{expired: {a: 499}}", ["expected expired {a: 499}, got {a: 500}"]),
        ("2026-03-03", "{expired: {}}", []),
        ("2026-02-01", "{notices: [{rule: told-before, points: 500, last_usable_on: 2026-03-01, lots: [a]}]}", []),
        ("2026-02-01", "{charged: {}}", ["expected notices [], got [{rule: told-before, points: 500}]"]),
        (
            "2026-02-01",
            "{notices: [{rule: told-before, points: 500, before: 2 months}]}",
            [
                (
                    "expected notices [{rule: told-before, points: 500, before: 2 months}],"
                    " got [{rule: told-before, points: 500, before: 1 month}]"
                )
            ],
        ),
        ("2024-12-31", "{outcome: not_in_force}", []),
        ("2024-12-31", "{expired: {}}", ["expected outcome answered, got not_in_force"]),
    ],
)
def test_what_a_day_comes_to_is_checked_whether_or_not_it_is_named(day: str, expect: str, told: list[str]) -> None:
    text = DAY.replace(REQUEST, f"    day: {day}\n").replace("{outcome: approved}", expect)
    assert differences(text, version_of(RULES + BACK)) == told


def test_two_rules_that_contradict_each_other_can_be_expected() -> None:
    longer = "    after: 3 years\n    reason: {ko: 만료, en: Expired.}\n    when: {account.years: {at_least: 3}}\n"
    text = RULES.replace("    after: 5 years\n", "    after: 5 years\n    when: {account.grade: VIP}\n")
    text = text.replace("rules:\n", 'rules:\n  - id: three-years\n    kind: expire\n    terms: "15.2"\n' + longer)
    twice = version_of(text)
    vip = BASE.replace("years: 3}", "years: 3, grade: VIP}")

    assert differences(vip, twice) == [
        "expected outcome approved, got conflict",
        "expected reasons [], got [three-years, five-years]",
    ]
    expected = "{outcome: conflict, reasons: [three-years, five-years]}"
    assert differences(vip.replace("{outcome: approved}", expected), twice) == []


def test_times_are_of_the_zone_of_the_policy(small: CompiledVersion) -> None:
    told = BASE.replace(EXPECT, "    history: [{at: 2026-03-01 09:00, points: 1, method: cash}]\n" + EXPECT)
    (scenario,), _ = read(told, small)

    assert isinstance(scenario.case, Case)
    assert scenario.case.as_of.isoformat() == "2026-03-02T01:00:00+00:00"
    assert [past.requested_at.isoformat() for past in scenario.case.history] == ["2026-03-01T00:00:00+00:00"]
    assert [past.state for past in scenario.case.history] == ["settled"]


def test_an_event_happens_at_the_time_of_the_scenario(small: CompiledVersion) -> None:
    (scenario,), _ = read(EVENT.replace("{outcome: approved}", "{earned: []}"), small)

    assert isinstance(scenario.case, EventCase)
    assert scenario.case.event.happened_at.isoformat() == "2026-03-02T01:00:00+00:00"


def test_a_scenario_file_names_its_rule_file() -> None:
    document, _ = read_document(BASE.encode(), "a.test.yaml")
    assert document is not None
    assert policy_file(document) == "small.yaml"
