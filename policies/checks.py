"""Checks of a whole policy, once its fields are known to be sound: each looks at one thing and returns problems."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from operator import itemgetter

from policies.bounds import check_bounds
from policies.contradictions import exclude_each_other
from policies.kinds import KINDS
from policies.kinds.allocate import Allocate
from policies.kinds.clawback import Clawback
from policies.kinds.closed import Closed
from policies.kinds.dormancy import Dormancy
from policies.kinds.earn import Earn
from policies.kinds.expire import Expire
from policies.kinds.fee import Fee
from policies.kinds.limit import Limit
from policies.kinds.notice import Notice
from policies.kinds.offset import Offset
from policies.kinds.paper import Paper
from policies.kinds.pay import Pay
from policies.kinds.price import Price
from policies.kinds.require import Require
from policies.kinds.review import Review
from policies.kinds.tax import Tax
from policies.model import Amount, Comparison, Condition, FactRef, Policy, Rule, Span, Text, ValueRef
from policies.problems import MOST_PROBLEMS, both, did_you_mean
from policies.readers import CORRECT_ONE, KEEP_ONE, TAKE_ONE_OUT, TAKE_OUT, Trouble, listed, shown, use
from policies.sentences import PLACEHOLDER
from policies.together import covers
from policies.troubles import Troubles
from policies.values import figures

Found = Iterator[tuple[tuple[str | int, ...], str, Trouble]]
Check = Callable[[Policy], Found]
_PARTICLE = re.compile(
    r"\{([^{}]*)\}((?:을|를|이|가|은|는|과|와|으로|로|이며|이고|이나|나|이라|이라도|라도|으로는|로는|으로만|로만|으로도|로도)"
    r"(?![가-힣]))"
)
BUILT_IN = ("fee-exceeds-payout", "tax-exceeds-payout", "comes-to-nothing", "no-such-amount")
"""The reasons that a decision gives without a rule; no rule may be called like one."""

_BRACES = re.compile(r"\{([^{}]*)\}")


def check(policy: Policy, troubles: Troubles) -> None:
    """Add every trouble that only shows when the whole policy is seen."""
    for each in CHECKS:
        for path, subject, trouble in each(policy):
            troubles.add(path, subject, trouble)
            if len(troubles) > 2 * MOST_PROBLEMS:
                # More would not be listed, and looking for them takes long in a hostile file.
                return


def check_ids(policy: Policy) -> Found:
    """An id names one rule."""
    seen: dict[str, int] = {}
    another_id = both("다른 id를 쓰십시오", "choose another id")
    for rule in policy.rules:
        if rule.id in BUILT_IN:
            message = both(
                "'{id}' 이름은 결정이 규칙 없이 스스로 쓰는 사유입니다",
                "'{id}' is a reason that decisions give without a rule",
                id=rule.id,
            )
            trouble = Trouble("id-taken", message, another_id)
            yield ("rules", rule.index, "id"), rule.id, trouble
        if rule.id in seen:
            message = both(
                "{line}번째 줄에 id가 같은 규칙이 이미 있습니다",
                "line {line} has a rule of this id already",
                line=seen[rule.id],
            )
            trouble = Trouble("id-twice", message, another_id)
            yield ("rules", rule.index, "id"), rule.id, trouble
        seen.setdefault(rule.id, rule.line)


def check_conditions(policy: Policy) -> Found:
    """No alternative or exception is ruled out by what must hold beside it; no exception lifts its rule always."""
    for rule in policy.rules:
        at = ("rules", rule.index)
        named = [(("when",), rule.when), *((("unless", each), other) for each, other in enumerate(rule.unless))]
        if isinstance(rule, Require):
            named.append((("that",), rule.that))
        for where, condition in named:
            for each, branch in enumerate(condition.any_of):
                path = exclude_each_other((*condition.all_of, *branch), policy.facts)
                if path:
                    message = both(
                        "'{path}' 팩트가 이것과, 함께 성립해야 하는 다른 조건을 동시에 만족할 수 없습니다",
                        "no '{path}' can be this and what must hold beside it",
                        path=path,
                    )
                    yield (*at, *where, "any", each), rule.id, Trouble("never-holds", message, CORRECT_ONE)
        for each, exception in enumerate(rule.unless):
            yield from _vain_exception(policy, rule, each, exception)
        if isinstance(rule, Earn | Clawback):
            event = Comparison("event.type", "is", rule.event)
            if exclude_each_other((event, *rule.when.all_of), policy.facts) == "event.type":
                message = both(
                    "이 규칙의 이벤트는 '{event}'인데, when: 조건이 그 이벤트를 배제합니다",
                    "the rule is for '{event}', which its when: rules out",
                    event=rule.event,
                )
                hint = both("when: 조건에서 event.type 줄을 빼십시오", "take event.type out of when:")
                yield (*at, "when"), rule.id, Trouble("never-holds", message, hint)


def _vain_exception(policy: Policy, rule: Rule, index: int, exception: Condition) -> Found:
    """An exception that can never lift its rule, or that always does."""
    path = exclude_each_other((*rule.when.all_of, *exception.all_of), policy.facts)
    if path:
        message = both(
            "이 예외는 적용될 수 없습니다. 규칙의 when: 조건이 이런 '{path}' 팩트를 배제합니다",
            "the exception never applies: the rule's when: rules this '{path}' out",
            path=path,
        )
        yield ("rules", rule.index, "unless", index), rule.id, Trouble("never-holds", message, CORRECT_ONE)
    elif not exception.any_of and set(exception.all_of) <= set(rule.when.all_of):
        message = both(
            "규칙이 적용될 때마다 이 예외도 성립하여, 규칙이 한 번도 적용되지 않습니다",
            "the exception holds wherever the rule would apply, so the rule never does",
        )
        hint = both("예외를 좁히거나 규칙을 빼십시오", "narrow the exception, or take the rule out")
        yield ("rules", rule.index, "unless", index), rule.id, Trouble("always-lifted", message, hint)


def check_overrides(policy: Policy) -> Found:
    """`overrides` and `adds_to` name other rules of the same kind, and never lead back to where they started."""
    by_id = {rule.id: rule for rule in policy.rules}
    for rule in policy.rules:
        for field, ids in _named(rule).items():
            for position, each in enumerate(ids):
                trouble = _wrong_rule(each, rule, by_id)
                if trouble:
                    yield ("rules", rule.index, field, position), rule.id, trouble
        for field in ("adds_to", "of", "after"):
            for name in sorted(set(rule.overrides) & set(_named(rule).get(field, ()))):
                message = both(
                    "'{name}' 규칙이 overrides에도 {field}에도 있습니다",
                    "'{name}' stands both in overrides and in {field}",
                    name=name,
                    field=field,
                )
                trouble = Trouble("silenced-and-added", message, KEEP_ONE)
                yield ("rules", rule.index, field), rule.id, trouble
    for field, verb in _VERBS.items():
        yield from _circles(by_id, field, partial(_named_in, field), verb)


def check_earned_by(policy: Policy) -> Found:
    """What a cap is shared with, a percentage comes on, or a clawback takes back are other earn rules."""
    by_id = {rule.id: rule for rule in policy.rules}
    for rule in policy.rules:
        for field, ids in _earned_by(rule).items():
            for position, each in enumerate(ids):
                trouble = _no_earning(each, rule, by_id, same_event=field == ("of",) and isinstance(rule, Earn))
                if trouble:
                    yield ("rules", rule.index, *field, position), rule.id, trouble
    yield from _circles(by_id, "of", _bonus_on, _BONUS_ON)


def _bonus_on(rule: Rule) -> tuple[str, ...]:
    return rule.of if isinstance(rule, Earn) else ()


def _earned_by(rule: Rule) -> dict[tuple[str, ...], tuple[str, ...]]:
    if isinstance(rule, Earn):
        return {("of",): rule.of, ("cap", "with"): rule.cap.shared if rule.cap else ()}
    return {("of",): rule.of} if isinstance(rule, Clawback) else {}


def _no_earning(name: str, rule: Rule, by_id: dict[str, Rule], *, same_event: bool) -> Trouble | None:
    other = by_id.get(name)
    earning = [each.id for each in by_id.values() if isinstance(each, Earn) and each.id != rule.id]
    if other is None:
        return _no_rule(name, earning)
    if not isinstance(other, Earn):
        return _other_kind(other, "earn")
    if name == rule.id:
        return _own_id()
    if same_event and isinstance(rule, Earn) and other.event != rule.event:
        message = both(
            "'{name}' 규칙은 다른 이벤트('{other}')의 규칙이라서, '{event}' 이벤트에는 적립하는 것이 없습니다",
            "'{name}' is for another event, '{other}', and grants nothing for '{event}'",
            name=name,
            other=other.event,
            event=rule.event,
        )
        hint = both("같은 이벤트의 규칙을 쓰십시오", "name a rule for the same event")
        return Trouble("never-holds", message, hint)
    return None


def _named(rule: Rule) -> dict[str, tuple[str, ...]]:
    named = {"overrides": rule.overrides}
    if isinstance(rule, Fee | Tax):
        named["adds_to"] = rule.adds_to
    if isinstance(rule, Tax):
        named["of"] = rule.of
    if isinstance(rule, Offset):
        named["after"] = rule.after
    return named


def _named_in(field: str, rule: Rule) -> tuple[str, ...]:
    return _named(rule).get(field, ())


def _wrong_rule(name: str, rule: Rule, by_id: dict[str, Rule]) -> Trouble | None:
    if name not in by_id:
        return _no_rule(name, [each for each, other in by_id.items() if other.kind == rule.kind and each != rule.id])
    if by_id[name].kind != rule.kind:
        return _other_kind(by_id[name], rule.kind)
    return _own_id() if name == rule.id else None


def _no_rule(name: str, known: list[str]) -> Trouble:
    one = (
        both("이 중 하나의 이름을 쓰십시오: {known}", "name one of {known}", known=listed(known)) if known else TAKE_OUT
    )
    message = both("없는 규칙입니다: {name}", "there is no rule {name}", name=shown(name))
    return Trouble("unknown-rule", message, did_you_mean(name, known) or one, refers_to=name)


def _other_kind(other: Rule, kind: str) -> Trouble:
    message = both(
        "'{name}' 규칙의 종류는 {kind}입니다", "'{name}' is a rule of kind {kind}", name=other.id, kind=other.kind
    )
    return Trouble(
        "other-kind", message, both("종류가 {kind}인 규칙의 이름을 쓰십시오", "name one of kind {kind}", kind=kind)
    )


def _own_id() -> Trouble:
    return Trouble("own-id", both("규칙이 자기 자신을 가리킵니다", "the rule names itself"), TAKE_OUT)


_MOST_NAMED = 5
_VERBS = {
    "overrides": both("서로를 덮어씁니다(overrides)", "override one another"),
    "adds_to": both("서로에게 더해집니다(adds_to)", "add to one another"),
    "of": both("서로에 대한 세금입니다(of)", "are taxes on one another"),
    "after": both("서로의 뒤에 옵니다(after)", "come after one another"),
}
_BONUS_ON = both("서로의 포인트에 대한 비율입니다(of)", "are a percentage of one another")


def _circles(by_id: dict[str, Rule], field: str, named: Callable[[Rule], tuple[str, ...]], verb: Text) -> Found:
    """Each circle of rules that name one another, once, at the first of its rules in the file."""
    done: set[str] = set()
    for start in by_id:
        trail: dict[str, int] = {}  # Each name with its place in the trail: a trail may be as long as the file.
        ahead = [(start, 0)]
        while ahead:
            name, depth = ahead.pop()
            while len(trail) > depth:
                trail.popitem()
            if name in trail and len(trail) - trail[name] > 1:
                circle = list(trail)[trail[name] :]
                first = min((by_id[each] for each in circle), key=lambda rule: rule.index)
                message = both("다음 규칙들이 {verb}: {rules}", "{rules} {verb}", rules=_all_of(circle), verb=verb)
                trouble = Trouble("override-circle", message, TAKE_ONE_OUT)
                yield ("rules", first.index, field), first.id, trouble
            if name in done or name not in by_id:
                continue
            done.add(name)
            trail[name] = depth
            ahead += [(each, len(trail)) for each in named(by_id[name])]


def _all_of(circle: list[str]) -> Text:
    """The rules of a circle in a sentence; of many, only the first."""
    rest = len(circle) - _MOST_NAMED
    if rest > 0:
        named = ", ".join(circle[:_MOST_NAMED])
        return both("{named} 외 {rest}개", "{named} and {rest} more", named=named, rest=rest)
    return Text(", ".join(circle), f"{', '.join(circle[:-1])} and {circle[-1]}")


def check_allocation(policy: Policy) -> Found:
    """A policy says which lots pay first."""
    if not any(isinstance(rule, Allocate) for rule in policy.rules):
        message = both("어느 포인트부터 쓸지 정하는 규칙이 없습니다", "no rule says which lots pay first")
        hint = both("종류가 allocate인 규칙을 쓰십시오", "add a rule of kind allocate")
        trouble = Trouble("no-allocation", message, hint)
        yield ("rules",), "", trouble


def check_placeholders(policy: Policy) -> Found:
    """A reason names only figures that its rule has."""
    for rule in policy.rules:
        if rule.reason is None:
            continue
        known = placeholders(rule)
        for language, sentence in (("ko", rule.reason.ko), ("en", rule.reason.en)):
            path = ("rules", rule.index, "reason", language)
            rest = _BRACES.sub("", sentence)
            if "{" in rest or "}" in rest:
                message = both(
                    "중괄호가 홀로 있거나 다른 중괄호 안에 있습니다", "a brace stands alone or inside another"
                )
                hint = both(
                    "수치는 {points}처럼 쓰고, 다른 중괄호는 쓰지 마십시오",
                    "write a figure as {points}, and no other braces",
                )
                yield path, rule.id, Trouble("stray-brace", message, hint)
            for name in dict.fromkeys(_BRACES.findall(sentence)):
                if name not in known or not PLACEHOLDER.fullmatch(f"{{{name}}}"):
                    message = both(
                        "여기에 없는 수치입니다: '{{{name}}}'", "there is no figure '{{{name}}}' here", name=name[:40]
                    )
                    hint = did_you_mean(name, known) or (use(known) if known else both("빼십시오", "take it out"))
                    yield path, rule.id, Trouble("unknown-placeholder", message, hint, refers_to=name)


def placeholders(rule: Rule) -> tuple[str, ...]:
    """The figures that a rule's reason may name: its kind's own, its values, and the facts of its conditions."""
    facts = {
        path
        for condition in rule.conditions()
        for clause in condition.comparisons()
        for path in (clause.path, clause.right.path if isinstance(clause.right, FactRef) else clause.path)
        if not path.startswith("lot.")
    }
    own = [name for name in KINDS[rule.kind].placeholders if name not in _without_meaning(rule)]
    return tuple(dict.fromkeys((*own, *rule.value_names(), *sorted(facts))))


def _without_meaning(rule: Rule) -> tuple[str, ...]:
    """The figures of a rule's kind that this rule does not have."""
    if isinstance(rule, Fee):
        return ("rate",) if rule.rate is None else ("flat",)
    if isinstance(rule, Expire) and rule.never:
        return ("last_day",)
    if isinstance(rule, Review) and rule.measure is None:
        return ("limit", "used", "room", "payout", "gross")
    if isinstance(rule, Paper) and rule.issued_within is None:
        return ("issued_within",)
    if isinstance(rule, Closed) and rule.hours is None and not rule.days:
        return ("from", "until")
    if isinstance(rule, Notice):
        return ("charged_on",) if rule.of == "expiry" else ("last_day",)
    if isinstance(rule, Clawback):
        return tuple(name for name, shortfall in _SHORTFALLS.items() if shortfall != rule.shortfall)
    return _without_meaning_in_money(rule)


