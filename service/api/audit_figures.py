"""/v1/audit/rules and /v1/audit/points: how often rules spoke, and what became of points, as data or as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, request

from service import audit_points, audit_rules, csv_text, known
from service.database import reading
from service.errors import FieldError, Refusal, language
from service.intake import query
from service.parts import MEDIA_TYPE, answered, parts
from service.periods import MOST_PERIODS, Period, TooMany, periods
from service.shapes_figures import OUTSTANDING_QUERY, POINTS_QUERY, RULES_QUERY

blueprint = Blueprint("audit_figures", __name__)


@blueprint.get("/v1/audit/rules")
def rules() -> Response:
    """How often each rule spoke, and what it came to."""
    return _rules(None)


@blueprint.get("/v1/audit/rules/<rule>")
def rule(rule: str) -> Response:
    """The same of one rule."""
    return _rules(rule)


def _rules(rule: str | None) -> Response:
    asked = query(RULES_QUERY)
    some = _periods(asked)
    with reading(parts().database):
        policy = _policy(asked)
        found = audit_rules.spoken(parts().database, parts().versions, some, asked["of"], policy, rule)
        if rule is not None and not found.lines and not known.rule(parts().database, parts().versions, rule, policy):
            policies = [policy] if policy else parts().versions.policies()
            hint = known.like_a_rule(parts().versions, rule, policy)
            error = FieldError.in_parameter("rule", "unknown-rule", of=", ".join(policies) or "-", hint=hint)
            raise Refusal("not-found", [error], what=f"/v1/audit/rules/{rule}")
    besides = {"of": asked["of"], "unreadable": found.unreadable}
    return _shown(asked, "rules", audit_rules.RULE, found.lines, besides)


@blueprint.get("/v1/audit/points")
def points() -> Response:
    """What became of points, by class, rule, period and, if so asked, the month in which they expire."""
    asked = query(POINTS_QUERY)
    some = _periods(asked)
    with reading(parts().database):
        found = audit_points.movements(
            parts().database, parts().versions, some, asked["by"], _policy(asked), asked["split"]
        )
    besides = {"by": asked["by"], "split": asked["split"]}
    return _shown(asked, "points", audit_points.MOVEMENT[asked["split"]], found, besides)


@blueprint.get("/v1/audit/points/outstanding")
def outstanding() -> Response:
    """What members can use at the end of a day, by the month in which it expires."""
    asked = query(OUTSTANDING_QUERY)
    with reading(parts().database):
        policy = _policy(asked)
        found = audit_points.outstanding(parts().database, parts().versions, asked["on"], asked["by"], policy)
    besides = {"on": asked["on"].isoformat(), "by": asked["by"]}
    return _shown(asked, "outstanding", audit_points.OUTSTANDING, found, besides)


def _periods(asked: dict[str, Any]) -> Sequence[Period]:
    if asked["day_from"] > asked["day_to"]:
        raise Refusal("bad-request", [FieldError.in_parameter("day_from", "behind", other="day_to")])
    try:
        return periods(asked["day_from"], asked["day_to"], asked["per"])
    except TooMany:
        raise Refusal("bad-request", [FieldError.in_parameter("per", "too-many-periods", most=MOST_PERIODS)]) from None


def _policy(asked: dict[str, Any]) -> str | None:
    """The policy that is asked of; None for all. Raises Refusal for one that is not published."""
    policy: str | None = asked.get("policy")
    known = parts().versions.policies()
    if policy is not None and policy not in known:
        error = FieldError.in_parameter("policy", "unknown-policy", known=", ".join(known))
        raise Refusal("bad-request", [error])
    return policy


def _shown(
    asked: dict[str, Any], name: str, columns: Sequence[str], lines: list[dict[str, Any]], besides: dict[str, Any]
) -> Response:
    """The lines in the form that was asked for: by name, else as `Accept` says; who accepts neither gets JSON."""
    forms = (MEDIA_TYPE, csv_text.MEDIA_TYPE)
    named = {"json": MEDIA_TYPE, "csv": csv_text.MEDIA_TYPE}.get(asked.get("format", ""))
    if (named or request.accept_mimetypes.best_match(forms, MEDIA_TYPE)) == MEDIA_TYPE:
        answer = answered({**besides, name: lines})
    else:
        answer = Response(csv_text.csv_text(columns, lines))
        answer.headers["Content-Type"] = f"{csv_text.MEDIA_TYPE}; charset=utf-8; header=present"
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        answer.headers["Content-Language"] = language()
    answer.headers["Vary"] = "Accept, Accept-Language"
    return answer
