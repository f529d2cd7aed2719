"""Measures and their bounds in columns: what was refunded in a window, whether a bound is passed, what it lets through.

`engine/windows.py` and `engine/bounds.py` say the same of one case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import lcm
from typing import Any

from engine.bounds import Bound, Held
from engine.population.sql_facts import Reader
from engine.population.sql_lots import Purse
from engine.population.sql_tables import Tables, is_one_of, own, own_refunds
from engine.population.sql_terms import (
    CannotSay,
    Cases,
    Formula,
    Known,
    either,
    every,
    greatest,
    least,
    literal,
    mapped,
    number,
    opposite,
    pick,
    product,
    rest,
    share,
    sql,
)
from engine.scene import Scene
from engine.windows import Bounds, window
from policies.model import BalanceShare, Measure

_BEGINNING = datetime.min.replace(tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a bound and its measure come to: `limit` by cases, and `base` the measure without the points asked for."""

    bound: Bound
    limit: Cases
    base: str

    @property
    def slope(self) -> int:
        """By how much the measure grows with each point."""
        return self.bound.gauge.slope

    def passes(self, amount: str) -> Formula:
        """Whether a measure that comes to the base and, by its slope, an amount is within the bound."""
        measured = _sum(self.base, self.slope, amount)
        sign = {"at_most": "<=", "at_least": ">="}.get(self.bound.sense)
        if sign is None:
            return f"({measured} % {self.amount} = 0)"
        return f"({measured} {sign} {self.amount})"

    @property
    def amount(self) -> str:
        """The limit as SQL."""
        return pick(mapped(self.limit, sql))

    @property
    def upper(self) -> str | None:
        """The most points that it lets through, None where it has no such bound."""
        if self.slope == 0 or (self.bound.sense == "at_most") != (self.slope > 0) or self.bound.sense == "multiple_of":
            return None
        return self._edge

    @property
    def lower(self) -> str | None:
        """The fewest points that it lets through, None where it has no such bound."""
        if self.slope == 0 or (self.bound.sense == "at_least") != (self.slope > 0) or self.bound.sense == "multiple_of":
            return None
        return self._edge

    @property
    def _edge(self) -> str:
        if self.slope > 0:
            return self.amount if self.base == "0" else f"({self.amount} - {self.base})"
        return f"({self.base} - {self.amount})"


def read(reader: Reader, tables: Tables, held: Purse, bound: Bound, rule: Any) -> Reading:
    """What the bound of a limit or a review comes to."""
    (field,) = [
        found
        for name in ("at_most", "at_least", "multiple_of", "over", "under")
        if (found := getattr(rule, name, None)) is not None
    ]
    if isinstance(field, BalanceShare):
        assert isinstance(bound.amount, Held), f"{rule.id} is bound by a share"
        of = held.available if field.of == "available" else held.balance
        points = pick(mapped(reader.figures(field.share), lambda rate: share(of, rate.value, field.rounding, 1)))
        if field.at_least is not None:
            points = greatest(points, reader.amount(field.at_least))
        limit: Cases = ((True, points),)
    else:
        limit = reader.figures(field)
    limit = tuple((where, _beyond(figure, bound.beyond)) for where, figure in limit)
    return Reading(bound, limit, _base(reader, tables, held, rule.measure, bound))


def _beyond(figure: Any, beyond: int) -> Any:
    if isinstance(figure, Known):
        return Known(figure.value + beyond)
    return f"({figure} + {beyond})" if beyond else figure


def _sum(base: str, slope: int, amount: str) -> str:
    if slope == 0:
        return base
    if slope < 0:
        return f"({base} - {amount})"
    return amount if base == "0" else f"({base} + {amount})"


def _base(reader: Reader, tables: Tables, held: Purse, measure: Measure, bound: Bound) -> str:
    if bound.gauge.alone:
        return "0"
    if measure.of in ("balance.before", "balance.after"):
        return held.balance
    if measure.of in ("available.before", "available.after"):
        return held.available
    if measure.of == "destination.after":
        return literal(reader.request.destination_balance)
    assert measure.per is not None, f"{measure.of} needs a window"
    methods = (reader.request.method,) if measure.same_method else measure.methods
    where = past(reader, window(measure.per, reader.compiled.zone), measure.key, methods)
    if measure.of == "count":
        return f"({tables.summed('1', where)} + 1)"
    return tables.summed(own("payout" if measure.in_money else "points"), where)


