"""`recoup test`: run the scenarios of rule files."""

from __future__ import annotations

import click

from service.commands._files import Tested, each_once, language_option, paint

EPILOG = """\b
Example:
  recoup test rules/kt-points.yaml
"""


@click.command(epilog=EPILOG)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("-v", "--verbose", is_flag=True, help="Name the scenarios that pass, too.")
@language_option
def command(files: tuple[str, ...], verbose: bool, lang: str) -> None:
    """Run the scenarios of rule files.

    The scenarios of NAME.yaml stand beside it in NAME.test.yaml; each row of a table counts as one.
    """
    from engine.scenarios import run

    count, failed = 0, 0
    for file in each_once(files):
        tested = Tested(file)
        compiled = tested.compile(lang)
        for scenario in tested.scenarios:
            result = run(compiled, scenario)
            count += 1
            failed += bool(result.differences)
            for line in result.lines(lang):
                click.echo(line)
            if verbose and not result.differences:
                row = f", row {scenario.row}" if scenario.row else ""
                click.echo(f"{paint('passed', 'green')}: {scenario.name}{row}")
    if failed:
        click.echo(f"{paint(f'{failed} failed', 'red')}, {count - failed} passed")
        raise SystemExit(1)
    click.echo(f"{paint(f'{count} passed', 'green')}")
