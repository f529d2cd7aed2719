"""Which of many formulas hold for a fact: durable_rules, with its sharp edges blunted.

The library confuses numbers with strings, forgets to compare what is missing, and has limits past which it hangs
or corrupts memory (tests/engine/test_durable_edges.py holds each edge). So it never sees a value. A fact is first
read into a *signature*, one small number per thing that the formulas look at:

- an int: how many of the bounds that the formulas name lie at or below it;
- a text: which of the texts that the formulas name it is, 0 for none of them;
- a list, a prefix, two texts compared with each other: 1 for yes, 0 for no.

Rules over these numbers are what the library matches, and nothing else of a fact reaches it. Two facts of one
signature therefore match the same formulas by construction, and an answer can be remembered by signature.

The C functions are called directly. `durable.engine` would add two timer threads, a copy of the session's state
for every action, and actions whose exceptions disappear; here no action of ours ever runs.
"""

from __future__ import annotations

import json
import os
import re
import threading
import weakref
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import durable_rules_engine as library

# The library hangs past 512 rules in a ruleset, lets one fact match 64 of them on one field, and gives a fact 254
# properties, of which two are ours. These bounds lie far enough inside that no formula can come near.
RULES_IN_A_RULESET = 48
FIELDS_OF_A_FACT = 200
FACTS_IN_A_SESSION = 64

NUMBERS_REMEMBERED = 32_000_000
"""How many numbers all signatures that a matcher remembers hold together: 8 bytes for each."""

Fact = Mapping[str, int | str]
Signature = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """The right side of a test that compares two fields of one fact."""

    name: str


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison: `Test("lot.left", ">=", 100)`.

    `< <= > >=` compare ints, `==` and `!=` ints or texts, with a literal or with a `Field`; `in` and `not_in` take
    a frozenset of ints or of texts, `starts_with` a text.
    """

    field: str
    op: str
    right: int | str | frozenset[int] | frozenset[str] | Field


@dataclass(frozen=True, slots=True)
class Formula:
    """Holds when all of `all_of` hold and, unless `any_of` is empty, at least one of its branches holds whole."""

    all_of: tuple[Test, ...] = ()
    any_of: tuple[tuple[Test, ...], ...] = ()


class Matcher:
    """Named formulas, ready to be asked which of them hold.

    What the formulas compare a field with fixes its type, int or str. A fact must have every field that they name,
    in that type, or an AssertionError names the field; its other fields are not looked at.

    Safe for threads, and works on in a forked child. Remembers the answers for at most `remember` signatures, and
    fewer where the formulas look at many things.
    """

    def __init__(self, formulas: Mapping[str, Formula], remember: int = 65_536) -> None:
        # A conjunction for each branch, because the library's `$or` fires once per true branch.
        conjunctions = [
            (name, (*formula.all_of, *branch))
            for name, formula in formulas.items()
            for branch in formula.any_of or ((),)
        ]
        reading = _Reading([test for _, tests in conjunctions for test in tests])
        self._columns = reading.columns
        self._always = {name for name, tests in conjunctions if not tests}
        self._rulesets = _rulesets((name, reading.rule(tests)) for name, tests in conjunctions if tests)
        self._remember = min(remember, NUMBERS_REMEMBERED // (len(self._columns) + 1))
        self._known: dict[Signature, frozenset[str]] = {}
        self._shared: dict[frozenset[str], frozenset[str]] = {}  # Many signatures, few answers: each is kept once.

    def match(self, facts: Sequence[Fact]) -> list[frozenset[str]]:
        """The names of the formulas that hold, fact by fact."""
        columns, known = self._columns, self._known
        try:
            return [known[tuple([column(fact) for column in columns])] for fact in facts]
        except KeyError:  # A signature not seen before, or a field that is missing: _learn can tell.
            return self._learn(facts)

    def _learn(self, facts: Sequence[Fact]) -> list[frozenset[str]]:
        signatures = [self._signature(fact) for fact in facts]
        known = self._known  # Only ever grows. Replaced when full, so that no thread loses what it is reading.
        answers = {signature: known[signature] for signature in signatures if signature in known}
        learnt = self._ask([signature for signature in dict.fromkeys(signatures) if signature not in answers])
        if len(learnt) <= self._remember:
            if len(known) + len(learnt) > self._remember:
                self._known, self._shared = {}, {}
            self._known |= {signature: self._shared.setdefault(names, names) for signature, names in learnt.items()}
        answers |= learnt
        return [answers[signature] for signature in signatures]

    def _signature(self, fact: Fact) -> Signature:
        try:
            return tuple([column(fact) for column in self._columns])
        except KeyError as missing:
            raise AssertionError(f"{missing.args[0]} is missing from a fact") from missing

    def _ask(self, signatures: Sequence[Signature]) -> dict[Signature, frozenset[str]]:
        """The library's answers, for signatures that all differ."""
        holding = [set(self._always) for _ in signatures]
        for start in range(0, len(signatures), FACTS_IN_A_SESSION):
            batch = signatures[start : start + FACTS_IN_A_SESSION]
            for ruleset in self._rulesets:
                for names, positions in ruleset.fire(batch):
                    for position in positions:
                        holding[start + position] |= names
        return {signature: frozenset(names) for signature, names in zip(signatures, holding, strict=True)}


