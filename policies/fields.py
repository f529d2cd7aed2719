"""The field types of rule files, as marshmallow fields, and the schema that they stand in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import partial
from typing import Any, Literal

from marshmallow import EXCLUDE, Schema, ValidationError, validates_schema
from marshmallow import fields as marshmallow_fields

from policies.model import FactRef, Measure, Per, Span, SpanUnit, Text, Unit, ValueRef
from policies.readers import (
    FACT_PATH,
    Trouble,
    check_word,
    example_list,
    one_of,
    read_amount,
    read_date_fact,
    read_day,
    read_each,
    read_percent,
    read_reference,
    read_span,
    read_span_reference,
    read_text,
    reading,
    refuse,
    refuse_twice,
    shown,
    suggest,
)

__all__ = ["Trouble", "shown"]  # beside what is defined here, for those who know them from here


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
            about = self.metadata["about"].rstrip(".")
            hint = f"add it ({about[0].lower()}{about[1:]})" if about else "add it"
            return ValidationError([Trouble("missing-field", f"'{name}' is missing", hint, at="key")])
        return super().make_error(key, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return self.read(value)

    def read(self, raw: Any) -> Any:
        """The model's value for what stands in the file."""
        raise NotImplementedError


class Later(Field):
    """A part of the file that is left as it is, and read on its own once the parts before it are known."""

    def read(self, raw: Any) -> Any:
        return raw


class Sentence(Field):
    """A text that is not blank, on one line unless `lines`. `example` says what to write instead."""

    def __init__(self, default: object = ..., *, example: str = "", lines: bool = False, **more: Any) -> None:
        super().__init__(default, **more)
        self.example, self.lines = example, lines

    def read(self, raw: Any) -> str:
        return read_text(raw, self.example, lines=self.lines)


class Word(Field):
    """An id in the file's spelling: kebab-case for policies and rules, snake_case for the rest."""

    def __init__(self, pattern: re.Pattern[str], default: object = ..., **more: Any) -> None:
        super().__init__(default, **more)
        self.pattern = pattern

    def read(self, raw: Any) -> str:
        check_word(raw, self.pattern)
        return str(raw)


class Bilingual(Field):
    """A sentence in Korean and in English: `{ko: ..., en: ...}`; a name, on one line, where `name`."""

    def __init__(self, default: object = ..., *, name: bool = False, **more: Any) -> None:
        super().__init__(default, **more)
        self.name_only = name

    def read(self, raw: Any) -> Text:
        if not isinstance(raw, dict):
            refuse("not-two-languages", f"{shown(raw)} is not in two languages", "write {ko: ..., en: ...}")
        return Text(**(_NAME if self.name_only else _BILINGUAL).load(raw))


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
        return read_day(raw)


class Amount(Field):
    """A whole amount of points, money or things, or `$value` in that unit."""

    def __init__(self, unit: Unit, default: object = ..., *, least: int = 0, **more: Any) -> None:
        super().__init__(default, **more)
        self.units: tuple[Unit, ...] = (unit,)
        self.least = least

    def read(self, raw: Any) -> int | ValueRef:
        reference = read_reference(raw, self.units)
        if reference:
            if self.least > 0 and 0 in reading().figures.get(reference.name, ()):
                message = f"value '{reference.name}' can be 0, which is too small here"
                refuse("amount-out-of-range", message, f"let it be {self.least} or more")
            return reference
        amount = read_amount(raw)
        if amount < self.least:
            refuse("amount-out-of-range", f"'{amount}' is too small here", f"write {self.least} or more")
        return amount


class Bound(Amount):
    """The bound of a measure: points for sums and amounts, a number for counts. Their schema checks which."""

    def __init__(self, default: object = ..., *, least: int = 0, **more: Any) -> None:
        super().__init__("points", default, least=least, **more)
        self.units = ("points", "number")


class WholeNumber(Field):
    """A whole number in bounds, that no value can stand for."""

    def __init__(self, least: int, most: int, default: object = ..., **more: Any) -> None:
        super().__init__(default, **more)
        self.least, self.most = least, most

    def read(self, raw: Any) -> int:
        number = read_amount(raw)
        if not self.least <= number <= self.most:
            refuse("amount-out-of-range", f"'{number}' is out of range", f"write {self.least} to {self.most:_}")
        return number


class Percentage(Field):
    """An exact percentage, or `$value` in percent."""

    def read(self, raw: Any) -> Fraction | ValueRef:
        return read_reference(raw, ("percent",)) or read_percent(raw)


class Length(Field):
    """A span in one of `units` and of at least `least`, or `$value` that is a span."""

    def __init__(self, units: Sequence[SpanUnit], default: object = ..., *, least: int = 1, **more: Any) -> None:
        super().__init__(default, **more)
        self.units, self.least = units, least

    def read(self, raw: Any) -> Span | ValueRef:
        return read_span_reference(raw, self.units) or read_span(raw, self.units, self.least)


