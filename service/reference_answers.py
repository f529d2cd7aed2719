"""Example answers for the reference: what a service with example accounts answered to a request of each operation.

`python -m tests.reference_answers` asks for them anew, after the shape of an answer has changed.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "static" / "reference" / "answers.json"


@cache
def _answers() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_text("utf-8"))
    return found


def answer_of(address: str, status: int) -> dict[str, Any]:
    """The example of one answer, as a part of what is said of a media type; none, where there is none."""
    of_address = _answers().get(address, {})
    return {"example": of_address[str(status)]} if str(status) in of_address else {}
