"""Checks of a whole policy, once its fields are known to be sound: each looks at one thing and returns problems."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from policies.contradictions import exclude_each_other
from policies.kinds import KINDS
from policies.kinds.allocate import Allocate
from policies.kinds.earn import Earn
from policies.kinds.expire import Expire
from policies.kinds.fee import Fee
from policies.kinds.pay import Pay
from policies.kinds.require import Require
from policies.kinds.review import Review
from policies.model import Amount, Comparison, Condition, FactRef, Policy, Rule, ValueRef
from policies.problems import did_you_mean
from policies.readers import Trouble, listed, shown
from policies.sentences import PLACEHOLDER
from policies.troubles import MOST_PROBLEMS, Troubles
from policies.values import figures

Found = Iterator[tuple[tuple[str | int, ...], str, Trouble]]
Check = Callable[[Policy], Found]
_PARTICLE = re.compile(
    r"\{([^{}]*)\}((?:을|를|이|가|은|는|과|와|으로|로|이며|이고|이나|나|이라|이라도|라도|으로는|로는|으로만|로만|으로도|로도)"
    r"(?![가-힣]))"
)
BUILT_IN = ("fee-exceeds-payout",)
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
    for rule in policy.rules:
        if rule.id in BUILT_IN:
            trouble = Trouble("id-taken", f"'{rule.id}' is a reason of its own already", "choose another id")
            yield ("rules", rule.index, "id"), rule.id, trouble
        if rule.id in seen:
            trouble = Trouble("id-twice", f"line {seen[rule.id]} has a rule of this id already", "choose another id")
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
                    message = f"no '{path}' can be this and what must hold beside it"
                    yield (*at, *where, "any", each), rule.id, Trouble("never-holds", message, "correct one of them")
        for each, exception in enumerate(rule.unless):
            yield from _vain_exception(policy, rule, each, exception)
        if isinstance(rule, Earn):
            event = Comparison("event.type", "is", rule.event)
            if exclude_each_other((event, *rule.when.all_of), policy.facts) == "event.type":
                message = f"the rule is for '{rule.event}', which its when: rules out"
                yield (*at, "when"), rule.id, Trouble("never-holds", message, "take event.type out of when:")


def _vain_exception(policy: Policy, rule: Rule, index: int, exception: Condition) -> Found:
    """An exception that can never lift its rule, or that always does."""
    path = exclude_each_other((*rule.when.all_of, *exception.all_of), policy.facts)
    if path:
        message = f"the exception never applies: the rule's when: rules this '{path}' out"
        yield ("rules", rule.index, "unless", index), rule.id, Trouble("never-holds", message, "correct one of them")
    elif not exception.any_of and set(exception.all_of) <= set(rule.when.all_of):
        message = "the exception lifts the rule whenever it applies"
        yield ("rules", rule.index, "unless", index), rule.id, Trouble("always-lifted", message, "correct one of them")


def check_overrides(policy: Policy) -> Found:
    """`overrides` and `adds_to` name other rules of the same kind, and never lead back to where they started."""
    by_id = {rule.id: rule for rule in policy.rules}
    for rule in policy.rules:
        for field, ids in _named(rule).items():
            for position, each in enumerate(ids):
                trouble = _wrong_rule(each, rule, by_id)
                if trouble:
                    yield ("rules", rule.index, field, position), rule.id, trouble
        for both in sorted(set(rule.overrides) & set(_named(rule)["adds_to"])):
            message = f"'{both}' stands both in overrides and in adds_to"
            trouble = Trouble("silenced-and-added", message, "keep one of them")
            yield ("rules", rule.index, "adds_to"), rule.id, trouble
    for field in ("overrides", "adds_to"):
        yield from _circles(by_id, field)


def _named(rule: Rule) -> dict[str, tuple[str, ...]]:
    return {"overrides": rule.overrides, "adds_to": rule.adds_to if isinstance(rule, Fee) else ()}


def _wrong_rule(name: str, rule: Rule, by_id: dict[str, Rule]) -> Trouble | None:
    if name not in by_id:
        same = [each for each, other in by_id.items() if other.kind == rule.kind and each != rule.id]
        hint = did_you_mean(name, same) or (f"name one of {listed(same)}" if same else "take it out")
        return Trouble("unknown-rule", f"there is no rule {shown(name)}", hint, refers_to=name)
    if by_id[name].kind != rule.kind:
        return Trouble("other-kind", f"'{name}' is a rule of kind {by_id[name].kind}", f"name one of kind {rule.kind}")
    if name == rule.id:
        return Trouble("own-id", "the rule names itself", "take it out")
    return None


_MOST_NAMED = 5
_VERBS = {"overrides": "override", "adds_to": "add to"}


def _circles(by_id: dict[str, Rule], field: str) -> Found:
    """Each circle of rules that name one another, once, at the first of its rules in the file."""
    done: set[str] = set()
    for start in by_id:
        trail: list[str] = []
        ahead = [(start, 0)]
        while ahead:
            name, depth = ahead.pop()
            del trail[depth:]
            if name in trail and len(trail) - trail.index(name) > 1:
                circle = trail[trail.index(name) :]
                first = min((by_id[each] for each in circle), key=lambda rule: rule.index)
                rest = len(circle) - _MOST_NAMED
                others = f"{rest} more" if rest > 0 else circle[-1]
                message = (
                    f"{', '.join(circle[: min(_MOST_NAMED, len(circle) - 1)])} and {others} {_VERBS[field]} one another"
                )
                trouble = Trouble("override-circle", message, "take one of them out")
                yield ("rules", first.index, field), first.id, trouble
            if name in done or name not in by_id:
                continue
            done.add(name)
            trail.append(name)
            ahead += [(each, len(trail)) for each in _named(by_id[name])[field]]


def check_allocation(policy: Policy) -> Found:
    """A policy says which lots pay first."""
    if not any(isinstance(rule, Allocate) for rule in policy.rules):
        trouble = Trouble("no-allocation", "no rule says which lots pay first", "add a rule of kind allocate")
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
                message = "a brace stands alone or inside another"
                yield path, rule.id, Trouble("stray-brace", message, "write a figure as {points}, and no other braces")
            for name in dict.fromkeys(_BRACES.findall(sentence)):
                if name not in known or not PLACEHOLDER.fullmatch(f"{{{name}}}"):
                    message = f"there is no figure '{{{name[:40]}}}' here"
                    hint = did_you_mean(name, known) or f"use {listed(known)}"
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
        return ("limit", "used", "room")
    return ()


def check_particles(policy: Policy) -> Found:
    """A Korean particle depends on the sound before it, which a figure does not tell."""
    for rule in policy.rules:
        for match in _PARTICLE.finditer(rule.reason.ko) if rule.reason else ():
            message = f"the particle '{match[2]}' follows a figure, whose last sound is not known"
            hint = f"put a noun between them, such as '{{{match[1]}}} 포인트를'"
            yield ("rules", rule.index, "reason", "ko"), rule.id, Trouble("particle-after-figure", message, hint)


def check_conflicts(policy: Policy) -> Found:
    """Where one of two rules applies the other always applies too: both decide, unless one takes the other's place."""
    named = {each for rule in policy.rules for ids in _named(rule).values() for each in ids}
    for kind in (Expire, Allocate, Fee, Pay):
        # A rule that names others may have an arrangement with these too, through the rules that it names.
        rules = [
            rule
            for rule in policy.rules
            if isinstance(rule, kind) and rule.id not in named and not any(_named(rule).values())
        ]
        # By its first clause, or under None if it has none: whatever it covers has that clause too.
        wide = defaultdict[Comparison | None, list[tuple[int, Rule]]](list)
        for place, rule in enumerate(rules):
            if not rule.unless:
                wide[next(iter(rule.when.comparisons()), None)].append((place, rule))
        for place, rule in enumerate(rules):
            other = _first_that_covers(rule, place, wide)
            if other is not None:
                often = "applies wherever this one does" if other.when.comparisons() else "always applies"
                message = f"this rule and '{other.id}', which {often}, would both decide"
                hint = f"let one name the other under overrides:{' or adds_to:' if kind is Fee else ''}"
                yield ("rules", rule.index), rule.id, Trouble("always-conflict", message, hint)


