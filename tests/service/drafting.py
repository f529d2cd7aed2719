"""A programme whose scenarios notice every nudge, to be drafted, approved and withdrawn."""

from __future__ import annotations

from datetime import datetime

from service import drafts, reference_examples
from service.database import Database
from service.drafts import Draft
from service.publishing import Listed, Versions
from service.reads import Reader
from tests.service.builders import NOW

RULES, SCENARIOS = reference_examples.TEXTS["rules"], reference_examples.TEXTS["scenarios"]
AUTHOR = Reader("kim", "K-1", ("author",))
APPROVER = Reader("lee", "K-2", ("approver",))


def texts(at_most: int = 5_000) -> tuple[str, str]:
    """The rules with another limit, and scenarios that hold it."""
    limit, above = f"{at_most:_}", f"{at_most + 1:_}"
    rules = RULES.replace("5_000", limit)
    rest = at_most - 4_000
    scenarios = SCENARIOS.replace("5_000", limit).replace("5_001", above).replace("new: 1_000", f"new: {rest:_}")
    return rules, scenarios


def ready(database: Database, at_most: int = 5_000, now: datetime = NOW) -> Draft:
    """A draft that passed."""
    made = drafts.draft(database, *texts(at_most), AUTHOR, now)
    return drafts.check(database, Versions(database, 4), made.id, now)


def approved(
    database: Database, at_most: int = 5_000, now: datetime = NOW, effective_from: datetime | None = None
) -> Listed:
    """A version that was drafted and approved."""
    made = ready(database, at_most, now)
    return drafts.approve(database, made.id, made.seen or "", effective_from, APPROVER, now)
