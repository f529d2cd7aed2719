"""`expire`: the last usable day of lots."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policies_for_tests import case, decided, lot, policy

REASON = (
    'reason: {ko: "{last_day} 만료({points}, {acquired_on})", en: "{points} of {acquired_on} lapsed after {last_day}."}'
)


def last_day(
    fields: str, *, values: str = "", facts: str = "", account: dict[str, object] | None = None, **of_lot: object
) -> str | None:
    """The last usable day of one lot under one expire rule."""
    told = "" if "never" in fields else f", {REASON}"
    rule = f'- {{id: life, kind: expire, terms: "1", {fields}{told}}}'
    decision = decided(policy(rule, values=values, facts=facts), case(1, lot("L1", 10, **of_lot), account=account))
    return decision.lots[0].last_usable_on


@pytest.mark.parametrize(
    ("fields", "acquired_on", "expected"),
    [
        ("after: 5 years", "2025-03-15", "2030-03-15"),
        ("after: 5 years, first_day: counted", "2025-03-15", "2030-03-14"),
        ("after: 5 years", "2024-02-29", "2029-02-28"),
        ("after: 1 month", "2026-01-31", "2026-02-28"),
        # Civil Act (Korea), article 160(3): a month that lacks the day ends the period with its own last day.
        ("after: 1 year, first_day: counted", "2024-02-29", "2025-02-28"),
        ("after: 4 years, first_day: counted", "2024-02-29", "2028-02-28"),
        ("after: 1 month, first_day: counted", "2026-01-31", "2026-02-28"),
        ("after: 1 month, first_day: counted", "2024-01-31", "2024-02-29"),
        ("after: 1 month, first_day: counted", "2026-01-29", "2026-02-28"),
        ("after: 1 month, first_day: counted", "2026-01-28", "2026-02-27"),
        ("after: 1 month, first_day: counted", "2026-02-28", "2026-03-27"),
        ("after: 1 month, first_day: counted", "2026-03-31", "2026-04-30"),
        ("after: 2 months, first_day: counted", "2026-03-31", "2026-05-30"),
        ("after: 30 days, first_day: counted", "2026-01-31", "2026-03-01"),
        ("idle: 1 month, first_day: counted", "2026-01-31", "2026-02-28"),
        ("after: 1 month, until: month_end, first_day: counted", "2026-01-31", "2026-02-28"),
        ("after: 90 days", "2026-01-01", "2026-04-01"),
        ("after: 12 months, until: month_end", "2025-03-15", "2026-03-31"),
        ("after: 12 months, until: month_end, first_day: counted", "2025-03-01", "2026-02-28"),
        ("after: 2 years, until: year_end", "2024-01-01", "2026-12-31"),
        ("until: year_end", "2025-03-15", "2025-12-31"),
        ("until: month_end", "2026-02-01", "2026-02-28"),
        ("from: lot.usable_from_on, until: month_end", "2026-02-01", "2026-02-28"),
        ("after: 1 year, until: quarter_end", "2025-03-31", "2026-03-31"),
        ("after: 1 year, until: quarter_end", "2025-04-01", "2026-06-30"),
        ("until: quarter_end", "2025-12-31", "2025-12-31"),
        ("after: 1 year, until: half_year_end", "2025-06-30", "2026-06-30"),
        ("after: 1 year, until: half_year_end", "2025-07-01", "2026-12-31"),
        ("until: half_year_end", "2026-01-01", "2026-06-30"),
        ("after: 2 years, until: 06-30", "2024-01-01", "2026-06-30"),
        ("after: 2 years, until: 06-30", "2024-12-31", "2026-06-30"),
        ("after: 2 years, until: 06-30, first_day: counted", "2025-01-01", "2026-06-30"),
        ("after: 1 year, until: 02-29", "2025-03-15", "2026-02-28"),
        ("after: 3 years, until: 02-29", "2025-03-15", "2028-02-29"),
        ("after: 100 years", "2025-03-15", "2125-03-15"),
        ("last_day: 2026-06-30", "2025-03-15", "2026-06-30"),
        ("never: true", "2001-01-01", None),
    ],
)
def test_the_last_day_follows_from_the_day_of_earning(fields: str, acquired_on: str, expected: str | None) -> None:
    assert expected == last_day(fields, acquired_on=acquired_on)


def test_the_last_day_may_be_a_fact_of_the_lot() -> None:
    assert last_day("last_day: lot.expires_on", expires_on="2027-01-01") == "2027-01-01"
    assert last_day("last_day: lot.expires_on") is None


def test_a_life_may_count_from_any_day_such_as_the_last_activity() -> None:
    fields = "after: 12 months, from: account.last_activity_on"
    assert last_day(fields, account={"last_activity_on": "2026-02-01"}) == "2027-02-01"
    assert last_day(fields) is None, "without that day there is nothing to count from"


LIFE = """
life:
  about: How long points live
  terms: "17"
  unit: span
  dated_by: lot.acquired_on
  since:
    always: 5 years
    2025-07-01: {by: lot.source, promotion: 30 days, else: 3 years}
