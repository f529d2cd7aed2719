"""The pages put together: who is signed in, in which language, how a template is filled, and what a browser may do."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, Response, current_app, g, request, url_for
from jinja2 import StrictUndefined
from werkzeug.exceptions import BadRequest, HTTPException, RequestTimeout

from policies.model import Text
from service import sessions
from service.app import OVER_TLS
from service.config import LOOPBACK
from service.database import Unavailable, reading
from service.errors import LANGUAGES
from service.errors import language as asked_language
from service.logs import log_request
from service.one_at_a_time import AWAITED, BODY, CUT_OFF, GO_ON
from service.pages import author_words, words
from service.pages.asking import API, Refused
from service.pages.auditor_words import stage_name
from service.parts import EXTENSION, parts
from service.reads import Reader
from service.tracing import asked as about_request
from service.tracing import method, route

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FOLDER = Path(__file__).resolve().parent.parent
STATIC = FOLDER / "static"
COOKIE = "recoup_session"
LANGUAGE_COOKIE = "recoup_language"
A_YEAR = 365 * 24 * 3600
# Nothing of another host, nothing written into the page itself; htmx sends its requests back here only.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, Cookie",
}
FIRST_PARTS = frozenset(
    {"start", "sign-in", "sign-out", "static", "favicon.ico", "member", "agent", "author", "auditor"}
)
"""The first parts of the paths that are pages; everything else is the API's."""

ZONE = "Asia/Seoul"

log = logging.getLogger("recoup.pages")


class WithPages:
    """The API and the pages as one WSGI application. `/` is a page for a browser, and the API's index for programs; so
    is an address that nobody knows.
    """

    def __init__(self, api: Flask) -> None:
        self._api = api
        self._pages = create_pages(api)
        self.templates = self._pages.jinja_env
        self._of_the_api = {rule.rule[1:].partition("/")[0] for rule in api.url_map.iter_rules() if rule.rule != "/"}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        """Answer a request by the one or the other."""
        path = environ.get("PATH_INFO", "")
        first = path[1:].partition("/")[0]
        by_a_browser = "text/html" in environ.get("HTTP_ACCEPT", "")
        to_pages = first in FIRST_PARTS or (by_a_browser and first not in self._of_the_api)
        app: WSGIApplication = self._pages if to_pages else self._api
        return app(environ, start_response)

    def made_ready(self) -> Iterator[None]:
        """Compile the templates, one at each step: the first visitor of a page would wait for it."""
        for name in self.templates.list_templates():
            self.templates.get_template(name)
            yield


def create_pages(api: Flask) -> Flask:
    """The pages of an API."""
    from service.pages import signing_in

    app = Flask("recoup-pages", template_folder=str(FOLDER / "templates" / "pages"), static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = api.config["MAX_CONTENT_LENGTH"]
    app.url_map.merge_slashes = False
    app.extensions[EXTENSION] = api.extensions[EXTENSION]
    app.extensions[API] = api
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals |= {
        "static": static_address,
        "form_token": form_token,
        "menu": menu,
        "menu_above": menu_above,
        **words.IN_TEMPLATES,
    }
    app.jinja_env.filters |= {**words.FILTERS, **author_words.FILTERS, "stage_name": stage_name}
    for blueprint in (signing_in.blueprint, *_blueprints()):
        app.register_blueprint(blueprint)
    app.add_url_rule("/static/<path:name>", "static", _static)
    app.before_request(_begin)
    app.before_request(_go_on_or_not)
    app.before_request(_check_form)
    app.after_request(_end)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Unavailable, lambda _: _error_page(503, words.UNAVAILABLE))
    app.register_error_handler(Exception, _bug)
    return app


