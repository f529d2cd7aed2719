"""`expire`: until which day a lot can be used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Literal

from policies.conditions import LOT_SCOPES
from policies.day_fields import DateFact, DayOrFact
from policies.fields import Bilingual, OneOf, Yes
from policies.fields import Length as LengthField
from policies.model import FactRef, Length, Rule, Span, ValueRef
from policies.problems import both
from policies.rules import ExactlyOne, LotRuleMap, Needs, OnlyWith, Where
from policies.sentences import Teller


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire(Rule):
    """The last usable day of the lots that the rule matches.

    Exactly one of `after` (a span from the day `start`), `last_day` and `never` is set. With `after`, `until` moves
    the day to the end of its month or year, and `first_day_counted` makes the first day itself count as day one. A
    file that says `until` alone means a span of 0 days.
    """

    kind: ClassVar[str] = "expire"

    after: Length | None = None
    last_day: date | FactRef | ValueRef | None = None
    never: bool = False
    start: str = "lot.acquired_on"
    until: Literal["day", "month_end", "year_end"] = "day"
    first_day_counted: bool = False

    def amounts(self) -> tuple[object, ...]:
        return (self.after, self.last_day)


PLACEHOLDERS = ("last_day", "points", "acquired_on")


_REASON = both("reason: {ko: ..., en: ...} 항목을 쓰십시오", "write reason: {ko: ..., en: ...}")


class ExpireMap(LotRuleMap):
    """The fields of an expire rule."""

    after = LengthField(("days", "months", "years"), None, about="How long the lots live.")
    last_day = DayOrFact(LOT_SCOPES, None, about="The last usable day: a day, or a fact that is a day.")
    never = Yes(False, about="The lots never expire.")
    start = DateFact(LOT_SCOPES, "lot.acquired_on", data_key="from", about="The day from which `after` counts.")
    until = OneOf(("day", "month_end", "year_end"), both("끝나는 때", "end"), "day", about="Where the last day falls.")
    first_day = OneOf(
        ("not_counted", "counted"),
        both("첫날을 세는 방식", "way of counting"),
        "not_counted",
        about="Is day one the first day?",
    )
    reason = Bilingual(None, about="What the member is told, in Korean and English.")

    together = (
        ExactlyOne(("after", "last_day", "never"), or_with="until"),
        Where(
            has=("until",),
            lacks=("last_day", "never"),
            then=(OnlyWith(("first_day",), "after"),),
            otherwise=(OnlyWith(("from", "until", "first_day"), "after"),),
        ),
        Where(lacks=("never",), then=[Needs(name, "reason", _REASON) for name in ("after", "last_day", "until")]),
    )


def make(first_day: str, **fields: Any) -> Expire:
    """The rule from its fields. `until` alone counts from the day itself."""
    if fields["after"] is None and fields["last_day"] is None and not fields["never"]:
        fields["after"] = Span(0, "days")
    return Expire(first_day_counted=first_day == "counted", **fields)


def sentence(rule: Expire, say: Teller) -> str:
    """When the points lapse."""
    if rule.never:
        return say.choose("유효기간이 없습니다.", "The points never expire.")
    if rule.last_day is not None:
        last_day = say.figure(rule.last_day)
        return say.choose(f"마지막 사용일: {last_day}.", f"The points can be used until {last_day}.")
    length, start = say.figure(rule.after), say.fact(rule.start)
    if rule.after == Span(0, "days"):
        ko, en = _ENDS_OF[rule.until]
        return say.choose(f"유효기간: {start}{ko}.", f"The points can be used until {en}{start}.")
    end = say.choose(*_ENDS[rule.until])
    counted = say.choose(", 첫날 포함", ", counting that day") if rule.first_day_counted else ""
    return say.choose(
        f"유효기간: {start}부터 {length}{end}{counted}.",
        f"The points can be used for {length} from {start}{end}{counted}.",
    )


_ENDS_OF = {
    "day": ("까지", ""),
    "month_end": ("이 속한 달의 말일까지", "the end of the month of "),
    "year_end": ("이 속한 해의 12월 31일까지", "the end of the year of "),
}
_ENDS = {
    "day": ("", ""),
    "month_end": ("이 되는 달의 말일까지", ", until the end of that month"),
    "year_end": ("이 되는 해의 12월 31일까지", ", until the end of that year"),
}
