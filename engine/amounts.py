"""The largest, or smallest, amount that passes every rule: searched for exactly, and really decided.

Between two *breaks* (amounts that a condition, or a value with bands, tells apart) the same rules speak with the same
figures. There, what can deny an amount is
- what denies every amount of the stretch alike: then none of it passes;
- limits and the points available, which let through a range of amounts with one rest (`bounds.Allowed`);
- the fees, if they come to more than the amount.
Fees never fall as more points are asked for, because lots that pay keep paying. So a stretch is halved until one of
its ends passes, or its ends show that nothing between them can. That ends, as every half is shorter; it is exact, as
an amount is only passed over when it is shown to fail, and only returned when it was decided to pass.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from fractions import Fraction

from engine.bounds import Allowed
from engine.judgement import Judgement

Judge = Callable[[int], Judgement]

_LIFTED_BY_OTHER_AMOUNTS = ("limit", "allocate", "fee")


def largest(judge: Judge, breaks: Sequence[int], least: int, most: int) -> int | None:
    """The largest amount from `least` to `most` that passes, None when none does. `breaks` are ascending."""
    for first, last in reversed(_stretches(breaks, least, most)):
        found = _within(judge, first, last, from_top=True)
        if found is not None:
            return found
    return None


def smallest(judge: Judge, breaks: Sequence[int], least: int, most: int) -> int | None:
    """The smallest amount from `least` to `most` that passes, None when none does."""
    for first, last in _stretches(breaks, least, most):
        found = _within(judge, first, last, from_top=False)
        if found is not None:
            return found
    return None


def _stretches(breaks: Sequence[int], least: int, most: int) -> list[tuple[int, int]]:
    """The amounts from `least` to `most`, cut so that each break begins a stretch."""
    if least > most:
        return []
    starts = [least, *breaks[bisect_right(breaks, least) : bisect_left(breaks, most + 1)]]
    return list(zip(starts, [start - 1 for start in starts[1:]] + [most], strict=True))


def _within(judge: Judge, first: int, last: int, *, from_top: bool) -> int | None:
    """The largest or smallest amount of one stretch that passes."""
    top = judge(last)
    if from_top and top.passes:
        return last
    allowed = _allowed(top, first, last)
    if allowed is None:
        return None
    stretches = [(allowed.up(allowed.least), allowed.down(allowed.most))]
    while stretches:
        low, high = stretches.pop()
        if low > high:
            continue
        # The top of the stretch was judged already.
        top = top if high == top.points else judge(high)
        if from_top and top.passes:
            return high
        bottom = judge(low) if low < high else top
        if not from_top and bottom.passes:
            return low
        if any(end.conflict is not None and end.conflict.kind == "pay" for end in (bottom, top)):
            return None
        if low < high and not _nothing_between(bottom, top):
            middle = low + (high - low) // (2 * allowed.step) * allowed.step
            # The ends that were found to fail are not looked at again.
            lower = (low, middle) if from_top else (low + allowed.step, middle)
            upper = (middle + allowed.step, high - allowed.step if from_top else high)
            stretches += [lower, upper] if from_top else [upper, lower]
    return None


def _allowed(top: Judgement, first: int, last: int) -> Allowed | None:
    """What the limits and the lots let through of a stretch, told at its top; None when nothing at all."""
    if top.conflict is not None and top.conflict.kind != "fee":
        return None
    if any(each.effect == "denies" and each.ready.rule.kind not in _LIFTED_BY_OTHER_AMOUNTS for each in top.spoken):
        return None
    allowed: Allowed | None = Allowed(first, min(last, top.available))
    for ready, reading in top.readings:
        allowed = allowed and allowed.both(ready.bound.allowed(reading))
    return allowed if allowed and allowed.least <= allowed.most else None


def _nothing_between(bottom: Judgement, top: Judgement) -> bool:
    """Whether two amounts, if they fail by their fees, show that every amount between them fails."""
    if bottom.passes or top.passes:
        return False
    if bottom.conflict is not None:
        # A lot that two fees claim goes on paying when more points are asked for.
        return True
    if bottom.fee > top.points:
        return True
    if top.conflict is not None:
        return False
    # Going down from the top, fees fall by their rates, by less than a rounding step each, and by whole charges that
    # only begin above the bottom. If even that leaves them above the amount, nothing between passes.
    charged_below = {charge.ready.id for charge in bottom.charges}
    begins = sum([charge.fee for charge in top.charges if charge.by_lot or charge.ready.id not in charged_below])
    rates = sum([charge.rate for charge in top.charges if charge.rate is not None], Fraction(0))
    roundings = sum([charge.to for charge in top.charges if charge.rate is not None])
    falls = max(Fraction(0), rates / 100 - 1) * (top.points - bottom.points) + roundings + begins
    missing = top.fee - top.points
    return missing >= falls if roundings else missing > falls
