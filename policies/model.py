"""What a rule file says, once it has been read: frozen data, without behaviour of its own.

The rule kinds add their own fields in `policies/kinds/<kind>.py`; everything that they share is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import ClassVar, Literal, get_args

Scalar = int | str | bool | date | Fraction | None
"""What a fact can be: whole units, text, a flag, a local day, an exact percentage, or None for a missing day."""

Unit = Literal["points", "money", "number", "percent", "span", "text", "date"]


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in Korean and in English."""

    ko: str
    en: str

    def in_language(self, language: str) -> str:
        """The sentence in `language`, which is "ko" or "en"."""
        return self.ko if language == "ko" else self.en

    def __format__(self, spec: str) -> str:
        raise TypeError(f"say in which language: {self!r}")


SpanUnit = Literal["hours", "days", "business days", "months", "years"]


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time in calendar units, such as 12 months or 3 business days."""

    count: int
    unit: SpanUnit

    def __str__(self) -> str:
        return f"{self.count} {self.unit if self.count != 1 else self.unit[:-1]}"


@dataclass(frozen=True, slots=True, order=True)
class TimeOfDay:
    """A time on the clocks of the programme's zone, to the minute; 24:00 is the end of a day.

    >>> str(TimeOfDay(16 * 60 + 5))
    '16:05'
    """

    minutes: int

    def __str__(self) -> str:
        return f"{self.minutes // 60:02}:{self.minutes % 60:02}"


@dataclass(frozen=True, slots=True, order=True)
class DayOfYear:
    """A day that comes every year, such as 12-31; 02-29 only comes in leap years.

    >>> str(DayOfYear(2, 5))
    '02-05'
    """

    month: int
    day: int

    def __str__(self) -> str:
        return f"{self.month:02}-{self.day:02}"


DayOfMonth = int | Literal["last"]


@dataclass(frozen=True, slots=True)
class BusinessDay:
    """The business day of a number in every month, from 1, or its last."""

    number: int | Literal["last"]


"""A day that comes every month, by its number or as its last."""

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""The days of the week, in the order in which calendars number them."""


@dataclass(frozen=True, slots=True)
class ValueRef:
    """`$name`: the dated value of that name."""

    name: str


@dataclass(frozen=True, slots=True)
class FactRef:
    """A fact path on the right of an operator or in a field, such as `lot.expires_on`."""

    path: str


Operator = Literal[
    "is",
    "is_not",
    "in",
    "not_in",
    "under",
    "at_most",
    "at_least",
    "over",
    "starts_with",
    "at_least_ago",
    "under_ago",
]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One clause: a fact, an operator and a right side of the fact's own type.

    `right` is a scalar, a tuple of scalars (for in and not_in), a span (for the two `_ago` operators),
    a value or another fact.
    """

    path: str
    operator: Operator
    right: Scalar | tuple[Scalar, ...] | Span | ValueRef | FactRef


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds when every clause of `all_of` holds and, if there are branches in `any_of`, one of them holds whole."""

    all_of: tuple[Comparison, ...] = ()
    any_of: tuple[tuple[Comparison, ...], ...] = ()

    def comparisons(self) -> tuple[Comparison, ...]:
        """Every clause, those of the branches included."""
        return self.all_of + tuple(clause for branch in self.any_of for clause in branch)


ALWAYS = Condition()
"""The condition of a rule without `when:`."""


@dataclass(frozen=True, slots=True)
class Table:
    """A figure for each value of a fact. `otherwise` is None when the rows name every value that there is."""

    by: str
    rows: Mapping[str | int | bool, Cell]
    otherwise: Cell | None


@dataclass(frozen=True, slots=True)
class Bands:
    """A figure for each range of an amount or a percentage; a band reaches up to the start of the next. The first
    starts at 0.
    """

    by: str
    bands: tuple[tuple[int | Fraction, Cell], ...]


Figure = int | Fraction | Span | str | date
"""What a value can come to: whole units, an exact percentage (3 means 3 %), a span, a text or a day."""

Cell = Figure | Table | Bands


@dataclass(frozen=True, slots=True)
class Value:
    """A named figure with its history: `since` pairs the day from which a cell holds with that cell, ascending.

    A first day of None is the file's `always`: it holds on every day before the next one.
    """

    name: str
    about: str
    terms: str
    unit: Unit
    dated_by: str
    since: tuple[tuple[date | None, Cell], ...]


Rounding = Literal["down", "up", "half_up"]

Amount = int | ValueRef
Rate = Fraction | ValueRef
Length = Span | ValueRef


