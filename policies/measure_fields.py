"""The field types of what limits and reviews look at, and of their bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from marshmallow import ValidationError

from policies import json_shapes as shapes
from policies.fields import (
    Amount,
    Declared,
    Field,
    ListOf,
    Map,
    OneOf,
    Percentage,
    one_is_missing,
    stand_together,
)
from policies.json_shapes import Json, Shared
from policies.model import SINGLE_MEASURES, BalanceShare, Measure, Per, SpanUnit, Text
from policies.problems import both
from policies.readers import example_list, one_of, read_span, refuse, shown, suggest


class Bound(Amount):
    """The bound of a measure: points, money or, for counts, a number. Their schema checks which. Where `shares`, it
    may be a share of what the member holds.
    """

    def __init__(self, default: object = ..., *, least: int = 0, shares: bool = True, **more: Any) -> None:
        super().__init__("points", default, least=least, **more)
        self.units = ("points", "number", "money")
        self.shares = shares

    def read(self, raw: Any) -> Any:
        if not self.shares or not isinstance(raw, dict):
            return super().read(raw)
        return BalanceShare(**_BALANCE_SHARE.load(raw))

    def json_schema(self, shared: Shared) -> Json:
        amount = super().json_schema(shared)
        if not self.shares:
            return amount
        share = shared.refer("share-of-the-balance", lambda: _BALANCE_SHARE.json_schema(shared))
        return {"anyOf": [amount, share]}


class Window(Field):
    """The window of a sum or a count: a calendar one such as `month`, `ever`, or a rolling one such as `24 hours`."""

    def read(self, raw: Any) -> Per:
        if isinstance(raw, str) and raw in _CALENDAR_WINDOWS:
            return raw  # type: ignore[return-value]
        if not isinstance(raw, str) or raw.isalpha():
            words = (*_CALENDAR_WINDOWS, "24 hours", "30 days", "3 months")
            one_of(raw, words, both("집계 기간", "window"))
        return read_span(raw, _ROLLING_UNITS)

    def json_schema(self, shared: Shared) -> Json:
        hint = "write day, week, month, quarter, year, ever, or a rolling window such as 24 hours"
        return {"anyOf": [shapes.one_of(_CALENDAR_WINDOWS), shapes.text([shapes.span(_ROLLING_UNITS)], hint)]}


_CALENDAR_WINDOWS = ("day", "week", "month", "quarter", "year", "ever")
_ROLLING_UNITS: tuple[SpanUnit, ...] = ("hours", "days", "months", "years")


LIST_OF_METHODS = both("환급 수단 목록", "a list of methods")


class Methods(Field):
    """A list of the refund methods that the file declares, or `same`: the method of the request itself."""

    def read(self, raw: Any) -> tuple[str, ...] | Literal["same"]:
        if raw == "same":
            return "same"
        if isinstance(raw, str):
            hint = suggest(raw, ["same"]) or both(
                "{example} 형식으로 쓰거나, 신청한 환급 수단이면 same이라고 쓰십시오",
                "write {example}, or same for the method of the request",
                example=example_list(raw),
            )
            refuse("not-a-list", not_a_list_of_methods(raw), hint)
        methods: tuple[str, ...] = _METHODS.read(raw)
        return methods

    def json_schema(self, shared: Shared) -> Json:
        return {"anyOf": [shapes.one_of(("same",)), _METHODS.json_schema(shared)]}


_METHODS = ListOf(Declared("method"), (), what=LIST_OF_METHODS)


def not_a_list_of_methods(raw: object) -> Text:
    """The message about what should be a list of methods."""
    return both("환급 수단 목록이 아닙니다: {found}", "{found} is not a list of methods", found=shown(raw))


def which_methods(methods: tuple[str, ...] | Literal["same"]) -> dict[str, Any]:
    """The methods of a window as the model keeps them."""
    return {"methods": (), "same_method": True} if methods == "same" else {"methods": methods}


class Measured(Field):
    """What a limit looks at: an amount of this refund or of what it leaves, or the refunds of a window."""

    def read(self, raw: Any) -> Measure:
        if raw in SINGLE_MEASURES:
            return Measure(raw)
        if not isinstance(raw, dict):
            one_of(raw, _MEASURES, both("측정 대상", "measure"))
        named: list[Literal["sum", "count"]] = [kind for kind in _COUNTED if kind in raw]
        if len(named) == 2:
            raise ValidationError({"count": [stand_together("sum", "count")]})
        if not named and not any(suggest(key, _COUNTED) for key in raw):
            hint = both("{example} 형식으로 쓰십시오", "write {example}", example=_MEASURES[-1])
            refuse("missing-choice", one_is_missing(("sum", "count")), hint)
        kind = (named or ["sum"])[0]
        found = (_COUNT if kind == "count" else _SUM).load(raw)
        word = found.pop("kind")
        methods = which_methods(found.pop("methods"))
        return Measure(kind, **found, **methods, **({"summed": word} if kind == "sum" else {}))

    def json_schema(self, shared: Shared) -> Json:
        counted = {
            "type": "object",
            "if": {"required": ["count"]},
            "then": _COUNT.json_schema(shared),
            "else": _SUM.json_schema(shared),
        }
        return {"anyOf": [shapes.one_of(_MEASURES[:-1]), counted]}


_COUNTED: Mapping[Literal["sum", "count"], tuple[str, ...]] = {
    "sum": ("refund.points", "refund.payout"),
    "count": ("refunds",),
}
_MEASURES = (
    *SINGLE_MEASURES,
    "{sum: refund.points, per: month, of: account}",
)


class _Counted(Field):
    """`sum: refund.points`, `sum: refund.payout` or `count: refunds`."""

    def __init__(self, kind: Literal["sum", "count"]) -> None:
        example = f"{kind}: {_COUNTED[kind][0]}"
        super().__init__(data_key=kind, about=Text(example, example))
        self.kind = kind

    def read(self, raw: Any) -> str:
        return one_of(raw, _COUNTED[self.kind], Text(self.kind, self.kind))

    def json_schema(self, shared: Shared) -> Json:
        return shapes.one_of(_COUNTED[self.kind])


class _WindowMap(Map):
    per = Window(
        about=both(
            "집계 기간: day, week, month, quarter, year, ever, 또는 24 hours처럼 지금부터 거슬러 센 기간",
            "the window: day, week, month, quarter, year, ever, or a rolling one such as 24 hours",
        )
    )
    key = OneOf(
        ("account", "receiving_account"),
        both("묶는 기준", "key of a window"),
        data_key="of",
        about=both(
            "누구의 환급을 합칠지: account 또는 receiving_account",
            "whose refunds are taken together: account or receiving_account",
        ),
    )
    methods = Methods((), about="The refund methods, or same; all without it.")


class _SumMap(_WindowMap):
    kind = _Counted("sum")


class _CountMap(_WindowMap):
    kind = _Counted("count")


class _BalanceShareMap(Map):
    share = Percentage(about=both("비율", "the percentage"))
    of = OneOf(
        ("available", "balance"),
        both("보유 포인트", "holding"),
        about=both(
            "무엇의 비율인지. available은 환급 가능 포인트, balance는 유효기간이 남은 전체 포인트",
            "of what: available (what can be refunded) or balance (all that has not expired)",
        ),
    )
    rounding = OneOf(
        ("down", "up", "half_up"),
        both("반올림 방식", "rounding"),
        about=both("끝수를 처리하는 방식", "how the share is rounded"),
    )
    at_least = Amount("points", None, about="The share is never below this.")


_SUM, _COUNT, _BALANCE_SHARE = _SumMap(), _CountMap(), _BalanceShareMap()
