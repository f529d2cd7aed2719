"""`recoup publish`: make texts published versions: drafted, checked, approved by another, and taken back if need be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policies.model import Text
from service.commands._asking import KEY, told, who_asks
from service.commands._database import opened
from service.commands._files import Tested, Unusable, language_option, paint, read_file, read_instant, say_problems
from service.difference_words import VERDICTS

if TYPE_CHECKING:
    from service.draft_impact import Step, Watch
    from service.drafts import Draft
    from service.publishing import Listed

EPILOG = f"""\b
Examples:
  recoup publish rules/kt-points.yaml
  recoup publish draft rules/kt-points.yaml
  recoup publish approve P-01K5M2W8Q3ZV4N7R9T0XYB6C1E --seen sha256:... --from 2026-07-01T00:00:00+09:00
  recoup publish withdraw kt-points --version 8 --reason "Charges the fee twice."

\b
Who drafts, approves, rejects or withdraws is known by the API key in {KEY}, made by `recoup access create`, or by
a token of the identity provider in its place.
"""


class _Steps(click.Group):
    """The steps by their names; before anything else that is written, the one step is meant."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *self.get_help_option_names(ctx)):
            args = [in_one_step.name or "", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Steps, epilog=EPILOG, subcommand_metavar="FILE... | STEP [ARGS]...")
def command() -> None:
    """Publish rule files in the database of DATABASE_URL.

    FILE... publishes the first text of a policy in one step; with ACCESS=open, for a trial, any text. Every other text
    is drafted, passes all checks, and is approved by another key than its author's.
    """


@command.command("files", hidden=True)
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@language_option
def in_one_step(files: tuple[Path, ...], lang: str) -> None:
    """Publish rule FILES in one step.

    A text gets the next number of its policy and is never changed again. One that says the same as
    a published version is not published twice. Ends with 1 when a file has problems; of several
    files, those before it stay published. Advice about a file, also beside the versions published
    before it, is printed and keeps nothing from being published.
    """
    from service.clock import utc_now
    from service.publishing import BadPolicy, NotTheFirst, advice_before_publishing, publish

    with opened() as (database, settings):
        try:
            for file in files:
                data = file.read_bytes()
                # Asked before, while the published texts are those that came before this one.
                advice = advice_before_publishing(database, data, str(file))
                first = settings.access != "open"
                click.echo(str(publish(database, data, str(file), utc_now(), first=first)))
                for each in advice:
                    click.echo(each.in_language(lang), err=True)
        except BadPolicy as error:
            for problem in error.problems:
                click.echo(problem.in_language(lang), err=True)
            raise SystemExit(1) from None
        except NotTheFirst as error:
            raise Unusable(
                f"{error} is published already: draft another text with `recoup publish draft`, to be approved"
            ) from None


@command.command()
@click.argument("file")
@click.option("--about", default="", metavar="TEXT", help="What it is for, in one line of at most 200 characters.")
@language_option
def draft(file: str, about: str, lang: str) -> None:
    """Draft FILE with its scenarios, and run all checks.

    Ends with 1 when a check fails; the draft is kept, and cannot be approved.
    """
    from service import drafts
    from service.clock import utc_now
    from service.publishing import Versions
    from service.shapes_publishing import LONGEST_ABOUT

    if len(about) > LONGEST_ABOUT:
        raise Unusable(f"--about has {len(about)} characters: write at most {LONGEST_ABOUT}")
    tested = Tested(file)
    if tested.problems:
        say_problems(sorted(tested.problems), lang)
        raise SystemExit(1)
    rules, scenarios = (read_file(name).decode("utf-8-sig") for name in (tested.rule_file, tested.scenario_file))
    with opened() as (database, settings), told(lang):
        who = who_asks(database, settings, "author")
        made = drafts.draft(database, rules, scenarios, who, utc_now(), about=about)
        click.echo(f"drafted {made.id}")
        versions = Versions(database, settings.cached_versions)
        with _watched(lang) as watch:
            found = drafts.check(database, versions, made.id, utc_now(), watch, partial(_say_running, lang))
        _say(found, lang)


@command.command()
@click.argument("ids", nargs=-1)
@language_option
def check(ids: tuple[str, ...], lang: str) -> None:
    """Run the checks of drafts that came over the API; of all that were not checked yet, when none is named."""
    from service import drafts
    from service.clock import utc_now
    from service.database import reading
    from service.publishing import Versions

    with opened() as (database, settings), told(lang):
        with reading(database):
            waiting = list(ids) or drafts.unchecked(database)
        for each in waiting:
            versions = Versions(database, settings.cached_versions)
            with _watched(lang) as watch:
                made = drafts.check(database, versions, each, utc_now(), watch, partial(_say_running, lang))
            click.echo(f"{made.id}: {made.state}")


@command.command()
@click.argument("id")
@language_option
def show(id: str, lang: str) -> None:
    """Show a draft: what its checks came to, and what it changes. Ends with 1 when a check failed."""
    from service import drafts
    from service.database import reading

    with opened() as (database, _):
        with reading(database):
            found = drafts.find(database, id)
        if found is None:
            raise Unusable(f"no draft has the id '{id}'")
        _say(found, lang)


