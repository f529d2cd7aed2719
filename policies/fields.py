"""The field types of rule files, as marshmallow fields, and the schema that they stand in.

A field turns plain data into the model's types and reports what is wrong as a `Trouble`; `policies/schema.py` gives
each trouble its place in the file. What a field must know of the rest of the file (facts, values) it finds in the
`Reading` of the context.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Literal, NoReturn

from marshmallow import EXCLUDE, Schema, ValidationError, validates_schema
from marshmallow import fields as marshmallow_fields
from marshmallow.experimental.context import Context

from policies.model import Fact, FactRef, Measure, Per, Span, SpanUnit, Text, Unit, ValueRef
from policies.problems import did_you_mean

KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
FACT_PATH = re.compile(r"(account|lot|request|event)\.\w+")
_SPAN = re.compile(r"([1-9][0-9]{0,4}) (hour|day|business day|month|year)s?")
_PERCENT = re.compile(r"([0-9]{1,4})(?:\.([0-9]{1,6}))?\s?%")
MOST = 10**12
"""The largest amount that a file or a case may name: a trillion points or units of currency."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A problem that does not know its place yet. `at` says whether it lies with a key or with what the key holds."""

    code: str
    message: str
    hint: str = ""
    at: Literal["key", "value"] = "value"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the fields of one file may refer to: the facts by path and the unit of each value by name.

    A unit of None belongs to a value that has troubles of its own.

    `value_paths` holds, for each value, the facts that its figure depends on, the one that dates it included.
    """

    facts: Mapping[str, Fact]
    units: Mapping[str, Unit | None]
    value_paths: Mapping[str, frozenset[str]]
    sources: Sequence[str]
    methods: Sequence[str]


def reading() -> Reading:
    """The file that is being read."""
    return Context[Reading].get()


def refuse(code: str, message: str, hint: str = "", at: Literal["key", "value"] = "value") -> NoReturn:
    """Report one trouble where the field stands."""
    raise ValidationError([Trouble(code, message, hint, at)])


def shown(value: object) -> str:
    """What the author wrote, short enough to be repeated in a message."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, list):
        return "a list"
    text = str(value)
    return f"'{text[:40]}...'" if len(text) > 40 else f"'{text}'"


def listed(words: Sequence[str]) -> str:
    """Words in a sentence: a, b or c."""
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else list(words))


def one_of(word: object, words: Sequence[str], what: str, code: str = "unknown-word") -> str:
    """`word` when it is one of `words`; a trouble that suggests or lists them otherwise."""
    if isinstance(word, str) and word in words:
        return word
    hint = did_you_mean(word, words) if isinstance(word, str) else ""
    refuse(code, f"unknown {what} {shown(word)}", hint or f"use {listed(words)}")


def read_span(raw: object, units: Sequence[str] = ()) -> Span:
    """A span such as `12 months`. `units` narrows the units that make sense."""
    match = _SPAN.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        refuse(
            "not-a-span",
            f"{shown(raw)} is not a span",
            "write a number and a unit, such as 12 months or 30 days",
        )
    unit: SpanUnit = match[2] + "s"  # type: ignore[assignment]
    if units and unit not in units:
        refuse("wrong-span-unit", f"{shown(raw)} cannot be used here", f"use {listed(list(units))}")
    return Span(int(match[1]), unit)


def read_percent(raw: object) -> Fraction:
    """A percentage, exactly: 3, `3%` or `2.2%`."""
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw <= 10_000:
        return Fraction(raw)
    match = _PERCENT.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        refuse("not-a-percentage", f"{shown(raw)} is not a percentage", "write 3, 3% or 2.2%")
    return Fraction(f"{match[1]}.{match[2] or 0}")


def read_amount(raw: object, what: str = "an amount") -> int:
    """A whole number of points, money or things, from 0 to a trillion."""
    if isinstance(raw, bool) or not isinstance(raw, int):
        refuse("not-an-amount", f"{shown(raw)} is not {what}", "write a whole number, such as 50_000")
    if not 0 <= raw <= MOST:
        refuse("amount-out-of-range", f"{raw} is out of range", f"write a whole number from 0 to {MOST:_}")
    return raw


