"""What a draft does to all stored accounts, beside the version in force: for its approver to see.

It is counted exactly, however many accounts there are, by half of the processors, in pages and without a transaction
that lasts: whoever serves goes on. What is counted names no account: drafts are never changed, and accounts are erased.
The most affected accounts are kept apart, where an erasure takes them away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from engine.comparing import groupings, methods_of
from engine.population.answers import Asking
from engine.windows import begins
from policies.model import Text
from policies.versions import PolicyVersion
from service.clock import spoken
from service.database import Database
from service.impact import Accounts, Change, Chosen, Decisions, Sample, effect_of, processors
from service.impact_report import Words, affected, best, figures, how_asked, not_met, said, sentences, undecided

Affected = tuple[str, dict[str, Any]]
"""An account, and what becomes of the answer to it, as plain data without its id."""
Step = Callable[[int], None]
Watch = Callable[[int], Step]
"""Is told how many accounts there are, and gives what is told of each page of them."""


def impact_of(
    database: Database, before: PolicyVersion, after: PolicyVersion, now: datetime, watch: Watch
) -> tuple[dict[str, Any], Sequence[Affected]]:
    """What a text does to the accounts, as plain data, and the most affected ones. They ask now, or on its first day if
    that is later.
    """
    starts = begins(after.policy.starts, ZoneInfo(after.policy.timezone))
    at = max(now.replace(microsecond=0), starts)
    by = next(iter(groupings(before.policy, after.policy)))
    asking = Asking(at, methods_of(before.policy, after.policy), "all", {})
    accounts = Accounts(database, after.policy.id)
    change = Change(before, after, by, asking)
    effect = effect_of(change, accounts, max(1, processors() // 2), watch(accounts.looked_at))
    words = Words(before, after, by, at.date())
    told = [
        how_asked(asking.request),
        *sentences("accounts", effect, words),
        *not_met(before, after, effect),
        *_of_decisions(database, replace(change, asking=None), at, words),
    ]
    counted = {
        "beside": before.number,
        "as_of": spoken(at),
        "currency": after.policy.currency,
        "by": {"fact": by, **words.fact()},
        "looked_at": accounts.looked_at,
        "accounts_changed": effect.accounts_changed,
        "best": best(effect),
        "sentences": told,
        **figures(effect, words),
        "undecided": undecided(effect),
    }
    return counted, [(each.before.account_id, affected(each)) for each in effect.affected]


def _of_decisions(database: Database, change: Change, at: datetime, words: Words) -> Iterator[dict[str, Any]]:
    """What the text does to the decisions of some weeks, which were asked for in all the ways that there are."""
    policy = change.after.policy
    zone = ZoneInfo(policy.timezone)
    first = at.astimezone(zone).date() - WEEKS_LOOKED_BACK
    stored = Decisions(database, policy.id, zone, Chosen(first=first), Sample(MOST_DECISIONS, 0))
    if not stored.looked_at:
        return
    effect = effect_of(change, stored, 1, lambda _: None)
    yield said(_DECIDED_AGAIN, count=f"{stored.looked_at:,}", stored=f"{stored.rows:,}", first=str(first))
    yield from sentences("decisions", effect, words)


WEEKS_LOOKED_BACK = timedelta(weeks=4)
MOST_DECISIONS = 1_000
"""Of more decisions than these, so many are drawn: a check must end in its time."""
_DECIDED_AGAIN = Text(
    "{first}부터 저장된 결정 {stored}건 중 {count}건을 같은 사실로 다시 결정했습니다.",
    "Of the {stored} decisions stored since {first}, {count} were made again on their facts.",
)
