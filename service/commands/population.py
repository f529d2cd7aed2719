"""`recoup population`: many accounts at once, in Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from policies.model import Text
from service.commands._files import Unusable, language_option, load_rules, read_instant, read_json_file
from service.commands._population import decided, told_in_a_line

if TYPE_CHECKING:
    from engine.population.answers import Asking
    from engine.population.ways import Engine
    from policies.versions import PolicyVersion

EPILOG = """\b
Examples:
  recoup population export accounts
  recoup population make trial --policy rules/kt-points.yaml --accounts 100000 --seed 1
  recoup population decide rules/kt-points.yaml trial --output answers.parquet
"""
MADE = Text("계정 {accounts:,}개를 {folder}에 썼습니다", "{accounts:,} accounts are in {folder}")
ANSWERED = Text(
    "답 {answers:,}개: 승인 {approved:,}, 담당자 확인 {needs_review:,}, 거절 {denied:,}, 판정 못함 {undecided:,}",
    "{answers:,} answers: {approved:,} approved, {needs_review:,} for a person to look at, {denied:,} denied,"
    " {undecided:,} undecided",
)


@click.group(epilog=EPILOG)
def command() -> None:
    """Export, make up and decide many accounts at once, as Parquet files (pip install '.[batch]').

    A population is a folder DIR with accounts.parquet, lots.parquet and history.parquet.
    """


@command.command(epilog=EPILOG)
@click.argument("folder", metavar="DIR")
@click.option("--policy", default="", metavar="ID", help="Of which programme, where there are several.")
@language_option
def export(folder: str, policy: str, lang: str) -> None:
    """Write the stored accounts of a programme into DIR, as they stand at one instant."""
    from service import population
    from service.commands._database import looked_at
    from service.commands.replay import Progress
    from service.publishing import Versions

    with looked_at() as (database, _), told_in_a_line():
        versions = Versions(database, 1)
        known = versions.policies()
        chosen = policy or (known[0] if len(known) == 1 else "")
        if chosen not in known:
            raise Unusable(f"name a programme with --policy; there are {', '.join(known) or 'none'}")
        text = population.policy_of_all(database, versions, chosen)
        progress: list[Progress] = []

        def step(done: int, count: int) -> None:
            if not progress:
                progress.append(Progress(count, lang))
            progress[0].reach(done)

        with _new_folder(folder) as made:
            count = population.export(database, text, made, step)
        for each in progress:
            each.clear()
    click.echo(MADE.in_language(lang).format(accounts=count, folder=folder))


@command.command(epilog=EPILOG)
@click.argument("folder", metavar="DIR")
@click.option("--policy", "file", required=True, metavar="FILE", help="The rule file of the programme.")
@click.option("--accounts", type=click.IntRange(1, 10**9), required=True, metavar="N", help="How many accounts.")
@click.option("--lots", type=click.IntRange(1, 10**5), default=10, show_default=True, help="How many lots of each.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Which ones.")
@click.option("--as-of", metavar="INSTANT", help="As they might be at an instant [now].")
@language_option
def make(folder: str, file: str, accounts: int, lots: int, seed: int, as_of: str | None, lang: str) -> None:
    """Make up random accounts of a policy in DIR; the same policy, instant and seed make the same ones."""
    from engine.population.made import make_population

    version = load_rules(file, lang, exit_code=2)
    with told_in_a_line(), _new_folder(folder) as made:
        make_population(made, version.policy, accounts=accounts, lots=lots, seed=seed, as_of=_at(as_of, lang))
    click.echo(MADE.in_language(lang).format(accounts=accounts, folder=folder))


@command.command(epilog=EPILOG)
@click.argument("file", metavar="POLICY")
@click.argument("folder", metavar="DIR")
@click.option("--output", required=True, metavar="FILE.parquet", help="Where the answers go.")
@click.option("--engine", type=click.Choice(["duckdb", "spark", "plain"]), default="duckdb", show_default=True)
@click.option("--as-of", metavar="INSTANT", help="When the accounts ask [now].")
@click.option("--method", "methods", multiple=True, metavar="METHOD", help="By which refund method [each of them].")
@click.option("--points", default="all", show_default=True, metavar="N", help="For how many points, or all.")
@click.option("--request", "request_file", metavar="FILE", help="Further facts of the request, as a JSON object.")
@click.option("--force", is_flag=True, help="Overwrite FILE.parquet.")
@language_option
def decide(
    file: str,
    folder: str,
    output: str,
    engine: Engine,
    as_of: str | None,
    methods: tuple[str, ...],
    points: str,
    request_file: str | None,
    force: bool,
    lang: str,
) -> None:
    """Decide what every account of DIR gets by the rule file POLICY, by each method.

    One statement answers them all where columns can say the policy; otherwise the engine decides account by account.
    Which it is, and why, is told; the answers are the same. `plain` never uses a statement.
    """
    version = load_rules(file, lang, exit_code=2)
    asking = _asking(version, _at(as_of, lang), methods, points, request_file)
    with told_in_a_line():
        outcomes = decided(version, asking, folder, output, engine, force, lang)
    undecided = outcomes.pop(None, 0)
    counts = {name: outcomes.get(name, 0) for name in ("approved", "needs_review", "denied")}
    answers = undecided + sum(counts.values())
    click.echo(ANSWERED.in_language(lang).format(answers=answers, undecided=undecided, **counts))


def _asking(
    version: PolicyVersion, at: datetime, methods: tuple[str, ...], points: str, request_file: str | None
) -> Asking:
    """What every account asks. Raises Unusable where no account could."""
    from engine.cases import BadCase
    from engine.population.answers import Asking
    from engine.population.cases import check_asking

    known = version.policy.facts["request.method"].choices
    request = {} if request_file is None else read_json_file(request_file)
    if not isinstance(request, dict):
        raise Unusable(f'{request_file} holds no object such as {{"channel": "web"}}')
    asked: int | Literal["all"] = "all"
    if points != "all":
        if not points.isascii() or not points.isdigit():
            raise Unusable(f"--points {points}: write a whole number, or all")
        asked = int(points)
    asking = Asking(at, tuple(dict.fromkeys(methods)) or tuple(known), asked, request)
    try:
        check_asking(version.policy, asking)
    except BadCase as bad:
        raise Unusable(str(bad)) from None
    return asking


def _at(as_of: str | None, language: str) -> datetime:
    from service.clock import utc_now

    return utc_now().replace(microsecond=0) if as_of is None else read_instant(as_of, language)


@contextmanager
def _new_folder(name: str) -> Iterator[str]:
    """An empty folder to write into; where that fails it is gone again. Raises Unusable."""
    path = Path(name)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise Unusable(f"{name} is there already; name a folder that is new or empty")
    path.mkdir(parents=True, exist_ok=True)
    try:
        yield str(path)
    except BaseException:
        for each in (*path.glob("*.parquet"), path):
            each.rmdir() if each.is_dir() else each.unlink()
        raise
