"""`clawback`: what an event that undoes another takes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from marshmallow import ValidationError

from policies.conditions import EVENT_LOT_SCOPES, EVENT_SCOPES, Unless, When
from policies.fields import Bilingual, EventType, ListOf, OneOf, Word, is_missing
from policies.json_shapes import Json
from policies.kinds.allocate import (
    CLASS_ORDER,
    LIST_OF_ORDERS,
    ORDER,
    ORDER_WORDS,
    OrderKey,
    order_text,
    read_class_order,
)
from policies.model import ALWAYS, Condition, Rounding, Rule
from policies.problems import both
from policies.readers import KEBAB, TAKE_OUT, Trouble
from policies.rules import (
    ROUNDING,
    TOLD_TO_THE_MEMBER,
    Choices,
    Needs,
    OnlyWith,
    RuleMap,
)
from policies.sentences import ROUNDINGS, Teller, word_text

Take = Literal["earned_lot", "others"]
Shortfall = Literal["debt", "forgive", "refuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clawback(Rule):
    """An event of type `event` takes back what the event that it undoes had earned by the rules `of` (empty: by any).

    With `part` "by_amount" it is the share of the points that the event's amount is of the original one's, rounded by
    `rounding`; with "all" everything. The lot that was earned pays, then, if `take` names them, `others` in their
    order, as far as `lots` holds of them. What they do not hold becomes a debt, is forgiven, or refuses the event.
    """

    kind: ClassVar[str] = "clawback"

    event: str
    of: tuple[str, ...] = ()
    part: Literal["by_amount", "all"] = "by_amount"
    rounding: Rounding | None = None
    take: tuple[Take, ...] = ("earned_lot",)
    others: tuple[OrderKey, ...] = ()
    lots: Condition = ALWAYS
    shortfall: Shortfall

    def conditions(self) -> tuple[Condition, ...]:
        return (self.when, *self.unless, self.lots)


PLACEHOLDERS = ("asked", "taken", "lapsed", "debt", "forgiven", "missing")


class _RoundedPart:
    """What is taken back in proportion is rounded, and what is taken back as a whole is not."""

    def check(self, original: Any) -> None:
        """Refuse a rounding of everything, and a part without one."""
        if original.get("part") != "all":
            if "rounding" not in original:
                raise ValidationError([Trouble("missing-field", is_missing("rounding"), _WRITE_ROUNDING_OR_ALL)])
        elif "rounding" in original:
            message = both(
                "전부 회수하는 규칙에서는 'rounding' 항목이 뜻이 없습니다",
                "'rounding' means nothing where all is taken back",
            )
            raise ValidationError({"rounding": [Trouble("field-without", message, TAKE_OUT, "key")]})

    def json_schemas(self) -> list[Json]:
        """The same of an editor's map."""
        everything = {"required": ["part"], "properties": {"part": {"const": "all"}}}
        return [{"if": everything, "then": {"properties": {"rounding": False}}, "else": {"required": ["rounding"]}}]


class _OthersLast:
    """`others` are told where `take` names them, after the lot that was earned, which is one of them."""

    def check(self, original: Any) -> None:
        """Refuse an order that `take` has no use for, and the earned lot behind the others."""
        take = original.get("take", ["earned_lot"])
        if not isinstance(take, list):
            return
        if "others" not in take:
            if "others" in original:
                message = both(
                    "'take' 항목에 others가 없으면 'others' 항목은 뜻이 없습니다",
                    "'others' means nothing where 'take' does not name it",
                )
                hint = both("take: 항목에 others를 더하십시오", "add others to take:")
                raise ValidationError({"others": [Trouble("field-without", message, hint, "key")]})
            return
        Needs("take", "others", _WRITE_OTHERS).check(original)
        if take.index("others") < len(take) - 1:
            message = both(
                "'earned_lot' 묶음이, 그것도 포함하는 'others' 뒤에 있습니다",
                "'earned_lot' comes after 'others', which it is one of",
            )
            hint = both(
                "take: [earned_lot, others] 또는 take: [others] 형식으로 쓰십시오",
                "write take: [earned_lot, others], or take: [others]",
            )
            raise ValidationError({"take": [Trouble("take-out-of-order", message, hint)]})

    def json_schemas(self) -> list[Json]:
        """The same of an editor's map."""
        named = {"required": ["take"], "properties": {"take": {"type": "array", "contains": {"const": "others"}}}}
        last = {"not": {"prefixItems": [{"const": "others"}, {"const": "earned_lot"}], "minItems": 2}}
        unless_list = {"required": ["take"], "properties": {"take": {"not": {"type": "array"}}}}
        return [
            {
                "if": named,
                "then": {"required": ["others"], "properties": {"take": last}},
                "else": {"anyOf": [unless_list, {"properties": {"others": False}}]},
            }
        ]


