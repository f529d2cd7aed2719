"""The reference of the API as an OpenAPI 3.1 document: every operation, parameter, shape and refusal.

A test compares it with the routes and with what they really answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import marshmallow
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from service import reference_examples
from service.errors import KINDS, MEDIA_TYPE
from service.reference_shapes import SHAPES, ref
from service.shapes import (
    BALANCE_QUERY,
    DECISION_IN,
    ID,
    LANGUAGE_QUERY,
    PAGE_QUERY,
    REFUND_REQUEST_IN,
)

ABOUT = """\
Recoup decides point refunds by a published policy, says why in Korean and English, and keeps every
decision with what it was made on.

- Points and money are whole numbers. Days are local days of the programme, instants are in UTC.
- A denial is an answer like any other: it has reasons with their figures and, where there is one, the
  change that would let the request pass.
- Every refusal is `application/problem+json` with a `code`; a request that was refused left nothing.
- Bodies are read strictly: an unknown or repeated key, 1.5, 1e3 or a wrong type is refused by name.
"""


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
    examples: tuple[tuple[str, str, Any], ...] = ()
    query: marshmallow.Schema | None = LANGUAGE_QUERY
    headers: tuple[dict[str, Any], ...] = ()


IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A value of your own, fresh for each new request. Sent again with the same body, it gets the"
    " same answer, byte for byte; with another body, 409.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[ -~]+$"},
    "example": "2f1c6a0e-4b7d",
}
OF_A_BODY = ("unreadable-json", "bad-request", "too-large", "unsupported-media-type")
OF_A_CASE = ("unknown-account", "other-policy", "not-in-force", "account-does-not-fit", "rules-conflict")

OPERATIONS: Sequence[Operation] = (
    Operation(
        "post",
        "/v1/decisions",
        "decisions",
        "Judge a refund request without filing it",
        {200: "Decision", 201: "Decision"},
        (*OF_A_BODY, *OF_A_CASE, "unknown-policy", "policy-required"),
        about="For a stored account, or for an account, its lots and its history given in full; at any instant."
        " The decision is recorded (201) unless `dry_run` is true (200). For a past `as_of` a stored account is"
        " judged on the points and refunds that it had then; its other facts are those of today.",
        body=DECISION_IN,
        examples=(
            ("stored", "A stored account", reference_examples.STORED),
            ("full", "An account in full", reference_examples.IN_FULL),
        ),
        query=LANGUAGE_QUERY,
    ),
    Operation(
        "get",
        "/v1/decisions/{id}",
        "decisions",
        "A recorded decision, with the case it was made on",
        {200: "KeptDecision"},
        ("bad-request", "not-found"),
    ),
    Operation(
        "post",
        "/v1/refund-requests",
        "refund requests",
        "File a refund request",
        {201: "JustFiled"},
        ("idempotency-key-missing", "idempotency-key-reused", *OF_A_BODY, *OF_A_CASE),
        about="Judges, holds the lots, files and records in one step, or does nothing. A request that is denied is"
        " filed as denied; that is 201 too.",
        body=REFUND_REQUEST_IN,
        examples=(("stored", "A stored account", reference_examples.STORED),),
        headers=(IDEMPOTENCY_KEY,),
    ),
    Operation(
        "get",
        "/v1/refund-requests/{id}",
        "refund requests",
        "A refund request, its state and what it holds",
        {200: "RefundRequest"},
        ("bad-request", "not-found"),
    ),
    Operation(
        "get",
        "/v1/accounts/{id}",
        "accounts",
        "The facts of an account",
        {200: "StoredAccount"},
        ("bad-request", "not-found"),
    ),
    Operation(
        "get",
        "/v1/accounts/{id}/balance",
        "accounts",
        "What an account has on a day, and what expires when",
        {200: "Balance"},
        ("bad-request", "not-found", "not-in-force", "account-does-not-fit", "rules-conflict"),
        query=BALANCE_QUERY,
    ),
    Operation(
        "get",
        "/v1/accounts/{id}/refund-requests",
        "accounts",
        "The refund requests of an account, newest first",
        {200: "RefundRequests"},
        ("bad-request", "not-found"),
        query=PAGE_QUERY,
    ),
    Operation(
        "get", "/v1/policies", "policies", "The newest version of every policy", {200: "Policies"}, ("bad-request",)
    ),
    Operation(
        "get",
        "/v1/policies/{id}",
        "policies",
        "What a policy declares, and its versions",
        {200: "Policy"},
        ("bad-request", "not-found"),
    ),
    Operation(
        "get",
        "/v1/policies/{id}/versions/{number}",
        "policies",
        "One version of a policy, with its text",
        {200: "PolicyVersion"},
        ("bad-request", "not-found"),
    ),
)
BODIES = tuple(operation.body for operation in OPERATIONS if operation.body is not None)
ANSWERS = {200: "As asked.", 201: "Recorded; `Location` says where."}


def reference(version: str) -> dict[str, Any]:
    """The whole document."""
    plugin = MarshmallowPlugin()
    spec = APISpec("Recoup", version, "3.1.0", plugins=[plugin], info={"description": ABOUT})
    assert plugin.converter is not None, "APISpec sets it"
    plugin.converter.add_attribute_function(_described)  # type: ignore[no-untyped-call]
    for name, shape in SHAPES.items():
        spec.components.schema(name, shape)
    for body in BODIES:
        spec.components.schema(type(body).__name__, schema=body)
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _described_operation(operation)
    for path, operations in paths.items():
        spec.path(path=path, operations=operations, parameters=_in_path(path))
    return spec.to_dict()


def _described(_converter: object, field: marshmallow.fields.Field[Any], **_: Any) -> dict[str, Any]:
    """A field is described by its metadata, whole: apispec leaves out what OpenAPI 3.0 did not know."""
    return dict(field.metadata)


def _described_operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "tags": [operation.tag],
        "summary": operation.summary,
        "operationId": f"{operation.method} {operation.path}",
        "parameters": [*operation.headers, *_in_query(operation.query)],
        "responses": {
            **{
                str(status): {
                    "description": ANSWERS[status],
                    "content": {"application/json": {"schema": ref(shape)} | _examples_of(shape)},
                }
                for status, shape in operation.answers.items()
            },
            **_refusals((*operation.refusals, "internal-error", "unavailable")),
        },
    }
    if operation.about:
        described["description"] = operation.about
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {
                "application/json": {
                    "schema": ref(type(operation.body).__name__),
                    "examples": {
                        name: {"summary": summary, "value": value} for name, summary, value in operation.examples
                    },
                }
            },
        }
    return described


def _examples_of(shape: str) -> dict[str, Any]:
    examples = reference_examples.decisions() if shape == "Decision" else {}
    return {"examples": examples} if examples else {}


def _refusals(codes: Sequence[str]) -> dict[str, Any]:
    """The refusals by status; several of one status are told apart by their code."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(KINDS[code].status, []).append(code)
    return {
        str(status): {
            "description": " ".join(f"`{code}`: {KINDS[code].title.en}" for code in of_status),
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


def _in_path(path: str) -> list[dict[str, Any]]:
    shapes = {"id": ID, "number": {"type": "integer", "minimum": 1}}
    return [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name, schema in shapes.items()
        if f"{{{name}}}" in path
    ]


def _in_query(schema: marshmallow.Schema | None) -> list[dict[str, Any]]:
    if schema is None:
        return []
    parameters = []
    for name, described in schema.fields.items():
        shape = dict(described.metadata)
        about = shape.pop("description", "")
        parameters.append({"name": name, "in": "query", "description": about, "schema": shape})
    return parameters
