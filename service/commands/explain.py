"""`recoup explain`: why a decision came out as it did."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.commands._asking import told
from service.commands._files import Unusable, language_option, load_rules, made_whole, read_json_file, shown_name

if TYPE_CHECKING:
    from engine.compiled import CompiledVersion
    from policies.versions import PolicyVersion
    from service.records import Record


EPILOG = """\b
Example:
  recoup explain D-01K5M2W8Q3ZV4N7R9T0XYB6C1E --trace
  recoup explain D-01K5M2W8Q3ZV4N7R9T0XYB6C1E --lang ko --html explanation.html
  recoup explain kept.json --rules applied.yaml --more
"""


@click.command(epilog=EPILOG)
@click.argument("decision", metavar="ID|DECISION.json")
@click.option("--rules", metavar="RULES.yaml", help="The rule file by which a decision in a file was made.")
@language_option
@click.option("--more", is_flag=True, help="Tell each rule as its author wrote it, too, with its id and figures.")
@click.option("--trace", "with_trace", is_flag=True, help="Show what every rule saw, stage by stage.")
@click.option("--html", metavar="FILE", help="Write it to a file, as a page to print.")
@click.option("--force", is_flag=True, help="Overwrite the file of --html where it is there already.")
def command(
    decision: str, rules: str | None, lang: str, more: bool, with_trace: bool, html: str | None, force: bool
) -> None:
    """Explain a decision, as the member reads it.

    What was asked; which rules denied, set lots aside, took a fee or want a person to look, with their articles and the
    dated values that applied; the nearest request that would have passed; and how to contest it.

    It is a kept one, by its id and out of DATABASE_URL, or one in a JSON file (`-` reads stdin) as `recoup decide
    --json` or the API writes it, with the rule file that it was made by. Of a file without its case, what would have
    passed and the dated values are not told.
    """
    from service.explanation import explanation
    from service.explanation_forms import lines, page
    from service.telling import traced

    with told(lang):
        if _is_file(decision):
            (record, compiled, days), stored = _in_file(decision, rules, lang), True
        elif rules is not None:
            raise Unusable("--rules is for a decision in a file: the text of a kept one is kept with it")
        else:
            record, compiled, days, stored = _kept(decision)
        explained = explanation(record, compiled, days, stored=stored)
    if html is not None:
        _write(html, page(explained, lang), force=force)
        return
    trace = traced(record.decision["trace"], lang) if with_trace and not record.erased else ()
    click.echo("\n".join([*lines(explained, lang, more=more), *trace]))


def _is_file(name: str) -> bool:
    return name == "-" or name.endswith(".json") or "/" in name or Path(name).is_file()


def _write(name: str, text: str, *, force: bool) -> None:
    try:
        with made_whole(name, force=force) as target:
            target.write_text(text, "utf-8")
    except OSError as error:
        raise Unusable(f"{name} cannot be written: {error.strerror}") from None


def _kept(id: str) -> tuple[Record, CompiledVersion, int, bool]:
    """A decision out of the database, the version that it was made on, within how many days one is answered, and
    whether its account is stored.
    """
    from service import ledger, records
    from service.commands._database import looked_at, record_read
    from service.database import reading
    from service.publishing import Versions

    with looked_at() as (database, settings):
        with reading(database):
            record = records.find(database, id)
            compiled = None if record is None else Versions(database, 1).compiled(record.decision["digest"])
            stored = record is not None and ledger.find_account(database, record.decision["account"]) is not None
        if record is None or compiled is None:
            raise Unusable(f"no decision has the id '{id}'")
        record_read(database, "recoup explain", record.id)
    return record, compiled, settings.answer_within_days, stored


def _in_file(file: str, rules: str | None, language: str) -> tuple[Record, CompiledVersion, int]:
    """The same of a decision in a file. One that says no id was not kept."""
    from engine.compiled import compile_version
    from policies.versions import published_again
    from service.config import read_settings
    from service.records import Record

    name = shown_name(file)
    data = read_json_file(file)
    decision = _decision(data, name)
    if rules is None:
        raise Unusable(f"{name} does not hold the rules that it was decided by; name their file with --rules")
    version = load_rules(rules, language, exit_code=2)
    if decision["digest"] != version.digest and decision["version"] is not None:
        # A text that was published again has its number in its digest.
        version = published_again(version, decision["version"])
    if decision["digest"] != version.digest:
        raise Unusable(f"{name} was decided by another text than {rules}: its digest is {decision['digest']}")
    record = Record(str(data.get("id") or ""), str(data.get("decided_at") or ""), _case(data, name, version), decision)
    return record, compile_version(version), read_settings().answer_within_days


def _decision(data: Any, name: str) -> dict[str, Any]:
    """What a file says of a decision, once it proved to be one."""
    from engine.decision import Decision
    from service.answers import without_additions

    try:
        plain: dict[str, Any] = without_additions(data)
        return {**plain, **Decision.from_data(plain).to_data()}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Unusable(f"{name} is not a decision as the API or `recoup decide --json` writes it") from None
    except AssertionError as error:
        raise Unusable(f"{name} contradicts itself: {error}") from None


def _case(data: Any, name: str, version: PolicyVersion) -> dict[str, Any]:
    """The case beside a decision, where there is one."""
    from engine.cases import BadCase, read_case

    case: dict[str, Any] = data.get("case") or {}
    try:
        if case:
            read_case(version.policy, case)
    except BadCase as bad:
        raise Unusable(f"{name} has a case that cannot be read: {bad}") from None
    return case
