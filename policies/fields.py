"""The field types of rule files, as marshmallow fields, and the schema that they stand in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import partial
from typing import Any, ClassVar, Literal, Protocol

from marshmallow import EXCLUDE, Schema, ValidationError, validates_schema
from marshmallow import fields as marshmallow_fields

from policies import json_shapes as shapes
from policies.json_shapes import Json, Shared
from policies.model import (
    Span,
    SpanUnit,
    Text,
    Unit,
    ValueRef,
)
from policies.problems import both
from policies.readers import (
    EMPTY,
    KEEP_ONE,
    SNAKE,
    Trouble,
    check_word,
    example_list,
    listed,
    one_of,
    out_of_range,
    read_amount,
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
from policies.vocabulary import EVENTS

__all__ = ["Trouble", "shown"]  # beside what is defined here, for those who know them from here


class Field(marshmallow_fields.Field[Any]):
    """A field of a rule file: required or with a default, and never null."""

    default_error_messages = {  # noqa: RUF012 - marshmallow declares it on the instance
        "null": Trouble(  # type: ignore[dict-item]
            "empty", EMPTY, both("값을 쓰거나 줄을 빼십시오", "write a value, or take the line out")
        ),
    }

    def __init__(self, default: object = ..., *, about: Text | str = "", **more: Any) -> None:
        """`about` says what the field is; where it is required, in both languages: who leaves it out is told so."""
        metadata = {"about": about}
        if default is ...:
            assert isinstance(about, Text) or not about, f"say it in both languages: {about}"
            super().__init__(required=True, metadata=metadata, **more)
        else:
            super().__init__(load_default=default, metadata=metadata, **more)

    def make_error(self, key: str, **kwargs: Any) -> ValidationError:
        if key == "required":
            name = self.data_key or self.name
            about = self.metadata["about"]
            hint = both("이 항목을 쓰십시오({about})", "add it ({about})", about=about) if about else ADD_IT
            return ValidationError([Trouble("missing-field", is_missing(name), hint, at="key")])
        return super().make_error(key, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return self.read(value)

    def read(self, raw: Any) -> Any:
        """The model's value for what stands in the file."""
        raise NotImplementedError

    def json_schema(self, shared: Shared) -> Json:
        """What `read` takes, as an editor sees it. It may be wider than `read`, and is never narrower."""
        raise NotImplementedError

    def described(self, shared: Shared) -> Json:
        """The JSON Schema with the field's hover text and default."""
        schema, default = self.json_schema(shared), self.load_default
        about = self.metadata["about"]
        if isinstance(about, Text):
            # What is the same in both languages is written in the language of rule files, where capitals count.
            about = about.en if about.ko == about.en else f"{about.en[0].upper()}{about.en[1:]}."
        if not isinstance(default, str | int) or default == "" or "const" in schema:
            return shapes.described(schema, about)
        word = str(default).lower() if isinstance(default, bool) else default
        more = f"Without it: `{word}`."
        return {**shapes.described(schema, about, more), "default": default}


ADD_IT = both("이 항목을 쓰십시오", "add it")


def is_missing(name: object) -> Text:
    """The message about a field that is not there."""
    return both("'{name}' 항목이 없습니다", "'{name}' is missing", name=name)


def is_no_map(raw: object) -> Text:
    """The message about what should be a map."""
    return both("맵이 아닙니다: {found}", "{found} is not a map", found=shown(raw))


class Later(Field):
    """A part of the file that is left as it is, and read on its own once the parts before it are known."""

    def read(self, raw: Any) -> Any:
        return raw

    def json_schema(self, shared: Shared) -> Json:
        """A reference by the field's name; `policies/editor.py` says what such a part is."""
        return shapes.refer(str(self.data_key or self.name))


class Sentence(Field):
    """A text that is not blank, on one line unless `lines`. `example` says what to write instead."""

    def __init__(self, default: object = ..., *, example: Text | None = None, lines: bool = False, **more: Any) -> None:
        super().__init__(default, **more)
        self.example, self.lines = example, lines

    def read(self, raw: Any) -> str:
        return read_text(raw, self.example, lines=self.lines)

    def json_schema(self, shared: Shared) -> Json:
        return shapes.sentence(lines=self.lines, hint=self.example.en if self.example else "")