# From a fact to its signature, and from a test to a comparison with one number of the signature.

Column = Callable[[Fact], int]
Comparing = Callable[[Test], tuple[str, int]]  # To the library's operator and the number on its right.
Reader = Callable[[Sequence[Test]], tuple[Column, Comparing]]  # Of all the tests that share a column.
Rule = tuple[tuple[int, str, int], ...]  # Comparisons, each behind the number of its column; all must hold.

TYPES = {int, str}
OPERATORS = {"<": "$lt", "<=": "$lt", ">=": "$gte", ">": "$gte", "==": "$eq", "!=": "$neq"}


class _Reading:
    """How the facts of one matcher are read: one column for each thing that its tests look at."""

    def __init__(self, tests: Iterable[Test]) -> None:
        alike = defaultdict[_Look, list[Test]](list)
        for test in tests:
            alike[_look(test)].append(test)
        self.columns: list[Column] = []
        self._comparing: dict[_Look, tuple[int, Comparing]] = {}
        for look, sharing in alike.items():
            column, comparing = look[0](sharing)
            self._comparing[look] = len(self.columns), comparing
            self.columns.append(column)

    def rule(self, tests: Iterable[Test]) -> Rule:
        """The tests as comparisons, each once and in one order, so that equal conjunctions are equal rules."""
        comparisons = set()
        for test in tests:
            number, comparing = self._comparing[_look(test)]
            comparisons.add((number, *comparing(test)))
        return tuple(sorted(comparisons))


_Look = tuple[Reader, str, object]


def _look(test: Test) -> _Look:
    """What a test looks at, and what reads that. Tests that look at the same thing share a column."""
    match test.op, test.right:
        case "<" | "<=" | ">" | ">=" | "==" | "!=", int():
            return _number, test.field, None
        case "<" | "<=" | ">" | ">=", Field():
            return _difference, test.field, test.right
        case "==" | "!=", Field():
            return _sameness, test.field, test.right
        case "==" | "!=", str():
            return _text, test.field, None
        case "in" | "not_in", frozenset():
            return _membership, test.field, test.right
        case "starts_with", str():
            return _prefix, test.field, test.right
    raise AssertionError(f"{test.field} cannot be tested: {test}")


def _number(tests: Sequence[Test]) -> tuple[Column, Comparing]:
    """How many bounds lie at or below an int."""
    field, cuts = tests[0].field, _cuts(tests)

    def column(fact: Fact) -> int:
        value = fact[field]
        assert type(value) is int, f"{field} is {value!r}, not an int"
        return bisect_right(cuts, value)

    return column, partial(_side, cuts)


def _difference(tests: Sequence[Test]) -> tuple[Column, Comparing]:
    """How many bounds lie at or below one int less another; the only bound is 0."""
    field, other, cuts = tests[0].field, _other(tests[0]), _cuts(tests)

    def column(fact: Fact) -> int:
        value, against = fact[field], fact[other]
        assert type(value) is int, f"{field} is {value!r}, not an int"
        assert type(against) is int, f"{other} is {against!r}, not an int"
        return bisect_right(cuts, value - against)

    return column, partial(_side, cuts)


def _sameness(tests: Sequence[Test]) -> tuple[Column, Comparing]:
    """Whether two fields hold the same."""
    field, other = tests[0].field, _other(tests[0])

    def column(fact: Fact) -> int:
        value, against = fact[field], fact[other]
        assert type(value) is type(against), f"{field} is {value!r} and {other} is {against!r}: two types"
        assert type(value) in TYPES, f"{field} is {value!r}, neither an int nor a text"
        return value == against

    return column, _yes_or_no


def _text(tests: Sequence[Test]) -> tuple[Column, Comparing]:
    """Which of the texts named it is: the number of the first, of the second and so on, or 0."""
    field = tests[0].field
    numbers = {text: number for number, text in enumerate(dict.fromkeys(test.right for test in tests), start=1)}

    def column(fact: Fact) -> int:
        value = fact[field]
        assert type(value) is str, f"{field} is {value!r}, not a text"
        return numbers.get(value, 0)

    return column, lambda test: (OPERATORS[test.op], numbers[test.right])


def _membership(tests: Sequence[Test]) -> tuple[Column, Comparing]:
    """Whether it is in a list: one look here, where the library would try the members one after the other."""
    field, members = tests[0].field, tests[0].right
    assert isinstance(members, frozenset)
    types = {*map(type, members)}
    assert types in ({int}, {str}, set()), f"{field} is looked for in a list that is not all ints or all texts"
    types = types or TYPES

    def column(fact: Fact) -> int:
        value = fact[field]
        assert type(value) in types, f"{field} is {value!r}, of another type than the list it is looked for in"
        return value in members

    return column, _yes_or_no


