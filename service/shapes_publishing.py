"""What the API takes about drafts, approvals, withdrawals and shadows; read strictly, as `shapes.py` does."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from service.shadows import ORDERS
from service.shapes import (
    Checked,
    Complaint,
    LanguageQuery,
    PageQuery,
    Strict,
    a_choice,
    a_number,
    an_id,
    an_instant,
    null_as_any_other,
    words_field,
)

LONGEST_REASON = 2_000
LONGEST_ABOUT = 200
MOST_VERSIONS = 2**31 - 1


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Complaint("not-text")
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_VERSIONS:
        raise Complaint("not-in-range", least=1, most=MOST_VERSIONS)
    return value


def a_text(about: str, **options: Any) -> Checked:
    """A field that holds a text, such as a file."""
    return Checked(_text, "not-text", {"type": "string"}, about=about, **options)


class DraftIn(Strict):
    """A version of a policy before it is published."""

    rules = a_text("The rule file.", required=True)
    scenarios = a_text("The scenario file that tests it.", required=True)
    about = words_field(LONGEST_ABOUT, "What it is for, in one line.")


class ApprovalIn(Strict):
    """That a draft is to be published, and from when it is effective."""

    seen = an_id("The `seen` of the draft, as it was shown to whoever approves.", required=True)
    effective_from = an_instant("Not in the past; the next second when left out.")
    note = words_field(LONGEST_REASON, "What whoever approves says besides.")


class RejectionIn(Strict):
    """Why a draft is not to be published."""

    reason = words_field(LONGEST_REASON, "Why.", required=True)


class WithdrawalIn(Strict):
    """Which version is withdrawn, and why."""

    version = null_as_any_other(
        Checked(
            _count,
            "not-in-range",
            {"type": "integer", "minimum": 1, "maximum": MOST_VERSIONS},
            about="The newest version, which is the one that is withdrawn.",
            required=True,
        ),
        "not-in-range",
        least=1,
        most=MOST_VERSIONS,
    )
    reason = words_field(LONGEST_REASON, "Why.", required=True)


class ShadowIn(Strict):
    """What is to be decided beside the version in force: one of the two."""

    draft = an_id("The id of a draft, whatever its checks came to.")
    rules = a_text("A rule file.")


class VersionsQuery(LanguageQuery):
    """Two versions of a policy."""

    old = a_number(1, MOST_VERSIONS, "The number of the one.", required=True)
    new = a_number(1, MOST_VERSIONS, "The number of the other, whose changes are told.", required=True)


class DifferencesQuery(PageQuery):
    """A page of what a shadow decides otherwise."""

    order = a_choice(
        *ORDERS, about="`largest`: those whose payouts are furthest apart come first.", load_default="newest"
    )


def instant_of(text: str | None) -> datetime | None:
    """An instant of a body."""
    return None if text is None else datetime.fromisoformat(text)


DRAFT_IN = DraftIn()
APPROVAL_IN = ApprovalIn()
REJECTION_IN = RejectionIn()
WITHDRAWAL_IN = WithdrawalIn()
SHADOW_IN = ShadowIn()
VERSIONS_QUERY = VersionsQuery()
DIFFERENCES_QUERY = DifferencesQuery()
