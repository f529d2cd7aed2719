"""The schema that all rule kinds share, and the checks of fields that exclude each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from policies.conditions import LOT_SCOPES, REFUND_SCOPES, Unless, When
from policies.fields import (
    Bilingual,
    Field,
    ListOf,
    Map,
    Sentence,
    Together,
    Word,
    is_missing,
    one_is_missing,
    stand_together,
)
from policies.json_shapes import Json, Shared
from policies.json_shapes import one_of as one_of_words
from policies.model import Text
from policies.problems import both
from policies.readers import KEBAB, Trouble, one_of

QUOTED_ARTICLE = both('조항을 따옴표로 묶어 "18.2"처럼 쓰십시오', 'write the article in quotes, such as "18.2"')
WHERE_THE_TERMS_SAY_SO = both("약관의 조항, 따옴표로 묶어서", "where the terms say so, quoted")
TOLD_TO_THE_MEMBER = both("회원에게 알리는 말, 한국어와 영어로", "what the member is told, in Korean and English")


class RuleMap(Map):
    """What every rule may say. A kind adds its own fields and its conditions.

    `scopes` are the facts that the rule sees: those of the account, the request, single lots or the event.
    """

    scopes: Sequence[str] = REFUND_SCOPES

    id = Word(
        KEBAB,
        about=both(
            "규칙의 이름. 사유, API 코드, 시나리오, 추적 기록에 그대로 쓰이며, 다시 쓰지 않습니다",
            "the rule's name: reason, API code, scenario word and trace line. Never reuse one",
        ),
    )
    kind = Sentence(about=both("규칙의 종류", "what sort of sentence the rule is"))
    terms = Sentence(example=QUOTED_ARTICLE, about=WHERE_THE_TERMS_SAY_SO)
    about = Sentence("", lines=True, about="A note of the author.")
    overrides = ListOf(Word(KEBAB), (), about="Rules of the same kind that are silent where this one applies.")


class RequestRuleMap(RuleMap):
    """A rule that looks at the account and the request."""

    when = When(REFUND_SCOPES, about="When the rule applies: every line must hold.")
    unless = Unless(REFUND_SCOPES, about="Exceptions: any of these conditions lifts the rule.")
    reason = Bilingual(about=TOLD_TO_THE_MEMBER)


class LotRuleMap(RuleMap):
    """A rule that may look at single lots too."""

    scopes = LOT_SCOPES

    when = When(LOT_SCOPES, about="Which lots and requests the rule matches: every line must hold.")
    unless = Unless(LOT_SCOPES, about="Exceptions: any of these conditions lifts the rule.")
    reason = Bilingual(about=TOLD_TO_THE_MEMBER)


def exactly_one(original: Any, names: Sequence[str], *, or_none: bool = False) -> None:
    """Refuse a map that has none of `names` (unless `or_none`), or more than one of them."""
    found = [name for name in names if name in original]
    if not found and not or_none:
        hint = both("그중 하나를 쓰십시오", "add one of them")
        raise ValidationError([Trouble("missing-choice", one_is_missing(names), hint)])
    if len(found) > 1:
        raise ValidationError({found[1]: [stand_together(found[0], found[1])]})


def only_with(original: Any, names: Sequence[str], needed: str) -> None:
    """Refuse fields that mean nothing without `needed`."""
    lost = [name for name in names if name in original] if needed not in original else []
    if lost:
        raise ValidationError({name: [_without(name, needed)] for name in lost})


def needs(original: Any, name: str, needed: str, hint: Text) -> None:
    """Refuse a map with the field `name` that lacks the field `needed`."""
    if name in original and needed not in original:
        raise ValidationError([Trouble("missing-field", is_missing(needed), hint)])


def _without(name: str, needed: str) -> Trouble:
    message = both(
        "'{name}' 항목은 '{needed}' 항목 없이는 뜻이 없습니다",
        "'{name}' means nothing without '{needed}'",
        name=name,
        needed=needed,
    )
    hint = both("빼거나, {needed}: 항목을 쓰십시오", "take it out, or add {needed}:", needed=needed)
    return Trouble("field-without", message, hint, "key")


WRITE_ROUNDING = both("rounding: 뒤에 down, up 또는 half_up 중 하나를 쓰십시오", "write rounding: down, up or half_up")
ROUNDING = both("반올림 방식", "rounding")
"""The word for the field, in messages."""


@dataclass(frozen=True, slots=True)
class ExactlyOne:
    """One of the fields stands there, and no two; none need to where the field `or_with` stands."""

    names: Sequence[str]
    or_with: str = ""

    def check(self, original: Any) -> None:
        """Refuse a map that has none of them or more than one."""
        exactly_one(original, self.names, or_none=self.or_with in original)

    def json_schemas(self) -> list[Json]:
        """One that asks for any of them, and one for each that bars those after it."""
        wanted = (*self.names, self.or_with) if self.or_with else self.names
        bars = [_where([name], [], _barred(self.names[place + 1 :])) for place, name in enumerate(self.names[:-1])]
        return [_any_of(wanted), *bars]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of the fields stands there. `message` and `hint` say so to the author."""

    names: Sequence[str]
    message: Text
    hint: Text

    def check(self, original: Any) -> None:
        """Refuse a map that has none of them."""
        if not any(name in original for name in self.names):
            raise ValidationError([Trouble("missing-choice", self.message, self.hint)])

    def json_schemas(self) -> list[Json]:
        """One that asks for any of them."""
        return [_any_of(self.names)]


