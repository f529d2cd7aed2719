"""`earn`: which points an event brings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Literal

from policies.conditions import EVENT_SCOPES, Unless, When, refuse_literal
from policies.day_fields import DayOrFact
from policies.fields import Amount as AmountField
from policies.fields import Bilingual, Declared, EventType, Field, ListOf, Map, Nested, OneOf, Percentage, Word
from policies.fields import Length as LengthField
from policies.json_shapes import PLAIN_TEXT, Json, Shared, common, fact_paths, text
from policies.measure_fields import Window
from policies.model import Amount, FactRef, Length, Per, Rate, Rounding, Rule, ValueRef
from policies.problems import both
from policies.readers import FACT_PATH, KEBAB, read_fact, read_text, refuse, wrong_type
from policies.rules import ROUNDING, WRITE_ROUNDING, ExactlyOne, Needs, OnlyWith, RuleMap
from policies.sentences import ROUNDINGS, Teller, word_text


@dataclass(frozen=True, slots=True)
class Steps:
    """`earn` points for every whole `every` units of money."""

    every: Amount
    earn: Amount


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many points for one account in one window; what the rules `shared` granted counts too."""

    at_most: Amount
    per: Per
    shared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Earn(Rule):
    """An event of type `event` grants a lot. Exactly one of `points`, `rate` and `steps`.

    `rate` is a percentage of the event's amount or, with `of`, of the points that those rules grant for the event.
    What one event brings is held between `at_least`, however little it comes to, and `at_most`.
    `usable_from` "month_start" moves the day that `usable_after` reaches to the first of its month.
    """

    kind: ClassVar[str] = "earn"

    event: str
    source: str
    points: Amount | None = None
    rate: Rate | None = None
    rounding: Rounding | None = None
    of: tuple[str, ...] = ()
    steps: Steps | None = None
    at_least: Amount | None = None
    at_most: Amount | None = None
    cap: Cap | None = None
    campaign: str | FactRef = ""
    usable_after: Length | None = None
    usable_from: Literal["day", "month_start"] = "day"
    expires_on: date | FactRef | ValueRef | None = None

    def amounts(self) -> tuple[object, ...]:
        steps = (self.steps.every, self.steps.earn) if self.steps else ()
        cap = (self.cap.at_most,) if self.cap else ()
        return (self.points, self.rate, *steps, self.at_least, self.at_most, *cap, self.usable_after, self.expires_on)


PLACEHOLDERS = ("earned",)


class StepsMap(Map):
    """The fields of a rate in whole steps."""

    every = AmountField("money", least=1, about=both("적립 단위가 되는 금액", "the step, in money"))
    earn = AmountField("points", about=both("단위마다 적립되는 포인트", "the points that each whole step brings"))


class CapMap(Map):
    """The fields of a cap."""

    at_most = AmountField(
        "points",
        about=both("한 계정이 기간 안에 적립할 수 있는 최대 포인트", "the most points of one account in the window"),
    )
    per = Window(about=both("집계 기간", "the window"))
    shared = ListOf(Word(KEBAB), (), data_key="with", about="Other earn rules whose points count too.")


class CampaignField(Field):
    """A campaign, or the event's own."""

    def read(self, raw: Any) -> str | FactRef:
        written = read_text(raw)
        if written.startswith("$"):
            refuse_literal(written)
        if FACT_PATH.fullmatch(written):
            fact = read_fact(written, ("event",))
            if fact.type != "text":
                hint = both("텍스트인 팩트를 쓰십시오", "name a fact that is text")
                refuse("wrong-type", wrong_type(fact, both("텍스트", "text")), hint)
            return FactRef(written)
        return written

    def json_schema(self, shared: Shared) -> Json:
        hint = "write a campaign, or a fact of the event that is text"
        return {
            **text([fact_paths(("event",), ("text",)), PLAIN_TEXT], hint),
            "examples": [fact.path for fact in common(("event",), ("text",))],
        }


