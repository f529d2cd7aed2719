"""`recoup audit rules` and `recoup audit points`: figures over time, as CSV or as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from service.commands._database import looked_at
from service.commands._files import Command, Unusable, read_day

if TYPE_CHECKING:
    from service.database import Database
    from service.periods import Period
    from service.publishing import Versions

PER = ("day", "month", "year", "whole")
BY = ("happened_at", "entered_at")


def _day(_context: click.Context, option: click.Parameter, written: str | None) -> date | None:
    return None if written is None else read_day(option.opts[0], written, "en")


by_option = click.option(
    "--by",
    type=click.Choice(BY),
    default=BY[0],
    show_default=True,
    help="By which instant an entry is in a period: when it counts, or when it was written down.",
)


def per_option(default: str) -> Callable[[Command], Command]:
    """`--per day|month|year|whole`."""
    return click.option(
        "--per", type=click.Choice(PER), default=default, show_default=True, help="How long a line is of."
    )


def shared(command: Command) -> Command:
    """What both take: the days, the policy, and the form."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="JSON in place of CSV."),
        click.option("--policy", help="Only those of this policy."),
        click.option(
            "--to", "last", callback=_day, metavar="DAY", required=True, help="The last local day of the programme."
        ),
        click.option(
            "--from", "first", callback=_day, metavar="DAY", help="The first local day; for one day, that of --to."
        ),
    ):
        command = option(command)
    return command


@click.command("rules")
@click.argument("rule", required=False)
@shared
@per_option("day")
@click.option("--all", "everything", is_flag=True, help="Decisions without a refund request too.")
def rules(
    rule: str | None,
    first: date | None,
    last: date,
    policy: str | None,
    as_json: bool,
    per: str,
    everything: bool,
) -> None:
    """How often RULE, or each rule, spoke, and what it came to: by day and version, from what is recorded."""
    from service import audit_rules, known

    some = _periods(first, last, per)
    with _looking(policy) as (database, versions):
        found = audit_rules.spoken(database, versions, some, "all" if everything else "filed", policy, rule)
        if rule is not None and not found.lines and not known.rule(database, versions, rule, policy):
            hint = known.like_a_rule(versions, rule, policy).en
            raise Unusable(f"{rule} was never a rule of {policy or ', '.join(versions.policies())}{hint}")
    _say(audit_rules.RULE, found.lines, as_json)
    if found.unreadable:
        click.echo(f"{found.unreadable} records cannot be read, and are not counted", err=True)


@click.command("points")
@shared
@per_option("month")
@by_option
@click.option("--expiry", is_flag=True, help="By the month in which points expire, too.")
@click.option(
    "--outstanding",
    is_flag=True,
    help="What can be used at the end of --to, by the month it expires in; without --from, --per and --expiry.",
)
@click.pass_context
def points(
    context: click.Context,
    first: date | None,
    last: date,
    policy: str | None,
    as_json: bool,
    per: str,
    by: str,
    expiry: bool,
    outstanding: bool,
) -> None:
    """What became of points, for finance: granted, refunded, used, expired, by class, rule and period.

    With --expiry each line is of the points that expire in one month, too.

    Each line holds closing = opening + granted - held + released + reversed - used + returned - expired - taken_back
    - charged - repaid, exactly as the ledger has it.
    """
    from service import audit_points

    some: Sequence[Period] = ()
    if outstanding:
        _refuse_spans(context)
    else:
        some = _periods(first, last, per)
    with _looking(policy) as (database, versions):
        if outstanding:
            found = audit_points.outstanding(database, versions, last, by, policy)
            _say(audit_points.OUTSTANDING, found, as_json)
        else:
            split = "expiry" if expiry else "class"
            found = audit_points.movements(database, versions, some, by, policy, split)
            _say(audit_points.MOVEMENT[split], found, as_json)


@contextmanager
def _looking(policy: str | None) -> Iterator[tuple[Database, Versions]]:
    """One look at the database, and its versions. Raises Unusable for a policy that is not published."""
    from service.database import reading
    from service.publishing import Versions

    with looked_at() as (database, settings), reading(database):
        versions = Versions(database, settings.cached_versions)
        if policy is not None and policy not in versions.policies():
            raise Unusable(f"{policy} is no published policy; published are {', '.join(versions.policies())}")
        yield database, versions


def _refuse_spans(context: click.Context) -> None:
    """What is outstanding is of one instant, and by expiry as it is. Raises Unusable for what asks otherwise."""
    for name, option in (("first", "--from"), ("per", "--per"), ("expiry", "--expiry")):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise Unusable(f"{option} does not go with --outstanding, which is of the end of --to, by expiry already")


def _periods(first: date | None, last: date, per: str) -> Sequence[Period]:
    """The periods from one day to another. Raises Unusable where there are none, or too many."""
    from service.periods import MOST_PERIODS, TooMany, periods

    if first is None:
        raise Unusable(f"since which day? Give it with --from; for one day, --from {last} --to {last}")
    if first > last:
        raise Unusable("--from lies behind --to")
    try:
        return periods(first, last, per)
    except TooMany:
        raise Unusable(f"that is more than {MOST_PERIODS} periods: fewer days, or another --per") from None


def _say(columns: Sequence[str], lines: list[dict[str, Any]], as_json: bool) -> None:
    from service.csv_text import csv_text
    from service.parts import json_text

    click.echo(f"{json_text(lines)}\n" if as_json else csv_text(columns, lines), nl=False)