def _without_meaning_in_money(rule: Rule) -> tuple[str, ...]:
    if isinstance(rule, Price):
        return (*(() if rule.whole_steps else ("room",)), *(("bonus",) if rule.bonus is None else ()))
    if isinstance(rule, Tax):
        return ("above",) if rule.above is None else ()
    if isinstance(rule, Limit | Review) and rule.measure is not None:
        if not rule.measure.in_money:
            return ("payout", "gross")
        # How much may be asked for cannot be told from how much has to be paid at least.
        least = rule.at_least if isinstance(rule, Limit) else rule.under or rule.at_most
        other = "payout" if rule.measure.of == "gross" else "gross"
        return (other,) if least is None else (other, "room")
    return ()


_SHORTFALLS = {"debt": "debt", "forgiven": "forgive", "missing": "refuse"}


def check_particles(policy: Policy) -> Found:
    """A Korean particle depends on the sound before it, which a figure does not tell."""
    for rule in policy.rules:
        for match in _PARTICLE.finditer(rule.reason.ko) if rule.reason else ():
            message = both(
                "조사 '{particle}' 앞의 수치는 마지막 소리를 미리 알 수 없습니다",
                "the particle '{particle}' follows a figure, whose last sound is not known",
                particle=match[2],
            )
            hint = both(
                "둘 사이에 명사를 두십시오. 예: '{{{name}}} 포인트를'",
                "put a noun between them, such as '{{{name}}} 포인트를'",
                name=match[1],
            )
            yield ("rules", rule.index, "reason", "ko"), rule.id, Trouble("particle-after-figure", message, hint)


