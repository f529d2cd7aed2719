"""What the API takes about texts that are being written; read strictly, as `shapes.py` does."""

from __future__ import annotations

from typing import Any

from service.shapes import MOST_HISTORY, MOST_LOTS, Checked, Complaint, Strict, an_instant, list_of
from service.shapes_publishing import a_text

RULES = "The rule file."


def _facts(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Complaint("not-an-object")
    return value


def _of_shape(shape: str) -> Checked:
    """A field that holds facts, which the engine reads."""
    return Checked(_facts, "not-an-object", {"$ref": f"#/components/schemas/{shape}"}, required=True)


class CheckIn(Strict):
    """A rule file that is being written."""

    rules = a_text(RULES, required=True)


class TestIn(Strict):
    """A rule file and a scenario file that are being written."""

    rules = a_text(RULES, required=True)
    scenarios = a_text("The scenario file that tests it.", required=True)
    scenario = a_text("The name of a scenario: only that one is run, and its case is told.")


class TryIn(Strict):
    """A rule file that is being written, and a refund request to be decided by it."""

    rules = a_text(RULES, required=True)
    account = _of_shape("Account")
    lots = Checked(
        list_of(MOST_LOTS),
        "not-a-list",
        {"type": "array", "maxItems": MOST_LOTS, "items": {"$ref": "#/components/schemas/Lot"}},
        load_default=list,
    )
    history = Checked(
        list_of(MOST_HISTORY),
        "not-a-list",
        {"type": "array", "maxItems": MOST_HISTORY, "items": {"$ref": "#/components/schemas/PastRefund"}},
        about="Earlier refunds; limits count them.",
        load_default=list,
    )
    request = _of_shape("Request")
    as_of = an_instant("The instant to judge at; now when left out.")


CHECK_IN = CheckIn()
TEST_IN = TestIn()
TRY_IN = TryIn()