@dataclass(frozen=True, slots=True)
class BalanceShare:
    """A bound that is a percentage of what the member holds, but never below `at_least`.

    `of` is "available" (what can be refunded on the day of the request) or "balance" (all that has not expired).
    """

    share: Rate
    of: Literal["available", "balance"]
    rounding: Rounding
    at_least: Amount | None = None

    def amounts(self) -> tuple[object, ...]:
        """The fields that may name a value."""
        return (self.share, self.at_least)


BoundAmount = Amount | BalanceShare

Per = Literal["day", "week", "month", "quarter", "year", "ever"] | Span
"""A window: a calendar day, week (from Monday), month, quarter or year in the programme's zone, all of history, or a
rolling span.
"""


SingleMeasure = Literal[
    "request.points",
    "balance.before",
    "balance.after",
    "available.before",
    "available.after",
    "gross",
    "payout",
    "destination.after",
]
SINGLE_MEASURES: tuple[SingleMeasure, ...] = get_args(SingleMeasure)
"""What is measured of one request: the balance is of all points that have not expired, what is available of those that
can be refunded.
"""


@dataclass(frozen=True, slots=True)
class Measure:
    """What a limit or a review looks at.

    `of` is one of `SINGLE_MEASURES` (all without a window), or "sum" or "count" of the refunds in the window `per`, of
    one `key` ("account" or "receiving_account"), by the methods given (empty: by any), or with `same_method` by the
    method of the request itself. A sum is of what `summed` says.
    """

    of: SingleMeasure | Literal["sum", "count"]
    per: Per | None = None
    key: Literal["account", "receiving_account"] = "account"
    methods: tuple[str, ...] = ()
    same_method: bool = False
    summed: Literal["refund.points", "refund.payout"] = "refund.points"

    @property
    def in_money(self) -> bool:
        """Whether the measure is an amount of money, which is known only once prices, or even fees and taxes, are."""
        return self.of in ("gross", "payout", "destination.after") or (
            self.of == "sum" and self.summed == "refund.payout"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One numbered sentence of the terms.

    `line` and `index` are where it stands in its file: its first line, and its place among the rules from 0.
    """

    kind: ClassVar[str] = ""

    id: str
    terms: str
    about: str = ""
    when: Condition = ALWAYS
    unless: tuple[Condition, ...] = ()
    overrides: tuple[str, ...] = ()
    reason: Text | None = None
    line: int = 0
    index: int = 0

    def conditions(self) -> tuple[Condition, ...]:
        """Every condition that the rule reads. A kind with more of them than `when` and `unless` adds its own."""
        return (self.when, *self.unless)

    def amounts(self) -> tuple[object, ...]:
        """The fields that may name a value, for those who look for `$name`. A kind adds its own."""
        return ()

    def value_names(self) -> tuple[str, ...]:
        """The values that the rule uses, in its fields and in its conditions, each once, in order."""
        fields = [right for right in self.amounts() if isinstance(right, ValueRef)]
        clauses = [
            clause.right
            for condition in self.conditions()
            for clause in condition.comparisons()
            if isinstance(clause.right, ValueRef)
        ]
        return tuple(dict.fromkeys(reference.name for reference in fields + clauses))


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact that a rule may name: its path, type and words.

    `type` is points, money, number, percent, date, text, flag or choice; `choices` are the members of a choice.
    `default` is used where a case does not give the fact; REQUIRED means that it must. `none` is True for a day
    that may be missing. A `derived` fact is worked out from others and never given.
    """

    path: str
    type: str
    ko: str
    en: str
    choices: tuple[str, ...] = ()
    default: object = None
    required: bool = False
    none: bool = False
    derived: bool = False

    @property
    def scope(self) -> str:
        """account, lot, request or event."""
        return self.path.partition(".")[0]

    @property
    def name(self) -> str:
        """The path without its scope, as the fact is called in JSON."""
        return self.path.partition(".")[2]


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Policy:
    """A rule file, read and checked. `facts` is the whole vocabulary by path, common and declared; `retention` is how
    long the facts and words of what was decided by it are kept.
    """

    id: str
    title: Text
    starts: date
    currency: str
    timezone: str
    calendar: str
    holidays: tuple[date, ...]
    terms: str
    about: str
    sources: Mapping[str, Text]
    methods: Mapping[str, Text]
    events: Mapping[str, Text] = field(default_factory=dict)
    facts: Mapping[str, Fact]
    declared: tuple[str, ...]
    values: Mapping[str, Value]
    rules: tuple[Rule, ...]
    papers: Mapping[str, Text] = field(default_factory=dict)
    retention: Span = Span(5, "years")

    def rules_of(self, kind: str) -> tuple[Rule, ...]:
        """The rules of one kind, in the order of the file."""
        return tuple(rule for rule in self.rules if rule.kind == kind)