class Word(Field):
    """An id in the file's spelling: kebab-case for policies and rules, snake_case for the rest."""

    def __init__(self, pattern: re.Pattern[str], default: object = ..., **more: Any) -> None:
        super().__init__(default, **more)
        self.pattern = pattern

    def read(self, raw: Any) -> str:
        check_word(raw, self.pattern)
        return str(raw)

    def json_schema(self, shared: Shared) -> Json:
        return shapes.name(self.pattern.pattern)


class Bilingual(Field):
    """A sentence in Korean and in English: `{ko: ..., en: ...}`; a name, on one line, where `name`."""

    def __init__(self, default: object = ..., *, name: bool = False, **more: Any) -> None:
        super().__init__(default, **more)
        self.name_only = name

    def read(self, raw: Any) -> Text:
        if not isinstance(raw, dict):
            message = both("두 언어로 쓰여 있지 않습니다: {found}", "{found} is not in two languages", found=shown(raw))
            hint = both("{ko: ..., en: ...} 형식으로 쓰십시오", "write {ko: ..., en: ...}")
            refuse("not-two-languages", message, hint)
        return Text(**(_NAME if self.name_only else _BILINGUAL).load(raw))

    def json_schema(self, shared: Shared) -> Json:
        called, schema = ("name", _NAME) if self.name_only else ("sentence", _BILINGUAL)
        return shared.refer(f"{called}-in-two-languages", lambda: schema.json_schema(shared))


class OneOf(Field):
    """One of a few words."""

    def __init__(self, words: Sequence[str], what: Text, default: object = ..., **more: Any) -> None:
        super().__init__(default, **more)
        self.words, self.what = words, what

    def read(self, raw: Any) -> str:
        return one_of(raw, self.words, self.what)

    def json_schema(self, shared: Shared) -> Json:
        return shapes.one_of(self.words)


class Flag(Field):
    """true or false."""

    def read(self, raw: Any) -> bool:
        if not isinstance(raw, bool):
            message = both("true도 false도 아닙니다: {found}", "{found} is neither true nor false", found=shown(raw))
            refuse("not-a-flag", message, WRITE_TRUE_OR_FALSE)
        return raw

    def json_schema(self, shared: Shared) -> Json:
        return shapes.hinted({"type": "boolean"}, "write true or false")


WRITE_TRUE_OR_FALSE = both("true 또는 false로 쓰십시오", "write true or false")


class Yes(Field):
    """A field whose only meaning is that it stands there: `never: true`."""

    def read(self, raw: Any) -> bool:
        if raw is not True:
            message = both("여기서는 뜻이 없는 값입니다: {found}", "{found} has no meaning here", found=shown(raw))
            refuse("only-true", message, both("true를 쓰거나 항목을 빼십시오", "write true, or leave the field out"))
        return True

    def json_schema(self, shared: Shared) -> Json:
        return shapes.hinted({"const": True}, "write true, or leave the field out")


class Day(Field):
    """A calendar day."""

    def read(self, raw: Any) -> date:
        return read_day(raw)

    def json_schema(self, shared: Shared) -> Json:
        return shapes.text([shapes.DAY], "write it like 2026-01-31")


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
                message = both(
                    "'{name}' 값이 0이 될 수 있는데, 여기에는 너무 작습니다",
                    "value '{name}' can be 0, which is too small here",
                    name=reference.name,
                )
                hint = both("항상 {least} 이상이 되게 하십시오", "let it be {least} or more", least=self.least)
                refuse("amount-out-of-range", message, hint)
            return reference
        amount = read_amount(raw)
        if amount < self.least:
            message = both("여기에는 너무 작은 수입니다: '{amount}'", "'{amount}' is too small here", amount=amount)
            hint = both("{least} 이상으로 쓰십시오", "write {least} or more", least=self.least)
            refuse("amount-out-of-range", message, hint)
        return amount

    def json_schema(self, shared: Shared) -> Json:
        hint = f"write a whole number from {self.least}, such as 50_000, or the $name of a value"
        return shapes.whole(self.least, or_text=[shapes.REFERENCE], hint=hint)


