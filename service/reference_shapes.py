"""The parts of what the API takes and gives, as JSON Schema for the reference.

What an account, a lot or a request may say is taken from the vocabulary that rules are checked
against, so the reference cannot name a fact that the engine does not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.cases import MOST_PAPERS, NEVER_NEGATIVE
from engine.facts import PAST_STATES
from engine.reading import MOST
from policies.model import Fact
from policies.vocabulary import COMMON
from service.members import HIGHEST_LEVEL
from service.shapes import ID

Schema = dict[str, Any]

DAY: Schema = {"type": "string", "format": "date"}
DAY_OR_NONE: Schema = {"type": ["string", "null"], "format": "date"}
INSTANT: Schema = {"type": "string", "format": "date-time"}
WHOLE: Schema = {"type": "integer"}
AMOUNT: Schema = {"type": "integer", "minimum": 0}
TEXT: Schema = {"type": "string"}
HELD_UNTIL: Schema = {**DAY_OR_NONE, "description": "The last day on which the points stay held; null: they stay."}
ANY: Schema = {"type": "object"}
FIGURES: Schema = {"type": "object", "description": "The figures of the sentence, by their names."}
SAID: dict[str, Schema] = {
    "ko": TEXT,
    "en": TEXT,
    "text": {"type": "string", "description": "The one of `ko` and `en` that was asked for."},
}
OUTCOME: Schema = {"type": "string", "enum": ["approved", "denied", "needs_review"]}
METHOD: Schema = {"type": "string", "description": "A refund method that the policy declares."}
SOURCE: Schema = {"type": "string", "description": "A source of points that the policy declares."}


def object_of(
    properties: dict[str, Schema], about: str = "", *, also: bool = False, rarely: Sequence[str] = ()
) -> Schema:
    """An object that has all of these but what it has `rarely`; `also`: and whatever the programme declares besides."""
    required = [name for name in properties if name not in rarely]
    schema: Schema = {"type": "object", "properties": properties, "required": required}
    if about:
        schema["description"] = about
    if not also:
        schema["additionalProperties"] = False
    return schema


def list_of(items: Schema) -> Schema:
    """A list of one kind of thing."""
    return {"type": "array", "items": items}


def ref(name: str) -> Schema:
    """A shape by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def _of_fact(fact: Fact) -> Schema:
    schema: Schema = {"description": fact.en}
    match fact.type:
        case "choice":
            schema |= {"type": "string", "enum": list(fact.choices)}
        case "date":
            schema |= DAY_OR_NONE if fact.none else DAY
        case "flag":
            schema |= {"type": "boolean"}
        case "text":
            schema |= {"type": "string", "maxLength": 200}
        case _:
            least = 0 if fact.path in NEVER_NEGATIVE else -MOST
            schema |= {"type": "integer", "minimum": least, "maximum": MOST}
    if fact.default is not None and not fact.required:
        schema["default"] = fact.default
    return schema


def _of_scope(scope: str, more: dict[str, Schema], required: list[str], about: str) -> Schema:
    facts = {fact.name: _of_fact(fact) for fact in COMMON if fact.scope == scope and not fact.derived}
    names = [fact.name for fact in COMMON if fact.scope == scope and fact.required]
    return {
        "type": "object",
        "description": f"{about} Facts that the policy declares stand beside these.",
        "properties": {**more, **facts},
        "required": [*required, *(name for name in names if name not in required)],
    }


def _all_of(shape: Schema) -> Schema:
    """The shape as it is answered: every fact is there."""
    properties = {
        name: {key: value for key, value in schema.items() if key != "default"}
        for name, schema in shape["properties"].items()
    }
    return {**shape, "properties": properties, "required": list(properties)}


