"""The reference of the API as an OpenAPI 3.1 document: every operation, parameter, shape and refusal.

A test compares it with the routes and with what they really answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import marshmallow
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from service import (
    reference_access,
    reference_audit,
    reference_batch,
    reference_decisions,
    reference_differences,
    reference_earning,
    reference_examples,
    reference_figures,
    reference_impact,
    reference_messages,
    reference_publishing,
    reference_running,
    reference_shadow,
    reference_workbench,
)
from service.errors import DAMAGED
from service.reference_answers import answer_of
from service.reference_bodies import TOGETHER, body_of
from service.reference_explanation import EXPLANATION_SHAPES
from service.reference_inquiries import INQUIRY_SHAPES
from service.reference_links import links_of
from service.reference_operation import Operation, headers_of, in_path, in_query, of_lines, refusals
from service.reference_requests import REQUEST_SHAPES
from service.reference_shapes import SHAPES, ref
from service.roles import OPEN, RIGHTS
from service.shapes import (
    ACCOUNT_CHANGE_IN,
    ACCOUNT_IN,
    BALANCE_QUERY,
    DECISION_IN,
    EVENT_IN,
    EVENT_PAGE_QUERY,
    EVENTS_IN,
    FAQ_QUERY,
    INQUIRY_END_IN,
    INQUIRY_ENTRY_IN,
    INQUIRY_IN,
    INQUIRY_QUERY,
    LANGUAGE_QUERY,
    MOVE_IN,
    NUMBERED_PAGE_QUERY,
    OPTIONS_IN,
    PAGE_QUERY,
    REFUND_REQUEST_IN,
    REFUND_REQUESTS_QUERY,
    WAITING_QUERY,
)
from service.shapes_messages import DELIVERIES_QUERY, MESSAGES_QUERY, WEBHOOK_IN

ABOUT = """\
Recoup decides point refunds by a published policy, says why in Korean and English, and keeps every
decision with what it was made on.

- Points and money are whole numbers. Days are local days of the programme, instants are in UTC.
- A denial is an answer like any other: it has reasons with their figures and, where there is one, the
  change that would let the request pass.
