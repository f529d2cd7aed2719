"""The schema that all rule kinds share, and the checks of fields that exclude each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import ValidationError

from policies.conditions import LOT_SCOPES, REFUND_SCOPES, Unless, When
from policies.fields import (
    Bilingual,
    Field,
    ListOf,
    Map,
    Sentence,
    Word,
    is_missing,
    one_is_missing,
    stand_together,
)
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


class Choices(Field):
    """A list of words, or of maps that `read_map` reads."""

    def __init__(self, words: Sequence[str], what: Text, read_map: Any, **more: Any) -> None:
        super().__init__(**more)
        self.words, self.what, self.read_map = words, what, read_map

    def read(self, raw: Any) -> Any:
        if isinstance(raw, Mapping):
            return self.read_map(raw)
        return one_of(raw, self.words, self.what)
