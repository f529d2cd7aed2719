"""`recoup explain`: why a decision came out as it did."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.commands._files import Unusable, language_option, read_json_file, shown_name

if TYPE_CHECKING:
    from engine.decision import Decision


EPILOG = """\b
Example:
  recoup explain D-01K5M2W8Q3ZV4N7R9T0XYB6C1E --trace
  recoup explain D-01K5M2W8Q3ZV4N7R9T0XYB6C1E --lang ko --html explanation.html
  recoup decide rules/kt-points.yaml case.json --json | recoup explain - --lang ko
"""


@click.command(epilog=EPILOG)
@click.argument("decision", metavar="ID|DECISION.json")
@language_option
@click.option("--trace", "with_trace", is_flag=True, help="Show what every rule saw, stage by stage.")
@click.option("--html", metavar="FILE", help="Write a kept one to a file, as a page to print.")
def command(decision: str, lang: str, with_trace: bool, html: str | None) -> None:
    """Explain a decision.

    What was asked, which rules spoke and why, what would help, which lots pay what.

    It is a kept one, by its id and out of DATABASE_URL, or one in a JSON file (`-` reads stdin) as `recoup decide
    --json` or the API writes it. A kept one is told as the member reads it: with the dated values that applied, the
    nearest request that would have passed, and how to contest it.
    """
    from service.telling import told, traced

    if not _is_file(decision):
        from service.explanation import lines, page

        explained, trace = _kept(decision)
        if html is not None:
            _write(html, page(explained, lang))
            return
        with_trace = with_trace and not explained["erased"]
        click.echo("\n".join([*lines(explained, lang), *(traced(trace, lang) if with_trace else ())]))
        return
    if html is not None:
        raise Unusable("--html takes the id of a kept decision: a file does not hold the rules that it was made by")
    data = read_json_file(decision)
    found = _decision(data, shown_name(decision))
    gone = "erased" in data
    click.echo("\n".join(told(found, str(data.get("id") or ""), lang, with_trace=with_trace, facts_erased=gone)))


def _is_file(name: str) -> bool:
    return name == "-" or name.endswith(".json") or "/" in name or Path(name).is_file()


def _write(name: str, text: str) -> None:
    try:
        Path(name).write_text(text, "utf-8")
    except OSError as error:
        raise Unusable(f"{name} cannot be written: {error.strerror}") from None


def _kept(id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The explanation of a decision out of the database, and its trace."""
    from service import records
    from service.commands._database import looked_at, record_read
    from service.database import reading
    from service.explanation import explanation
    from service.publishing import Versions

    with looked_at() as (database, settings):
        try:
            with reading(database):
                record = records.find(database, id)
                compiled = None if record is None else Versions(database, 1).compiled(record.decision["digest"])
        except AssertionError as error:
            raise Unusable(f"{id} contradicts itself: {error}") from None
        if record is None or compiled is None:
            raise Unusable(f"no decision has the id '{id}'")
        record_read(database, "recoup explain", record.id)
    return explanation(record, compiled, settings.answer_within_days), list(record.decision["trace"])


def _decision(data: Any, name: str) -> Decision:
    from engine.decision import Decision
    from service.answers import without_additions

    try:
        return Decision.from_data(without_additions(data))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Unusable(f"{name} is not a decision as the API or `recoup decide --json` writes it") from None
    except AssertionError as error:
        raise Unusable(f"{name} contradicts itself: {error}") from None
