"""`pay`: by which day the payout is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from policies.fields import Bilingual, OneOf
from policies.fields import Length as LengthField
from policies.model import Length, Rule, Span
from policies.problems import both
from policies.rules import RequestRuleMap
from policies.sentences import Teller


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay(Rule):
    """The payout is made `within` a number of days or business days of the request's day."""

    kind: ClassVar[str] = "pay"

    within: Length
    if_holiday: Literal["keep", "next_business_day", "previous_business_day"] = "keep"

    def amounts(self) -> tuple[object, ...]:
        return (self.within,)


PLACEHOLDERS = ("payable_on",)


class PayMap(RequestRuleMap):
    """The fields of a pay rule."""

    within = LengthField(
        ("days", "business days"), least=0, about=both("지급까지 걸릴 수 있는 기간", "how long a payout may take")
    )
    if_holiday = OneOf(
        ("keep", "next_business_day", "previous_business_day"),
        both("휴일 처리 방식", "way of moving a day"),
        "keep",
        about="Where the day moves when it is not a business day.",
    )
    reason = Bilingual(None, about="What the member is told, in Korean and English.")


def sentence(rule: Pay, say: Teller) -> str:
    """When it is paid."""
    within, moved = say.figure(rule.within), say.choose(*_MOVES[rule.if_holiday])
    if isinstance(rule.within, Span) and rule.within.count == 0:
        return say.choose(f"신청일 당일 지급{moved}.", f"Paid on the day of the request{moved}.")
    return say.choose(f"신청일부터 {within} 이내 지급{moved}.", f"Paid within {within} of the request{moved}.")


_MOVES = {
    "keep": ("", ""),
    "next_business_day": (", 휴일이면 다음 영업일", "; if that is a holiday, on the next business day"),
    "previous_business_day": (", 휴일이면 직전 영업일", "; if that is a holiday, on the business day before"),
}
