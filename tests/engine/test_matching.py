"""What a Matcher promises: the answers of a direct reading, whatever the values, their order and their number."""

from __future__ import annotations

import operator
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.matching import FIELDS_OF_A_FACT, Field, Formula, Matcher
from engine.matching import Test as Check  # Under its own name pytest would collect it.

Value = int | str
Fact = Mapping[str, Value]
ROOT = Path(__file__).parents[2]

# A direct reading of formulas, to compare with.

MEANING: Mapping[str, Callable[..., bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "in": lambda left, right: left in right,
    "not_in": lambda left, right: left not in right,
    "starts_with": str.startswith,
}


def is_true(check: Check, fact: Fact) -> bool:
    right = fact[check.right.name] if isinstance(check.right, Field) else check.right
    return MEANING[check.op](fact[check.field], right)


def holding(formulas: Mapping[str, Formula], fact: Fact) -> frozenset[str]:
    def whole(checks: tuple[Check, ...]) -> bool:
        return all(is_true(check, fact) for check in checks)

    return frozenset(
        name
        for name, formula in formulas.items()
        if whole(formula.all_of) and (not formula.any_of or any(map(whole, formula.any_of)))
    )


def holds(check: Check, **fact: Value) -> bool:
    return Matcher({"f": Formula((check,))}).match([fact]) == [frozenset({"f"})]


# Formulas and facts that are likely to be misread: bounds one apart, numbers as texts, prefixes of each other.

NUMBERS = [-(2**40), -1000, -1, 0, 1, 2, 7, 8, 10, 999, 1000, 1001, 2**31, 2**32, 2**40]
TEXTS = [
    "",
    " ",
    "0",
    "7",
    "07",
    "1000",
    "-1",
    "1e3",
    "true",
    "null",
    "nil",
    "a",
    "ab",
    "abc",
    "a.c",
    "^a",
    "$m",
    "c0",
    "id",
]
TEXTS += [
    "가",
    "가나",
    "가나다",
    "ㄱ",
    "각",
    "é",
    "e\u0301",
    "😀",
    "\U0010ffff",
    "\ud800",
    '"',
    "'",
    "\\",
    "\\u0041",
    "\x00",
    "\x01",
    "\n",
]
INT_FIELDS, TEXT_FIELDS = ["i", "j", "k.점수"], ["s", "t", 'u "q"']

ints, texts = st.sampled_from(NUMBERS), st.sampled_from(TEXTS)
int_fields, text_fields = st.sampled_from(INT_FIELDS), st.sampled_from(TEXT_FIELDS)
any_order = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
equality, listed = st.sampled_from(["==", "!="]), st.sampled_from(["in", "not_in"])

checks = st.one_of(
    st.builds(Check, int_fields, any_order, ints | int_fields.map(Field)),
    st.builds(Check, text_fields, equality, texts | text_fields.map(Field)),
    st.builds(Check, int_fields, listed, st.frozensets(ints, max_size=5)),
    st.builds(Check, text_fields, listed, st.frozensets(texts, max_size=5)),
    st.builds(Check, text_fields, st.just("starts_with"), texts),
)
conjunctions = st.lists(checks, max_size=4).map(tuple)
formula_sets = st.lists(
    st.builds(Formula, conjunctions, st.lists(conjunctions, max_size=3).map(tuple)), min_size=1, max_size=12
).map(lambda formulas: {f"규칙-{number}": formula for number, formula in enumerate(formulas)})


def random_fact(chance: random.Random) -> Fact:
    return {field: chance.choice(NUMBERS) + chance.choice([-1, 0, 0, 1]) for field in INT_FIELDS} | {
        field: chance.choice(TEXTS) + chance.choice(["", "", "", "나"]) for field in TEXT_FIELDS
    }


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(formula_sets, st.integers())
def test_a_matcher_agrees_with_a_direct_reading_of_its_formulas(formulas: dict[str, Formula], seed: int) -> None:
    chance = random.Random(seed)
    facts = [random_fact(chance) for _ in range(40)]
    expected = [holding(formulas, fact) for fact in facts]
    matcher = Matcher(formulas)

    assert expected == matcher.match(facts)
    assert expected == matcher.match(facts)
    assert expected == Matcher(formulas, remember=0).match(facts)


@settings(max_examples=50, deadline=None)
@given(formula_sets, st.integers())
def test_an_answer_does_not_depend_on_what_was_asked_before(formulas: dict[str, Formula], seed: int) -> None:
    chance = random.Random(seed)
    facts = [random_fact(chance) for _ in range(30)]
    expected = [holding(formulas, fact) for fact in facts]
    busy = Matcher(formulas, remember=7)

    for _ in range(5):
        order = chance.sample(range(30), 30)
        for start in range(0, 30, 4):
            asked = order[start : start + 4]
            assert [expected[number] for number in asked] == busy.match([facts[number] for number in asked])


# The cases that a person would write down.


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("<", [True, False, False]),
        ("<=", [True, True, False]),
        (">", [False, False, True]),
        (">=", [False, True, True]),
        ("==", [False, True, False]),
        ("!=", [True, False, True]),
    ],
)
@pytest.mark.parametrize("bound", [0, -1, 1000, 2**40, -(2**40), 2**63, 10**30])
def test_an_int_is_compared_exactly_on_both_sides_of_its_bound(op: str, expected: list[bool], bound: int) -> None:
    near = [bound - 1, bound, bound + 1]

    assert expected == [holds(Check("x", op, bound), x=value) for value in near]
    assert expected == [holds(Check("x", op, Field("y")), x=value, y=bound) for value in near]


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_a_text_equals_only_itself(text: str) -> None:
    assert [other == text for other in TEXTS] == [holds(Check("s", "==", text), s=other) for other in TEXTS]
    assert [other != text for other in TEXTS] == [holds(Check("s", "!=", text), s=other) for other in TEXTS]
    assert [other == text for other in TEXTS] == [
        holds(Check("s", "==", Field("t")), s=other, t=text) for other in TEXTS
    ]


