"""`recoup schema`: what editors need to help with rule files."""

from __future__ import annotations

from pathlib import Path

import click

from service.commands._files import Unusable

EPILOG = """\b
Example:
  recoup schema --output rules/recoup.schema.json
  recoup schema --scenarios --output rules/recoup.test.schema.json

\b
A rule file beside it names it in its first line:
  # yaml-language-server: $schema=recoup.schema.json
"""


@click.command(epilog=EPILOG)
@click.option("--output", metavar="FILE", help="Write the schema to this file [default: print it].")
@click.option("--scenarios", is_flag=True, help="The schema of scenario files instead (NAME.test.yaml).")
def command(output: str | None, scenarios: bool) -> None:
    """Print the JSON Schema of rule files.

    An editor with a YAML language server completes, explains and checks rule files by it.
    """
    from engine.scenario_schema import scenario_file_schema
    from policies.editor import rule_file_schema, schema_text

    text = schema_text(scenario_file_schema() if scenarios else rule_file_schema())
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        Path(output).write_text(text, "utf-8")
    except OSError as error:
        raise Unusable(f"{output} cannot be written: {error.strerror}") from None
