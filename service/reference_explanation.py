"""The parts of an explanation, as JSON Schema for the reference."""

from __future__ import annotations

from service.reference_shapes import (
    AMOUNT,
    ANY,
    DAY_OR_NONE,
    INSTANT,
    OUTCOME,
    SAID,
    TEXT,
    Schema,
    list_of,
    object_of,
    ref,
)

OR_NONE: Schema = {"type": "null"}
FIGURE: Schema = {"description": "A number, a text, a flag or a list of texts."}
VALUE = object_of(
    {
        "value": TEXT,
        "terms": TEXT,
        "figure": FIGURE,
        "since": {**DAY_OR_NONE, "description": "The first day of the figure that applied; null: always."},
        "until": {**DAY_OR_NONE, "description": "The first day on which another applies; null: none yet."},
        **SAID,
    },
    "A dated value that the rule names, as it applied.",
)
RULE = object_of(
    {
        "rule": TEXT,
        "kind": TEXT,
        "effect": {"type": "string", "enum": ["denies", "reviews", "prices", "charges", "excludes"]},
        "terms": TEXT,
        **SAID,
        "article": object_of(SAID),
        "sentence": {**object_of(SAID), "description": "What the rule says in general."},
        "figures": list_of(object_of({"name": TEXT, "value": FIGURE, **SAID})),
        "values": list_of(VALUE),
        "remedy": {"oneOf": [ref("Remedy"), OR_NONE]},
    }
)
LOT = object_of({"lot": TEXT, "left": AMOUNT, "allocated": AMOUNT, "rules": list_of(TEXT), **SAID})
SUMS = dict.fromkeys(("points", "gross", "fee", "tax", "offset", "payout"), AMOUNT)
NEAREST = object_of(
    {
        "found": {"type": "boolean"},
        "set": {"type": ["object", "null"], "description": "What differs from the request, by path."},
        "decision": {"oneOf": [object_of({"outcome": OUTCOME, **SUMS, "payable_on": DAY_OR_NONE}), OR_NONE]},
        **SAID,
    },
    "The nearest request that passes, as it was really decided, or that none was found.",
)
EXPLANATION = object_of(
    {
        "decision_id": TEXT,
        "decided_at": INSTANT,
        "account": TEXT,
        "outcome": OUTCOME,
        "policy": TEXT,
        "version": {"type": ["integer", "null"]},
        "digest": TEXT,
        "engine": TEXT,
        "language": {"type": "string", "enum": ["en", "ko"]},
        "erased": {
            "oneOf": [object_of(SAID), OR_NONE],
            "description": "That the facts were erased, after the time that the policy keeps them; null: they are"
            " kept. Then figures by date, `nearest` and `contest` are gone, too.",
        },
        "summary": object_of(SAID),
        "asked": list_of(object_of({"label": object_of(SAID), "value": object_of(SAID)})),
        "rules": {**list_of(RULE), "description": "Those that spoke of the request, then those that exclude lots."},
        "lots": list_of(LOT),
        "nearest": {"oneOf": [NEAREST, OR_NONE], "description": "null unless the request was denied."},
        "contest": {
            "oneOf": [
                object_of({"method": TEXT, "path": TEXT, "body": ANY, "answered_within_days": AMOUNT, **SAID}),
                OR_NONE,
            ],
            "description": "How to contest the decision; `body` lacks the member's own `text`.",
        },
        "source": object_of(SAID),
    },
    "Why a decision came out as it did.",
)

EXPLANATION_SHAPES: dict[str, Schema] = {"Explanation": EXPLANATION}
