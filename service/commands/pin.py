"""`recoup pin`: find what no scenario holds in place."""

from __future__ import annotations

import sys

import click

from service.commands._files import Tested, Unusable, each_once, language_option, paint, say_problems, stop

EPILOG = """\b
Example:
  recoup pin rules/kt-points.yaml
  recoup pin rules/kt-points.yaml --only monthly_limit
"""


@click.command(epilog=EPILOG)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--only", metavar="NAME", help="Nudge only this rule or value.")
@language_option
def command(files: tuple[str, ...], only: str | None, lang: str) -> None:
    """List what no scenario of rule files tests.

    Every number, day, span and percentage is made one less and one more, every clause, exception, override and rule is
    dropped. What survives is not tested: a mistake there would reach members unseen.
    """
    named = each_once(files)
    surviving = [_pin(file, only, lang, f"{file}: " if len(named) > 1 else "") for file in named]
    if any(surviving):
        raise SystemExit(1)


def _pin(file: str, only: str | None, lang: str, label: str) -> int:
    """How many nudges of one file are not noticed; they are listed."""
    from engine.pins import Pins
    from engine.scenarios import run

    tested = Tested(file)
    compiled = tested.compile(lang)
    failing = [result for result in (run(compiled, scenario) for scenario in tested.scenarios) if result.differences]
    for result in failing:
        click.echo("\n".join(result.lines(lang)))
    if failing:
        stop(f"{label}scenarios fail; mend them first, then pin")
    pins = Pins(compiled.version, tested.rule_file, tested.scenarios)
    nudges = [nudge for nudge in pins.nudges if only in (None, nudge.subject)]
    if not nudges:
        raise Unusable(f"nothing is called '{only}'" if only else "there is nothing to nudge")
    with click.progressbar(nudges, label="nudges", file=sys.stderr, hidden=not sys.stderr.isatty()) as shown:
        surviving = [pins.problem(nudge) for nudge in shown if not pins.noticed(nudge)]
    say_problems(surviving, lang)
    noticed = len(nudges) - len(surviving)
    told = f"{label}{noticed} of {len(nudges)} nudges noticed"
    click.echo(paint(told, "red" if surviving else "green"))
    return len(surviving)
