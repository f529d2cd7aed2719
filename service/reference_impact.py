"""The shape of what a draft does to all accounts, for the reference."""

from __future__ import annotations

from engine.effect import AMOUNTS, SIDES
from service.reference_shapes import (
    AMOUNT,
    INSTANT,
    METHOD,
    OUTCOME,
    SAID,
    TEXT,
    WHOLE,
    Schema,
    list_of,
    object_of,
    ref,
)

GROUP: Schema = {"type": "string", "description": "What the accounts have in common, such as their grade."}
DIFFERENCE: dict[str, Schema] = {"before": AMOUNT, "after": AMOUNT, "difference": WHOLE}
COUNTS: dict[str, Schema] = {
    "count": {**AMOUNT, "description": "How many answers."},
    "changed": {**AMOUNT, "description": "How many of them are other answers, if only by their reasons."},
    "gaining": {**AMOUNT, "description": "How many are paid more."},
    "gained": {**AMOUNT, "description": "By how much in all."},
    "losing": {**AMOUNT, "description": "How many are paid less."},
    "lost": {**AMOUNT, "description": "By how much in all."},
    **{name: object_of(DIFFERENCE) for name in AMOUNTS},
}
BAND: dict[str, Schema] = {
    "from": {"type": ["integer", "null"], "description": "The least amount; null: without end."},
    "to": {"type": ["integer", "null"], "description": "The most; null: without end."},
}
SPOKEN: dict[str, Schema] = {
    "before": AMOUNT,
    "after": AMOUNT,
    "appears": {**AMOUNT, "description": "In how many answers it is among the reasons after the change alone."},
    "vanishes": {**AMOUNT, "description": "In how many before the change alone."},
}
IMPACT = object_of(
    {
        "beside": {
            "type": ["integer", "null"],
            "description": "The version in force.",
        },
        "as_of": {**INSTANT, "description": "When each account asks for all its points, by each method."},
        "currency": TEXT,
        "by": object_of({"fact": TEXT, **SAID}, "What accounts are grouped by."),
        "looked_at": {**AMOUNT, "description": "How many accounts."},
        "accounts_changed": {**AMOUNT, "description": "How many of them get another answer by some method."},
        "best": object_of(DIFFERENCE, "What is paid out where each account takes the method that pays it most."),
        "sentences": {**list_of(object_of(SAID)), "description": "The most important of it in words."},
        "total": ref("ImpactCounts"),
        "methods": list_of(object_of({"method": METHOD, **SAID, **COUNTS})),
        "groups": list_of(object_of({"group": GROUP, **SAID, **COUNTS})),
        "methods_and_groups": list_of(object_of({"method": METHOD, "group": GROUP, **COUNTS})),
        "outcomes": list_of(object_of({"before": OUTCOME, "after": OUTCOME, **COUNTS})),
        "reasons": list_of(
            object_of({"rule": TEXT, "article": {"oneOf": [object_of(SAID), {"type": "null"}]}, **SAID, **SPOKEN})
        ),
        "points": {**list_of(object_of({**BAND, **COUNTS})), "description": "By the band of the points."},
        "payout_changes": {
            **list_of(object_of({**BAND, **COUNTS})),
            "description": "By the band of the difference of the payout.",
        },
        "undecided": object_of(
            {
                "count": AMOUNT,
                "kinds": list_of(
                    object_of({"side": {"type": "string", "enum": list(SIDES)}, "kind": TEXT, "count": AMOUNT, **SAID})
                ),
            },
            "What one version could not decide, or neither; it is in no other figure.",
        ),
    },
    "What a draft does to all stored accounts. It names none of them.",
)
SHAPES: dict[str, Schema] = {"Impact": IMPACT, "ImpactCounts": object_of(COUNTS)}
