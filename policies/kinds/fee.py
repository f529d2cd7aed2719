"""`fee`: what a refund costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from policies.fields import Amount as AmountField
from policies.fields import ListOf, Map, Nested, OneOf, Percentage, WholeNumber, Word
from policies.measure_fields import Methods, Window, which_methods
from policies.model import Amount, Per, Rate, Rounding, Rule, ValueRef
from policies.problems import both
from policies.readers import KEBAB, reading, refuse_out_of_sight
from policies.rules import ROUNDING, WRITE_ROUNDING, ExactlyOne, LotRuleMap, Needs, OnlyWith
from policies.sentences import ROUNDINGS, Teller


@dataclass(frozen=True, slots=True)
class FreeAllowance:
    """The first `first` refunds of a window cost nothing, or the first `points` of all of them together; one of both is
    set. Only those by `methods` are counted (empty: all), or with `same_method` those by the method of the request.
    """

    first: Amount | None
    per: Per
    methods: tuple[str, ...] = ()
    same_method: bool = False
    points: Amount | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee(Rule):
    """A fee on the money that the lots which the rule matches come to; a rule that names no lot matches all.

    Exactly one of `flat` (money) and `rate` (a percentage of the base) is set. A rate is computed on the sum, not on
    each lot, rounded to a multiple of `to` units of the currency, then held between `at_least` and `at_most`: all that
    the rule charges together, unless these depend on the lot. Nothing is charged where the gross of the whole refund
    is under `gross_at_least`, or not `gross_under`.
    `adds_to` names fees that this one comes on top of.
    """

    kind: ClassVar[str] = "fee"

    flat: Amount | None = None
    rate: Rate | None = None
    rounding: Rounding | None = None
    to: int = 1
    at_least: Amount | None = None
    at_most: Amount | None = None
    gross_at_least: Amount | None = None
    gross_under: Amount | None = None
    free: FreeAllowance | None = None
    adds_to: tuple[str, ...] = ()

    def amounts(self) -> tuple[object, ...]:
        free = (self.free.first, self.free.points) if self.free else ()
        return (self.flat, self.rate, self.at_least, self.at_most, self.gross_at_least, self.gross_under, *free)


PLACEHOLDERS = ("fee", "base", "rate", "flat")


class AllowanceField(AmountField):
    """How much is free, which is the same for all lots."""

    def read(self, raw: Any) -> Any:
        amount = super().read(raw)
        if isinstance(amount, ValueRef) and any(
            path.startswith("lot.") for path in reading().value_paths.get(amount.name, ())
        ):
            refuse_out_of_sight(amount.name, "lot", ("account", "request"))
        return amount


class FreeMap(Map):
    """The fields of a free allowance."""

    first = AllowanceField("number", None, about="How many refunds of the window cost nothing.")
    points = AllowanceField("points", None, about="How many points of the window cost nothing.")
    key = OneOf(
        ("account",),
        both("묶는 기준", "key of a window"),
        "account",
        data_key="of",
        about="Whose refunds are counted: account.",
    )
    per = Window(about=both("환급을 세는 기간", "the window in which they are counted"))
    methods = Methods((), about="The methods that are counted, or same.")

    together = (ExactlyOne(("first", "points")),)


def make_free(methods: tuple[str, ...] | Literal["same"], key: Literal["account"], **fields: Any) -> FreeAllowance:
    """The allowance from its fields."""
    return FreeAllowance(**which_methods(methods), **fields)


class FeeMap(LotRuleMap):
    """The fields of a fee rule."""

    flat = AmountField("money", None, about="A fixed fee.")
    rate = Percentage(None, about="A percentage of the money that the rule covers.")
    rounding = OneOf(("down", "up", "half_up"), ROUNDING, None, about="How the percentage is rounded.")
    to = WholeNumber(1, 1_000_000, 1, about="Round to a multiple of this.")
    at_least = AmountField("money", None, about="The smallest fee.")
    at_most = AmountField("money", None, about="The largest fee.")
    gross_at_least = AmountField("money", None, about="Charged only where the whole refund comes to this or more.")
    gross_under = AmountField("money", None, about="Charged only where the whole refund comes to less.")
    free = Nested(FreeMap, make_free, None, about="The refunds that cost nothing.")
    adds_to = ListOf(Word(KEBAB), (), about="The fees that this one comes on top of.")

    together = (
        ExactlyOne(("flat", "rate")),
        OnlyWith(("rounding", "to", "at_least", "at_most"), "rate"),
        Needs("rate", "rounding", WRITE_ROUNDING),
    )


def sentence(rule: Fee, say: Teller) -> str:
    """What it costs."""
    if rule.flat is not None:
        flat = say.money(rule.flat)
        told = say.choose(f"수수료: {flat}", f"A fee of {flat}")
    else:
        rate, rounding = say.figure(rule.rate), say.choose(*ROUNDINGS[rule.rounding or "down"])
        to = f" to {say.money(rule.to)}" if rule.to > 1 else ""
        told = say.choose(f"수수료: {rate}({say.money(rule.to)} 미만 {rounding})", f"A fee of {rate}, {rounding}{to}")
        if rule.at_least is not None:
            least = say.money(rule.at_least)
            told += say.choose(f", 최소 {least}", f", at least {least}")
        if rule.at_most is not None:
            most = say.money(rule.at_most)
            told += say.choose(f", 최대 {most}", f", at most {most}")
    if rule.gross_at_least is not None:
        least = say.money(rule.gross_at_least)
        told += say.choose(f". 환급액이 {least} 이상일 때만", f". Only where the refund comes to {least} or more")
    if rule.gross_under is not None:
        under = say.money(rule.gross_under)
        told += say.choose(f". 환급액이 {under} 미만일 때만", f". Only where the refund comes to less than {under}")
    if rule.free is not None:
        window = say.window(rule.free.per)
        if rule.free.first is not None:
            first = say.figure(rule.free.first)
            free, are = ("one", "is") if first == "1" else (first, "are")
            first += "회"
        else:
            first = say.figure(rule.free.points)
            free, are = f"{first} points", "are"
            first += "포인트"
        methods = say.methods(rule.free.methods)
        together = " together" if len(rule.free.methods) > 1 else ""
        as_methods = f"by {methods}{together} " if methods else ""
        if rule.free.same_method:
            methods, as_methods = "같은 환급 방법", "by the same method "
        told += say.choose(
            f". {window} {f'{methods} ' if methods else ''}{first}까지 무료",
            f". The first {free} {as_methods}in {window} {are} free",
        )
    if rule.adds_to:
        told += say.choose(
            f". 다음 수수료에 더해집니다: {', '.join(rule.adds_to)}", f". On top of {', '.join(rule.adds_to)}"
        )
    return told + "."
