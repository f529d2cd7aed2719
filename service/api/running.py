"""Whether the service runs, and whether it can answer: for whoever starts it, balances its load and watches it."""

from __future__ import annotations

from flask import Blueprint, Response

from service.errors import Refusal
from service.intake import query
from service.metrics import MEDIA_TYPE
from service.parts import answered, parts
from service.readiness import MENDED_BY, missing
from service.shapes import LANGUAGE_QUERY

blueprint = Blueprint("running", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    """That this process answers; nothing else is looked at, so that no trouble elsewhere has it restarted."""
    query(LANGUAGE_QUERY)
    return answered({"state": "alive"})


@blueprint.get("/metrics")
def metrics() -> Response:
    """What Prometheus reads, of all processes of this service."""
    query(LANGUAGE_QUERY)
    return Response(parts().metrics.text(), content_type=MEDIA_TYPE)


@blueprint.get("/readyz")
def ready() -> Response:
    """Whether requests can be sent here."""
    query(LANGUAGE_QUERY)
    found = missing(parts().database, parts().versions, parts().clock)
    if found is None:
        return answered({"state": "ready"})
    refusal = Refusal("not-ready", missing=found, mend=MENDED_BY[found])
    refusal.headers["Retry-After"] = "5"
    raise refusal
