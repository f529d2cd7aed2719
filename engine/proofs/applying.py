"""Rules that never apply, and exceptions that never lift their rule."""

from __future__ import annotations

from collections.abc import Iterator

from engine.proofs.findings import Finding
from engine.proofs.logic import Answer, Term, every, opposite
from engine.proofs.prover import Prover, Shown
from engine.proofs.requests import Requests
from engine.proofs.standing import Premises
from policies.kinds.earn import Earn
from policies.model import Rule
from policies.problems import both
from policies.source import Path

_LAST_DROPPED = ("when", "within", "any")
"""The premises that an example keeps if it can: those that make it look like what the rule is for."""


def dead_rules(prover: Prover) -> Iterator[Finding]:
    """Rules that make no difference to any case."""
    for rule in prover.policy.rules:
        subject = prover.subject(rule)
        needed = {**subject.standing.needed(rule), **subject.effect(rule)}
        path: Path = ("rules", rule.index)
        answer = prover.inquiry(rule).ask(subject.standing.speaks(rule), *subject.effect(rule).values())
        if answer.can == "unknown":
            what = both(
                "이 규칙이 적용되는 일이 있는지 알아내지 못했습니다", "whether this rule ever applies was not found out"
            )
            yield prover.desk.unknown("dead-rule", [rule], path, what)
        elif answer.can == "no":
            yield from _dead(prover, rule, needed, path)


def _dead(prover: Prover, rule: Rule, needed: Premises, path: Path) -> Iterator[Finding]:
    causes = prover.inquiry(rule).clash(needed)
    message = both(
        "이 규칙은 한 번도 적용되지 않습니다({causes})",
        "this rule never applies: {causes}",
        causes=prover.desk.causes(causes),
    )
    hint = both("조건을 고치거나 규칙을 빼십시오", "correct its conditions, or take the rule out")
    shown = nearest(prover, rule, needed, causes)
    if shown is None:
        yield prover.desk.unknown("dead-rule", [rule], path, message)
        return
    name = f"{rule.id} never applies, not even here"
    keys = _KEYS.get(rule.kind, ())
    scenario = prover.desk.scenario(name, shown.example, shown.got, keys)
    yield prover.desk.finding("dead-rule", [rule, *named(prover, causes, rule)], path, message, hint, scenario)


def dead_exceptions(prover: Prover) -> Iterator[Finding]:
    """Exceptions that make no difference: where they hold, their rule would do nothing anyway."""
    for rule in prover.policy.rules:
        subject = prover.subject(rule)
        standing = subject.standing
        for number in range(len(rule.unless)):
            needed = {
                "exception": standing.excepted(rule, number),
                **standing.asked(rule),
                **subject.effect(rule),
                **{
                    f"other {rule.id} {other}": opposite(standing.excepted(rule, other))
                    for other in range(len(rule.unless))
                    if other != number
                },
            }
            if (bites := standing.bites(rule)) is not every([]):
                needed[f"bites {rule.id}"] = bites
            path: Path = ("rules", rule.index, "unless", number)
            answer = prover.inquiry(rule).ask(*needed.values())
            if answer.can == "unknown":
                what = both(
                    "이 예외가 적용되는 일이 있는지 알아내지 못했습니다",
                    "whether this exception ever applies was not found out",
                )
                yield prover.desk.unknown("dead-exception", [rule], path, what)
            elif answer.can == "no":
                yield from _dead_exception(prover, rule, needed, path)


def _dead_exception(prover: Prover, rule: Rule, needed: Premises, path: Path) -> Iterator[Finding]:
    causes = prover.inquiry(rule).clash(needed)
    told = [cause for cause in causes if cause != "exception"]
    message = both(
        "이 예외는 아무것도 바꾸지 않습니다({causes})",
        "this exception changes nothing: {causes}",
        causes=prover.desk.causes(told or causes),
    )
    hint = both("예외를 고치거나 빼십시오", "correct the exception, or take it out")
    shown = nearest(prover, rule, needed, causes, dead=False)
    if shown is None:
        yield prover.desk.unknown("dead-exception", [rule], path, message)
        return
    name = f"The exception {int(str(path[-1])) + 1} of {rule.id} changes nothing, not even here"
    scenario = prover.desk.scenario(name, shown.example, shown.got, _KEYS.get(rule.kind, ()))
    yield prover.desk.finding("dead-exception", [rule, *named(prover, causes, rule)], path, message, hint, scenario)


_KEYS = {
    "expire": ("last_usable_on",),
    "exclude": ("lots",),
    "price": ("prices",),
    "fee": ("fees",),
    "tax": ("taxes",),
    "offset": ("offsets",),
    "pay": ("payable_on",),
    "earn": ("earned",),
    "clawback": ("taken", "earned"),
    "dormancy": ("charged",),
    "notice": ("notices",),
}
"""What a scenario about a rule of a kind says besides the outcome."""


def named(prover: Prover, causes: list[str], rule: Rule) -> list[Rule]:
    """The other rules that causes name."""
    ids = dict.fromkeys(name.split(" ")[1] for name in causes if " " in name)
    return [prover.desk.by_id[each] for each in ids if each in prover.desk.by_id and each != rule.id]


def nearest(prover: Prover, rule: Rule, needed: Premises, causes: list[str], *, dead: bool = True) -> Shown | None:
    """A case with all that is needed but one of the causes, decided; where it is `dead`, the rule says nothing."""
    inquiry, subject = prover.inquiry(rule), prover.subject(rule)
    alone: list[Term] = subject.alone if isinstance(subject, Requests) else []

    def confirm(answer: Answer) -> Shown | None:
        shown = prover.show(answer, rule)
        return None if dead and says(shown, rule) else shown

    order = sorted(causes, key=lambda name: name.split(" ")[0] in _LAST_DROPPED)
    for dropped in [[each] for each in order] + [list(causes)] + [[*needed]]:
        kept = [term for name, term in needed.items() if name not in dropped]
        verdict, shown = inquiry.confirmed([*kept, *alone], prover.wishes(rule), confirm)
        if verdict == "yes" and shown is not None:
            return shown
    return None


def says(shown: Shown, rule: Rule) -> bool:
    """Whether a rule makes a difference to a decided case."""
    got = shown.got
    of_lots = [each for rules in got.get("lots", {}).values() for each in rules]
    lines = [line["rule"] for line in (*got.get("earned", ()), *got.get("notices", ()))]
    if isinstance(rule, Earn):
        return rule.id in lines
    return rule.id in (*got["reasons"], *(of_lots if rule.kind == "exclude" else ()), *lines)
