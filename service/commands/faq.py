"""`recoup faq`: check the entries of a FAQ, and search them as members do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.commands._files import Unusable, language_option, load_rules, paint, say_problems, stop

if TYPE_CHECKING:
    from policies.model import Policy
    from policies.problems import Problem
    from service.faq_files import Entry


EPILOG = """\b
Example:
  recoup faq check
  recoup faq search 월 한도 --lang ko
"""
MOST_FOUND = 10
CHECK_EPILOG = """\b
Example:
  recoup faq check rules/faq --lang ko
"""
SEARCH_EPILOG = """\b
Example:
  recoup faq search 환급 수수료 --lang ko
  recoup faq search cancelled request --lang en
"""


@click.group(epilog=EPILOG)
def command() -> None:
    """Check the FAQ and search it.

    The entries are Markdown files in the folder faq beside the rule files, one a question, in Korean and English.
    """


@command.command(epilog=CHECK_EPILOG)
@click.argument("folder", required=False, metavar="[FOLDER]")
@language_option
def check(folder: str | None, lang: str) -> None:
    """Find every problem of the entries in FOLDER.

    The rule files beside the folder say which rules and figures there are.
    """
    where = _folder(folder)
    entries, problems, _ = _read(where, lang)
    if problems:
        say_problems(problems, lang)
        raise SystemExit(1)
    click.echo(f"{where}: {paint('ok', 'green')}, {len(entries)} entries")


@command.command(epilog=SEARCH_EPILOG)
@click.argument("words", nargs=-1, required=True)
@click.option("--folder", metavar="FOLDER", help="Where the entries are [default: faq beside the rule files].")
@click.option("--policy", metavar="ID", help="Only entries for this policy, and those for every policy.")
@language_option
def search(words: tuple[str, ...], folder: str | None, policy: str | None, lang: str) -> None:
    """Search the entries for WORDS, the best first."""
    from service.commands.show import today
    from service.config import read_settings
    from service.faq import Page, found_in
    from service.faq_files import SETTINGS

    entries, problems, policies = _read(_folder(folder), lang)
    if problems:
        say_problems(problems, lang)
        raise SystemExit(1)
    settings = read_settings()
    of_today = {name: (each, today(each)) for name, each in policies.items()}
    page = Page(entries, of_today, {name: getattr(settings, name) for name in SETTINGS})
    query = " ".join(words)
    found = [found_in(hit, query, lang) for hit in page.search(query, policy)[:MOST_FOUND]]
    if not found:
        stop("nothing was found" if lang == "en" else "찾은 것이 없습니다")
    for each in found:
        title = each.shown.title.in_language(each.language)
        click.echo(f"{paint(each.shown.id, 'cyan')}: {title}\n  {each.snippet}")


def _folder(named: str | None) -> Path:
    from service.config import read_settings
    from service.faq_files import FOLDER

    folder = Path(named) if named else read_settings().policies / FOLDER
    if not folder.is_dir():
        raise Unusable(f"{folder} is no folder; name the one that holds the entries")
    return folder


def _read(folder: Path, language: str) -> tuple[list[Entry], list[Problem], Mapping[str, Policy]]:
    """The entries of a folder, their problems, and the policies of the rule files beside it."""
    from service.commands.show import today
    from service.faq_files import check_entry, read_folder

    files = [file for file in sorted(folder.resolve().parent.glob("*.yaml")) if not file.name.endswith(".test.yaml")]
    policies = {policy.id: policy for policy in (load_rules(str(file), language).policy for file in files)}
    entries, problems = read_folder(folder)
    for entry in entries:
        policy = policies.get(entry.policy)
        problems += check_entry(entry, policies, today(policy) if policy else date.min)
    return entries, sorted(problems), policies
