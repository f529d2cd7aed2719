"""Every refusal has one shape: RFC 9457 problem details.

    {"type": "/problems/CODE", "title": ..., "status": ..., "code": CODE, "detail": ...,
     "errors": [{"pointer" | "parameter": ..., "detail": ...}]}     errors only where fields are at fault

The media type is application/problem+json, Content-Language says whether title and detail are ko or
en, and `type` leads to an explanation.
"""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from marshmallow import Schema
from werkzeug.exceptions import TooManyRequests, Unauthorized

from service import shapes, shapes_messages
from service.errors import FieldError, register_errors
from service.field_texts import FIELD_TEXTS
from service.reference_shapes import PROBLEM
from service.refusal_kinds import KINDS
from service.shapes import MOST_EVENTS
from tests.service.builders import asking

JSON: dict[str, Any] = {"content_type": "application/json"}
TABLE: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "unreadable-json": ("post", "/v1/decisions", {"data": b"{", **JSON}, 400),
    "bad-request": ("post", "/v1/decisions", {"json": {}}, 400),
    "idempotency-key-missing": ("post", "/v1/refund-requests", {"json": {}}, 400),
    "not-found": ("get", "/v1/nothing", {}, 404),
    "method-not-allowed": ("delete", "/v1/decisions", {}, 405),
    "too-large": ("post", "/v1/decisions", {"data": b"x" * 1_000_001, **JSON}, 413),
    "unsupported-media-type": ("post", "/v1/decisions", {"data": b"{}", "content_type": "text/plain"}, 415),
    "unknown-account": ("post", "/v1/decisions", {"json": {"account": "nobody", "request": asking()}}, 422),
}


def shaped(answer: Any, code: str, status: int, language: str) -> None:
    found = answer.get_json()
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert (found["type"], found["code"], found["status"]) == (f"/problems/{code}", code, status)
    assert answer.headers["Content-Language"] == language
    Draft202012Validator(PROBLEM).validate(found)


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("code", TABLE)
def test_a_refusal_has_the_one_shape(client: FlaskClient, code: str, language: str) -> None:
    method, path, options, status = TABLE[code]
    answer = client.open(path, method=method.upper(), headers={"Accept-Language": language}, **options)
    shaped(answer, code, status, language)
    assert answer.get_json()["title"] == KINDS[code].title.in_language(language)
    explained = client.get(answer.get_json()["type"], headers={"Accept-Language": language}).get_json()
    assert (explained["code"], explained["title"]) == (code, answer.get_json()["title"])


@pytest.mark.parametrize("code", KINDS)
def test_the_explanation_of_a_refusal_shows_no_placeholder(client: FlaskClient, code: str) -> None:
    assert "{" not in client.get(f"/problems/{code}").get_json()["detail"]


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (Unauthorized(), "unauthorized", 401),
        (TooManyRequests(retry_after=7), "too-many-requests", 429),
        (ZeroDivisionError("1/0"), "internal-error", 500),
    ],
    ids=["401", "429", "500"],
)
def test_an_error_of_the_framework_or_a_bug_has_it_too(error: Exception, code: str, status: int) -> None:
    app = Flask("test")
    register_errors(app)

    @app.get("/")
    def fail() -> str:
        raise error

    answer = app.test_client().get("/")
    shaped(answer, code, status, "en")
    assert b"1/0" not in answer.data
    assert answer.headers.get("Retry-After") == ("7" if status == 429 else None)


def test_a_method_that_is_not_allowed_names_those_that_are(client: FlaskClient) -> None:
    answer = client.put("/v1/webhooks")
    assert "POST" in answer.headers["Allow"]
    assert answer.get_json()["detail"] == "/v1/webhooks takes GET, POST."


def test_bytes_that_are_no_utf_8_are_nobodys_id(client: FlaskClient) -> None:
    # As servers hand them over; the test client would write U+FFFD in their place.
    for method, sent, part in (
        ("PUT", {"PATH_INFO": "/v1/accounts/\xff"}, "path"),
        ("GET", {"PATH_INFO": "/v1/events/a\xc3"}, "path"),
        ("GET", {"PATH_INFO": "/v1/faq", "QUERY_STRING": "q=%ff"}, "query"),
    ):
        answer = client.open("/", method=method, json={}, environ_overrides=sent)
        assert (answer.status_code, answer.get_json()["errors"][0]["parameter"]) == (400, part)
    assert client.get("/v1/accounts/%ED%9A%8C").status_code == 404


