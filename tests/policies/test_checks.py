"""What only shows when the whole policy is seen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.checks import check_conflicts, placeholders
from policies.kinds.fee import Fee
from policies.model import Comparison, Condition
from tests.policies.texts import REASON, VALID, loaded, rule, told, with_rule


def fee(name: str, fields: str) -> str:
    lines = "".join(f"    {field}\n" for field in fields.split(" | "))
    return f'  - id: {name}\n    kind: fee\n    terms: "1"\n    flat: 5\n{lines}{REASON}'


def with_fees(*fees: str) -> str:
    return VALID.replace("  - id: order\n", "".join(fees) + "  - id: order\n")


APP, WEB, CALL = (f"when: {{request.channel: {each}}}" for each in ("app", "web", "call_centre"))


@pytest.mark.parametrize(
    ("fees", "expected"),
    [
        pytest.param([fee("a", APP + " | overrides: [b]"), fee("b", WEB)], [], id="one over another"),
        pytest.param(
            [fee("a", APP + " | overrides: [b, c]"), fee("b", WEB + " | overrides: [c]"), fee("c", CALL)],
            [],
            id="a ladder",
        ),
        pytest.param(
            [
                fee("a", APP + " | overrides: [b]"),
                fee("b", WEB + " | overrides: [c]"),
                fee("c", CALL + " | overrides: [a]"),
            ],
            ["a, b and c override one another; take one of them out"],
            id="a circle of three",
        ),
        pytest.param(
            [fee("a", APP + " | adds_to: [b]"), fee("b", WEB + " | adds_to: [a]")],
            ["a and b add to one another; take one of them out"],
            id="each on top of the other",
        ),
        pytest.param(
            [fee("a", APP + " | overrides: [b]"), fee("b", WEB + " | adds_to: [a]")],
            [],
            id="over one way, on top the other",
        ),
        pytest.param(
            [fee("a", APP + " | overrides: [convertion-fee]")],
            ["there is no rule 'convertion-fee'; did you mean 'conversion-fee'?"],
            id="misspelt",
        ),
        pytest.param(
            [fee("a", APP + " | overrides: [transfer]")],
            ["there is no rule 'transfer'; name one of conversion-fee"],
            id="not close to any",
        ),
        pytest.param(
            [fee("a", APP + " | adds_to: [order]")],
            ["'order' is a rule of kind allocate; name one of kind fee"],
            id="other kind",
        ),
    ],
)
def test_overrides_lead_to_other_rules_of_the_kind_and_never_back(fees: list[str], expected: list[str]) -> None:
    assert told(with_fees(*fees)) == expected


@pytest.mark.parametrize(
    ("fees", "conflicts"),
    [
        pytest.param([fee("a", "about: Always."), fee("b", APP)], 2, id="one always applies"),
        pytest.param(
            [fee("a", "about: Always."), fee("b", APP + " | overrides: [a]")],
            0,
            id="another takes its place, and so may a third that is named nowhere",
        ),
        pytest.param([fee("a", APP), fee("b", WEB)], 0, id="none always applies"),
        pytest.param([fee("a", "adds_to: [conversion-fee]"), fee("b", "adds_to: [a]")], 0, id="each adds to others"),
    ],
)
def test_a_rule_that_always_applies_conflicts_with_the_others_of_its_kind(fees: list[str], conflicts: int) -> None:
    message = "this rule and 'a', which always applies, would both decide"
    assert [problem.partition(";")[0] for problem in told(with_fees(*fees))] == [message] * conflicts


@pytest.mark.parametrize(
    ("fees", "expected"),
    [
        pytest.param(
            [fee("a", APP), fee("b", APP.replace("}", ", account.status: active}"))],
            ["this rule and 'a', which applies wherever this one does, would both decide"],
            id="a clause more does not keep it apart",
        ),
        pytest.param(
            [fee("a", APP), fee("b", APP)],
            ["this rule and 'a', which applies wherever this one does, would both decide"],
            id="of two with the same condition, the later one",
        ),
        pytest.param(
            [fee("a", APP + " | unless: [{account.status: dormant}]"), fee("b", APP)],
            ["this rule and 'b', which applies wherever this one does, would both decide"],
            id="an exception of the narrower one changes nothing",
        ),
        pytest.param(
            [
                fee("a", APP + " | unless: [{account.status: dormant}]"),
                fee("b", APP + " | unless: [{account.debt: 5}]"),
            ],
            [],
            id="with an exception each they may keep apart",
        ),
    ],
)
def test_a_rule_that_applies_wherever_another_does_conflicts_with_it(fees: list[str], expected: list[str]) -> None:
    assert [problem.partition(";")[0] for problem in told(with_fees(*fees))] == expected


@pytest.mark.parametrize(
    "fields",
    [
        "kind: exclude",
        "kind: require | that: {account.contact_verified: true}",
        "kind: limit | measure: request.points | at_most: 5",
        "kind: review | measure: request.points | over: 5",
    ],
)
def test_rules_that_only_deny_never_conflict(fields: str) -> None:
    one = with_rule(fields)
    start, end = one.index("  - id: added"), one.index("  - id: order")
    assert told(one[:end] + one[start:end].replace("added", "another") + one[end:]) == []


def test_two_orders_that_always_apply_conflict() -> None:
    assert told(with_rule("kind: allocate | order: [oldest]")) == [
        "this rule and 'added', which always applies, would both decide; let one name the other under overrides:"
    ]


BACK = "kind: clawback | part: all | shortfall: debt | event: "


@pytest.mark.parametrize(
    ("one", "other", "conflict"),
    [
        pytest.param("purchase_cancelled", "purchase_cancelled", True, id="both take back all"),
        pytest.param("purchase_cancelled", "purchase_cancelled | of: [shop]", True, id="one takes back a part of it"),
        pytest.param("purchase_cancelled | of: [shop]", "purchase_cancelled", True, id="and the other way round"),
        pytest.param(
            "purchase_cancelled | of: [shop, bonus]", "purchase_cancelled | of: [bonus]", True, id="one in common"
        ),
        pytest.param("purchase_cancelled | of: [shop]", "purchase_cancelled | of: [bonus]", False, id="none in common"),
        pytest.param("purchase_cancelled", "points_used", False, id="other events"),
        pytest.param("purchase_cancelled", "purchase_cancelled | overrides: [added]", False, id="one over the other"),
        pytest.param(
            "purchase_cancelled | when: {event.amount: 5}",
            "purchase_cancelled | when: {event.amount: 6}",
            False,
            id="never together",
        ),
    ],
)
def test_two_clawbacks_of_one_earning_conflict(one: str, other: str, conflict: bool) -> None:
    earns = "".join(
        f'  - {{id: {name}, kind: earn, terms: "5", event: purchase, source: promotion, points: 5}}\n'
        for name in ("shop", "bonus")
    )
    file = with_rule(BACK + one)
    end = file.index("  - id: order")
    block = with_rule(BACK + other)
    again = block[block.index("  - id: added") : block.index("  - id: order")].replace("id: added", "id: again")
    found = [problem.partition(";")[0] for problem in told(file[:end] + again + earns + file[end:])]
    assert found == ["this rule and 'added', which always applies, would both decide"] * conflict


def with_reason(fields: str, ko: str, en: str = "Notice") -> str:
    return with_rule(fields, f'    reason: {{ko: "{ko}", en: "{en}"}}\n')


LIMIT = "kind: limit | measure: request.points | at_most: $monthly_limit"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param(LIMIT, "limit used room points monthly_limit", id="limit"),
        pytest.param("kind: exclude | when: {lot.left: 5}", "points acquired_on", id="exclude hides the lot's facts"),
        pytest.param(
            "kind: require | when: {account.debt: {over: request.points}} | that: {account.grade: VIP}".replace(
                "account.debt: {over: request.points}", "account.debt: 5"
            ),
            "points account.debt account.grade",
            id="require",
        ),
        pytest.param(
            "kind: fee | flat: 5 | when: {request.channel: app}", "fee base flat request.channel", id="flat fee"
        ),
        pytest.param(
            "kind: fee | rate: 5 | rounding: up | when: {request.channel: app}",
            "fee base rate request.channel",
            id="rate fee",
        ),
        pytest.param(
            "kind: expire | after: 1 year | when: {lot.source: promotion}", "last_day points acquired_on", id="expire"
        ),
        pytest.param("kind: expire | never: true | when: {lot.source: promotion}", "points acquired_on", id="never"),
        pytest.param(
            "kind: review | when: {request.channel: app}", "points request.channel", id="review without a measure"
        ),
        pytest.param("kind: review | measure: request.points | over: 5", "limit used room points", id="review"),
        pytest.param("kind: pay | within: 3 days", "payable_on", id="pay"),
        pytest.param("kind: earn | event: bill_paid | source: promotion | points: 5", "earned", id="earn"),
    ],
)
def test_the_figures_that_a_reason_may_name(fields: str, expected: str) -> None:
    assert " ".join(placeholders(rule(loaded(with_rule(fields)), "added"))) == expected


@pytest.mark.parametrize(
    ("ko", "expected"),
    [
        ("한도 {limit}, 사용 {used}, 값 {monthly_limit}", []),
        ("한도 {limit} 포인트를", []),
        ("한도 {limit}포인트", []),
        ("한도 {limit}까지", []),
        ("한도는 {limit}입니다", []),
        ("{limit} 이상", []),
        ("{limit}이상", []),
        ("{limit}이하입니다", []),
        ("{limit}은행", []),
        ("{limit}을 넘습니다", ["을 limit"]),
        ("{limit}이며 {room}로", ["로 room", "이며 limit"]),
        ("{room}으로만", ["으로만 room"]),
        ("{points}는", ["는 points"]),
    ],
)
def test_a_particle_straight_after_a_figure_is_told(ko: str, expected: list[str]) -> None:
    assert sorted(told(with_reason(LIMIT, ko))) == [
        f"the particle '{each.split()[0]}' follows a figure, whose last sound is not known; "
        f"put a noun between them, such as '{{{each.split()[1]}}} 포인트를'"
        for each in expected
    ]


@pytest.mark.parametrize(
    ("en", "expected"),
    [
        ("{limt}", "there is no figure '{limt}' here; did you mean 'limit'?"),
        ("{Limit}", "there is no figure '{Limit}' here; did you mean 'limit'?"),
        ("{ limit }", "there is no figure '{ limit }' here; did you mean 'limit'?"),
        ("{}", "there is no figure '{}' here; use limit, used, room, points or monthly_limit"),
        ("{fee}", "there is no figure '{fee}' here; use limit, used, room, points or monthly_limit"),
        ("{lot.left}", "there is no figure '{lot.left}' here; use limit, used, room, points or monthly_limit"),
        ("{{limit}}", "a brace stands alone or inside another; write a figure as {points}, and no other braces"),
        ("limit}", "a brace stands alone or inside another; write a figure as {points}, and no other braces"),
    ],
)
def test_a_placeholder_that_is_none_is_told(en: str, expected: str) -> None:
    assert told(with_reason(LIMIT, "안내", en)) == [expected]


def test_a_placeholder_may_hold_digits() -> None:
    text = with_reason(LIMIT, "안내", "{limit_2026}").replace("monthly_limit", "limit_2026")
    assert told(text) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("rate: 100 | rounding: down", []),
        ("rate: 100.5% | rounding: down", ["the fee is above 100%; lower it to 100% or less"]),
        ("rate: 3 | rounding: down | at_least: 5 | at_most: 5", []),
        (
            "rate: 3 | rounding: down | at_least: 6 | at_most: 5",
            ["at least 6 is above at most 5; swap or correct them"],
        ),
    ],
)
def test_a_fee_stays_within_its_bounds(fields: str, expected: list[str]) -> None:
    assert told(with_rule(f"kind: fee | when: {{request.channel: app}} | {fields}")) == expected


NEVER_APPLIES = "the exception holds wherever the rule would apply, so the rule never does"
VAIN = [
    (
        "{lot.locked: true}",
        "[{lot.locked: true}]",
        NEVER_APPLIES,
    ),
    (
        "{lot.locked: true, lot.left: 5}",
        "[{lot.left: 5}]",
        NEVER_APPLIES,
    ),
    ("{lot.locked: true}", "[{lot.locked: true, lot.left: 5}]", ""),
    ("{lot.locked: true}", "[{lot.locked: true, any: [{lot.left: 5}, {lot.left: 6}]}]", ""),
    (
        "{lot.locked: true}",
        "[{lot.locked: false}]",
        "the exception never applies: the rule's when: rules this 'lot.locked' out",
    ),
    (
        "{lot.left: {under: 5}}",
        "[{lot.left: {over: 4}, lot.locked: true}]",
        "the exception never applies: the rule's when: rules this 'lot.left' out",
    ),
    ("{lot.left: {under: 5}}", "[{lot.left: {over: 3}}]", ""),
    ("{lot.left: {under: $monthly_limit}}", "[{lot.left: {over: 900_000}}]", ""),
]


@pytest.mark.parametrize(("when", "unless", "expected"), VAIN, ids=[f"{when} {unless}" for when, unless, _ in VAIN])
def test_an_exception_that_means_nothing_is_told(when: str, unless: str, expected: str) -> None:
    problems = told(with_rule(f"kind: exclude | when: {when} | unless: {unless}"))
    assert [problem.partition(";")[0] for problem in problems] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("when", "fact"),
    [
        ("{lot.locked: true, any: [{lot.locked: false}, {lot.left: 5}]}", "lot.locked"),
        ("{lot.left: {under: 5}, any: [{lot.left: 4}, {lot.left: 5}]}", "lot.left"),
        ("{lot.left: {under: 5}, any: [{lot.left: 4}, {lot.left: 3}]}", ""),
        ("{any: [{lot.locked: false}, {lot.locked: true}]}", ""),
    ],
)
def test_an_alternative_that_is_ruled_out_is_told(when: str, fact: str) -> None:
    problems = told(with_rule(f"kind: exclude | when: {when}"))
    expected = [f"no '{fact}' can be this and what must hold beside it; correct one of them"] if fact else []
    assert problems == expected


def test_an_earn_rule_is_for_the_event_it_names() -> None:
    fields = "kind: earn | event: purchase | source: promotion | points: 5"
    assert told(with_rule(f"{fields} | when: {{event.type: purchase}}")) == []
    assert told(with_rule(f"{fields} | when: {{event.type: {{is_not: purchase}}}}")) == [
        "the rule is for 'purchase', which its when: rules out; take event.type out of when:"
    ]


def test_a_circle_of_a_thousand_rules_is_told_once() -> None:
    fees = [
        fee(f"f-{n}", f"when: {{request.points: {n + 1}}} | overrides: [f-{(n + 1) % 1_000}]") for n in range(1_000)
    ]
    assert told(with_fees(*fees)) == ["f-0, f-1, f-2, f-3, f-4 and 995 more override one another; take one of them out"]


@settings(deadline=None)
@given(st.lists(st.tuples(st.lists(st.integers(0, 4), max_size=3, unique=True), st.booleans()), max_size=9))
def test_of_many_rules_that_conflict_each_names_the_first_that_covers_it(found: list[tuple[list[int], bool]]) -> None:
    clauses = [Comparison("account.identity_level", "is_not", level) for level in range(5)]
    fees = [
        Fee(
            id=f"f-{n}",
            index=n,
            terms="1",
            flat=5,
            when=Condition(tuple(clauses[each] for each in own)),
            unless=(Condition((Comparison("request.points", "is", 7),)),) * lifted,
        )
        for n, (own, lifted) in enumerate(found)
    ]
    expected = {}
    for number, (own, lifted) in enumerate(found):
        # By the place that its first clause has in this rule, and then by its place in the file.
        covering = [
            (own.index(other[0]) if other else -1, n)
            for n, (other, never) in enumerate(found)
            if n != number and not never and {*other} <= {*own} and not (other == own and not lifted and n > number)
        ]
        if covering:
            expected[f"f-{number}"] = f"f-{min(covering)[1]}"
    conflicts = check_conflicts(replace(loaded(VALID), rules=tuple(fees)))
    assert {rule: trouble.message.en.split("'")[1] for _, rule, trouble in conflicts} == expected
