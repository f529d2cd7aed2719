"""The JSON Schema of conditions: each fact with its words, and the operators that its type can be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from policies.json_shapes import (
    DAY,
    LITERAL_TEXT,
    REFERENCE,
    Json,
    Shared,
    closed,
    common,
    declared,
    described,
    fact_paths,
    hinted,
    list_of,
    one_of,
    percent,
    refer,
    span,
    text,
    whole,
    words,
)
from policies.model import Fact, Operator, SpanUnit
from policies.readers import FACT_PATH, SNAKE
from policies.vocabulary import WORDS

NUMBERS = ("points", "money", "number")
MORE_MEMBERS = ("event.type",)
"""The choices that a file may declare more members of."""

DEFAULTS = {True: "true", False: "false"}

Operators = Mapping[Operator, Sequence[str]]


def condition(shared: Shared, scopes: Sequence[str], operators: Operators, ages: Sequence[SpanUnit]) -> Json:
    """A condition over the facts of `scopes`: `operators` with the types that they can be asked of, `ages` the units
    in which they ask how long ago a day is.
    """
    called = "-".join(scopes)
    clauses = _Clauses(shared, scopes, operators, ages)
    branch = partial(clauses.comparisons, alternatives=False)
    shared.refer(f"alternative-{called}", branch)
    return shared.refer(f"condition-{called}", partial(clauses.comparisons, alternatives=True))


def literal(fact: Fact) -> Json:
    """What can be said of a fact outright."""
    if fact.type in NUMBERS:
        return whole()
    if fact.type == "percent":
        return percent()
    if fact.type == "flag":
        return hinted({"type": "boolean"}, "write true or false")
    if fact.type == "date":
        none = ["none"] if fact.none else []
        return text([DAY, *none], f"write it like 2026-01-31{', or none' if none else ''}")
    if fact.type == "choice":
        return members(fact)
    return text([LITERAL_TEXT], "write the text itself, in quotes where it is a number")


def members(fact: Fact) -> Json:
    """The members of a choice; those of sources and methods are each file's own, and further events too."""
    if not fact.choices:
        return text([SNAKE.pattern], f"name one of the file's {fact.name}s")
    known = one_of(fact.choices, [f"{WORDS[each].ko} · {WORDS[each].en}" for each in fact.choices])
    return {"anyOf": [known, text([SNAKE.pattern])]} if fact.path in MORE_MEMBERS else known


def about(fact: Fact) -> tuple[str, str]:
    """The hover text of a fact: what it is called, and what it can be and is without being given."""
    kind = f"one of `{'`, `'.join(fact.choices)}`" if fact.choices else fact.type
    default = DEFAULTS.get(fact.default, fact.default) if isinstance(fact.default, bool) else fact.default
    told = f"; `{default}` where a case does not give it" if default not in (None, "") else ""
    return words(fact), f"`{fact.path}`: {kind}{told}"


class _Clauses:
    """The clauses of one set of scopes."""

    def __init__(self, shared: Shared, scopes: Sequence[str], operators: Operators, ages: Sequence[SpanUnit]) -> None:
        self.shared, self.scopes, self.operators, self.ages = shared, scopes, operators, ages
        self.called = "-".join(scopes)

    def comparisons(self, *, alternatives: bool) -> Json:
        """A map of facts; with `any:` below it where `alternatives`."""
        facts = {fact.path: described(self.clause(fact), *about(fact)) for fact in common(self.scopes)}
        own = self.shared.refer(f"clause-declared-{self.called}", self.declared)
        schema = {
            **closed(facts),
            "minProperties": 1,
            "patternProperties": {f"^{declared(self.scopes)}$": described(own, "A fact that the file declares.")},
        }
        if alternatives:
            one = list_of(refer(f"alternative-{self.called}"))
            facts["any"] = described(one, "One of these maps must hold as well.")
        return schema

    def clause(self, fact: Fact) -> Json:
        """What can be asked of a fact."""
        return self.shared.refer(f"clause-{_sort(fact)}-{self.called}", partial(self.asked, fact))

    def asked(self, fact: Fact) -> Json:
        """A right side for `is`, or a map of operators."""
        fitting = [operator for operator, types in self.operators.items() if fact.type in types]
        asked: Json = {operator: self.right(fact, operator) for operator in fitting}
        if fact.type == "choice":
            return {"anyOf": [literal(fact), _or_operators(self.other(fact), asked)]}
        return _or_operators(self.single(fact, none=fact.none), asked)

    def declared(self) -> Json:
        """What can be asked of a fact whose type only the file knows."""
        single: Json = {"type": ["integer", "string", "boolean"], "minimum": 0}
        several = list_of({**single, "type": ["integer", "string"]})
        asked: Json = {operator: several if operator in ("in", "not_in") else single for operator in self.operators}
        asked |= {"at_least_ago": self.age(), "under_ago": self.age(), "starts_with": _beginning()}
        return _or_operators(single, asked)

    def right(self, fact: Fact, operator: Operator) -> Json:
        """The right side of an operator."""
        if operator in ("at_least_ago", "under_ago"):
            return self.age()
        if operator in ("in", "not_in"):
            return self.shared.refer(f"list-{_sort(fact)}", lambda: list_of(literal(fact)))
        if operator == "starts_with":
            return _beginning()
        none = fact.none and operator in ("is", "is_not")
        name = f"right-{_sort(fact) if none else _sort(fact).removesuffix(_OR_NONE)}-{self.called}"
        return self.shared.refer(name, partial(self.single, fact, none=none))

    def single(self, fact: Fact, *, none: bool) -> Json:
        """One literal of the fact's type (or `none`), a value, or another fact."""
        if fact.type == "choice":
            return {"anyOf": [literal(fact), self.other(fact)]}
        other = fact_paths(self.scopes, (fact.type,))
        if fact.type in NUMBERS:
            hint = "write a whole number, such as 50_000, the $name of a value, or another fact"
            return whole(or_text=[REFERENCE, other], hint=hint)
        if fact.type == "percent":
            return percent(REFERENCE, other)
        if fact.type == "date":
            hint = f"write a day such as 2026-01-31, {'none, ' if none else ''}the $name of a value, or another fact"
            return text([DAY, *(["none"] if none else []), REFERENCE, other], hint)
        if fact.type == "text":
            plain = rf"(?!{FACT_PATH.pattern}$){LITERAL_TEXT}"
            return text([REFERENCE, other, plain], "write text, the $name of a value, or another fact")
        return hinted({**text([other]), "type": ["boolean", "string"]}, "write true, false, or another fact")

    def other(self, fact: Fact) -> Json:
        """Another fact of the same type."""
        return text([fact_paths(self.scopes, (fact.type,))], "name a member, or another fact of the same type")

    def age(self) -> Json:
        """How long ago a day is."""
        return text([span(self.ages), REFERENCE], "write a length of time, such as 30 days or 12 months")


def _or_operators(single: Json, asked: Json) -> Json:
    """A single right side or a map of operators, as one schema: of two an editor would not know which was meant."""
    kinds = single["type"] if isinstance(single["type"], list) else [single["type"]]
    kept = {key: value for key, value in single.items() if key != "errorMessage"}
    return {**closed(asked), **kept, "type": [*kinds, "object"], "minProperties": 1}


_OR_NONE = "-or-none"


def _sort(fact: Fact) -> str:
    """The name that facts share of which the same can be asked."""
    return fact.path.replace(".", "-") if fact.type == "choice" else fact.type + (_OR_NONE if fact.none else "")


def _beginning() -> Json:
    return {**text([LITERAL_TEXT], "write the beginning of the text"), "minLength": 1}
