"""Rules that never apply, and exceptions that never lift their rule."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial

from engine.proofs.findings import Finding
from engine.proofs.inquiry import Inquiry
from engine.proofs.logic import Answer, Term, opposite
from engine.proofs.others import Others
from engine.proofs.overlaps import first_charge
from engine.proofs.prover import Prover, Shown
from engine.proofs.requests import PLENTY, Requests
from engine.proofs.standing import Premises
from policies.kinds.dormancy import Dormancy
from policies.kinds.limit import Limit
from policies.kinds.notice import Notice
from policies.kinds.review import Review
from policies.model import Rule
from policies.problems import both
from policies.source import Path

_LAST_DROPPED = ("broken", "closed", "when", "within", "any")
"""The premises that an example keeps if it can: those that make it look like what the rule is for."""


_OWN = (*_LAST_DROPPED, "exception", "unless", "bites")
"""The premises that speak of the rule itself."""


def dead_rules(prover: Prover) -> Iterator[Finding]:
    """Rules that make no difference to any case."""
    for rule in prover.policy.rules:
        if isinstance(rule, Notice) and rule.of == "expiry":
            # These depend on how long points last, and are looked at in `lives.py`.
            continue
        subject = prover.subject(rule)
        own, further = _parted({"speaks": subject.standing.speaks(rule), **subject.effect(rule)})

        def lacks(answer: Answer, rule: Rule = rule) -> list[str] | None:
            shown = prover.show(answer, rule)
            # A conflict is told as an overlap, and a notice of dormancy is known by its conditions only.
            settled = shown.got["outcome"] == "conflict" or rule.kind == "notice"
            return None if settled or says(shown, rule) else prover.in_the_way(shown)

        inquiry = prover.inquiry(rule)
        # Money is worked out only of what nothing else denies; of its own denial a rule is to be seen.
        simple = _simple(subject, rule)
        history = subject.history if isinstance(subject, Requests) and isinstance(rule, Limit | Review) else []
        ways = [history, *([more] if (more := roomy(subject, rule)) else [])]
        if isinstance(subject, Requests):
            ways += [[*each, *more] for each in subject.settled]
        elif isinstance(rule, Dormancy):
            ways.append([first_charge(prover, rule), subject.world.fact("lot.left") >= PLENTY])
        if any(_tried(inquiry, [*own.values(), *more], simple, lacks) for more in ways):
            continue
        answer, asked = inquiry.guided(own.values(), further, lacks)
        path: Path = ("rules", rule.index)
        if answer.can == "unknown" or (answer.can == "yes" and lacks(answer) is not None):
            what = both(
                "이 규칙이 적용되는 일이 있는지 알아내지 못했습니다", "whether this rule ever applies was not found out"
            )
            yield prover.desk.unknown("dead-rule", [rule], path, what)
        elif answer.can == "no":
            del own["speaks"]
            yield from _dead(prover, rule, {**subject.standing.needed(rule), **own, **asked}, path)


def roomy(subject: Requests | Others, rule: Rule) -> list[Term]:
    """So much that what is rounded comes to something."""
    if rule.kind in ("fee", "tax", "price") and isinstance(subject, Requests):
        return [subject.points >= PLENTY]
    return [subject.world.fact("event.amount") >= 1_000_000] if rule.kind == "earn" else []


def _simple(subject: Requests | Others, rule: Rule) -> Premises:
    """What it takes for no other rule to deny."""
    simple = subject.simple if isinstance(subject, Requests) else {}
    return {name: term for name, term in simple.items() if name != f"denied {rule.id}"}


def _tried(
    inquiry: Inquiry, own: list[Term], further: Premises, lacks: Callable[[Answer], Collection[str] | None]
) -> bool:
    """Whether a case is found in which the rule makes a difference, without trying for long."""
    answer = inquiry.guided(own, further, lacks, rounds=6)[0]
    return answer.can == "yes" and lacks(answer) is None


def _parted(premises: Premises) -> tuple[Premises, Premises]:
    """The premises that speak of a rule itself, and those that speak of others."""
    own = {name: term for name, term in premises.items() if name.split(" ")[0] not in OF_OTHERS}
    return own, {name: term for name, term in premises.items() if name not in own}


OF_OTHERS = ("denied", "eaten", "excluded", "expired", "short", "empty")
"""The premises that other rules make."""


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
                f"bites {rule.id}": standing.bites(rule),
            }
            own, further = _parted(needed)

            def lacks(answer: Answer, rule: Rule = rule, further: Premises = further) -> list[str] | None:
                return [each for each in prover.in_the_way(prover.show(answer, rule)) if each in further] or None

            inquiry = prover.inquiry(rule)
            settled = subject.settled if isinstance(subject, Requests) else ()
            simple = {name: term for name, term in _simple(subject, rule).items() if name in further}
            answer, asked = inquiry.guided(own.values(), further, lacks)
            in_the_way = answer.can == "yes" and lacks(answer)
            if in_the_way and any(_tried(inquiry, [*own.values(), *each], simple, lacks) for each in settled):
                continue
            path: Path = ("rules", rule.index, "unless", number)
            if answer.can == "unknown" or in_the_way:
                what = both(
                    "이 예외가 적용되는 일이 있는지 알아내지 못했습니다",
                    "whether this exception ever applies was not found out",
                )
                yield prover.desk.unknown("dead-exception", [rule], path, what)
            elif answer.can == "no":
                yield from _dead_exception(prover, rule, {**own, **asked}, path)


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
    inquiry = prover.inquiry(rule)

    def confirm(answer: Answer) -> Shown | None:
        shown = prover.show(answer, rule)
        return None if dead and says(shown, rule) else shown

    order = sorted(causes, key=lambda name: name.split(" ")[0] in _LAST_DROPPED)
    own = [name for name in needed if name in causes or name.split(" ")[0] in _OWN]
    for dropped in [[each] for each in order] + [list(causes), own]:
        kept = [needed[name] for name in own if name not in dropped]
        verdict, shown = inquiry.confirmed(kept, partial(prover.wishes, rule=rule), confirm)
        if verdict == "yes" and shown is not None:
            return shown
    return None


def says(shown: Shown, rule: Rule) -> bool:
    """Whether a rule makes a difference to a decided case: the engine tells its reason, or a line of it."""
    got = shown.got
    if got["outcome"] == "conflict":
        return rule.id in got["reasons"]
    if rule.kind in ("earn", "notice"):
        return any(rule.id == line["rule"] for line in (*got.get("earned", ()), *got.get("notices", ())))
    if rule.kind == "exclude":
        return not shown.expired and any(rule.id in rules for rules in got["lots"].values())
    if rule.kind in ("price", "fee", "tax", "expire", "allocate", "pay"):
        return rule.id in shown.speaking.get(rule.kind, ())
    return rule.id in got["reasons"]
