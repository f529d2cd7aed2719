"""What the API takes about who may ask; read strictly, as `shapes.py` does."""

from __future__ import annotations

from service.member_tokens import MINUTES, MOST_MINUTES
from service.shapes import Checked, Complaint, Strict, an_id, null_as_any_other


def _minutes(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_MINUTES:
        raise Complaint("not-in-range", least=1, most=MOST_MINUTES)
    return value


class MemberTokenIn(Strict):
    """For whom a token is to be, and for how long."""

    account = an_id("The id of an open account.", required=True)
    minutes = null_as_any_other(
        Checked(
            _minutes,
            "not-in-range",
            {"type": "integer", "minimum": 1, "maximum": MOST_MINUTES, "default": MINUTES},
            about="For how many minutes.",
            load_default=MINUTES,
        ),
        "not-in-range",
        least=1,
        most=MOST_MINUTES,
    )


MEMBER_TOKEN_IN = MemberTokenIn()
