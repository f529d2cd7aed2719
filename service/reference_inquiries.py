"""The parts of inquiries and of the FAQ, as JSON Schema for the reference."""

from __future__ import annotations

from service.faq_files import TOPICS
from service.inquiries import KINDS, OUTCOMES, STATES
from service.reference_requests import FILED_LINE
from service.reference_shapes import (
    AMOUNT,
    DAY,
    DAY_OR_NONE,
    INSTANT,
    SAID,
    TEXT,
    TEXT_OR_NONE,
    Schema,
    list_of,
    object_of,
    ref,
)
from service.shapes import ID

HIGHLIGHTS: Schema = {
    "type": "array",
    "items": {"type": "array", "items": AMOUNT, "minItems": 2, "maxItems": 2},
    "description": "Where the words stand: begin and end, in characters.",
}
FAQ_LINE: dict[str, Schema] = {
    "id": ID,
    "policy": {"type": "string", "description": 'The policy that it is about, or "all".'},
    "topic": {"type": "string", "enum": list(TOPICS), "description": "Under what it stands."},
    "about": {**list_of(TEXT), "description": "The rules that it explains."},
    "title": object_of(SAID),
}
FAQ_MATCH = object_of(
    {
        "language": {"type": "string", "description": "The language in which the words were found."},
        "title": TEXT,
        "title_highlights": HIGHLIGHTS,
        "snippet": {"type": "string", "description": "The part of the answer with the most of the words."},
        "highlights": HIGHLIGHTS,
    }
)
FAQ_ENTRIES = object_of(
    {
        "total": {**AMOUNT, "description": "How many there are, of which `limit` are answered."},
        "entries": list_of(object_of({**FAQ_LINE, "match": {"oneOf": [FAQ_MATCH, {"type": "null"}]}})),
    }
)
FAQ_ENTRY = object_of(
    {**FAQ_LINE, "answer": {**object_of(SAID), "description": "Markdown, with the figures of today."}},
    "A question and its answer.",
)
INQUIRY_LINE: dict[str, Schema] = {
    "id": ID,
    "account": TEXT,
    "kind": {"type": "string", "enum": list(KINDS)},
    "state": {"type": "string", "enum": list(STATES)},
    "language": {"type": "string", "enum": ["en", "ko"]},
    "refund_request_id": TEXT_OR_NONE,
    "refund_state": {**TEXT_OR_NONE, "description": "The present state of that refund request."},
    "decision_id": TEXT_OR_NONE,
    "opened_at": INSTANT,
    "answered_at": {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "null while what the member said last waits for an answer.",
    },
    "asked_back": {"type": "boolean", "description": "Whether an agent asked something of the member last."},
    "due_on": {**DAY, "description": "The local day by which it has to be answered."},
    "days_left": {"type": ["integer", "null"], "description": "Below zero: overdue. null unless it is open."},
    "overdue": {"type": "boolean"},
    "allowed": {**list_of(TEXT), "description": "The moves that may be made now."},
}
INQUIRY_ENTRY = object_of(
    {
        "move": {"type": "string", "enum": ["open", "add", "ask", "answer", "close", "withdraw"]},
        "by": {"type": "string", "enum": ["member", "agent"]},
        "agent": TEXT_OR_NONE,
        "text": TEXT,
        "outcome": {"type": ["string", "null"], "enum": [*OUTCOMES, None]},
        "reason": TEXT_OR_NONE,
        "due_on": {**DAY_OR_NONE, "description": "The day that the clock was set to, where it was started."},
        "at": INSTANT,
    }
)
INQUIRY = object_of({**INQUIRY_LINE, "entries": list_of(INQUIRY_ENTRY)}, "An inquiry and everything said in it.")
INQUIRY_IN_FULL = object_of(
    {
        **INQUIRY_LINE,
        "entries": list_of(INQUIRY_ENTRY),
        "refund_request": {"oneOf": [object_of(FILED_LINE), {"type": "null"}]},
        "explanation": {
            "oneOf": [
                object_of(
                    {
                        "decision": ref("Decision"),
                        "lines": {**list_of(TEXT), "description": "As `recoup explain ID --more --trace` prints them."},
                    }
                ),
                {"type": "null"},
            ]
        },
    },
    "An inquiry, the refund request as it is now, and the decision explained.",
)
INQUIRIES = object_of(
    {
        "inquiries": list_of(object_of(INQUIRY_LINE)),
        "next": {"type": ["string", "null"], "description": "Where the next page is."},
    }
)

INQUIRY_SHAPES: dict[str, Schema] = {
    "FaqEntries": FAQ_ENTRIES,
    "FaqEntry": FAQ_ENTRY,
    "Inquiry": INQUIRY,
    "InquiryInFull": INQUIRY_IN_FULL,
    "Inquiries": INQUIRIES,
}