def read_reference(raw: object, units: Sequence[Unit]) -> ValueRef | None:
    """`$name` as a reference to a value of one of `units`; None for anything else."""
    if not isinstance(raw, str) or not raw.startswith("$"):
        return None
    known, name = reading().units, raw[1:]
    if name not in known:
        hint = did_you_mean(name, list(known))
        refuse("unknown-value", f"there is no value '{name}'", hint or "declare it under values:")
    if known[name] not in (*units, None):
        refuse("wrong-unit", f"value '{name}' is in {known[name]}, not in {listed(units)}", "use another value")
    return ValueRef(name)


def read_fact(raw: object, scopes: Sequence[str]) -> Fact:
    """The fact of that path, if it can be seen from a rule that sees `scopes`."""
    facts = reading().facts
    fact = facts.get(raw) if isinstance(raw, str) else None
    visible = [path for path, each in facts.items() if each.scope in scopes]
    if fact is None:
        hint = did_you_mean(raw, visible) if isinstance(raw, str) else ""
        refuse("unknown-fact", f"unknown fact {shown(raw)}", hint or "declare it under facts:", at="key")
    if fact.scope not in scopes:
        refuse(
            "fact-out-of-sight",
            f"'{raw}' cannot be used here",
            f"this place sees facts of {listed(list(scopes))}",
            at="key",
        )
    return fact