def check_conflicts(policy: Policy) -> Found:
    """Where one of two rules applies the other always applies too: both decide, unless one takes the other's place."""
    named = {each for rule in policy.rules for ids in _named(rule).values() for each in ids}
    for kind in (Expire, Allocate, Price, Fee, Tax, Offset, Pay, Clawback):
        # A rule that names others may have an arrangement with these too, through the rules that it names.
        rules = [
            rule
            for rule in policy.rules
            if isinstance(rule, kind) and rule.id not in named and not any(_named(rule).values())
        ]
        # By its rarest clause, or under None if it has none: whatever it covers has that clause too.
        count = Counter(clause for rule in rules for clause in rule.when.comparisons())
        wide = defaultdict[Comparison | None, list[tuple[int, Rule]]](list)
        for place, rule in enumerate(rules):
            if not rule.unless:
                wide[min(rule.when.comparisons(), key=count.__getitem__, default=None)].append((place, rule))
        for place, rule in enumerate(rules):
            other = _first_that_covers(rule, place, wide)
            if other is not None:
                often = both("늘 적용되는", "always applies")
                if other.when.comparisons():
                    often = both("이 규칙이 적용되는 곳마다 함께 적용되는", "applies wherever this one does")
                message = both(
                    "이 규칙과, {often} '{other}' 규칙이 둘 다 결정하게 됩니다",
                    "this rule and '{other}', which {often}, would both decide",
                    other=other.id,
                    often=often,
                )
                hint = _NAME_THE_OTHER.get(
                    kind, both("한쪽의 overrides: 항목에 다른 쪽을 쓰십시오", "let one name the other under overrides:")
                )
                yield ("rules", rule.index), rule.id, Trouble("always-conflict", message, hint)


