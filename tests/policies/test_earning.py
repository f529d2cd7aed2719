"""What a member is told of earning: which ways are open on a day, in words, with the figures of that day."""

from __future__ import annotations

from datetime import date

import pytest

from policies.earning import WayToEarn, ways_to_earn
from tests.policies.texts import loaded

HEAD = """format: 1
policy: small
title: {ko: 작은 정책, en: Small policy}
starts: 2026-01-01
currency: KRW
timezone: Asia/Seoul
calendar: KR
terms: https://example.com/terms
sources: {usage: {ko: 이용, en: usage}}
methods: {cash: {ko: 현금, en: cash}}
rules:
  - {id: order, kind: allocate, terms: "3.1", order: [oldest], reason: {ko: "부족합니다.", en: "Not enough."}}
  - {id: payout, kind: pay, terms: "3.2", within: 3 business days}
"""
RULE = """  - id: earning-{number}
    kind: earn
    terms: "1.{number}"
    event: purchase
    when: {{{when}}}
    points: 10
    source: usage
    reason: {{ko: "적립되었습니다.", en: "Earned."}}
"""
VALUE = """values:
  figure: {{about: A figure, terms: "2.1", unit: {unit}, dated_by: event.happened_on, since: {since}}}
"""
DAY = date(2026, 5, 10)


def ways(*conditions: str, day: date = DAY) -> list[WayToEarn]:
    """The ways to earn of a policy with a rule for each condition."""
    rules = "".join(RULE.format(number=number, when=when) for number, when in enumerate(conditions, start=1))
    value = VALUE.format(unit="date", since="{always: 2026-05-01}") if "$figure" in rules else ""
    return ways_to_earn(loaded(HEAD.replace("rules:\n", f"{value}rules:\n") + rules), day)


@pytest.mark.parametrize(
    ("when", "first", "last", "standing"),
    [
        ("account.status: active", None, None, "open"),
        ("event.happened_on: {at_least: 2026-05-10}", date(2026, 5, 10), None, "open"),
        ("event.happened_on: {over: 2026-05-10}", date(2026, 5, 11), None, "to_come"),
        ("event.happened_on: {at_most: 2026-05-10}", None, date(2026, 5, 10), "open"),
        ("event.happened_on: {under: 2026-05-10}", None, date(2026, 5, 9), "over"),
        ("event.happened_on: 2026-05-10", date(2026, 5, 10), date(2026, 5, 10), "open"),
        ("event.happened_on: {in: [2026-05-12, 2026-05-11]}", date(2026, 5, 11), date(2026, 5, 12), "to_come"),
        ("event.happened_on: {at_least: 2026-05-01, at_most: 2026-05-09}", date(2026, 5, 1), date(2026, 5, 9), "over"),
        ("event.happened_on: {at_least: $figure}", date(2026, 5, 1), None, "open"),
        ("event.happened_on: {at_least_ago: 1 month}", None, None, "open"),
    ],
)
def test_a_way_is_open_on_the_days_that_its_condition_names(
    when: str, first: date | None, last: date | None, standing: str
) -> None:
    (way,) = ways(when)
    assert (way.first_on, way.last_on, way.standing) == (first, last, standing)


def test_what_is_open_stands_first_and_what_is_over_last() -> None:
    found = ways(
        "event.happened_on: {under: 2026-01-02}", "event.happened_on: {over: 2026-06-01}", "account.status: active"
    )
    assert [way.rule.id for way in found] == ["earning-3", "earning-2", "earning-1"]


def test_what_is_to_come_is_told_with_the_figures_of_its_first_day() -> None:
    value = VALUE.format(unit="points", since="{2026-01-01: 5, 2026-06-01: 70}")
    head = HEAD.replace("rules:\n", f"{value}rules:\n")
    rule = RULE.format(number=1, when="event.happened_on: {at_least: 2026-06-01}")
    rules = rule.replace("points: 10", "points: $figure")
    (way,) = ways_to_earn(loaded(head + rules), DAY)
    assert way.event.ko == "구매"
    assert way.sentence.en.startswith("A purchase earns 70 points (usage).")
