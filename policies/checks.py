"""Checks of a whole policy, once its fields are known to be sound: each looks at one thing and returns problems."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from policies.fields import Trouble
from policies.kinds import KINDS
from policies.kinds.allocate import Allocate
from policies.kinds.fee import Fee
from policies.kinds.limit import Limit
from policies.model import FactRef, Policy, Rule, ValueRef
from policies.problems import did_you_mean
from policies.sentences import PLACEHOLDER
from policies.troubles import Troubles
from policies.values import figures, value_paths

Found = Iterator[tuple[tuple[str | int, ...], str, Trouble]]
Check = Callable[[Policy], Found]
_LOT_KINDS = ("expire", "exclude", "fee")
_PARTICLE = re.compile(r"\{[^{}]*\}(을|를|이|가|은|는|과|와|으로|로)(?![가-힣])")


def check(policy: Policy, troubles: Troubles) -> None:
    """Add every trouble that only shows when the whole policy is seen."""
    for each in CHECKS:
        for path, subject, trouble in each(policy):
            troubles.add(path, subject, trouble)


def check_ids(policy: Policy) -> Found:
    """An id names one rule."""
    seen: dict[str, int] = {}
    for rule in policy.rules:
        if rule.id in seen:
            trouble = Trouble("id-twice", f"line {seen[rule.id]} has a rule of this id already", "choose another id")
            yield ("rules", rule.index, "id"), rule.id, trouble
        seen.setdefault(rule.id, rule.line)


def check_overrides(policy: Policy) -> Found:
    """`overrides` and `adds_to` name other rules of the same kind, and never lead back to where they started."""
    by_id = {rule.id: rule for rule in policy.rules}
    for rule in policy.rules:
        named = {"overrides": rule.overrides, "adds_to": rule.adds_to if isinstance(rule, Fee) else ()}
        for field, ids in named.items():
            for position, each in enumerate(ids):
                trouble = _wrong_rule(each, rule, by_id)
                if trouble:
                    yield ("rules", rule.index, field, position), rule.id, trouble
        if _leads_back(rule, by_id):
            trouble = Trouble("override-circle", "the overrides lead back to this rule", "take one of them out")
            yield ("rules", rule.index, "overrides"), rule.id, trouble


def _wrong_rule(name: str, rule: Rule, by_id: dict[str, Rule]) -> Trouble | None:
    if name not in by_id:
        return Trouble("unknown-rule", f"there is no rule '{name}'", did_you_mean(name, list(by_id)) or "name a rule")
    if by_id[name].kind != rule.kind:
        return Trouble("other-kind", f"'{name}' is of kind {by_id[name].kind}", f"name a rule of kind {rule.kind}")
    if name == rule.id:
        return Trouble("own-id", "a rule cannot name itself", "take it out")
    return None


def _leads_back(rule: Rule, by_id: dict[str, Rule]) -> bool:
    seen: set[str] = set()
    ahead = [each for each in rule.overrides if each != rule.id]
    while ahead:
        name = ahead.pop()
        if name == rule.id:
            return True
        if name not in seen and name in by_id:
            seen.add(name)
            ahead += by_id[name].overrides
    return False


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
            rest = PLACEHOLDER.sub("", sentence)
            if "{" in rest or "}" in rest:
                yield (
                    path,
                    rule.id,
                    Trouble("stray-brace", "a brace stands alone", "write {limit}, or no brace"),
                )
            for name in PLACEHOLDER.findall(sentence):
                if name not in known:
                    hint = did_you_mean(name, known) or (f"it can name {', '.join(known)}")
                    yield (
                        path,
                        rule.id,
                        Trouble("unknown-placeholder", f"unknown placeholder '{{{name}}}'", hint),
                    )


def placeholders(rule: Rule) -> tuple[str, ...]:
    """The figures that a rule's reason may name: its kind's own, its values, and the facts of its conditions."""
    facts = {
        path
        for condition in rule.conditions()
        for clause in condition.comparisons()
        for path in (clause.path, clause.right.path if isinstance(clause.right, FactRef) else clause.path)
        if not path.startswith("lot.")
    }
    return (*KINDS[rule.kind].placeholders, *rule.value_names(), *sorted(facts))


def check_particles(policy: Policy) -> Found:
    """A Korean particle depends on the sound before it, which a figure does not tell."""
    for rule in policy.rules:
        match = _PARTICLE.search(rule.reason.ko) if rule.reason else None
        if match:
            message = f"the particle '{match[1]}' follows a figure, whose sound is not known"
            yield (
                ("rules", rule.index, "reason", "ko"),
                rule.id,
                Trouble("particle-after-figure", message, "put a noun between them, such as '{limit} 포인트를'"),
            )


def check_scopes(policy: Policy) -> Found:
    """A value that depends on a lot, or on an event, is used only where there is one."""
    for rule in policy.rules:
        for name in rule.value_names():
            seen = {path.partition(".")[0] for path in value_paths(policy.values[name])}
            allowed = {"account", "event"} if rule.kind == "earn" else {"account", "request"}
            allowed |= {"lot"} if rule.kind in _LOT_KINDS else set()
            beyond = sorted(seen - allowed)
            if beyond:
                message = f"value '{name}' depends on the {beyond[0]}, which a rule of kind {rule.kind} does not see"
                yield ("rules", rule.index), rule.id, Trouble("value-out-of-sight", message, "use another value")


def check_used(policy: Policy) -> Found:
    """A value that no rule uses says nothing."""
    used = {name for rule in policy.rules for name in rule.value_names()}
    for name in policy.values:
        if name not in used:
            yield (
                ("values", name),
                name,
                Trouble("value-unused", "no rule uses this value", "use it, or take it out", "key"),
            )


def check_zero(policy: Policy) -> Found:
    """A step of 0 divides nothing."""
    for rule in policy.rules:
        step = rule.multiple_of if isinstance(rule, Limit) else None
        if isinstance(step, ValueRef) and 0 in figures_of(policy, step):
            message = f"value '{step.name}' can be 0, which no step can be"
            yield (
                ("rules", rule.index, "multiple_of"),
                rule.id,
                Trouble("zero-step", message, "let it be 1 or more"),
            )


def check_rates(policy: Policy) -> Found:
    """A fee takes no more than there is."""
    for rule in policy.rules:
        if isinstance(rule, Fee) and rule.rate is not None:
            rates = figures_of(policy, rule.rate) if isinstance(rule.rate, ValueRef) else (rule.rate,)
            if any(not isinstance(rate, str) and rate > 100 for rate in rates):  # type: ignore[operator]
                yield (
                    ("rules", rule.index, "rate"),
                    rule.id,
                    Trouble("rate-above-all", "the fee is above 100%", "lower it"),
                )


def figures_of(policy: Policy, reference: ValueRef) -> tuple[object, ...]:
    """Every figure that a value can come to, on any day."""
    return tuple(figure for _, cell in policy.values[reference.name].since for figure in figures(cell))


CHECKS: tuple[Check, ...] = (
    check_ids,
    check_overrides,
    check_allocation,
    check_placeholders,
    check_particles,
    check_scopes,
    check_used,
    check_zero,
    check_rates,
)
