"""What the API says about figures over time: its operations and the shapes of their answers, for the reference."""

from __future__ import annotations

from collections.abc import Sequence

from service import csv_text
from service.audit_points import BY, COLUMNS, SPLIT
from service.audit_points import FIGURES as POINT_FIGURES
from service.audit_rules import FIGURES, OF
from service.reference_operation import Operation
from service.reference_shapes import AMOUNT, DAY, TEXT, WHOLE, Schema, list_of, object_of
from service.shapes_figures import OUTSTANDING_QUERY, POINTS_QUERY, RULES_QUERY

# What each figure of a rule is.
RULE_ABOUT = {
    "spoke": "In how many decisions, answers to events and days it spoke.",
    "denied": "How often it denied, alone or with others.",
    "denied_alone": "How often it was the only rule that denied.",
    "reviewed": "How often it asked for a person to look.",
    "reduced": "How often somebody who asked for all points got just its room.",
    "charged": "How often it withheld money, or points of an idle account.",
    "excluded": "How many lots it kept from paying, counted once in each decision.",
    "granted": "In how many answers it granted points.",
    "took_back": "In how many answers it took points back.",
    "expired": "How many lots a sweep ended by it.",
    "noticed": "How many notices it gave.",
    "points_refused": "Points that were asked for and denied; those of `all` are what could have been refunded.",
    "points_reduced": "By how much it reduced.",
    "points_excluded": "Points in the lots that it kept from paying.",
    "points_granted": "Points that it granted.",
    "points_taken_back": "Points that it took back.",
    "points_expired": "Points that it ended.",
    "points_charged": "Points that it charged idle accounts.",
    "fee": "Money.",
    "tax": "Money.",
    "offset": "Money.",
}
POINT_ABOUT = {
    "opening": "What members could use before the period.",
    "granted": "Points that came.",
    "held": "Reserved for refund requests.",
    "released": "Given back by refund requests that were not paid out.",
    "reversed": "Given back by refund requests that had been paid out.",
    "used": "Spent in purchases.",
    "returned": "Given back by purchases that were undone.",
    "expired": "Ended by a sweep; below zero where a late clawback made that undone.",
    "taken_back": "Taken because what brought them was undone, less what was given back of it.",
    "charged": "Charges of dormancy.",
    "repaid": "What paid off points that were owed, less what was given back of it.",
    "closing": "What members can use behind the period.",
    "held_opening": "What refund requests held before the period.",
    "settled": "Paid out for good.",
    "held_closing": "What refund requests hold behind the period.",
}
NAMED: dict[str, Schema] = {"policy": TEXT, "rule": {"type": "string", "description": "The rule that brought them."}}
PERIOD: dict[str, Schema] = {"from": DAY, "to": DAY}
SOURCE: Schema = {"type": "string", "description": "The class: the source that the policy declares."}
RULE_LINE = object_of(
    {
        "policy": TEXT,
        "version": {"type": ["integer", "null"], "description": "null: entries of a sweep name none."},
        "rule": TEXT,
        **PERIOD,
        **{name: {**AMOUNT, "description": RULE_ABOUT[name]} for name in FIGURES},
    }
)
EXPIRES_IN: Schema = {
    "type": ["string", "null"],
    "description": "The month of the last usable day; null: never; `unknown`: the account does not fit the policy.",
}
# By the instant at which they were written down, something may be spent before it came.
POINTS_LINE = object_of(
    {
        **NAMED,
        "source": SOURCE,
        **PERIOD,
        **{name: {**WHOLE, "description": POINT_ABOUT[name]} for name in POINT_FIGURES},
    }
)
POINTS_LINE["properties"]["expires_in"] = {
    **EXPIRES_IN,
    "description": f"Only with `split=expiry`. {EXPIRES_IN['description']}",
}
BY_SHAPE: Schema = {"type": "string", "enum": list(BY)}
SHAPES: dict[str, Schema] = {
    "RuleFigures": object_of(
        {
            "of": {"type": "string", "enum": list(OF)},
            "unreadable": {**AMOUNT, "description": "Records that nobody can read any more; they are not counted."},
            "rules": list_of(RULE_LINE),
        },
        "How often rules spoke, and what they came to.",
    ),
    "PointFigures": object_of(
        {"by": BY_SHAPE, "split": {"type": "string", "enum": list(SPLIT)}, "points": list_of(POINTS_LINE)},
        "What became of points.",
    ),
    "OutstandingPoints": object_of(
        {
            "on": DAY,
            "by": BY_SHAPE,
            "outstanding": list_of(
                object_of(
                    {
                        **NAMED,
                        "source": SOURCE,
                        "expires_in": EXPIRES_IN,
                        "points": WHOLE,
                    }
                )
            ),
        },
        "What members can use at the end of a day, by the month in which it expires.",
    ),
}
RULES_SAID = (
    "By day (or `per`), version and rule, from what is recorded. Of decisions, those of refund requests, or `of=all`."
    " As data or, by `Accept` or `format`, as CSV. At most 400 periods."
)
OPERATIONS: Sequence[Operation] = (
    Operation(
        "get",
        "/v1/audit/rules",
        "audit",
        "How often each rule spoke, and what it came to",
        {200: "RuleFigures"},
        ("bad-request",),
        about=RULES_SAID,
        query=RULES_QUERY,
        also=(csv_text.MEDIA_TYPE,),
    ),
    Operation(
        "get",
        "/v1/audit/rules/{rule}",
        "audit",
        "How often one rule spoke, and what it came to",
        {200: "RuleFigures"},
        ("bad-request", "not-found"),
        about=RULES_SAID,
        query=RULES_QUERY,
        also=(csv_text.MEDIA_TYPE,),
    ),
    Operation(
        "get",
        "/v1/audit/points",
        "audit",
        "What became of points, by class, rule and period, and by the month in which they expire",
        {200: "PointFigures"},
        ("bad-request",),
        about="closing = opening"
        + "".join(f" {'+' if sign > 0 else '-'} {name}" for name, (*_, sign) in COLUMNS.items())
        + "; held_closing = held_opening + held - released - settled.",
        query=POINTS_QUERY,
        also=(csv_text.MEDIA_TYPE,),
    ),
    Operation(
        "get",
        "/v1/audit/points/outstanding",
        "audit",
        "What members can use at the end of a day, by the month in which it expires",
        {200: "OutstandingPoints"},
        ("bad-request",),
        about="The sum is `closing` of the same day. The rules in force on the day say when points expire.",
        query=OUTSTANDING_QUERY,
        also=(csv_text.MEDIA_TYPE,),
    ),
)
