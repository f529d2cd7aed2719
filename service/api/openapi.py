"""The way in: an index, the reference for programs and for people, and what each refusal means."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from flask import Blueprint, Response, send_from_directory

from service.errors import Refusal, language
from service.parts import answered, json_text
from service.reference import reference
from service.refusal_kinds import KINDS

blueprint = Blueprint("openapi", __name__)

PLACEHOLDER = re.compile(r"\{\w+(:,)?\}")
VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor" / "rapidoc"
# Scripts from here only; the page draws its own styles, and nothing is asked of anybody else.
DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
DOCS = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Recoup API</title>
<script type="module" src="/docs/rapidoc-min.js"></script>
</head>
<body>
<rapi-doc spec-url="/openapi.json" render-style="read" theme="light" load-fonts="false" primary-color="#0b5cad"
 regular-font="system-ui, sans-serif" mono-font="ui-monospace, monospace" show-header="false"
 schema-style="table" schema-description-expanded="true" allow-spec-url-load="false" allow-spec-file-load="false"
 allow-authentication="true" allow-server-selection="false"></rapi-doc>
<noscript>This page needs JavaScript; the reference itself is <a href="/openapi.json">/openapi.json</a>.</noscript>
</body>
</html>
"""
LINKS = {
    "reference": "/docs",
    "openapi": "/openapi.json",
    "decisions": "/v1/decisions",
    "decisions_batch": "/v1/decisions:batch",
    "refund_requests": "/v1/refund-requests",
    "accounts": "/v1/accounts/{id}",
    "events": "/v1/events",
    "inquiries": "/v1/inquiries",
    "faq": "/v1/faq",
    "policies": "/v1/policies",
    "policies_check": "/v1/policies:check",
    "policies_test": "/v1/policies:test",
    "policies_try": "/v1/policies:try",
    "member_tokens": "/v1/member-tokens",
    "messages": "/v1/messages",
    "webhooks": "/v1/webhooks",
    "deliveries": "/v1/deliveries",
    "audit": "/v1/audit/checkpoint",
    "alive": "/healthz",
    "ready": "/readyz",
}


@blueprint.get("/")
def index() -> Response:
    """What is where."""
    return answered({"service": "recoup", "version": own_version(), "links": LINKS})


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The reference for programs."""
    return Response(_reference_text(), mimetype="application/json")


@blueprint.get("/docs")
def docs() -> Response:
    """The reference for people: one page, without a request to anybody else."""
    page = Response(DOCS, mimetype="text/html")
    page.headers["Content-Security-Policy"] = DOCS_POLICY
    return page


@blueprint.get("/docs/rapidoc-min.js")
def docs_script() -> Response:
    """The script of the page."""
    return send_from_directory(VENDOR, "rapidoc-min.js", mimetype="text/javascript", max_age=3600)


@blueprint.get("/problems/<code>")
def problem_kind(code: str) -> Response:
    """What a kind of refusal means."""
    if code not in KINDS:
        raise Refusal("not-found", what=f"/problems/{code}")
    kind, spoken = KINDS[code], language()
    title = kind.title.in_language(spoken)
    # What a refusal fills in is not known here.
    detail = PLACEHOLDER.sub("...", kind.detail.in_language(spoken))
    return answered({"code": code, "status": kind.status, "title": title, "detail": detail})


def own_version() -> str:
    """The version of this Recoup."""
    try:
        return version("recoup")
    except PackageNotFoundError:
        return "0"


@cache
def _reference_text() -> str:
    return json_text(reference(own_version()))