_OR_ADDS_TO = both(
    "한쪽의 overrides: 또는 adds_to: 항목에 다른 쪽을 쓰십시오", "let one name the other under overrides: or adds_to:"
)
_OR_AFTER = both(
    "한쪽의 overrides: 또는 after: 항목에 다른 쪽을 쓰십시오", "let one name the other under overrides: or after:"
)
_NAME_THE_OTHER: Mapping[type[Rule], Text] = {Fee: _OR_ADDS_TO, Tax: _OR_ADDS_TO, Offset: _OR_AFTER}


def _first_that_covers(rule: Rule, place: int, wide: Mapping[Comparison | None, list[tuple[int, Rule]]]) -> Rule | None:
    """A rule without exceptions that applies wherever `rule` does; of two that cover each other, the earlier one.

    Of several, the one whose first clause comes first in `rule`, and of those the first in the file.
    """
    clauses = {clause: number for number, clause in enumerate(rule.when.comparisons())}
    found = []
    for clause in (None, *clauses):
        for other_place, other in wide.get(clause, ()):
            each_covers_the_other = other.when == rule.when and not rule.unless
            if each_covers_the_other and other_place >= place:
                continue
            if other is not rule and _meet(other, rule) and covers(other.when, rule.when, clauses.keys()):
                first = next((clauses[each] for each in other.when.comparisons()), -1)
                found.append((first, other_place, other))
    return min(found, key=itemgetter(0, 1))[2] if found else None


