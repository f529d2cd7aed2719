"""Limits beside one another: a minimum above a maximum, a step that does not fit, a fee that takes everything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, takewhile
from math import lcm
from typing import Literal

from policies.kinds.fee import Fee
from policies.kinds.limit import Limit
from policies.model import Amount, BalanceShare, Comparison, Measure, Policy, Rule, Text, ValueRef
from policies.problems import both
from policies.readers import Trouble
from policies.sentences import Teller
from policies.together import Clauses, Situation, Together, covers, tightest
from policies.values import figures

Found = Iterator[tuple[tuple[str | int, ...], str, Trouble]]
_EVERYWHERE = Text("", "")
_WHERE_BOTH = both("두 규칙이 함께 적용될 때: ", "where both rules apply, ")
REQUEST = Measure("request.points")
_MOST_BOUNDS = 6


def check_bounds(policy: Policy) -> Found:
    """No minimum is above a maximum that holds wherever it does, on every day and in every row."""
    for clash in _clashes(policy):
        if clash.always:
            message = both(
                "하한 {least:_} 값이 '{other}' 규칙의 상한 {most:_} 값보다 커서 늘 거절됩니다",
                "at least {least:_} is above at most {most:_} of '{other}', so nothing ever passes",
                least=clash.bad.figures[0],
                most=clash.bad.figures[1],
                other=clash.most.id,
            )
            hint = both("둘 중 하나를 고치십시오", "correct one of them")
            yield ("rules", clash.least.index, "at_least"), clash.least.id, Trouble("least-above-most", message, hint)


def advise_bounds(policy: Policy) -> Found:
    """A minimum that is above a maximum on some days or in some rows only."""
    for clash in _clashes(policy):
        if not clash.always:
            message = both(
                "{where}하한 {least:_} 값이 '{other}' 규칙의 상한 {most:_} 값보다 커서 모두 거절됩니다",
                "{where}at least {least:_} is above at most {most:_} of '{other}', so nothing passes",
                where=_here(policy, clash.region, clash.bad.clauses) or _WHERE_BOTH,
                least=clash.bad.figures[0],
                most=clash.bad.figures[1],
                other=clash.most.id,
            )
            hint = both(
                "이때 환급을 허용하려면 하한을 낮추거나 상한을 높이십시오",
                "if refunds should be possible then, lower the minimum or raise the maximum",
            )
            trouble = advice("nothing-passes", message, hint)
            yield ("rules", clash.least.index, "at_least"), clash.least.id, trouble


def advise_steps(policy: Policy) -> Found:
    """A step that does not divide the minimum, or that is larger than the maximum."""
    together = Together(policy)
    limits = [rule for rule in policy.rules if isinstance(rule, Limit)]
    steps = _with(limits, "multiple_of")
    for step, least, bad in _beside(together, steps, _Index(together, _with(limits, "at_least")), _does_not_divide):
        size, low = bad.figures
        message = both(
            "{where}{step:_} 단위가 '{other}' 규칙의 하한 {least:_} 값을 나누지 못해, 실제 하한은 {real:_}입니다",
            "{where}a step of {step:_} does not divide {least:_}, the minimum of '{other}'; the real one is {real:_}",
            where=_here(policy, together.region([step, least]), bad.clauses) or _EVERYWHERE,
            step=size,
            least=low,
            other=least.id,
            real=_round_up(low, size),
        )
        hint = both("하한을 단위의 배수로 쓰십시오", "let the minimum be a multiple of the step")
        yield ("rules", step.index, "multiple_of"), step.id, advice("step-beside-least", message, hint)
    for step, most, bad in _beside(together, steps, _Index(together, _with(limits, "at_most")), _is_above):
        message = both(
            "{where}{step:_} 단위가 '{other}' 규칙의 상한 {most:_} 값보다 커서 모두 거절됩니다",
            "{where}a step of {step:_} is above {most:_}, the maximum of '{other}', so nothing passes",
            where=_here(policy, together.region([step, most]), bad.clauses) or _EVERYWHERE,
            step=bad.figures[0],
            most=bad.figures[1],
            other=most.id,
        )
        hint = both("단위를 줄이거나 상한을 높이십시오", "make the step smaller, or raise the maximum")
        yield ("rules", step.index, "multiple_of"), step.id, advice("step-above-most", message, hint)


def _does_not_divide(step: int, least: int) -> bool:
    return least % step != 0


def _is_above(one: int, most: int) -> bool:
    return one > most


def _beside(
    together: Together, rules: Iterable[Limit], others: _Index, wrong: Callable[[int, int], bool]
) -> Iterator[tuple[Limit, Limit, Situation]]:
    """Each rule with the first of the others that holds wherever it does, or in part of it, and is wrong beside it."""
    for rule in rules:
        for other in (each for bucket in others.beside(rule.measure, rule) for each in bucket):
            bad = _first_wrong(together, rule, other, wrong)
            if bad is not None:
                yield rule, other, bad
                break


def _first_wrong(together: Together, rule: Limit, other: Limit, wrong: Callable[[int, int], bool]) -> Situation | None:
    if not together.spend():
        return None
    amounts = [_bound(rule), _bound(other)]
    if all(isinstance(each, int) for each in amounts) and not wrong(*amounts):  # type: ignore[arg-type]
        return None
    region = together.region([rule, other])
    found = () if region is None else together.situations(amounts, region)
    return next((each for each in found if wrong(*each.figures) and not _by_what_is_asked(each, region)), None)


def advise_shares(policy: Policy) -> Found:
    """A cap by a share of the balance under which the last points can never be refunded.

    Where exceptions lift the rule, or it is for some requests only, there is another way out.
    """
    together = Together(policy)
    limits = [rule for rule in policy.rules if isinstance(rule, Limit)]
    index = _Index(together, _with(limits, "at_least"))
    for rule in limits:
        share = rule.at_most
        asked = any(clause.path.startswith("request.") for clause in rule.when.comparisons())
        if not isinstance(share, BalanceShare) or asked or together.exceptions(rule) or not _strands(policy, share):
            continue
        if share.at_least is None:
            message = both(
                "잔액의 비율로만 제한하여, 마지막 포인트는 영영 환급되지 않습니다",
                "the cap is a share of the balance and nothing else, so the last points can never be refunded",
            )
            hint = both(
                "늘 환급되는 포인트를 at_least: 1_000처럼 비율 옆에 쓰십시오",
                "write beside the share what can always be refunded, such as at_least: 1_000",
            )
            yield ("rules", rule.index, "at_most"), rule.id, advice("share-without-exit", message, hint)
            continue
        for least in (each for bucket in index.beside(REQUEST, rule) for each in bucket):
            found = _first_above(together, rule, share.at_least, least)
            if found:
                message = both(
                    "{where}비율 옆의 at_least {way_out:_} 값이 '{other}' 규칙의 하한 {least:_} 값보다 작아, 마지막"
                    " 포인트는 영영 환급되지 않습니다",
                    "{where}at least {way_out:_} of the share is below {least:_}, the minimum of '{other}', so the last"
                    " points stay for ever",
                    where=_here(policy, together.region([rule, least]), found.clauses) or _EVERYWHERE,
                    way_out=found.figures[0],
                    other=least.id,
                    least=found.figures[1],
                )
                hint = both("하한 이상으로 쓰십시오", "let it be no less than the minimum")
                yield ("rules", rule.index, "at_most", "at_least"), rule.id, advice("exit-below-least", message, hint)
                break


def _first_above(together: Together, rule: Limit, way_out: Amount, least: Limit) -> Situation | None:
    """Where a minimum is above what a share lets through in any case."""
    region = together.region([rule, least])
    found = () if region is None else together.situations([way_out, _bound(least)], region)
    return next((each for each in found if each.figures[0] < each.figures[1]), None)


def _strands(policy: Policy, share: BalanceShare) -> bool:
    """Whether a share of a single point can come to nothing."""
    value = policy.values.get(share.share.name) if isinstance(share.share, ValueRef) else None
    rates = [each for _, cell in value.since for each in figures(cell)] if value else [share.share]
    whole = {"down": 100, "half_up": 50, "up": 0}[share.rounding]
    return any(isinstance(rate, Fraction) and rate < whole for rate in rates)


def advise_fees(policy: Policy) -> Found:
    """A flat fee that leaves nothing of the smallest amount that can be asked for."""
    if policy.rules_of("price"):
        # Points and money are then not one to one.
        return
    together = Together(policy)
    limits = [rule for rule in policy.rules if isinstance(rule, Limit) and rule.measure == REQUEST]
    index = _Index(together, [*_with(limits, "at_least"), *_with(limits, "multiple_of")])
    for rule in policy.rules:
        if isinstance(rule, Fee) and rule.flat is not None:
            every = (each for bucket in index.wider(REQUEST, rule) for each in bucket)
            wider = list(islice(every, _MOST_BOUNDS + 1))
            narrower = (each for bucket in index.narrower(REQUEST, rule) for each in bucket)
            for limit in (None, *narrower):
                found = _takes_all(together, rule, wider if limit is None else [*wider, limit])
                if found:
                    yield ("rules", rule.index, "flat"), rule.id, found
                    break


def _takes_all(together: Together, fee: Fee, limits: Sequence[Limit]) -> Trouble | None:
    """What is said of a fee that takes all of the smallest amount that the limits leave, where all of them hold."""
    assert fee.flat is not None, fee.id
    if not limits or len(limits) > _MOST_BOUNDS or not together.spend():
        return None
    region = together.region([fee, *limits])
    bounds = [_bound(each) for each in limits]
    if region is None or together.range(fee.flat) is None:
        return None
    for situation in together.situations(bounds, region):
        smallest = _smallest(limits, situation.figures)
        asked = Comparison("request.points", "is", smallest)
        known = {
            bound.name: figure
            for bound, figure in zip(bounds, situation.figures, strict=True)
            if isinstance(bound, ValueRef)
        }
        here = together.region([fee, *limits], (*situation.clauses, asked), known)
        if here is None or any(_depends_on_more(clause) for clause in here):
            continue
        for each in together.situations([fee.flat], here):
            if each.figures[0] >= smallest:
                return _fee_advice(together.policy, region, each, smallest)
    return None


def _smallest(limits: Sequence[Limit], figures: Sequence[int]) -> int:
    """The smallest amount of points that passes minimums and steps."""
    least, step = 1, 1
    for limit, figure in zip(limits, figures, strict=True):
        if limit.multiple_of is None:
            least = max(least, figure)
        else:
            step = lcm(step, figure)
    return _round_up(least, step)


def _depends_on_more(clause: Comparison) -> bool:
    """Whether a clause on the amount compares it with something that is not known here."""
    return clause.path == "request.points" and not isinstance(clause.right, int | tuple)


def _fee_advice(policy: Policy, region: Clauses, situation: Situation, smallest: int) -> Trouble:
    (flat,) = situation.figures
    asked = [clause for clause in situation.clauses if clause.path != "request.points"]
    figures = {"where": _here(policy, region, asked) or _EVERYWHERE, "smallest": smallest, "flat": flat}
    message = both(
        "{where}가장 적은 환급 {smallest:_}포인트에서 수수료 {flat:_} 값을 빼면 지급액이 없습니다",
        "{where}the smallest refund, {smallest:_} points, pays nothing, because its fee is {flat:_}",
        **figures,
    )
    if flat > smallest:
        message = both(
            "{where}가장 적은 환급 {smallest:_}포인트보다 수수료 {flat:_} 값이 커서 거절됩니다",
            "{where}the smallest refund, {smallest:_} points, is denied, because its fee is {flat:_}",
            **figures,
        )
    hint = both(
        "수수료를 낮추거나, 하한을 높이거나, 적은 환급을 unless: 항목에서 빼 주십시오",
        "lower the fee, raise the minimum, or except small refunds by unless:",
    )
    return advice("fee-takes-all", message, hint)


@dataclass(frozen=True, slots=True)
class _Clash:
    """A minimum and a maximum between which nothing is left in the `bad` situations of their region."""

    least: Limit
    most: Limit
    region: Clauses
    bad: Situation
    always: bool


def _clashes(policy: Policy) -> Iterator[_Clash]:
    """Of each minimum the first maximum that it is above."""
    together = Together(policy)
    limits = [rule for rule in policy.rules if isinstance(rule, Limit)]
    highs = sorted(_with(limits, "at_most"), key=lambda rule: (together.range(_bound(rule)) or _NONE)[0])
    index = _Index(together, highs)
    for low in _with(limits, "at_least"):
        span = together.range(_bound(low))
        measures = [low.measure] if span else []
        for bucket in (each for measure in measures for each in index.beside(measure, low)):
            clash = None
            for high in bucket:
                # The bucket is in order: nothing that comes later can be below the minimum.
                if (together.range(_bound(high)) or _NONE)[0] >= (span or _NONE)[1] or not together.spend():
                    break
                clash = _clash(together, low, high)
                if clash:
                    yield clash
                    break
            if clash:
                break


_NONE = (0, 0)


def _clash(together: Together, low: Limit, high: Limit) -> _Clash | None:
    region = together.region([low, high])
    if region is None:
        return None
    found = list(together.situations([_bound(low), _bound(high)], region))
    bad = [each for each in found if each.figures[0] > each.figures[1]]
    wider = high if covers(high.when, low.when, set(low.when.comparisons())) else low
    narrower = low if wider is high else high
    if bad and len(bad) == len(found) and together.left > 0 and together.only_lifted_with(wider, narrower):
        return _Clash(low, high, region, bad[0], always=True)
    told = next((each for each in bad if not _by_what_is_asked(each, region)), None)
    return _Clash(low, high, region, told, always=False) if told else None


class _Index:
    """Limits by their measure and their clauses, so that those beside a rule are found without looking at all."""

    def __init__(self, together: Together, limits: Iterable[Limit]) -> None:
        self._together = together
        self._by_first = defaultdict[tuple[Measure, Comparison | None], list[Limit]](list)
        self._by_any = defaultdict[tuple[Measure, Comparison | None], list[Limit]](list)
        for limit in limits:
            clauses = limit.when.comparisons()
            for measure in _measures(limit):
                self._by_first[measure, next(iter(clauses), None)].append(limit)
                for clause in dict.fromkeys((None, *clauses)):
                    self._by_any[measure, clause].append(limit)

    def beside(self, measure: Measure, rule: Rule) -> Iterator[Iterator[Limit]]:
        """Those that hold wherever a rule does, then those that hold in part of it only."""
        yield from self.wider(measure, rule)
        yield from self.narrower(measure, rule)

    def wider(self, measure: Measure, rule: Rule) -> Iterator[Iterator[Limit]]:
        """Those that hold wherever a rule does."""
        clauses = set(rule.when.comparisons())
        for clause in dict.fromkeys((None, *rule.when.comparisons())):
            found = self._by_first.get((measure, clause), ())
            yield (each for each in self._patiently(found) if covers(each.when, rule.when, clauses))

    def narrower(self, measure: Measure, rule: Rule) -> Iterator[Iterator[Limit]]:
        """Those that hold in part of where a rule does."""
        found = self._by_any.get((measure, next(iter(rule.when.comparisons()), None)), ())
        yield (
            each
            for each in self._patiently(found)
            if each.when != rule.when and covers(rule.when, each.when, set(each.when.comparisons()))
        )

    def _patiently(self, found: Iterable[Limit]) -> Iterator[Limit]:
        return takewhile(lambda _: self._together.spend(), found)


def _measures(limit: Limit) -> Iterator[Measure]:
    """What a limit bounds: its measure, and what is asked for where that is part of a sum of all refunds."""
    yield limit.measure
    if limit.at_most is not None and limit.measure == Measure("sum", per=limit.measure.per):
        yield REQUEST


def _with(limits: Iterable[Limit], name: str) -> list[Limit]:
    """The limits that have a bound of this name; but not those past which all points may be taken."""
    return [limit for limit in limits if isinstance(getattr(limit, name), int | ValueRef) and not limit.or_all]


def _bound(limit: Limit) -> Amount:
    """The one bound of a limit."""
    bound = next(each for each in (limit.at_least, limit.at_most, limit.multiple_of) if each is not None)
    assert isinstance(bound, int | ValueRef), limit.id
    return bound


def _by_what_is_asked(situation: Situation, region: Clauses | None) -> bool:
    """Whether a situation is one of certain amounts only, of which other limits may have more to say."""
    return any(clause.path == "request.points" for clause in set(situation.clauses).difference(region or ()))


def _round_up(amount: int, step: int) -> int:
    return -(-amount // step) * step


def _here(policy: Policy, region: Clauses | None, clauses: Iterable[Comparison]) -> Text | None:
    """Where something is so, in front of the rest of a sentence; None when that is everywhere in a region."""
    known = {*(region or ()), Comparison("request.requested_on", "at_least", policy.starts)}
    told = [clause for clause in tightest(clauses) if clause not in known]
    if not told:
        return None
    ko, en = (Teller(policy, language, policy.starts) for language in ("ko", "en"))
    return Text(
        f"다음 경우({', '.join(ko.comparison(clause) for clause in told)}): ",
        f"where {' and '.join(en.comparison(clause) for clause in told)}, ",
    )


def advice(code: str, message: Text, hint: Text, at: Literal["key", "value"] = "value") -> Trouble:
    """What an author should look at in a sound file. `code` is its name in the catalogue of advice."""
    return Trouble(code, message, hint, at)
