"""Where an answer leads: which operations can be asked next, with what of it. For the reference, as OpenAPI's links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ID = "$response.body#/id"
POLICY = "$response.body#/policy"
DECISION = "/v1/decisions/{id}"
REQUEST = "/v1/refund-requests/{id}"
ACCOUNT = "/v1/accounts/{id}"
INQUIRY = "/v1/inquiries/{id}"
DRAFT = "/v1/policies/drafts/{id}"
SHADOW = "/v1/policies/{id}/shadow"
ABOUT_A_DECISION: Mapping[str, Mapping[str, str]] = {
    f"get {DECISION}": {"id": ID},
    f"get {DECISION}/explanation": {"id": ID},
    "get /v1/audit/decisions/{id}": {"id": ID},
    "get /v1/audit/reads": {"decision": ID},
}
ABOUT_A_REQUEST: Mapping[str, Mapping[str, str]] = {
    f"get {REQUEST}": {"id": ID},
    f"get {DECISION}/explanation": {"id": "$response.body#/decision_id"},
    f"get {ACCOUNT}/refund-requests": {"id": "$response.body#/account"},
    **{f"post {REQUEST}/{name}": {"id": ID} for name in ("approve", "refuse", "settle", "fail", "cancel", "reverse")},
}
ABOUT_AN_ACCOUNT: Mapping[str, Mapping[str, str]] = {
    f"get {ACCOUNT}": {"id": ID},
    f"patch {ACCOUNT}": {"id": ID},
    f"post {ACCOUNT}/refund-options": {"id": ID},
    **{
        f"get {ACCOUNT}/{name}": {"id": ID}
        for name in ("balance", "earning", "refund-requests", "events", "entries", "notices", "inquiries")
    },
}
ABOUT_AN_INQUIRY: Mapping[str, Mapping[str, str]] = {
    f"get {INQUIRY}": {"id": ID},
    **{f"post {INQUIRY}/{name}": {"id": ID} for name in ("entries", "close", "withdraw")},
}
OF_A_DRAFT: Mapping[str, Mapping[str, str]] = {
    f"get {DRAFT}": {"id": ID},
    f"post {DRAFT}/reject": {"id": ID},
    f"get {DRAFT}/affected": {"id": ID},
}
OF_A_SHADOW: Mapping[str, Mapping[str, str]] = {
    f"get {SHADOW}": {"id": POLICY},
    f"get {SHADOW}/differences": {"id": POLICY},
    f"post {SHADOW}/stop": {"id": POLICY},
}
VERSION = "get /v1/policies/{id}/versions/{number}"


def _first(of: str, field: str = "id") -> str:
    return f"$response.body#/{of}/0/{field}"


LINKS: Mapping[str, Mapping[int, Mapping[str, Mapping[str, str]]]] = {
    "POST /v1/decisions": {201: ABOUT_A_DECISION},
    "GET /v1/decisions/{id}": {
        200: {
            "get /v1/audit/versions/{digest}": {"digest": "$response.body#/digest"},
            VERSION: {"id": POLICY, "number": "$response.body#/version"},
        }
    },
    "POST /v1/refund-requests": {201: ABOUT_A_REQUEST},
    "GET /v1/refund-requests": {
        200: {
            f"get {REQUEST}": {"id": _first("refund_requests")},
            "get /v1/refund-requests": {"after": _first("refund_requests")},
        }
    },
    **{f"POST {REQUEST}/{name}": {200: ABOUT_A_REQUEST} for name in ("approve", "settle")},
    "POST /v1/events": {201: {"get /v1/events/{id}": {"id": ID}}, 202: {"get /v1/events/{id}": {"id": ID}}},
    "PUT /v1/accounts/{id}": {200: ABOUT_AN_ACCOUNT, 201: ABOUT_AN_ACCOUNT},
    "GET /v1/accounts/{id}/refund-requests": {
        200: {
            f"get {REQUEST}": {"id": _first("refund_requests")},
            f"get {ACCOUNT}/refund-requests": {
                "id": "$request.path.id",
                "after": _first("refund_requests"),
            },
        }
    },
    "GET /v1/accounts/{id}/entries": {
        200: {f"get {ACCOUNT}/entries": {"id": "$request.path.id", "after": _first("entries")}}
    },
    "GET /v1/accounts/{id}/events": {
        200: {
            "get /v1/events/{id}": {"id": _first("events")},
            f"get {ACCOUNT}/events": {"id": "$request.path.id", "after": _first("events")},
        }
    },
    "POST /v1/inquiries": {201: ABOUT_AN_INQUIRY},
    "GET /v1/inquiries": {
        200: {f"get {INQUIRY}": {"id": _first("inquiries")}, "get /v1/inquiries": {"after": _first("inquiries")}}
    },
    "POST /v1/inquiries/{id}/entries": {201: ABOUT_AN_INQUIRY},
    "GET /v1/faq": {200: {"get /v1/faq/{id}": {"id": _first("entries")}}},
    "GET /v1/messages": {200: {"get /v1/messages": {"after": _first("messages")}}},
    "POST /v1/webhooks": {201: {"delete /v1/webhooks/{id}": {"id": ID}, "get /v1/deliveries": {"webhook": ID}}},
    "GET /v1/deliveries": {
        200: {
            "post /v1/deliveries/{id}/redeliver": {"id": _first("deliveries")},
            "get /v1/deliveries": {"after": _first("deliveries")},
        }
    },
    "GET /v1/policies": {
        200: {
            "get /v1/policies/{id}": {"id": _first("policies", "policy")},
            "get /v1/policies/{id}/earning": {"id": _first("policies", "policy")},
            "get /v1/policies/{id}/versions": {"id": _first("policies", "policy")},
            "get /v1/audit/versions/{digest}": {"digest": _first("policies", "digest")},
            f"get {SHADOW}": {"id": _first("policies", "policy")},
            f"post {SHADOW}": {"id": _first("policies", "policy")},
        }
    },
    "GET /v1/policies/{id}/versions": {
        200: {VERSION: {"id": "$request.path.id", "number": _first("versions", "version")}}
    },
    "POST /v1/policies/drafts": {201: OF_A_DRAFT},
    f"GET {DRAFT}": {200: {f"post {DRAFT}/approve": {"id": ID}}},
    "GET /v1/policies/drafts": {200: {f"get {DRAFT}": {"id": _first("drafts")}}},
    f"POST {SHADOW}": {201: OF_A_SHADOW},
    "GET /v1/audit/checkpoint": {
        200: {"get /v1/audit/proofs/consistency": {"old": "$response.body#/size"}},
    },
    "GET /v1/audit/entries/{seq}": {
        200: {
            "get /v1/audit/proofs/inclusion": {
                "kind": "$response.body#/kind",
                "reference": "$response.body#/reference",
            }
        }
    },
    "GET /v1/audit/proofs/inclusion": {200: {"get /v1/audit/entries/{seq}": {"seq": "$response.body#/seq"}}},
    "GET /v1/audit/decisions": {
        200: {
            "get /v1/audit/decisions/{id}": {"id": _first("decisions")},
            "get /v1/audit/decisions": {"after": _first("decisions")},
        }
    },
    "GET /v1/audit/decisions/{id}": {
        200: {
            "get /v1/audit/entries/{seq}": {"seq": "$response.body#/leaf/seq"},
            "get /v1/audit/versions/{digest}": {"digest": "$response.body#/digest"},
            "get /v1/audit/decisions/{id}/replay": {"id": ID},
        }
    },
    "GET /v1/audit/reads": {200: {"get /v1/audit/reads": {"after": _first("reads")}}},
}
"""By the address of an operation and the status of its answer: what may be asked next, and its parameters."""


def links_of(address: str, status: int) -> dict[str, Any]:
    """The links of one answer; none, where there are none."""
    found = LINKS.get(address, {}).get(status, {})
    links = {
        _name(operation): {"operationId": operation, "parameters": dict(parameters)}
        for operation, parameters in found.items()
    }
    return {"links": links} if links else {}


def _name(operation: str) -> str:
    """An operation as a name of letters, digits, dots and hyphens, which is what a link may be called.

    >>> _name("post /v1/refund-requests/{id}/approve")
    'post-refund-requests-id-approve'
    """
    return "-".join(operation.replace("/v1", "").replace("{", "").replace("}", "").replace("/", " ").split())