def _meet(one: Rule, other: Rule) -> bool:
    """Whether two rules of a kind may speak of the same thing; clawbacks do where one event undoes what one rule
    earned.
    """
    if not (isinstance(one, Clawback) and isinstance(other, Clawback)):
        return True
    return one.event == other.event and not (one.of and other.of and set(one.of).isdisjoint(other.of))


def check_used(policy: Policy) -> Found:
    """A value that no rule uses says nothing."""
    used = {name for rule in policy.rules for name in rule.value_names()}
    for name in policy.values:
        if name not in used:
            message = both("이 값을 쓰는 규칙이 없습니다", "no rule uses this value")
            trouble = Trouble("value-unused", message, both("쓰거나 빼십시오", "use it, or take it out"), "key")
            yield ("values", name), name, trouble


def check_fees(policy: Policy) -> Found:
    """A fee takes no more than there is, and its smallest amount is not above its largest."""
    for rule in policy.rules:
        if not isinstance(rule, Fee):
            continue
        if rule.rate is not None and any(rate > 100 for rate in figures_of(policy, rule.rate)):  # type: ignore[operator]
            message = both("수수료가 100%보다 큽니다", "the fee is above 100%")
            trouble = Trouble("rate-above-all", message, both("100% 이하로 낮추십시오", "lower it to 100% or less"))
            yield ("rules", rule.index, "rate"), rule.id, trouble
        yield from _least_above_most(policy, rule)


