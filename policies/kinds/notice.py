"""`notice`: when a member is told that points are about to be lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from policies.conditions import DAY_SCOPES, Unless, When
from policies.fields import Amount as AmountField
from policies.fields import Bilingual, ListOf, OneOf
from policies.fields import Length as LengthField
from policies.model import Amount, Length, Rule
from policies.problems import both
from policies.rules import RuleMap
from policies.sentences import Teller


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Rule):
    """A message so long `before` the last usable day of the lots that the rule matches, or before the first charge of
    dormancy on them. Lots of one day are told together, where they hold `at_least` so many points.
    """

    kind: ClassVar[str] = "notice"

    before: tuple[Length, ...]
    of: Literal["expiry", "dormancy"] = "expiry"
    at_least: Amount = 1

    def amounts(self) -> tuple[object, ...]:
        return (*self.before, self.at_least)


PLACEHOLDERS = ("points", "last_day", "charged_on", "before")


class NoticeMap(RuleMap):
    """The fields of a notice rule."""

    scopes = DAY_SCOPES

    when = When(DAY_SCOPES, about="Which lots the rule matches: every line must hold.")
    unless = Unless(DAY_SCOPES, about="Exceptions: any of these conditions lifts the rule.")
    reason = Bilingual(about=both("안내하는 말, 한국어와 영어로", "the message, in Korean and English"))
    before = ListOf(
        LengthField(("days", "months", "years")),
        what=both("기간의 목록", "a list of spans"),
        about=both("얼마나 전에 안내할지", "how long before"),
    )
    of = OneOf(
        ("expiry", "dormancy"), both("안내의 대상", "notice"), "expiry", about="What is told of: expiry or dormancy."
    )
    at_least = AmountField("points", 1, least=1, about="The fewest points that are told of.")


def sentence(rule: Notice, say: Teller) -> str:
    """When the member is told."""
    before = say.choose(", ", ", ").join(say.figure(each) for each in rule.before)
    least = ""
    if rule.at_least != 1:
        points = say.figure(rule.at_least)
        least = say.choose(f"({points}포인트 이상)", f", if they are at least {points} points")
    if rule.of == "dormancy":
        return say.choose(
            f"휴면 차감 {before} 전에 안내합니다{least}.", f"Told {before} before the first dormancy charge{least}."
        )
    return say.choose(f"유효기간 종료 {before} 전에 안내합니다{least}.", f"Told {before} before points expire{least}.")
