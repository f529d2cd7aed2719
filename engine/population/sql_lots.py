"""The lots in columns: until when each lasts, whether it can pay, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.kinds.allocate import ReadyAllocate
from engine.kinds.expire import ReadyExpire
from engine.population.answers import LOT_KEYS
from engine.population.sql_facts import Reader
from engine.population.sql_guards import Guards, refuse_conflicts
from engine.population.sql_tables import Tables
from engine.population.sql_terms import (
    COUNTED,
    CannotSay,
    Formula,
    Unsayable,
    either,
    every,
    literal,
    mapped,
    opposite,
    pick,
    sql,
)
from policies.kinds.allocate import ByClass
from policies.model import DayOfYear, Span

NO_DAY = "CAST(NULL AS DATE)"


@dataclass(frozen=True, slots=True)
class Purse:
    """What an account holds before one method: `usable` are the points of each lot that can pay, `last_day` until when
    it lasts; `available` and `balance` are the points of the account.
    """

    usable: str
    last_day: str
    available: str
    balance: str


def purse(reader: Reader, tables: Tables, rules: Mapping[str, Sequence[Any]]) -> Purse:
    """The lots as the rules see them; `reader` reads lots. Raises Unsayable."""
    last_day = tables.of_lot(_last_day(reader, Guards(reader, rules["expire"])))
    expired = f"COALESCE({last_day} < {literal(reader.day)}, FALSE)"
    excluding = either([where for _, where in Guards(reader, rules["exclude"]).speaking()])
    excluded = tables.of_lot(excluding) if isinstance(excluding, str) else excluding
    usable = tables.points_held(every([opposite(expired), opposite(excluded)]))
    kept = tables.points_held(opposite(expired))
    return Purse(usable, last_day, tables.together(usable), tables.together(kept))


def _last_day(reader: Reader, guards: Guards) -> str:
    """The last usable day of a lot: of the rule that has its say, or else its own. NULL where it never expires."""
    speaking = guards.speaking()
    refuse_conflicts(speaking)
    cases: list[tuple[Formula, str]] = []
    for ready, where in speaking:
        try:
            cases.append((where, _last_day_by(reader, ready)))
        except CannotSay as cannot:
            raise Unsayable(ready.id, cannot.why) from None
    return pick([*cases, (True, sql(reader.fact("lot.expires_on")))])


def _last_day_by(reader: Reader, ready: ReadyExpire) -> str:
    rule: Any = ready.rule
    if rule.never:
        return NO_DAY
    if rule.after is None and rule.idle is None:
        return pick(mapped(reader.figures(rule.last_day), sql))
    start = sql(reader.fact(rule.start))
    life = reader.figures(rule.after or rule.idle)
    end = pick(mapped(life, lambda span: _end(start, span.value, rule)))
    if rule.idle is not None:
        again = pick(mapped(life, lambda span: _end("activity", span.value, rule)))
        end = _extended(reader, start, end, again)
    # LEAST passes over what is missing, so that a missing start has to be asked for.
    return pick([(f"({start} IS NULL)", NO_DAY), (True, end)]) if reader.policy.facts[rule.start].none else end


def _extended(reader: Reader, start: str, end: str, again: str) -> str:
    """The end of a life that every activity up to its end, and up to the day of the request, begins anew."""
    assert reader.account is not None, "lots are read with their accounts"
    days = f"LIST_APPEND({reader.account('activity_days')}, {sql(reader.fact('account.last_activity_on'))})"
    known = f"LIST_FILTER({days}, activity -> activity IS NOT NULL AND activity <= {literal(reader.day)})"
    begins = f"activity > {start} AND activity <= ended"
    longer = f"(CASE WHEN {begins} THEN GREATEST(ended, {again}) ELSE ended END)"
    return f"LIST_REDUCE(LIST_SORT({known}), (ended, activity) -> {longer}, {end})"


def _end(start: str, span: Span, rule: Any) -> str:
    """Where a life that begins on a day ends, as `engine.kinds.expire.end_of_life` has it."""
    end = _later(start, span)
    if rule.first_day_counted:
        shortened = "FALSE" if span.unit == "days" else f"DAY({end}) <> DAY({start})"
        end = f"(CASE WHEN {shortened} THEN {end} ELSE {end} - 1 END)"
    if isinstance(rule.until, DayOfYear):
        month, day = rule.until.month, rule.until.day
        if (month, day) == (2, 29):
            return f"LAST_DAY(MAKE_DATE(YEAR({end}), 2, 1))"
        return f"MAKE_DATE(YEAR({end}), {month}, {day})"
    month_of = {
        "quarter_end": f"(MONTH({end}) + 2) // 3 * 3",
        "half_year_end": f"(MONTH({end}) + 5) // 6 * 6",
        "year_end": "12",
    }
    if rule.until in month_of:
        return f"LAST_DAY(MAKE_DATE(YEAR({end}), {month_of[rule.until]}, 1))"
    return f"LAST_DAY({end})" if rule.until == "month_end" else end


_LONGEST = 5_000
"""Beyond so many years a life may reach the end of the calendar, which is where it ends then."""


def _later(day: str, span: Span) -> str:
    months = span.count * (12 if span.unit == "years" else 1)
    if span.unit == "days":
        if span.count > _LONGEST * 365:
            raise CannotSay("달력의 끝을 넘는 기간입니다", "its length leads beyond the end of the calendar")
        return f"({day} + {span.count})" if span.count else day
    if months > _LONGEST * 12:
        raise CannotSay("달력의 끝을 넘는 기간입니다", "its length leads beyond the end of the calendar")
    return f"CAST({day} + INTERVAL '{months}' MONTH AS DATE)" if months else day


_FIRST = date(1900, 1, 1)
_DAYS = 2**22
"""More days than lie from `_FIRST` to the end of the calendar."""

_POINTS = 2**41
"""More points than a lot can hold."""

_MOST = 2**62
"""A key that is one number can be no larger."""


def order_of(reader: Reader, tables: Tables, last_day: str, ready: ReadyAllocate, flags: Sequence[str]) -> list[str]:
    """The keys by which lots pay, first to last: whole numbers of which as many as fit are made one, which sorts faster
    than several, and at last the lot's id. The id may be left out where lots of the same keys have the same `flags`,
    which are the facts that matter: then it makes no difference which of them pays first.
    """
    keys: list[tuple[str, int]] = []
    told = set[str]()
    for key in ready.rule.order:  # type: ignore[attr-defined]
        found = _key(reader, tables, last_day, key)
        if found is None:
            continue
        if isinstance(key, ByClass) and len(reader.policy.facts[key.path].choices) <= len(key.members) + 1:
            told.add(key.path)
        if keys and keys[-1][1] * found[1] < _MOST:
            keys[-1] = f"({keys[-1][0]} * {found[1]} + {found[0]})", keys[-1][1] * found[1]
        else:
            keys.append(found)
    named = [key for key, _ in keys]
    return named if named and told.issuperset(flags) else [*named, LOT_KEYS[1]]


def _key(reader: Reader, tables: Tables, last_day: str, key: Any) -> tuple[str, int] | None:
    if isinstance(key, ByClass):
        fact = tables.of_lot(sql(reader.fact(key.path)))
        ranks = [(f"{fact} = {literal(member)}", str(rank)) for rank, member in enumerate(key.members)]
        return f"CAST({pick([*ranks, (True, str(len(ranks)))])} AS {COUNTED})", len(ranks) + 1
    if key == "soonest_to_expire":
        return f"COALESCE({_since(last_day)}, {_DAYS - 1})", _DAYS
    if key in ("oldest", "newest"):
        since = _since(tables.of_lot(sql(reader.fact("lot.acquired_on"))))
        return (since if key == "oldest" else f"({_DAYS - 1} - {since})"), _DAYS
    if key in ("smallest", "largest"):
        left = tables.of_lot(tables.lot("left"))
        return (left if key == "smallest" else f"({literal(_POINTS - 1)} - {left})"), _POINTS
    assert key == "chosen_by_member", f"{key} is no order"
    # Nobody of a population chooses lots.
    return None


def _since(day: str) -> str:
    return f"CAST(DATE_DIFF('day', {literal(_FIRST)}, {day}) AS {COUNTED})"
