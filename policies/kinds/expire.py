"""`expire`: until which day a lot can be used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Literal

from marshmallow import validates_schema

from policies.conditions import LOT_SCOPES
from policies.day_fields import DateFact, DayOrFact, YearDay
from policies.fields import Bilingual, Field, OneOf, Yes
from policies.fields import Length as LengthField
from policies.json_shapes import Json, Shared
from policies.json_shapes import one_of as one_of_words
from policies.model import DayOfYear, FactRef, Length, Rule, Span, ValueRef
from policies.problems import both
from policies.readers import DAY_OF_YEAR, one_of, read_day_of_year
from policies.rules import ExactlyOne, LotRuleMap, Needs, OnlyWith, Where, needs
from policies.sentences import Teller

Until = Literal["day", "month_end", "quarter_end", "half_year_end", "year_end"] | DayOfYear
_UNTIL = ("day", "month_end", "quarter_end", "half_year_end", "year_end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire(Rule):
    """The last usable day of the lots that the rule matches.

    Exactly one of `after` (a span from the day `start`), `idle` (a span from `start` that every activity of the
    account begins anew), `last_day` and `never` is set. With a span, `until` moves the day to the end of its month,
    quarter, half year or year or to one day of that year, and `first_day_counted` makes the first day itself count as
    day one. A file that says `until` alone means a span of 0 days.
    """

    kind: ClassVar[str] = "expire"

    after: Length | None = None
    idle: Length | None = None
    last_day: date | FactRef | ValueRef | None = None
    never: bool = False
    start: str = "lot.acquired_on"
    until: Until = "day"
    first_day_counted: bool = False

    def amounts(self) -> tuple[object, ...]:
        return (self.after, self.idle, self.last_day)


PLACEHOLDERS = ("last_day", "points", "acquired_on")


_REASON = both("reason: {ko: ..., en: ...} 항목을 쓰십시오", "write reason: {ko: ..., en: ...}")
_AFTER = both(
    "after: 1 year처럼 함께 쓰십시오. 없으면 그날 뒤에 적립된 포인트는 시작하기 전에 끝납니다",
    "add it, such as after: 1 year, or what is earned later in the year would end before it begins",
)


class UntilField(Field):
    """Where a last day falls: a word such as `month_end`, or a day of the year such as `06-30`."""

    def read(self, raw: Any) -> Until:
        if isinstance(raw, str) and DAY_OF_YEAR.fullmatch(raw):
            return read_day_of_year(raw)
        return one_of(raw, _UNTIL, both("끝나는 때", "end"))  # type: ignore[return-value]

    def json_schema(self, shared: Shared) -> Json:
        return {"anyOf": [one_of_words(_UNTIL), YearDay().json_schema(shared)]}


class ExpireMap(LotRuleMap):
    """The fields of an expire rule."""

    after = LengthField(("days", "months", "years"), None, about="How long the lots live.")
    idle = LengthField(
        ("days", "months", "years"), None, about="How long the lots live without any activity of the account."
    )
    last_day = DayOrFact(LOT_SCOPES, None, about="The last usable day: a day, or a fact that is a day.")
    never = Yes(False, about="The lots never expire.")
    start = DateFact(
        LOT_SCOPES, "lot.acquired_on", data_key="from", about="The day from which `after` or `idle` counts."
    )
    until = UntilField("day", about="Where the last day falls.")
    first_day = OneOf(
        ("not_counted", "counted"),
        both("첫날을 세는 방식", "way of counting"),
        "not_counted",
        about="Is day one the first day?",
    )
    reason = Bilingual(None, about="What the member is told, in Korean and English.")

    together = (
        ExactlyOne(("after", "idle", "last_day", "never"), or_with="until"),
        Where(
            lacks=("idle",),
            then=(
                Where(
                    has=("until",),
                    lacks=("last_day", "never"),
                    then=(OnlyWith(("first_day",), "after"),),
                    otherwise=(OnlyWith(("from", "until", "first_day"), "after"),),
                ),
            ),
        ),
        Where(
            lacks=("never",),
            then=[Needs(name, "reason", _REASON) for name in ("after", "idle", "last_day", "until")],
        ),
    )

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def check_day_of_year(self, data: Any, original: Any, **kwargs: Any) -> None:
        """A day of the year alone would end what is earned later in the year before it begins."""
        alone = not {"idle", "last_day", "never"}.intersection(original)
        if alone and isinstance(data.get("until"), DayOfYear):
            needs(original, "until", "after", _AFTER)


def make(first_day: str, **fields: Any) -> Expire:
    """The rule from its fields. `until` alone counts from the day itself."""
    if fields["after"] is None and fields["idle"] is None and fields["last_day"] is None and not fields["never"]:
        fields["after"] = Span(0, "days")
    return Expire(first_day_counted=first_day == "counted", **fields)


def sentence(rule: Expire, say: Teller) -> str:
    """When the points lapse."""
    if rule.never:
        return say.choose("유효기간이 없습니다.", "The points never expire.")
    if rule.last_day is not None:
        last_day = say.figure(rule.last_day)
        return say.choose(f"마지막 사용일: {last_day}.", f"The points can be used until {last_day}.")
    length, start = say.figure(rule.after or rule.idle), say.fact(rule.start)
    if rule.after == Span(0, "days"):
        assert not isinstance(rule.until, DayOfYear), f"{rule.id} has no span"
        ko, en = _ENDS_OF[rule.until]
        return say.choose(f"유효기간: {start}{ko}.", f"The points can be used until {en}{start}.")
    end = say.choose(*(_day_of_year(rule.until) if isinstance(rule.until, DayOfYear) else _ENDS[rule.until]))
    counted = say.choose(", 첫날 포함", ", counting that day") if rule.first_day_counted else ""
    if rule.idle is not None:
        return say.choose(
            f"유효기간: {start} 또는 그 뒤 마지막 이용일부터 {length}{end}{counted}. 이용할 때마다 새로 계산합니다.",
            f"The points can be used for {length} from {start} or from the last activity after it{end}{counted}; every"
            " activity begins it anew.",
        )
    return say.choose(
        f"유효기간: {start}부터 {length}{end}{counted}.",
        f"The points can be used for {length} from {start}{end}{counted}.",
    )


def _day_of_year(day: DayOfYear) -> tuple[str, str]:
    return f"이 되는 해의 {day.month}월 {day.day}일까지", f", until {day} of that year"


_ENDS_OF = {
    "day": ("까지", ""),
    "month_end": ("이 속한 달의 말일까지", "the end of the month of "),
    "quarter_end": ("이 속한 분기의 말일까지", "the end of the quarter of "),
    "half_year_end": ("이 속한 반기의 말일까지", "the end of the half year of "),
    "year_end": ("이 속한 해의 12월 31일까지", "the end of the year of "),
}
_ENDS = {
    "day": ("", ""),
    "month_end": ("이 되는 달의 말일까지", ", until the end of the month reached"),
    "quarter_end": ("이 되는 분기의 말일까지", ", until the end of the quarter reached"),
    "half_year_end": ("이 되는 반기의 말일까지", ", until the end of the half year reached"),
    "year_end": ("이 되는 해의 12월 31일까지", ", until the end of the year reached"),
}
