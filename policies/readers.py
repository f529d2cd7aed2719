"""Reading one piece of plain data: what it becomes in the model, or a `Trouble` that says what is wrong with it.

What a reader must know of the rest of the file (facts, values) it finds in the `Reading` of the context. A trouble
does not know its place yet; `policies/troubles.py` gives it one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Any, Literal, NoReturn, TypeVar

from marshmallow import ValidationError
from marshmallow.experimental.context import Context

from policies.model import Fact, Figure, Span, SpanUnit, Unit, ValueRef
from policies.problems import did_you_mean, shorten

T = TypeVar("T")

KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
FACT_PATH = re.compile(r"(account|lot|request|event)\.\w+")
SPAN = re.compile(r"([0-9]{1,9}) (hour|day|business day|month|year)s?")
_WITH_COMMAS = re.compile(r"[1-9][0-9]{0,2}(,[0-9]{3}){1,3}")
_PERCENT = re.compile(r"([0-9]{1,4})(?:\.([0-9]{1,6}))?\s?%")
MOST = 10**12
"""The largest amount that a file or a case may name: a trillion points or units of currency."""

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)
"""The days that a file may name: what lies beyond is a slip, or a "never" that has a word of its own."""

LONGEST_SPANS: Mapping[SpanUnit, int] = {
    "hours": 87_600,
    "days": 36_500,
    "business days": 1_000,
    "months": 1_200,
    "years": 100,
}
_LONGEST_WORD = 80
_LONGEST_LINE = 200
_LONGEST_TEXT = 2_000
_MOST_LISTED = 12

# A hostile file could ask for a hundred thousand suggestions; nobody reads more than these.
_MOST_SUGGESTIONS = 100


@dataclass(frozen=True, slots=True)
class Trouble:
    """A problem that does not know its place yet. `at` says whether it lies with a key or with what the key holds.

    `refers_to` is the name that the file may have meant to declare: when that declaration has a trouble of its own,
    this one only follows from it.
    """

    code: str
    message: str
    hint: str = ""
    at: Literal["key", "value"] = "value"
    refers_to: str = ""


@dataclass(slots=True)
class Patience:
    """How many suggestions are still looked for in one file."""

    left: int = _MOST_SUGGESTIONS


@dataclass(frozen=True, slots=True)
class Reading:
    """What the fields of one file may refer to: the facts by path and the unit of each value by name.

    A unit of None belongs to a value that has troubles of its own.

    `value_paths` holds, for each value, the facts that its figure depends on, the one that dates it included, and
    `figures` all that it can come to. `scopes` are those that the rule sees which is being read.
    """

    facts: Mapping[str, Fact]
    units: Mapping[str, Unit | None]
    value_paths: Mapping[str, frozenset[str]]
    sources: Sequence[str]
    methods: Sequence[str]
    figures: Mapping[str, tuple[Figure, ...]] = field(default_factory=dict)
    scopes: Sequence[str] = ()
    patience: Patience = field(default_factory=Patience)


def reading() -> Reading:
    """The file that is being read."""
    return Context[Reading].get()


def refuse(
    code: str, message: str, hint: str = "", at: Literal["key", "value"] = "value", refers_to: str = ""
) -> NoReturn:
    """Report one trouble where the field stands."""
    raise ValidationError([Trouble(code, message, hint, at, refers_to)])


def read_each(parts: Iterable[tuple[Hashable, Callable[[], T]]]) -> list[T]:
    """What the readers return, or the troubles of all of them, each under its key or index."""
    found: list[T] = []
    troubles: dict[Any, Any] = {}
    for key, read in parts:
        try:
            found.append(read())
        except ValidationError as error:
            troubles[key] = error.messages
    if troubles:
        raise ValidationError(troubles)
    return found


def read_under(key: Hashable, read: Callable[[], T]) -> T:
    """What one reader returns; its troubles lie under `key`."""
    return read_each([(key, read)])[0]


def read_key(read: Callable[[], T]) -> T:
    """What one reader of a key returns; its troubles lie with the key itself."""
    try:
        return read()
    except ValidationError as error:
        troubles: Any = error.messages
        raise ValidationError([replace(trouble, at="key") for trouble in troubles]) from None


def suggest(word: object, candidates: Iterable[str]) -> str:
    """The `did you mean` for a word of the file, "" when nothing is close or enough was suggested."""
    patience = reading().patience
    if not isinstance(word, str) or patience.left <= 0:
        return ""
    patience.left -= 1
    return did_you_mean(word, candidates)


def shown(value: object) -> str:
    """What the author wrote, short enough to be repeated in a message."""
    if isinstance(value, bool):
        return "'true'" if value else "'false'"
    if isinstance(value, Mapping):
        return "a map" if value else "an empty map"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, str) and not value.strip():
        return "an empty text"
    return f"'{shorten(str(value))}'"


def in_quotes(value: object) -> str:
    """The remedy for a number, a day or a flag where text belongs."""
    if isinstance(value, int | date):
        return f'put it in quotes: "{shown(value)[1:-1]}"'
    return "write one text, in quotes"


def example_list(value: object) -> str:
    """The list that somebody meant who wrote one word."""
    return f"[{shown(value)[1:-1]}]" if isinstance(value, str | int | date) and value != "" else "[a, b]"


def listed(words: Sequence[str]) -> str:
    """Words in a sentence: a, b or c. Of many, only the first."""
    if len(words) > _MOST_LISTED:
        return f"{', '.join(words[:_MOST_LISTED])} or one of {len(words) - _MOST_LISTED} more"
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else list(words))


def one_of(word: object, words: Sequence[str], what: str, code: str = "unknown-word") -> str:
    """`word` when it is one of `words`; a trouble that suggests or lists them otherwise."""
    if isinstance(word, str) and word in words:
        return word
    message = f"unknown {what} {shown(word)}" if isinstance(word, str) else f"{shown(word)} is no {what}"
    refuse(code, message, suggest(word, words) or f"use {listed(words)}", refers_to=str(word))


def read_span(raw: object, units: Sequence[str] = (), least: int = 1) -> Span:
    """A span such as `12 months`, of at least `least`. `units` narrows the units that make sense."""
    match = SPAN.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        example = "3 business days" if "business days" in units else "24 hours" if "hours" in units else "12 months"
        refuse(
            "not-a-span",
            f"{shown(raw)} is not a length of time",
            f"write a number and a unit, such as 30 days or {example}",
        )
    unit: SpanUnit = match[2] + "s"  # type: ignore[assignment]
    if units and unit not in units:
        refuse("wrong-span-unit", f"{shown(raw)} cannot be used here", f"use {listed(list(units))}")
    if not least <= int(match[1]) <= LONGEST_SPANS[unit]:
        hint = f"write {least} to {LONGEST_SPANS[unit]:_} {unit}"
        refuse("span-out-of-range", f"{shown(raw)} is out of range", hint)
    return Span(int(match[1]), unit)


def read_percent(raw: object) -> Fraction:
    """A percentage, exactly: 3, `3%` or `2.2%`."""
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw <= 10_000:
        return Fraction(raw)
    match = _PERCENT.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        refuse("not-a-percentage", f"{shown(raw)} is not a percentage from 0 to 10_000", "write 3, 3% or 2.2%")
    return Fraction(f"{match[1]}.{match[2] or 0}")


def read_amount(raw: object, what: str = "an amount") -> int:
    """A whole number of points, money or things, from 0 to a trillion."""
    if isinstance(raw, bool) or not isinstance(raw, int):
        example = raw.replace(",", "_") if isinstance(raw, str) and _WITH_COMMAS.fullmatch(raw) else ""
        refuse("not-an-amount", f"{shown(raw)} is not {what}", f"write {example or 'a whole number, such as 50_000'}")
    if not 0 <= raw <= MOST:
        refuse("amount-out-of-range", f"{shown(raw)} is out of range", f"write a whole number from 0 to {MOST:_}")
    return raw


def read_text(raw: object, example: str = "", *, lines: bool = False) -> str:
    """A text that is not blank, without the blanks around it; on one line unless `lines`."""
    if not isinstance(raw, str):
        refuse("not-text", f"{shown(raw)} is not text", example or in_quotes(raw))
    text = raw.strip()
    if not text:
        refuse("empty", "is empty", example or "write a text")
    most = _LONGEST_TEXT if lines else _LONGEST_LINE
    if len(text) > most:
        refuse("too-long", f"the text has {len(text):_} characters", f"shorten it to {most:_}")
    if not lines and "\n" in text:
        refuse("several-lines", "the text stands on several lines", "write it on one line")
    return text


def read_day(raw: object, hint: str = "write it like 2026-01-31") -> date:
    """A calendar day that a programme can mean."""
    if not isinstance(raw, date):
        refuse("not-a-day", f"{shown(raw)} is not a day", hint)
    if not FIRST_DAY <= raw <= LAST_DAY:
        refuse("day-out-of-range", f"{shown(raw)} is out of range", "write a day of the years 1900 to 2999")
    return raw


def read_reference(raw: object, units: Sequence[Unit]) -> ValueRef | None:
    """`$name` as a reference to a value of one of `units`; None for anything else."""
    if not isinstance(raw, str) or not raw.startswith("$"):
        return None
    file, name = reading(), raw[1:]
    if name not in file.units:
        hint = suggest(name, list(file.units))
        refuse("unknown-value", f"there is no value {shown(name)}", hint or "declare it under values:", refers_to=name)
    if file.units[name] not in (*units, None):
        refuse_unit(name, file.units[name], units)
    scopes = {path.partition(".")[0] for path in file.value_paths.get(name, ())}
    beyond = sorted(scopes.difference(file.scopes)) if file.scopes else []
    if beyond:
        message = f"value '{name}' depends on the {beyond[0]}, which this rule does not see"
        refuse("value-out-of-sight", message, f"use a value that depends on the {listed(file.scopes)} only")
    return ValueRef(name)


def refuse_unit(name: str, unit: Unit | None, expected: Sequence[Unit]) -> NoReturn:
    """Report a value that is in another unit than its place asks for."""
    message = f"value '{name}' is {_UNITS[unit or 'text']}, not {' or '.join(_UNITS[each] for each in expected)}"
    refuse("wrong-unit", message, "use another value, or correct its unit:")


_UNITS: Mapping[Unit, str] = {
    "points": "in points",
    "money": "in money",
    "number": "a plain number",
    "percent": "a percentage",
    "span": "a length of time",
    "text": "text",
    "date": "a day",
}


def read_span_reference(raw: object, units: Sequence[SpanUnit]) -> ValueRef | None:
    """`$name` as a reference to a value that is always a span in one of `units`; None for anything else."""
    reference = read_reference(raw, ("span",))
    if reference:
        for figure in reading().figures.get(reference.name, ()):
            if isinstance(figure, Span) and figure.unit not in units:
                message = f"value '{reference.name}' can be '{figure}', which cannot be used here"
                refuse("wrong-span-unit", message, f"use {listed(units)}")
    return reference


def read_fact(raw: object, scopes: Sequence[str], at: Literal["key", "value"] = "value") -> Fact:
    """The fact of that path, if it can be seen from a place that sees `scopes`."""
    facts = reading().facts
    fact = facts.get(raw) if isinstance(raw, str) else None
    if fact is None:
        hint = suggest(raw, [path for path, each in facts.items() if each.scope in scopes])
        if not hint and isinstance(raw, str) and FACT_PATH.fullmatch(raw):
            hint = "declare it under facts:"
        example = f"{scopes[-1]}.{_EXAMPLES[scopes[-1]]}"
        hint = hint or f"a fact is written like {example}; new ones are declared under facts:"
        refuse("unknown-fact", f"unknown fact {shown(raw)}", hint, at, str(raw))
    if fact.scope not in scopes:
        hint = f"use facts of the {listed(list(scopes))}"
        if fact.scope == "lot":
            hint += "; only expire, exclude and fee rules look at single lots"
        refuse("fact-out-of-sight", f"'{raw}' cannot be used here", hint, at)
    return fact


_EXAMPLES = {"account": "status", "lot": "source", "request": "method", "event": "amount"}


def check_word(word: object, pattern: re.Pattern[str], at: Literal["key", "value"] = "value") -> None:
    """Refuse a word that is not spelt as ids are."""
    if not isinstance(word, str) or not pattern.fullmatch(word):
        joint, example = ("hyphens", "monthly-limit") if pattern is KEBAB else ("underscores", "monthly_limit")
        message = f"{shown(word)} is not spelt like a name"
        refuse("wrong-spelling", message, f"write small letters, digits and {joint}, such as {example}", at)
    if len(word) > _LONGEST_WORD:
        refuse("too-long", f"the name has {len(word):_} letters", f"shorten it to {_LONGEST_WORD}", at)


def a_type(fact: Fact) -> str:
    """The type of a fact in a sentence: a number, a choice, text."""
    return (
        fact.type if fact.type in ("points", "money", "text") else "a day" if fact.type == "date" else f"a {fact.type}"
    )


def read_date_fact(raw: object, scopes: Sequence[str]) -> str:
    """The path of a fact that is a day."""
    fact = read_fact(raw, scopes)
    if fact.type != "date":
        hint = "name a fact that is a day, such as lot.acquired_on"
        refuse("wrong-type", f"'{fact.path}' is {a_type(fact)}, not a day", hint)
    return fact.path


def refuse_twice(items: Sequence[Hashable], raw: Sequence[object], what: str = "") -> None:
    """Refuse a list that holds something twice; `raw` is how it stands in the file, `what` the word for an item."""
    first: dict[Hashable, int] = {}
    for index, item in enumerate(items):
        if first.setdefault(item, index) != index:
            message = f"{what or shown(raw[index])} is listed twice"
            raise ValidationError({index: [Trouble("said-twice", message, "take one of them out")]})