@pytest.mark.parametrize("prefix", TEXTS, ids=ascii)
def test_a_prefix_is_taken_literally(prefix: str) -> None:
    longer = [prefix + "b", "b" + prefix, prefix[:-1], *TEXTS]

    assert [text.startswith(prefix) for text in longer] == [
        holds(Check("s", "starts_with", prefix), s=text) for text in longer
    ]


def test_a_formula_without_tests_always_holds() -> None:
    formulas = {
        "empty": Formula(),
        "empty branch": Formula(any_of=((),)),
        "never": Formula((Check("x", "<", Field("x")),)),
    }

    assert [frozenset({"empty", "empty branch"})] * 2 == Matcher(formulas).match([{"x": 1}, {"x": 2}])
    assert [frozenset({"empty"})] == Matcher({"empty": Formula()}).match([{}])
    assert [frozenset()] == Matcher({}).match([{"x": 1}])


def test_no_facts_have_no_answers() -> None:
    assert Matcher({"f": Formula((Check("x", ">", 0),))}).match([]) == []


def test_nothing_is_in_an_empty_list() -> None:
    nothing: frozenset[int] = frozenset()

    assert not holds(Check("x", "in", nothing), x=1)
    assert holds(Check("x", "not_in", nothing), x="1")


def test_two_formulas_that_say_the_same_both_hold() -> None:
    above, below = Check("x", ">", 0), Check("x", "<", 9)
    formulas = {"one": Formula((above, below)), "other": Formula((below, above, below))}

    assert [frozenset({"one", "other"}), frozenset()] == Matcher(formulas).match([{"x": 5}, {"x": 9}])


def test_fields_that_no_formula_names_may_be_anything() -> None:
    facts: list[dict[str, object]] = [{"x": 1, "other": None}, {"x": 1}, {"x": 1, "other": [1.5]}]

    assert [frozenset({"f"})] * 3 == Matcher({"f": Formula((Check("x", "==", 1),))}).match(facts)  # type: ignore[arg-type]


# What the caller must not do, said with the name of the field.


