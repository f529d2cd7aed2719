"""`recoup prove`: what a solver can show of rule files, each finding with a scenario that shows it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

from policies.model import Text
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
_NOT_PROVED = Text("{file}: 증명하지 않았습니다", "{file}: not proved")


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
    all_found: list[Finding] = []
    codes = [0]
    for place, file in enumerate(files):
        try:
            found = _proved(file, timeout, lang, quiet=as_json)
        except click.ClickException as unusable:
            unusable.show()
            found = unusable.exit_code
        except KeyboardInterrupt:
            # What was found of the files before has been told, or is told below.
            for name in files[place:]:
                _say_unproved(name, lang)
            codes.append(Unusable.exit_code)
            break
        if isinstance(found, int):
            _say_unproved(file, lang)
            codes.append(found)
        else:
            all_found += found
    if as_json:
        click.echo(json.dumps([_plain(each, lang) for each in all_found], ensure_ascii=False, indent=2))
    raise SystemExit(max(*codes, 1 if all_found else 0))


def _proved(file: str, timeout: int, lang: str, *, quiet: bool) -> list[Finding] | int:
    """What is found in a file, told unless `quiet`; the exit code where the file has problems. Raises Unusable."""
    from engine.proofs.prove import prove

    try:
        # Programs read findings from stdout, and nothing else.
        with redirect_stdout(sys.stderr) if quiet else nullcontext():
            version = load_named(file, lang)
    except SystemExit as refused:
        return int(refused.code or 0)
    found = prove(version, file, min(_PATIENCE_MS, timeout * 1000), _until(timeout))
    if not quiet:
        for each in found:
            say_problems([each.problem], lang)
            if each.scenario:
                click.echo(each.scenario.rstrip("\n") + "\n")
        click.echo(f"{file}: {_told(found, len(version.policy.rules))}")
    return found


def _say_unproved(file: str, language: str) -> None:
    click.echo(f"recoup: {_NOT_PROVED.in_language(language).format(file=file)}", err=True)


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
