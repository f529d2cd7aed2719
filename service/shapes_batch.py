"""What the API takes many of at once; read strictly, as `shapes.py` does."""

from __future__ import annotations

from service.shapes import Checked, Strict, judged_alone, list_of

MOST_ITEMS = 1_000


class DecisionsIn(Strict):
    """What many decisions are asked on; each is judged or refused by itself."""

    items = Checked(
        list_of(MOST_ITEMS, "too-many-items"),
        "not-a-list",
        {"type": "array", "maxItems": MOST_ITEMS, "items": judged_alone("DecisionIn")},
        about="Each is what `POST /v1/decisions` takes; any other is refused by itself.",
        required=True,
    )


DECISIONS_IN = DecisionsIn()
