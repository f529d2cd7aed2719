"""What the API says of policies: what is published, and how a text comes to be; for the reference."""

from __future__ import annotations

from collections.abc import Sequence

from service.drafts import STATES
from service.reference_examples import TEXTS
from service.reference_operation import Operation
from service.reference_shapes import (
    AMOUNT,
    DAY,
    INSTANT,
    SAID,
    TEXT,
    TEXT_OR_NONE,
    WHOLE,
    Schema,
    list_of,
    object_of,
    ref,
)
from service.shapes import PAGE_QUERY
from service.shapes_publishing import APPROVAL_IN, DRAFT_IN, REJECTION_IN, VERSIONS_QUERY, WITHDRAWAL_IN

OF_A_BODY = ("unreadable-json", "bad-request", "cut-off", "too-slow", "too-large", "unsupported-media-type")
VERSION_LINE: dict[str, Schema] = {
    "policy": TEXT,
    "version": WHOLE,
    "digest": TEXT,
    "starts": DAY,
    "published_at": INSTANT,
    "effective_from": {
        **TEXT_OR_NONE,
        "description": "The instant from which it is effective; null: from its first day on.",
    },
    "restores": {
        "type": ["integer", "null"],
        "description": "The version whose text a withdrawal published again, or null.",
    },
}
VERSION = object_of({**VERSION_LINE, "text": {"type": "string", "description": "The rule file, as it was published."}})
SENTENCES: Schema = {"type": "object", "additionalProperties": object_of(SAID)}
POLICY = object_of(
    {
        "policy": TEXT,
        "title": object_of(SAID),
        "currency": TEXT,
        "timezone": TEXT,
        "sources": SENTENCES,
        "methods": SENTENCES,
        "papers": {**SENTENCES, "description": "What a member may have to show."},
        "facts": {**SENTENCES, "description": "The facts that the policy declares, by their paths: `account.grade`."},
        "versions": list_of(object_of(VERSION_LINE)),
    }
)
AUTHORS_PROBLEM = object_of(
    {
        "code": TEXT,
        "severity": {"type": "string", "enum": ["problem", "advice"]},
        "file": TEXT,
        "line": WHOLE,
        "column": WHOLE,
        **SAID,
    },
    "What is wrong with a rule file or its scenarios, and where.",
)
CHECK = object_of(
    {
        "check": {"type": "string", "description": "By the name of the command that does the same."},
        "passed": {"type": "boolean"},
        "count": {**AMOUNT, "description": "How many rules, scenarios or nudges were looked at."},
        "problems": list_of(ref("AuthorsProblem")),
    }
)
CHANGE = object_of(
    {
        "part": {"type": "string", "description": "Which part of a rule file: rules, values and so on."},
        "name": {"type": "string", "description": "Which rule or value; empty for a part without names."},
        "change": {"type": "string", "enum": ["added", "removed", "changed"]},
        **SAID,
    },
    "What a draft changes of the newest version.",
)
IMPACT_OR_NULL: Schema = {
    "oneOf": [ref("Impact"), {"type": "null"}],
    "description": "What it does to all stored accounts beside the version in force; null where a check failed, or none"
    " was in force.",
}
DIFFERENCES_OR_NULL: Schema = {
    "oneOf": [list_of(ref("DraftDifference")), {"type": "null"}],
    "description": "What it changes of the newest version in meaning, with an example of each change; null where a"
    " check failed, or there was none.",
}
DRAFT_LINE: dict[str, Schema] = {
    "id": TEXT,
    "policy": TEXT,
    "digest": TEXT,
    "base": {**AMOUNT, "description": "The newest version when it was drafted, 0: there was none."},
    "state": {"type": "string", "enum": list(STATES)},
    "passed": {
        "type": ["boolean", "null"],
        "description": "Whether it passed all checks, whatever became of it since; null until they have ended.",
    },
    "about": {**TEXT_OR_NONE, "description": "What it is for, as its author said it."},
    "by": TEXT,
    "drafted_at": INSTANT,
    "version": {"type": ["integer", "null"], "description": "The version that it was published as, or null."},
    "effective_from": {**TEXT_OR_NONE, "description": "From when that version is effective; null until published."},
}
DRAFT = object_of(
    {
        **DRAFT_LINE,
        "rules": {"type": "string", "description": "The rule file."},
        "scenarios": {"type": "string", "description": "The scenario file."},
        "checks": {**list_of(CHECK), "description": "Those that have ended, in their order."},
        "shown": {
            "oneOf": [
                object_of(
                    {
                        "changes": list_of(CHANGE),
                        "to_come": list_of(WHOLE),
                        "differences": DIFFERENCES_OR_NULL,
                        "impact": IMPACT_OR_NULL,
                    }
                ),
                {"type": "null"},
            ],
            "description": "What an approver has to look at: the changes, the versions that are published and not yet"
            " in force, which this one will come before, and what it does to all accounts.",
        },
        "seen": {**TEXT_OR_NONE, "description": "The digest of the text, its checks and `shown`, to approve by."},
        "approved_by": TEXT_OR_NONE,
        "note": {**TEXT_OR_NONE, "description": "What its approver said besides."},
        "rejected_by": TEXT_OR_NONE,
        "rejection": {**TEXT_OR_NONE, "description": "Why it was rejected."},
    },
    "A text that is to be published.",
)
SHAPES: dict[str, Schema] = {
    "Policy": POLICY,
    "Policies": object_of({"policies": list_of(object_of(VERSION_LINE))}),
    "PolicyVersion": VERSION,
    "PolicyVersions": object_of({"versions": list_of(object_of(VERSION_LINE))}),
    "AuthorsProblem": AUTHORS_PROBLEM,
    "Draft": DRAFT,
    "Drafts": object_of(
        {
            "drafts": list_of(object_of(DRAFT_LINE)),
            "next": {**TEXT_OR_NONE, "description": "Where the next page is."},
        }
    ),
    "PublishedVersion": object_of(VERSION_LINE, "A version that was just published."),
}
OPERATIONS: Sequence[Operation] = (
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
        "/v1/policies/{id}/versions",
        "policies",
        "The versions of a policy, the newest first",
        {200: "PolicyVersions"},
        ("bad-request", "not-found"),
        about="In force at an instant is the newest of those that are effective by then and whose first local day has"
        " come.",
    ),
    Operation(
        "get",
        "/v1/policies/{id}/versions/{number}",
        "policies",
        "One version of a policy, with its text",
        {200: "PolicyVersion"},
        ("bad-request", "not-found"),
    ),
    Operation(
        "get",
        "/v1/policies/{id}/withdrawal",
        "policies",
        "What a withdrawal of the newest version would change",
        {200: "Withdrawal"},
        ("bad-request", "not-found", "nothing-before"),
        about="To be read before one is asked for: which text would come back, and what is different in it.",
    ),
    Operation(
        "get",
        "/v1/policies/{id}/withdrawals",
        "policies",
        "Which versions were withdrawn, by whom and why",
        {200: "Withdrawals"},
        ("bad-request", "not-found"),
    ),
    Operation(
        "get",
        "/v1/policies/{id}/differences",
        "policies",
        "What one version changes of another in meaning",
        {200: "VersionsDifference"},
        ("bad-request", "not-found", "text-too-costly"),
        about="Of any two versions: change by change, each with a case that is decided otherwise where one was found."
        " Where there are many changes, fewer cases are tried for each.",
        query=VERSIONS_QUERY,
    ),
    Operation(
        "post",
        "/v1/policies/{id}/withdraw",
        "policies",
        "Go back to the text before the newest version",
        {201: "PublishedVersion"},
        (*OF_A_BODY, "not-found", "out-of-date", "nothing-before"),
        about="Publishes it again as a new version, effective from the next second on. One key is enough: two have"
        " approved of that text before.",
        body=WITHDRAWAL_IN,
        examples=(("newest", "Version 2 is withdrawn", {"version": 2, "reason": "Charges the fee twice."}),),
    ),
    Operation(
        "post",
        "/v1/policies/drafts",
        "policies",
        "Draft a version",
        {201: "Draft"},
        (*OF_A_BODY, "draft-has-problems", "says-the-same"),
        about="A rule file or a scenario file with problems is refused. Otherwise the draft is kept, and its scenarios"
        " are run, every nudge is tried and so on, which may take a minute: ask for the draft until its `state` is"
        " `ready` or `failed`.",
        body=DRAFT_IN,
        examples=(("texts", "A rule file and its scenarios", TEXTS),),
    ),
    Operation(
        "get",
        "/v1/policies/drafts",
        "policies",
        "The drafts, the newest first",
        {200: "Drafts"},
        ("bad-request",),
        query=PAGE_QUERY,
    ),
    Operation(
        "get",
        "/v1/policies/drafts/{id}",
        "policies",
        "A draft, what its checks came to and what it changes",
        {200: "Draft"},
        ("bad-request", "not-found"),
    ),
    Operation(
        "get",
        "/v1/policies/drafts/{id}/affected",
        "policies",
        "The accounts that a draft affects most",
        {200: "Affected"},
        ("bad-request", "not-found"),
        about="Up to fifty, each once, by the difference of the payout. They are kept apart from the draft: once"
        " it is published, rejected or outdated, they go with the check of the next one, and with an account that is"
        " erased.",
    ),
    Operation(
        "post",
        "/v1/policies/drafts/{id}/approve",
        "policies",
        "Publish a draft",
        {201: "PublishedVersion"},
        (*OF_A_BODY, "not-found", "own-draft", "illegal-move", "published-already", "out-of-date"),
        about="By another key than its author's. The version is effective from the instant that is named, else from"
        " the next second on.",
        body=APPROVAL_IN,
        examples=(
            ("later", "From the first of July on", {"seen": "sha256:...", "effective_from": "2026-06-30T15:00:00Z"}),
        ),
    ),
    Operation(
        "post",
        "/v1/policies/drafts/{id}/reject",
        "policies",
        "Say that a draft is not to be published, and why",
        {200: "Draft"},
        (*OF_A_BODY, "not-found", "illegal-move"),
        about="It can then be approved no longer; its author drafts another.",
        body=REJECTION_IN,
        examples=(("why", "The fee is not agreed", {"reason": "The fee is not agreed with legal yet."}),),
    ),
)
