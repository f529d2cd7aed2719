"""`recoup check`: every problem of rule files and scenario files, and advice about those that have none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from service.commands._files import (
    SCENARIOS,
    Tested,
    Unusable,
    language_option,
    load_rules,
    paint,
    read_file,
    say_problems,
)

if TYPE_CHECKING:
    from policies.problems import Problem
    from policies.versions import PolicyVersion


EPILOG = """\b
Example:
  recoup check rules/kt-points.yaml
  recoup check rules/kt-points.yaml rules/kt-points.test.yaml --strict
  recoup check new.yaml --against old.yaml
  recoup check rules/kt-points.yaml --lang ko
"""


@click.command(epilog=EPILOG)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print problems and advice as JSON.")
@click.option("--strict", is_flag=True, help="End with 1 for advice too.")
@click.option(
    "--against",
    multiple=True,
    metavar="OLD",
    help="An earlier text of the policy, to see whether an id means something else now; several, the oldest first.",
)
@language_option
def command(files: tuple[str, ...], as_json: bool, strict: bool, against: tuple[str, ...], lang: str) -> None:
    """Find every problem of rule files.

    A scenario file (NAME.test.yaml) is checked together with the rule file that it names.

    A file without problems gets advice: what its author should look at. It can be used as it is.
    """
    earlier = {name: load_rules(name, lang) for name in against}
    all_found: list[Problem] = []
    for file in files:
        found, what = _check(file, earlier)
        problems = [each for each in found if each.severity == "problem"]
        # The advice about a rule file is told once, whether it is named itself, by its scenarios, or both.
        found = [each for each in found if each not in all_found or each in problems]
        all_found += found
        if not as_json:
            say_problems(found, lang)
            if not problems:
                click.echo(f"{file}: {paint('ok', 'green')}, {what}")
    if as_json:
        click.echo(json.dumps([_plain(each, lang) for each in all_found], ensure_ascii=False, indent=2))
    if any(strict or each.severity == "problem" for each in all_found):
        raise SystemExit(1)


def _check(file: str, earlier: Mapping[str, PolicyVersion]) -> tuple[list[Problem], str]:
    """The problems of a file, or all advice about it; and what it holds."""
    from engine.versions import load_version

    if file.endswith(SCENARIOS):
        tested = Tested(file)
        if tested.problems or tested.version is None:
            return sorted(tested.problems), ""
        advice = _advice(tested.version, tested.rule_file, earlier) + tested.advice()
        return sorted(advice), _count(len(tested.scenarios), "scenario")
    version, problems = load_version(read_file(file), file)
    if version is None:
        return problems, ""
    policy = version.policy
    what = f"{_count(len(policy.rules), 'rule')}, {_count(len(policy.values), 'value')}"
    return _advice(version, file, earlier), what


def _advice(version: PolicyVersion, file: str, earlier: Mapping[str, PolicyVersion]) -> list[Problem]:
    from policies.advice import advise, earlier_text

    for name, other in earlier.items():
        if other.policy.id != version.policy.id:
            raise Unusable(f"{name} is of the policy '{other.policy.id}', {file} of '{version.policy.id}'")
    texts = [earlier_text(other.text.encode(), name) for name, other in earlier.items()]
    return advise(version.policy, version.text.encode(), file, texts)


def _plain(problem: Problem, language: str) -> dict[str, Any]:
    """The problem as plain data; its words in one language."""
    from policies.problems import in_language

    return {
        "code": problem.code,
        "severity": problem.severity,
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "subject": in_language(problem.subject, language),
        "message": problem.message.in_language(language),
        "hint": problem.hint.in_language(language) if problem.hint else "",
    }


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
