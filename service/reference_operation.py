"""One operation of the API, as the reference describes it, and how it may refuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import marshmallow

from service.errors import MEDIA_TYPE
from service.lines import MEDIA_TYPE as MANY_LINES
from service.reference_shapes import ref
from service.refusal_kinds import KINDS
from service.shapes import ID, LANGUAGE_QUERY


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
    # Where a body may be lines as well: the shape of a line, and of a line of the answer.
    lines: tuple[str, str] | None = None
    # Whether what was made can be asked for by itself: 201 then says where.
    located: bool = True


def of_lines(shape: str) -> dict[str, Any]:
    """A body of lines, each of one shape; OpenAPI 3.1 has no word of its own for it."""
    schema = {"type": "string", "description": f"One {shape} a line."}
    return {MANY_LINES: {"schema": schema, "x-line": ref(shape)}}


HEADERS: Mapping[int, dict[str, Any]] = {
    201: {
        "Location": {
            "required": True,
            "description": "Where what was made is to be had.",
            "schema": {"type": "string", "format": "uri-reference"},
        }
    },
    401: {
        "WWW-Authenticate": {
            "required": True,
            "description": "That a bearer token is needed, and what is wrong with the one that was sent (RFC 6750).",
            "schema": {"type": "string", "pattern": "^Bearer"},
        }
    },
    503: {
        "Retry-After": {
            "description": "After how many seconds it may be worth asking again.",
            "schema": {"type": "integer", "minimum": 1},
        }
    },
}


def headers_of(status: int, *, located: bool = True) -> dict[str, Any]:
    """The headers that an answer of this status has besides those that every answer has."""
    return {"headers": HEADERS[status]} if status in HEADERS and (located or status != 201) else {}


def refusals(codes: Sequence[str]) -> dict[str, Any]:
    """The refusals by status; several of one status are told apart by their code."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(KINDS[code].status, []).append(code)
    return {
        str(status): {
            "description": " ".join(f"`{code}`: {KINDS[code].title.en}" for code in of_status),
            **headers_of(status),
            "content": {
                MEDIA_TYPE: {
                    "schema": ref("Problem"),
                    "examples": {code: {"value": _example(code)} for code in of_status},
                }
            },
        }
        for status, of_status in sorted(by_status.items())
    }


def _example(code: str) -> dict[str, Any]:
    kind = KINDS[code]
    return {
        "type": f"/problems/{code}",
        "title": kind.title.en,
        "status": kind.status,
        "code": code,
        "detail": kind.detail.en,
    }


def in_path(path: str) -> list[dict[str, Any]]:
    """The parameters that a path names."""
    shapes = {
        "id": ID,
        "number": {"type": "integer", "minimum": 1},
        "seq": {"type": "integer", "minimum": 0},
        "digest": ID,
        "rule": ID,
    }
    return [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name, schema in shapes.items()
        if f"{{{name}}}" in path
    ]


def in_query(schema: marshmallow.Schema | None) -> list[dict[str, Any]]:
    """The parameters behind the path."""
    if schema is None:
        return []
    parameters = []
    for name, described in schema.fields.items():
        shape = dict(described.metadata)
        about = shape.pop("description", "")
        required = {"required": True} if described.required else {}
        parameters.append({"name": name, "in": "query", "description": about, **required, "schema": shape})
    return parameters