def _blueprints() -> tuple[Blueprint, ...]:
    from service.pages import (
        agent,
        agent_inquiries,
        agent_requests,
        auditor,
        auditor_figures,
        author,
        author_drafts,
        author_new,
        author_policies,
        member,
    )

    desk = (agent.blueprint, agent_requests.blueprint, agent_inquiries.blueprint)
    publishing = (author.blueprint, author_new.blueprint, author_drafts.blueprint, author_policies.blueprint)
    return (member.blueprint, *desk, *publishing, auditor.blueprint, auditor_figures.blueprint)


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A page out of a template, which knows who is signed in and in which language."""
    text = current_app.jinja_env.get_template(template).render(
        {"language": g.language, "reader": g.get("reader"), "at": request.path, **values}
    )
    return Response(text, status, mimetype="text/html")


def menu(reader: Reader) -> list[tuple[str, Text]]:
    """The pages that somebody can go to from every other."""
    return [(href, name) for roles, href, name in words.MENU if set(roles) & set(reader.roles)]


def menu_above(at: str, reader: Reader) -> str:
    """The page of the menu to which an address belongs: the page itself, or the one it lies below; "" where none."""
    above = [href for href, _ in menu(reader) if at == href or at.startswith(f"{href}/")]
    return max(above, key=len, default="")


def today_in(zone: str = ZONE) -> date:
    """The day that it is in the zone of a policy; in ours where no policy is chosen."""
    return parts().clock().astimezone(ZoneInfo(zone)).date()


def only(*roles: str) -> Callable[[], Response | None]:
    """For a blueprint: lets in who is signed in in one of these roles; others are asked to sign in, or refused."""

    def check() -> Response | None:
        reader: Reader | None = g.reader
        if reader is None:
            return back_to(url_for("signing_in.start", next=_this_page()))
        if not set(roles) & set(reader.roles):
            return _error_page(403, words.NOT_FOR_YOU, sign_in=_this_page())
        return None

    return check


def own_address(given: str | None, otherwise: str) -> str:
    """Where to go on: an address of ours, however it was given."""
    split = urlsplit(given or "")
    ours = bool(given) and not split.scheme and not split.netloc and split.path.startswith("/")
    return given if given and ours and "\\" not in given and not given.startswith("//") else otherwise


def back_to(where: str) -> Response:
    """Go on at another address, by GET."""
    return Response(status=303, headers={"Location": where})


def form_token() -> str:
    """What a form carries so that it is known to be ours: no other site can read it."""
    return _token_of(request.cookies.get(COOKIE, ""))


def remember(answer: Response, secret: str) -> Response:
    """Have the browser keep a session."""
    # A browser drops a secure cookie where the connection is none; on the machine itself there is no other.
    secure = parts().settings.behind_tls or parts().settings.host not in LOOPBACK
    answer.set_cookie(COOKIE, secret, httponly=True, secure=secure, samesite="Lax", path="/")
    return answer


def static_address(name: str) -> str:
    """The address of a file of ours, which changes when the file does."""
    return f"/static/{name}?v={_digests()[name]}"


def _begin() -> None:
    about_request()
    chosen = request.args.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    g.language = chosen if chosen in LANGUAGES else asked_language()
    secret = request.cookies.get(COOKIE)
    g.reader = None
    if secret:
        with reading(parts().database):
            g.reader = sessions.find(parts().database, secret, parts().clock())


def _go_on_or_not() -> Response | None:
    """Whether a form that does not come at once is to be awaited further: that of somebody who is signed in."""
    body = request.environ.get(BODY)
    if body is None:
        return None
    if request.routing_exception is not None:
        raise request.routing_exception
    if body == AWAITED and g.reader is not None:
        return Response(status=GO_ON)
    raise BadRequest if body == CUT_OFF else RequestTimeout


def _check_form() -> Response | None:
    """A form that changes something must be ours. Signing in may be asked for by the programme's own site."""
    if request.method in ("GET", "HEAD", "OPTIONS") or request.endpoint == "signing_in.sign_in":
        return None
    sent = request.headers.get("X-Form-Token") or request.form.get("form_token", "")
    if g.reader is None or not hmac.compare_digest(sent.encode(), form_token().encode()):
        return _error_page(403, words.FORM_IS_OLD, sign_in="" if g.reader else _page_before())
    return None


def _end(answer: Response) -> Response:
    about = about_request()
    if answer.status_code == GO_ON:
        # It is no answer yet.
        return answer
    if parts().settings.behind_tls:
        answer.headers.update(OVER_TLS)
    answer.headers["X-Request-Id"] = about.id
    answer.headers["Content-Language"] = g.get("language", "en")
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if request.args.get("lang") in LANGUAGES and request.method == "GET":
        answer.set_cookie(LANGUAGE_COOKIE, request.args["lang"], max_age=A_YEAR, samesite="Lax", path="/")
    seconds = perf_counter() - about.arrived
    parts().metrics.answered(method(), f"page {route()}", answer.status_code, seconds)
    log_request(answer.status_code, seconds)
    return answer


def _static(name: str) -> Response:
    known = _digests().get(name)
    if known is None:
        return _error_page(404, words.NOTHING_HERE)
    kinds = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    path = STATIC / name
    answer = Response(path.read_bytes(), mimetype=kinds[path.suffix])
    same = request.args.get("v") == known
    answer.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable" if same else "no-cache"
    answer.headers["Vary"] = "Accept-Encoding"
    return answer


@cache
def _digests() -> dict[str, str]:
    """The files that are handed out, with the beginning of the digest of each."""
    shown = [*STATIC.glob("pages/*"), *STATIC.glob("vendor/htmx/*.js"), *STATIC.glob("vendor/uplot/*")]
    served = [path for path in shown if path.suffix in (".css", ".js", ".svg")]
    return {str(path.relative_to(STATIC)): hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in served}


def _token_of(secret: str) -> str:
    return hashlib.sha256(b"form\n" + secret.encode()).hexdigest()


def _refused(error: Refused) -> Response:
    data = error.answer.data
    if data["code"] == "bad-request" and request.method == "GET":
        # Somebody changed the address by hand.
        return _error_page(error.answer.status, words.NOT_UNDERSTOOD)
    said = words.REFUSALS.get(data["code"])
    detail = said.in_language(g.language) if said else data["detail"]
    told = {"title": data["title"], "detail": detail, "errors": error.answer.errors}
    return page("error.html", error.answer.status, **told, sign_in="")


def _http_error(error: HTTPException) -> Response:
    told = {404: words.NOTHING_HERE, 405: words.NOTHING_HERE, 413: words.TOO_LARGE}
    status = error.code or 500
    return _error_page(status, told.get(status, words.NOT_UNDERSTOOD))


def _bug(error: Exception) -> Response:
    log.error("%s %s: a bug", method(), route(), exc_info=error)
    return _error_page(500, words.OUR_MISTAKE)


def _error_page(status: int, told: tuple[Text, Text], *, sign_in: str = "") -> Response:
    """A page that says what went wrong; with a way to sign in and go on at an address, where that helps."""
    title, detail = (each.in_language(g.language) for each in told)
    return page("error.html", status, title=title, detail=detail, errors=[], sign_in=sign_in)


def _page_before() -> str:
    """The page whose form was sent, as the browser says."""
    return own_address(urlsplit(request.referrer or "").path, "/start")


def _this_page() -> str:
    """The address that was asked for, to come back to."""
    return request.full_path.rstrip("?") if request.method == "GET" else request.path