@pytest.mark.parametrize(
    ("check", "fact", "message"),
    [
        (Check("a.left", ">", 0), {}, "a.left is missing"),
        (Check("a.left", ">", Field("a.right")), {"a.left": 1}, "a.right is missing"),
        (Check("a.left", ">", 0), {"a.left": "7"}, "a.left is '7', not an int"),
        (Check("a.left", ">", 0), {"a.left": None}, "a.left is None, not an int"),
        (Check("a.left", ">", 0), {"a.left": 7.5}, "a.left is 7.5, not an int"),
        (Check("a.left", ">", 0), {"a.left": True}, "a.left is True, not an int"),
        (Check("a.left", ">", Field("a.right")), {"a.left": 1, "a.right": "2"}, "a.right is '2', not an int"),
        (Check("a.left", "==", Field("a.right")), {"a.left": 1, "a.right": "1"}, "a.right is '1': two types"),
        (Check("a.left", "==", Field("a.right")), {"a.left": None, "a.right": None}, "a.left is None, neither"),
        (Check("a.left", "!=", "x"), {"a.left": 7}, "a.left is 7, not a text"),
        (Check("a.left", "starts_with", "x"), {"a.left": 7}, "a.left is 7, not a text"),
        (Check("a.left", "in", frozenset({1})), {"a.left": "1"}, "a.left is '1', of another type"),
        (Check("a.left", "not_in", frozenset({"1"})), {"a.left": 1}, "a.left is 1, of another type"),
    ],
    ids=str,
)
def test_a_fact_that_lacks_a_field_or_has_it_in_another_type_is_refused(check: Check, fact: Fact, message: str) -> None:
    matcher = Matcher({"f": Formula((check,))})

    with pytest.raises(AssertionError, match=message):
        matcher.match([fact])


@pytest.mark.parametrize(
    "check",
    [
        Check("a.left", "<", "x"),
        Check("a.left", "starts_with", 1),
        Check("a.left", "starts_with", Field("x")),
        Check("a.left", "in", "x"),
        Check("a.left", "==", frozenset({1})),
        Check("a.left", "is", 1),
        Check("a.left", "in", frozenset({1, "1"})),  # type: ignore[arg-type]
    ],
    # A set is written in another order in each process, and xdist wants the same ids in all of them.
    ids=lambda check: f"{check.op} {type(check.right).__name__}",
)
def test_a_test_that_means_nothing_is_refused(check: Check) -> None:
    with pytest.raises(AssertionError, match=r"a\.left"):
        Matcher({"f": Formula((check,))})


# Sizes.


def test_1500_formulas_work_in_one_matcher() -> None:
    chance = random.Random(1500)
    formulas = {
        f"f{number}": Formula(
            (Check(chance.choice("abc"), chance.choice(["<", ">=", "!="]), chance.randrange(1000)),),
            ((Check("s", "==", chance.choice("xyz")),), (Check("a", ">", Field(chance.choice("bc"))),)),
        )
        for number in range(1500)
    }
    facts: list[Fact] = [
        {**{field: chance.randrange(1000) for field in "abc"}, "s": chance.choice("xyzw")} for _ in range(100)
    ]

    assert [holding(formulas, fact) for fact in facts] == Matcher(formulas).match(facts)


def test_loading_takes_time_in_proportion_to_the_formulas() -> None:
    def seconds(count: int) -> float:
        formulas = {
            str(number): Formula((Check("x", ">", number), Check("s", "!=", str(number)))) for number in range(count)
        }
        started = time.process_time()
        Matcher(formulas)
        return time.process_time() - started

    few, many = min(seconds(500) for _ in range(3)), min(seconds(4000) for _ in range(2))

    assert many < few * 24  # 8 in proportion, 64 by the square.


def test_a_list_of_100_000_members_is_searched_at_once() -> None:
    codes, numbers = frozenset(f"CODE-{number}" for number in range(100_000)), frozenset(range(0, 200_000, 2))
    formulas = {
        "code": Formula((Check("code", "in", codes),)),
        "no code": Formula((Check("code", "not_in", codes),)),
        "number": Formula((Check("number", "in", numbers),)),
    }
    facts: list[Fact] = [{"code": f"CODE-{99_000 + number}", "number": 199_000 + number} for number in range(2000)]

    assert [holding(formulas, fact) for fact in facts] == Matcher(formulas).match(facts)


