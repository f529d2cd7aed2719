"""What the API says of earning: the rules of a policy as everybody reads them, and as they are for one account."""

from __future__ import annotations

from collections.abc import Sequence

from service.reference_operation import Operation
from service.reference_shapes import (
    AMOUNT,
    DAY,
    DAY_OR_NONE,
    SAID,
    TEXT,
    TEXT_OR_NONE,
    WHOLE,
    Schema,
    list_of,
    object_of,
)

AMOUNT_OR_NONE: Schema = {**AMOUNT, "type": ["integer", "null"]}
WAY_TO_EARN: dict[str, Schema] = {
    "rule": TEXT,
    "terms": TEXT,
    "event": object_of({"type": TEXT, **SAID}, "What has to happen."),
    "source": TEXT,
    "campaign": {**TEXT, "description": "The campaign of the points; empty where there is none."},
    "standing": {"type": "string", "enum": ["open", "to_come", "over"]},
    "first_on": {**DAY_OR_NONE, "description": "Null: it has no beginning."},
    "last_on": {**DAY_OR_NONE, "description": "Null: it has no end."},
    "sentence": object_of(SAID, "The rule in words, with the figures of today."),
}
EARNED_BY: dict[str, Schema] = {
    "policy": TEXT,
    "version": WHOLE,
    "on": {**DAY, "description": "Today, in the programme's zone."},
}
EARNING = object_of({**EARNED_BY, "ways": list_of(object_of(WAY_TO_EARN))})
OWN_ROW = object_of(
    {
        "words": object_of(SAID, "For whom."),
        "figure": object_of(SAID),
        "own": {"type": "boolean", "description": "Whether it is the account's own; that one stands first."},
    }
)
OWN_FIGURES = object_of(
    {
        "points": {**AMOUNT_OR_NONE, "description": "For each event, or for every so much money."},
        "every": {**AMOUNT_OR_NONE, "description": "Money."},
        "rate": {**TEXT_OR_NONE, "description": "Of the event's amount, such as `1.5%`."},
        "at_least": {**AMOUNT_OR_NONE, "description": "The fewest points of one event."},
        "at_most": {**AMOUNT_OR_NONE, "description": "The most points of one event."},
        "cap": {**AMOUNT_OR_NONE, "description": "The most points of the window that the sentence names."},
    },
    "The account's own figures; null where the rule has none, or where it takes the event to know it.",
)
OWN_EARNING = object_of(
    {
        "account": TEXT,
        **EARNED_BY,
        "ways": list_of(
            object_of(
                {
                    **WAY_TO_EARN,
                    "sentence": object_of(
                        SAID, "The rule in words, with the account's own figures and without what the account meets."
                    ),
                    "earns": {
                        "type": "boolean",
                        "description": "False: the account's own facts keep it from earning by this rule.",
                    },
                    "lacks": {
                        "oneOf": [object_of(SAID), {"type": "null"}],
                        "description": "What keeps it from that.",
                    },
                    "figures": OWN_FIGURES,
                    "tables": list_of(
                        object_of(
                            {
                                "fact": {**TEXT, "description": "The fact of the account that it goes by."},
                                "words": object_of(SAID, "What that fact is called."),
                                "rows": list_of(OWN_ROW),
                            },
                            "A figure that differs from account to account.",
                        )
                    ),
                }
            )
        ),
    },
    "What an account earns: what is open stands first, and of that what the account earns by.",
)
SHAPES: dict[str, Schema] = {"Earning": EARNING, "OwnEarning": OWN_EARNING}
OPERATIONS: Sequence[Operation] = (
    Operation(
        "get",
        "/v1/accounts/{id}/earning",
        "accounts",
        "What an account earns by each rule today, its own figures first",
        {200: "OwnEarning"},
        ("bad-request", "not-found", "not-in-force", "account-does-not-fit"),
        about="By the version in force and the account's facts: what only an event can say is left open.",
    ),
    Operation(
        "get",
        "/v1/policies/{id}/earning",
        "policies",
        "How points are earned today, what is to come and what is over",
        {200: "Earning"},
        ("bad-request", "not-found", "not-in-force"),
        about="By the version in force. What is open stands first, then what is to come, then what is over.",
    ),
)
