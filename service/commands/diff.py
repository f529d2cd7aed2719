"""`recoup diff`: what changed between two texts, and a case for each change that they decide differently."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policies.model import Text
from service.commands._files import (
    RULES,
    SCENARIOS,
    Tested,
    Unusable,
    language_option,
    paint,
)
from service.commands._versions import load_named
from service.difference_words import BASES, NOW, VERDICTS, WAS

if TYPE_CHECKING:
    from engine.differences import Difference, Finding, Found
    from engine.examples import Example
    from engine.scenario_file import Scenario

EPILOG = """\b
Example:
  recoup diff old.yaml rules/kt-points.yaml
  recoup diff kt-points@7 rules/kt-points.yaml
  git show HEAD:rules/kt-points.yaml | recoup diff - rules/kt-points.yaml --lang ko
"""

SAME_TEXT = Text(
    "뜻이 같습니다. 증명: 배치와 주석을 뺀 내용이 같습니다.",
    "The same meaning, proved: without layout and comments they are one text.",
)
SAME_RULES = Text(
    "뜻이 같습니다. 증명: 뜻이 없는 순서를 빼면 내용이 같습니다.",
    "The same meaning, proved: without orders that say nothing they are one text.",
)
OLD_LINE, NEW_LINE = Text("이전 {line}번째 줄", "old line {line}"), Text("이후 {line}번째 줄", "new line {line}")
COUNT = Text(
    "변경 {changes:,}건: 사례 있음 {differs:,}, 증명됨 {proved:,}, 문구만 {words:,}, 찾지 못함 {none_found:,}",
    "changes: {changes:,}; with an example: {differs:,}; proved to decide nothing: {proved:,}; "
    "of words only: {words:,}; no example found: {none_found:,}",
)
OTHER_POLICY = Text(
    "{old}은(는) '{one}' 정책이고 {new}은(는) '{other}' 정책입니다",
    "{old} is of the policy '{one}', {new} of '{other}'",
)


@click.command(epilog=EPILOG)
@click.argument("old")
@click.argument("new")
@click.option("--tries", type=click.IntRange(1, 1_000_000), metavar="N", help="Cases to try for each change [2000].")
@click.option("--json", "as_json", is_flag=True, help="Print the changes as JSON.")
@language_option
def command(old: str, new: str, tries: int | None, as_json: bool, lang: str) -> None:
    """Tell what changed in meaning between two rule files, or versions (POLICY@NUMBER) published in DATABASE_URL.

    Each change is told by itself, with a case that is decided differently with it and without it: what both come to,
    and the case as a scenario that passes on the new file (on the old one where only that can be asked). Cases of the
    scenarios beside the files are tried first. The same files always give the same examples.

    Where no case is found, that is said, with the number of tries; where none can be, that is proved.

    Ends with 0 when the files mean the same, with 1 when they do not, with 2 when they cannot be compared.
    """
    from engine.differences import TRIES, Difference
    from service.commands.replay import Progress
    from service.difference_report import counts

    if old == new == "-":
        raise click.UsageError("only one of the two can be read from stdin")
    versions = [load_named(name, lang, exit_code=2) for name in (old, new)]
    ids = [version.policy.id for version in versions]
    if ids[0] != ids[1]:
        raise Unusable(OTHER_POLICY.in_language(lang).format(old=old, new=new, one=ids[0], other=ids[1]))
    scenarios = [scenario for name in (new, old) for scenario in _scenarios(name)]
    difference = Difference(versions[0], versions[1], scenarios, tries or TRIES)
    progress = Progress(difference.count, lang)
    told = []
    for found in difference.found(progress.step):
        told.append(found)
        if not as_json:
            progress.clear()
            click.echo("\n".join(_lines(found, difference, lang)))
    progress.clear()
    if as_json:
        click.echo(json.dumps(_data(told, difference, lang), ensure_ascii=False, indent=2))
    elif told:
        click.echo(COUNT.in_language(lang).format(changes=difference.count, **counts(told)))
    else:
        click.echo(paint((SAME_TEXT if difference.same_text else SAME_RULES).in_language(lang), "green"))
    if told:
        raise SystemExit(1)


def _scenarios(name: str) -> tuple[Scenario, ...]:
    """The scenarios beside a rule file; none where there are none, or not sound ones."""
    if name == "-" or not Path(name.removesuffix(RULES) + SCENARIOS).is_file():
        return ()
    tested = Tested(name)
    return () if tested.problems else tuple(tested.scenarios)


def _lines(found: Found, difference: Difference, language: str) -> Iterator[str]:
    """A subject, what it was and is, and each of its changes."""
    from service.difference_report import scenario_of

    subject = found.subject
    lines = _places(subject.lines, language)
    yield paint(subject.title.in_language(language), "cyan") + (f" ({lines})" if lines else "")
    for label, sentences in ((WAS, subject.was), (NOW, subject.now)):
        yield from (f"  {label.in_language(language)}: {each.in_language(language)}" for each in sentences)
    for finding in found.findings:
        place = _places(finding.change.lines, language) if finding.change.lines != subject.lines else ""
        yield f"  {finding.change.words.in_language(language)}" + (f" ({place})" if place else "")
        yield from (f"    {line}".rstrip() for line in _finding(finding, language))
        if finding.example:
            # Two spaces in, as scenarios stand in their file.
            yield from scenario_of(finding, difference).splitlines()
    yield ""


def _places(lines: tuple[int | None, int | None], language: str) -> str:
    told = zip((OLD_LINE, NEW_LINE), lines, strict=True)
    return ", ".join(words.in_language(language).format(line=line) for words, line in told if line)


def _finding(finding: Finding, language: str) -> Iterator[str]:
    basis = BASES[finding.basis].in_language(language)
    told = VERDICTS[finding.verdict].in_language(language).format(tries=finding.tries)
    yield f"{told}{f' ({basis})' if basis and finding.tries else ''}{':' if finding.example else ''}"
    if finding.example:
        yield from _side_by_side(finding.example, language)
        yield ""


def _side_by_side(example: Example, language: str) -> Iterator[str]:
    """What both decide: the outcome, the payout and the reasons, then what else differs; in columns if they fit."""
    from policies.layout import columns
    from service.difference_report import side_by_side, sides

    heads = WAS.in_language(language), NOW.in_language(language)
    rows = list(side_by_side(*sides(example), example.keys, language))
    wide = max(columns(cell) for row in rows for cell in row[1:]) > _WIDEST
    if not wide:
        rows.insert(0, ("", *heads))
        first, second = (max(columns(row[at]) for row in rows) for at in (0, 1))
        for key, was, now in rows:
            yield f"{key}{' ' * (first - columns(key))}  {was}{' ' * (second - columns(was))}  {now}".rstrip()
        return
    for key, was, now in rows:
        if was == now:
            yield f"{key}: {was}"
        else:
            yield f"{key}:"
            yield from (f"  {head}: {cell}" for head, cell in zip(heads, (was, now), strict=True))


_WIDEST = 46


def _data(told: list[Found], difference: Difference, language: str) -> dict[str, Any]:
    """Everything as plain data; its words in one language."""
    from service.difference_report import counts

    return {
        "old": difference.old.digest,
        "new": difference.new.digest,
        "same_meaning": not told,
        "counts": {"changes": difference.count, **counts(told)},
        "changes": [
            {
                "sort": finding.change.sort,
                "subject": finding.change.subject,
                "change": finding.change.words.in_language(language),
                "old_line": finding.change.lines[0],
                "new_line": finding.change.lines[1],
                "was": [each.in_language(language) for each in found.subject.was],
                "now": [each.in_language(language) for each in found.subject.now],
                **_finding_data(finding, difference, language),
            }
            for found in told
            for finding in found.findings
        ],
    }


def _finding_data(finding: Finding, difference: Difference, language: str) -> dict[str, Any]:
    """What one change comes to as plain data; why a case is not taken in one language."""
    from service.difference_report import of_finding

    data = of_finding(finding, difference)
    for side in ("old", "new") if data["example"] else ():
        got = data["example"][side]
        if "why" in got:
            got["why"] = got["why"][language]
    return data
