"""The reference says what the service does: every route, and shapes that real answers have."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator, FormatChecker

from service.reference import OPERATIONS, reference
from service.reference_examples import IN_FULL, STORED, decisions
from service.reference_links import LINKS
from service.reference_operation import Operation
from service.refusal_kinds import KINDS
from tests.service.builders import SetClock, asking

DOCUMENT = reference("0")
META = {"/", "/openapi.json", "/docs", "/docs/rapidoc-min.js", "/problems/{code}"}


def check(answer: Any, shape: str) -> None:
    checked(answer, {"$ref": f"#/components/schemas/{shape}"})


def checked(data: Any, schema: dict[str, Any]) -> None:
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}, format_checker=FormatChecker()).validate(
        data
    )


def test_every_route_is_in_the_reference_and_no_other(client: FlaskClient) -> None:
    routes = {
        (method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in client.application.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {(operation.method, operation.path) for operation in OPERATIONS}
    assert {route for route in routes if route[1] not in META} == described
    assert {path for _, path in routes} >= META


def test_the_document_is_served_as_it_is(client: FlaskClient) -> None:
    served = client.get("/openapi.json").get_json()
    assert (served["openapi"], served["paths"]) == ("3.1.0", DOCUMENT["paths"])
    links = client.get("/").get_json()["links"]
    nouns = {path.split("/")[2] for path in DOCUMENT["paths"] if path.startswith("/v1/")}
    assert {link.split("/")[2] for link in links.values() if link.startswith("/v1/")} == nouns
    assert links["openapi"] == "/openapi.json"


def test_every_shape_is_a_schema_and_every_reference_leads_somewhere() -> None:
    shapes = DOCUMENT["components"]["schemas"]
    for shape in shapes.values():
        Draft202012Validator.check_schema(shape)
    assert set(re.findall(r"#/components/schemas/(\w+)", str(DOCUMENT))) <= set(shapes)


def test_every_refusal_is_documented_where_it_can_happen_or_is_not_ours_yet() -> None:
    documented = {code for operation in OPERATIONS for code in operation.refusals}
    everywhere = {
        "internal-error",
        "record-damaged",
        "version-damaged",
        "log-damaged",
        "unavailable",
        "provider-unavailable",
        "method-not-allowed",
    }
    for_later = {"unauthorized", "forbidden", "too-many-requests"}
    assert set(KINDS) == documented | everywhere | for_later


@pytest.mark.parametrize("body", [STORED, IN_FULL], ids=["stored", "in full"])
def test_the_examples_are_of_the_documented_shape(body: dict[str, Any]) -> None:
    check(body, "DecisionIn")


def test_the_example_answers_are_what_the_shipped_rules_decide() -> None:
    examples = {name: example["value"] for name, example in decisions().items()}
    for name, value in examples.items():
        check(value, "Decision")
        assert value["outcome"] == name
    remedies = [reason["remedy"]["set"] for reason in examples["denied"]["reasons"]]
    assert remedies == [{"request.points": 26_000}]


def test_answers_have_the_documented_shape(client: FlaskClient, clock: SetClock) -> None:
    asked = {"account": "A", "request": asking(50_001, method="cash")}
    check(asked, "DecisionIn")
    denied = client.post("/v1/decisions", json=asked)
    check(denied.get_json(), "Decision")
    assert denied.get_json()["reasons"], "a shape without reasons would show little"
    check(client.post("/v1/decisions", json={**asked, "dry_run": True}).get_json(), "Decision")
    check(client.get(denied.headers["Location"]).get_json(), "KeptDecision")
    check(client.get(f"{denied.headers['Location']}/explanation").get_json(), "Explanation")
    asked["request"] = asking(7_000, method="cash")
    filed = client.post("/v1/refund-requests", json=asked, headers={"Idempotency-Key": "k"})
    check(filed.get_json(), "JustFiled")
    check(client.get(filed.headers["Location"]).get_json(), "RefundRequest")
    check(client.get("/v1/accounts/A").get_json(), "StoredAccount")
    check(client.get("/v1/accounts/A/balance").get_json(), "Balance")
    check(client.get("/v1/accounts/A/balance?on=2027-06-15").get_json(), "Balance")
    check(client.get("/v1/accounts/A/refund-requests").get_json(), "RefundRequests")
    check(client.get("/v1/refund-requests?state=approved").get_json(), "RefundRequests")
    check(client.post("/v1/accounts/A/refund-options", json={}).get_json(), "RefundOptions")
    check(client.post("/v1/refund-requests", json={}, headers={"Idempotency-Key": "키"}).get_json(), "Problem")
    question = {"account": "A", "kind": "contest", "text": "왜?", "refund_request_id": filed.get_json()["id"]}
    check(question, "InquiryIn")
    opened = client.post("/v1/inquiries", json=question, headers={"Idempotency-Key": "i"})
    check(opened.get_json(), "Inquiry")
    check(client.post("/v1/inquiries", json=question, headers={"Idempotency-Key": "j"}).get_json(), "Problem")
    where = opened.headers["Location"]
    entry = {"by": "agent", "agent": "x", "text": "규칙", "outcome": "explained", "reason": "4.1"}
    check(entry, "InquiryEntryIn")
    check(client.post(f"{where}/entries", json=entry, headers={"Idempotency-Key": "e"}).get_json(), "Inquiry")
    check(client.get(where).get_json(), "InquiryInFull")
    end = {"by": "member", "text": "감사합니다"}
    check(end, "InquiryEndIn")
    check(client.post(f"{where}/close", json=end).get_json(), "InquiryInFull")
    check(client.post(f"{where}/close", json=end).get_json(), "Problem")
    check(client.get("/v1/inquiries?order=newest").get_json(), "Inquiries")
    check(client.get("/v1/accounts/A/inquiries").get_json(), "Inquiries")
    check(client.get("/v1/faq").get_json(), "FaqEntries")
    check(client.get("/v1/faq?q=환급").get_json(), "FaqEntries")
    check(client.get("/v1/faq/privacy").get_json(), "FaqEntry")
    check(client.get("/v1/policies").get_json(), "Policies")
    check(client.get("/v1/policies/small").get_json(), "Policy")
    check(client.get("/v1/policies/small/versions/1").get_json(), "PolicyVersion")
    webhook = {"url": "https://example.com/"}
    check(webhook, "WebhookIn")
    check(client.post("/v1/webhooks", json=webhook).get_json(), "NewWebhook")
    client.post("/v1/refund-requests", json=asked, headers={"Idempotency-Key": "another"})
    check(client.get("/v1/webhooks").get_json(), "Webhooks")
    check(client.get("/v1/messages").get_json(), "Messages")
    sent = client.get("/v1/deliveries").get_json()
    check(sent, "Deliveries")
    check(client.post(f"/v1/deliveries/{sent['deliveries'][0]['id']}/redeliver").get_json(), "Delivery")
    webhook_id = client.get("/v1/webhooks").get_json()["webhooks"][0]["id"]
    check(client.delete(f"/v1/webhooks/{webhook_id}").get_json(), "Webhook")
    check(client.get("/healthz").get_json(), "Running")
    check(client.get("/readyz").get_json(), "Running")
    check(client.get("/").get_json(), "Index")
    check(client.get("/v1/nothing").get_json(), "Problem")


def test_the_page_asks_nobody_else_for_anything(client: FlaskClient) -> None:
    page = client.get("/docs")
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "http" not in policy
    sources = re.findall(r'(?:src|href|spec-url)="([^"]+)"', page.get_data(as_text=True))
    assert sources == ["/docs/rapidoc-min.js", "/openapi.json", "/openapi.json"]
    for source, kind in (("/docs/rapidoc-min.js", "text/javascript"), ("/openapi.json", "application/json")):
        with client.get(source) as answer:
            assert (answer.status_code, answer.mimetype) == (200, kind)


def _content(of: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = of.get("content", {}).get("application/json", {})
    return found


def _examples(media: dict[str, Any]) -> list[Any]:
    return [each["value"] for each in media.get("examples", {}).values()] + (
        [media["example"]] if "example" in media else []
    )


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
def test_every_operation_has_examples_of_what_it_takes_and_answers(operation: Operation) -> None:
    described = DOCUMENT["paths"][operation.path][operation.method]
    if operation.body is not None:
        media = _content(described["requestBody"])
        assert _examples(media), "of the body"
        for example in _examples(media):
            checked(example, media["schema"])
    for status, answer in described["responses"].items():
        for kind, media in answer.get("content", {}).items():
            # Of lines, and of an answer that is JSON first of all, one form is shown.
            if kind in ("application/json", "application/problem+json") or len(answer["content"]) == 1:
                assert _examples(media), (status, kind)
            for example in _examples(media):
                checked(example, media["schema"])


def test_every_link_leads_to_an_operation_with_its_parameters() -> None:
    operations = {
        operation["operationId"]: {
            each["name"] for each in [*operation["parameters"], *DOCUMENT["paths"][path].get("parameters", [])]
        }
        for path, each in DOCUMENT["paths"].items()
        for method, operation in each.items()
        if method != "parameters"
    }
    links = [
        link
        for each in DOCUMENT["paths"].values()
        for method, operation in each.items()
        if method != "parameters"
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    ]
    assert sum(len(of) for answers in LINKS.values() for of in answers.values()) == len(links)
    for link in links:
        assert set(link["parameters"]) <= operations[link["operationId"]], link
