"""The statement says what the engine decides: of scenarios, of random accounts, and of random policies.

`RECOUP_THOROUGH=20 pytest tests/population/test_statement.py` looks at twenty times as much.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlglot
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import structs
from sqlglot import exp

from engine.cases import read_case
from engine.compiled import CompiledVersion, compile_version
from engine.facts import Case, request_data
from engine.population.answers import FOUND_OUT, Asking
from engine.population.statement import Unsayable, compile_statement
from engine.scenario_file import read_document, read_scenarios
from engine.versions import load_version
from policies.model import Policy, Rule
from tests.engine.random_policies import cases, compiled, policies
from tests.policies_for_tests import policy
from tests.population.random_accounts import METHODS, asking, case
from tests.population.together import decided, differences, said

THOROUGH = int(os.environ.get("RECOUP_THOROUGH", "1"))
RULES = Path(__file__).parents[2] / "rules"
FILES = [RULES / "kt-points.yaml", *sorted(RULES.glob("examples/*.yaml"))]
FILES = [file for file in FILES if not file.name.endswith(".test.yaml")]
AT = datetime(2026, 9, 3, 3, tzinfo=UTC)


def version_of(file: Path) -> CompiledVersion:
    version, problems = load_version(file.read_bytes(), file.name)
    assert version is not None, problems
    return compile_version(version)


@pytest.fixture(scope="module")
def kt_points() -> CompiledVersion:
    return version_of(RULES / "kt-points.yaml")


UNSAYABLE: dict[tuple[str, int | str], str] = {("tims-ca.yaml", "all"): "only-against-purchases"}
"""The only rule of the shipped files that columns do not say, and of which question."""


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_scenarios_of_a_file_are_answered_as_the_engine_answers_them(file: Path) -> None:
    version = version_of(file)
    asked = list(_askings(version, file))
    step = max(1, 24 // THOROUGH)
    for asking_, several in asked[:: step if file.name == "kt-points.yaml" else step // 2 or 1]:
        if (file.name, asking_.points) in UNSAYABLE:
            with pytest.raises(Unsayable, match=UNSAYABLE[file.name, asking_.points]):
                compile_statement(version, asking_)
        else:
            assert differences(decided(version, asking_, several), said(version, asking_, several)) == []


def _askings(version: CompiledVersion, file: Path) -> Iterator[tuple[Asking, list[Case]]]:
    """The scenarios that ask for points, those together that ask for the same."""
    document, _ = read_document(file.with_suffix(".test.yaml").read_bytes(), file.name)
    assert document is not None
    scenarios, _ = read_scenarios(document, version.policy)
    alike: dict[str, tuple[Asking, dict[str, Case]]] = {}
    for number, scenario in enumerate(scenarios):
        own = scenario.case
        if not isinstance(own, Case) or own.request.points is None or own.request.lots:
            continue
        request = request_data(own.request)
        points, method = request.pop("points"), request.pop("method")
        _, several = alike.setdefault(
            f"{own.as_of} {method} {points} {request}", (Asking(own.as_of, (method,), points, request), {})
        )
        several[f"{number:04}"] = _renamed(own, f"{own.account.id}-{number:04}")
    for asking_, several in alike.values():
        yield asking_, list(several.values())


def _renamed(own: Case, of: str) -> Case:
    past = [structs.replace(each, account_id=of) if each.account_id == own.account.id else each for each in own.history]
    return structs.replace(own, account=structs.replace(own.account, id=of), history=tuple(past))


@pytest.mark.parametrize("seed", range(2 * THOROUGH))
def test_random_accounts_are_answered_as_the_engine_answers_them(kt_points: CompiledVersion, seed: int) -> None:
    random = Random(seed)
    asked = asking(random)
    several = [case(random, asked.as_of, number) for number in range(50 * THOROUGH)]
    assert differences(decided(kt_points, asked, several), said(kt_points, asked, several)) == []


def without(tested: Policy, rule: str) -> Policy:
    """The policy without a rule, and without what names it."""
    alone = [each.id for each in tested.rules if getattr(each, "of", None) == (rule,)]
    kept = [_not_naming(each, rule) for each in tested.rules if each.id != rule]
    tested = replace(tested, rules=tuple(kept))
    for each in alone:
        tested = without(tested, each)
    return tested


def _not_naming(each: Rule, rule: str) -> Rule:
    names = {field.name: getattr(each, field.name) for field in fields(each) if field.name in _NAMING}
    several = {name: value for name, value in names.items() if isinstance(value, tuple)}
    kept: dict[str, Any] = {name: tuple(one for one in value if one != rule) for name, value in several.items()}
    return replace(each, **kept)


_NAMING = ("overrides", "adds_to", "of", "after", "shared")


def unsayable_rule(version: CompiledVersion, asked: Asking) -> str | None:
    """The first rule that columns cannot say, None where they can say all."""
    try:
        compile_statement(version, asked)
    except Unsayable as unsayable:
        return unsayable.rule
    return None


def sayable(tested: Policy, asked: Asking) -> Policy:
    """The policy without the rules that columns cannot say."""
    while True:
        rule = unsayable_rule(compiled(tested), asked)
        if rule is None:
            return tested
        tested = without(tested, rule)


@st.composite
def populations(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The case whose request all make, and the accounts."""
    first = draw(cases(st.one_of(st.just("all"), st.integers(1, 40))))
    return first, [first, *(draw(cases(st.just(1))) for _ in range(3))]


