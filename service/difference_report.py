"""What changed between two texts as plain data, said in both languages: for `recoup diff`, drafts and withdrawals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.differences import TRIES, Difference, Finding, Found
from engine.examples import UNREADABLE, Example
from engine.scenario_file import Scenario
from engine.scenario_text import as_written, scenario_text
from policies.diff import Subject
from policies.flow import written
from policies.model import Text
from policies.problems import shorten
from policies.versions import PolicyVersion
from service.difference_words import UNREADABLE as DOES_NOT_TAKE
from service.difference_words import VERDICTS

Plain = dict[str, Any]
ALWAYS = ("outcome", "payout", "reasons")
"""What is told of both decisions of an example, whether it differs or not."""
MOST_TRIES = 40_000
"""So many cases are tried for all changes of a draft together, and at least LEAST_TRIES for each: it has to end."""
LEAST_TRIES = 200
FEW_TRIES = 2_000
FEWEST_TRIES = 10
"""The same where somebody waits for the answer."""
_LONGEST_NAME = 90


def of_draft(before: PolicyVersion | None, after: PolicyVersion, scenarios: Sequence[Scenario]) -> list[Plain] | None:
    """What a draft changes of a version, each change with a case that is decided otherwise where one was found; None
    where there is no version before it.
    """
    return None if before is None else _within(before, after, scenarios, MOST_TRIES, LEAST_TRIES)


def of_versions(old: PolicyVersion, new: PolicyVersion) -> list[Plain]:
    """What one version changes of another, as a draft's is told; somebody waits for it, so fewer cases are tried."""
    return _within(old, new, (), FEW_TRIES, FEWEST_TRIES)


def _within(
    old: PolicyVersion, new: PolicyVersion, scenarios: Sequence[Scenario], most: int, least: int
) -> list[Plain]:
    """What is different, with at most so many tries in all, and at least so many for each change."""
    difference = Difference(old, new, scenarios)
    tries = min(TRIES, max(least, most // max(1, difference.count)))
    found = Difference(old, new, scenarios, tries) if tries < TRIES else difference
    return [of_subject(each, found) for each in found.found()]


def of_subject(found: Found, difference: Difference) -> Plain:
    """A subject of changes, and what each of them comes to."""
    changes = [
        {**_change(each.change.words, each.change.lines), **of_finding(each, difference)} for each in found.findings
    ]
    return {**of_sentences(found.subject), "changes": changes}


def of_sentences(subject: Subject) -> Plain:
    """A subject of changes in sentences alone, as it was told and is told now; no case is looked for."""
    return {
        "title": _both(subject.title),
        "was": [_both(each) for each in subject.was],
        "now": [_both(each) for each in subject.now],
        "changes": [_change(each.words, each.lines) for each in subject.changes],
    }


def of_finding(finding: Finding, difference: Difference) -> Plain:
    """What one change comes to."""
    return {
        "verdict": finding.verdict,
        "compared": finding.basis,
        "tries": finding.tries,
        "example": _example(finding, difference),
    }


def counts(found: Sequence[Found]) -> dict[str, int]:
    """How many changes come to what."""
    verdicts: list[str] = [finding.verdict for each in found for finding in each.findings]
    return {verdict: verdicts.count(verdict) for verdict in VERDICTS}


def side_by_side(
    old: Mapping[str, Any], new: Mapping[str, Any], keys: Sequence[str], language: str
) -> Iterator[tuple[str, str, str]]:
    """What both decide of an example, as it is written in files. Where a text does not take the case, why."""
    for key in told_keys(old, new, keys):
        cells = [written(as_written(got[key])) if key in got else "-" for got in (old, new)]
        for at, got in enumerate((old, new)):
            if key == "outcome" and "why" in got:
                cells[at] = DOES_NOT_TAKE.in_language(language).format(why=got["why"][language])
        yield key, cells[0], cells[1]


def told_keys(old: Mapping[str, Any], new: Mapping[str, Any], keys: Sequence[str]) -> list[str]:
    """What is told of both decisions of an example: outcome, payout and reasons, then what else differs."""
    return [key for key in dict.fromkeys((*ALWAYS, *keys)) if key in old or key in new]


def sides(example: Example) -> tuple[Plain, Plain]:
    """What both texts make of a case; where one does not take it, `why` in both languages."""
    old, new = ({**got, "why": _why(got["why"])} if "why" in got else dict(got) for got in (example.old, example.new))
    return old, new


def scenario_of(finding: Finding, difference: Difference) -> str:
    """The example as a scenario of the new file; of the old one where the new one cannot be asked."""
    example = finding.example
    assert example is not None, "there is nothing to write"
    of_new = example.new["outcome"] != UNREADABLE
    version, got = (difference.new, example.new) if of_new else (difference.old, example.old)
    subject, words = finding.change.subject, finding.change.words.en
    name = shorten(f"{subject}: {words}" if subject else words, _LONGEST_NAME)
    return scenario_text(name, example.case, version.policy, got, example.keys)


def _example(finding: Finding, difference: Difference) -> Plain | None:
    example = finding.example
    if example is None:
        return None
    old, new = sides(example)
    return {
        "case": example.case,
        "old": old,
        "new": new,
        "differs_in": list(example.keys),
        "scenario": scenario_of(finding, difference),
    }


def _change(words: Text, lines: tuple[int | None, int | None]) -> Plain:
    return {**_both(words), "old_line": lines[0], "new_line": lines[1]}


def _both(text: Text) -> Plain:
    return {"ko": text.ko, "en": text.en}


def _why(mistakes: Any) -> Plain:
    path, mistake = mistakes[0]
    return {language: f"{path}: {mistake.text.in_language(language)}" for language in ("ko", "en")}
