"""Every refusal in one shape, RFC 9457 `application/problem+json`, built by one function.

A denial is not here: it is a decision and is answered like any other. What a bug is about stays in
the log; the caller learns that nothing was stored.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from flask import Flask, Response, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.http import parse_accept_header

from policies.model import Text
from service.database import Unavailable
from service.field_texts import FIELD_TEXTS
from service.refusal_kinds import KINDS, Kind
from service.tracing import asked, method, route

MEDIA_TYPE = "application/problem+json"
LANGUAGES = ("en", "ko")
MOST_ERRORS = 50
"""More are not listed: nobody reads them."""
LONGEST_LANGUAGES = 1_000
"""Nobody's Accept-Language is longer, and one that is is not read."""

# What is wrong there stands in no body.
IN_NO_BODY = ("account-does-not-fit",)

log = logging.getLogger("recoup.service")


@dataclass(frozen=True, slots=True)
class FieldError:
    """One mistake: `where` is {"pointer"|"parameter"|"header": place}, `text` says what it is."""

    where: Mapping[str, str]
    text: Text

    @classmethod
    def at(cls, path: Sequence[str | int], code: str, **figures: object) -> FieldError:
        """A mistake in the body, at a path of keys and list indexes."""
        return cls({"pointer": pointer(path)}, _filled(FIELD_TEXTS[code], figures))

    @classmethod
    def in_parameter(cls, name: str, code: str, **figures: object) -> FieldError:
        """A mistake in the address: its query part, or a part of its path."""
        return cls({"parameter": name}, _filled(FIELD_TEXTS[code], figures))

    @classmethod
    def in_header(cls, name: str, code: str, **figures: object) -> FieldError:
        """A mistake in a header."""
        return cls({"header": name}, _filled(FIELD_TEXTS[code], figures))


class Refusal(Exception):
    """A request that is refused, as one of KINDS. `figures` fill the placeholders of its detail; the answer has the
    `headers`.
    """

    def __init__(self, code: str, errors: Sequence[FieldError] = (), **figures: object) -> None:
        assert code in KINDS, code
        super().__init__(code)
        self.code = code
        self.errors = errors
        self.figures = figures
        self.headers: dict[str, str] = {}

    @property
    def status(self) -> int:
        """The status that it is answered with."""
        return KINDS[self.code].status


# What a Damage can be refused as, at any address that reads what is kept.
DAMAGED = ("record-damaged", "version-damaged", "log-damaged")


class Damage(Refusal):
    """What is kept under a name is not what was written, and `why` that is known: somebody changed the database."""

    def __init__(self, code: str, name: str, why: Text) -> None:
        super().__init__(code, (), **dict.fromkeys(KINDS[code].members, name), why=why)
        self.name = name
        self.why = why


def pointer(path: Sequence[str | int]) -> str:
    """A JSON pointer (RFC 6901) as a URI fragment, without the percent signs.

    >>> pointer(("lots", 0, "a/b"))
    '#/lots/0/a~1b'
    """
    return "#" + "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


def language() -> str:
    """The language of the answer: `?lang=`, else the best of Accept-Language, else English."""
    asked = request.args.get("lang")
    if asked in LANGUAGES:
        return asked
    preferred = request.headers.get("Accept-Language", "")
    return "en" if len(preferred) > LONGEST_LANGUAGES else _best_of(preferred)


@lru_cache(256)
def _best_of(preferred: str) -> str:
    """The best of a header Accept-Language; browsers and programs send few of them."""
    # A region of a language is that language to us: who prefers ko-KR to en reads ko.
    for tag, quality in sorted(parse_accept_header(preferred, LanguageAccept), key=lambda each: -each[1]):
        spoken = "en" if tag == "*" else tag.partition("-")[0].lower()
        if quality > 0 and spoken in LANGUAGES:
            return spoken
    return "en"


