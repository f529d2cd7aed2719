"""`recoup impact`: what a change of a policy does to real accounts, or to the decisions that were made."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from policies.model import Text
from service.commands._database import looked_at, record_read
from service.commands._files import (
    Unusable,
    language_option,
    load_rules,
    made_whole,
    read_day,
    read_instant,
    read_json_file,
)
from service.commands._versions import PUBLISHED, load_named

if TYPE_CHECKING:
    from datetime import date

    from engine.population.ways import Engine
    from policies.versions import PolicyVersion
    from service.database import Database
    from service.impact import Change, Sample, Stored

EPILOG = """\b
Examples:
  recoup impact kt-points@7 rules/kt-points.yaml
  recoup impact kt-points@6 kt-points@7 --html impact.html --lang ko
  recoup impact kt-points@7 rules/kt-points.yaml --decisions --from 2026-03-01 --to 2026-03-31
"""
NO_GROUPS = Text(
    "'{by}'(으)로는 나눌 수 없습니다. 다음 중 하나를 쓰십시오: {known}",
    "accounts cannot be grouped by '{by}'; write one of {known}",
)
ALL_OF_FOLDER = Text(
    "--population은 --decisions, --sample과 함께 쓸 수 없습니다",
    "--population does not go together with --decisions and --sample",
)
NO_NUMBER = Text("'{name}'에는 정책@번호를 쓰십시오", "'{name}' is no version; write POLICY@NUMBER")
ONLY_OF_DECISIONS = Text("{option}에는 --decisions가 필요합니다", "{option} needs --decisions")
ONLY_OF_ACCOUNTS = Text(
    "{option} 옵션은 --decisions와 함께 쓸 수 없습니다", "{option} and --decisions do not go together"
)
ONE_DAY = Text("--day는 --from, --to와 함께 쓸 수 없습니다", "--day does not go together with --from and --to")
UNWRITABLE = Text("{name}에 쓸 수 없습니다: {why}", "{name} cannot be written: {why}")


@click.command(epilog=EPILOG)
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--accounts", is_flag=True, help="What all accounts would get now [default].")
@click.option("--decisions", is_flag=True, help="What was decided, decided again.")
@click.option("--as-of", metavar="INSTANT", help="When accounts ask [now].")
@click.option("--day", metavar="DAY", help="Only decisions of a local day.")
@click.option("--from", "first", metavar="DAY", help="Only decisions of a local day, or later ones.")
@click.option("--to", "last", metavar="DAY", help="Only decisions of a local day, or earlier ones.")
@click.option("--policy", default="", metavar="POLICY@NUMBER", help="Only decisions by one version.")
@click.option("--by", default="", metavar="FACT", help="What accounts are grouped by [the first choice declared].")
@click.option("--sample", "count", type=click.IntRange(1), metavar="N", help="Look at N of them only.")
@click.option("--seed", type=int, default=0, show_default=True, help="Which ones a sample is.")
@click.option("--request", "request_file", metavar="FILE", help="Further facts of the request, as a JSON object.")
@click.option("--population", "folder", metavar="DIR", help="The accounts of a folder, not of the database.")
@click.option("--engine", type=click.Choice(["duckdb", "spark", "plain"]), default="duckdb", show_default=True)
@click.option("--processes", type=click.IntRange(1), metavar="N", help="How many decide [one a processor].")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--html", type=click.Path(dir_okay=False), help="Write the report as a page, and print nothing.")
@click.option("--force", is_flag=True, help="Overwrite the file of --html where it is there already.")
@language_option
def command(
    before: str,
    after: str,
    accounts: bool,
    decisions: bool,
    as_of: str | None,
    day: str | None,
    first: str | None,
    last: str | None,
    policy: str,
    by: str,
    count: int | None,
    seed: int,
    request_file: str | None,
    folder: str | None,
    engine: Engine,
    processes: int | None,
    form: str,
    html: str | None,
    force: bool,
    lang: str,
) -> None:
    """Tell what a change from A to B does to what is stored in the database of DATABASE_URL.

    A and B are rule files, or published versions such as kt-points@7. Every account of the policy asks for all its
    points by each refund method, in the app and as the member unless --request FILE says otherwise, and both versions
    decide; or, with --decisions, every decision is made again on the
    facts that it was made on. Nothing is written, and nothing is estimated unless --sample asks for it.

    With --population the accounts are those of a folder that `recoup population export` wrote: however many there are,
    they are decided by --engine and counted there (pip install '.[batch]').

    Ends with 0 whatever changes, and with 2 when it could not be done as asked.
    """
    from service.clock import utc_now
    from service.impact import Sample

    if accounts and decisions:
        raise click.UsageError("--accounts and --decisions are two questions: ask one")
    days = _days(day, first, last, lang)
    for option, given in (("--day", day), ("--from", first), ("--to", last), ("--policy", policy)):
        if given and not decisions:
            raise Unusable(ONLY_OF_DECISIONS.in_language(lang).format(option=option))
    for option, said in (("--as-of", as_of), ("--request", request_file)):
        if said is not None and decisions:
            raise Unusable(ONLY_OF_ACCOUNTS.in_language(lang).format(option=option))
    request = _further(request_file)
    at = utc_now().replace(microsecond=0) if as_of is None else read_instant(as_of, lang)
    sample = None if count is None else Sample(count, seed)
    if folder is not None:
        if decisions or count is not None:
            raise Unusable(ALL_OF_FOLDER.in_language(lang))
        found = _of_folder(folder, engine, (before, after), by, at, request, processes, lang)
        _print(found, form, html, lang, force=force)
        return
    with looked_at() as (database, _):
        versions = load_named(before, lang, 2, database), load_named(after, lang, 2, database)
        change = _change(versions, (before, after), by, None if decisions else at, request, lang)
        stored = _stored(database, change, days, policy, sample, lang)
        told = _counted(change, (before, after), stored, at, sample, processes)
        if decisions:
            named = [*told["affected"], *told["undecided"]["first"]]
            record_read(database, "recoup impact", *(each["decision"] for each in named))
    _print(told, form, html, lang, force=force)


def _counted(
    change: Change, names: tuple[str, str], stored: Stored, at: datetime, sample: Sample | None, processes: int | None
) -> dict[str, Any]:
    """The report on what is stored."""
    from engine.calendars import local_day
    from service.commands.replay import Progress
    from service.impact import effect_of, processors
    from service.impact_report import Heading, report
    from service.memory import collect_seldom

    collect_seldom()
    progress = Progress(stored.looked_at, change.language)
    effect = effect_of(change, stored, processes or processors(), progress.step)
    progress.clear()
    heading = Heading(
        change.before,
        change.after,
        names,
        "accounts" if change.asking else "decisions",
        change.by,
        stored.looked_at,
        stored.rows,
        local_day(at, ZoneInfo(change.after.policy.timezone)),
        at if change.asking else None,
        sample,
        change.asking.request if change.asking else {},
    )
    return report(heading, effect)


def _further(file: str | None) -> dict[str, Any]:
    """What every request says besides. Raises Unusable."""
    request = {} if file is None else read_json_file(file)
    if not isinstance(request, dict):
        raise Unusable(f'{file} holds no object such as {{"channel": "web"}}')
    return request


def _of_folder(
    folder: str,
    engine: Engine,
    names: tuple[str, str],
    by: str,
    at: datetime,
    request: dict[str, Any],
    processes: int | None,
    language: str,
) -> dict[str, Any]:
    """The report on a population. Only where a version is named that was published is there a database to look into."""
    from engine.calendars import local_day
    from service.commands._population import counted, told_in_a_line
    from service.impact_report import Heading, report

    if any(PUBLISHED.fullmatch(name) and not Path(name).exists() for name in names):
        with looked_at() as (database, _):
            versions = load_named(names[0], language, 2, database), load_named(names[1], language, 2, database)
    else:
        versions = load_rules(names[0], language, exit_code=2), load_rules(names[1], language, exit_code=2)
    change = _change(versions, names, by, at, request, language)
    assert change.asking is not None, "accounts are asked about"
    with told_in_a_line():
        effect = counted(change, change.asking, folder, engine, processes)
    day = local_day(at, ZoneInfo(change.after.policy.timezone))
    count = effect.accounts
    heading = Heading(*versions, names, "accounts", change.by, count, count, day, at, None, request)
    return report(heading, effect)


def _print(told: dict[str, Any], form: str, html: str | None, language: str, *, force: bool) -> None:
    """The report as it was asked for."""
    if html is not None:
        from service.impact_page import page

        _write(html, page(told, language), language, force=force)
    elif form == "json":
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        from service.impact_text import lines

        click.echo("\n".join(lines(told, language)))


def _change(
    versions: tuple[PolicyVersion, PolicyVersion],
    names: tuple[str, str],
    by: str,
    at: datetime | None,
    request: dict[str, Any],
    language: str,
) -> Change:
    """The change; accounts ask at an instant, decisions are made again where there is none. Raises Unusable."""
    from engine.cases import BadCase
    from engine.comparing import groupings, methods_of
    from engine.population.answers import Asking
    from engine.population.cases import check_asking
    from service.commands.diff import OTHER_POLICY
    from service.impact import Change

    before, after = (each.policy for each in versions)
    if before.id != after.id:
        text = OTHER_POLICY.in_language(language)
        raise Unusable(text.format(old=names[0], new=names[1], one=before.id, other=after.id))
    known = groupings(before, after)
    if by and by not in known:
        raise Unusable(NO_GROUPS.in_language(language).format(by=by, known=", ".join(known)))
    # A plain map, because it travels to other processes.
    asking = None if at is None else Asking(at, methods_of(before, after), "all", request)
    if asking is not None and request:
        try:
            for policy in (before, after):
                check_asking(policy, asking)
        except BadCase as error:
            raise Unusable(str(error)) from None
    return Change(*versions, by or next(iter(known)), asking, language)


def _stored(
    database: Database,
    change: Change,
    days: tuple[date | None, date | None],
    policy: str,
    sample: Sample | None,
    language: str,
) -> Stored:
    """What is asked about."""
    from service.impact import Accounts, Chosen, Decisions

    which = change.after.policy
    if change.asking is not None:
        return Accounts(database, which.id, sample)
    digest = None
    if policy:
        if PUBLISHED.fullmatch(policy) is None:
            raise Unusable(NO_NUMBER.in_language(language).format(name=policy))
        digest = load_named(policy, language, 2, database).digest
    return Decisions(database, which.id, ZoneInfo(which.timezone), Chosen(*days, digest), sample)


def _days(day: str | None, first: str | None, last: str | None, language: str) -> tuple[date | None, date | None]:
    if day is not None and (first is not None or last is not None):
        raise Unusable(ONE_DAY.in_language(language))
    only, begin, end = (
        None if written is None else read_day(option, written, language)
        for option, written in (("--day", day), ("--from", first), ("--to", last))
    )
    return only or begin, only or end


def _write(name: str, text: str, language: str, *, force: bool) -> None:
    try:
        with made_whole(name, force=force) as target:
            target.write_text(text, "utf-8")
    except OSError as error:
        raise Unusable(UNWRITABLE.in_language(language).format(name=name, why=error.strerror)) from None