class Field(marshmallow_fields.Field[Any]):
    """A field of a rule file: required or with a default, and never null."""

    default_error_messages = {  # noqa: RUF012 - marshmallow declares it on the instance
        "null": Trouble("empty", "is empty", "write a value, or take the line out"),  # type: ignore[dict-item]
    }

    def __init__(self, default: object = ..., *, about: str = "", **more: Any) -> None:
        metadata = {"about": about}
        if default is ...:
            super().__init__(required=True, metadata=metadata, **more)
        else:
            super().__init__(load_default=default, metadata=metadata, **more)

    def make_error(self, key: str, **kwargs: Any) -> ValidationError:
        if key == "required":
            name = self.data_key or self.name
            return ValidationError([Trouble("missing-field", f"'{name}' is missing", "add it", at="key")])
        return super().make_error(key, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return self.read(value)

    def read(self, raw: Any) -> Any:
        """The model's value for what stands in the file."""
        raise NotImplementedError


class Sentence(Field):
    """A text that is not empty. `quoted` names what has to be quoted to stay text, such as an article number."""

    def __init__(self, default: object = ..., *, example: str = "", **more: Any) -> None:
        super().__init__(default, **more)
        self.example = example

    def read(self, raw: Any) -> str:
        if isinstance(raw, (bool, int, date)):
            refuse("not-text", f"{shown(raw)} is not text", f'put it in quotes: "{raw}"')
        if not isinstance(raw, str):
            refuse("not-text", f"{shown(raw)} is not text", self.example or "write a text")
        if not raw.strip():
            refuse("empty", "is empty", self.example or "write a text")
        return raw


class Word(Sentence):
    """An id in the file's spelling: kebab-case for policies and rules, snake_case for the rest."""

    def __init__(self, pattern: re.Pattern[str], default: object = ..., **more: Any) -> None:
        super().__init__(default, **more)
        self.pattern = pattern

    def read(self, raw: Any) -> str:
        check_word(super().read(raw), self.pattern)
        return str(raw)


def check_word(word: object, pattern: re.Pattern[str], at: Literal["key", "value"] = "value") -> None:
    """Refuse a word that is not spelt as ids are."""
    if not isinstance(word, str) or not pattern.fullmatch(word):
        style, example = ("kebab-case", "monthly-limit") if pattern is KEBAB else ("snake_case", "monthly_limit")
        refuse("wrong-spelling", f"{shown(word)} is not in {style}", f"write it like {example}", at)
    if len(word) > 80:
        refuse("too-long", f"{shown(word)} is longer than 80 letters", "shorten it", at)


class Bilingual(Field):
    """A sentence in Korean and in English: `{ko: ..., en: ...}`."""

    def read(self, raw: Any) -> Text:
        if not isinstance(raw, dict):
            refuse("not-two-languages", f"{shown(raw)} is not in two languages", "write {ko: ..., en: ...}")
        return Text(**_BILINGUAL.load(raw))


class OneOf(Field):
    """One of a few words."""

    def __init__(self, words: Sequence[str], what: str, default: object = ..., **more: Any) -> None:
        super().__init__(default, **more)
        self.words, self.what = words, what

    def read(self, raw: Any) -> str:
        return one_of(raw, self.words, self.what)


class Flag(Field):
    """true or false."""

    def read(self, raw: Any) -> bool:
        if not isinstance(raw, bool):
            refuse("not-a-flag", f"{shown(raw)} is neither true nor false", "write true or false")
        return raw


class Yes(Field):
    """A field whose only meaning is that it stands there: `never: true`."""

    def read(self, raw: Any) -> bool:
        if raw is not True:
            refuse("only-true", f"{shown(raw)} has no meaning here", "write true, or leave the field out")
        return True


class Day(Field):
    """A calendar day."""

    def read(self, raw: Any) -> date:
        if not isinstance(raw, date):
            refuse("not-a-day", f"{shown(raw)} is not a day", "write it like 2026-01-31")
        return raw


class Amount(Field):
    """A whole amount of points, money or things, or `$value` in that unit."""

    def __init__(self, unit: Unit, default: object = ..., *, least: int = 0, **more: Any) -> None:
        super().__init__(default, **more)
        self.unit, self.least = unit, least

    def read(self, raw: Any) -> int | ValueRef:
        reference = read_reference(raw, (self.unit,))
        if reference:
            return reference
        amount = read_amount(raw)
        if amount < self.least:
            refuse("amount-out-of-range", f"{amount} is too small here", f"write {self.least} or more")
        return amount


class Bound(Amount):
    """The bound of a measure: points for sums and amounts, a number for counts. Their schema checks which."""

    def __init__(self, default: object = ..., *, least: int = 0, **more: Any) -> None:
        super().__init__("points", default, least=least, **more)

    def read(self, raw: Any) -> int | ValueRef:
        return read_reference(raw, ("points", "number")) or super().read(raw)


class WholeNumber(Field):
    """A whole number in bounds, that no value can stand for."""

    def __init__(self, least: int, most: int, default: object = ..., **more: Any) -> None:
        super().__init__(default, **more)
        self.least, self.most = least, most

    def read(self, raw: Any) -> int:
        number = read_amount(raw)
        if not self.least <= number <= self.most:
            refuse("amount-out-of-range", f"{number} is out of range", f"write {self.least} to {self.most:_}")
        return number


class Percentage(Field):
    """An exact percentage, or `$value` in percent."""

    def read(self, raw: Any) -> Fraction | ValueRef:
        return read_reference(raw, ("percent",)) or read_percent(raw)


class Length(Field):
    """A span in one of `units`, or `$value` that is a span."""

    def __init__(self, units: Sequence[SpanUnit], default: object = ..., **more: Any) -> None:
        super().__init__(default, **more)
        self.units = units

    def read(self, raw: Any) -> Span | ValueRef:
        return read_reference(raw, ("span",)) or read_span(raw, self.units)


class DayOrFact(Field):
    """A day, a fact that is a day, or `$value` that is a day."""

    def __init__(self, scopes: Sequence[str], default: object = ..., **more: Any) -> None:
        super().__init__(default, **more)
        self.scopes = scopes

    def read(self, raw: Any) -> date | FactRef | ValueRef:
        if isinstance(raw, date):
            return raw
        reference = read_reference(raw, ("date",))
        if reference:
            return reference
        if isinstance(raw, str) and FACT_PATH.fullmatch(raw):
            return FactRef(read_date_fact(raw, self.scopes))
        refuse(
            "not-a-day",
            f"{shown(raw)} is not a day",
            "write it like 2026-01-31, or name a fact that is a day",
        )


def read_date_fact(raw: object, scopes: Sequence[str]) -> str:
    """The path of a fact that is a day."""
    fact = read_fact(raw, scopes)
    if fact.type != "date":
        refuse("wrong-type", f"'{fact.path}' is {fact.type}, not a day", "name a fact that is a day")
    return fact.path


class DateFact(Field):
    """The path of a fact that is a day."""

    def __init__(self, scopes: Sequence[str], default: object = ..., **more: Any) -> None:
        super().__init__(default, **more)
        self.scopes = scopes

    def read(self, raw: Any) -> str:
        return read_date_fact(raw, self.scopes)


class Declared(Field):
    """One of the sources or refund methods that the file declares."""

    def __init__(self, what: Literal["source", "method"], default: object = ..., **more: Any) -> None:
        super().__init__(default, **more)
        self.what = what

    def read(self, raw: Any) -> str:
        words = reading().sources if self.what == "source" else reading().methods
        return one_of(raw, words, self.what)


class ListOf(Field):
    """A list that is not empty and holds nothing twice."""

    def __init__(self, item: Field, default: object = ..., *, what: str = "a list", **more: Any) -> None:
        super().__init__(default, **more)
        self.item, self.what = item, what

    def read(self, raw: Any) -> tuple[Any, ...]:
        if not isinstance(raw, list):
            refuse(
                "not-a-list",
                f"{shown(raw)} is not {self.what}",
                "write [a, b] or one item a line, each after '- '",
            )
        if not raw:
            refuse("empty", "is empty", "write at least one item, or leave the field out")
        items, troubles = [], {}
        for index, each in enumerate(raw):
            try:
                items.append(self.item.read(each))
            except ValidationError as error:
                troubles[index] = error.messages
        if troubles:
            raise ValidationError(troubles)
        for index, each in enumerate(items):
            if each in items[:index]:
                raise ValidationError({index: [Trouble("said-twice", f"{shown(raw[index])} is listed twice")]})
        return tuple(items)


class Nested(Field):
    """A map of its own schema, made into what `make` returns."""

    def __init__(self, schema: type[Map], make: Any, default: object = ..., **more: Any) -> None:
        super().__init__(default, **more)
        self.schema, self.make = schema(), make

    def read(self, raw: Any) -> Any:
        return self.make(**self.schema.load(raw))


class Map(Schema):
    """A map with known keys. An unknown key is a trouble at that key; a close name is suggested."""

    class Meta:
        unknown = EXCLUDE

    error_messages = {  # noqa: RUF012 - marshmallow declares it on the instance
        "type": [  # type: ignore[dict-item]
            Trouble("not-a-map", "this is not a map", "write 'name: value' lines below it")
        ]
    }

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def check_keys(self, data: Any, original: Any, **kwargs: Any) -> None:
        """Refuse keys that no field answers to."""
        known = [field.data_key or name for name, field in self.fields.items()]
        unknown = {
            key: [Trouble("unknown-field", f"unknown field {shown(key)}", did_you_mean(str(key), known), "key")]
            for key in (original if isinstance(original, dict) else ())
            if key not in known
        }
        if unknown:
            raise ValidationError(unknown)


class _BilingualMap(Map):
    ko = Sentence()
    en = Sentence()


_BILINGUAL = _BilingualMap()


class Window(Field):
    """The window of a sum or a count: `day`, `month`, `year`, `ever`, or a rolling `24 hours` or `30 days`."""

    def read(self, raw: Any) -> Per:
        if raw in ("day", "month", "year", "ever"):
            return raw  # type: ignore[no-any-return]
        if isinstance(raw, str) and raw.isalpha():
            one_of(raw, ("day", "month", "year", "ever", "24 hours", "30 days"), "window")
        return read_span(raw, ("hours", "days"))


class Measured(Field):
    """What a limit looks at: `request.points`, `balance.after`, or a sum or count of refunds in a window."""

    def read(self, raw: Any) -> Measure:
        if raw in ("request.points", "balance.after"):
            return Measure(raw)
        if not isinstance(raw, dict):
            one_of(
                raw,
                ("request.points", "balance.after", "{sum: refund.points, per: month, of: account}"),
                "measure",
            )
        if "sum" in raw and "count" in raw:
            refuse("too-many-of", "'sum' and 'count' stand together", "keep one of them")
        kind: Literal["sum", "count"] = "count" if "count" in raw else "sum"
        counted = {"sum": "refund.points", "count": "refunds"}[kind]
        found = (_CountMap if kind == "count" else _SumMap)().load(raw)
        if found.pop(kind) != counted:
            raise ValidationError(
                {kind: [Trouble("unknown-word", f"unknown {kind} {shown(raw[kind])}", f"write {kind}: {counted}")]}
            )
        return Measure(kind, **found)


class _WindowMap(Map):
    per = Window()
    key = OneOf(("account", "receiving_account"), "key of a window", data_key="of")
    methods = ListOf(Declared("method"), (), what="a list of methods")


class _SumMap(_WindowMap):
    sum = Sentence()


class _CountMap(_WindowMap):
    count = Sentence()
