"""Facts of a case that are worked out, set by what they are worked out from: an age by a day of birth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from engine.calendars import subtract_span
from engine.draws import Draws
from policies.model import Span

Draft = dict[str, Any]
"""The plain data of a case, that nobody promises to be sound."""


def moved(day: date, days: int) -> date:
    """The day so many days later; the day itself where the calendar ends before."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return day


def _set_age(draft: Draft, value: Any, lot: int, day: date, draws: Draws) -> None:
    if isinstance(value, int):
        born = subtract_span(day, Span(max(0, value), "years"))
        draft["account"]["born_on"] = moved(born, draws.one_of((0, 0, 1, -1))).isoformat()


def _set_used(draft: Draft, value: Any, lot: int, day: date, draws: Draws) -> None:
    if draft["lots"] and isinstance(value, int) and value >= 0:
        one = draft["lots"][lot % len(draft["lots"])]
        one["amount"] = max(one["amount"], value + 1)
        one["left"] = one["amount"] - value


def _set_untouched(draft: Draft, value: Any, lot: int, day: date, draws: Draws) -> None:
    _set_used(draft, 0 if value else 1 + draws.below(1000), lot, day, draws)


def _set_used_rate(draft: Draft, value: Any, lot: int, day: date, draws: Draws) -> None:
    if draft["lots"] and isinstance(value, int | Fraction):
        one = draft["lots"][lot % len(draft["lots"])]
        one["amount"] = max(one["amount"], 10_000) // 10_000 * 10_000
        one["left"] = min(one["amount"], max(0, one["amount"] - int(one["amount"] * Fraction(value) / 100)))


def _set_chosen(draft: Draft, value: Any, lot: int, day: date, draws: Draws) -> None:
    if "request" in draft and draft["lots"]:
        draft["request"]["lots"] = [draft["lots"][lot % len(draft["lots"])]["id"]] if value else []


def _set_chosen_lots(draft: Draft, value: Any, lot: int, day: date, draws: Draws) -> None:
    if "request" in draft and isinstance(value, int):
        draft["request"]["lots"] = [each["id"] for each in draft["lots"][: max(0, value)]]


WORKED_OUT: Mapping[str, Callable[[Draft, Any, int, date, Draws], None]] = {
    "account.age": _set_age,
    "account.year_age": _set_age,
    "lot.used": _set_used,
    "lot.untouched": _set_untouched,
    "lot.used_rate": _set_used_rate,
    "lot.chosen": _set_chosen,
    "request.chosen_lots": _set_chosen_lots,
}
"""By the path of each such fact: what makes it come to a value, in a draft and one of its lots."""
