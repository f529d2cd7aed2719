"""/v1/policies: what is published, in which versions, and the text of each."""

from __future__ import annotations

from flask import Blueprint, Response, request

from service import drafts
from service.answers import earning_answer, policy_answer, version_answer, with_text, withdrawals_answer
from service.clock import spoken
from service.database import reading
from service.drafts import scenarios_of
from service.errors import FieldError, Refusal, language
from service.intake import query
from service.parts import answered, parts
from service.publishing import Listed, local_day_of
from service.shapes import LANGUAGE_QUERY
from service.shapes_publishing import VERSIONS_QUERY

blueprint = Blueprint("policies", __name__)


@blueprint.get("/v1/policies")
def policies() -> Response:
    """The newest version of every policy."""
    query(LANGUAGE_QUERY)
    with reading(parts().database):
        found = parts().versions.newest()
    return answered({"policies": [version_answer(listed) for listed in found]})


@blueprint.get("/v1/policies/<id>")
def policy(id: str) -> Response:
    """What the newest version of a policy declares, and all its versions."""
    query(LANGUAGE_QUERY)
    with reading(parts().database):
        listed = _listed(id)
        newest = parts().versions.compiled(listed[0].digest)
    return answered(policy_answer(newest.policy, listed, language()))


@blueprint.get("/v1/policies/<id>/earning")
def earning(id: str) -> Response:
    """How points are earned today, what is to come and what is over."""
    query(LANGUAGE_QUERY)
    now = parts().clock()
    with reading(parts().database):
        _listed(id)
        in_force = parts().versions.in_force(id, now)
    if in_force is None:
        raise Refusal("not-in-force", policy=id, day=spoken(now))
    return answered(earning_answer(in_force, local_day_of(in_force, now), language()))


@blueprint.get("/v1/policies/<id>/versions")
def versions(id: str) -> Response:
    """The versions of a policy, the newest first."""
    query(LANGUAGE_QUERY)
    with reading(parts().database):
        listed = _listed(id)
    return answered({"versions": [version_answer(each) for each in listed]})


@blueprint.get("/v1/policies/<id>/versions/<int:number>")
def version(id: str, number: int) -> Response:
    """One version of a policy, with its text."""
    query(LANGUAGE_QUERY)
    # The largest number that PostgreSQL compares with.
    with reading(parts().database):
        found = parts().versions.find(id, number) if number < 2**31 else None
    if found is None:
        raise Refusal("not-found", what=f"/v1/policies/{id}/versions/{number}")
    listed, text = found
    return answered({**version_answer(listed), "text": text})


@blueprint.get("/v1/policies/<id>/versions/<int:number>/scenarios")
def scenarios(id: str, number: int) -> Response:
    """The scenarios that a version was tested by."""
    query(LANGUAGE_QUERY)
    with reading(parts().database):
        found = parts().versions.find(id, number) if number < 2**31 else None
        if found is None:
            raise Refusal("not-found", what=f"/v1/policies/{id}/versions/{number}")
        text = scenarios_of(parts().database, parts().settings.policies, id, number)
    return answered({"policy": id, "version": number, "scenarios": text})


@blueprint.get("/v1/policies/<id>/withdrawals")
def withdrawals(id: str) -> Response:
    """The versions that were taken back, by whom and why."""
    query(LANGUAGE_QUERY)
    with reading(parts().database):
        _listed(id)
        found = drafts.withdrawals(parts().database, id)
    return answered(withdrawals_answer(found))


@blueprint.get("/v1/policies/<id>/differences")
def differences(id: str) -> Response:
    """What one version changes of another in meaning."""
    asked = query(VERSIONS_QUERY)
    numbers = {name: asked[name] for name in ("old", "new")}
    with reading(parts().database):
        known = {each.number: each.digest for each in _listed(id)}
        errors = [
            FieldError.in_parameter(name, "unknown-version", policy=id)
            for name, number in numbers.items()
            if number not in known
        ]
        if errors:
            raise Refusal("bad-request", errors)
        kept = [parts().versions.kept(known[number]) for number in numbers.values()]
    texts = [(listed.number, text, holidays) for listed, text, holidays in filter(None, kept)]
    found = parts().beside.ask("compared", *texts)
    return answered({"policy": id, **numbers, "differences": with_text(found["differences"], language())})


def _listed(id: str) -> list[Listed]:
    """The versions of a policy, the newest first. Raises Refusal where there is none."""
    found = parts().versions.listed(id)
    if not found:
        raise Refusal("not-found", what=request.path)
    return found
