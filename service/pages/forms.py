"""What the forms of the pages have in common: keys that make a change happen once, amounts and days as people write."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any

from policies.model import Text

NOT_A_NUMBER = Text("포인트는 숫자로 적어 주세요. 예: 20000", "Write the points as a number, such as 20000.")
NOTHING_ASKED = Text("환급받을 포인트를 적어 주세요.", "Say how many points you want refunded.")
NOT_A_DAY = Text("날짜는 2026-03-02처럼 적어 주십시오.", "Write the day as in 2026-03-02.")
MOST_DIGITS = 15


def fresh_key() -> str:
    """An idempotency key for a form that is being shown."""
    return secrets.token_urlsafe(16)


def after_of(found: Mapping[str, Any]) -> str | None:
    """Where the next page of a list begins; None where there is none."""
    following = found["next"]
    return following.partition("after=")[2].partition("&")[0] if following else None


def points_of(written: Mapping[str, str]) -> tuple[int | str, Text | None]:
    """The points that a form asks for, or "all", and what is wrong with them."""
    if written.get("all"):
        return "all", None
    text = written.get("points", "").strip().replace(",", "").removesuffix("포인트").strip()
    if not text:
        return "all", NOTHING_ASKED
    if not (text.isascii() and text.isdigit()) or len(text) > MOST_DIGITS or int(text) == 0:
        return "all", NOT_A_NUMBER
    return int(text), None


def spellings(account: str) -> list[str]:
    """The ids that somebody may mean who wrote down what was heard: that itself first, then in capitals.

    >>> spellings("a-0007"), spellings("A-0007")
    (['a-0007', 'A-0007'], ['A-0007'])
    """
    return [*dict.fromkeys((account, account.upper()))]


def papers_of(written: Mapping[str, str]) -> tuple[list[dict[str, str]], dict[str, Text]]:
    """The papers that a form says were shown, with the days on which they were issued, and what is wrong with those.

    A paper with a day was shown, whether or not it was ticked.
    """
    papers, mistakes = [], {}
    for name in dict.fromkeys(field.partition(":")[2] for field in written if field.startswith(("paper:", "issued:"))):
        issued = written.get(f"issued:{name}", "").strip()
        if not issued and not written.get(f"paper:{name}"):
            continue
        try:
            papers.append({"paper": name, **({"issued_on": date.fromisoformat(issued).isoformat()} if issued else {})})
        except ValueError:
            mistakes[f"issued:{name}"] = NOT_A_DAY
    return papers, mistakes
