"""`recoup ledger`: prove that the ledger of a database holds."""

from __future__ import annotations

import click

from service.commands._files import language_option

EPILOG = """\b
Example:
  recoup ledger verify
"""


@click.group(epilog=EPILOG)
def command() -> None:
    """Look at the ledger of the database of DATABASE_URL."""


@command.command(epilog=EPILOG)
@language_option
def verify(lang: str) -> None:
    """Prove every invariant of the ledger, on a live database.

    Prints a line for each difference: the invariant, where it fails, and the figures. Ends with 1 when there is one.
    """
    from service.commands._database import looked_at
    from service.database import reading
    from service.ledger_check import CHECKS, differences

    with looked_at(exactly=True) as (database, _), reading(database):
        found = differences(database)
    for each in found:
        click.echo(f"{each.check}: {each.text.in_language(lang)}")
    if found:
        raise SystemExit(1)
    click.echo({"ko": f"원장 이상 없음: {len(CHECKS)}가지 확인"}.get(lang, f"the ledger holds: {len(CHECKS)} checks"))
