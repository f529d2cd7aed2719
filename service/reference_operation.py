"""One operation of the API, as the reference describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import marshmallow

from service.shapes import LANGUAGE_QUERY


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path: what it answers, by status, and how it may refuse."""

    method: str
    path: str
    tag: str
    summary: str
    answers: dict[int, str]
    refusals: tuple[str, ...] = ()
    about: str = ""
    body: marshmallow.Schema | None = None
    # Where a body has one of several shapes: all of them.
    bodies: tuple[marshmallow.Schema, ...] = ()
    examples: tuple[tuple[str, str, Any], ...] = ()
    query: marshmallow.Schema | None = LANGUAGE_QUERY
    headers: tuple[dict[str, Any], ...] = ()
    # The media types in which the answer is to be had besides JSON.
    also: tuple[str, ...] = ()