def test_what_is_not_known_is_told_with_what_is(client: FlaskClient) -> None:
    asked: list[tuple[str, str, Any, str]] = [
        ("get", "/v1/inquiries?stat=open", None, "is not known here; did you mean 'state'?"),
        ("get", "/v1/policies?x=1", None, "is not known here; known here are lang"),
        ("post", "/v1/decisions", {"account": "A", "request": {}, "dryrun": 1}, "did you mean 'dry_run'?"),
        ("post", "/v1/decisions", {"account": {"id": "A"}, "request": {}, "policy": "x"}, "published are small"),
        ("post", "/v1/events", {"events": [{}] * (MOST_EVENTS + 1)}, "10000 events; send them in several batches"),
        ("get", "/v1/inquiries?limit=1&limit=2", None, "stands twice"),
        ("get", "/v1/inquiries?after=Q-0", None, "write the last id of the page before"),
        (
            "post",
            "/v1/events",
            {"id": "E", "account": "A", "of": "E", "type": "purchase_cancelled", "happened_at": "2026-03-01T00:00:00Z"},
            "is the event's own id; name the event that it undoes",
        ),
    ]
    for method, where, body, words in asked:
        (error,) = client.open(where, method=method.upper(), json=body).get_json()["errors"]
        assert words in error["detail"], where


@pytest.mark.parametrize(
    "schema",
    [each for name, each in [*vars(shapes).items(), *vars(shapes_messages).items()] if name.endswith("_IN")],
    ids=lambda schema: type(schema).__name__,
)
def test_null_is_told_of_every_field_with_its_figures(schema: Schema) -> None:
    for name, field in schema.fields.items():
        told: Any = field.error_messages["null"]
        assert "{" not in FieldError.at((name,), told["code"], **told["figures"]).text.en


def test_an_address_with_an_empty_part_is_none_of_ours(client: FlaskClient) -> None:
    shaped(client.get("/v1/accounts//balance"), "not-found", 404, "en")


def test_a_body_that_is_too_large_is_told_how_to_split_it(client: FlaskClient) -> None:
    detail = client.post("/v1/events", data=b"x" * 1_000_001, **JSON).get_json()["detail"]
    assert "At most 1000000 bytes are read. Split a batch" in detail
    assert f"up to {MOST_EVENTS:,} of them" in detail


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("ko-KR,en;q=0.5", "ko"),
        ("en-US;q=0.1,ko;q=0.9", "ko"),
        ("en-US,ko;q=0.9", "en"),
        ("ko;q=0,fr", "en"),
        ("en-GB", "en"),
        ("fr", "en"),
        ("", "en"),
        ("*", "en"),
        ("*,ko;q=0.1", "en"),
        ("zz;q=x", "en"),
    ],
)
def test_the_language_is_the_best_that_is_accepted(client: FlaskClient, accept: str, language: str) -> None:
    assert client.get("/v1/nothing", headers={"Accept-Language": accept}).headers["Content-Language"] == language


def test_every_text_is_there_in_both_languages() -> None:
    texts = [text for kind in KINDS.values() for text in (kind.title, kind.detail)] + list(FIELD_TEXTS.values())
    assert all(text.ko and text.en for text in texts)
    assert all(any("가" <= letter <= "힣" for letter in text.ko) for text in texts if "{" not in text.ko)


def test_no_answer_may_be_stored_framed_or_run_by_a_browser(client: FlaskClient) -> None:
    for path in ("/", "/v1/policies", "/v1/nothing"):
        headers = client.get(path).headers
        closed = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        assert headers["Content-Security-Policy"] == f"default-src 'none'; {closed}"
        assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")


@pytest.mark.parametrize("key", ["a.b", ".", "a\\.b", "¡ð.¨"])
def test_a_name_with_a_dot_in_it_is_one_part_of_its_pointer(client: FlaskClient, key: str) -> None:
    event = {"id": "E-dot", "account": "A", "type": "purchase", "amount": 1, "happened_at": "2026-03-02T00:00:00Z"}
    told = client.post("/v1/events", json={**event, key: 1}).get_json()
    assert [each["pointer"] for each in told["errors"]] == [f"#/{key}"]
    decided = client.post("/v1/decisions", json={"account": "A", "request": {**asking(1_000), key: 1}}).get_json()
    assert [each["pointer"] for each in decided["errors"]] == [f"#/request/{key}"]