class WholeNumber(Field):
    """A whole number in bounds, that no value can stand for."""

    def __init__(self, least: int, most: int, default: object = ..., **more: Any) -> None:
        super().__init__(default, **more)
        self.least, self.most = least, most

    def read(self, raw: Any) -> int:
        number = read_amount(raw)
        if not self.least <= number <= self.most:
            hint = both(
                "{least}에서 {most:_}까지 쓸 수 있습니다",
                "write {least} to {most:_}",
                least=self.least,
                most=self.most,
            )
            refuse("amount-out-of-range", out_of_range(number), hint)
        return number

    def json_schema(self, shared: Shared) -> Json:
        return shapes.whole(self.least, self.most, hint=f"write a whole number from {self.least} to {self.most:_}")


class Percentage(Field):
    """An exact percentage, or `$value` in percent."""

    def read(self, raw: Any) -> Fraction | ValueRef:
        return read_reference(raw, ("percent",)) or read_percent(raw)

    def json_schema(self, shared: Shared) -> Json:
        return shapes.percent(shapes.REFERENCE)


class Length(Field):
    """A span in one of `units` and of at least `least`, or `$value` that is always such a span."""

    def __init__(self, units: Sequence[SpanUnit], default: object = ..., *, least: int = 1, **more: Any) -> None:
        super().__init__(default, **more)
        self.units, self.least = units, least

    def read(self, raw: Any) -> Span | ValueRef:
        return read_span_reference(raw, self.units, self.least) or read_span(raw, self.units, self.least)

    def json_schema(self, shared: Shared) -> Json:
        hint = f"write a length of time in {listed(self.units).en}, or the $name of a value"
        return shapes.text([shapes.span(self.units, self.least), shapes.REFERENCE], hint)


class Declared(Field):
    """One of the sources, refund methods or papers that the file declares."""

    def __init__(self, what: Literal["source", "method", "paper"], default: object = ..., **more: Any) -> None:
        super().__init__(default, **more)
        self.what = what

    def read(self, raw: Any) -> str:
        file = reading()
        words = {"source": file.sources, "method": file.methods, "paper": file.papers}[self.what]
        if not words:
            section = f"{self.what}s:"
            hint = both("{section} 아래에 선언하십시오", "declare it under {section}", section=section)
            message = both(
                "모르는 {what}입니다: {found}", "unknown {what} {found}", what=_DECLARED[self.what], found=shown(raw)
            )
            refuse("unknown-word", message, hint, refers_to=str(raw))
        return one_of(raw, words, _DECLARED[self.what])

    def json_schema(self, shared: Shared) -> Json:
        return shapes.text([SNAKE.pattern], f"name a {self.what} of the file")


_DECLARED: Mapping[str, Text] = {
    "source": both("적립 출처", "source"),
    "method": both("환급 수단", "method"),
    "paper": both("서류", "paper"),
}


class EventType(Field):
    """One of the common types of events, or of those that the file declares."""

    def read(self, raw: Any) -> str:
        return one_of(raw, reading().facts["event.type"].choices, both("이벤트", "event"))

    def json_schema(self, shared: Shared) -> Json:
        return {"anyOf": [shapes.one_of(EVENTS), shapes.text([SNAKE.pattern], "name an event of the file")]}


class ListOf(Field):
    """A list that is not empty and holds nothing twice."""

    def __init__(self, item: Field, default: object = ..., *, what: Text | None = None, **more: Any) -> None:
        super().__init__(default, **more)
        self.item, self.what = item, what or both("목록", "a list")

    def read(self, raw: Any) -> tuple[Any, ...]:
        if not isinstance(raw, list):
            message = both("{what} 형식이 아닙니다: {found}", "{found} is not {what}", found=shown(raw), what=self.what)
            hint = both(
                "{example} 형식으로 쓰거나, 한 줄에 하나씩 '- ' 뒤에 쓰십시오",
                "write {example}, or one item a line, each after '- '",
                example=example_list(raw),
            )
            refuse("not-a-list", message, hint)
        if not raw:
            or_nothing = both("하나 이상 쓰거나 항목을 빼십시오", "write at least one item, or leave the field out")
            refuse("empty", EMPTY, WRITE_AN_ITEM if self.required else or_nothing)
        items = read_each((index, partial(self.item.read, each)) for index, each in enumerate(raw))
        refuse_twice(items, raw)
        return tuple(items)

    def json_schema(self, shared: Shared) -> Json:
        return shapes.list_of(self.item.json_schema(shared))


