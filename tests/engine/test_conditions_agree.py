"""Conditions mean the same through durable_rules as when they are read directly.

The direct reading below is written from the words of the rule language and shares no code with the engine: facts are
looked up by path, values by walking their history, spans by counting months.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from engine.cases import NEVER_NEGATIVE, read_case
from engine.decide import compile_version
from engine.facts import Case
from engine.scene import Scene
from policies.kinds.exclude import Exclude
from policies.model import Bands, Comparison, Condition, Fact, FactRef, Policy, Span, Table, Text, Value, ValueRef
from policies.versions import PolicyVersion
from tests.policies_for_tests import policy

FACTS = """
account.grade: {type: [VVIP, VIP, GOLD], ko: 등급, en: grade, default: VIP}
account.wallet: {type: points, ko: 지갑, en: wallet, default: 0}
account.left_on: {type: date, ko: 해지일, en: left on, default: none}
lot.wave: {type: number, ko: 차수, en: wave, default: 0}
lot.frozen_on: {type: date, ko: 동결일, en: frozen on, default: none}
lot.tag: {type: text, ko: 표시, en: tag, default: ""}
request.urgent: {type: flag, ko: 긴급, en: urgent, default: false}
request.ceiling: {type: points, ko: 상한, en: ceiling, default: 0}
"""
BASE = policy(
    '- {id: x, kind: exclude, terms: "1", when: {lot.locked: true}, reason: {ko: 잠김, en: Locked.}}', facts=FACTS
).policy
REASON = Text("제외", "Excluded.")
AMOUNTS = (-3, -1, 0, 1, 2, 3, 5, 8, 1_000, 10**12)
TEXTS = ("", "A", "AB", "B", "LOYAL-1", "LOYAL", "1000", "포인트")
DAYS = tuple(date(2024, 1, 1) + timedelta(days=n) for n in (0, 30, 58, 59, 60, 365, 366, 424, 425, 426, 730))
SPANS = tuple(Span(count, unit) for count in (0, 1, 2, 12, 13) for unit in ("days", "months", "years"))
SCOPES = ("account", "request", "lot")
PATHS = [path for path, fact in BASE.facts.items() if fact.scope in SCOPES]
DERIVED = [fact.path for fact in BASE.facts.values() if fact.derived]
ORDERED = ("points", "money", "number", "percent", "date")
RATES = tuple(Fraction(rate) for rate in ("0", "33.333333", "33.333334", "50", "60", "62.5", "99.999999", "100"))
AGES = (0, 1, 2, 17, 18, 19, 20)
POLICIES, RULES, CASES, LOTS = 40, 30, 25, 3
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", range(POLICIES))
def test_conditions_agree_with_a_direct_reading(seed: int) -> None:
    random = Random(seed)
    values = {name: random_value(random, name) for name in "abcdefg"}
    conditions = [random_condition(random, values) for _ in range(RULES)]
    rules = tuple(
        Exclude(id=f"r{n}", terms="1", when=condition, reason=REASON) for n, condition in enumerate(conditions)
    )
    tested = replace(BASE, values=values, rules=rules)
    compiled = compile_version(PolicyVersion(tested, "", "sha256:0", 1, ()))
    for _ in range(CASES):
        case, day = random_case(random, tested)
        points = random.choice([amount for amount in AMOUNTS if amount > 0])
        scene = Scene(case.account, day, case.as_of, points, case.request, None, ())
        of_scene = compiled.scene.of_scene(scene)
        for lot, of_lot in zip(case.lots, compiled.lot.of_lots(scene, case.lots), strict=True):
            facts = facts_of(case, lot, points, day)
            for n, condition in enumerate(conditions):
                expected = holds(condition, facts, values, day)
                found = f"r{n}/when" in of_scene | of_lot
                assert expected == found, (condition, facts, values)


def test_what_is_worked_out_holds_often_and_fails_often() -> None:
    random = Random(1)
    values = {name: random_value(random, name) for name in "abcdefg"}
    seen: dict[str, set[bool]] = {}
    inexact = 0
    for _ in range(2_500):
        clause = random_clause(random, values)
        case, day = random_case(random, replace(BASE, values=values))
        facts = facts_of(case, case.lots[0], 5, day)
        inexact += facts["lot.used_rate"].denominator % 3 == 0
        if clause.path in DERIVED:
            seen.setdefault(clause.path, set()).add(clause_holds(clause, facts, values, day))
    assert {path: {True, False} for path in DERIVED if path in PATHS} == seen
    assert inexact > 100, "no percentage lay between two that a file can write"


def test_the_random_conditions_hold_often_and_fail_often() -> None:
    """Otherwise agreement would show nothing."""
    random = Random(0)
    values = {name: random_value(random, name) for name in "abcdefg"}
    seen: dict[str, set[bool]] = {}
    for _ in range(1_200):
        clause = random_clause(random, values)
        case, day = random_case(random, replace(BASE, values=values))
        held = clause_holds(clause, facts_of(case, case.lots[0], 5, day), values, day)
        seen.setdefault(clause.operator, set()).add(held)
    assert {operator: {True, False} for operator in seen} == seen
    assert len(seen) == 11


# The direct reading.


def holds(condition: Condition, facts: Mapping[str, Any], values: Mapping[str, Value], day: date) -> bool:
    branches = [all(clause_holds(clause, facts, values, day) for clause in branch) for branch in condition.any_of]
    return all(clause_holds(clause, facts, values, day) for clause in condition.all_of) and (
        not branches or any(branches)
    )


def clause_holds(clause: Comparison, facts: Mapping[str, Any], values: Mapping[str, Value], day: date) -> bool:
    left, right = facts[clause.path], clause.right
    if isinstance(right, FactRef):
        right = facts[right.path]
        if right is None and clause.operator == "is":
            return False
        if right is None and clause.operator == "is_not":
            return True
    elif isinstance(right, ValueRef):
        right = figure_of(values[right.name], facts)
    if clause.operator == "is":
        return bool(left == right)
    if clause.operator == "is_not":
        return bool(left != right)
    if clause.operator == "in":
        return left in right  # type: ignore[operator]
    if left is None or right is None:
        return False
    if clause.operator == "not_in":
        return left not in right  # type: ignore[operator]
    if clause.operator == "starts_with":
        return bool(left.startswith(right))
    if clause.operator in ("at_least_ago", "under_ago"):
        assert isinstance(right, Span)
        return (later(left, right) <= day) == (clause.operator == "at_least_ago")
    signs = {"under": left < right, "at_most": left <= right, "at_least": left >= right, "over": left > right}
    return bool(signs[clause.operator])


def figure_of(value: Value, facts: Mapping[str, Any]) -> Any:
    cell: Any = value.since[0][1]
    on = facts[value.dated_by]
    for since, each in value.since:
        if since is not None and on is not None and since <= on:
            cell = each
    while isinstance(cell, Table | Bands):
        key = facts[cell.by]
        if isinstance(cell, Table):
            cell = cell.rows.get(key, cell.otherwise)
        else:
            cell = [each for start, each in cell.bands if start <= max(key, 0)][-1]
    return cell


def later(day: date, span: Span) -> date:
    if span.unit == "days":
        return day + timedelta(days=span.count)
    months = day.month - 1 + span.count * (12 if span.unit == "years" else 1)
    year, month = day.year + months // 12, months % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def facts_of(case: Case, lot: Any, points: int, day: date) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for path in PATHS:
        scope, _, name = path.partition(".")
        holder = {"account": case.account, "request": case.request, "lot": lot}[scope]
        facts[path] = holder.declared[name] if name in holder.declared else getattr(holder, name, None)
    chosen = list(case.request.lots)
    return facts | {
        "request.points": points,
        "request.requested_on": day,
        "request.day_of_month": int(day.isoformat()[-2:]),
        "request.weekday": day.strftime("%A").lower(),
        "request.chosen_lots": len(chosen),
        "account.age": years_lived(case.account.born_on, day),
        "account.year_age": 0 if case.account.born_on is None else max(0, day.year - case.account.born_on.year),
        "lot.untouched": lot.left == lot.amount,
        "lot.used": lot.amount - lot.left,
        "lot.used_rate": Fraction(0) if not lot.amount else 100 - Fraction(100) * lot.left / lot.amount,
        "lot.chosen": chosen.count(lot.id) == 1,
    }


def years_lived(born_on: date | None, day: date) -> int:
    """The number of birthdays so far, counted one by one."""
    years = 0
    while born_on is not None and later(born_on, Span(years + 1, "years")) <= day:
        years += 1
    return years


# What is random.


def random_condition(random: Random, values: Mapping[str, Value]) -> Condition:
    all_of = [random_clause(random, values) for _ in range(random.choice([0, 1, 1, 2]))]
    any_of = [
        tuple(random_clause(random, values) for _ in range(random.choice([1, 1, 2])))
        for _ in range(random.choice([0, 0, 2, 3]) or (0 if all_of else 1))
    ]
    return Condition(tuple(all_of), tuple(any_of))


def random_clause(random: Random, values: Mapping[str, Value]) -> Comparison:
    fact = BASE.facts[random.choice(PATHS)]
    operators: list[Any] = ["is", "is_not"]
    if fact.type != "flag":
        operators += ["in", "not_in"]
    if fact.type in ORDERED:
        operators += ["under", "at_most", "at_least", "over"]
    if fact.type == "text":
        operators += ["starts_with"] * 2
    if fact.type == "date":
        operators += ["at_least_ago", "under_ago"] * 2
    operator = random.choice(operators)
    return Comparison(fact.path, operator, random_right(random, fact, operator, values))


def random_right(random: Random, fact: Fact, operator: str, values: Mapping[str, Value]) -> Any:
    unit = "span" if operator in ("at_least_ago", "under_ago") else fact.type
    fitting = [ValueRef(name) for name, value in values.items() if value.unit == unit]
    if fitting and operator not in ("in", "not_in", "starts_with") and random.random() < 0.3:
        return random.choice(fitting)
    if operator in ("at_least_ago", "under_ago"):
        return random.choice(SPANS)
    if operator in ("in", "not_in"):
        return tuple({literal(random, fact): None for _ in range(random.choice([1, 2, 4]))})
    others = [path for path in PATHS if BASE.facts[path].type == fact.type and path != fact.path]
    if others and operator != "starts_with" and fact.type not in ("choice", "flag") and random.random() < 0.3:
        return FactRef(random.choice(others))
    found = literal(random, fact)
    return DAYS[0] if found is None and operator not in ("is", "is_not") else found


def literal(random: Random, fact: Fact) -> Any:
    if fact.none and random.random() < 0.2:
        return None
    if fact.type == "choice":
        return random.choice(fact.choices)
    pools: dict[str, tuple[Any, ...]] = {"text": TEXTS, "flag": (True, False), "date": DAYS, "percent": RATES}
    if fact.path in ("account.age", "account.year_age"):
        return random.choice(AGES)
    return random.choice(pools.get(fact.type, AMOUNTS))


def random_value(random: Random, name: str) -> Value:
    units = ("points", "money", "number", "date", "span", "text", "percent")
    unit: Any = dict(zip("abcdefg", units, strict=True))[name]
    pool: tuple[Any, ...] = {"date": DAYS, "span": SPANS, "text": TEXTS, "percent": RATES}.get(unit, AMOUNTS)
    dated_by = random.choice([path for path in PATHS if BASE.facts[path].type == "date"])
    days = sorted(random.sample(DAYS, random.choice([0, 1, 3])))
    return Value(name, "", "1", unit, dated_by, tuple((day, random_cell(random, pool)) for day in (None, *days)))


def random_cell(random: Random, pool: tuple[Any, ...], depth: int = 1) -> Any:
    kind = random.choice(["figure", "table", "bands"]) if depth < 3 else "figure"
    if kind == "figure":
        return random.choice(pool)
    if kind == "bands":
        by = random.choice(
            [path for path in PATHS if BASE.facts[path].type in ("points", "money", "number", "percent")]
        )
        percent = BASE.facts[by].type == "percent"
        ends: tuple[Any, ...] = RATES[1:] if percent else (1, 2, 3, 5, 8, 1_000)
        starts: Any = [0, *sorted(random.sample(ends, 2))]
        return Bands(by, tuple((start, random_cell(random, pool, depth + 1)) for start in starts))
    fact = BASE.facts[random.choice([path for path in PATHS if BASE.facts[path].type in ("choice", "flag", "text")])]
    keys: Any = {"choice": fact.choices[1:], "flag": (True,)}.get(fact.type, TEXTS[:3])
    return Table(fact.path, {key: random_cell(random, pool, depth + 1) for key in keys}, random_cell(random, pool, 3))


def random_case(random: Random, tested: Policy) -> tuple[Case, date]:
    def facts(scope: str) -> dict[str, Any]:
        found = {}
        for fact in tested.facts.values():
            if fact.scope != scope or fact.path in ("request.points", *DERIVED):
                continue
            value = literal(random, fact)
            if fact.path == "account.born_on" and value is not None:
                value = later(value, Span(random.choice([0, 0, 1]), "days"))
                value = date(value.year - random.choice([0, 16, 20]), value.month, value.day)
            if fact.path in NEVER_NEGATIVE:
                value = abs(value)
            found[fact.name] = value.isoformat() if isinstance(value, date) else value
        return found

    lots = [{"id": f"L{n}", **facts("lot")} for n in range(LOTS)]
    for lot in lots:
        lot["left"] = min(lot["left"], lot["amount"])
    day = random.choice(DAYS) + timedelta(days=random.choice([0, 1, 365]))
    data = {
        "account": {"id": "A", **facts("account")},
        "lots": lots,
        "request": {"points": 1, **facts("request"), "lots": random.sample(["L0", "L1", "L2"], random.randrange(4))},
        "as_of": datetime(day.year, day.month, day.day, 3, tzinfo=UTC).isoformat(),
    }
    return read_case(tested, data), day
