"""The parts of an explanation, as JSON Schema for the reference."""

from __future__ import annotations

from service.explanation_words import GROUPS
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
TEXT_OR_NONE: Schema = {"type": ["string", "null"]}
FIGURE: Schema = {"description": "A number, a text, a flag or a list of texts."}
NAMED_LOT = {"lot": TEXT, "source": {"type": ["string", "null"]}, "acquired_on": DAY_OR_NONE}
SET_ASIDE: dict[str, Schema] = {
    **NAMED_LOT,
    "points": AMOUNT,
    "refundable_from": {
        **DAY_OR_NONE,
        "description": "The day from which the lot could pay, as the same request was judged then; null: none was found"
        " within the first 200 lots, or what is said is about the request.",
    },
    **SAID,
}
VALUE = object_of(
    {
        "value": TEXT,
        "terms": TEXT,
        "about": {"type": "string", "description": "What the author says of it, in the author's language."},
        "figure": FIGURE,
        "since": {**DAY_OR_NONE, "description": "The first day of the figure that applied; null: always."},
        "until": {**DAY_OR_NONE, "description": "The first day on which another applies; null: none yet."},
        **SAID,
    },
    "A dated value by which the rule spoke, as it applied.",
)
RULE = object_of(
    {
        "rule": TEXT,
        "kind": TEXT,
        "effect": {"type": "string", "enum": ["denies", "reviews", "prices", "charges", "pays", "excludes"]},
        "terms": TEXT,
        "article": object_of(SAID),
        "said": list_of(
            object_of(
                {**SAID, "lots": list_of(object_of(SET_ASIDE))},
                "A reason to the member, and the lots that it is about; none: it is about the request.",
            )
        ),
        "values": list_of(VALUE),
        "criteria": {
            **list_of(object_of(SAID)),
            "description": "The figures that stand in the rule itself, such as spans and the bounds of a fee.",
        },
        "remedy": {"oneOf": [ref("Remedy"), OR_NONE]},
        "more": object_of(
            {**SAID, "figures": list_of(object_of({"name": TEXT, "value": FIGURE, **SAID}))},
            "What the rule says in general, as its author wrote it, and all its figures.",
        ),
    }
)
GROUP = object_of(
    {
        "group": {"type": "string", "enum": list(GROUPS)},
        **SAID,
        "points": {"type": ["integer", "null"], "description": "Of `sets_aside`, the points that it comes to in all."},
        "note": {"oneOf": [object_of(SAID), OR_NONE]},
        "rules": list_of(RULE),
    },
    "Rules that spoke, by what they did, under a heading.",
)
LOT = object_of(
    {
        **NAMED_LOT,
        "left": AMOUNT,
        "allocated": AMOUNT,
        "last_usable_on": DAY_OR_NONE,
        "rules": list_of(TEXT),
        **SAID,
    }
)
SUMS = dict.fromkeys(("points", "gross", "fee", "tax", "offset", "payout"), AMOUNT)
PASSING = {"outcome": OUTCOME, **SUMS, "payable_on": DAY_OR_NONE}
TODAY = object_of(
    {
        "set": {"type": "object", "description": "What would have to be otherwise, by path."},
        "decision": object_of(PASSING),
        **SAID,
    },
    "What would pass on the same day, if what the reasons ask for of the member and of who asks were so.",
)
NEAREST = object_of(
    {
        "found": {"type": "boolean"},
        "set": {"type": ["object", "null"], "description": "What differs from the request, by path."},
        "decision": {"oneOf": [object_of(PASSING), OR_NONE]},
        "today": {"oneOf": [TODAY, OR_NONE], "description": "Looked for where nothing was found, or a later day only."},
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
        "groups": {**list_of(GROUP), "description": "The rules that spoke; a group without any is left out."},
        "sums": {
            **list_of(object_of({"name": TEXT, "value": AMOUNT, **SAID})),
            "description": "How the payout comes about; empty where the request was denied.",
        },
        "lots": list_of(LOT),
        "nearest": {"oneOf": [NEAREST, OR_NONE], "description": "null unless the request was denied."},
        "contest": {
            "oneOf": [
                object_of(
                    {
                        "method": TEXT_OR_NONE,
                        "path": TEXT_OR_NONE,
                        "body": {"oneOf": [ANY, OR_NONE]},
                        "answered_within_days": AMOUNT,
                        **SAID,
                    }
                ),
                OR_NONE,
            ],
            "description": "How to contest the decision; `body` lacks the member's own `text`. `method`, `path`"
            " and `body` are null where the account is not stored: it can write no inquiry.",
        },
        "source": object_of(SAID),
        "record": {
            **list_of(object_of({"name": TEXT, **SAID})),
            "description": "What it takes to look the decision up and check it, a line each.",
        },
    },
    "Why a decision came out as it did.",
)

EXPLANATION_SHAPES: dict[str, Schema] = {"Explanation": EXPLANATION}