def _least_above_most(policy: Policy, rule: Fee | Dormancy | Earn) -> Found:
    if rule.at_least is None or rule.at_most is None:
        return
    least, most = _numbers(policy, rule.at_least), _numbers(policy, rule.at_most)
    if least and most and min(least) > max(most):
        message = both(
            "하한(at_least) {least:_} 값이 상한(at_most) {most:_} 값보다 큽니다",
            "at least {least:_} is above at most {most:_}",
            least=min(least),
            most=max(most),
        )
        hint = both("둘을 맞바꾸거나 고치십시오", "swap or correct them")
        yield ("rules", rule.index, "at_least"), rule.id, Trouble("least-above-most", message, hint)


def check_taxes(policy: Policy) -> Found:
    """A tax takes no more than there is."""
    for rule in policy.rules:
        if isinstance(rule, Tax) and any(rate > 100 for rate in figures_of(policy, rule.rate)):  # type: ignore[operator]
            message = both("세금이 100%보다 큽니다", "the tax is above 100%")
            trouble = Trouble("rate-above-all", message, both("100% 이하로 낮추십시오", "lower it to 100% or less"))
            yield ("rules", rule.index, "rate"), rule.id, trouble


def check_caps(policy: Policy) -> Found:
    """What one event brings by itself fits under its own caps."""
    for rule in policy.rules:
        if isinstance(rule, Earn):
            yield from _least_above_most(policy, rule)
        if isinstance(rule, Earn) and rule.points is not None and rule.at_most is not None:
            points, most = _numbers(policy, rule.points), _numbers(policy, rule.at_most)
            if points and most and min(points) > max(most):
                message = both(
                    "이벤트마다 {points:_}포인트를 적립하는데, 상한은 {most:_}포인트입니다",
                    "each event brings {points:_} points, but at most {most:_}",
                    points=min(points),
                    most=max(most),
                )
                yield ("rules", rule.index, "at_most"), rule.id, Trouble("least-above-most", message, CORRECT_ONE)


def check_dormancy(policy: Policy) -> Found:
    """An idle account is charged before everything is taken, and at least is not above at most."""
    for rule in policy.rules:
        if not isinstance(rule, Dormancy):
            continue
        yield from _least_above_most(policy, rule)
        if (rule.rate or rule.points) and isinstance(rule.idle, Span) and isinstance(rule.everything_after, Span):
            first, last = rule.idle, rule.everything_after
            if (first.unit == "days") == (last.unit == "days") and _length(last) <= _length(first):
                message = both(
                    "{last} 후에 전부 차감되는데, 첫 차감은 {first} 후입니다",
                    "everything is taken after {last}, and the first charge comes after {first}",
                    last=last,
                    first=first,
                )
                hint = both("idle: 항목보다 긴 기간을 쓰십시오", "let it be longer than idle:")
                trouble = Trouble("nothing-left", message, hint)
                yield ("rules", rule.index, "everything_after"), rule.id, trouble


def _length(span: Span) -> int:
    return span.count * 12 if span.unit == "years" else span.count


def check_notices(policy: Policy) -> Found:
    """A notice of dormancy has something to tell of."""
    if any(isinstance(rule, Dormancy) for rule in policy.rules):
        return
    for rule in policy.rules:
        if isinstance(rule, Notice) and rule.of == "dormancy":
            message = both("휴면 차감을 하는 규칙이 없습니다", "no rule charges for dormancy")
            hint = both("종류가 dormancy인 규칙을 쓰십시오", "add a rule of kind dormancy")
            trouble = Trouble("nothing-to-tell", message, hint)
            yield ("rules", rule.index, "of"), rule.id, trouble


def figures_of(policy: Policy, field: object) -> tuple[object, ...]:
    """Every figure that a field can come to, on any day. None of a value that has troubles of its own."""
    if not isinstance(field, ValueRef):
        return (field,)
    value = policy.values.get(field.name)
    return tuple(figure for _, cell in value.since for figure in figures(cell)) if value else ()


def _numbers(policy: Policy, amount: Amount) -> tuple[int, ...]:
    return tuple(figure for figure in figures_of(policy, amount) if isinstance(figure, int))


CHECKS: tuple[Check, ...] = (
    check_ids,
    check_conditions,
    check_overrides,
    check_allocation,
    check_conflicts,
    check_placeholders,
    check_particles,
    check_used,
    check_fees,
    check_taxes,
    check_caps,
    check_earned_by,
    check_dormancy,
    check_notices,
    check_bounds,
)
