"""What each type of field accepts, what it becomes, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError
from marshmallow.experimental.context import Context

from policies.measure_fields import Bound, Measured, Window
from policies.model import Measure, Span, ValueRef
from policies.readers import (
    KEBAB,
    SNAKE,
    Reading,
    Trouble,
    check_word,
    listed,
    read_amount,
    read_day,
    read_percent,
    read_reference,
    read_span,
    read_text,
    shown,
)

FILE = Reading(
    facts={},
    units={"limit": "points", "count": "number", "life": "span", "broken": None, "by_lot": "points"},
    value_paths={"by_lot": frozenset({"lot.source"}), "limit": frozenset({"request.requested_on"})},
    sources=("promotion",),
    methods=("cash", "gift_card"),
    scopes=("account", "request"),
)


def refused(read: Callable[[Any], Any], raw: Any) -> str:
    """The code of the trouble that a reader reports."""
    with Context(FILE), pytest.raises(ValidationError) as caught:
        read(raw)
    messages: Any = caught.value.messages
    while not isinstance(messages, Trouble):
        messages = next(iter(messages.values() if isinstance(messages, dict) else messages))
    return str(messages.code)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("24 hours", Span(24, "hours")),
        ("1 day", Span(1, "days")),
        ("30 days", Span(30, "days")),
        ("3 business days", Span(3, "business days")),
        ("12 months", Span(12, "months")),
        ("1 year", Span(1, "years")),
        ("5 years", Span(5, "years")),
        ("100 years", Span(100, "years")),
        ("36500 days", Span(36_500, "days")),
    ],
)
def test_a_span_is_a_number_and_a_unit(raw: str, expected: Span) -> None:
    assert expected == read_span(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("12개월", "not-a-span"),
        ("12", "not-a-span"),
        (12, "not-a-span"),
        ("1.5 years", "not-a-span"),
        ("-1 days", "not-a-span"),
        ("12  months", "not-a-span"),
        ("12 Months", "not-a-span"),
        ("12 weeks", "not-a-span"),
        ("1 year 6 months", "not-a-span"),
        (["12 months"], "not-a-span"),
        ("0 days", "span-out-of-range"),
        ("101 years", "span-out-of-range"),
        ("1201 months", "span-out-of-range"),
        ("1001 business days", "span-out-of-range"),
        ("999999999 days", "span-out-of-range"),
    ],
)
def test_what_is_no_span(raw: Any, expected: str) -> None:
    assert expected == refused(read_span, raw)


def test_a_span_may_be_narrowed_to_some_units() -> None:
    assert refused(lambda raw: read_span(raw, ("days", "months")), "24 hours") == "wrong-span-unit"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (0, Fraction(0)),
        (3, Fraction(3)),
        (10_000, Fraction(10_000)),
        ("3%", Fraction(3)),
        ("3 %", Fraction(3)),
        ("2.2%", Fraction(22, 10)),
        ("0.5%", Fraction(1, 2)),
        ("0.000001%", Fraction(1, 10**6)),
        ("03%", Fraction(3)),
    ],
)
def test_a_percentage_is_exact(raw: Any, expected: Fraction) -> None:
    assert expected == read_percent(raw)


@pytest.mark.parametrize(
    "raw", [-1, 10_001, True, "3", "2.2", "2,2%", "%", ".5%", "-1%", "3%%", "1/3", "0.0000001%", []]
)
def test_what_is_no_percentage(raw: Any) -> None:
    assert refused(read_percent, raw) == "not-a-percentage"


@given(st.integers(0, 9_999), st.integers(0, 10**6 - 1))
def test_a_percentage_is_what_its_digits_say(whole: int, millionths: int) -> None:
    assert Fraction(whole * 10**6 + millionths, 10**6) == read_percent(f"{whole}.{millionths:06d}%")


@pytest.mark.parametrize("raw", [0, 1, 50_000, 10**12])
def test_an_amount_is_a_whole_number(raw: int) -> None:
    assert raw == read_amount(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (-1, "amount-out-of-range"),
        (10**12 + 1, "amount-out-of-range"),
        (True, "not-an-amount"),
        ("5", "not-an-amount"),
        ("50,000", "not-an-amount"),
        (date(2026, 1, 1), "not-an-amount"),
        ([], "not-an-amount"),
    ],
)
def test_what_is_no_amount(raw: Any, expected: str) -> None:
    assert expected == refused(read_amount, raw)


@pytest.mark.parametrize(
    ("raw", "lines", "expected"),
    [
        ("18.2", False, "18.2"),
        ("  Annex B ", False, "Annex B"),
        ("가나다\n", False, "가나다"),
        ("one\ntwo\n", True, "one\ntwo"),
        ("x" * 200, False, "x" * 200),
        ("x" * 2_000, True, "x" * 2_000),
    ],
)
def test_a_text_has_no_blanks_around_it(raw: str, lines: bool, expected: str) -> None:
    assert expected == read_text(raw, lines=lines)


@pytest.mark.parametrize(
    ("raw", "lines", "expected"),
    [
        ("", False, "empty"),
        (" \n ", True, "empty"),
        (18, False, "not-text"),
        (True, False, "not-text"),
        (date(2026, 1, 1), False, "not-text"),
        ([], False, "not-text"),
        ("one\ntwo", False, "several-lines"),
        ("x" * 201, False, "too-long"),
        ("x" * 2_001, True, "too-long"),
    ],
)
def test_what_is_no_text(raw: Any, lines: bool, expected: str) -> None:
    assert expected == refused(lambda each: read_text(each, lines=lines), raw)


@pytest.mark.parametrize("raw", [date(1900, 1, 1), date(2026, 2, 28), date(2999, 12, 31)])
def test_a_day_is_a_day(raw: date) -> None:
    assert raw == read_day(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (date(1899, 12, 31), "day-out-of-range"),
        (date(9999, 12, 31), "day-out-of-range"),
        ("2026-01-01", "not-a-day"),
        (20260101, "not-a-day"),
        (True, "not-a-day"),
    ],
)
def test_what_is_no_day(raw: Any, expected: str) -> None:
    assert expected == refused(read_day, raw)


@pytest.mark.parametrize(
    ("pattern", "word"),
    [
        (KEBAB, "order"),
        (KEBAB, "monthly-limit-2"),
        (KEBAB, "a" * 80),
        (SNAKE, "bill_payment"),
        (SNAKE, "x1"),
    ],
)
def test_a_name_is_spelt_in_small_letters(pattern: Any, word: str) -> None:
    check_word(word, pattern)


@pytest.mark.parametrize(
    ("pattern", "word", "expected"),
    [
        (KEBAB, "monthly_limit", "wrong-spelling"),
        (KEBAB, "Monthly", "wrong-spelling"),
        (KEBAB, "-limit", "wrong-spelling"),
        (KEBAB, "limit-", "wrong-spelling"),
        (KEBAB, "2026-limit", "wrong-spelling"),
        (KEBAB, "한도", "wrong-spelling"),
        (KEBAB, "", "wrong-spelling"),
        (KEBAB, "limit\n", "wrong-spelling"),
        (KEBAB, 5, "wrong-spelling"),
        (SNAKE, "bill-payment", "wrong-spelling"),
        (SNAKE, "_x", "wrong-spelling"),
        (KEBAB, "a" * 81, "too-long"),
    ],
)
def test_what_is_no_name(pattern: Any, word: Any, expected: str) -> None:
    assert expected == refused(lambda raw: check_word(raw, pattern), word)


@pytest.mark.parametrize(
    ("raw", "units", "expected"),
    [
        pytest.param("$limit", ("points",), ValueRef("limit"), id="of the right unit"),
        pytest.param("$limit", ("money", "points"), ValueRef("limit"), id="of one of the right units"),
        pytest.param("$broken", ("money",), ValueRef("broken"), id="with a trouble of its own"),
        pytest.param("limit", ("points",), None, id="no reference"),
        pytest.param(5, ("points",), None, id="a number"),
    ],
)
def test_a_dollar_names_a_value(raw: Any, units: Any, expected: ValueRef | None) -> None:
    with Context(FILE):
        assert expected == read_reference(raw, units)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("$", "unknown-value"),
        ("$nope", "unknown-value"),
        ("$$limit", "unknown-value"),
        ("$ limit", "unknown-value"),
        ("$count", "wrong-unit"),
        ("$by_lot", "value-out-of-sight"),
    ],
)
def test_what_names_no_value(raw: str, expected: str) -> None:
    assert expected == refused(lambda each: read_reference(each, ("points",)), raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("day", "day"),
        ("month", "month"),
        ("year", "year"),
        ("ever", "ever"),
        ("24 hours", Span(24, "hours")),
        ("30 days", Span(30, "days")),
    ],
)
def test_a_window_is_of_the_calendar_or_rolls(raw: str, expected: Any) -> None:
    assert expected == Window().read(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("decade", "unknown-word"),
        (30, "unknown-word"),
        ([], "unknown-word"),
        ("3 business days", "wrong-span-unit"),
        ("1 fortnight", "not-a-span"),
    ],
)
def test_what_is_no_window(raw: Any, expected: str) -> None:
    assert expected == refused(Window().read, raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("request.points", Measure("request.points")),
        ("balance.after", Measure("balance.after")),
        ({"sum": "refund.points", "per": "month", "of": "account"}, Measure("sum", "month")),
        (
            {"count": "refunds", "per": "24 hours", "of": "receiving_account", "methods": ["cash"]},
            Measure("count", Span(24, "hours"), "receiving_account", ("cash",)),
        ),
    ],
)
def test_a_measure_is_an_amount_a_sum_or_a_count(raw: Any, expected: Measure) -> None:
    with Context(FILE):
        assert expected == Measured().read(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("points", "unknown-word"),
        (5, "unknown-word"),
        ({}, "missing-choice"),
        ({"per": "day", "of": "account"}, "missing-choice"),
        ({"sum": "refunds", "per": "day", "of": "account"}, "unknown-word"),
        ({"count": "refund.points", "per": "day", "of": "account"}, "unknown-word"),
        ({"sum": "refund.points", "of": "account"}, "missing-field"),
        ({"sum": "refund.points", "per": "day"}, "missing-field"),
        ({"sum": "refund.points", "per": "day", "of": "member"}, "unknown-word"),
        ({"sum": "refund.points", "count": "refunds", "per": "day", "of": "account"}, "too-many-of"),
        ({"sum": "refund.points", "per": "day", "of": "account", "methods": ["coupon"]}, "unknown-word"),
        ({"sum": "refund.points", "per": "day", "of": "account", "methods": []}, "empty"),
        ({"sum": "refund.points", "per": "day", "of": "account", "methods": ["cash", "cash"]}, "said-twice"),
        ({"sum": "refund.points", "per": "day", "of": "account", "kind": "sum"}, "unknown-field"),
    ],
)
def test_what_is_no_measure(raw: Any, expected: str) -> None:
    assert expected == refused(Measured().read, raw)


@pytest.mark.parametrize(("raw", "expected"), [(5, 5), ("$limit", ValueRef("limit")), ("$count", ValueRef("count"))])
def test_a_bound_is_points_or_a_number(raw: Any, expected: Any) -> None:
    with Context(FILE):
        assert expected == Bound(None).read(raw)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "'true'"),
        (5, "'5'"),
        ("", "an empty text"),
        ("a\nb", "'a b'"),
        ("x" * 50, f"'{'x' * 37}...'"),
        ([], "an empty list"),
        ([1], "a list"),
        ({}, "an empty map"),
        ({"a": 1}, "a map"),
        (date(2026, 1, 1), "'2026-01-01'"),
    ],
)
def test_an_authors_words_are_quoted_on_one_short_line(value: Any, expected: str) -> None:
    assert expected == shown(value).en


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["a"], "a"),
        (["a", "b"], "a or b"),
        (["a", "b", "c"], "a, b or c"),
        ([f"w{each}" for each in range(20)], ", ".join(f"w{each}" for each in range(12)) + " or one of 8 more"),
    ],
)
def test_many_words_are_listed_in_part(words: list[str], expected: str) -> None:
    assert expected == listed(words).en
