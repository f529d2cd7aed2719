"""The shape of what changed between two texts of a policy, for the reference."""

from __future__ import annotations

from service.difference_words import VERDICTS
from service.reference_shapes import (
    AMOUNT,
    INSTANT,
    METHOD,
    OUTCOME,
    SAID,
    TEXT,
    TEXT_OR_NONE,
    WHOLE,
    Schema,
    list_of,
    object_of,
    ref,
)

LINE: Schema = {"type": ["integer", "null"], "description": "Where it stands in that text; null: it does not."}
SENTENCES: Schema = list_of(object_of(SAID))
CHANGE: dict[str, Schema] = {**SAID, "old_line": LINE, "new_line": LINE}
SUBJECT: dict[str, Schema] = {
    "title": object_of(SAID, "A rule, a value, a name, or the file."),
    "was": {**SENTENCES, "description": "How it was told."},
    "now": {**SENTENCES, "description": "How it is told now."},
}
GOT: Schema = {
    "type": "object",
    "additionalProperties": True,
    "description": "What one of the texts decides: the `outcome`, and whatever else a scenario can expect. Where it"
    " does not take the case, the outcome is `unreadable`, and `why` says why.",
}
EXAMPLE = object_of(
    {
        "case": {"type": "object", "additionalProperties": True, "description": "The facts, of nobody's account."},
        "old": GOT,
        "new": GOT,
        "differs_in": list_of(TEXT),
        "scenario": {"type": "string", "description": "The case as an item of a scenario file."},
    },
    "A case that is decided otherwise by one change.",
)
DIFFERENCE = object_of(
    {
        **SUBJECT,
        "changes": list_of(
            object_of(
                {
                    **CHANGE,
                    "verdict": {
                        "type": "string",
                        "enum": list(VERDICTS),
                        "description": "`differs`: there is an `example`; `none_found`: in so many `tries`; `proved`:"
                        " no decision can come out otherwise; `words`: only what people read is another.",
                    },
                    "compared": {
                        "type": "string",
                        "enum": ["alone", "taken_back", "together"],
                        "description": "How the two texts that were compared are made.",
                    },
                    "tries": AMOUNT,
                    "example": {"oneOf": [EXAMPLE, {"type": "null"}]},
                }
            )
        ),
    },
    "A rule, a value, a name or the file, and what its changes come to.",
)
SHORT: Schema = object_of(
    {
        "outcome": OUTCOME,
        **dict.fromkeys(("points", "payout", "fee", "tax", "offset"), AMOUNT),
        "reasons": list_of(TEXT),
    }
)
AFFECTED = object_of(
    {
        "account": {**TEXT_OR_NONE, "description": "null for who is not to see accounts: an author."},
        "method": METHOD,
        "group": TEXT,
        "difference": {**WHOLE, "description": "How much more is paid out."},
        "before": SHORT,
        "after": SHORT,
        "appears": {**list_of(TEXT), "description": "Rules that are among the reasons after the change alone."},
        "vanishes": {**list_of(TEXT), "description": "Rules that were among them before it alone."},
    }
)
WITHDRAWAL = object_of(
    {
        "policy": TEXT,
        "version": {**WHOLE, "description": "The newest version, which would be withdrawn."},
        "restores": {**WHOLE, "description": "The version whose text would be published again."},
        "effective_from": INSTANT,
        "changes": {
            **list_of(object_of({**SUBJECT, "changes": list_of(object_of(CHANGE))})),
            "description": "What that changes of the newest version, in sentences.",
        },
    },
    "What a withdrawal would do.",
)
WITHDRAWALS = object_of(
    {
        "withdrawals": list_of(
            object_of(
                {
                    "version": {**WHOLE, "description": "The version that was taken back."},
                    "published_as": {**WHOLE, "description": "The version as which the former text came back."},
                    "restores": {**WHOLE, "description": "The version whose text that is."},
                    "by": TEXT,
                    "at": INSTANT,
                    "reason": {**TEXT, "description": "Why, as whoever withdrew it said."},
                }
            )
        )
    },
    "The versions of a policy that were taken back, the newest first.",
)
SHAPES: dict[str, Schema] = {
    "Withdrawals": WITHDRAWALS,
    "VersionsDifference": object_of(
        {"policy": TEXT, "old": WHOLE, "new": WHOLE, "differences": list_of(ref("DraftDifference"))},
        "What one version changes of another.",
    ),
    "DraftDifference": DIFFERENCE,
    "Affected": object_of({"affected": {**list_of(ref("AffectedAccount")), "description": "The most affected first."}}),
    "AffectedAccount": AFFECTED,
    "Withdrawal": WITHDRAWAL,
}