def problem_data(
    code: str, errors: Sequence[FieldError], figures: Mapping[str, object], spoken: str
) -> dict[str, object]:
    """The one body of every refusal, as plain data in one language."""
    kind = KINDS[code]
    body: dict[str, object] = {
        "type": f"/problems/{code}",
        "title": kind.title.in_language(spoken),
        "status": kind.status,
        "code": code,
        "detail": _filled(kind.detail, figures).in_language(spoken),
    }
    body |= {name: figures[name] for name in kind.members}
    if errors:
        body["errors"] = [{**each.where, "detail": each.text.in_language(spoken)} for each in errors[:MOST_ERRORS]]
    return body


def problem_within(path: Sequence[str | int], refusal: Refusal, spoken: str) -> dict[str, object]:
    """The refusal of a part of a body, whose mistakes are pointed at from the whole."""
    errors = refusal.errors
    if refusal.code not in IN_NO_BODY:
        above = pointer(path)
        errors = [
            FieldError({"pointer": above + each.where["pointer"].removeprefix("#")}, each.text) for each in errors
        ]
    # A bug is told by the request that met it, which whoever decides does not know.
    asked_as = {"request_id": asked().id} if refusal.code == "internal-error" else {}
    return problem_data(refusal.code, errors, {**refusal.figures, **asked_as}, spoken)


def problem(code: str, errors: Sequence[FieldError] = (), **figures: object) -> Response:
    """The answer to a request that is refused."""
    spoken = language()
    asked().code = code
    body = problem_data(code, errors, figures, spoken)
    answer = Response(_json(body), KINDS[code].status, mimetype=MEDIA_TYPE)
    answer.headers["Content-Language"] = spoken
    return answer


def register_errors(app: Flask) -> None:
    """Have every error of an app answered by `problem`."""

    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> Response:
        if isinstance(error, Damage):
            # It is no mistake of who asks: whoever operates the service has to know.
            log.error("%s %s: %s %s", method(), route(), error.name, error.why.en)
        answer = problem(error.code, error.errors, **error.figures)
        answer.headers.update(error.headers)
        return answer

    @app.errorhandler(Unavailable)
    def unavailable(error: Unavailable) -> Response:
        log.warning("the database cannot serve: %s", error)
        answer = problem("unavailable")
        answer.headers["Retry-After"] = "1"
        return answer

    @app.errorhandler(HTTPException)
    def refused_by_the_framework(error: HTTPException) -> Response:
        answer = _of_the_framework(error, app)
        for name, value in error.get_headers():
            if name not in ("Content-Type", "Content-Length"):
                answer.headers[name] = value
        return answer

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Response:
        log.error("%s %s: a bug", method(), route(), exc_info=error)
        return problem("internal-error", request_id=asked().id)


def _of_the_framework(error: HTTPException, app: Flask) -> Response:
    status = error.code or 500
    if status == 404:
        return problem("not-found", what=request.path)
    if isinstance(error, MethodNotAllowed):
        allowed = sorted(set(error.valid_methods or ()) - {"HEAD", "OPTIONS"})
        return problem("method-not-allowed", what=request.path, allowed=allowed)
    if status == 413:
        return problem("too-large", most=app.config["MAX_CONTENT_LENGTH"])
    for code, kind in KINDS.items():
        if kind.status == status and not _placeholders(kind):
            return problem(code)
    # A status that no kind stands for: RFC 9457 says to call it about:blank.
    body = {"type": "about:blank", "title": error.name, "status": status, "code": "refused"}
    return Response(_json(body), status, mimetype=MEDIA_TYPE)


def _placeholders(kind: Kind) -> bool:
    return "{" in kind.detail.en


def _filled(text: Text, figures: Mapping[str, object]) -> Text:
    ko, en = (
        text.in_language(spoken).format_map({name: _shown(figure, spoken) for name, figure in figures.items()})
        for spoken in ("ko", "en")
    )
    return Text(ko, en)


def _shown(figure: object, spoken: str) -> object:
    if isinstance(figure, Text):
        return figure.in_language(spoken)
    return (", ".join(map(str, figure)) or "-") if isinstance(figure, list) else figure


def _json(body: object) -> str:
    return json.dumps(body, ensure_ascii=False)
