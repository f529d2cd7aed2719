"""`recoup check`: every problem of rule files and scenario files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from service.commands._files import SCENARIOS, Tested, language_option, paint, read_file, say_problems

if TYPE_CHECKING:
    from policies.problems import Problem


EPILOG = """\b
Example:
  recoup check rules/kt-points.yaml
  recoup check rules/kt-points.yaml --lang ko
"""


@click.command(epilog=EPILOG)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON.")
@language_option
def command(files: tuple[str, ...], as_json: bool, lang: str) -> None:
    """Find every problem of rule files.

    A scenario file (NAME.test.yaml) is checked together with the rule file that it names.
    """
    told, all_problems = [], []
    for file in files:
        problems, what = _check(file)
        all_problems += problems
        told.append(what)
        if not as_json:
            say_problems(problems, lang)
            if not problems:
                click.echo(f"{file}: {paint('ok', 'green')}, {what}")
    if as_json:
        click.echo(json.dumps([_plain(problem, lang) for problem in all_problems], ensure_ascii=False, indent=2))
    if all_problems:
        raise SystemExit(1)


def _check(file: str) -> tuple[list[Problem], str]:
    from engine.versions import load_version

    if file.endswith(SCENARIOS):
        tested = Tested(file)
        return sorted(tested.problems), _count(len(tested.scenarios), "scenario")
    version, problems = load_version(read_file(file), file)
    if version is None:
        return problems, ""
    policy = version.policy
    return [], f"{_count(len(policy.rules), 'rule')}, {_count(len(policy.values), 'value')}"


def _plain(problem: Problem, language: str) -> dict[str, Any]:
    """The problem as plain data; its words in one language."""
    from policies.problems import in_language

    return {
        "code": problem.code,
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "subject": in_language(problem.subject, language),
        "message": problem.message.in_language(language),
        "hint": problem.hint.in_language(language) if problem.hint else "",
    }


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
