"""`require`: what must be true of the member and the request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.conditions import REFUND_SCOPES, When
from policies.model import Condition, Rule
from policies.problems import both
from policies.rules import RequestRuleMap
from policies.sentences import Teller


@dataclass(frozen=True, slots=True, kw_only=True)
class Require(Rule):
    """A request that the rule matches is denied unless `that` holds."""

    kind: ClassVar[str] = "require"

    that: Condition

    def conditions(self) -> tuple[Condition, ...]:
        return (self.when, *self.unless, self.that)


PLACEHOLDERS = ("points",)


class RequireMap(RequestRuleMap):
    """The fields of a require rule."""

    that = When(REFUND_SCOPES, ..., about=both("충족해야 하는 조건", "what must hold"))


def sentence(rule: Require, say: Teller) -> str:
    """What must hold."""
    return say.choose(f"다음을 충족해야 합니다: {say.condition(rule.that)}.", f"Required: {say.condition(rule.that)}.")
