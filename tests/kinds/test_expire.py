"""`expire`: the last usable day of lots."""

from __future__ import annotations

import pytest

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
        ("after: 90 days", "2026-01-01", "2026-04-01"),
        ("after: 12 months, until: month_end", "2025-03-15", "2026-03-31"),
        ("after: 12 months, until: month_end, first_day: counted", "2025-03-01", "2026-02-28"),
        ("after: 2 years, until: year_end", "2024-01-01", "2026-12-31"),
        ("until: year_end", "2025-03-15", "2025-12-31"),
        ("until: month_end", "2026-02-01", "2026-02-28"),
        ("from: lot.usable_from_on, until: month_end", "2026-02-01", "2026-02-28"),
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