WRITE_AN_ITEM = both("하나 이상 쓰십시오", "write at least one item")


class Nested(Field):
    """A map of its own schema, made into what `make` returns."""

    def __init__(self, schema: type[Map], make: Any, default: object = ..., **more: Any) -> None:
        super().__init__(default, **more)
        self.schema, self.make = schema(), make

    def read(self, raw: Any) -> Any:
        if not isinstance(raw, dict):
            shape = ", ".join(f"{name}: ..." for name in self.schema.names())
            hint = both("{{{shape}}} 형식으로 쓰십시오", "write {{{shape}}}", shape=shape)
            refuse("not-a-map", is_no_map(raw), hint)
        return self.make(**self.schema.load(raw))

    def json_schema(self, shared: Shared) -> Json:
        return self.schema.json_schema(shared)


class Together(Protocol):
    """What the fields of one map say of one another."""

    def check(self, original: Any) -> None:
        """Refuse a map of which it does not hold."""

    def json_schemas(self) -> list[Json]:
        """The same as JSON Schemas, all of which must hold."""


class Map(Schema):
    """A map with known keys. An unknown key is a trouble at that key; a close name is suggested."""

    class Meta:
        unknown = EXCLUDE

    error_messages = {  # noqa: RUF012 - marshmallow declares it on the instance
        "type": [  # type: ignore[dict-item]
            Trouble(
                "not-a-map",
                both("정책 파일이 아닙니다", "the file is not a policy"),
                both("'format: 1' 줄로 시작하십시오", "begin it with 'format: 1'"),
            )
        ]
    }

    together: ClassVar[Sequence[Together]] = ()
    """What the fields say of one another."""

    def names(self) -> list[str]:
        """The fields as they are called in a file."""
        return [each.data_key or name for name, each in self.fields.items()]

    def json_schema(self, shared: Shared) -> Json:
        """The map as an editor sees it."""
        fields: dict[str, Field] = dict(zip(self.names(), self.fields.values(), strict=True))  # type: ignore[arg-type]
        required = [name for name, field in fields.items() if field.required]
        schema = shapes.closed({name: field.described(shared) for name, field in fields.items()}, required)
        rules = [rule for each in self.together for rule in each.json_schemas()]
        return {**schema, "allOf": rules} if rules else schema

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def check_together(self, data: Any, original: Any, **kwargs: Any) -> None:
        """Refuse fields that contradict or lack one another."""
        for each in self.together:
            each.check(original)

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def check_keys(self, data: Any, original: Any, **kwargs: Any) -> None:
        """Refuse keys that no field answers to."""
        known = self.names()
        unknown = {
            key: [Trouble("unknown-field", unknown_field(key), _field_hint(key, known), "key")]
            for key in (original if isinstance(original, dict) else ())
            if key not in known
        }
        if unknown:
            raise ValidationError(unknown)


def unknown_field(key: object) -> Text:
    """The message about a key that no field answers to."""
    return both("알 수 없는 항목입니다: {key}", "unknown field {key}", key=shown(key))


def _field_hint(key: object, known: Sequence[str]) -> Text:
    return suggest(key, known) or both("여기에 쓸 수 있는 항목: {known}", "known here: {known}", known=", ".join(known))


class _NameMap(Map):
    ko = Sentence(about=both("한국어 이름", "the Korean name"))
    en = Sentence(about=both("영어 이름", "the English name"))


class _BilingualMap(Map):
    ko = Sentence(lines=True, about=both("한국어 문장", "the Korean sentence"))
    en = Sentence(lines=True, about=both("영어 문장", "the English sentence"))


_NAME = _NameMap()
_BILINGUAL = _BilingualMap()


def one_is_missing(names: Sequence[str]) -> Text:
    """The message about a map that has none of the fields of which it needs one."""
    names = [f"'{name}'" for name in names]
    return both("다음 중 하나가 있어야 합니다: {names}", "{names} is missing", names=listed(names))


def stand_together(one: str, other: str) -> Trouble:
    """The trouble about two fields that exclude each other; it lies with the second."""
    message = both(
        "'{one}' 항목과 '{other}' 항목이 함께 있습니다", "'{one}' and '{other}' stand together", one=one, other=other
    )
    return Trouble("too-many-of", message, KEEP_ONE, "key")
