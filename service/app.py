"""The application: settings in, a WSGI app out. Nothing is global; a process may hold several."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from flask import Flask, Response, request

from service.access import admit
from service.api import (
    accounts,
    audit,
    audit_decisions,
    audit_figures,
    decisions,
    deliveries,
    events,
    faq,
    inquiries,
    member_tokens,
    messages,
    openapi,
    policies,
    publishing,
    refund_requests,
    running,
    shadow,
    webhooks,
    workbench,
)
from service.beside import Beside
from service.clock import Clock, utc_now
from service.config import Settings, read_settings
from service.database import open_database
from service.errors import FieldError, Refusal, register_errors
from service.faq import load_faq
from service.inquiries import Inquiries
from service.judging import Judge
from service.logs import log_request
from service.metrics import Metrics
from service.migrate import check_schema
from service.one_at_a_time import AWAITED, BODY, CUT_OFF, GO_ON, LATE
from service.parts import EXTENSION, Parts, parts
from service.publishing import Versions
from service.telemetry import Spans
from service.tokens import Tokens
from service.tracing import SPANS, asked, ended, forget, method, route

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

# What a browser may do with an answer: show it, and nothing else. The docs page has its own.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Answers are about one member at one instant.
    "Cache-Control": "no-store",
    "Vary": "Accept-Language",
}

# Where a proxy speaks TLS before the service: for two years nothing else is to be spoken.
OVER_TLS = {"Strict-Transport-Security": "max-age=63072000"}
TAKE_A_BODY = ("POST", "PUT", "PATCH")


def create_app(
    settings: Settings | None = None, clock: Clock = utc_now, provider: TracerProvider | None = None
) -> Flask:
    """The service on one migrated database; `provider` makes spans. Raises BadSetting, WrongSchema, Unavailable."""
    if not __debug__:
        raise RuntimeError("Recoup relies on its assertions: start Python without -O")
    settings = settings or read_settings()
    database = open_database(settings)
    check_schema(database)
    versions = Versions(database, settings.cached_versions)
    # Files are served by `openapi`, with the policy that they need.
    app = Flask("recoup", static_folder=None)
    # An address with an empty part is none of ours, and is not turned into another one.
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    judge = Judge(database, versions, clock)
    desk = Inquiries(database, versions, clock, settings.answer_within_days)
    identity = settings.identity_provider
    tokens = None if identity is None else Tokens(identity, clock)
    metrics = Metrics(database, versions, clock)
    app.extensions[EXTENSION] = Parts(
        database, versions, judge, clock, settings, load_faq(settings), desk, metrics, tokens, Beside()
    )
    nouns = (
        decisions,
        refund_requests,
        events,
        accounts,
        inquiries,
        faq,
        policies,
        publishing,
        shadow,
        workbench,
        member_tokens,
        messages,
        webhooks,
        deliveries,
        audit,
        audit_decisions,
        audit_figures,
    )
    for part in (*nouns, openapi, running):
        app.register_blueprint(part.blueprint)
    register_errors(app)
    app.before_request(_begin)
    app.before_request(_refuse_unreadable)
    app.before_request(admit)
    app.before_request(_go_on_or_not)
    if provider is not None:
        app.extensions[SPANS] = Spans(provider)
    # The first of them is the last to be called.
    app.after_request(_tell)
    app.after_request(_with_headers)
    app.teardown_request(forget)
    return app


def _begin() -> None:
    asked()


def _tell(answer: Response) -> Response:
    """Count a request that was answered, write it down, and tell whoever asked by which id it is found."""
    about = asked()
    if answer.status_code == GO_ON:
        # It is no answer yet.
        return answer
    seconds = perf_counter() - about.arrived
    answer.headers["X-Request-Id"] = about.id
    parts().metrics.answered(method(), route(), answer.status_code, seconds)
    log_request(answer.status_code, seconds)
    ended(answer.status_code)
    return answer


def _refuse_unreadable() -> None:
    """An address is UTF-8. What is not would be read with U+FFFD in its place, and be somebody else's id.

    No id holds a NUL, and PostgreSQL cannot even be asked for one.
    """
    sent_parts = {
        "path": request.environ.get("PATH_INFO", "").encode("latin-1"),
        "query": unquote_to_bytes(request.environ.get("QUERY_STRING", "").encode("latin-1")),
    }
    unreadable = [name for name, sent in sent_parts.items() if not _is_utf_8(sent)]
    if unreadable:
        raise Refusal("bad-request", [FieldError.in_parameter(name, "not-utf-8") for name in unreadable])
    # The framework would take two slashes at the head for one.
    if "\0" in request.path or request.environ.get("PATH_INFO", "").startswith("//"):
        raise Refusal("not-found", what=request.path)


def _go_on_or_not() -> Response | None:
    """Whether a body that does not come at once is to be awaited further; refuse one that did not come in time."""
    body = request.environ.get(BODY)
    if body is None:
        return None
    if request.routing_exception is not None:
        raise request.routing_exception
    takes_one = request.method in TAKE_A_BODY
    if body in {LATE, CUT_OFF} or not takes_one:
        cut = body == CUT_OFF
        refusal = Refusal("cut-off") if cut else Refusal("too-slow", most=parts().settings.stall_seconds)
        refusal.headers["Connection"] = "close"
        raise refusal
    assert body == AWAITED, body
    return Response(status=GO_ON)


def _is_utf_8(sent: bytes) -> bool:
    try:
        sent.decode()
    except UnicodeDecodeError:
        return False
    return True


def _with_headers(answer: Response) -> Response:
    told = {name.lower() for name, _ in answer.headers}
    headers = HEADERS | OVER_TLS if parts().settings.behind_tls else HEADERS
    answer.headers.extend((name, value) for name, value in headers.items() if name.lower() not in told)
    return answer
