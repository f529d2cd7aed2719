"""The largest, or smallest, amount that passes every rule: searched for exactly, and really decided.

Between two *breaks* (amounts that a condition, or a value with bands, tells apart) the same rules speak with the same
figures. There, what can deny an amount is
- what denies every amount of the stretch alike: then none of it passes;
- limits on points and the points available, which let through a range of amounts with one rest (`bounds.Allowed`),
  and besides it, where a limit says `or_all`, the points available themselves;
- the money: steps of a price, nothing at all, fees and taxes that leave nothing, and limits on gross and payout.
  Money need not grow with the points: a tax may set in, a fee be capped. `courses.py` searches it.
An amount is only passed over when it is shown to fail, and only returned when it was decided to pass.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

from engine.bounds import ANY, Allowed
from engine.courses import Course, Wanted
from engine.errors import Conflict
from engine.judgement import Judgement

Judge = Callable[[int], Judgement]

_LIFTED_BY_OTHER_AMOUNTS = frozenset({"limit", "allocate", "price", "fee", "tax"})
_OF_LOTS = ("price", "fee", "tax")
"""Of what rules contradict each other only for the lots that they share."""

_ANY_MONEY = Allowed(1, ANY)
_NOTHING = Allowed(0, -1)


def largest(
    judge: Judge,
    breaks: Sequence[int],
    least: int,
    most: int,
    gross: Allowed = _ANY_MONEY,
    near: Judgement | None = None,
    *,
    steady: bool = False,
) -> int | None:
    """The largest amount from `least` to `most` that passes and comes to a `gross` that is asked for, None when none
    does. `breaks` are ascending. `near` is an amount judged before, which tells what limits its stretch, and where that
    is `steady`, every stretch.
    """
    for first, last in reversed(stretches(breaks, least, most)):
        known = near if near is not None and (steady or _alike(breaks, near.points, first)) else None
        found = _within(judge, first, last, gross, known, from_top=True)
        if found is not None:
            return found
    return None


def smallest(
    judge: Judge,
    breaks: Sequence[int],
    least: int,
    most: int,
    gross: Allowed = _ANY_MONEY,
    near: Judgement | None = None,
    *,
    steady: bool = False,
) -> int | None:
    """The smallest amount from `least` to `most` that passes, None when none does."""
    for first, last in stretches(breaks, least, most):
        known = near if near is not None and (steady or _alike(breaks, near.points, first)) else None
        found = _within(judge, first, last, gross, known, from_top=False)
        if found is not None:
            return found
    return None


def stretches(breaks: Sequence[int], least: int, most: int) -> list[tuple[int, int]]:
    """The amounts from `least` to `most`, cut so that each break begins a stretch."""
    if least > most:
        return []
    starts = [least, *breaks[bisect_right(breaks, least) : bisect_left(breaks, most + 1)]]
    return list(zip(starts, [start - 1 for start in starts[1:]] + [most], strict=True))


def _alike(breaks: Sequence[int], one: int, other: int) -> bool:
    """Whether no break lies between two amounts, so that the same rules speak of both with the same figures."""
    return bisect_right(breaks, one) == bisect_right(breaks, other)


def _within(
    judge: Judge, first: int, last: int, gross: Allowed, near: Judgement | None, *, from_top: bool
) -> int | None:
    """The largest or smallest amount of one stretch that passes. `near`, if any, is a judged amount of its kind."""

    def passes(judgement: Judgement) -> bool:
        return judgement.passes and gross.least <= judgement.gross <= gross.most

    top = near or judge(last)
    if near is None and from_top and passes(top):
        return last
    # Nothing above all that is available can pass.
    everything = top.available if first <= top.available <= last and _lets_all_through(top) else None
    if everything is not None and from_top and passes(judge(everything)):
        return everything
    allowed = _allowed(top, first, last)
    if allowed is not None:
        # Most often it is one end of what limits and lots let through.
        end = allowed.down(allowed.most) if from_top else allowed.up(allowed.least)
        if passes(judge(end)):
            return end
        if near is not None:
            top = judge(last)
        found = _by_money(top, allowed, gross, from_top=from_top)
        if found is not None:
            judgement = judge(found)
            if judgement.conflict is None or judgement.conflict.kind != "pay":
                assert passes(judgement), f"{found} points were found to pass, and do not"
                return found
    return everything if everything is not None and not from_top and passes(judge(everything)) else None


def _lets_all_through(judgement: Judgement) -> bool:
    """Whether a limit lets a request pass because it is for all that there is."""
    return any(ready.bound.or_all for ready in judgement.speaking("limit"))


def _by_money(top: Judgement, allowed: Allowed, gross: Allowed, *, from_top: bool) -> int | None:
    """The largest or smallest of the allowed amounts whose money is as it has to be, None where there is none."""
    try:
        return Course(top).best(allowed, wanted(top, gross), from_top=from_top)
    except Conflict:
        return None


def _allowed(top: Judgement, first: int, last: int) -> Allowed | None:
    """What the limits on points and the lots let through of a stretch, told at its top; None when nothing at all."""
    if top.let_through is None:
        top.let_through = _let_through(top)
    allowed: Allowed | None = top.let_through.both(Allowed(first, last))
    return allowed if allowed and allowed.up(allowed.least) <= allowed.most else None


def _let_through(judgement: Judgement) -> Allowed:
    """What the limits on points and the lots let through while the same rules speak."""
    conflict = judgement.conflict
    if conflict is not None and conflict.kind not in _OF_LOTS:
        return _NOTHING
    denying = [each.ready.rule.kind for each in judgement.spoken if each.effect == "denies"]
    if not _LIFTED_BY_OTHER_AMOUNTS.issuperset(denying):
        return _NOTHING
    allowed: Allowed | None = Allowed(1, judgement.available)
    for ready, reading in judgement.readings:
        allowed = allowed and allowed.both(ready.bound.allowed(reading))
    return allowed or _NOTHING


def wanted(judgement: Judgement, gross: Allowed = _ANY_MONEY, *, capped: bool = True) -> Wanted:
    """The gross that is asked for and that limits let through, and the payout that they do; unless `capped`, those that
    say how much it may be at most aside.
    """
    payout: Allowed | None = Allowed(0, ANY)
    kept: Allowed | None = gross
    set_off = True
    for ready in judgement.speaking("limit"):
        if ready.bound.in_money:
            reading = ready.bound.read(judgement)
            more = ready.bound.allowed(reading)
            more = more if capped else more.between(more.least, ANY)
            if ready.bound.of_gross:
                kept = kept and kept.both(more)
                continue
            payout = payout and payout.both(more)
            set_off = set_off and ready.bound.passes_set_off(reading)
    return Wanted(payout or _NOTHING, kept or _NOTHING, set_off)
