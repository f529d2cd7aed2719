"""Every operator on every type of fact: what is accepted, what it becomes, and what is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from policies.conditions import OPERATORS
from policies.contradictions import contradict
from policies.model import Comparison, Condition, Fact, FactRef, Operator, Span, ValueRef
from policies.vocabulary import TYPES
from tests.policies.texts import VALID, added, loaded, rule, told, with_condition

FACTS = """facts:
  account.bonus: {type: points, ko: 보너스, en: bonus}
  account.deposit: {type: money, ko: 보증금, en: deposit}
  account.years: {type: number, ko: 연수, en: years}
  account.left_on: {type: date, ko: 탈퇴일, en: the day of leaving}
  account.branch: {type: text, ko: 지점, en: branch}
  account.staff: {type: flag, ko: 직원, en: staff}
  account.agent: {type: flag, ko: 대리점, en: agent}
  account.level: {type: [low, high], ko: 단계, en: level}
  account.rank: {type: [high, top], ko: 순위, en: rank}
"""
# One fact of each type, a literal of it and another fact of the same type.
OF_TYPE: dict[str, tuple[str, str, Any, str]] = {
    "points": ("account.bonus", "50_000", 50_000, "request.points"),
    "money": ("account.deposit", "500", 500, "account.debt"),
    "number": ("account.years", "3", 3, "account.identity_level"),
    "date": ("account.left_on", "2026-01-31", date(2026, 1, 31), "request.requested_on"),
    "text": ("account.branch", "Jongno", "Jongno", "request.receiving_account"),
    "flag": ("account.staff", "true", True, "account.agent"),
    "choice": ("account.level", "high", "high", "account.rank"),
}


def text(condition: str) -> str:
    return with_condition(condition).replace("facts:\n", FACTS)


def clauses(condition: str) -> tuple[Comparison, ...]:
    when = rule(loaded(text(condition)), "added").when
    assert when.any_of == ()
    return when.all_of


def test_there_is_a_fact_of_every_type() -> None:
    assert {*TYPES, "choice"} == set(OF_TYPE)


@pytest.mark.parametrize("kind", OF_TYPE)
def test_a_bare_literal_means_is(kind: str) -> None:
    path, written, literal, _ = OF_TYPE[kind]
    assert clauses(f"{{{path}: {written}}}") == (Comparison(path, "is", literal),)


PLAIN: list[Operator] = ["is", "is_not", "under", "at_most", "at_least", "over"]


@pytest.mark.parametrize("kind", OF_TYPE)
@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operator_is_asked_of_the_types_it_fits(operator: Operator, kind: str) -> None:
    path, written, literal, _ = OF_TYPE[kind]
    rights: dict[str, tuple[str, Any]] = {
        "in": (f"[{written}]", (literal,)),
        "not_in": (f"[{written}]", (literal,)),
        "at_least_ago": ("12 months", Span(12, "months")),
        "under_ago": ("30 days", Span(30, "days")),
    }
    right, expected = rights.get(operator, (written, literal))
    condition = f"{{{path}: {{{operator}: {right}}}}}"
    if kind in OPERATORS[operator]:
        assert clauses(condition) == (Comparison(path, operator, expected),)
    else:
        assert [problem.partition(", which")[0] for problem in told(text(condition))] == [
            f"'{operator}' cannot be asked of '{path}'"
        ]


@pytest.mark.parametrize("kind", OF_TYPE)
@pytest.mark.parametrize("operator", PLAIN)
def test_a_fact_of_the_same_type_may_stand_on_the_right(operator: Operator, kind: str) -> None:
    path, _, _, other = OF_TYPE[kind]
    if kind in OPERATORS[operator]:
        assert clauses(f"{{{path}: {{{operator}: {other}}}}}") == (Comparison(path, operator, FactRef(other)),)


@pytest.mark.parametrize("kind", OF_TYPE)
@pytest.mark.parametrize("other", OF_TYPE)
def test_a_fact_of_another_type_may_not(kind: str, other: str) -> None:
    path, right = OF_TYPE[kind][0], OF_TYPE[other][3]
    if kind != other:
        problems = told(text(f"{{{path}: {right}}}"))
        assert [problem.partition("; ")[2] for problem in problems] == ["name a fact of the same type"]


@pytest.mark.parametrize("kind", [kind for kind in OF_TYPE if kind not in ("flag", "choice")])
def test_a_value_in_the_facts_unit_may_stand_on_the_right(kind: str) -> None:
    path, written, _, _ = OF_TYPE[kind]
    value = f'about: A, terms: "1", unit: {kind}, dated_by: request.requested_on, since: {{always: {written}}}'
    with_figure = text(f"{{{path}: {{is_not: $figure}}}}").replace("values:\n", f"values:\n  figure: {{{value}}}\n")
    found = loaded(with_figure)
    assert rule(found, "added").when.all_of == (Comparison(path, "is_not", ValueRef("figure")),)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param(
            "{account.born_on: none}", Comparison("account.born_on", "is", None), id="none where there may be none"
        ),
        pytest.param("{account.born_on: {is_not: none}}", Comparison("account.born_on", "is_not", None), id="not none"),
        pytest.param(
            "{account.born_on: {in: [none, 2026-01-01]}}",
            Comparison("account.born_on", "in", (None, date(2026, 1, 1))),
            id="none in a list",
        ),
        pytest.param('{lot.campaign: ""}', Comparison("lot.campaign", "is", ""), id="empty text"),
        pytest.param('{lot.campaign: "2026"}', Comparison("lot.campaign", "is", "2026"), id="a number as text"),
        pytest.param('{lot.campaign: "true"}', Comparison("lot.campaign", "is", "true"), id="a flag as text"),
        pytest.param("{lot.campaign: 3%}", Comparison("lot.campaign", "is", "3%"), id="a percentage as text"),
        pytest.param(
            "{lot.campaign: {starts_with: LOYAL-}}", Comparison("lot.campaign", "starts_with", "LOYAL-"), id="a prefix"
        ),
    ],
)
def test_what_a_literal_may_be(condition: str, expected: Comparison) -> None:
    assert clauses(condition) == (expected,)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("{account.joined_on: none}", "'account.joined_on' is a day, not 'none'; write it like 2026-01-31"),
        ("{account.born_on: nothing}", "'account.born_on' is a day, not 'nothing'; write it like 2026-01-31, or none"),
        ("{account.born_on: {over: none}}", "'over' compares with a day, not with none; use is: none or is_not: none"),
        ("{account.debt: -5}", "'-5' is out of range; write a whole number from 0 to 1_000_000_000_000"),
        ('{account.debt: "5"}', "'5' is not an amount, which 'account.debt' is; write a whole number, such as 50_000"),
        ("{account.debt: 5%}", "'5%' is not an amount, which 'account.debt' is; write a whole number, such as 50_000"),
        ("{lot.locked: 1}", "'lot.locked' is true or false, not '1'; write true or false"),
        ("{lot.campaign: true}", "'lot.campaign' is text, not 'true'; put it in quotes: \"true\""),
        (
            "{lot.campaign: [A, B]}",
            "'lot.campaign' is compared with a list as if it were one value; write lot.campaign: {in: [A, B]}",
        ),
        ("{lot.campaign: $nope}", "there is no value 'nope'; declare it under values:"),
        (
            "{lot.campaign: {in: [lot.source]}}",
            "'lot.source' is a name, and only plain text can stand here; write the text itself",
        ),
        (
            "{lot.campaign: {starts_with: $monthly_limit}}",
            "'$monthly_limit' is a name, and only plain text can stand here; write the text itself",
        ),
        ("{lot.source: $monthly_limit}", "'lot.source' is never '$monthly_limit'; use bill_payment or promotion"),
        (
            "{lot.source: [promotion]}",
            "'lot.source' is compared with a list as if it were one value; write lot.source: {in: [promotion]}",
        ),
        ("{lot.left: {over: $monthly_limit, under: $nope}}", "there is no value 'nope'; declare it under values:"),
        (
            "{account.debt: {over: $monthly_limit}}",
            "value 'monthly_limit' is in points, not in money; use another value, or correct its unit:",
        ),
        ("{event.amount: 5}", "'event.amount' cannot be used here; use facts of the account, request or lot"),
        ("{lot.acquired_on: {at_least_ago: 24 hours}}", "'24 hours' cannot be used here; use days, months or years"),
        (
            "{lot.acquired_on: {at_least_ago: 2026-01-01}}",
            "'2026-01-01' is not a length of time; write a number and a unit, such as 30 days or 12 months",
        ),
        ("{request.points: {}}", "'request.points' is empty; write a value or an operator"),
        ("[lot.source]", "a list is not a condition; write fact: value, such as request.method: cash"),
        ("{any: []}", "'any' is empty; write at least one condition, or leave the field out"),
        ("{any: {lot.source: promotion}}", "a map is not a list of conditions; begin each of them with '- '"),
        ("{any: [{}]}", "item 1 of 'any' is empty; write fact: value, such as request.method: cash"),
        ("{any: [lot.source]}", "'lot.source' is not a condition; write fact: value, such as request.method: cash"),
        ("{5: 5}", "unknown fact '5'; a fact is written like lot.source; new ones are declared under facts:"),
    ],
)
def test_what_a_condition_refuses(condition: str, expected: str) -> None:
    assert told(with_condition(condition)) == [expected]


def test_every_mistake_of_a_condition_is_told() -> None:
    condition = "{lot.sorce: promotion, lot.left: {ovr: 5, under: x}, any: [{lot.locked: 1}, {lot.campaign: 2}]}"
    assert [problem.partition(";")[0] for problem in told(with_condition(condition))] == [
        "unknown fact 'lot.sorce'",
        "unknown operator 'ovr'",
        "'x' is not an amount, which 'lot.left' is",
        "'lot.locked' is true or false, not '1'",
        "'lot.campaign' is text, not '2'",
    ]


def test_alternatives_stand_beside_what_must_hold_anyway() -> None:
    found = added(
        "kind: exclude | when: {lot.locked: true, any: [{lot.campaign: A}, {lot.campaign: B, lot.left: 5}]}"
        " | unless: [{lot.left: 1}, {any: [{lot.left: 2}, {lot.left: 3}]}]"
    )
    assert found.when == Condition(
        (Comparison("lot.locked", "is", True),),
        (
            (Comparison("lot.campaign", "is", "A"),),
            (Comparison("lot.campaign", "is", "B"), Comparison("lot.left", "is", 5)),
        ),
    )
    assert found.unless == (
        Condition((Comparison("lot.left", "is", 1),)),
        Condition((), ((Comparison("lot.left", "is", 2),), (Comparison("lot.left", "is", 3),))),
    )


def test_a_rule_without_when_always_applies() -> None:
    assert rule(loaded(VALID), "order").when == Condition()


POINTS = Fact("request.points", "points", "포인트", "points")
DAY = Fact("account.born_on", "date", "생년월일", "the day of birth", none=True)
LEVEL = Fact("account.level", "choice", "단계", "level", ("low", "high"))


@pytest.mark.parametrize(
    ("fact", "operators", "expected"),
    [
        pytest.param(POINTS, {"at_least": 10, "under": 5}, True, id="range upside down"),
        pytest.param(POINTS, {"at_least": 10, "under": 10}, True, id="empty range"),
        pytest.param(POINTS, {"at_least": 10, "at_most": 10}, False, id="one point"),
        pytest.param(POINTS, {"over": 9, "under": 11}, False, id="one point between"),
        pytest.param(POINTS, {"over": 9, "under": 10}, True, id="nothing between"),
        pytest.param(POINTS, {"is": 5, "at_least": 6}, True, id="outside its range"),
        pytest.param(POINTS, {"is": 5, "is_not": 5}, True, id="is and is not"),
        pytest.param(POINTS, {"in": (1, 2), "not_in": (2, 1)}, True, id="in and not in"),
        pytest.param(POINTS, {"in": (1, 2), "over": 2}, True, id="all of a list outside"),
        pytest.param(POINTS, {"in": (1, 2), "over": 1}, False, id="some of a list inside"),
        pytest.param(POINTS, {"is": ValueRef("x"), "over": 5}, False, id="a value is not known"),
        pytest.param(POINTS, {"at_least": FactRef("lot.left"), "under": 5}, False, id="a fact is not known"),
        pytest.param(LEVEL, {"not_in": ("low", "high")}, True, id="every choice is out"),
        pytest.param(LEVEL, {"is_not": "low"}, False, id="a choice is left"),
        pytest.param(DAY, {"is": None, "over": date(2026, 1, 1)}, True, id="no day is after a day"),
        pytest.param(DAY, {"is": None, "is_not": None}, True, id="none and not none"),
        pytest.param(DAY, {"over": date(2026, 1, 1), "under": date(2026, 1, 2)}, True, id="no day between"),
        pytest.param(DAY, {"at_least_ago": Span(12, "months"), "under_ago": Span(1, "years")}, True, id="same age"),
        pytest.param(DAY, {"at_least_ago": Span(1, "years"), "under_ago": Span(13, "months")}, False, id="a month"),
        pytest.param(
            DAY, {"at_least_ago": Span(30, "days"), "under_ago": Span(1, "months")}, False, id="not comparable"
        ),
        pytest.param(
            DAY, {"at_least_ago": Span(30, "days"), "under_ago": Span(7, "days")}, True, id="days upside down"
        ),
    ],
)
def test_clauses_on_one_fact_may_exclude_each_other(fact: Fact, operators: dict[Operator, Any], expected: bool) -> None:
    clauses = [Comparison(fact.path, operator, right) for operator, right in operators.items()]
    assert expected == contradict(clauses, fact)
