"""The schema that all rule kinds share, and the checks of fields that exclude each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import ValidationError

from policies.conditions import LOT_SCOPES, REFUND_SCOPES, Unless, When
from policies.fields import Bilingual, Field, ListOf, Map, Sentence, Word
from policies.readers import KEBAB, Trouble, listed, one_of


class RuleMap(Map):
    """What every rule may say. A kind adds its own fields and its conditions.

    `scopes` are the facts that the rule sees: those of the account, the request, single lots or the event.
    """

    scopes: Sequence[str] = REFUND_SCOPES

    id = Word(KEBAB, about="The rule's name: reason, API code, scenario word and trace line. Never reuse one.")
    kind = Sentence(about="What sort of sentence the rule is.")
    terms = Sentence(example='write the article in quotes, such as "18.2"', about="Where the terms say so, quoted.")
    about = Sentence("", lines=True, about="A note of the author.")
    overrides = ListOf(Word(KEBAB), (), about="Rules of the same kind that are silent where this one applies.")


class RequestRuleMap(RuleMap):
    """A rule that looks at the account and the request."""

    when = When(REFUND_SCOPES, about="When the rule applies: every line must hold.")
    unless = Unless(REFUND_SCOPES, about="Exceptions: any of these conditions lifts the rule.")
    reason = Bilingual(about="What the member is told, in Korean and English.")


class LotRuleMap(RuleMap):
    """A rule that may look at single lots too."""

    scopes = LOT_SCOPES

    when = When(LOT_SCOPES, about="Which lots and requests the rule matches: every line must hold.")
    unless = Unless(LOT_SCOPES, about="Exceptions: any of these conditions lifts the rule.")
    reason = Bilingual(about="What the member is told, in Korean and English.")


def exactly_one(original: Any, names: Sequence[str], *, or_none: bool = False) -> None:
    """Refuse a map that has none of `names` (unless `or_none`), or more than one of them."""
    found = [name for name in names if name in original]
    if not found and not or_none:
        choices = listed([f"'{name}'" for name in names])
        raise ValidationError([Trouble("missing-choice", f"{choices} is missing", "add one of them")])
    if len(found) > 1:
        both = f"'{found[0]}' and '{found[1]}' stand together"
        raise ValidationError({found[1]: [Trouble("too-many-of", both, "keep one of them", "key")]})


def only_with(original: Any, names: Sequence[str], needed: str) -> None:
    """Refuse fields that mean nothing without `needed`."""
    lost = [name for name in names if name in original] if needed not in original else []
    if lost:
        raise ValidationError({name: [_without(name, needed)] for name in lost})


def needs(original: Any, name: str, needed: str, hint: str) -> None:
    """Refuse a map with the field `name` that lacks the field `needed`."""
    if name in original and needed not in original:
        raise ValidationError([Trouble("missing-field", f"'{needed}' is missing", hint)])


def _without(name: str, needed: str) -> Trouble:
    return Trouble(
        "field-without", f"'{name}' means nothing without '{needed}'", f"take it out, or add {needed}:", "key"
    )


class Choices(Field):
    """A list of words, or of maps that `read_map` reads."""

    def __init__(self, words: Sequence[str], what: str, read_map: Any, **more: Any) -> None:
        super().__init__(**more)
        self.words, self.what, self.read_map = words, what, read_map

    def read(self, raw: Any) -> Any:
        if isinstance(raw, Mapping):
            return self.read_map(raw)
        return one_of(raw, self.words, self.what)