ACCOUNT = _of_scope("account", {"id": ID}, ["id"], "A member's account.")
ACCOUNT["properties"]["activity_days"] = {
    "type": "array",
    "items": DAY,
    "default": [],
    "description": "The days on which the account was active, in any order; they extend points that lapse when idle."
    " A stored account has each once, the earliest first.",
}
LOT = _of_scope(
    "lot",
    {"id": ID, "source": SOURCE},
    ["id", "source"],
    "Points from one source at one time. `usable_from_on` is `acquired_on`, and `left` is `amount`, where they"
    " are left out.",
)
REQUEST = _of_scope("request", {"method": METHOD}, ["method"], "What the member asks for.")
REQUEST["properties"]["points"] = {
    "description": 'How many points; "all" asks for the largest amount that passes every rule. Or `money`.',
    "oneOf": [{"type": "integer", "minimum": 1, "maximum": MOST}, {"const": "all"}],
}
REQUEST["properties"]["papers"] = {
    "description": "What the member shows. Rules of kind paper ask for it.",
    "type": "array",
    "maxItems": MOST_PAPERS,
    "items": {
        "type": "object",
        "properties": {
            "paper": {"type": "string", "description": "A paper that the policy declares."},
            "issued_on": {**DAY_OR_NONE, "description": "The day of its issue; null where it is not known."},
        },
        "required": ["paper"],
        "additionalProperties": False,
    },
    "default": [],
}
REQUEST["properties"]["lots"] = {
    "type": "array",
    "items": ID,
    "uniqueItems": True,
    "default": [],
    "description": "The ids of the lots that the member chose, in the order in which they are to pay.",
}
REQUEST["properties"]["money"] = {
    "description": "In place of `points`: how much money the points shall come to, before fees, taxes and debts.",
    "type": ["integer", "null"],
    "minimum": 1,
    "maximum": MOST,
}
REQUEST["required"] = [name for name in REQUEST["required"] if name != "points"]
REQUEST["oneOf"] = [
    {"required": ["points"], "properties": {"money": {"type": "null"}}},
    {"required": ["money"], "properties": {"money": {"type": "integer"}, "points": {"not": {}}}},
]
PAST_REFUND: Schema = {
    "type": "object",
    "description": "A refund asked for before, by the account or to the same receiving account.",
    "properties": {
        "id": ID,
        "account_id": ID,
        "requested_at": INSTANT,
        "points": {"type": "integer", "minimum": 1, "maximum": MOST},
        "method": METHOD,
        "receiving_account": {"type": "string", "maxLength": 200, "default": ""},
        "state": {"type": "string", "enum": list(PAST_STATES)},
        "payout": {
            "description": "What was paid out; its points when left out or null.",
            "type": ["integer", "null"],
            "minimum": 0,
            "maximum": MOST,
        },
    },
    "required": ["id", "account_id", "requested_at", "points", "method", "state"],
    "additionalProperties": False,
}
REMEDY = object_of(
    {"set": {"type": "object", "description": "The facts to change, by their paths."}, **SAID},
    "The nearest change that would let the request pass.",
)
FAQ: Schema = {
    "type": "array",
    "items": ID,
    "description": "The entries of the FAQ that explain the rule: `GET /v1/faq/{id}`.",
}
REASON = object_of(
    {
        "rule": {"type": "string", "description": "The id of the rule that spoke; never reused."},
        "kind": TEXT,
        "effect": {"type": "string", "enum": ["denies", "reviews", "prices", "charges"]},
        "terms": {"type": "string", "description": "The article of the terms."},
        "figures": FIGURES,
        "remedy": {"oneOf": [ref("Remedy"), {"type": "null"}]},
        **SAID,
        "faq": FAQ,
    },
    "A rule that spoke.",
)
LOT_REASON = object_of({"rule": TEXT, "kind": TEXT, "terms": TEXT, **SAID, "faq": FAQ}, also=True)
ERASED: Schema = {
    "type": "string",
    "enum": ["retention"],
    "description": "Only where the facts behind it were erased, after the time that the policy keeps them: they, what"
    " the request said besides, and the trace are gone.",
}
DECISION = object_of(
    {
        "id": {"type": ["string", "null"], "description": "null for a decision that was not recorded."},
        "recorded": {"type": "boolean"},
        "decided_at": INSTANT,
        "outcome": OUTCOME,
        "policy": TEXT,
        "version": {"type": ["integer", "null"]},
        "digest": {"type": "string", "description": "The digest of the policy's text and holidays."},
        "engine": TEXT,
        "account": TEXT,
        "as_of": INSTANT,
        "requested_on": DAY,
        "request": ref("Request"),
        "points": {
            "type": "integer",
            "minimum": 0,
            "description": 'For "all" the largest amount that passes; for money, the points that it takes.',
        },
        "available": {"type": "integer", "minimum": 0, "description": "Neither expired nor excluded."},
        "gross": AMOUNT,
        "fee": AMOUNT,
        "tax": AMOUNT,
        "offset": AMOUNT,
        "payout": AMOUNT,
        "payable_on": DAY_OR_NONE,
        "last_held_on": HELD_UNTIL,
        "allocation": list_of(object_of({"lot": TEXT, "points": AMOUNT})),
        "prices": list_of(object_of({"rule": TEXT, "points": AMOUNT, "money": AMOUNT}, also=True)),
        "fees": list_of(object_of({"rule": TEXT, "base": AMOUNT, "fee": AMOUNT}, also=True)),
        "taxes": list_of(object_of({"rule": TEXT, "base": AMOUNT, "tax": AMOUNT}, also=True)),
        "offsets": list_of(object_of({"rule": TEXT, "debt": AMOUNT, "offset": AMOUNT}, also=True)),
        "reasons": list_of(ref("Reason")),
        "lots": list_of(
            object_of(
                {
                    "lot": TEXT,
                    "left": AMOUNT,
                    "last_usable_on": DAY_OR_NONE,
                    "allocated": AMOUNT,
                    "reasons": list_of(LOT_REASON),
                }
            )
        ),
        "trace": {"type": "array", "items": ANY, "description": "What each stage saw and did, in order."},
        "erased": ERASED,
    },
    "A decision, with every rule that spoke. `gross` = `payout` + `fee` + `tax` + `offset`, all of them money.",
    rarely=("erased",),
)
KEPT_DECISION: Schema = object_of(
    {
        **DECISION["properties"],
        "case": {"oneOf": [ref("Case"), {"type": "null"}], "description": "null where it was erased."},
    },
    "A recorded decision and what it was made on.",
    rarely=("erased",),
)
CASE = object_of(
    {
        "account": ref("Account"),
        "lots": list_of(ref("Lot")),
        "request": ref("Request"),
        "history": list_of(ref("PastRefund")),
        "as_of": INSTANT,
    },
    "Everything that a refund was judged on.",
)
EVENT = _of_scope(
    "event",
    {"id": ID, "account": ID, "happened_at": INSTANT},
    ["id", "account", "happened_at"],
    "Something that happened to a member. The `amount` of `points_used` is in points.",
)
PLANNED_REQUEST: Schema = {
    **{name: value for name, value in REQUEST.items() if name != "oneOf"},
    "description": "What is known of a request before it is made. Facts that the policy declares stand beside these.",
    "properties": {**REQUEST["properties"], "money": {**REQUEST["properties"]["money"], "type": "integer"}},
    "required": [],
    "not": {"required": ["points", "money"]},
}
ACCOUNT_CHANGE: Schema = {**ACCOUNT, "required": [], "description": "Facts of an account, by their names."}
LEVEL: Schema = {**ACCOUNT["properties"]["identity_level"], "minimum": 0, "maximum": HIGHEST_LEVEL}
ACCOUNT_CHANGE["properties"] = {**ACCOUNT["properties"], "identity_level": LEVEL}
TEXT_OR_NONE: Schema = {"type": ["string", "null"]}
LOT_PART = object_of({"lot": TEXT, "points": AMOUNT})
EVENT_ANSWER = object_of(
    {
        "policy": TEXT,
        "version": {"type": ["integer", "null"]},
        "digest": TEXT,
        "engine": TEXT,
        "account": TEXT,
        "event": TEXT,
        "happened_at": INSTANT,
        "happened_on": DAY,
        "points": {"type": "integer", "minimum": 0, "description": "The points that were granted, in all."},
        "granted": list_of(object_of({"rule": TEXT, "source": SOURCE, "points": AMOUNT, **SAID}, also=True)),
        "asked": {"type": "integer", "minimum": 0, "description": "The points to be taken back."},
        "taken": list_of(object_of({"rule": TEXT, "lot": TEXT, "points": AMOUNT})),
        "lapsed": {"type": "integer", "minimum": 0, "description": "Of those, what had expired already."},
        "debt": {"type": "integer", "minimum": 0, "description": "Of those, what the member owes from now on."},
        "forgiven": {"type": "integer", "minimum": 0, "description": "Of those, what is given up."},
        "undone": list_of(object_of({"earning": TEXT, "rule": TEXT, "points": AMOUNT})),
        "used": {**list_of(LOT_PART), "description": "What an event of type `points_used` took of the lots."},
        "returned": {**list_of(LOT_PART), "description": "What was put back of points that the undone event used."},
        "repaid": {
            **list_of(LOT_PART),
            "description": "What of the points that came, granted or returned, paid off a debt of points at once.",
        },
        "awaited": {
            **list_of(object_of({"rule": TEXT, "lot": TEXT, "points": AMOUNT})),
            "description": "Points that are away, and are taken once they are back in the lot.",
        },
        "given_back": {
            **list_of(LOT_PART),
            "description": "Points that had been taken back in the place of those that came are in their lot again.",
        },
        "refused": {
            "type": "boolean",
            "description": "The event must not be carried out: points are missing, or it cannot undo what it names.",
        },
        "reasons": list_of(object_of({"rule": TEXT, "kind": TEXT, "effect": TEXT, **SAID}, also=True)),
        "trace": list_of(ANY),
        "erased": ERASED,
    },
    "What an event came to.",
    rarely=("erased",),
)
TOLD = object_of(
    {
        "id": TEXT,
        "account": TEXT,
        "type": TEXT,
        "of": {**TEXT_OR_NONE, "description": "The event that this one undoes."},
        "state": {
            "type": "string",
            "enum": ["answered", "refused", "waiting"],
            "description": "An event that undoes one which has not come yet is `waiting` for it.",
        },
        "happened_at": INSTANT,
        "entered_at": INSTANT,
        "answer": {"oneOf": [ref("EventAnswer"), {"type": "null"}]},
    },
    "An event that was kept.",
)
RESULTS = object_of(
    {
        "results": list_of(
            {
                "type": "object",
                "properties": {
                    "id": TEXT_OR_NONE,
                    "status": {"type": "integer", "description": "As if the event had been sent by itself."},
                    "event": ref("ToldEvent"),
                    "problem": ref("Problem"),
                },
                "required": ["id", "status"],
                "additionalProperties": False,
            }
        )
    },
    "What came of each event, in the order in which they were sent.",
)
NEXT: Schema = {"type": ["string", "null"], "description": "Where the next page is."}
EVENT_PAGE = object_of({"events": list_of(ref("ToldEvent")), "next": NEXT})
ENTRY = object_of(
    {
        "id": WHOLE,
        "lot": TEXT,
        "source": {**TEXT, "description": "The source of the lot's points."},
        "kind": {
            "type": "string",
            "enum": ["grant", "hold", "release", "reverse", "use", "take_back", "repay", "expire", "charge"],
        },
        "points": {"type": "integer", "description": "What the lot gained, or lost where it is below 0."},
        "refund_request": TEXT_OR_NONE,
        "event": TEXT_OR_NONE,
        "rule": TEXT_OR_NONE,
        "happened_at": INSTANT,
        "entered_at": INSTANT,
    },
    "One change of one lot.",
)
ENTRY_PAGE = object_of({"entries": list_of(ENTRY), "next": NEXT})
NOTICE = object_of(
    {
        "id": WHOLE,
        "day": DAY,
        "rule": TEXT,
        "terms": TEXT,
        "before": TEXT,
        "last_usable_on": DAY_OR_NONE,
        "charged_on": DAY_OR_NONE,
        "points": AMOUNT,
        "lots": list_of(TEXT),
        "noticed_at": INSTANT,
        **SAID,
    },
    "A notice that was due on a day.",
)
NOTICE_PAGE = object_of({"notices": list_of(NOTICE), "next": NEXT})
OPTION_AMOUNTS: dict[str, Schema] = {
    "outcome": OUTCOME,
    "points": AMOUNT,
    "gross": AMOUNT,
    "fee": AMOUNT,
    "tax": AMOUNT,
    "offset": AMOUNT,
    "payout": AMOUNT,
    "payable_on": DAY_OR_NONE,
    "last_held_on": HELD_UNTIL,
}
SET: Schema = {"type": ["object", "null"]}
OPTIONS = object_of(
    {
        "account": TEXT,
        "policy": TEXT,
        "as_of": INSTANT,
        "options": list_of(
            object_of(
                {
                    "method": METHOD,
                    "words": object_of(SAID),
                    **OPTION_AMOUNTS,
                    "reasons": list_of(ref("Reason")),
                    "missing": {
                        "type": "array",
                        "description": "The rules that deny, and what would have to be otherwise; `set` is null where"
                        " no change of a fact is known to help.",
                        "items": object_of({"rule": TEXT, "kind": TEXT, "set": SET, **SAID}),
                    },
                    "then": {
                        "description": "What it would come to once all that is missing is there; null: nothing more.",
                        "oneOf": [object_of(OPTION_AMOUNTS), {"type": "null"}],
                    },
                }
            )
        ),
    },
    "The ways to a refund, before one is asked for. Nothing is recorded.",
)
STORED_ACCOUNT = _all_of(ACCOUNT)
STORED_ACCOUNT["properties"]["policy"] = TEXT
STORED_ACCOUNT["required"].append("policy")
BALANCE_LOT = _all_of(LOT)
BALANCE_LOT["properties"] |= {
    "last_usable_on": DAY_OR_NONE,
    "expired": {"type": "boolean"},
    "usable": {"type": "boolean", "description": "It can be used on this day: not expired, pending or locked."},
    "refundable": {"type": "boolean", "description": "No rule takes the lot out on this day."},
    "reasons": list_of(LOT_REASON),
}
BALANCE = object_of(
    {
        "account": TEXT,
        "policy": TEXT,
        "version": {"type": ["integer", "null"]},
        "on": DAY,
        "method": {**METHOD, "description": "The refund method that `refundable` was worked out for."},
        "points": {"type": "integer", "description": "All that has not expired: `usable`, `pending` and `locked`."},
        "usable": {"type": "integer", "description": "Those of them that can be used on this day."},
        "pending": {
            **list_of(object_of({"usable_from_on": DAY, "points": AMOUNT})),
            "description": "Those that can be used from a later day on, by that day, the soonest first.",
        },
        "locked": {"type": "integer", "description": "Those in lots that are locked, pending or not."},
        "refundable": {"type": "integer", "description": "Those of them that can be refunded."},
        "points_debt": {
            "type": "integer",
            "minimum": 0,
            "description": "What the account owes in points now; points that come pay it off first.",
        },
        "held": {**AMOUNT, "description": "What refund requests hold; not among `points`."},
        "by_source": list_of(
            object_of({"source": SOURCE, "points": AMOUNT, "usable": AMOUNT, "refundable": AMOUNT, **SAID})
        ),
        "expiring": {
            **list_of(object_of({"last_usable_on": DAY, "points": AMOUNT})),
            "description": "`points` by the last day on which they can be used, the soonest first.",
        },
        "lots": list_of(BALANCE_LOT),
    },
    "What an account has on a day. A lot that is expired is listed, but not counted.",
)
PROBLEM: Schema = {
    "type": "object",
    "description": "A refusal (RFC 9457). `code` is for programs, `title` and `detail` for people.",
    "properties": {
        "type": {"type": "string", "description": "Where the kind of refusal is explained."},
        "title": TEXT,
        "status": WHOLE,
        "code": TEXT,
        "detail": TEXT,
        "state": {"type": "string", "description": "Of `illegal-move`: the present state."},
        "allowed": {**list_of(TEXT), "description": "Of `illegal-move`: what may be done in it."},
        "inquiry": {"type": "string", "description": "Of `already-contested`: the inquiry that is open."},
        "newest": {"type": "integer", "description": "Of `out-of-date` and `says-the-same`: the newest version."},
        "version": {"type": "string", "description": "Of `published-already`: what it became, such as kt-points@2."},
        "roles": {**list_of(TEXT), "description": "Of `forbidden`: one of these is needed."},
        "held": {**list_of(TEXT), "description": "Of `forbidden`: those that the key has."},
        "request_id": {"type": "string", "description": "Of `internal-error`: what its log calls the request."},
        "id": {"type": "string", "description": "Of `record-damaged`: the decision."},
        "digest": {"type": "string", "description": "Of `version-damaged`: that of its text."},
        "missing": {"type": "string", "description": "Of `not-ready`: what is missing first."},
        "problems": {**list_of(ref("AuthorsProblem")), "description": "Of `draft-has-problems`: what they are."},
        "errors": list_of(
            {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string", "description": "Where in the body, as a JSON pointer."},
                    "parameter": {"type": "string", "description": "Which parameter or part of the address."},
                    "header": {"type": "string", "description": "Which header."},
                    "detail": TEXT,
                },
                "required": ["detail"],
                "additionalProperties": False,
            }
        ),
    },
    "required": ["type", "title", "status", "code"],
    "additionalProperties": False,
}
INDEX = object_of({"service": TEXT, "version": TEXT, "links": {"type": "object", "additionalProperties": TEXT}})

SHAPES: dict[str, Schema] = {
    "Event": EVENT,
    "EventAnswer": EVENT_ANSWER,
    "ToldEvent": TOLD,
    "EventResults": RESULTS,
    "Events": EVENT_PAGE,
    "Entries": ENTRY_PAGE,
    "Notices": NOTICE_PAGE,
    "PlannedRequest": PLANNED_REQUEST,
    "AccountChange": ACCOUNT_CHANGE,
    "RefundOptions": OPTIONS,
    "Account": ACCOUNT,
    "Lot": LOT,
    "Request": REQUEST,
    "PastRefund": PAST_REFUND,
    "Remedy": REMEDY,
    "Reason": REASON,
    "Decision": DECISION,
    "Case": CASE,
    "KeptDecision": KEPT_DECISION,
    "StoredAccount": STORED_ACCOUNT,
    "Balance": BALANCE,
    "Index": INDEX,
    "Problem": PROBLEM,
}
