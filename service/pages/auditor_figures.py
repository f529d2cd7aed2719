"""What an auditor sees over time: how often rules spoke, and what became of points, as tables, plots and CSV."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, request

from service.pages.asking import Answer, Refused, address, ask, asked
from service.pages.auditor import mistakes_of
from service.pages.auditor_words import A_YEAR, FIGURES, FOUR_WEEKS, MOVEMENTS, OF, PER, SAID, SPANS, UNTIL
from service.pages.site import only, page, today_in
from service.periods import periods

blueprint = Blueprint("auditor_figures", __name__, url_prefix="/auditor")
blueprint.before_request(only("auditor"))

MOST_DAYS = timedelta(days=62)
RULES = "/v1/audit/rules"
POINTS = "/v1/audit/points"
COUNTED = [name for name in FIGURES if not name.startswith("points_") and name not in ("fee", "tax", "offset")]
"""Figures that say how many times; the others are points or money."""
OPTIONS = {"day_from": "--from", "day_to": "--to", "per": "--per", "policy": "--policy"}
"""What a form says, by the option of the command that says it."""


@blueprint.get("/rules")
def rules() -> Response:
    """How often each rule spoke between two days, and what it came to."""
    written = _written("whole", FOUR_WEEKS)
    found = ask("GET", RULES, query={**written, "per": "whole", "format": _form()})
    if found.ok and _form() == "csv":
        return _csv(found)
    lines = found.data["rules"] if found.ok else []
    return page(
        "auditor_rules.html",
        found.status,
        written=written,
        mistakes=mistakes_of(found),
        groups=groups_of(lines),
        several=len({line["policy"] for line in lines}) > 1,
        unreadable=found.data["unreadable"] if found.ok else 0,
        csv=_as_csv("/auditor/rules", written),
        command=_command("rules", {**written, "per": "whole"}),
        spans=_spans("/auditor/rules", written),
        again=urlencode({name: written[name] for name in ("day_from", "day_to", "of")}),
        **_choices(),
    )


@blueprint.get("/rules/<rule>")
def rule(rule: str) -> Response:
    """One rule over time: a line for each period, all versions together."""
    written = _written("", FOUR_WEEKS)
    found = ask("GET", address("audit", "rules", rule), query={**written, "format": _form()})
    if found.status == 404:
        raise Refused(found)
    if found.ok and _form() == "csv":
        return _csv(found)
    lines = found.data["rules"] if found.ok else []
    return page(
        "auditor_rule.html",
        found.status,
        rule=rule,
        written=written,
        mistakes=mistakes_of(found),
        lines=_by_period(lines, written) if found.ok else [],
        columns=_columns(lines, FIGURES) or ["spoke"],
        counted=COUNTED,
        csv=_as_csv(f"/auditor/rules/{rule}", written),
        command=_command("rules", written, rule),
        spans=_spans(f"/auditor/rules/{quote(rule, safe='')}", {**written, "per": request.args.get("per", "")}),
        **_choices(),
    )


@blueprint.get("/points")
def points() -> Response:
    """What became of points between two days, by source and rule."""
    written = _written("whole", A_YEAR)
    split = request.args.get("split", "")
    asking = {name: written[name] for name in ("day_from", "day_to", "policy", "per")}
    found = ask("GET", POINTS, query={**asking, "split": split, "format": _form()})
    if found.ok and _form() == "csv":
        return _csv(found)
    lines = found.data["points"] if found.ok and not split else []
    declared = {each: asked("GET", address("policies", each)) for each in {line["policy"] for line in lines}}
    return page(
        "auditor_points.html",
        found.status,
        written=written,
        mistakes=mistakes_of(found),
        lines=lines,
        sources={(each, name): said for each, policy in declared.items() for name, said in policy["sources"].items()},
        columns=[name for name in MOVEMENTS if name in ("opening", "closing") or name in _columns(lines, MOVEMENTS)],
        csv=_as_csv("/auditor/points", asking),
        command=_command("points", asking),
        command_outstanding=_command(
            "points", {name: asking[name] for name in ("day_to", "policy")}, more=["--outstanding"]
        ),
        spans=_spans("/auditor/points", asking),
        csv_by_expiry=_as_csv("/auditor/points", {**asking, "split": "expiry"}),
        csv_outstanding="/auditor/outstanding?"
        + urlencode(
            {name: value for name, value in (("on", written["day_to"]), ("policy", written["policy"])) if value}
        ),
        **_choices(),
    )


@blueprint.get("/outstanding")
def outstanding() -> Response:
    """What members can use at the end of a day, by the month in which it expires, as CSV."""
    return _csv(
        ask(
            "GET",
            f"{POINTS}/outstanding",
            query={"on": request.args.get("on"), "policy": request.args.get("policy"), "format": "csv"},
        )
    )


def _written(per: str, span: str) -> dict[str, str]:
    """What the form says; one of the usual spans where it names no day, and what suits the days where it says not for
    what a line is to be.
    """
    first, last = _days(span)
    usual = {"day_from": first, "day_to": last, "per": per, "of": "filed", "policy": ""}
    written = {name: request.args.get(name, "").strip() or value for name, value in usual.items()}
    written["per"] = written["per"] or _per(written["day_from"], written["day_to"])
    return written


def _per(day_from: str, day_to: str) -> str:
    """A line for each day where few days are asked for, else for each month."""
    try:
        few = date.fromisoformat(day_to) - date.fromisoformat(day_from) <= MOST_DAYS
    except ValueError:
        few = False
    return "day" if few else "month"


def _days(span: str) -> tuple[str, str]:
    """The first and the last day of a usual span, which ends today."""
    today = today_in()
    return (today - timedelta(days=SPANS[span].days - 1)).isoformat(), today.isoformat()


def _spans(path: str, asking: Mapping[str, str]) -> list[dict[str, Any]]:
    """Where the figures of each usual span are, and whether it is the one that is shown."""
    found = []
    for name, span in SPANS.items():
        first, last = _days(name)
        own = {key: value for key, value in {**asking, "day_from": first, "day_to": last}.items() if value}
        shown = (asking["day_from"], asking["day_to"]) == (first, last)
        found.append({"name": span.name, "href": f"{path}?{urlencode(own)}", "shown": shown})
    return found


def _form() -> str:
    return "csv" if request.args.get("format") == "csv" else "json"


def _csv(found: Answer) -> Response:
    """The CSV of the API, as it is. Raises Refused."""
    if not found.ok:
        raise Refused(found)
    names = ("Content-Type", "Content-Disposition")
    return Response(found.data, headers={name: found.headers[name] for name in names})


def _as_csv(path: str, asking: Mapping[str, str]) -> str:
    return f"{path}?{urlencode({**{name: value for name, value in asking.items() if value}, 'format': 'csv'})}"


def _command(what: str, asking: Mapping[str, str], *names: str, more: Sequence[str] = ()) -> str:
    """The command that tells the same as a page."""
    said = [*("recoup", "audit", what), *names]
    for name, option in OPTIONS.items():
        if asking.get(name):
            said += [option, asking[name]]
    if asking.get("of") == "all":
        said.append("--all")
    return shlex.join([*said, *more])


def _columns(lines: Sequence[Mapping[str, Any]], names: Mapping[str, object]) -> list[str]:
    """The figures that are not 0 everywhere."""
    return [name for name in names if any(line[name] for line in lines)]


def groups_of(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rules by what they came to, each with the figures that tell it; one that came to several things is in several
    groups, and none in none. A table of all figures of all rules would be nearly all zeros.
    """
    found = []
    for name, said in SAID.items():
        told = [line for line in lines if any(line[figure] for figure in said.figures)]
        if name == "nothing":
            told = [line for line in lines if not any(line[each] for each in FIGURES if each != "spoke")]
        if told:
            columns = ["spoke", *(figure for figure in said.figures if any(line[figure] for line in told))]
            found.append({"name": name, "heading": said.heading, "columns": columns, "lines": told})
    return found


def _by_period(lines: Sequence[Mapping[str, Any]], written: Mapping[str, str]) -> list[dict[str, Any]]:
    """A line for each period, one in which nothing was said too, with the versions that spoke in it."""
    first, last = (date.fromisoformat(written[name]) for name in ("day_from", "day_to"))
    found: list[dict[str, Any]] = []
    for period in periods(first, last, written["per"]):
        of_period = [line for line in lines if line["from"] == period.first.isoformat()]
        versions = sorted({line["version"] for line in of_period if line["version"] is not None})
        sums = {name: sum(line[name] for line in of_period) for name in FIGURES}
        found.append({**period.data(), "versions": versions, **sums})
    return found


def _choices() -> dict[str, Any]:
    policies = asked("GET", "/v1/policies")["policies"]
    return {"policies": policies, "per": PER, "of": OF, "figures": FIGURES, "movements": MOVEMENTS, "until": UNTIL}
