"""A page asks the API, in this process, as whoever is signed in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from flask import current_app, g
from werkzeug.test import EnvironBuilder, run_wsgi_app

from service.access import INSIDE

API = "recoup-api"
"""Among the extensions of the pages: the app that they ask."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said: the data of an answer, of a refusal (RFC 9457), or the text of what is not JSON."""

    status: int
    data: Any
    headers: Mapping[str, str]

    @property
    def ok(self) -> bool:
        """Whether it was answered and not refused."""
        return self.status < 400

    @property
    def errors(self) -> list[dict[str, Any]]:
        """What is wrong with the fields of a body, or with parameters."""
        found: list[dict[str, Any]] = [] if self.ok else self.data.get("errors", [])
        return found


class Refused(Exception):
    """The API refused what a page cannot do without."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(f"{answer.status} {answer.data}")


def address(*parts: object) -> str:
    """The address of the API with these parts, each in its place whatever it holds.

    >>> address("accounts", "A/1", "balance")
    '/v1/accounts/A%2F1/balance'
    """
    return "/v1/" + "/".join(quote(str(part), safe="") for part in parts)


def ask(
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    query: Mapping[str, object] | None = None,
    once: str = "",
    accept: str = "application/json",
) -> Answer:
    """What the API says. `once` is an idempotency key; parameters of a `query` that are None or "" are left out."""
    asked_for = {name: value for name, value in (query or {}).items() if value not in (None, "")}
    sent = [("Accept", accept), ("Accept-Language", g.language), *([("Idempotency-Key", once)] if once else [])]
    builder = EnvironBuilder(
        path=path,
        method=method,
        query_string=urlencode(asked_for),
        data=None if body is None else json.dumps(body, ensure_ascii=False).encode(),
        content_type=None if body is None else "application/json",
        headers=sent,
    )
    environ = builder.get_environ()
    environ[INSIDE] = g.reader
    parts, status, headers = run_wsgi_app(current_app.extensions[API].wsgi_app, environ, buffered=True)
    text = b"".join(parts)
    is_json = headers.get("Content-Type", "").partition(";")[0].endswith("json")
    data = json.loads(text) if is_json and text else text.decode()
    return Answer(int(status.partition(" ")[0]), data, dict(headers))


def asked(method: str, path: str, body: Mapping[str, Any] | None = None, **more: Any) -> Any:
    """The data of an answer. Raises Refused, of which a page is made."""
    answer = ask(method, path, body, **more)
    if not answer.ok:
        raise Refused(answer)
    return answer.data
