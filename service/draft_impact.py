"""What a draft does to all stored accounts, beside the version in force: for its approver to see.

It is counted exactly, however many accounts there are, by half of the processors, in pages and without a transaction
that lasts: whoever serves goes on. What is kept names no account: drafts are never changed, and accounts are erased.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.comparing import groupings, methods_of
from engine.population.answers import Asking
from engine.windows import begins
from policies.versions import PolicyVersion
from service.clock import spoken
from service.database import Database
from service.impact import Accounts, Change, effect_of, processors
from service.impact_report import Words, best, figures, sentences, undecided

Step = Callable[[int], None]
Watch = Callable[[int], Step]
"""Is told how many accounts there are, and gives what is told of each page of them."""


def impact_of(
    database: Database, before: PolicyVersion, after: PolicyVersion, now: datetime, watch: Watch
) -> dict[str, Any]:
    """What a text does to the accounts, as plain data. They ask now, or on its first day if that is later."""
    starts = begins(after.policy.starts, ZoneInfo(after.policy.timezone))
    at = max(now.replace(microsecond=0), starts)
    by = next(iter(groupings(before.policy, after.policy)))
    asking = Asking(at, methods_of(before.policy, after.policy), "all", {})
    accounts = Accounts(database, after.policy.id)
    change = Change(before, after, by, asking)
    effect = effect_of(change, accounts, max(1, processors() // 2), watch(accounts.looked_at))
    words = Words(before, after, by, at.date())
    return {
        "beside": before.number,
        "as_of": spoken(at),
        "currency": after.policy.currency,
        "by": {"fact": by, **words.fact()},
        "looked_at": accounts.looked_at,
        "accounts_changed": effect.accounts_changed,
        "best": best(effect),
        "sentences": [*sentences("accounts", effect, words)],
        **figures(effect, words),
        "undecided": undecided(effect),
    }