def _first_that_covers(rule: Rule, place: int, wide: Mapping[Comparison | None, list[tuple[int, Rule]]]) -> Rule | None:
    """A rule without exceptions that applies wherever `rule` does; of two that cover each other, the earlier one."""
    clauses = set(rule.when.comparisons())
    for clause in (None, *rule.when.comparisons()):
        for other_place, other in wide.get(clause, ()):
            each_covers_the_other = other.when == rule.when and not rule.unless
            if each_covers_the_other and other_place >= place:
                continue
            if other is not rule and _covers(other.when, rule.when, clauses):
                return other
    return None


def _covers(wider: Condition, narrower: Condition, clauses: set[Comparison]) -> bool:
    """Whether every clause of one condition is among those of the other, so that it holds wherever the other does."""
    return clauses.issuperset(wider.all_of) and wider.any_of in ((), narrower.any_of)


def check_used(policy: Policy) -> Found:
    """A value that no rule uses says nothing."""
    used = {name for rule in policy.rules for name in rule.value_names()}
    for name in policy.values:
        if name not in used:
            trouble = Trouble("value-unused", "no rule uses this value", "use it, or take it out", "key")
            yield ("values", name), name, trouble


def check_fees(policy: Policy) -> Found:
    """A fee takes no more than there is, and its smallest amount is not above its largest."""
    for rule in policy.rules:
        if not isinstance(rule, Fee):
            continue
        if rule.rate is not None and any(rate > 100 for rate in figures_of(policy, rule.rate)):  # type: ignore[operator]
            yield ("rules", rule.index, "rate"), rule.id, Trouble("rate-above-all", "the fee is above 100%", "lower it")
        if rule.at_least is not None and rule.at_most is not None:
            least, most = _numbers(policy, rule.at_least), _numbers(policy, rule.at_most)
            if least and most and min(least) > max(most):
                message = f"at least {min(least):_} is above at most {max(most):_}"
                yield (
                    ("rules", rule.index, "at_least"),
                    rule.id,
                    Trouble("least-above-most", message, "swap or correct them"),
                )


def check_caps(policy: Policy) -> Found:
    """What one event brings by itself fits under its own caps."""
    for rule in policy.rules:
        if isinstance(rule, Earn) and rule.points is not None and rule.at_most is not None:
            points, most = _numbers(policy, rule.points), _numbers(policy, rule.at_most)
            if points and most and min(points) > max(most):
                message = f"each event brings {min(points):_} points, but at most {max(most):_}"
                yield (
                    ("rules", rule.index, "at_most"),
                    rule.id,
                    Trouble("least-above-most", message, "correct one of them"),
                )


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
    check_caps,
)
