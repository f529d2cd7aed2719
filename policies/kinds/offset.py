"""`offset`: a debt that is set off against a payout."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from marshmallow import ValidationError, validates_schema

from policies import json_shapes as shapes
from policies.fields import Amount as AmountField
from policies.fields import Field, ListOf, OneOf, Word, is_missing
from policies.json_shapes import Json, Shared
from policies.model import Amount, FactRef, Rate, Rounding, Rule, ValueRef
from policies.problems import both
from policies.readers import KEBAB, Trouble, read_fact, read_percent, reading, refuse, wrong_type
from policies.rules import ROUNDING, WRITE_ROUNDING, OnlyWith, RequestRuleMap
from policies.sentences import ROUNDINGS, Teller


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset(Rule):
    """The debt is paid from what fees and taxes leave of the refund, at most `at_most`, down to a payout of 0.

    A percentage is of what is left before any debt is set off, and has its `rounding`. `after` names offsets that come
    first; what those of them that are `shared` with take counts towards `at_most`.
    """

    kind: ClassVar[str] = "offset"

    debt: FactRef
    at_most: Amount | Rate | None = None
    rounding: Rounding | None = None
    after: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()

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


class MoneyOrPercentage(AmountField):
    """An amount of money or a percentage, which has its sign; or a `$value` in either."""

    def __init__(self, default: object = ..., **more: Any) -> None:
        super().__init__("money", default, **more)
        self.units = ("money", "percent")

    def read(self, raw: Any) -> Any:
        return read_percent(raw) if isinstance(raw, str) and raw.endswith("%") else super().read(raw)

    def json_schema(self, shared: Shared) -> Json:
        return {"anyOf": [super().json_schema(shared), shapes.text([shapes.PERCENT], "write 5_000, 50% or 2.5%")]}


class OffsetMap(RequestRuleMap):
    """The fields of an offset rule."""

    debt = MoneyFact(
        about=both("미납 금액인 팩트. 예: account.debt", "what is owed: a fact that is money, such as account.debt")
    )
    at_most = MoneyOrPercentage(None, about="The most that is set off: money, or a percentage of what there is.")
    rounding = OneOf(("down", "up", "half_up"), ROUNDING, None, about="How a percentage is rounded.")
    after = ListOf(Word(KEBAB), (), about="The offsets that come before this one.")
    shared = ListOf(Word(KEBAB), (), data_key="with", about="Those of them that count towards at_most too.")

    together = (OnlyWith(("rounding", "with"), "at_most"),)

    @validates_schema
    def check_rounding(self, data: Any, **kwargs: Any) -> None:
        """A percentage is rounded, and money is not."""
        most = data["at_most"]
        percent = isinstance(most, Fraction) or (
            isinstance(most, ValueRef) and reading().units[most.name] in ("percent", None)
        )
        if percent and data["rounding"] is None:
            raise ValidationError([Trouble("missing-field", is_missing("rounding"), WRITE_ROUNDING)])
        if not percent and data["rounding"] is not None:
            message = both("금액에는 반올림이 없습니다", "an amount of money is not rounded")
            hint = both("빼거나, at_most: 50%처럼 비율로 쓰십시오", "take it out, or write a percentage: at_most: 50%")
            raise ValidationError({"rounding": [Trouble("field-without", message, hint, "key")]})

    @validates_schema
    def check_shared(self, data: Any, **kwargs: Any) -> None:
        """What counts towards a bound is known only where it comes first."""
        for position, name in enumerate(data["shared"]):
            if name not in data["after"]:
                message = both(
                    "'{name}' 규칙이 이 규칙보다 먼저 오지 않습니다",
                    "'{name}' does not come before this rule",
                    name=name,
                )
                hint = both("after: 항목에도 쓰십시오", "name it under after: as well")
                raise ValidationError({"with": {position: [Trouble("shared-with-later", message, hint)]}})


def sentence(rule: Offset, say: Teller) -> str:
    """What is set off."""
    debt = say.figure(rule.debt)
    told = say.choose(f"지급액에서 상계: {debt}", f"Set off against the payout: {debt}")
    if rule.at_most is not None:
        most, of = say.figure(rule.at_most), ""
        if rule.rounding is None:
            most += f" {say.policy.currency}"
        else:
            rounding = say.choose(*ROUNDINGS[rule.rounding])
            of = say.choose(f", 상계 전 지급액 기준, {rounding}", f" of what is left before any debt, {rounding}")
        with_others = ", ".join(rule.shared)
        shared = say.choose(f", {with_others} 포함", f", together with {with_others}") if with_others else ""
        told += say.choose(f"(최대 {most}{of}{shared})", f", at most {most}{of}{shared}")
    if rule.after:
        told += say.choose(f", 다음 상계 후: {', '.join(rule.after)}", f", after {', '.join(rule.after)}")
    return told + "."
