"""`recoup publish`: make a rule file a published version."""

from __future__ import annotations

from pathlib import Path

import click

from service.commands._files import language_option

EPILOG = """\b
Example:
  recoup publish rules/kt-points.yaml
"""


@click.command(epilog=EPILOG)
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@language_option
def command(files: tuple[Path, ...], lang: str) -> None:
    """Publish rule FILES in the database of DATABASE_URL.

    A text gets the next number of its policy and is never changed again. One that says the same as
    a published version is not published twice. Ends with 1 when a file has problems; of several
    files, those before it stay published. Advice about a file, also beside the versions published
    before it, is printed and keeps nothing from being published.
    """
    from service.clock import utc_now
    from service.config import read_settings
    from service.database import close_database, open_database
    from service.migrate import check_schema
    from service.publishing import BadPolicy, advice_before_publishing, publish

    database = open_database(read_settings())
    check_schema(database)
    try:
        for file in files:
            data = file.read_bytes()
            # Asked before, while the published texts are those that came before this one.
            advice = advice_before_publishing(database, data, str(file))
            click.echo(str(publish(database, data, str(file), utc_now())))
            for each in advice:
                click.echo(each.in_language(lang), err=True)
    except BadPolicy as error:
        for problem in error.problems:
            click.echo(problem.in_language(lang), err=True)
        raise SystemExit(1) from None
    finally:
        close_database(database)
