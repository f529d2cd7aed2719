"""What the parts of an explanation share: the decision with its case and its rules, and sentences in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Any

from engine.compiled import CompiledVersion
from engine.errors import Conflict, NotInForce
from engine.facts import Case, Lot
from engine.hearing import Hearing
from engine.kinds.expire import ReadyExpire
from engine.scene import Scene
from policies.model import Fact, Policy, Text
from policies.sentences import Teller, word_text
from policies.show import article
from service import explanation_words as words
from service.explanation_days import day_text, in_words

LANGUAGES = ("ko", "en")
IDENTITY = ("account.identity_level", "lot.identity_level")
"""The facts that are steps of an identity check, and are told as such."""

Said = dict[str, Any]


class Told:
    """What the rules of one decision are told by. `case` is None where it was erased."""

    def __init__(self, decision: Mapping[str, Any], case: Case | None, compiled: CompiledVersion) -> None:
        self.decision, self.case, self.compiled = decision, case, compiled
        self.policy = compiled.policy
        self.rules = {rule.id: rule for rule in self.policy.rules}
        self.day = date.fromisoformat(decision["requested_on"])
        self.lots: dict[str, Lot] = {} if case is None else {lot.id: lot for lot in case.lots}

    def scene(self) -> Scene:
        """The request as the rules saw it; only where the case is kept."""
        assert self.case is not None, "what was erased is not looked at"
        case = self.case
        return Scene(case.account, self.day, case.as_of, self.decision["points"], case.request, None, case.history)

    @cached_property
    def lives(self) -> dict[str, ReadyExpire]:
        """The rule that says until when each lot can be used, where one of the file does."""
        if self.case is None:
            return {}
        try:
            plans = Hearing(self.compiled, self.case).judge(max(self.decision["points"], 1)).lot_plans
        except (Conflict, NotInForce, OverflowError):
            return {}
        found = zip(self.case.lots, plans, strict=True)
        return {lot.id: plan.expire[0] for lot, plan in found if len(plan.expire) == 1}


def said(text: Text, **figures: Any) -> Said:
    """A sentence in both languages, its days in words; a figure may be a Text itself. Without figures it stands as it
    is, braces too.
    """
    return {
        language: in_words(_said(text.in_language(language), language, figures), language) for language in LANGUAGES
    }


def _said(template: str, language: str, figures: Mapping[str, Any]) -> str:
    if not figures:
        return template
    told = {name: each.in_language(language) if isinstance(each, Text) else each for name, each in figures.items()}
    return template.format(**told)


def filled(text: Text, **figures: Any) -> Text:
    """The same as a text."""
    return Text(**said(text, **figures))


def of_article(terms: str) -> Text:
    """Where the terms say so."""
    if not terms:
        return words.OWN_ARTICLE
    return Text(*(words.ARTICLE[language].format(article=article(terms, language)) for language in LANGUAGES))


def money_text(amount: int, policy: Policy) -> Text:
    """An amount of the programme's money."""
    return Text(*(Teller(policy, language, date.min).money(amount) for language in LANGUAGES))


def points_text(points: int) -> Text:
    """Points."""
    return Text(f"{points:,}포인트", f"{points:,} point{'' if points == 1 else 's'}")


def method_text(decision: Mapping[str, Any], policy: Policy) -> Text:
    """The method of a request, by its name in the file."""
    method = decision["request"]["method"]
    return policy.methods.get(method, Text(method, method))


def asked_text(decision: Mapping[str, Any], policy: Policy) -> Text:
    """What was asked for: all points (with how many those came to), so many, or so much money."""
    asked = decision["request"]
    if asked.get("points") == "all" and decision["outcome"] == "denied":
        return words.ALL_POINTS
    if asked.get("money") is not None:
        return money_text(asked["money"], policy)
    points = points_text(decision["points"])
    return filled(words.ALL_OF, points=points) if asked.get("points") == "all" else points


def fact_text(policy: Policy, fact: Fact, value: Any) -> Text:
    """What a fact is, or would have to be, as a member reads it: with its unit, and a day in words."""
    if fact.path in IDENTITY:
        return Text(f"본인확인 {value}단계", f"identity level {value}")
    if fact.type in ("points", "money") and isinstance(value, int):
        return points_text(value) if fact.type == "points" else money_text(value, policy)
    if fact.type == "date" and value is not None:
        return day_text(value if isinstance(value, date) else date.fromisoformat(value))
    return Text(*(word_text(policy, fact, value, language) for language in LANGUAGES))


def capital(name: str) -> str:
    """A fact's name at the head of a line."""
    name = name.removeprefix("the ")
    return name[:1].upper() + name[1:]