def test_a_formula_may_test_as_many_things_as_the_library_can_be_given() -> None:
    widest = Formula(tuple(Check(f"field {number}", "==", number) for number in range(FIELDS_OF_A_FACT)))
    fact = {f"field {number}": number for number in range(FIELDS_OF_A_FACT)}
    matcher = Matcher({"widest": widest, "last": Formula((Check("more", "==", 1),))})

    assert [{"widest", "last"}, {"last"}] == matcher.match([fact | {"more": 1}, fact | {"more": 1, "field 77": 0}])
    with pytest.raises(AssertionError, match="too wide"):
        Matcher({"too wide": Formula((*widest.all_of, Check("more", "==", 1)))})


def test_many_fields_over_many_formulas_work() -> None:
    formulas = {
        str(number): Formula(tuple(Check(f"x{number + step}", ">=", number) for step in range(9)))
        for number in range(0, 900, 9)
    }
    fact = {f"x{number}": number - number % 7 for number in range(900)}

    assert [holding(formulas, fact)] == Matcher(formulas).match([fact])


# Memory.


def test_the_memory_stays_within_its_bound_and_the_answers_right() -> None:
    formulas = {str(bound): Formula((Check("x", ">=", bound),)) for bound in range(40)}
    matcher = Matcher(formulas, remember=10)

    for value in [*range(40), *range(39, -1, -1)]:
        assert [holding(formulas, {"x": value})] == matcher.match([{"x": value}])
        assert len(matcher._known) <= 10
    everything: list[Fact] = [{"x": value} for value in range(40)]
    assert [holding(formulas, fact) for fact in everything] == matcher.match(everything)
    assert len(matcher._known) <= 10


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the size of the process from /proc")
def test_memory_is_flat_over_thousands_of_matchers() -> None:
    def use(count: int) -> None:
        for number in range(count):
            formulas = {
                str(bound): Formula((Check("x", ">", bound + number), Check("s", "==", "가"))) for bound in range(20)
            }
            Matcher(formulas).match([{"x": number + 5, "s": "가"}])

    use(300)
    before = resident_bytes()
    use(3000)

    assert resident_bytes() - before < 8_000_000  # A ruleset that is not freed keeps some 270 kB.


# Threads and forks.


def test_threads_may_share_a_matcher() -> None:
    formulas = {
        str(bound): Formula((Check("x", ">=", bound), Check("s", "starts_with", "가"))) for bound in range(0, 300, 7)
    }
    shared = Matcher(formulas, remember=20)
    wrong: list[object] = []

    def work(seed: int) -> None:
        chance, own = random.Random(seed), Matcher(formulas)
        for _ in range(150):
            facts: list[Fact] = [{"x": chance.randrange(300), "s": chance.choice(["가나", "나"])} for _ in range(5)]
            expected = [holding(formulas, fact) for fact in facts]
            wrong.extend(answer for answer in (shared.match(facts), own.match(facts)) if answer != expected)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


FORK = """
import os, sys, threading
from engine.matching import Formula, Matcher, Test

matcher = Matcher({str(bound): Formula((Test("x", ">=", bound),)) for bound in range(100)}, remember=0)
assert matcher.match([{"x": 3}]) == [{"0", "1", "2", "3"}]

def busy():
    while True:
        matcher.match([{"x": x} for x in range(50)])

for _ in range(2):
    threading.Thread(target=busy, daemon=True).start()
for _ in range(20):
    child = os.fork()
    if not child:
        os._exit(0 if matcher.match([{"x": 4}]) == [{"0", "1", "2", "3", "4"}] else 1)
    assert os.waitpid(child, 0)[1] == 0
"""


def test_a_matcher_made_before_a_fork_works_in_the_child_even_while_other_threads_match() -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)

    assert done.returncode == 0, done.stderr