@settings(
    max_examples=6 * THOROUGH,
    derandomize=THOROUGH == 1,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(tested=policies(), population=populations())
def test_random_policies_are_said_as_the_engine_decides_them(
    tested: Policy, population: tuple[dict[str, Any], list[dict[str, Any]]]
) -> None:
    first, several = population
    request = {name: value for name, value in first["request"].items() if name not in ("points", "method", "lots")}
    if not request["receiving_account"]:
        del request["receiving_account"]
    at = datetime.fromisoformat(first["as_of"])
    asked = Asking(at, ("cash", "bill_credit"), first["request"]["points"], request)
    tested = sayable(tested, asked)
    accounts = [read_case(tested, _of_account(each, f"A-{number}")) for number, each in enumerate(several)]
    version = compiled(tested)
    assert differences(decided(version, asked, accounts), said(version, asked, accounts)) == []


def _of_account(data: dict[str, Any], of: str) -> dict[str, Any]:
    """The case of an account of that id, of whose refunds some were of others to the same receiving account."""
    history = []
    for place, each in enumerate(data["history"]):
        own = {"account_id": of if place % 2 or not each["receiving_account"] else "B"}
        history.append({**each, **own, **({"receiving_account": f"own:{of}"} if place == 3 else {})})
    request = {**data["request"], "lots": [], "points": 1}
    return {**data, "account": {**data["account"], "id": of}, "history": history, "request": request}


REASON = "reason: {ko: 사유, en: Because.}"
BY_SOURCE = "{by: lot.source, bill: 3%, promotion: 10%, else: 50%}"
RATE = f"rate: {{about: x, terms: '1', unit: percent, dated_by: request.requested_on, since: {{always: {BY_SOURCE}}}}}"
STEP = 'kind: limit, terms: "1", when: {request.points: {at_least: 40}}, measure: request.points, multiple_of: 20'
OVER = 'kind: review, terms: "1", measure: request.points'
ENDS = 'kind: expire, terms: "1"'
SMALL: dict[str, tuple[str, str]] = {
    "reviews of every sense": (
        f"""
        - {{id: over, {OVER}, over: 40, {REASON}}}
        - {{id: at-least, {OVER}, at_least: 40, {REASON}}}
        - {{id: under, {OVER}, under: 40, {REASON}}}
        - {{id: at-most, {OVER}, at_most: 40, {REASON}}}
        """,
        "",
    ),
    "an edge that some stand on to the point": (f"- {{id: edge, {STEP}, {REASON}}}", ""),
    "lives of every sort": (
        f"""
        - {{id: bills, {ENDS}, when: {{lot.source: bill}}, after: 9 months, first_day: counted, {REASON}}}
        - {{id: half, {ENDS}, when: {{lot.source: promotion}}, after: 1 month, until: half_year_end, {REASON}}}
        - {{id: leap, {ENDS}, when: {{lot.source: purchase}}, after: 275 days, until: 02-29, {REASON}}}
        """,
        "",
    ),
    "a fee that differs from lot to lot": (
        f'- {{id: fee, kind: fee, terms: "1", rate: $rate, rounding: half_up, {REASON}}}',
        RATE,
    ),
    "a tax that differs from lot to lot": (
        f'- {{id: tax, kind: tax, terms: "1", rate: $rate, rounding: up, above: 40, waived_under: 5, {REASON}}}',
        RATE,
    ),
    "a fee on priced points of some lots": (
        f"""
        - {{id: price, kind: price, terms: "1", every: 7, pays: 5, rounding: down, {REASON}}}
        - {{id: fee, kind: fee, terms: "1", when: {{lot.source: bill}}, rate: 30%, rounding: up, {REASON}}}
        """,
        "",
    ),
    "newest and largest first": (
        f"""
        - {{id: fee, kind: fee, terms: "1", when: {{lot.source: bill}}, rate: 30%, rounding: up, {REASON}}}
        - {{id: order, kind: allocate, terms: "1", order: [newest, largest], {REASON}}}
        """,
        "",
    ),
}


@pytest.mark.parametrize(("rules", "values"), SMALL.values(), ids=SMALL.keys())
def test_what_random_policies_seldom_say_is_said_alike(rules: str, values: str) -> None:
    version = policy(rules, values=values, **({"allocate": ""} if "kind: allocate" in rules else {}))
    for points in ("all", 39, 40, 41):
        several = list(_small_accounts(version.policy, Random(3)))
        asked = Asking(datetime(2026, 3, 3, 3, tzinfo=UTC), ("cash",), points)
        assert differences(decided(version, asked, several), said(version, asked, several)) == []


def _small_accounts(of: Policy, random: Random) -> Iterator[Case]:
    """Accounts with a few small lots, many of which are alike."""
    days = ["2025-06-01", "2025-06-02", "2025-06-03", "2025-06-04", "2025-05-31", "2025-02-28", "2025-08-29"]
    for number in range(40):
        lots = [
            {"source": random.choice(["bill", "promotion", "purchase"]), "acquired_on": random.choice(days)}
            | {"id": f"L{place}", "amount": random.choice([1, 3, 10, 40])}
            for place in range(random.randint(0, 6))
        ]
        if number == 0:
            # On the edge of the rules, and with nothing beside it.
            lots = [{"id": "L0", "source": "bill", "acquired_on": days[0], "amount": 40}]
        data = {"account": {"id": f"A{number}", "joined_on": "2020-01-01"}, "lots": lots}
        request = {"points": 1, "method": "cash"}
        yield read_case(of, {**data, "request": request, "as_of": "2026-03-03T03:00:00Z"})


@pytest.mark.parametrize("day", ["2026-02-27", "2026-02-28", "2026-03-01", "2028-02-28", "2028-02-29"])
def test_whoever_was_born_on_29_february_is_a_year_older_on_the_28th_where_there_is_no_29th(day: str) -> None:
    years = int(day[:4]) - 2004
    age = f"{{account.age: {{at_least: {years}}}}}"
    version = policy(f"- {{id: of-age, kind: require, terms: '1', that: {age}, {REASON}}}")
    at = f"{day}T03:00:00Z"
    data = {
        "account": {"id": "A", "joined_on": "2020-01-01", "born_on": "2004-02-29"},
        "lots": [{"id": "L", "source": "bill", "acquired_on": "2025-12-01", "amount": 2_000}],
        "request": {"points": 1, "method": "cash"},
        "as_of": at,
    }
    several = [read_case(version.policy, data)]
    asked = Asking(datetime.fromisoformat(at), ("cash",), 1_000)
    assert differences(decided(version, asked, several), said(version, asked, several)) == []


FEES = """
- {id: one, kind: fee, terms: "1", when: {lot.source: bill}, flat: 5, reason: {ko: 수수료, en: Fee.}}
- {id: other, kind: fee, terms: "1", when: {lot.locked: true}, flat: 5, reason: {ko: 수수료, en: Fee.}}
"""
LEFT = """
- id: small
  kind: exclude
  terms: "1"
  when: {lot.left: {under: request.points}}
  reason: {ko: 소액, en: Small.}
"""
ALL_OF_IT = '- {id: all, kind: fee, terms: "1", rate: 100%, rounding: down, reason: {ko: 수수료, en: Fee.}}'
DENIED_TWICE = """
- {id: few, kind: limit, terms: "1", measure: request.points, at_most: 10, reason: {ko: 한도, en: Few.}}
- {id: fee, kind: fee, terms: "1", when: {lot.source: bill}, rate: 30%, rounding: up, reason: {ko: 수수료, en: Fee.}}
- {id: least, kind: limit, terms: "1", measure: payout, at_least: 900, reason: {ko: 최소, en: Least.}}
"""
CANNOT: list[tuple[str, str, str, int | str, str]] = [
    ("two fees that may contradict each other", FEES, "one", 1_000, "it may apply together with 'other'"),
    (
        "lots that go by the points asked for",
        LEFT,
        "small",
        "all",
        "which lots can pay depends on the points asked for",
    ),
    ("a fee that may take everything", ALL_OF_IT, "all", "all", "fees and taxes may eat up any amount"),
]


@pytest.mark.parametrize(
    ("rules", "rule", "points", "why"), [row[1:] for row in CANNOT], ids=[row[0] for row in CANNOT]
)
def test_what_columns_cannot_say_is_refused_with_the_rule_and_why(rules: str, rule: str, points: Any, why: str) -> None:
    with pytest.raises(Unsayable) as refused:
        compile_statement(policy(rules), Asking(AT, ("cash",), points))
    assert refused.value.rule == rule
    assert refused.value.why.en.startswith(why)
    assert refused.value.why.ko


@pytest.mark.parametrize(
    "rules",
    [LEFT, ALL_OF_IT, DENIED_TWICE],
    ids=["lots that go by the points", "a fee that takes all", "denied for its points and for its payout"],
)
def test_a_number_of_points_can_be_said_where_all_cannot(rules: str) -> None:
    version = policy(rules)
    asked = Asking(AT, ("cash",), 1_000)
    lots = [{"id": f"L{left}", "source": "bill", "acquired_on": "2026-01-01", "amount": left} for left in (700, 1_300)]
    data = {
        "account": {"id": "A-1", "joined_on": "2020-01-01"},
        "lots": lots,
        "request": {"points": 1, "method": "cash"},
    }
    several = [read_case(version.policy, {**data, "as_of": "2026-09-03T03:00:00Z"})]
    assert differences(decided(version, asked, several), said(version, asked, several)) == []


def test_before_the_policy_starts_every_row_is_an_error(kt_points: CompiledVersion) -> None:
    asked = Asking(datetime(2024, 3, 1, 3, tzinfo=UTC), METHODS, "all")
    several = [case(Random(0), asked.as_of, number) for number in range(3)]
    found = said(kt_points, asked, several)
    assert differences(decided(kt_points, asked, several), found) == []
    assert {each.error for each in found} == {"'kt-points' is in force from 2025-01-01, and was asked about 2024-03-01"}


def test_spark_is_told_the_same_in_its_own_words(kt_points: CompiledVersion) -> None:
    statement = compile_statement(kt_points, Asking(AT, METHODS, "all"))
    spoken = statement.sql("spark")
    assert "LIST_" not in spoken
    assert "AGGREGATE(" in spoken
    tree = sqlglot.parse_one(spoken, read="spark", into=exp.Select)
    assert ["account_id", *FOUND_OUT[1:]] == [each.alias_or_name for each in tree.selects]


def test_an_instant_of_another_zone_is_the_same_instant(kt_points: CompiledVersion) -> None:
    here, there = AT, AT.astimezone(ZoneInfo("Asia/Seoul"))
    told = [compile_statement(kt_points, Asking(at, ("cash",), 5_000)).sql() for at in (here, there)]
    assert told[0] == told[1]
