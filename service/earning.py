"""What one account earns by each rule in force: its stored facts read, and what the engine says of them answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from engine.cases import BadCase, read_day_case
from engine.own_earning import own_ways
from service.answers import own_earning_answer
from service.clock import spoken
from service.errors import Refusal
from service.judging import unfit
from service.ledger import StoredAccount
from service.publishing import Versions, local_day_of


def earning_of(versions: Versions, account: StoredAccount, now: datetime, language: str) -> dict[str, Any]:
    """The ways to earn as they are for an account today, as the API answers them. Raises Refusal."""
    compiled = versions.in_force(account.policy, now)
    if compiled is None:
        raise Refusal("not-in-force", policy=account.policy, day=spoken(now))
    day = local_day_of(compiled, now)
    try:
        case = read_day_case(compiled.policy, {"account": account.facts, "lots": [], "day": day.isoformat()})
    except BadCase as error:
        raise unfit(error, stored_account=True) from None
    ways = own_ways(compiled, case.account, day)
    return own_earning_answer(compiled.version, account.id, ways, day, language)
