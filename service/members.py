"""Accounts as calling systems open and change them: the facts that rules ask for, under an opaque id.

No name, number or address is among them: what a rule needs to know of a person's identity and contact data is a level,
a flag and a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.cases import BadCase, read_day_case
from engine.compiled import CompiledVersion
from engine.facts import day_case_data
from service import ledger
from service.clock import spoken
from service.database import Database, lock, writing
from service.errors import FieldError, Refusal, pointer
from service.ledger import StoredAccount
from service.publishing import Versions, local_day_of


def put(
    database: Database, versions: Versions, id: str, policy: str, facts: Mapping[str, Any], now: datetime
) -> tuple[StoredAccount, bool]:
    """Open an account, or replace the facts of one that is open; and whether it is new. Raises Refusal, Unavailable.

    What the service keeps by itself, `KEPT`, stays as it is where it is not given.
    """

    def work() -> tuple[StoredAccount, bool]:
        # An account that is not there cannot be locked: two that open it at once meet here.
        lock(database, f"recoup:account:{id}")
        known = ledger.find_account(database, id, locked=True)
        if known is not None and known.policy != policy:
            raise Refusal("other-policy", policy=known.policy)
        if policy not in versions.policies():
            known_policies = ", ".join(versions.policies())
            raise Refusal("unknown-policy", [FieldError.at(("policy",), "unknown")], known=known_policies)
        kept = {} if known is None else {name: known.facts[name] for name in KEPT}
        account = _read(versions, policy, {**kept, **facts, "id": id}, now)
        if known is None:
            ledger.open_accounts(database, [account], now)
        else:
            ledger.change_account(database, account, now)
        return account, known is None

    return writing(database, work)


def change(database: Database, versions: Versions, id: str, facts: Mapping[str, Any], now: datetime) -> StoredAccount:
    """Change some facts of an account. Raises Refusal, Unavailable."""

    def work() -> StoredAccount:
        known = ledger.find_account(database, id, locked=True)
        if known is None:
            raise Refusal("not-found", what=f"/v1/accounts/{id}")
        account = _read(versions, known.policy, {**known.facts, **facts, "id": id}, now)
        ledger.change_account(database, account, now)
        return account

    return writing(database, work)


# Events are what changes these; a calling system may set them all the same, as when a debt of points is paid.
KEPT = ("points_debt", "activity_days", "last_activity_on")


def _read(versions: Versions, policy: str, facts: Mapping[str, Any], now: datetime) -> StoredAccount:
    """The account with every fact named, as the policy in force reads it."""
    compiled = versions.in_force(policy, now)
    if compiled is None:
        raise Refusal("not-in-force", policy=policy, day=spoken(now))
    return StoredAccount(policy, _complete(compiled, facts, now))


def _complete(compiled: CompiledVersion, facts: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    data = {"account": facts, "lots": [], "day": local_day_of(compiled, now).isoformat()}
    try:
        complete: dict[str, Any] = day_case_data(read_day_case(compiled.policy, data))["account"]
    except BadCase as error:
        mistakes = [
            FieldError({"pointer": pointer(path.split(".")[1:])}, mistake.text) for path, mistake in error.mistakes
        ]
        raise Refusal("bad-request", mistakes) from None
    return complete