_WRITE_ROUNDING_OR_ALL = both(
    "rounding: 뒤에 down, up 또는 half_up 중 하나를 쓰거나, part: all을 쓰십시오",
    "write rounding: down, up or half_up, or part: all",
)
_WRITE_OTHERS = both(
    "others: [soonest_to_expire, oldest] 형식으로 쓰십시오", "write others: [soonest_to_expire, oldest]"
)


class ClawbackMap(RuleMap):
    """The fields of a clawback rule."""

    scopes = EVENT_LOT_SCOPES
    event = EventType(about=both("일어나야 하는 일", "what has to happen"))
    when = When(EVENT_SCOPES, about="Which events the rule matches: every line must hold.")
    unless = Unless(EVENT_SCOPES, about="Exceptions: any of these conditions lifts the rule.")
    reason = Bilingual(about=TOLD_TO_THE_MEMBER)
    of = ListOf(Word(KEBAB), (), about="The earn rules whose points are taken back; all without it.")
    part = OneOf(
        ("by_amount", "all"),
        both("회수하는 몫", "part"),
        "by_amount",
        about="How much is taken back of what was earned.",
    )
    rounding = OneOf(("down", "up", "half_up"), ROUNDING, None, about="How a part is rounded.")
    take = ListOf(
        OneOf(("earned_lot", "others"), both("차감할 포인트", "source of points")),
        ("earned_lot",),
        about="Which lots pay, one after another.",
    )
    others = ListOf(
        Choices(ORDER_WORDS, ORDER, read_class_order, CLASS_ORDER),
        (),
        what=LIST_OF_ORDERS,
        about="Which of the other lots pay first.",
    )
    lots = When(EVENT_LOT_SCOPES, about="Which of the other lots may pay.")
    shortfall = OneOf(
        ("debt", "forgive", "refuse"),
        both("부족분의 처리", "shortfall"),
        about=both("어느 묶음에도 없는 포인트를 어떻게 할지", "what becomes of points that no lot holds"),
    )

    together = (_RoundedPart(), _OthersLast(), OnlyWith(("lots",), "others"))


def sentence(rule: Clawback, say: Teller) -> str:
    """What an event takes back."""
    event = word_text(say.policy, say.policy.facts["event.type"], rule.event, say.language)
    others = ", ".join(rule.of)
    what = say.choose(f"{others} 적립 포인트", f"the points of {others}") if others else ""
    what = what or say.choose("원 이벤트로 적립된 포인트", "the points earned by what it undoes")
    if rule.part == "by_amount":
        rounding = say.choose(*ROUNDINGS[rule.rounding or "down"])
        what += say.choose(
            f" 중 금액에 비례한 포인트(1포인트 미만 {rounding})", f", in proportion to the amount, {rounding}"
        )
    told = say.choose(f"{event} 시 {what}를 회수합니다", f"{event[0].upper()}{event[1:]} takes back {what}")
    if "others" in rule.take:
        order, lots = order_text(rule.others, say), say.condition(rule.lots)
        only = say.choose(f"({lots})", f", as far as {lots}") if lots else ""
        if "earned_lot" in rule.take:
            told += say.choose(
                f". 적립된 포인트에서 먼저, 다음으로 다른 포인트에서 {order} 순서로 차감{only}",
                f": from the lot that was earned, then from others in this order: {order}{only}",
            )
        else:
            told += say.choose(f". {order} 순서로 차감{only}", f", from the lots in this order: {order}{only}")
    else:
        told += say.choose(". 적립된 포인트에서만 차감", ", only from the lot that was earned")
    return told + say.choose(*_SHORTFALLS[rule.shortfall])


_SHORTFALLS = {
    "debt": (". 부족한 포인트는 미회수 포인트로 남습니다.", ". What is missing becomes a debt of points."),
    "forgive": (". 부족한 포인트는 회수하지 않습니다.", ". What is missing is forgiven."),
    "refuse": (". 포인트가 부족하면 처리하지 않습니다.", ". Where points are missing, it is refused."),
}