- Every refusal is `application/problem+json` with a `code`; a request that was refused left nothing.
- Bodies are read strictly: an unknown or repeated key, 1.5 or a wrong type is refused by name.
"""

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A value of your own, fresh for each new request. Sent again with the same body, it gets the"
    " same answer, byte for byte; with another body or to another address, 409.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[ -~]+$"},
    "example": "2f1c6a0e-4b7d",
}
BROKEN = ("internal-error", *DAMAGED)
EVERYWHERE = ("unauthorized", "forbidden", *BROKEN, "unavailable", "provider-unavailable")
OF_A_BODY = ("unreadable-json", "bad-request", "cut-off", "too-slow", "too-large", "unsupported-media-type")
OF_A_READ = ("bad-request", "not-found", "read-not-recorded")
OF_A_KEY = ("idempotency-key-missing", "idempotency-key-reused")
OF_A_CASE = ("unknown-account", "other-policy", "not-in-force", "account-does-not-fit", "rules-conflict")

OF_AN_EVENT = (
    "unknown-account",
    "event-id-reused",
    "undoes-another-account",
    "undoes-another-type",
    "not-yet",
    "not-in-force",
    "too-much-owed",
)

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
        OF_A_READ,
    ),
    Operation(
        "get",
        "/v1/decisions/{id}/explanation",
        "decisions",
        "Why a recorded decision came out as it did, for the member",
        {200: "Explanation"},
        OF_A_READ,
        about="As data, as text or as a page to print, as `Accept` asks. A denial has the nearest request that passes.",
        also=("text/plain", "text/html"),
    ),
    Operation(
        "post",
        "/v1/refund-requests",
        "refund requests",
        "File a refund request",
        {201: "JustFiled"},
        (*OF_A_KEY, *OF_A_BODY, *OF_A_CASE),
        about="Judges, holds the lots, files and records in one step, or does nothing. A request that is denied is"
        " filed as denied; that is 201 too.",
        body=REFUND_REQUEST_IN,
        examples=(("stored", "A stored account", reference_examples.STORED),),
        headers=(IDEMPOTENCY_KEY,),
    ),
    Operation(
        "get",
        "/v1/refund-requests",
        "refund requests",
        "The refund requests of all accounts, oldest first",
        {200: "RefundRequests"},
        ("bad-request", "not-found"),
        about="`state=needs_review` is the queue of those that somebody has to look at. A page begins behind `after`,"
        " whatever became of that request.",
        query=REFUND_REQUESTS_QUERY,
    ),
    Operation(
        "get",
        "/v1/refund-requests/{id}",
        "refund requests",
        "A refund request, its state and what it holds",
        {200: "RefundRequest"},
        OF_A_READ,
    ),
    *(
        Operation(
            "post",
            f"/v1/refund-requests/{{id}}/{name}",
            "refund requests",
            summary,
            {200: "RefundRequest"},
            ("idempotency-key-missing", "idempotency-key-reused", "illegal-move", "not-found", *OF_A_BODY),
            about=f"{about} From any other state it is 409, with the state and the moves that it allows.",
            body=MOVE_IN,
            examples=((name, summary, dict(example)),),
            headers=(IDEMPOTENCY_KEY,),
        )
        for name, (summary, about, example) in reference_examples.MOVES.items()
    ),
    Operation(
        "post",
        "/v1/events",
        "events",
        "Tell what happened to members",
        {200: "EventResults", 201: "ToldEvent", 202: "ToldEvent"},
        (*OF_A_BODY, *OF_AN_EVENT, "account-does-not-fit", "rules-conflict"),
        about="One event (201; 202 while it waits for the event that it undoes), or up to 10,000 as `events` (200),"
        " each of which is taken or refused by itself. An event that is told again, with the same `id` and the same"
        " data, gets the answer that it had. Events may come late and in any order; each is answered by the version"
        " in force when it happened. `amount` is needed wherever an event would do nothing without it, `of` in those"
        " that undo another.",
        body=EVENT_IN,
        bodies=(EVENT_IN, EVENTS_IN),
        examples=(("bill", "A bill was paid", reference_examples.EVENT),),
    ),
    Operation(
        "get",
        "/v1/events",
        "events",
        "The events of all accounts that wait for the one that they undo, those told first at the head",
        {200: "Events"},
        ("bad-request",),
        about="What they name as `of` has not come: it was forgotten, or named wrongly.",
        query=WAITING_QUERY,
    ),
    Operation(
        "get",
        "/v1/events/{id}",
        "events",
        "An event, and what it came to",
        {200: "ToldEvent"},
        ("bad-request", "not-found"),
    ),
    Operation(
        "put",
        "/v1/accounts/{id}",
        "accounts",
        "Open an account, or replace its facts",
        {200: "StoredAccount", 201: "StoredAccount"},
        (*OF_A_BODY, "facts-left-out", "kept-facts-differ", "unknown-policy", "other-policy", "not-in-force"),
        about="No name, number or address: what rules need to know of a person is a level, a flag and a day. All facts"
        " are replaced. What events change (`points_debt`, `activity_days`, `last_activity_on`) stays as it is, and is"
        " refused where it stands otherwise; any other fact that is left out has to stand at its default already, or"
        " nothing is replaced.",
        body=ACCOUNT_IN,
        examples=(("new", "A new member", reference_examples.ACCOUNT),),
    ),
    Operation(
        "patch",
        "/v1/accounts/{id}",
        "accounts",
        "Change some facts of an account",
        {200: "StoredAccount"},
        (*OF_A_BODY, "not-found", "other-policy", "not-in-force"),
        about="What is left out stays as it is; null is the fact's default. It may be sent as"
        " `application/merge-patch+json` as well.",
        body=ACCOUNT_CHANGE_IN,
        examples=(("level", "The identity was checked", {"identity_level": 2}),),
    ),
    Operation(
        "post",
        "/v1/accounts/{id}/refund-options",
        "accounts",
        "What each way of a refund would come to, and what is missing for it",
        {200: "RefundOptions"},
        (*OF_A_BODY, "not-found", "not-in-force", "account-does-not-fit", "rules-conflict"),
        about="Asked before applying; nothing is recorded. Each refund method is judged for all points, or for the"
        " amount that is given.",
        body=OPTIONS_IN,
        examples=(("all", "All points, each way", {"request": {"receiving_holder": "member"}}),),
    ),
    Operation(
        "get",
        "/v1/accounts/{id}/events",
        "accounts",
        "The events of an account, the last that happened first",
        {200: "Events"},
        ("bad-request", "not-found"),
        about="With `state=waiting` those that wait for the event that they undo.",
        query=EVENT_PAGE_QUERY,
    ),
    Operation(
        "get",
        "/v1/accounts/{id}/entries",
        "accounts",
        "The ledger entries of an account, the last that was entered first",
        {200: "Entries"},
        ("bad-request", "not-found"),
        query=NUMBERED_PAGE_QUERY,
    ),
    Operation(
        "get",
        "/v1/accounts/{id}/notices",
        "accounts",
        "The notices that were due to an account, newest first",
        {200: "Notices"},
        ("bad-request", "not-found"),
        query=NUMBERED_PAGE_QUERY,
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
        "get",
        "/v1/accounts/{id}/inquiries",
        "accounts",
        "The inquiries of an account, newest first",
        {200: "Inquiries"},
        ("bad-request", "not-found", "not-in-force"),
        query=PAGE_QUERY,
    ),
    Operation(
        "post",
        "/v1/inquiries",
        "inquiries",
        "Ask, or contest a decision",
        {201: "Inquiry"},
        (*OF_A_KEY, *OF_A_BODY, "already-contested", "decision-erased", "unknown-account", "not-in-force"),
        about="Starts the clock: `due_on` is the local day by which it has to be answered. One contest of a decision is"
        " open at a time.",
        body=INQUIRY_IN,
        examples=(("contest", "A decision is contested", reference_examples.CONTEST),),
        headers=(IDEMPOTENCY_KEY,),
    ),
    Operation(
        "get",
        "/v1/inquiries",
        "inquiries",
        "The inquiries of all accounts, what is due first at the head",
        {200: "Inquiries"},
        ("bad-request", "not-in-force"),
        query=INQUIRY_QUERY,
    ),
    Operation(
        "get",
        "/v1/inquiries/{id}",
        "inquiries",
        "An inquiry with everything said, and the decision explained",
        {200: "InquiryInFull"},
        (*OF_A_READ, "not-in-force"),
    ),
    Operation(
        "post",
        "/v1/inquiries/{id}/entries",
        "inquiries",
        "Add to an inquiry, ask back, or answer it",
        {201: "Inquiry"},
        (*OF_A_KEY, *OF_A_BODY, "not-found", "illegal-move", "already-contested", "decision-erased", "not-in-force"),
        about="What an agent says answers a question. A contest is answered by an `outcome` with its `reason`; without"
        " one the agent asks back, and the clock runs on. A member who adds to an inquiry that was answered opens it"
        " again, with a clock of its own.",
        body=INQUIRY_ENTRY_IN,
        examples=(("answer", "A contest is answered", reference_examples.ANSWER_TO_A_CONTEST),),
        headers=(IDEMPOTENCY_KEY,),
    ),
    Operation(
        "post",
        "/v1/inquiries/{id}/close",
        "inquiries",
        "End an inquiry that was answered",
        {200: "InquiryInFull"},
        (*OF_A_BODY, "not-found", "illegal-move", "not-in-force", "read-not-recorded"),
        body=INQUIRY_END_IN,
        examples=(("close", "An agent closes it", {"by": "agent", "agent": "agent-7"}),),
    ),
    Operation(
        "post",
        "/v1/inquiries/{id}/withdraw",
        "inquiries",
        "Take an inquiry back",
        {200: "InquiryInFull"},
        (*OF_A_BODY, "not-found", "illegal-move", "not-in-force", "read-not-recorded"),
        body=INQUIRY_END_IN,
        examples=(("withdraw", "The member withdraws it", {"by": "member"}),),
    ),
    Operation(
        "get",
        "/v1/faq",
        "faq",
        "Find answers by words, the best first; or list all",
        {200: "FaqEntries"},
        ("bad-request", "not-found"),
        query=FAQ_QUERY,
    ),
    Operation(
        "get",
        "/v1/faq/{id}",
        "faq",
        "A question and its answer",
        {200: "FaqEntry"},
        ("bad-request", "not-found"),
    ),
    Operation(
        "get",
        "/v1/messages",
        "messages",
        "What happened, oldest first",
        {200: "Messages"},
        ("bad-request", "not-found"),
        about="The same messages that webhooks get. Keep the last id that you have seen and ask for those `after` it:"
        " none is ever put in before one that was shown.",
        query=MESSAGES_QUERY,
    ),
    Operation("get", "/v1/webhooks", "webhooks", "The webhooks, oldest first", {200: "Webhooks"}, ("bad-request",)),
    Operation(
        "post",
        "/v1/webhooks",
        "webhooks",
        "Have messages sent to an address",
        {201: "NewWebhook"},
        OF_A_BODY,
        about="From now on. The secret that signs the messages is in this answer and never shown again.",
        located=False,
        body=WEBHOOK_IN,
        examples=(("some", "Refunds only", reference_examples.WEBHOOK),),
    ),
    Operation(
        "delete",
        "/v1/webhooks/{id}",
        "webhooks",
        "Have nothing more sent to an address",
        {200: "Webhook"},
        ("bad-request", "not-found"),
        about="Its secret is forgotten; what was pending for it is never sent.",
    ),
    Operation(
        "get",
        "/v1/deliveries",
        "webhooks",
        "What was sent to which webhook, and what is still to be sent, newest first",
        {200: "Deliveries"},
        ("bad-request", "not-found"),
        query=DELIVERIES_QUERY,
    ),
    Operation(
        "post",
        "/v1/deliveries/{id}/redeliver",
        "webhooks",
        "Send a message again",
        {200: "Delivery"},
        ("bad-request", "not-found"),
        about="Whatever became of it: with the same `webhook-id`, and with every retry before it again.",
    ),
    reference_batch.OPERATION,
    *reference_access.OPERATIONS,
    *reference_earning.OPERATIONS,
    *reference_publishing.OPERATIONS,
    *reference_shadow.OPERATIONS,
    *reference_workbench.OPERATIONS,
    *reference_audit.OPERATIONS,
    *reference_figures.OPERATIONS,
    *reference_decisions.OPERATIONS,
    *reference_running.OPERATIONS,
)
BODIES = {
    type(body).__name__: body
    for operation in OPERATIONS
    for body in (operation.body, *operation.bodies)
    if body is not None
}
ANSWERS = {
    200: "As asked.",
    201: "Recorded; `Location` says where.",
    202: "Kept; it is answered when the event that it undoes has come.",
}
# Bodies that take what the policy declares beside what they name.
DECLARED = {"EventIn": "Event", "AccountIn": "AccountChange", "AccountChangeIn": "AccountChange"}


def reference(version: str) -> dict[str, Any]:
    """The whole document."""
    plugin = MarshmallowPlugin()
    spec = APISpec("Recoup", version, "3.1.0", plugins=[plugin], info={"description": ABOUT})
    assert plugin.converter is not None, "APISpec sets it"
    plugin.converter.add_attribute_function(_described)  # type: ignore[no-untyped-call]
    shapes = (SHAPES, REQUEST_SHAPES, EXPLANATION_SHAPES, INQUIRY_SHAPES)
    of_modules = (
        reference_access.SHAPES,
        reference_messages.SHAPES,
        reference_batch.SHAPES,
        reference_earning.SHAPES,
        reference_publishing.SHAPES,
        reference_shadow.SHAPES,
        reference_workbench.SHAPES,
        reference_audit.SHAPES,
        reference_decisions.SHAPES,
        reference_differences.SHAPES,
        reference_figures.SHAPES,
        reference_impact.SHAPES,
        reference_running.SHAPES,
    )
    for name, shape in (each for some in (*shapes, *of_modules) for each in some.items()):
        spec.components.schema(name, shape)
    for name, scheme in reference_access.SCHEMES.items():
        spec.components.security_scheme(name, dict(scheme))
    for name, body in BODIES.items():
        if name in DECLARED:
            spec.components.schema(name, _with_facts(body, ref(DECLARED[name])))
        else:
            spec.components.schema(name, schema=body)
            spec.components.schemas[name] |= TOGETHER.get(name, {})
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _described_operation(operation)
    for path, operations in paths.items():
        spec.path(path=path, operations=operations, parameters=in_path(path))
    return spec.to_dict()


def _described(_converter: object, field: marshmallow.fields.Field[Any], **_: Any) -> dict[str, Any]:
    """A field is described by its metadata, whole: apispec leaves out what OpenAPI 3.0 did not know."""
    return dict(field.metadata)


def _with_facts(body: marshmallow.Schema, facts: dict[str, Any]) -> dict[str, Any]:
    """A body with its own fields and the facts of something."""
    properties = {name: dict(field.metadata) for name, field in body.fields.items()}
    required = [name for name, field in body.fields.items() if field.required]
    own = {"type": "object", "properties": properties, "required": required}
    return {"allOf": [facts, own], "description": (type(body).__doc__ or "").strip()}


def _described_operation(operation: Operation) -> dict[str, Any]:
    address = f"{operation.method.upper()} {operation.path}"
    roles = RIGHTS.get(address, ())
    everywhere = BROKEN if address in OPEN else EVERYWHERE
    described: dict[str, Any] = {
        "tags": [operation.tag],
        "summary": operation.summary,
        "operationId": f"{operation.method} {operation.path}",
        "parameters": [*operation.headers, *in_query(operation.query)],
        "responses": {
            **{
                str(status): {
                    "description": ANSWERS[status] if operation.located else "Made.",
                    "content": _content(operation, address, status),
                    **headers_of(status, located=operation.located),
                    **links_of(address, status),
                }
                for status in operation.answers
            },
            **refusals((*operation.refusals, *everywhere)),
        },
        "security": [] if address in OPEN else reference_access.security_of(roles),
        "x-roles": list(roles),
        "description": f"{operation.about} {_for(roles)}".strip(),
    }
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {
                "application/json": {
                    "schema": body_of(address, [type(body).__name__ for body in operation.bodies or (operation.body,)]),
                    "examples": {
                        name: {"summary": summary, "value": value} for name, summary, value in operation.examples
                    },
                },
                **(of_lines(operation.lines[0]) if operation.lines else {}),
            },
        }
    return described


def _content(operation: Operation, address: str, status: int) -> dict[str, Any]:
    """What an answer holds, by media type."""
    shape, example = operation.answers[status], answer_of(address, status)
    found: dict[str, Any] = {}
    if shape:
        decided = reference_examples.decisions() if shape == "Decision" else {}
        found["application/json"] = {"schema": ref(shape)} | ({"examples": decided} if decided else example)
    for media in operation.also:
        found[media] = {"schema": {"type": "string"}} | ({} if shape else example)
    return found | (of_lines(operation.lines[1]) if operation.lines else {})


def _for(roles: Sequence[str]) -> str:
    return f"For the roles {', '.join(roles)}." if roles else "It needs no key."
