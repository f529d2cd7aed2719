"""The roles, and the one table that says what each of them may do. Nothing else is allowed.

Reading the log and finding decisions is a right of its own, which only the auditor has.
"""

from __future__ import annotations

from collections.abc import Mapping

ROLES = ("author", "approver", "caller", "agent", "auditor", "operator")

MEMBER = "member"
"""Whoever sends a token for one account. No key has this role, and what it sees is that account's (`own.py`)."""
SERVING = ("caller", "agent")
"""Those who ask on behalf of a member."""
SERVED = (*SERVING, MEMBER)
"""They, and the member."""
SEEING = ("caller", "agent", "approver", "auditor")
"""Those who see what there is about a member."""
SEEN = (*SEEING, MEMBER)
"""They, and the member."""
PUBLISHING = ("author", "approver", "auditor")
"""Those who write, approve or check what is published."""
DRAFTING = ("author", "approver")
"""Those who try out what may be published."""

# What needs no key: it says nothing about anybody.
OPEN = (
    *("GET /", "GET /docs", "GET /docs/rapidoc-min.js", "GET /openapi.json", "GET /problems/{code}"),
    *("GET /healthz", "GET /readyz"),
)
RIGHTS: Mapping[str, tuple[str, ...]] = {
    "POST /v1/decisions": SERVED,
    "POST /v1/decisions:batch": SERVING,
    "GET /v1/decisions/{id}": SEEN,
    "GET /v1/decisions/{id}/explanation": SEEN,
    "POST /v1/refund-requests": SERVED,
    "GET /v1/refund-requests": SEEN,
    "GET /v1/refund-requests/{id}": SEEN,
    "POST /v1/refund-requests/{id}/approve": ("approver",),
    "POST /v1/refund-requests/{id}/refuse": ("approver",),
    "POST /v1/refund-requests/{id}/settle": ("caller",),
    "POST /v1/refund-requests/{id}/fail": ("caller",),
    "POST /v1/refund-requests/{id}/cancel": SERVED,
    "POST /v1/refund-requests/{id}/reverse": ("caller",),
    "POST /v1/events": ("caller",),
    "GET /v1/events": ("caller", "operator", "auditor"),
    "GET /v1/events/{id}": SEEING,
    "PUT /v1/accounts/{id}": ("caller",),
    "PATCH /v1/accounts/{id}": ("caller",),
    "POST /v1/accounts/{id}/refund-options": SERVED,
    "GET /v1/accounts/{id}": SEEING,
    "GET /v1/accounts/{id}/balance": SEEN,
    "GET /v1/accounts/{id}/earning": SEEN,
    "GET /v1/accounts/{id}/refund-requests": SEEN,
    "GET /v1/accounts/{id}/events": SEEING,
    "GET /v1/accounts/{id}/entries": SEEN,
    "GET /v1/accounts/{id}/notices": SEEN,
    "GET /v1/accounts/{id}/inquiries": ("caller", "agent", "auditor", MEMBER),
    "POST /v1/inquiries": SERVED,
    "GET /v1/inquiries": ("agent", "auditor"),
    "GET /v1/inquiries/{id}": ("caller", "agent", "auditor", MEMBER),
    "POST /v1/inquiries/{id}/entries": SERVED,
    "POST /v1/inquiries/{id}/close": SERVED,
    "POST /v1/inquiries/{id}/withdraw": SERVED,
    "GET /v1/faq": (*ROLES, MEMBER),
    "GET /v1/faq/{id}": (*ROLES, MEMBER),
    "GET /v1/policies": ROLES,
    "GET /v1/policies/{id}": (*ROLES, MEMBER),
    "GET /v1/policies/{id}/earning": (*ROLES, MEMBER),
    "GET /v1/policies/{id}/versions": ROLES,
    "GET /v1/policies/{id}/versions/{number}": ROLES,
    "GET /v1/policies/{id}/withdrawal": PUBLISHING,
    "GET /v1/policies/{id}/withdrawals": PUBLISHING,
    "GET /v1/policies/{id}/differences": PUBLISHING,
    "GET /v1/policies/{id}/versions/{number}/scenarios": PUBLISHING,
    "POST /v1/policies:check": DRAFTING,
    "POST /v1/policies:test": DRAFTING,
    "POST /v1/policies:try": DRAFTING,
    "POST /v1/policies/{id}/withdraw": ("approver",),
    "POST /v1/policies/drafts": ("author",),
    "GET /v1/policies/drafts": PUBLISHING,
    "GET /v1/policies/drafts/{id}": PUBLISHING,
    "GET /v1/policies/drafts/{id}/affected": PUBLISHING,
    "POST /v1/policies/drafts/{id}/approve": ("approver",),
    "POST /v1/policies/drafts/{id}/reject": ("approver",),
    "POST /v1/policies/{id}/shadow": DRAFTING,
    "GET /v1/policies/{id}/shadow": PUBLISHING,
    "POST /v1/policies/{id}/shadow/stop": DRAFTING,
    "GET /v1/policies/{id}/shadow/differences": PUBLISHING,
    "POST /v1/member-tokens": ("caller",),
    "GET /v1/messages": ("caller",),
    "GET /v1/webhooks": ("operator",),
    "POST /v1/webhooks": ("operator",),
    "DELETE /v1/webhooks/{id}": ("operator",),
    "GET /v1/deliveries": ("operator",),
    "POST /v1/deliveries/{id}/redeliver": ("operator",),
    "GET /metrics": ("operator",),
    "GET /v1/audit/checkpoint": ("auditor",),
    "GET /v1/audit/entries/{seq}": ("auditor",),
    "GET /v1/audit/proofs/inclusion": ("auditor",),
    "GET /v1/audit/proofs/consistency": ("auditor",),
    "GET /v1/audit/decisions": ("auditor",),
    "GET /v1/audit/decisions/{id}": ("auditor",),
    "GET /v1/audit/decisions/{id}/replay": ("auditor",),
    "GET /v1/audit/versions/{digest}": ("auditor",),
    "GET /v1/audit/reads": ("auditor",),
    "GET /v1/audit/rules": ("auditor",),
    "GET /v1/audit/rules/{rule}": ("auditor",),
    "GET /v1/audit/points": ("auditor",),
    "GET /v1/audit/points/outstanding": ("auditor",),
}
