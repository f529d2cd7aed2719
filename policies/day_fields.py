"""The field types of days and times of day, beside the day itself in `fields.py`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from policies import json_shapes as shapes
from policies.fields import Field, Map, WholeNumber
from policies.json_shapes import Json, Shared
from policies.model import WEEKDAYS, BusinessDay, DayOfMonth, DayOfYear, FactRef, TimeOfDay, ValueRef, Weekday
from policies.problems import both
from policies.readers import (
    DAY_OF_YEAR,
    FACT_PATH,
    one_of,
    read_date_fact,
    read_day,
    read_day_of_month,
    read_day_of_year,
    read_reference,
    read_time,
)


class DayOrFact(Field):
    """A day, a fact that is a day, or `$value` that is a day."""

    def __init__(self, scopes: Sequence[str], default: object = ..., **more: Any) -> None:
        super().__init__(default, **more)
        self.scopes = scopes

    def read(self, raw: Any) -> date | FactRef | ValueRef:
        reference = read_reference(raw, ("date",))
        if reference:
            return reference
        if isinstance(raw, str) and FACT_PATH.fullmatch(raw):
            return FactRef(read_date_fact(raw, self.scopes))
        hint = both(
            "2026-01-31처럼 쓰거나, 날짜인 팩트를 쓰십시오", "write it like 2026-01-31, or name a fact that is a day"
        )
        return read_day(raw, hint)

    def json_schema(self, shared: Shared) -> Json:
        return shapes.fact_path(self.scopes, ("date",), shapes.DAY, shapes.REFERENCE)


class DateFact(Field):
    """The path of a fact that is a day."""

    def __init__(self, scopes: Sequence[str], default: object = ..., **more: Any) -> None:
        super().__init__(default, **more)
        self.scopes = scopes

    def read(self, raw: Any) -> str:
        return read_date_fact(raw, self.scopes)

    def json_schema(self, shared: Shared) -> Json:
        return shapes.fact_path(self.scopes, ("date",))


class Time(Field):
    """A time of day, in quotes; where it is the `end` of something it may be 24:00."""

    def __init__(self, default: object = ..., *, end: bool = False, **more: Any) -> None:
        super().__init__(default, **more)
        self.end = end

    def read(self, raw: Any) -> TimeOfDay:
        return read_time(raw, end=self.end)

    def json_schema(self, shared: Shared) -> Json:
        hours = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
        return shapes.text([f"{hours}|24:00" if self.end else hours], "write a time in quotes, such as 16:00")


class MonthDay(Field):
    """A day that comes every month: 1 to 31, or `last`."""

    def read(self, raw: Any) -> DayOfMonth:
        return read_day_of_month(raw)

    def json_schema(self, shared: Shared) -> Json:
        return {"anyOf": [shapes.whole(1, 31), shapes.one_of(("last",))]}


class YearDay(Field):
    """A day that comes every year, such as 12-31."""

    def read(self, raw: Any) -> DayOfYear:
        return read_day_of_year(raw)

    def json_schema(self, shared: Shared) -> Json:
        return shapes.text([_DAY_OF_YEAR], "write month and day, such as 12-31")


class BatchDay(Field):
    """A day or a business day of every month, a day of every year or of every week."""

    def read(self, raw: Any) -> DayOfMonth | BusinessDay | DayOfYear | Weekday:
        return BusinessDay(**_BUSINESS_DAY.load(raw)) if isinstance(raw, dict) else _batch_day(raw)

    def json_schema(self, shared: Shared) -> Json:
        days = [shapes.whole(1, 31), shapes.one_of(("last", *WEEKDAYS)), shapes.text([_DAY_OF_YEAR])]
        return {"anyOf": [*days, _BUSINESS_DAY.json_schema(shared)]}


class _NumberOrLast(WholeNumber):
    def read(self, raw: Any) -> Any:
        return raw if raw == "last" else super().read(raw)

    def json_schema(self, shared: Shared) -> Json:
        return {"anyOf": [super().json_schema(shared), shapes.one_of(("last",))]}


class _BusinessDayMap(Map):
    number = _NumberOrLast(
        1, 23, data_key="business_day", about=both("몇 번째 영업일인지, 또는 last", "which business day, or last")
    )


_BUSINESS_DAY = _BusinessDayMap()


_DAY_OF_YEAR = (
    "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|[12][0-9])"
)


def _batch_day(raw: object) -> DayOfMonth | DayOfYear | Weekday:
    """A day on which payouts are made: of every month, of every year or of every week."""
    if raw in WEEKDAYS:
        return raw
    if isinstance(raw, str) and DAY_OF_YEAR.fullmatch(raw):
        return read_day_of_year(raw)
    if isinstance(raw, str) and raw != "last":
        one_of(raw, (*WEEKDAYS, "last", "15", "02-15"), both("지급일", "batch day"))
    return read_day_of_month(raw)
