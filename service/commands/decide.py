"""`recoup decide`: judge a case by a rule file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from service.commands._files import language_option, load_rules, read_json_file, shown_name, stop

if TYPE_CHECKING:
    from engine.compiled import CompiledVersion


EPILOG = """\b
Example:
  recoup decide rules/kt-points.yaml - <<'END'
  {"account": {"id": "A-1", "joined_on": "2020-01-01", "identity_level": 2},
   "lots": [{"id": "L-1", "source": "bill_payment", "acquired_on": "2025-06-01", "amount": 30000}],
   "request": {"points": 20000, "method": "cash"},
   "as_of": "2026-03-02T10:00:00+09:00"}
  END
"""


@click.command(epilog=EPILOG)
@click.argument("file")
@click.argument("case", metavar="CASE.json")
@click.option("--json", "as_json", is_flag=True, help="Print the decision as JSON.")
@click.option("--more", is_flag=True, help="Tell each rule as its author wrote it, too, with its id and figures.")
@language_option
def command(file: str, case: str, as_json: bool, more: bool, lang: str) -> None:
    """Judge a case by a rule file.

    The case is a refund request, an event that earns points or takes them back, or a day on which points
    expire or are charged, in JSON; `-` reads stdin.
    """
    from engine.cases import BadCase
    from engine.compiled import compile_version
    from engine.errors import Conflict, NotInForce

    if file == case == "-":
        raise click.UsageError("only one of the two can be read from stdin")
    version = load_rules(file, lang)
    data = read_json_file(case)
    try:
        lines, decided = _judge(compile_version(version), data, lang, more)
    except BadCase as bad:
        # A Korean sentence does not begin with the path as its subject, as an English one does.
        joint = ": " if lang == "ko" else " "
        for path, mistake in bad.mistakes:
            told = mistake.text.in_language(lang)
            click.echo(f"{shown_name(case)}: {path + joint if path else ''}{told}", err=True)
        raise SystemExit(1) from None
    except (Conflict, NotInForce) as undecided:
        stop(str(undecided))
    click.echo(json.dumps(decided, ensure_ascii=False, indent=2) if as_json else "\n".join(lines))


def _judge(compiled: CompiledVersion, data: Any, language: str, more: bool) -> tuple[list[str], dict[str, Any]]:
    """The sentences and the plain data of what is decided."""
    from engine.cases import read_case, read_day_case, read_event_case
    from engine.daily import daily
    from engine.decide import decide
    from engine.events import answer
    from engine.facts import case_data
    from service.explanation import explanation
    from service.explanation_forms import lines
    from service.records import Record
    from service.telling import answered, passed

    asked = data if isinstance(data, dict) and "request" not in data else {}
    if "event" in asked:
        event = answer(compiled, read_event_case(compiled.policy, data))
        return answered(event, language), event.to_data()
    if "day" in asked:
        day = daily(compiled, read_day_case(compiled.policy, data))
        return passed(day, language), day.to_data()
    case = read_case(compiled.policy, data)
    decided = decide(compiled, case).to_data()
    # Nothing was kept, so nothing can be contested.
    told = explanation(Record("", "", case_data(case), decided), compiled, None)
    return [*lines(told, language, more=more)], decided
