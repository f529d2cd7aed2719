"""What the API says of texts that are being written: their problems, sentences, scenarios and requests that are tried;
for the reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.reference_examples import TEXTS
from service.reference_operation import Operation
from service.reference_publishing import OF_A_BODY
from service.reference_shapes import AMOUNT, DAY, SAID, TEXT, TEXT_OR_NONE, WHOLE, Schema, list_of, object_of, ref
from service.shapes_workbench import CHECK_IN, TEST_IN, TRY_IN

SENTENCE = object_of(SAID)
SENTENCES: Schema = {"type": "object", "additionalProperties": SENTENCE}
PROBLEM = object_of(
    {
        "code": TEXT,
        "severity": {"type": "string", "enum": ["problem", "advice"]},
        "of": {"type": "string", "enum": ["rules", "scenarios"], "description": "Which of the two texts."},
        "line": WHOLE,
        "column": WHOLE,
        "path": {"type": "string", "description": "What stands there: `rules.3.at_most`; empty where nothing does."},
        "subject": SENTENCE,
        "message": SENTENCE,
        "hint": {"oneOf": [SENTENCE, {"type": "null"}], "description": "How to mend it."},
    },
    "What is wrong with a text, or advice about it, and where.",
)
FACT = object_of(
    {
        "path": {"type": "string", "description": "Such as `account.grade`."},
        "type": {
            "type": "string",
            "enum": ["points", "money", "number", "date", "text", "flag", "choice"],
        },
        **SAID,
        "choices": {**SENTENCES, "description": "The members of a choice, in words; of anything else none."},
        "default": {
            "type": ["string", "integer", "boolean", "null"],
            "description": "What holds where a case does not say; null where nothing does, or it has to say.",
        },
        "required": {"type": "boolean", "description": "Whether a case has to say it."},
    },
    "A fact that a policy knows.",
)
DECLARES = object_of(
    {
        "policy": TEXT,
        "title": SENTENCE,
        "currency": TEXT,
        "timezone": TEXT,
        "starts": DAY,
        "sources": SENTENCES,
        "methods": SENTENCES,
        "rules": AMOUNT,
        "values": AMOUNT,
        "facts": {
            **list_of(FACT),
            "description": "What a case can say of an account, its lots and a request; declared ones first.",
        },
    },
    "What a text declares.",
)
RULE_IN_WORDS = object_of(
    {
        "rule": TEXT,
        "line": WHOLE,
        "article": SENTENCE,
        **SAID,
        "changes": {**list_of(SENTENCE), "description": "The past and coming figures of its values."},
        "reason": {"oneOf": [SENTENCE, {"type": "null"}], "description": "What its member is told."},
    },
    "A rule in a sentence.",
)
IN_WORDS = object_of(
    {
        "day": {**DAY, "description": "The day whose figures are told."},
        "head": list_of(SENTENCE),
        "headings": list_of(object_of({"kind": TEXT, **SAID, "rules": list_of(RULE_IN_WORDS)})),
    },
    "A text in sentences, by heading.",
)
COMPARED = object_of(
    {
        "key": TEXT,
        "expected": {"type": "string", "description": "As a scenario file writes it; cut short where it is long."},
        "got": TEXT,
        "same": {"type": "boolean"},
        "differences": {**list_of(object_of(SAID)), "description": "In which words `recoup test` tells them."},
    },
    "What was expected, and what came.",
)
CASE_OR_NULL: Schema = {
    "oneOf": [{"type": "object", "description": "Account, lots, request, history and instant."}, {"type": "null"}],
    "description": "Where one scenario was asked for and is about a refund request: what it is decided on.",
}
RESULT = object_of(
    {
        "name": TEXT,
        "row": {**AMOUNT, "description": "The row of its table; 0 outside tables."},
        "line": WHOLE,
        "about": {"type": "string", "enum": ["request", "event", "day"]},
        "passed": {"type": "boolean"},
        "compared": list_of(COMPARED),
        "case": CASE_OR_NULL,
    },
    "What became of one scenario.",
)
SHAPES: dict[str, Schema] = {
    "TextProblem": PROBLEM,
    "CheckedText": object_of(
        {
            "problems": {**list_of(ref("TextProblem")), "description": "Of a sound text, advice."},
            "declares": {"oneOf": [DECLARES, {"type": "null"}], "description": "null where the text has problems."},
            "sentences": {"oneOf": [IN_WORDS, {"type": "null"}], "description": "null where the text has problems."},
        },
        "What is told of a rule file.",
    ),
    "TestedText": object_of(
        {
            "problems": {**list_of(ref("TextProblem")), "description": "With any, no scenario is run."},
            "passed": {**AMOUNT, "description": "Of the results: each row of a table is one."},
            "failed": AMOUNT,
            "scenarios": object_of(
                {"passed": AMOUNT, "failed": AMOUNT}, "Of the scenarios: a table is one, and fails where a row does."
            ),
            "results": list_of(RESULT),
        },
        "What became of the scenarios.",
    ),
    "ScenariosOfVersion": object_of(
        {
            "policy": TEXT,
            "version": WHOLE,
            "scenarios": {**TEXT_OR_NONE, "description": "The scenario file; null where none is known."},
        },
        "The scenarios that a version was tested by.",
    ),
}
TRIED: Mapping[str, Any] = {
    "rules": TEXTS["rules"],
    "account": {"id": "X-1", "joined_on": "2020-01-01"},
    "lots": [{"id": "X-1.1", "source": "bill", "acquired_on": "2026-03-01", "amount": 10_000}],
    "request": {"points": 1_000, "method": "credit"},
    "as_of": "2026-03-02T01:00:00Z",
}
REFUSED = (*OF_A_BODY, "text-too-costly")
NOT_KEPT = " Nothing is kept. A text that takes more than 20 seconds is refused."
OPERATIONS: Sequence[Operation] = (
    Operation(
        "post",
        "/v1/policies:check",
        "policies",
        "Check a rule file that is being written",
        {200: "CheckedText"},
        REFUSED,
        about="Every problem with its place and its remedy; of a sound text the advice, and the text in sentences."
        + NOT_KEPT,
        body=CHECK_IN,
        examples=(("text", "A rule file", {"rules": TEXTS["rules"]}),),
    ),
    Operation(
        "post",
        "/v1/policies:test",
        "policies",
        "Run scenarios that are being written",
        {200: "TestedText"},
        REFUSED,
        about="What was expected of each, and what came." + NOT_KEPT,
        body=TEST_IN,
        examples=(("texts", "A rule file and its scenarios", TEXTS),),
    ),
    Operation(
        "post",
        "/v1/policies:try",
        "policies",
        "Decide a refund request by a rule file that is being written",
        {200: "Decision"},
        (*REFUSED, "draft-has-problems", "not-in-force", "rules-conflict"),
        about="For an account, its lots and its history given in full; with reasons and trace." + NOT_KEPT,
        body=TRY_IN,
        examples=(("full", "A rule file and an account", TRIED),),
    ),
    Operation(
        "get",
        "/v1/policies/{id}/versions/{number}/scenarios",
        "policies",
        "The scenarios that a version was tested by",
        {200: "ScenariosOfVersion"},
        ("bad-request", "not-found"),
        about="Those of its draft; of a version that was not drafted, those beside the rule file that the service was"
        " set up from.",
    ),
)
