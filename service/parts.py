"""What a view works with: the parts of the app that answers the request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from flask import Response, current_app, g

from service.beside import Beside
from service.clock import Clock
from service.config import Settings
from service.database import Database
from service.errors import language
from service.faq import Faq
from service.idempotency import Answer
from service.inquiries import Inquiries
from service.judging import Judge
from service.masking import masked
from service.metrics import Metrics
from service.publishing import Versions
from service.tokens import Tokens

EXTENSION = "recoup"
MEDIA_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one app."""

    database: Database
    versions: Versions
    judge: Judge
    clock: Clock
    settings: Settings
    faq: Faq
    inquiries: Inquiries
    metrics: Metrics
    tokens: Tokens | None
    beside: Beside


def parts() -> Parts:
    """The parts of the app that answers this request."""
    found: Parts = current_app.extensions[EXTENSION]
    return found


def json_text(data: Any) -> str:
    """Data as the text of an answer."""
    return msgspec.json.encode(data).decode()


def answered(data: Any, status: int = 200, location: str = "") -> Response:
    """An answer with JSON data, as far as whoever asks may see it; `location` is where what was made can be found."""
    return given(Answer(status, location, language(), json_text(masked(data, g.get("reader")))))


def told_back(data: Any) -> Response:
    """An answer that holds nothing but what follows from what was sent: whoever asks knows all of it."""
    return given(Answer(200, "", language(), json_text(data)))


def given(answer: Answer) -> Response:
    """An answer, as it was kept."""
    response = Response(answer.text, answer.status, mimetype=MEDIA_TYPE)
    response.headers["Content-Language"] = answer.language
    if answer.location:
        response.headers["Location"] = answer.location
    return response
