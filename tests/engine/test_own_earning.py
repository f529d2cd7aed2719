"""What one account earns by each rule: its facts are decided as the engine decides them, its figures stand first."""

from __future__ import annotations

from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from engine.cases import read_day_case, read_event_case
from engine.compiled import CompiledVersion, compile_version
from engine.events import answer
from engine.own_earning import OwnWay, own_ways
from policies.versions import PolicyVersion
from tests.policies.test_earning import HEAD, RULE
from tests.policies.texts import loaded

DAY = date(2026, 5, 10)
GRADES = "facts: {account.grade: {type: [VIP, GOLD, GENERAL], ko: 등급, en: the grade, default: GENERAL}}\n"
VALUE = """values:
  figure: {{about: A figure, terms: "2.1", unit: points, dated_by: {dated_by}, since: {since}}}
"""
SHIPPED = Path(__file__).resolve().parents[2] / "rules" / "kt-points.yaml"


def compiled(text: str) -> CompiledVersion:
    text = text.replace("    when: {}\n", "")
    return compile_version(PolicyVersion(loaded(text), "", "sha256:0", 1, ()))


def own(text: str, **facts: Any) -> list[OwnWay]:
    version = compiled(text)
    account = {"id": "A", "joined_on": "2026-02-01", **facts}
    case = read_day_case(version.policy, {"account": account, "lots": [], "day": DAY.isoformat()})
    return own_ways(version, case.account, DAY)


def rules(*bodies: str) -> str:
    """The small policy with a rule for each condition."""
    return HEAD.replace("rules:\n", f"{GRADES}rules:\n") + "".join(
        RULE.format(number=number, when=body) for number, body in enumerate(bodies, 1)
    )


def with_figure(since: str, dated_by: str = "event.happened_on") -> str:
    """One rule whose points are a dated value."""
    head = HEAD.replace("rules:\n", f"{GRADES}{VALUE.format(since=since, dated_by=dated_by)}rules:\n")
    return head + RULE.format(number=1, when="").replace("points: 10", "points: $figure")


@pytest.mark.parametrize(
    ("when", "facts", "earns", "left"),
    [
        ("account.grade: VIP", {"grade": "VIP"}, True, ""),
        ("account.grade: VIP", {}, False, "the grade is VIP"),
        ("account.grade: {not_in: [VIP]}", {}, True, ""),
        ("account.grade: {in: [VIP, GOLD]}", {}, False, "the grade is one of VIP, GOLD"),
        ("account.grade: {is_not: VIP}", {"grade": "VIP"}, False, "the grade is not VIP"),
        ("account.debt: {under: 10}", {"debt": 10}, False, "the debt is under 10 KRW"),
        ("account.debt: {at_most: 10}", {"debt": 10}, True, ""),
        ("account.debt: {over: 10}", {"debt": 10}, False, "the debt is over 10 KRW"),
        ("account.debt: {at_least: 10}", {"debt": 10}, True, ""),
        ("account.contact_verified: true", {}, False, "'contact data verified' is yes"),
        ("account.joined_on: {at_least_ago: 3 months}", {}, True, ""),
        ("account.joined_on: {at_least_ago: 4 months}", {}, False, "the day of joining is at least 4 months ago"),
        ("account.born_on: {under: 2000-01-01}", {}, False, "the day of birth is before 2000-01-01"),
        ("account.grade: VIP, event.amount: {at_least: 5}", {"grade": "VIP"}, True, "amount is at least 5 KRW"),
        ("account.grade: VIP, event.amount: {at_least: 5}", {}, False, "the grade is VIP"),
        ("any: [{account.grade: VIP}, {event.campaign: X}]", {"grade": "VIP"}, True, ""),
        ("any: [{account.grade: VIP}, {event.campaign: X}]", {}, True, "campaign is X"),
        ("any: [{account.grade: VIP}, {account.grade: GOLD}]", {}, False, "the grade is VIP or the grade is GOLD"),
    ],
)
def test_what_the_account_says_is_decided_and_the_rest_is_left(
    when: str, facts: dict[str, Any], earns: bool, left: str
) -> None:
    (way,) = own(rules(when), **facts)
    assert way.earns is earns
    if earns:
        conditions = way.way.sentence.en.partition("Applies when ")[2]
        assert conditions.endswith(f"{left}.") if left else conditions == ""
        assert way.lacks is None
    else:
        assert way.lacks is not None
        assert way.lacks.en == f"Not at present: it applies when {left}."


def test_an_exception_that_holds_whatever_happens_is_told() -> None:
    text = rules("") + "    unless: [{account.grade: VIP}, {event.campaign: X}]\n"
    (lifted,), (open_,) = own(text, grade="VIP"), own(text)
    assert lifted.lacks is not None
    assert lifted.lacks.ko == "적립되지 않는 예외에 해당합니다: 등급이 VIP."
    assert (open_.earns, open_.way.sentence.en.partition("Except when ")[2]) == (True, "the event's campaign is X.")


