"""Dated values: what a history, a table and bands may say, and which figure applies on a day."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.model import Bands, Span, Table, Value
from policies.values import UNITS, cell_on, cell_paths, figures, value_paths
from tests.policies.texts import UNUSED, VALID, loaded, told, with_value

FIGURES: dict[str, tuple[str, Any]] = {
    "points": ("50_000", 50_000),
    "money": ("0", 0),
    "number": ("3", 3),
    "percent": ("2.2%", Fraction(22, 10)),
    "span": ("3 business days", Span(3, "business days")),
    "text": ("LOYAL-1", "LOYAL-1"),
    "date": ("2026-12-31", date(2026, 12, 31)),
}


def problems(unit: str, since: str, dated_by: str = "request.requested_on") -> list[str]:
    return [each for each in told(with_value(unit, since, dated_by)) if each != UNUSED]


def value(unit: str, since: str, dated_by: str = "request.requested_on") -> Value:
    """The value, used by a rule that can use any: a fact of its unit is compared with it."""
    fact = {
        "points": "account.f",
        "money": "account.f",
        "number": "account.f",
        "text": "account.f",
        "date": "account.f",
    }
    text = with_value(unit, since, dated_by)
    if unit in fact:
        text = text.replace("facts:\n", f"facts:\n  account.f: {{type: {unit}, ko: 가, en: a}}\n")
        condition = "{account.f: {is_not: $figure}}"
    elif unit == "span":
        condition = "{lot.acquired_on: {at_least_ago: $figure}}"
    else:
        return loaded(text.replace("    rate: 3\n", "    rate: $figure\n")).values["figure"]
    return loaded(text.replace("when: {lot.source: promotion}", f"when: {condition}")).values["figure"]


def test_there_is_a_figure_of_every_unit() -> None:
    assert set(UNITS) == set(FIGURES)


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit != "span"])
def test_a_figure_is_read_in_its_unit(unit: str) -> None:
    written, expected = FIGURES[unit]
    assert value(unit, f"{{2025-01-01: {written}}}").since == ((date(2025, 1, 1), expected),)


def test_a_span_is_a_figure_too() -> None:
    assert value("span", "{always: 12 months}").since == ((None, Span(12, "months")),)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("other", UNITS)
def test_a_figure_of_another_unit_is_refused(unit: str, other: str) -> None:
    whole = {"points", "money", "number"}
    same = unit == other or {unit, other} <= whole or (unit == "text" and other in ("percent", "span"))
    if not same and not (unit == "percent" and other in ("money", "number")):
        assert len(problems(unit, f"{{2025-01-01: {FIGURES[other][0]}}}")) == 1


def test_a_table_has_a_row_for_each_member_or_an_else() -> None:
    found = value(
        "points", "{2025-01-01: {by: account.grade, VIP: 3, GOLD: 2}, 2026-01-01: {by: account.grade, VIP: 5, else: 4}}"
    )
    assert found.since == (
        (date(2025, 1, 1), Table("account.grade", {"VIP": 3, "GOLD": 2}, None)),
        (date(2026, 1, 1), Table("account.grade", {"VIP": 5}, 4)),
    )


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        pytest.param(
            "{by: account.contact_verified, true: 3, false: 2}",
            Table("account.contact_verified", {True: 3, False: 2}, None),
            id="by a flag",
        ),
        pytest.param(
            "{by: account.identity_level, 1: 10, 2: 20, else: 0}",
            Table("account.identity_level", {1: 10, 2: 20}, 0),
            id="by a number",
        ),
        pytest.param(
            '{by: request.receiving_account, KB-1: 5, "2026": 6, else: 0}',
            Table("request.receiving_account", {"KB-1": 5, "2026": 6}, 0),
            id="by a text",
        ),
        pytest.param(
            "{by: request.points, bands: [{from: 0, value: 1}, {from: 10_000, value: 2}]}",
            Bands("request.points", ((0, 1), (10_000, 2))),
            id="bands by points",
        ),
        pytest.param(
            "{by: account.debt, bands: [{from: 0, value: 1}]}", Bands("account.debt", ((0, 1),)), id="bands by money"
        ),
        pytest.param(
            "{by: account.identity_level, bands: [{from: 0, value: 1}, {from: 3, value: 2}]}",
            Bands("account.identity_level", ((0, 1), (3, 2))),
            id="bands by a number",
        ),
        pytest.param(
            "{by: account.grade, VIP: {by: request.method, cash: {by: request.points, bands: [{from: 0, value: 1}]},"
            " else: 2}, else: 3}",
            Table(
                "account.grade",
                {"VIP": Table("request.method", {"cash": Bands("request.points", ((0, 1),))}, 2)},
                3,
            ),
            id="three deep",
        ),
    ],
)
def test_a_figure_may_depend_on_facts(table: str, expected: Any) -> None:
    assert value("points", f"{{2025-01-01: {table}}}").since[0][1] == expected


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("{}", "an empty map is not a history; write day: figure, such as 2025-01-01: 50_000"),
        ("[5]", "a list is not a history; write day: figure, such as 2025-01-01: 50_000"),
        ("{alway: 5}", "'alway' is not a day; did you mean 'always'?"),
        ("{20250101: 5}", "'20250101' is not a day; write it like 2026-01-31, or always"),
        ('{"2025-01-01": 5}', "'2025-01-01' is not a day; write it like 2026-01-31, or always"),
        (
            "{2025-01-01: 5, 2025-01-01: 6}",
            "'2025-01-01' stands twice in one map, first on line 18; remove one of them",
        ),
        ("{always: 5, always: 6}", "'always' stands twice in one map, first on line 18; remove one of them"),
        ("{always: -5}", "'-5' is out of range; write a whole number from 0 to 1_000_000_000_000"),
        ("{always: [5]}", "a list is not an amount; write a whole number, such as 50_000"),
        ("{always: $monthly_limit}", "'$monthly_limit' is not an amount; write a whole number, such as 50_000"),
        ("{always: {}}", "'always' is empty; write a figure, or {by: account.status, active: 500, else: 0}"),
        ("{always: {by: account.grad, else: 0}}", "unknown fact 'account.grad'; did you mean 'account.grade'?"),
        (
            "{always: {by: account.contact_verified, true: 1}}",
            "the table has no row for 'false'; add what is missing, or an else:",
        ),
        (
            '{always: {by: account.contact_verified, "true": 1, else: 2}}',
            "'account.contact_verified' is true or false, not 'true'; write true or false",
        ),
        (
            '{always: {by: account.identity_level, "1": 1, else: 2}}',
            "'1' is not an amount, which 'account.identity_level' is; write a whole number, such as 50_000",
        ),
        (
            "{always: {by: account.grade, VIP: 1, GOLD: 2, else: 3}}",
            "no 'account.grade' is left for the else:; take it out",
        ),
        (
            "{always: {by: request.points, bands: []}}",
            "an empty list is not a list of bands; write - {from: 0, value: 500}",
        ),
        (
            "{always: {by: request.points, bands: [{from: 0, value: 1}, {from: 0, value: 2}]}}",
            "0 does not come after 0; let each band start higher",
        ),
        (
            "{always: {by: request.points, bands: [{from: 0}]}}",
            "a band has the fields from and value, and no others; write {from: 0, value: 500}",
        ),
        (
            "{always: {by: request.points, bands: [{from: 0, value: x}]}}",
            "'x' is not an amount; write a whole number, such as 50_000",
        ),
    ],
)
def test_what_a_history_refuses(since: str, expected: str) -> None:
    assert problems("points", since) == [expected]


def test_bands_after_a_wrong_one_are_read_on() -> None:
    bands = "{by: request.points, bands: [{from: 0, value: x}, {from: 5, value: 1}, {from: 3, value: 2}]}"
    assert problems("points", f"{{always: {bands}}}") == [
        "'x' is not an amount; write a whole number, such as 50_000",
        "3 does not come after 5; let each band start higher",
    ]


@pytest.mark.parametrize(
    ("dated_by", "since", "expected"),
    [
        ("request.requested_on", "2025-01-01", []),
        ("request.requested_on", "2024-06-01", []),
        ("request.requested_on", "always", []),
        (
            "request.requested_on",
            "2025-01-02",
            ["nothing is said from 2025-01-01, when the policy starts, to 2025-01-02; begin earlier, or with always:"],
        ),
        ("lot.acquired_on", "always", []),
        (
            "lot.acquired_on",
            "2025-01-01",
            ["nothing is said where 'lot.acquired_on' is before 2025-01-01; let the history begin with always:"],
        ),
    ],
)
def test_a_history_leaves_no_day_out(dated_by: str, since: str, expected: list[str]) -> None:
    assert problems("points", f"{{{since}: 5}}", dated_by) == expected


@given(st.lists(st.dates(date(2000, 1, 1), date(2030, 1, 1)), min_size=1, unique=True), st.dates())
def test_the_last_entry_on_or_before_a_day_applies(days: list[date], day: date) -> None:
    days = sorted(days)
    found = Value("v", "", "", "points", "lot.acquired_on", ((None, -1), *((each, at) for at, each in enumerate(days))))
    assert cell_on(found, day) == sum(each <= day for each in days) - 1


def test_the_facts_and_figures_of_a_value_are_all_found() -> None:
    cell = Table("account.grade", {"VIP": Bands("request.points", ((0, 1), (10, 2)))}, 3)
    assert cell_paths(cell) == {"account.grade", "request.points"}
    assert figures(cell) == (1, 2, 3)
    found = loaded(VALID).values["monthly_limit"]
    assert value_paths(found) == {"account.grade", "request.requested_on"}
