"""`offset`: a debt that is set off against a payout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from policies import json_shapes as shapes
from policies.fields import Amount as AmountField
from policies.fields import Field, ListOf, Word
from policies.json_shapes import Json, Shared
from policies.model import Amount, FactRef, Rule
from policies.problems import both
from policies.readers import KEBAB, read_fact, refuse, wrong_type
from policies.rules import RequestRuleMap
from policies.sentences import Teller


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset(Rule):
    """The debt is paid from what fees and taxes leave of the refund, at most `at_most`, down to a payout of 0.

    `after` names offsets that come first.
    """

    kind: ClassVar[str] = "offset"

    debt: FactRef
    at_most: Amount | None = None
    after: tuple[str, ...] = ()

    def amounts(self) -> tuple[object, ...]:
        return (self.at_most,)


PLACEHOLDERS = ("offset", "debt", "rest")


class MoneyFact(Field):
    """The path of a fact that is an amount of money."""

    def read(self, raw: Any) -> FactRef:
        fact = read_fact(raw, ("account", "request"))
        if fact.type != "money":
            hint = both(
                "금액인 팩트를 쓰십시오. 예: account.debt", "name a fact of the type money, such as account.debt"
            )
            refuse("wrong-type", wrong_type(fact, both("금액", "money")), hint)
        return FactRef(fact.path)

    def json_schema(self, shared: Shared) -> Json:
        return shapes.fact_path(("account", "request"), ("money",))


class OffsetMap(RequestRuleMap):
    """The fields of an offset rule."""

    debt = MoneyFact(
        about=both("미납 금액인 팩트. 예: account.debt", "what is owed: a fact that is money, such as account.debt")
    )
    at_most = AmountField("money", None, about="The most that is set off.")
    after = ListOf(Word(KEBAB), (), about="The offsets that come before this one.")


def sentence(rule: Offset, say: Teller) -> str:
    """What is set off."""
    debt = say.figure(rule.debt)
    told = say.choose(f"지급액에서 상계: {debt}", f"Set off against the payout: {debt}")
    if rule.at_most is not None:
        most, currency = say.figure(rule.at_most), say.policy.currency
        told += say.choose(f"(최대 {most} {currency})", f", at most {most} {currency}")
    if rule.after:
        told += say.choose(f", 다음 상계 후: {', '.join(rule.after)}", f", after {', '.join(rule.after)}")
    return told + "."