@command.command()
@click.argument("id")
@click.option("--seen", required=True, metavar="DIGEST", help="The digest that `recoup publish show ID` ends with.")
@click.option("--from", "start", metavar="INSTANT", help="When it is effective; the next second when left out.")
@click.option("--note", default="", metavar="TEXT", help="What is to be kept with the approval.")
@language_option
def approve(id: str, seen: str, start: str | None, note: str, lang: str) -> None:
    """Publish a draft that passed all checks."""
    from service import drafts
    from service.clock import utc_now

    effective_from = None if start is None else read_instant(start, lang)
    with opened() as (database, settings), told(lang):
        who = who_asks(database, settings, "approver")
        _say_published(drafts.approve(database, id, seen, effective_from, who, utc_now(), note=note))


@command.command()
@click.argument("id")
@click.option("--reason", required=True, help="Why.")
@language_option
def reject(id: str, reason: str, lang: str) -> None:
    """Say that a draft is not to be published, and why: then nobody can publish it."""
    from service import drafts
    from service.clock import utc_now

    with opened() as (database, settings), told(lang):
        found = drafts.reject(database, id, reason, who_asks(database, settings, "approver"), utc_now())
    click.echo(f"{found.id} is {found.state}")


@command.command()
@click.argument("policy")
@click.option("--version", "number", required=True, type=click.IntRange(1), help="The newest, which is withdrawn.")
@click.option("--reason", required=True, help="Why.")
@language_option
def withdraw(policy: str, number: int, reason: str, lang: str) -> None:
    """Go back to the text before the newest version of POLICY: it is published again, effective at once."""
    from service import drafts
    from service.clock import utc_now

    with opened() as (database, settings), told(lang):
        who = who_asks(database, settings, "approver")
        _say_published(drafts.withdraw(database, policy, number, reason, who, utc_now()))


@command.command("list")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many drafts.")
def list_them(limit: int) -> None:
    """List the versions of every policy and the drafts, the newest first."""
    from service import drafts
    from service.database import reading
    from service.publishing import Versions

    with opened() as (database, _), reading(database):
        versions = Versions(database, 1)
        published = [each for policy in versions.policies() for each in versions.listed(policy)]
        drafted = drafts.page_of(database, None, limit)
    for listed in published:
        since = f"from {listed.effective_from}" if listed.effective_from else "from its first day"
        restored = f", the text of @{listed.restores} again" if listed.restores else ""
        click.echo(f"{listed.policy}@{listed.number}: starts {listed.starts}, effective {since}{restored}")
    for each in drafted:
        became = f" as {each.policy}@{each.number}" if each.number else ""
        # It may have failed before another version came, or somebody rejected it.
        failed = ", failed a check" if each.passed is False and each.state != "failed" else ""
        about = f": {each.about}" if each.about else ""
        click.echo(f"{each.id} {each.state}{failed}{became}: {each.policy}, by {each.actor}, {each.drafted_at}{about}")
    if not published and not drafted:
        click.echo("there are none")


def _say(found: Draft, lang: str) -> None:
    """What an approver has to see of a draft. Ends with 1 when a check failed."""
    if found.about:
        click.echo(found.about)
    data: dict[str, Any] = found.data or {"checks": found.steps, "shown": {"changes": [], "to_come": []}}
    for each in data["checks"]:
        passed = paint("passed", "green") if each["passed"] else paint("failed", "red")
        click.echo(f"{each['check']}: {passed}, {each['count']} looked at")
        for problem in each["problems"]:
            click.echo(f"  {problem['file']}:{problem['line']}:{problem['column']}: {problem[lang]}")
    _say_changes(found, data["shown"], lang)
    if impact := data["shown"].get("impact"):
        from service.impact_text import tables

        click.echo(f"on {impact['looked_at']:,} accounts, beside {found.policy}@{impact['beside']} in force:")
        for sentence in impact["sentences"]:
            click.echo(f"  {sentence[lang]}")
        for line in tables(impact, lang):
            click.echo(f"  {line}".rstrip())
    if found.note is not None:
        click.echo(f"approved by {found.approved_by}: {found.note}")
    if found.rejection is not None:
        click.echo(f"rejected by {found.rejected_by}: {found.rejection}")
    click.echo(f"{found.id} is {found.state}" + (f", seen {found.seen}" if found.state == "ready" else ""))
    if found.state == "failed":
        raise SystemExit(1)


def _say_changes(found: Draft, shown: dict[str, Any], lang: str) -> None:
    """What a draft changes, and what it comes before."""
    base = f"{found.policy}@{found.base}" if found.base else "nothing before it"
    click.echo(f"beside {base}: {len(shown['changes'])} changes")
    for change in shown["changes"]:
        click.echo(f"  {change[lang]}")
    for subject in shown.get("differences") or ():
        for change in subject["changes"]:
            verdict = VERDICTS[change["verdict"]].in_language(lang).format(tries=change["tries"])
            click.echo(f"  {subject['title'][lang]}: {change[lang]}: {verdict}")
    for number in shown["to_come"]:
        click.echo(f"  comes before {found.policy}@{number}, which is not yet in force")


def _say_published(listed: Listed) -> None:
    click.echo(f"published {listed.policy}@{listed.number} ({listed.digest}), effective from {listed.effective_from}")


def _say_running(lang: str, check: str) -> None:
    """Which check runs: pinning and proving a large file take minutes."""
    click.echo(_RUNNING.in_language(lang).format(check=check), err=True)


_RUNNING = Text("검사 중: {check}", "checking: {check}")


@contextmanager
def _watched(lang: str) -> Iterator[Watch]:
    """Tells how far the accounts are that a draft is tried on, as far as a draft comes to that."""
    from service.commands.replay import Progress

    shown: list[Progress] = []

    def watch(total: int) -> Step:
        shown.append(Progress(total, lang))
        return shown[0].step

    try:
        yield watch
    finally:
        for each in shown:
            each.clear()
