"""Small rule files for tests: the valid one with a rule, a fact, a value or a condition of the test's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from policies.load import load_policy
from policies.model import Policy, Rule

VALID = (Path(__file__).parent.parent / "valid.yaml").read_text("utf-8")
REASON = "    reason: {ko: 안내, en: Notice}\n"


def told(text: str) -> list[str]:
    """The problems of a file, without their place."""
    problems = load_policy(text.encode(), "policy.yaml")[1]
    return [f"{problem.message.en}; {problem.hint.en if problem.hint else ''}" for problem in problems]


def loaded(text: str) -> Policy:
    """The policy of a file that has no problems."""
    policy, problems = load_policy(text.encode(), "policy.yaml")
    assert policy is not None, [str(problem) for problem in problems]
    return policy


def with_rule(fields: str, reason: str = REASON) -> str:
    """The valid file with one more rule, `added`: its fields in one line of flow style, or several lines."""
    lines = fields if "\n" in fields else "".join(f"    {field}\n" for field in _fields(fields))
    return VALID.replace("  - id: order\n", f'  - id: added\n    terms: "1"\n{lines}{reason}  - id: order\n')


def added(fields: str, reason: str = REASON) -> Any:
    """That rule, loaded."""
    return rule(loaded(with_rule(fields, reason)), "added")


def rule(policy: Policy, name: str) -> Rule:
    """The rule of that id."""
    return next(each for each in policy.rules if each.id == name)


def with_condition(condition: str) -> str:
    """The valid file with an exclude rule of this condition, in flow style."""
    return with_rule(f"kind: exclude | when: {condition}")


def with_value(unit: str, since: str, dated_by: str = "request.requested_on") -> str:
    """The valid file with one more value, `figure`; nothing uses it, which is a problem of its own."""
    value = f'  figure: {{about: A figure, terms: "1", unit: {unit}, dated_by: {dated_by}, since: {since}}}\n'
    return VALID.replace("values:\n", f"values:\n{value}")


UNUSED = "no rule uses this value; use it, or take it out"


def _fields(fields: str) -> list[str]:
    return [field.strip() for field in fields.split(" | ")]
