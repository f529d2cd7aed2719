"""Whether the scenarios hold a policy in place: nudge it everywhere, and list the nudges that no scenario notices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from engine.compiled import CompiledVersion, compile_version
from engine.nudges import Nudge, nudges
from engine.scenario_file import Scenario
from engine.scenarios import observe, run
from engine.versions import holidays_of
from policies.load import load_document
from policies.model import Policy, Value
from policies.problems import Fault, Problem, both
from policies.source import read
from policies.values import DAYS_IN_FORCE
from policies.versions import PolicyVersion

_HARMLESS = {"value-unused"}
"""Problems of a nudged file that do not count as noticing it: they would hide that nothing tests a rule."""


class Pins:
    """The nudges of one policy, and the scenarios that should notice them.

    The scenarios must have been read with the policy of `version`, and must pass on it. `file` is what problems call
    the rule file.
    """

    def __init__(self, version: PolicyVersion, file: str, scenarios: Iterable[Scenario]) -> None:
        document, problems = read(version.text.encode(), file)
        assert document is not None, problems
        self._document = document
        self._version = version
        self._scenarios = list(scenarios)
        self._meaning = _meaning(version.policy)
        compiled = compile_version(version)
        self._speakers = [_speakers(compiled, scenario) for scenario in self._scenarios]
        # When each scenario last noticed a nudge; what noticed the last one is likely to notice the next.
        self._noticed = [0] * len(self._scenarios)
        self._tried = 0
        self.nudges = tuple(nudges(document, version.policy))

    def survivors(self) -> Iterator[Problem]:
        """A problem for each nudge that no scenario notices, in the order of the file."""
        return (self.problem(nudge) for nudge in self.nudges if not self.noticed(nudge))

    def problem(self, nudge: Nudge) -> Problem:
        """A nudge that survived, in its place."""
        document = self._document
        place = document.key_places.get(nudge.path) or document.places[nudge.path]
        message = both(
            "이렇게 바꾸어도 알아차리는 시나리오가 없습니다: {words}",
            "{words} is noticed by no scenario",
            words=nudge.words,
        )
        return Fault("not-pinned", message, nudge.hint).at(document.file, place, nudge.subject)

    def noticed(self, nudge: Nudge) -> bool:
        """Whether the nudged file has a problem, means the same, or makes a scenario fail."""
        policy, problems = load_document(replace(self._document, data=nudge.data))
        if policy is None or any(problem.code not in _HARMLESS for problem in problems):
            return True
        if _meaning(policy) == self._meaning:
            return True
        version = PolicyVersion(policy, "", self._version.digest, None, self._holidays(policy))
        compiled = compile_version(version)
        self._tried += 1
        for number in self._likely_first(nudge):
            scenario = self._scenarios[number]
            if run(compiled, scenario, helping="remedy" in scenario.expected.checks).differences:
                self._noticed[number] = self._tried
                return True
        return False

    def _likely_first(self, nudge: Nudge) -> list[int]:
        rules = set(nudge.rules)

        def unlikely(number: int) -> tuple[bool, int, int]:
            # Where few rules speak, more hangs on each.
            speakers = self._speakers[number]
            return rules.isdisjoint(speakers), -self._noticed[number], len(speakers)

        return sorted(range(len(self._scenarios)), key=unlikely)

    def _holidays(self, policy: Policy) -> tuple[date, ...]:
        if policy.holidays == self._version.policy.holidays:
            return self._version.holidays
        return holidays_of(policy)


def _speakers(compiled: CompiledVersion, scenario: Scenario) -> set[str]:
    """The rules that say something in a scenario."""
    got = observe(compiled, scenario)
    of_lots = [rule for rules in got.get("lots", {}).values() for rule in rules]
    lines = (*got.get("earned", ()), *got.get("notices", ()))
    return {*got["reasons"], *of_lots, *(each["rule"] for each in lines)}


def _meaning(policy: Policy) -> Policy:
    """The policy without what can make no difference: what its values said before it was in force."""
    return replace(policy, values={name: _in_force(value, policy.starts) for name, value in policy.values.items()})


def _in_force(value: Value, starts: date) -> Value:
    if value.dated_by not in DAYS_IN_FORCE:
        return value
    before = [cell for day, cell in value.since if day is None or day <= starts]
    after = [(day, cell) for day, cell in value.since if day is not None and day > starts]
    return replace(value, since=((starts, before[-1]), *after))
