"""An explanation as lines of text, and as a page to print."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.explanation_days import KEPT_TOGETHER
from service.explanation_words import HEADINGS, MORE_LOTS

MOST_LOTS = 20
"""So many lots, and sentences about lots, are listed at each place of the text and of the page; the data have all."""


def lines(told: Mapping[str, Any], language: str, *, more: bool = False) -> Iterator[str]:
    """The explanation as text; with `more`, what the author wrote stands below each rule."""
    words = HEADINGS[language]
    yield f"{words['title']} {told['decision_id'] or ''}".rstrip()
    yield told["summary"][language]
    if told["erased"]:
        yield told["erased"][language]
    yield ""
    yield words["asked"]
    for line in told["asked"]:
        yield f"  {line['label'][language]}: {line['value'][language]}"
    for group in told["groups"]:
        yield ""
        yield group[language]
        if group["note"]:
            yield f"  {group['note'][language]}"
        if group["group"] == "amounts":
            yield from (f"  {each[language]}" for each in told["sums"])
        for rule in group["rules"]:
            yield from _rule(rule, language, more)
        if group["group"] == "denies" and told["nearest"]:
            yield ""
            yield words[nearest_heading(told["nearest"])]
            yield f"  {told['nearest'][language]}"
    yield ""
    yield words["lots"]
    usable = usable_lots(told)
    if not usable:
        yield f"  {words['no_lots']}"
    yield from (f"  {each}" for each in listed(usable, language))
    if told["contest"]:
        yield ""
        yield words["contest"]
        yield f"  {told['contest'][language]}"
    yield ""
    yield told["source"][language]
    yield ""
    yield words["record"]
    yield from (f"  {line[language]}" for line in told["record"])


def _rule(rule: Mapping[str, Any], language: str, more: bool) -> Iterator[str]:
    for said in rule["said"][:MOST_LOTS]:
        yield f"- {said[language]} ({rule['article'][language]})"
        yield from (f"    {each}" for each in listed(said["lots"], language))
    yield from (f"    {each}" for each in unsaid(rule, language))
    for value in rule["values"]:
        yield f"    {value[language]}"
    yield from (f"    {each[language]}" for each in rule["criteria"])
    if rule["remedy"]:
        yield f"    {rule['remedy'][language]}"
    if more:
        words = HEADINGS[language]
        yield f"    {words['rule']} {rule['rule']}: {rule['more'][language]}"
        yield from (f"    {figure[language]}" for figure in rule["more"]["figures"])


def nearest_heading(nearest: Mapping[str, Any]) -> str:
    """Which heading fits the nearest request: it passes, a person looks at it first, or there is none."""
    decision = nearest["decision"] or (nearest["today"] and nearest["today"]["decision"])
    if decision is None:
        return "no_nearest"
    return "nearest_review" if decision["outcome"] == "needs_review" else "nearest"


def unbroken(said: str) -> Iterator[tuple[str, bool]]:
    """The parts of a sentence for the page, and which of them, as days and ids of decisions, stay on one line."""
    end = 0
    for found in KEPT_TOGETHER.finditer(said):
        yield said[end : found.start()], False
        yield found[0], True
        end = found.end()
    yield said[end:], False


def usable_lots(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The lots that no rule sets aside: those that pay first."""
    usable = [lot for lot in told["lots"] if not lot["rules"]]
    return sorted(usable, key=lambda lot: not lot["allocated"])


def unsaid(rule: Mapping[str, Any], language: str) -> Iterator[str]:
    """How many lots more a rule speaks of, where it has a sentence for each and they are too many to be read."""
    yield from _counted([lot for said in rule["said"][MOST_LOTS:] for lot in said["lots"]], language)


def listed(lots: Sequence[Mapping[str, Any]], language: str) -> Iterator[str]:
    """Lots, a line each, and how many more there are."""
    yield from (lot[language] for lot in lots[:MOST_LOTS])
    yield from _counted(lots[MOST_LOTS:], language)


def _counted(rest: Sequence[Mapping[str, Any]], language: str) -> Iterator[str]:
    if rest:
        points = sum(lot["points"] if "points" in lot else lot["left"] for lot in rest)
        yield MORE_LOTS.in_language(language).format(count=len(rest), points=f"{points:,}")


def page(told: Mapping[str, Any], language: str) -> str:
    """The explanation as one page of HTML, which needs nothing besides itself."""
    template = _templates().get_template("explanation.html")
    return template.render(
        told=told,
        language=language,
        words=HEADINGS[language],
        nearest_heading=nearest_heading,
        unbroken=unbroken,
        most=MOST_LOTS,
        listed=listed,
        unsaid=unsaid,
        usable=usable_lots(told),
    )


@cache
def page_policy() -> str:
    """What a browser may do with the page: show it in its own style, by its hash."""
    style = _templates().get_template("explanation.css").render().encode()
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
    closed = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return f"default-src 'none'; style-src 'sha256-{digest}'; {closed}"


@cache
def _templates() -> Environment:
    folder = Path(__file__).parent / "templates"
    return Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