@dataclass(frozen=True, slots=True)
class OnlyWith:
    """The fields mean nothing without `needed`."""

    names: Sequence[str]
    needed: str

    def check(self, original: Any) -> None:
        """Refuse a map that has one of them alone."""
        only_with(original, self.names, self.needed)

    def json_schemas(self) -> list[Json]:
        """One that bars them without it."""
        return [_where([], [self.needed], _barred(self.names))]


@dataclass(frozen=True, slots=True)
class Needs:
    """The field `name` does not stand without `needed`."""

    name: str
    needed: str
    hint: Text

    def check(self, original: Any) -> None:
        """Refuse a map that lacks what is needed."""
        needs(original, self.name, self.needed, self.hint)

    def json_schemas(self) -> list[Json]:
        """One that asks for what is needed."""
        return [_where([self.name], [], {"required": [self.needed]})]


@dataclass(frozen=True, slots=True)
class Where:
    """`then` holds of a map that has all of `has` and none of `lacks`, and `otherwise` of any other."""

    has: Sequence[str] = ()
    lacks: Sequence[str] = ()
    then: Sequence[Together] = ()
    otherwise: Sequence[Together] = ()

    def check(self, original: Any) -> None:
        """Refuse a map of which the one or the other does not hold."""
        applies = all(name in original for name in self.has) and not any(name in original for name in self.lacks)
        for each in self.then if applies else self.otherwise:
            each.check(original)

    def json_schemas(self) -> list[Json]:
        """One with both."""
        schema = _where(self.has, self.lacks, _all_of(self.then))
        return [{**schema, "else": _all_of(self.otherwise)}] if self.otherwise else [schema]


def _where(has: Sequence[str], lacks: Sequence[str], then: Json) -> Json:
    """`then` of a map that has some fields and lacks others."""
    absent = [{"not": {"required": [name]}} for name in lacks]
    return {"if": {"required": list(has), **({"allOf": absent} if absent else {})}, "then": then}


def _all_of(rules: Sequence[Together]) -> Json:
    return {"allOf": [schema for rule in rules for schema in rule.json_schemas()]}


def _barred(names: Sequence[str]) -> Json:
    return {"properties": dict.fromkeys(names, False)}


def _any_of(names: Sequence[str]) -> Json:
    return {"anyOf": [{"required": [name]} for name in names]}


class Choices(Field):
    """A list of words, or of maps that `read_map` reads and the JSON Schema `map_schema` describes."""

    def __init__(self, words: Sequence[str], what: Text, read_map: Any, map_schema: Json, **more: Any) -> None:
        super().__init__(**more)
        self.words, self.what, self.read_map, self.map_schema = words, what, read_map, map_schema

    def read(self, raw: Any) -> Any:
        if isinstance(raw, Mapping):
            return self.read_map(raw)
        return one_of(raw, self.words, self.what)

    def json_schema(self, shared: Shared) -> Json:
        return {"anyOf": [one_of_words(self.words), self.map_schema]}
