"""Days that are one off: rules that meet on one day too many, and rules and figures that hold on a single day.

- **both on one day**: two limits of one measure, or two rules that earn by one event, follow each other, and both hold
  on the one day (or number) where they meet;
- **only on the last day**: a rule or exception about the age of points takes effect on the very last day of a lot;
- **on one day only**: a rule that is bound by days, or a figure of a value that it uses, holds on one day and no other,
  or a line of a value is followed by another on the next day;
- **ended at once**: points of a time that ends, which end before they are earned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from itertools import pairwise

from engine.proofs.applying import roomy
from engine.proofs.days import LAST
from engine.proofs.findings import Code, Finding
from engine.proofs.logic import Answer, Term, either, every, opposite
from engine.proofs.prover import Prover, Shown
from engine.proofs.requests import Requests
from policies.contradictions import ordinal
from policies.kinds.earn import Earn
from policies.kinds.expire import Expire
from policies.kinds.limit import Limit
from policies.model import Comparison, Condition, Rule, Text
from policies.problems import both
from policies.source import Path

_CODE: Code = "off-by-one"
_OF_AGE = ("exclude", "price", "fee", "tax")
_FOR_EVER = 3 * 366
"""A day that can be so much later than another is not bound by it."""


def edges(prover: Prover) -> Iterator[Finding]:
    """Every day that is one off."""
    yield from _meetings(prover)
    yield from _last_days(prover)
    yield from _single_days(prover)
    yield from _values_of_a_day(prover)
    yield from _ended_at_once(prover)


def _meetings(prover: Prover) -> Iterator[Finding]:
    """Two rules that follow each other along one fact and share one day or number."""
    followers: dict[tuple[object, ...], list[tuple[Rule, int | None, int | None]]] = {}
    for rule in prover.policy.rules:
        sort: tuple[object, ...]
        if isinstance(rule, Limit):
            sort = (
                rule.measure,
                *[name for name in ("at_least", "at_most", "multiple_of") if getattr(rule, name) is not None],
            )
        elif isinstance(rule, Earn):
            sort = (rule.event, rule.source, rule.campaign)
        else:
            continue
        for path in {clause.path for clause in rule.when.all_of}:
            bounds = _bounds([clause for clause in rule.when.all_of if clause.path == path])
            if bounds is not None:
                rest = frozenset(clause for clause in rule.when.all_of if clause.path != path)
                followers.setdefault((rule.kind, *sort, path, rest, rule.when.any_of), []).append((rule, *bounds))
    for key, rules in followers.items():
        path = next(part for part in key if isinstance(part, str) and part in prover.policy.facts)
        for one, _, most in rules:
            for other, least, _ in rules:
                if one is not other and most is not None and most == least:
                    yield from _meeting(prover, one, other, path, most)


def _bounds(clauses: Sequence[Comparison]) -> tuple[int | None, int | None] | None:
    """The least and the most that literal clauses leave; None where they say anything else."""
    least: int | None = None
    most: int | None = None
    for clause in clauses:
        if clause.operator not in ("at_least", "over", "at_most", "under") or not isinstance(clause.right, int | date):
            return None
        bound = ordinal(clause.right)
        if clause.operator in ("at_least", "over"):
            least = bound + (clause.operator == "over")
        else:
            most = bound - (clause.operator == "under")
    return least, most


def _meeting(prover: Prover, one: Rule, other: Rule, path: str, value: int) -> Iterator[Finding]:
    subject = prover.subject(one)
    here = subject.world.fact(path) == value
    effects = [term for rule in (one, other) for term in subject.effect(rule).values()]
    speaks = [subject.standing.speaks(one), subject.standing.speaks(other)]

    def confirm(answer: Answer) -> Shown | None:
        shown = prover.show(answer, one)
        lines = [line["rule"] for line in shown.got.get("earned", ())]
        return shown if {one.id, other.id} <= {*shown.got["reasons"], *lines} else None

    last = max((one, other), key=lambda rule: rule.index)
    first = one if last is other else other
    fact = prover.policy.facts[path]
    message = both(
        "{fact} {told}: 이 규칙과 '{other}' 규칙({line}번째 줄)이 모두 적용됩니다. 다른 때에는 하나만 적용됩니다",
        "where {fact} is {told}, both this rule and '{other}' (line {line}) hold; elsewhere only one of them does",
        fact=Text(fact.ko, fact.en),
        told=subject.world.told(path, value),
        other=first.id,
        line=first.line,
    )
    hint = both("한쪽의 경계를 옮기십시오", "move the bound of one of them")
    name = f"{first.id} and {last.id} meet on one too many"
    yield from _told(
        prover, [last, first], ("rules", last.index), message, hint, name, [*speaks, *effects, here], confirm
    )


def _last_days(prover: Prover) -> Iterator[Finding]:
    """What takes effect on the very last day of a lot, and on no other."""
    requests = prover.requests
    living = requests.pays["expired"]
    before_last = either([requests.last_day == 0, requests.last_day > requests.world.today])
    for rule in prover.policy.rules:
        if rule.kind not in _OF_AGE:
            continue
        standing = requests.standing
        asked: list[tuple[Path, Text, list[Term]]] = []
        if _by_age(rule.when):
            asked.append((("rules", rule.index), both("이 규칙은", "this rule applies"), [standing.speaks(rule)]))
        for number, exception in enumerate(rule.unless):
            if _by_age(exception):
                others = [opposite(standing.excepted(rule, each)) for each in range(len(rule.unless)) if each != number]
                holds = [standing.holds(rule), standing.excepted(rule, number), *others]
                asked.append(
                    (("rules", rule.index, "unless", number), both("이 예외는", "this exception holds"), holds)
                )
        for path, what, premises in asked:
            ask = prover.of_requests.ask
            earlier = ask(*premises, before_last).can
            on_the_last = "no" if earlier == "yes" else ask(*premises, living).can
            if "unknown" in (earlier, on_the_last) and on_the_last != "no":
                unsure = both(
                    "{what} 포인트의 마지막 사용일에만 적용되는지 알아내지 못했습니다",
                    "whether {what} on the last usable day of points only was not found out",
                    what=what,
                )
                yield prover.desk.unknown(_CODE, [rule], path, unsure)
            elif on_the_last == "yes":

                def confirm(answer: Answer, rule: Rule = rule) -> Shown | None:
                    shown = prover.show(answer, rule)
                    day = shown.got.get("last_usable_on", {}).get("lot")
                    return shown if day == str(shown.example.parts["as_of"])[:10] else None

                message = both(
                    "{what} 포인트의 마지막 사용일 하루에만 적용됩니다",
                    "{what} on the last usable day of points only",
                    what=what,
                )
                hint = both("기간을 유효기간과 맞추십시오", "let the span fit the life of the points")
                name = f"{rule.id} on the last day only ({path[-1]})"
                yield from _told(prover, [rule], path, message, hint, name, [*premises, living], confirm)


def _by_age(condition: Condition) -> bool:
    return any(
        clause.operator == "at_least_ago" and clause.path.startswith("lot.") for clause in condition.comparisons()
    )


def _single_days(prover: Prover) -> Iterator[Finding]:
    """Rules bound by days, and figures that they use, that hold on one day only."""
    for rule in prover.policy.rules:
        subject = prover.subject(rule)
        for path in dict.fromkeys(clause.path for clause in rule.when.all_of):
            clauses = [clause for clause in rule.when.all_of if clause.path == path]
            if prover.policy.facts[path].type != "date" or not any(isinstance(each.right, date) for each in clauses):
                continue
            if any(clause.operator in ("is", "in") for clause in clauses):
                continue
            speaks, day = subject.standing.speaks(rule), subject.world.fact(path)
            yield from _single(prover, rule, path, [speaks], both("이 규칙은", "this rule applies"))
            for name in rule.value_names():
                value = prover.policy.values[name]
                if value.dated_by != path:
                    continue
                ends = [*(first for first, _ in value.since[1:]), None]
                for (first, _), end in zip(value.since, ends, strict=True):
                    since = day >= (first.toordinal() if first else 1)
                    until = day < end.toordinal() if end else since
                    if first and end and (end - first).days == 1:
                        continue
                    told = both(
                        "'{name}' 값의 {first} 수치는 이 규칙에서",
                        "the figure of '{name}' since {first} is used by this rule",
                        name=name,
                        first=first or "always",
                    )
                    yield from _single(prover, rule, path, [speaks, since, until], told)


def _single(prover: Prover, rule: Rule, path: str, premises: list[Term], what: Text) -> Iterator[Finding]:
    inquiry, world = prover.inquiry(rule), prover.subject(rule).world
    fact = prover.policy.facts[path]
    answer = inquiry.ask(*premises)
    day = answer.number(world.fact(path)) if answer.can == "yes" else 0
    another = inquiry.ask(*premises, world.fact(path) != day).can if day else "yes"
    if "unknown" in (answer.can, another):
        yield _unsure_of_days(prover, rule, what, Text(fact.ko, fact.en))
    if another != "no":
        return
    message = both(
        "{what} 하루에만 적용됩니다({fact} {day})",
        "{what} on one day only: {fact} {day}",
        what=what,
        fact=Text(fact.ko, fact.en),
        day=world.told(path, day),
    )
    hint = both(
        "날짜의 경계를 맞추거나, 하루면 is로 쓰십시오", "let the days meet, or write is: where one day is meant"
    )
    name = f"{rule.id} on one day only"
    yield from _told(prover, [rule], ("rules", rule.index), message, hint, name, premises, partial(_any, prover, rule))


def _unsure_of_days(prover: Prover, rule: Rule, what: Text, fact: Text) -> Finding:
    unsure = both(
        "{what} 하루에만 적용되는지 알아내지 못했습니다({fact})",
        "whether {what} on one day only was not found out: {fact}",
        what=what,
        fact=fact,
    )
    return prover.desk.unknown(_CODE, [rule], ("rules", rule.index), unsure)


def _values_of_a_day(prover: Prover) -> Iterator[Finding]:
    """Lines of values that hold for one day: the next begins on the day after."""
    for name, value in prover.policy.values.items():
        for (first, _), (end, _) in pairwise(value.since):
            if first is None or end is None or (end - first).days != 1:
                continue
            using = [rule for rule in prover.policy.rules if name in rule.value_names()]
            path: Path = ("values", name, "since", first)
            told = both("'{name}' 값의 이 줄은", "this line of '{name}' is used", name=name)
            fact = prover.policy.facts[value.dated_by]
            message = both(
                "{what} 하루에만 적용됩니다({fact} {day})",
                "{what} on one day only: {fact} {day}",
                what=told,
                fact=Text(fact.ko, fact.en),
                day=first,
            )
            hint = both("날짜를 고치거나 한 줄을 빼십시오", "correct the day, or take one of the two lines out")
            for rule in using[:1]:
                subject = prover.subject(rule)
                on_it = subject.world.fact(value.dated_by) == first.toordinal()
                premises = [subject.standing.speaks(rule), on_it]
                scenario = f"{name} of {first} is used on one day only"
                yield from _told(prover, [rule], path, message, hint, scenario, premises, partial(_any, prover, rule))


def _any(prover: Prover, rule: Rule, answer: Answer) -> Shown | None:
    shown = prover.show(answer, rule)
    return None if shown.got["outcome"] == "not_in_force" else shown


def _ended_at_once(prover: Prover) -> Iterator[Finding]:
    """Points of a time that ends, which end before they are earned."""
    for rule in prover.policy.rules:
        subject = prover.subject(rule)
        world = subject.world
        if isinstance(rule, Earn) and rule.expires_on is not None:
            earned, ends = world.today, world.amounts(rule.expires_on)
        elif isinstance(rule, Expire) and isinstance(rule.last_day, date):
            earned, ends = world.fact("lot.acquired_on"), world.amounts(rule.last_day)
        else:
            continue
        speaks = subject.standing.speaks(rule)
        days = [(where, day.toordinal() if isinstance(day, date) else day) for where, day in ends]
        late = either(
            [every([where, day > 0 if not isinstance(day, int) else every([]), earned > day]) for where, day in days]
        )
        known = [day for _, day in days if isinstance(day, int)]
        horizon = min(max(known, default=0) + _FOR_EVER, LAST.toordinal())
        unbound = prover.inquiry(rule).ask(speaks, late, earned > horizon).can
        ended = "no" if unbound == "yes" else prover.inquiry(rule).ask(speaks, late).can
        if ended == "no":
            continue
        if "unknown" in (unbound, ended):
            unsure = both(
                "적립된 날보다 먼저 끝나는 포인트가 있는지 알아내지 못했습니다",
                "whether some of these points have ended on the day on which they are earned was not found out",
            )
            yield prover.desk.unknown(_CODE, [rule], ("rules", rule.index), unsure)
            continue
        message = both(
            "적립된 날보다 먼저 끝나는 포인트가 있습니다",
            "some of these points have ended on the day on which they are earned",
        )
        hint = both("마지막 날들을 맞추십시오", "let the last days fit")
        name = f"{rule.id}: ended before it was earned"
        keys = partial(_any, prover, rule)
        yield from _told(prover, [rule], ("rules", rule.index), message, hint, name, [speaks, late], keys)


def _told(
    prover: Prover,
    rules: Sequence[Rule],
    path: Path,
    message: Text,
    hint: Text,
    name: str,
    premises: Sequence[Term],
    confirm: Callable[[Answer], Shown | None],
) -> Iterator[Finding]:
    rule = rules[0]
    subject = prover.subject(rule)
    simple: list[Term] = []
    if isinstance(subject, Requests):
        simple = subject.history if isinstance(rule, Limit) else [subject.points <= subject.left]
    simple += roomy(subject, rule)
    wishes = partial(prover.wishes, rule=rule)
    _, shown = prover.inquiry(rule).confirmed([*premises, *simple], wishes, confirm)
    if shown is None:
        _, shown = prover.inquiry(rule).confirmed(premises, wishes, confirm)
    if shown is None:
        yield prover.desk.unknown(_CODE, rules, path, message)
        return
    scenario = prover.desk.scenario(name, shown.example, shown.got, _KEYS.get(rule.kind, ()))
    yield prover.desk.finding(_CODE, rules, path, message, hint, scenario)


_KEYS = {
    "expire": ("last_usable_on", "lots"),
    "exclude": ("lots", "last_usable_on"),
    "price": ("prices",),
    "fee": ("fees",),
    "tax": ("taxes",),
    "pay": ("payable_on",),
    "earn": ("earned",),
    "clawback": ("taken", "earned"),
    "dormancy": ("charged",),
    "notice": ("notices",),
}
