"""`recoup show`: a rule file in sentences."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from service.commands._files import Unusable, language_option, read_day
from service.commands._versions import load_named

if TYPE_CHECKING:
    from policies.model import Policy


EPILOG = """\b
Example:
  recoup show rules/kt-points.yaml --lang ko --on 2026-07-01
  recoup show rules/kt-points.yaml --rule monthly-limit
  recoup show kt-points@7
  recoup show rules/kt-points.yaml --holidays --on 2026-01-01
"""


@click.command(epilog=EPILOG)
@click.argument("file")
@language_option
@click.option(
    "--on",
    "day",
    metavar="DAY",
    help="The day whose figures to show [default: today].",
)
@click.option("--rule", "id", metavar="ID", help="Show only this rule.")
@click.option("--holidays", is_flag=True, help="Show only the holidays in the year of the day.")
def command(file: str, lang: str, day: str | None, id: str | None, *, holidays: bool) -> None:
    """Show a rule file, or a version (POLICY@NUMBER) published in DATABASE_URL, in sentences."""
    from policies.model import WEEKDAYS
    from policies.problems import both, did_you_mean, told
    from policies.sentences import Teller
    from policies.show import article, change_lines, policy_lines, rule_sentence

    version = load_named(file, lang)
    policy = version.policy
    on = read_day("--on", day, lang) if day else today(policy)
    if holidays:
        for each in version.holidays:
            if each.year == on.year:
                weekday = Teller(policy, lang, on).weekday(WEEKDAYS[each.weekday()])
                click.echo(f"{each} {weekday}")
        return
    if id is None:
        click.echo("\n".join(policy_lines(policy, lang, on)))
        return
    rules = {rule.id: rule for rule in policy.rules}
    if id not in rules:
        hint = did_you_mean(id, rules)
        message = both("{file} 파일에 없는 규칙입니다: '{id}'", "{file} has no rule '{id}'", file=file, id=id)
        raise Unusable(told(message, hint).in_language(lang))
    rule = rules[id]
    click.echo(f"{rule.id} ({rule.kind}, {article(rule.terms, lang)}): {rule_sentence(policy, rule, lang, on)}")
    for line in change_lines(policy, rule, lang, on):
        click.echo(line)
    if rule.reason:
        click.echo(rule.reason.in_language(lang))
    for name in rule.value_names():
        click.echo(f"{name}: {policy.values[name].about}")


def today(policy: Policy) -> date:
    """The present day in the programme's zone."""
    from engine.calendars import local_day
    from service.clock import utc_now

    return max(policy.starts, local_day(utc_now(), ZoneInfo(policy.timezone)))
