"""Proves what a rule file says: puts the questions, and lets nothing pass as shown that the engine does not confirm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.cases import BadCase
from engine.compiled import CompiledVersion, compile_version
from engine.decide import decide
from engine.errors import Conflict, NotInForce
from engine.facts import Case
from engine.proofs.examples import NOON, Example, day_example, event_example, request_example
from engine.proofs.findings import Desk
from engine.proofs.inquiry import Inquiry
from engine.proofs.logic import Answer, Term, either, every
from engine.proofs.others import Others
from engine.proofs.requests import Requests
from engine.scenario_expect import Expected
from engine.scenario_file import Scenario
from engine.scenarios import Got, observe, of_decision
from policies.kinds.clawback import Clawback
from policies.kinds.closed import Closed
from policies.model import Rule
from policies.problems import Place
from policies.source import Document
from policies.values import value_paths
from policies.versions import PolicyVersion

_NOTHING = Expected("", (), {})


@dataclass(slots=True)
class Shown:
    """An example that the engine decided, and what came out: `speaking` are the rules of each stage that applied, and
    `expired` says whether its lot had ended.
    """

    example: Example
    got: Got
    speaking: Mapping[str, frozenset[str]]
    expired: bool = False


class Prover:
    """One version before the solver."""

    def __init__(
        self, version: PolicyVersion, document: Document, patience_ms: int, keep_going: Callable[[], bool]
    ) -> None:
        self.policy = version.policy
        self.compiled: CompiledVersion = compile_version(version)
        self.desk = Desk(version.policy, document)
        self._last: tuple[tuple[Answer, str, bool], Shown] | None = None
        self._allocates = {rule.id for rule in version.policy.rules_of("allocate")}
        self._excludes = {rule.id for rule in version.policy.rules_of("exclude")}
        self.requests = Requests(self.compiled)
        self.events, self.days = Others(self.compiled, events=True), Others(self.compiled, events=False)
        self.of_requests = Inquiry(self.requests, patience_ms, keep_going)
        self.of_events = Inquiry(self.events, patience_ms, keep_going)
        self.of_days = Inquiry(self.days, patience_ms, keep_going)

    def inquiry(self, rule: Rule) -> Inquiry:
        """Whom to ask about a rule."""
        if rule.kind in ("earn", "clawback"):
            return self.of_events
        return self.of_days if rule.kind in ("dormancy", "notice") else self.of_requests

    def subject(self, rule: Rule) -> Requests | Others:
        """What a rule is about."""
        if rule.kind in ("earn", "clawback"):
            return self.events
        return self.days if rule.kind in ("dormancy", "notice") else self.requests

    def example(self, answer: Answer, rule: Rule, *, papers: bool = True) -> Example:
        """A model as a case that is about a rule."""
        subject = self.subject(rule)
        if isinstance(subject, Requests):
            minutes = rule.hours.start.minutes if isinstance(rule, Closed) and rule.hours else NOON
            times = answer.number(subject.times)
            # What the question did not lead to is 0 in the model.
            before = max(times, answer.number(subject.before)) if times else 0
            return request_example(
                subject.world, answer, minutes, before=before, times=times, papers=papers and rule.kind != "paper"
            )
        if not subject.events:
            return day_example(subject.world, answer)
        earned = [*self._earned(rule)] if isinstance(rule, Clawback) else []
        return event_example(subject.world, answer, earned)

    def _earned(self, rule: Clawback) -> Iterator[Mapping[str, Any]]:
        """Something that a clawback takes back."""
        earning = rule.of or tuple(each.id for each in self.policy.rules_of("earn"))
        for name in earning[:1]:
            yield {"rule": name, "points": 10, "event": "undone", "amount": 1000}

    def show(self, answer: Answer, rule: Rule, *, papers: bool = True) -> Shown:
        """A model as an example, decided. The last is remembered: it is looked at more than once."""
        asked = (answer, rule.id, papers)
        if self._last is None or self._last[0] != asked:
            self._last = asked, self.decided(self.example(answer, rule, papers=papers))
        return self._last[1]

    def decided(self, example: Example) -> Shown:
        """What the engine makes of an example."""
        try:
            case = example.case(self.policy)
        except BadCase:
            # Such as amounts that only several lots can hold.
            return Shown(example, {"outcome": "unsound", "reasons": []}, {})
        if not isinstance(case, Case):
            return Shown(example, observe(self.compiled, Scenario("", 0, "", Place(1, 1), case, _NOTHING)), {})
        try:
            decision = decide(self.compiled, case, helping=False)
        except NotInForce:
            return Shown(example, {"outcome": "not_in_force", "reasons": []}, {})
        except Conflict as conflict:
            return Shown(example, {"outcome": "conflict", "reasons": list(conflict.rules)}, {})
        charged = decision.outcome != "denied"
        speaking = {
            each["stage"]: frozenset(line["rule"] for line in each["rules"] if line["applies"])
            for each in decision.trace
            if charged or each["stage"] not in ("fee", "tax")
        }
        got = of_decision(decision, self.compiled.zone)
        expired = any(rule not in self._excludes for rules in got["lots"].values() for rule in rules)
        return Shown(example, got, speaking, expired)

    def compiled_paths(self, rule: Rule) -> set[str]:
        """The facts that a rule looks at, in its conditions and through its values."""
        found = {clause.path for condition in rule.conditions() for clause in condition.comparisons()}
        return found.union(*(value_paths(self.policy.values[name]) for name in rule.value_names()))

    def in_the_way(self, shown: Shown) -> list[str]:
        """What denies a decided request and what keeps its lot from paying, as names of premises."""
        got = shown.got
        if "lots" not in got:
            return []
        found = ["short"] if set(got["reasons"]) & {"not-enough-points", *self._allocates} else []
        found += [f"{what} {rule}" for rule in got["reasons"] for what in ("denied", "eaten")]
        for rules in got["lots"].values():
            for rule in rules:
                found.append(f"excluded {rule}" if rule in self._excludes else "expired")
        return found

    def wishes(self, answer: Answer, rule: Rule) -> Iterator[Term]:
        """What makes an example easier to read, the most important first."""
        subject = self.subject(rule)
        world = subject.world
        start = self.policy.starts.toordinal()
        yield every([world.today >= start + 30, world.today <= start + 4 * 366])
        if isinstance(subject, Requests) and answer.knows(subject.before):
            yield subject.before == 0
        if "request.chosen_lots" in world.facts:
            yield world.facts["request.chosen_lots"] <= 3
        facts = {path: term for path, term in world.facts.items() if answer.knows(term)}
        for path, term in facts.items():
            fact = self.policy.facts[path]
            if fact.derived or path in ("request.points", "lot.amount", "lot.left"):
                continue
            if fact.type in ("choice", "text", "flag") and isinstance(fact.default, str | bool):
                default = fact.default
                yield term == (world.words.number(default) if isinstance(default, str) else int(default))
            elif fact.type == "date":
                usual = every([term >= world.today - 20 * 366, term <= world.today + 366])
                yield either([term == 0, usual]) if fact.none else usual
            elif isinstance(fact.default, int):
                yield term == fact.default
        if isinstance(subject, Requests):
            yield every([facts["lot.amount"] == subject.left, subject.left == subject.points, subject.points == 10_000])
            yield every([facts["lot.amount"] == subject.left, subject.left >= subject.points])
            yield every([subject.points >= 100, subject.points <= 1_000_000, subject.points % 100 == 0])