def test_another_rule_takes_the_place_of_one_only_where_it_always_does() -> None:
    first = rules("", "account.grade: VIP")
    always = own(f"{first}    overrides: [earning-1]\n", grade="VIP")
    assert [(way.way.rule.id, way.earns) for way in always] == [("earning-2", True), ("earning-1", False)]
    assert all(way.earns for way in own(f"{first}    overrides: [earning-1]\n") if way.way.rule.id == "earning-1")
    at_times = rules("", "account.grade: VIP, event.campaign: X") + "    overrides: [earning-1]\n"
    assert [way.earns for way in own(at_times, grade="VIP")] == [True, True]


@pytest.mark.parametrize(
    ("since", "facts", "points", "rows"),
    [
        ("{always: 7}", {}, 7, []),
        (
            "{always: {by: account.grade, VIP: 9, else: 5}}",
            {"grade": "GOLD"},
            5,
            [("GOLD", "5 points", True), ("VIP", "9 points", False)],
        ),
        (
            "{always: {by: account.grade, VIP: 5, GOLD: 5, else: 5}}",
            {"grade": "GOLD"},
            5,
            [("GOLD", "5 points", True), ("VIP", "5 points", False), ("all others", "5 points", False)],
        ),
        (
            "{always: {by: account.debt, bands: [{from: 0, value: 8}, {from: 1_000, value: 2}]}}",
            {"debt": 1_000},
            2,
            [("from 1,000", "2 points", True), ("from 0", "8 points", False)],
        ),
        ("{always: {by: event.partner, X: 9, else: 5}}", {}, None, []),
        (
            "{always: {by: account.grade, VIP: {by: account.kind, person: 3, company: 4}, else: 5}}",
            {"grade": "VIP"},
            3,
            [
                *(("VIP", "3 points", True), ("all others", "5 points", False)),
                *(("person", "3 points", True), ("company", "4 points", False)),
            ],
        ),
        ("{2026-01-01: 5, 2026-05-11: 6}", {}, 5, []),
    ],
)
def test_the_own_figure_stands_first_and_is_marked(
    since: str, facts: dict[str, Any], points: int | None, rows: list[tuple[str, str, bool]]
) -> None:
    (way,) = own(with_figure(since), **facts)
    assert way.figures["points"] == points
    assert [(row.words.en, row.figure.en, row.own) for table in way.tables for row in table.rows] == rows
    if points is not None:
        assert f"earns {points} points" in way.way.sentence.en


def test_a_figure_that_the_account_s_own_day_dates_is_the_one_of_that_day() -> None:
    text = with_figure("{always: 5, 2026-02-01: 6, 2026-03-01: 7}", "account.joined_on")
    (way,) = own(text)
    assert (way.figures["points"], "earns 6 points" in way.way.sentence.en) == (6, True)


def test_what_is_told_is_what_the_engine_grants() -> None:
    """Who is told that nothing is earned is granted nothing by that rule, and the figures are those that count."""
    version = compiled(SHIPPED.read_text())
    seen, ways = set[str](), set[str]()
    events: list[dict[str, Any]] = [
        *({"type": "bill_paid", "amount": 100_000}, {"type": "promotion_joined", "campaign": "WELCOME"}),
        *({"type": "promotion_joined", "campaign": "LOYAL-1"}, {"type": "promotion_joined", "campaign": "X"}),
        *({"type": "purchase", "amount": 100_000, "partner": partner} for partner in ("", "CAFE-1", "MART-1")),
    ]
    for grade, status in product(("VVIP", "GOLD", "WHITE"), ("active", "dormant", "suspended")):
        account = {"id": "A", "joined_on": "2025-01-01", "grade": grade, "status": status}
        case = read_day_case(version.policy, {"account": account, "lots": [], "day": DAY.isoformat()})
        told = {way.way.rule.id: way for way in own_ways(version, case.account, DAY)}
        ways |= set(told)
        for event in events:
            happened = {"id": "E", "happened_at": "2026-05-10T03:00:00Z", **event}
            found = answer(version, read_event_case(version.policy, {"account": account, "event": happened}))
            for line in found.trace:
                if "figures" not in line or line["rule"] not in told:
                    continue
                way = told[line["rule"]]
                assert way.earns, (line, grade, status)
                assert line["figures"]["brought"] == expected(way, event.get("amount", 0))
                seen.add(line["rule"])
    assert seen == ways, "every rule had its say"


def expected(way: OwnWay, amount: Any) -> int:
    """What an event brings by the figures that are told; rates of the shipped rules come to whole points here."""
    points, every, rate = (way.figures[name] for name in ("points", "every", "rate"))
    if isinstance(rate, str):
        return int(amount * float(rate.removesuffix("%")) / 100)
    assert isinstance(points, int)
    return points if every is None else amount // int(every) * points