def past(reader: Reader, bounds: Bounds, key: str, methods: Sequence[str]) -> str:
    """Where a past refund counts: in the window, of the account or to the receiving account, by one of the methods."""
    start, end = bounds(Scene(None, reader.day, reader.asking.as_of))  # type: ignore[arg-type]
    found = []
    if start > _BEGINNING:
        found.append(f"{own('requested_at')} >= {literal(start.replace(tzinfo=None))}")
    if end < _END:
        found.append(f"{own('requested_at')} < {literal(end.replace(tzinfo=None))}")
    if key == "account":
        found.append(own_refunds())
    elif "receiving_account" in reader.asking.request:
        found.append(f"{own('receiving_account')} = {literal(reader.request.receiving_account)}")
    else:
        found.append(f"{own('receiving_account')} = 'own:' || {own('account_id')}")
    if methods:
        found.append(is_one_of(own("method"), methods))
    return sql(every(found))


Speaking = tuple[Formula, Reading]
"""A limit, and where it has its say."""


@dataclass(frozen=True, slots=True)
class Range:
    """The amounts from `low` to `most` that leave the rest `rest` when divided by `step`; `empty` where it is known
    that there are none.
    """

    low: str
    most: str
    step: str
    rest: str
    empty: bool = False

    @property
    def top(self) -> str:
        """The largest of them, or less than `low` where there is none."""
        return down(self.most, self.step, self.rest)

    @property
    def bottom(self) -> str:
        """The smallest of them, or more than `most` where there is none."""
        return up(self.low, self.step, self.rest)


def down(amount: str, step: str, left: str) -> str:
    """The largest amount of a rest up to an amount."""
    if step == "1":
        return amount
    return f"({amount} - {rest(amount if left == '0' else f'({amount} - {left})', step)})"


def up(amount: str, step: str, left: str) -> str:
    """The smallest amount of a rest from an amount."""
    if step == "1":
        return amount
    return f"({amount} + {rest(f'({left} - {amount})', step)})"


NO_BOUND = "CAST(9007199254740991 AS BIGINT)"
"""More points than an account can hold."""


Steps = tuple[Formula, Cases]
"""A step that points have to be a multiple of, by cases, and where it is asked for."""


def allowed(
    keep: Callable[[str], str], limits: Sequence[Speaking], low: Sequence[str], most: Sequence[str], *further: Steps
) -> Range:
    """The amounts that limits on points, and further steps, let through between bounds. What each limit comes to is
    passed through `keep`. Raises CannotSay.
    """
    lowers = [keep(number(where, each.lower, "0")) for where, each in limits if each.lower is not None]
    uppers = [keep(number(where, each.upper, NO_BOUND)) for where, each in limits if each.upper is not None]
    fewest, most_known = (
        [int(each) for each in several if each.isdecimal()] for several in ([*low, *lowers], [*most, *uppers])
    )
    empty = bool(fewest and most_known) and max(fewest) > min(most_known)
    return Range(greatest(*low, *lowers), least(*most, *uppers), *lattice(limits, *further), empty)


def lattice(limits: Sequence[Speaking], *further: Steps) -> tuple[str, str]:
    """The step that limits leave, and its rest. Raises CannotSay."""
    stepping = [(where, each) for where, each in limits if each.bound.sense == "multiple_of" and each.slope]
    if all(each.base == "0" for _, each in stepping):
        several: list[Cases] = [
            (*((every([where, one]), figure) for one, figure in cases), (True, Known(1)))
            for where, cases in (*((where, each.limit) for where, each in stepping), *further)
        ]
        if not several:
            return "1", "0"
        return pick(mapped(product(*several), lambda figures: str(lcm(*(each.value for each in figures))))), "0"
    if len(stepping) + len(further) > 1:
        raise CannotSay("여러 단위가 서로 다른 나머지를 요구합니다", "several steps ask for different rests together")
    ((where, only),) = stepping
    base = f"(-{only.base})" if only.slope > 0 else only.base
    return number(where, only.amount, "1"), number(where, rest(base, only.amount))


def denying(limits: Sequence[Speaking], amount: str, everything: str | None) -> list[Formula]:
    """Where each limit denies an amount; `everything` is what passes whatever a limit says that lets all through."""
    found: list[Formula] = []
    for where, each in limits:
        passes = each.passes(amount)
        if each.bound.or_all and everything is not None:
            passes = either([passes, f"({amount} = {everything})"])
        found.append(every([where, opposite(passes)]))
    return found