class DayOrFact(Field):
    """A day, a fact that is a day, or `$value` that is a day."""

    def __init__(self, scopes: Sequence[str], default: object = ..., **more: Any) -> None:
        super().__init__(default, **more)
        self.scopes = scopes

    def read(self, raw: Any) -> date | FactRef | ValueRef:
        reference = read_reference(raw, ("date",))
        if reference:
            return reference
        if isinstance(raw, str) and FACT_PATH.fullmatch(raw):
            return FactRef(read_date_fact(raw, self.scopes))
        return read_day(raw, "write it like 2026-01-31, or name a fact that is a day")


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
                f"write {example_list(raw)}, or one item a line, each after '- '",
            )
        if not raw:
            otherwise = "" if self.required else ", or leave the field out"
            refuse("empty", "is empty", f"write at least one item{otherwise}")
        items = read_each((index, partial(self.item.read, each)) for index, each in enumerate(raw))
        refuse_twice(items, raw)
        return tuple(items)


class Nested(Field):
    """A map of its own schema, made into what `make` returns."""

    def __init__(self, schema: type[Map], make: Any, default: object = ..., **more: Any) -> None:
        super().__init__(default, **more)
        self.schema, self.make = schema(), make

    def read(self, raw: Any) -> Any:
        if not isinstance(raw, dict):
            shape = ", ".join(f"{name}: ..." for name in self.schema.names())
            refuse("not-a-map", f"{shown(raw)} is not a map", f"write {{{shape}}}")
        return self.make(**self.schema.load(raw))


class Map(Schema):
    """A map with known keys. An unknown key is a trouble at that key; a close name is suggested."""

    class Meta:
        unknown = EXCLUDE

    error_messages = {  # noqa: RUF012 - marshmallow declares it on the instance
        "type": [  # type: ignore[dict-item]
            Trouble("not-a-map", "the file is not a policy", "begin it with 'format: 1'")
        ]
    }

    def names(self) -> list[str]:
        """The fields as they are called in a file."""
        return [each.data_key or name for name, each in self.fields.items()]

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def check_keys(self, data: Any, original: Any, **kwargs: Any) -> None:
        """Refuse keys that no field answers to."""
        known = self.names()
        unknown = {
            key: [Trouble("unknown-field", f"unknown field {shown(key)}", _field_hint(key, known), "key")]
            for key in (original if isinstance(original, dict) else ())
            if key not in known
        }
        if unknown:
            raise ValidationError(unknown)


def _field_hint(key: object, known: Sequence[str]) -> str:
    return suggest(key, known) or f"known here: {', '.join(known)}"


class _NameMap(Map):
    ko = Sentence(about="The Korean name.")
    en = Sentence(about="The English name.")


class _BilingualMap(Map):
    ko = Sentence(lines=True, about="The Korean sentence.")
    en = Sentence(lines=True, about="The English sentence.")


_NAME = _NameMap()
_BILINGUAL = _BilingualMap()


class Window(Field):
    """The window of a sum or a count: `day`, `month`, `year`, `ever`, or a rolling `24 hours` or `30 days`."""

    def read(self, raw: Any) -> Per:
        if raw in ("day", "month", "year", "ever"):
            return raw  # type: ignore[no-any-return]
        if not isinstance(raw, str) or raw.isalpha():
            one_of(raw, ("day", "month", "year", "ever", "24 hours", "30 days"), "window")
        return read_span(raw, ("hours", "days"))


class Measured(Field):
    """What a limit looks at: `request.points`, `balance.after`, or a sum or count of refunds in a window."""

    def read(self, raw: Any) -> Measure:
        if raw in ("request.points", "balance.after"):
            return Measure(raw)
        if not isinstance(raw, dict):
            one_of(raw, _MEASURES, "measure")
        named: list[Literal["sum", "count"]] = [kind for kind in _COUNTED if kind in raw]
        if len(named) == 2:
            message = "'sum' and 'count' stand together"
            raise ValidationError({"count": [Trouble("too-many-of", message, "keep one of them", "key")]})
        if not named and not any(suggest(key, _COUNTED) for key in raw):
            refuse("missing-choice", "'sum' or 'count' is missing", f"write {_MEASURES[2]}")
        kind = (named or ["sum"])[0]
        found = (_COUNT if kind == "count" else _SUM).load(raw)
        return Measure(found.pop("kind"), **found)


_COUNTED: Mapping[Literal["sum", "count"], str] = {"sum": "refund.points", "count": "refunds"}
_MEASURES = ("request.points", "balance.after", "{sum: refund.points, per: month, of: account}")


class _Counted(Field):
    """`sum: refund.points` or `count: refunds`, as the word before the colon."""

    def __init__(self, kind: Literal["sum", "count"]) -> None:
        super().__init__(data_key=kind, about=f"{kind}: {_COUNTED[kind]}")
        self.kind = kind

    def read(self, raw: Any) -> str:
        one_of(raw, (_COUNTED[self.kind],), self.kind)
        return self.kind


class _WindowMap(Map):
    per = Window(about="The window: day, month, year, ever, or a rolling one such as 24 hours.")
    key = OneOf(
        ("account", "receiving_account"),
        "key of a window",
        data_key="of",
        about="Whose refunds are taken together: account or receiving_account.",
    )
    methods = ListOf(Declared("method"), (), what="a list of methods", about="The refund methods; all without it.")


class _SumMap(_WindowMap):
    kind = _Counted("sum")


class _CountMap(_WindowMap):
    kind = _Counted("count")


_SUM, _COUNT = _SumMap(), _CountMap()
