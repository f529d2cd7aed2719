"""What an auditor sees over time: how often rules spoke, and what became of points, as tables, plots and CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request

from service.pages.asking import Answer, Refused, address, ask, asked
from service.pages.auditor import mistakes_of
from service.pages.auditor_words import FIGURES, MOVEMENTS, OF, PER
from service.pages.site import only, page
from service.parts import parts
from service.periods import periods

blueprint = Blueprint("auditor_figures", __name__, url_prefix="/auditor")
blueprint.before_request(only("auditor"))

ZONE = ZoneInfo("Asia/Seoul")
RULES = "/v1/audit/rules"
POINTS = "/v1/audit/points"
COUNTED = [name for name in FIGURES if not name.startswith("points_") and name not in ("fee", "tax", "offset")]
"""Figures that say how many times; the others are points or money."""


@blueprint.get("/rules")
def rules() -> Response:
    """How often each rule spoke between two days, and what it came to."""
    written = _written("whole")
    found = ask("GET", RULES, query={**written, "per": "whole", "format": _form()})
    if found.ok and _form() == "csv":
        return _csv(found)
    lines = found.data["rules"] if found.ok else []
    return page(
        "auditor_rules.html",
        found.status,
        written=written,
        mistakes=mistakes_of(found),
        lines=lines,
        columns=_columns(lines, FIGURES),
        unreadable=found.data["unreadable"] if found.ok else 0,
        csv=_as_csv("/auditor/rules", written),
        again=urlencode({name: written[name] for name in ("day_from", "day_to", "of")}),
        **_choices(),
    )


@blueprint.get("/rules/<rule>")
def rule(rule: str) -> Response:
    """One rule over time: a line for each period, all versions together."""
    written = _written("month")
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
        **_choices(),
    )


@blueprint.get("/points")
def points() -> Response:
    """What became of points between two days, by source and rule."""
    written = _written("whole")
    split = request.args.get("split", "")
    asking = {name: written[name] for name in ("day_from", "day_to", "policy", "per")}
    found = ask("GET", POINTS, query={**asking, "split": split, "format": _form()})
    if found.ok and _form() == "csv":
        return _csv(found)
    lines = found.data["points"] if found.ok and not split else []
    return page(
        "auditor_points.html",
        found.status,
        written=written,
        mistakes=mistakes_of(found),
        lines=lines,
        columns=[name for name in MOVEMENTS if name in ("opening", "closing") or name in _columns(lines, MOVEMENTS)],
        csv=_as_csv("/auditor/points", asking),
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


def _written(per: str) -> dict[str, str]:
    """What the form says; a year until today, where it says nothing."""
    today = parts().clock().astimezone(ZONE).date()
    usual = {
        "day_from": date(today.year - 1, today.month, 1).isoformat(),
        "day_to": today.isoformat(),
        "per": per,
        "of": "filed",
        "policy": "",
    }
    return {name: request.args.get(name, "").strip() or value for name, value in usual.items()}


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


def _columns(lines: Sequence[Mapping[str, Any]], names: Mapping[str, object]) -> list[str]:
    """The figures that are not 0 everywhere."""
    return [name for name in names if any(line[name] for line in lines)]


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
    return {"policies": policies, "per": PER, "of": OF, "figures": FIGURES, "movements": MOVEMENTS}