def _prefix(tests: Sequence[Test]) -> tuple[Column, Comparing]:
    """Whether a text starts so: the library would take the prefix for a regular expression of its own dialect."""
    field, prefix = tests[0].field, tests[0].right
    assert isinstance(prefix, str)

    def column(fact: Fact) -> int:
        value = fact[field]
        assert type(value) is str, f"{field} is {value!r}, not a text"
        return value.startswith(prefix)

    return column, _yes_or_no


def _cuts(tests: Iterable[Test]) -> list[int]:
    """Where the tests cut the line of ints, each cut just before a number; "equal to 5" cuts before 5 and before 6."""
    cuts = {_cut(test) for test in tests}
    cuts |= {_cut(test) + 1 for test in tests if test.op in {"==", "!="}}
    return sorted(cuts)


def _cut(test: Test) -> int:
    bound = test.right if isinstance(test.right, int) else 0
    return bound + (test.op in {"<=", ">"})  # "At most 5" is "below 6".


def _side(cuts: Sequence[int], test: Test) -> tuple[str, int]:
    return OPERATORS[test.op], bisect_right(cuts, _cut(test))


def _yes_or_no(test: Test) -> tuple[str, int]:
    return "$eq", 0 if test.op in {"!=", "not_in"} else 1


def _other(test: Test) -> str:
    assert isinstance(test.right, Field)
    return test.right.name


# From rules over numbers to the library, and back.

# The library has no locks of its own: one session at a time in a process. And none at all while the process forks,
# so that a child finds the lock free and the library between two sessions.
_lock = threading.Lock()
os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)

SESSION = "match"
OPENING = "opening"
# What comes back is '{"rule":[{"m":{"sid":"match","id":position,...}},...]}'. Reading it whole would take longer than
# matching; and as we wrote no text into it, these are its only numbers behind such quotes.
NUMBERS = re.compile(r'"(?:id":)?(\d+)')


def _rulesets(rules: Iterable[tuple[str, Rule]]) -> list[_Ruleset]:
    """Rulesets of bounded size for named rules; equal rules are matched once."""
    names: defaultdict[Rule, set[str]] = defaultdict(set)
    for name, rule in rules:
        names[rule].add(name)
    bins: list[dict[Rule, frozenset[str]]] = []
    columns: set[int] = set()
    for rule in names:
        needed = {column for column, _, _ in rule}
        assert len(needed) <= FIELDS_OF_A_FACT, f"{sorted(names[rule])}: a formula with {len(needed)} different tests"
        if not bins or len(bins[-1]) == RULES_IN_A_RULESET or len(columns | needed) > FIELDS_OF_A_FACT:
            bins.append({})
            columns = set()
        columns |= needed
        bins[-1][rule] = frozenset(names[rule])
    return [_Ruleset(names_of_rules) for names_of_rules in bins]


class _Ruleset:
    """A ruleset of the library, which lives as long as this object."""

    def __init__(self, names: Mapping[Rule, frozenset[str]]) -> None:
        self._names = list(names.values())
        self._columns = sorted({column for rule in names for column, _, _ in rule})
        fields = {column: f"c{place}" for place, column in enumerate(self._columns)}
        self._fact = '{"sid":"match"' + "".join(f',"{name}":%d' for name in ("id", *fields.values())) + "}"
        rules: dict[str, object] = {OPENING: {"all": [{"m": {"$eq": {OPENING: 1}}}]}}
        for number, rule in enumerate(names):
            tests = [{operator: {fields[column]: value}} for column, operator, value in rule]
            # With a cap, all the facts that match a rule come back at once.
            rules[str(number)] = {"all": [{"m": {"$and": tests}}], "cap": FACTS_IN_A_SESSION}
        with _lock:
            self._handle = library.create_ruleset("match", json.dumps(rules))
        # Without the lock, which this very thread may hold when the collector comes by. One call is atomic under the
        # interpreter lock, and no session is open in a ruleset that nothing refers to.
        weakref.finalize(self, library.delete_ruleset, self._handle)

    def fire(self, signatures: Sequence[Signature]) -> list[tuple[frozenset[str], list[int]]]:
        """The names of each rule that fires, and the positions of the signatures for which it does."""
        facts = ",".join(
            self._fact % (position, *[signature[column] for column in self._columns])
            for position, signature in enumerate(signatures)
        )
        with _lock, self._session() as session:
            library.assert_facts(self._handle, f"[{facts}]")
            fired = list(iter(partial(library.complete_and_start_action, self._handle, session), None))
        found = [[*map(int, NUMBERS.findall(messages))] for messages in fired]
        return [(self._names[rule], positions) for rule, *positions in found]

    @contextmanager
    def _session(self) -> Iterator[int]:
        """A session with an action under way: deleting one in which none ever started corrupts memory."""
        _, session = library.assert_fact(self._handle, json.dumps({"sid": SESSION, "id": OPENING, OPENING: 1}))
        library.start_action_for_state(self._handle, session)
        try:
            yield session
        finally:
            library.delete_state(self._handle, SESSION)