class EarnMap(RuleMap):
    """The fields of an earn rule."""

    scopes = EVENT_SCOPES
    event = EventType(about=both("일어나야 하는 일", "what has to happen"))
    when = When(EVENT_SCOPES, about="Which events the rule matches: every line must hold.")
    unless = Unless(EVENT_SCOPES, about="Exceptions: any of these conditions lifts the rule.")
    reason = Bilingual(None, about="What the member is told, in Korean and English.")
    points = AmountField("points", None, about="Points for each event.")
    rate = Percentage(None, about="Points as a percentage of the event's amount.")
    rounding = OneOf(("down", "up", "half_up"), ROUNDING, None, about="How the percentage is rounded.")
    of = ListOf(Word(KEBAB), (), about="The earn rules on whose points the percentage comes.")
    steps = Nested(StepsMap, Steps, None, about="Points for every whole step of the event's amount.")
    at_least = AmountField("points", None, about="The fewest points of one event.")
    at_most = AmountField("points", None, about="The most points of one event.")
    cap = Nested(CapMap, Cap, None, about="The most points of a window.")
    source = Declared("source", about=both("적립되는 포인트의 출처", "the source of the lot that is granted"))
    campaign = CampaignField("", about="The campaign of the lot: a text, or event.campaign.")
    usable_after = LengthField(
        ("days", "months"), None, least=0, about="How long after the event the points become usable."
    )
    usable_from = OneOf(
        ("day", "month_start"), both("시작되는 날", "day"), "day", about="Where the first usable day falls."
    )
    expires_on = DayOrFact(EVENT_SCOPES, None, about="The lot's own last usable day.")

    together = (
        ExactlyOne(("points", "rate", "steps")),
        OnlyWith(("rounding", "of"), "rate"),
        OnlyWith(("usable_from",), "usable_after"),
        Needs("rate", "rounding", WRITE_ROUNDING),
    )


def sentence(rule: Earn, say: Teller) -> str:
    """What an event brings."""
    event = word_text(say.policy, say.policy.facts["event.type"], rule.event, say.language)
    source = say.policy.sources[rule.source].in_language(say.language)
    if rule.steps is not None:
        every, earn = say.money(rule.steps.every), say.figure(rule.steps.earn)
        how = say.choose(f"{every}마다 {earn}포인트", f"{earn} points for every {every}")
    elif rule.rate is not None:
        rate, rounding = say.figure(rule.rate), say.choose(*ROUNDINGS[rule.rounding or "down"])
        others = ", ".join(rule.of)
        base = (
            say.choose(f"{others} 적립 포인트", f"the points of {others}")
            if rule.of
            else say.choose("금액", "the amount")
        )
        how = say.choose(f"{base}의 {rate}(1포인트 미만 {rounding})", f"{rate} of {base}, {rounding}")
    else:
        points = say.figure(rule.points)
        how = say.choose(f"{points}포인트", f"{points} points")
    told = say.choose(f"{event} 시 {how} 적립({source})", f"{event[0].upper()}{event[1:]} earns {how} ({source})")
    if rule.at_least is not None:
        least = say.figure(rule.at_least)
        told += say.choose(f", 건당 최소 {least}포인트", f", at least {least} each time")
    if rule.at_most is not None:
        most = say.figure(rule.at_most)
        told += say.choose(f", 건당 최대 {most}포인트", f", at most {most} each time")
    if rule.cap is not None:
        cap, window = say.figure(rule.cap.at_most), say.window(rule.cap.per)
        others = ", ".join(rule.cap.shared)
        shared = say.choose(f"({others} 포함)", f" together with {others}") if others else ""
        told += say.choose(f", {window} 최대 {cap}포인트{shared}", f", at most {cap} in {window}{shared}")
    if rule.usable_after is not None:
        after = say.figure(rule.usable_after)
        if rule.usable_from == "month_start":
            told += say.choose(
                f", {after} 후 그 달 1일부터 사용 가능", f", usable from the first of the month after {after}"
            )
        else:
            told += say.choose(f", {after} 후 사용 가능", f", usable after {after}")
    if rule.expires_on is not None:
        last_day = say.figure(rule.expires_on)
        told += say.choose(f", 마지막 사용일 {last_day}", f", usable until {last_day}")
    return told + "."