"""


@pytest.mark.parametrize(
    ("acquired_on", "source", "expected"),
    [
        ("2025-06-30", "promotion", "2030-06-30"),
        ("2026-02-20", "promotion", "2026-03-22"),
        ("2025-07-01", "bill", "2028-07-01"),
    ],
)
def test_a_shorter_life_is_for_new_lots_only(acquired_on: str, source: str, expected: str) -> None:
    assert expected == last_day("after: $life", values=LIFE, acquired_on=acquired_on, source=source)


@pytest.mark.parametrize(("as_of", "usable"), [("2026-03-15T14:59:59Z", True), ("2026-03-15T15:00:00Z", False)])
def test_a_lot_can_be_used_through_its_last_day(as_of: str, usable: bool) -> None:
    rule = f'- {{id: life, kind: expire, terms: "17.1", after: 1 year, {REASON}}}'
    decision = decided(policy(rule), case(10, lot("L1", 10, acquired_on="2025-03-15"), as_of=as_of))
    assert (10 if usable else 0) == decision.available
    if not usable:
        (reason,) = decision.lots[0].reasons
        assert (reason.rule, reason.kind, reason.terms) == ("life", "expire", "17.1")
        assert reason.en == "10 of 2025-03-15 lapsed after 2026-03-15."
        assert reason.ko == "2026-03-15 만료(10, 2025-03-15)"


def test_a_rule_governs_even_a_lot_with_an_end_of_its_own() -> None:
    assert last_day("after: 5 years", acquired_on="2025-03-15", expires_on="2026-01-01") == "2030-03-15"


def test_the_more_special_rule_overrides_the_general() -> None:
    version = policy(
        f"""
        - {{id: general, kind: expire, terms: "1", after: 5 years, {REASON}}}
        - id: promotion
          kind: expire
          terms: "2"
          when: {{lot.source: promotion}}
          after: 6 months
          overrides: [general]
          {REASON}
        """
    )
    decision = decided(
        version,
        case(1, lot("L1", 10, acquired_on="2026-01-01"), lot("L2", 10, acquired_on="2026-01-01", source="promotion")),
    )
    assert [line.last_usable_on for line in decision.lots] == ["2031-01-01", "2026-07-01"]


ACTIVE = [
    # Earned on 2024-01-31: the life without any activity ends on 2025-07-31.
    ([], None, "2025-07-31"),
    (["2025-07-31"], None, "2027-01-31"),
    (["2025-08-01"], None, "2025-07-31"),
    ([], "2025-07-31", "2027-01-31"),
    ([], "2025-08-01", "2025-07-31"),
    (["2025-03-01"], "2025-08-01", "2027-02-01"),
    (["2025-03-01", "2024-02-29"], None, "2026-09-01"),
    (["2025-07-31", "2025-07-31"], None, "2027-01-31"),
    (["2025-08-01", "2025-07-31"], None, "2027-02-01"),
    # What was before the lot, on its own day or after the request says nothing of it.
    (["2020-01-01", "2024-01-31"], None, "2025-07-31"),
    (["2025-07-31", "2026-03-03"], None, "2027-09-03"),
    (["2025-07-31", "2026-03-04"], "2026-12-31", "2027-01-31"),
]


@pytest.mark.parametrize(("days", "last_activity_on", "expected"), ACTIVE)
def test_every_activity_up_to_the_end_begins_an_idle_life_anew(
    days: list[str], last_activity_on: str | None, expected: str
) -> None:
    account: dict[str, object] = {"activity_days": days, "last_activity_on": last_activity_on}
    assert expected == last_day("idle: 18 months", acquired_on="2024-01-31", account=account)


@pytest.mark.parametrize(
    ("fields", "days", "expected"),
    [
        ("idle: 1 year, until: month_end", ["2026-01-31"], "2027-01-31"),
        ("idle: 1 year, until: month_end", ["2026-02-01"], "2026-01-31"),
        ("idle: 1 year, first_day: counted", ["2026-01-09"], "2027-01-08"),
        ("idle: 1 year, first_day: counted", ["2026-01-10"], "2026-01-09"),
        ("idle: 1 year, until: 06-30", ["2026-03-01"], "2027-06-30"),
        ("idle: 12 months, from: lot.usable_from_on", ["2026-02-28"], "2027-02-28"),
        ("idle: 12 months, from: lot.expires_on", ["2026-02-28"], None),
        ("idle: $life", ["2026-01-10"], "2031-01-10"),
    ],
)
def test_an_idle_life_takes_all_that_a_life_takes(fields: str, days: list[str], expected: str | None) -> None:
    values = LIFE if "$life" in fields else ""
    more = {"usable_from_on": "2025-02-28"} if "usable" in fields else {}
    found = last_day(fields, values=values, acquired_on="2025-01-10", account={"activity_days": days}, **more)
    assert expected == found


@given(
    acquired=st.integers(0, 60),
    days=st.lists(st.integers(0, 120), max_size=8),
    idle=st.integers(1, 20),
)
def test_an_idle_life_is_what_one_who_watches_every_day_would_say(acquired: int, days: list[int], idle: int) -> None:
    first = date(2025, 11, 1)

    def on(number: int) -> str:
        return (first + timedelta(days=number)).isoformat()

    end = acquired + idle
    today = (date(2026, 3, 3) - first).days
    for day in range(acquired, today + 1):
        if day in days and day <= end:
            end = day + idle
    account: dict[str, object] = {"activity_days": [on(day) for day in days]}
    assert on(end) == last_day(f"idle: {idle} days", acquired_on=on(acquired), account=account)
