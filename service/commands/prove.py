"""`recoup prove`: what a solver can show of rule files, each finding with a scenario that shows it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

from service.commands._files import Unusable, language_option, paint, say_problems
from service.commands._versions import load_named

if TYPE_CHECKING:
    from engine.proofs.findings import Finding

EPILOG = """\b
Example:
  recoup prove rules/kt-points.yaml
  recoup prove kt-points@7 --lang ko
  recoup prove rules/kt-points.yaml --timeout 10 --json
"""

_PATIENCE_MS = 5_000
"""How long one question may take."""


@click.command(epilog=EPILOG)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print findings as JSON.")
@click.option(
    "--timeout",
    type=click.IntRange(min=1),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="The time for each file. What was not answered by then is told as unknown.",
)
@language_option
def command(files: tuple[str, ...], as_json: bool, timeout: int, lang: str) -> None:
    """Prove what rule files say, or versions (POLICY@NUMBER) published in DATABASE_URL, beyond single cases.

    Finds rules that never apply, exceptions that change nothing, two rules that both decide one thing, requests between
    rules that none covers, points that nobody gets out, and days that are one off. Each finding comes with a scenario
    to paste below `scenarios:` of NAME.test.yaml: it passes, and shows what the rules do today.
    """
    if find_spec("z3") is None:
        raise Unusable("proofs need one more package: make test, or .venv/bin/pip install '.[prove]'")
    from engine.proofs.prove import prove

    all_found: list[Finding] = []
    for file in files:
        version = load_named(file, lang)
        found = prove(version, file, min(_PATIENCE_MS, timeout * 1000), _until(timeout))
        all_found += found
        if not as_json:
            for each in found:
                say_problems([each.problem], lang)
                if each.scenario:
                    click.echo(each.scenario.rstrip("\n") + "\n")
            click.echo(f"{file}: {_told(found, len(version.policy.rules))}")
    if as_json:
        click.echo(json.dumps([_plain(each, lang) for each in all_found], ensure_ascii=False, indent=2))
    if all_found:
        raise SystemExit(1)


def _until(seconds: int) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


def _told(found: list[Finding], rules: int) -> str:
    proven, unknown = sum(each.proven for each in found), sum(not each.proven for each in found)
    if not found:
        return f"{paint('nothing found', 'green')}, {rules} rule{'' if rules == 1 else 's'}"
    parts = [paint(f"{proven} finding{'' if proven == 1 else 's'}", "red")] if proven else []
    parts += [paint(f"{unknown} unknown", "yellow")] if unknown else []
    return ", ".join(parts)


def _plain(finding: Finding, language: str) -> dict[str, Any]:
    """The finding as plain data; its words in one language."""
    problem = finding.problem
    return {
        "code": finding.code,
        "proven": finding.proven,
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "rules": list(finding.rules),
        "message": problem.message.in_language(language),
        "hint": problem.hint.in_language(language) if problem.hint else "",
        "scenario": finding.scenario,
    }
