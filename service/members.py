"""Accounts as calling systems open and change them: the facts that rules ask for, under an opaque id.

No name, number or address is among them: what a rule needs to know of a person's identity and contact data is a level,
a flag and a day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from engine.cases import BadCase, read_day_case
from engine.compiled import CompiledVersion
from engine.facts import day_case_data
from engine.reading import parts_of, shown
from service import ledger
from service.claims import Claims
from service.clock import spoken
from service.database import Database, lock, writing
from service.errors import FieldError, Refusal, pointer
from service.ledger import StoredAccount
from service.publishing import Versions, local_day_of


def put(
    database: Database, versions: Versions, id: str, policy: str, facts: Mapping[str, Any], now: datetime
) -> tuple[StoredAccount, bool]:
    """Open an account, or replace the facts of one that is open; and whether it is new. Raises Refusal, Unavailable.

    What the service keeps by itself, `KEPT`, stays as it is where it is not given. Any other fact that is left out
    would fall back to its default, and a suspension or a debt be gone without a word: such a replacement is refused.
    """

    def work() -> tuple[StoredAccount, bool]:
        # An account that is not there cannot be locked: two that open it at once meet here.
        lock(database, f"recoup:account:{id}")
        known = ledger.find_account(database, id, locked=True)
        if known is not None and known.policy != policy:
            raise Refusal("other-policy", policy=known.policy)
        if policy not in versions.policies():
            known_policies = ", ".join(versions.policies())
            mistake = FieldError.at(("policy",), "unknown-policy", known=known_policies or "-")
            raise Refusal("unknown-policy", [mistake], known=known_policies)
        _check_id(id, facts)
        compiled = _in_force(versions, policy, now)
        kept = {} if known is None else {name: known.facts[name] for name in KEPT}
        account = _read(compiled, {**kept, **facts, "id": id}, facts, now)
        if known is None:
            ledger.open_accounts(database, [account], now)
        else:
            _check_left_out(known.facts, account.facts, facts)
            _check_kept(known.facts, account.facts)
            _keep(database, known, account, now)
        return account, known is None

    return writing(database, work)


def change(database: Database, versions: Versions, id: str, facts: Mapping[str, Any], now: datetime) -> StoredAccount:
    """Change some facts of an account, as RFC 7396 has it: null is the default. Raises Refusal, Unavailable.

    The policy may stand among them as it is.
    """

    def work() -> StoredAccount:
        known = ledger.find_account(database, id, locked=True)
        if known is None:
            raise Refusal("not-found", what=f"/v1/accounts/{id}")
        if facts.get("policy", known.policy) != known.policy:
            raise Refusal("other-policy", policy=known.policy)
        _check_id(id, facts)
        compiled = _in_force(versions, known.policy, now)
        # What an older text declared, and this one does not, is kept no longer.
        before = {name: value for name, value in known.facts.items() if _is_fact(compiled, name)}
        changes = {name: value for name, value in facts.items() if name != "policy"}
        merged = {**before, **changes, "id": id}
        asked = {name: value for name, value in merged.items() if value is not None or name not in before}
        account = _read(compiled, asked, changes, now)
        _keep(database, known, account, now)
        return account

    return writing(database, work)


def _keep(database: Database, known: StoredAccount, account: StoredAccount, now: datetime) -> None:
    more = account.facts["points_debt"] - known.facts["points_debt"]
    if more:
        Claims(database, account.id, now).change_debt(more)
    ledger.change_account(database, account)


# Events are what changes these; a calling system may set them all the same, with PATCH, as when a debt of points is
# paid. PUT sends back what was read before, and an event may have come since.
KEPT = ("points_debt", "activity_days", "last_activity_on")


# Each is a day on which something happened.
PAST_DAYS = ("joined_on", "born_on", "contact_changed_on", "last_activity_on", "activity_days")
HIGHEST_LEVEL = 100
"""Of identity levels. No scale in use has a tenth of them; a larger number is a slip, and would open every door."""


def _check_id(id: str, facts: Mapping[str, Any]) -> None:
    """An account that was read and is sent back has its id in it; any other id is a mistake."""
    if facts.get("id", id) != id:
        raise Refusal("bad-request", [FieldError.at(("id",), "another-id", id=id)])


def _check_left_out(before: Mapping[str, Any], after: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Facts that nobody gave must not change."""
    lost = [name for name, value in after.items() if name not in given and before.get(name, value) != value]
    if lost:
        mistakes = [FieldError.at((name,), "left-out", now=shown(before[name])) for name in lost]
        raise Refusal("facts-left-out", mistakes)


def _check_kept(before: dict[str, Any], after: Mapping[str, Any]) -> None:
    """What events change is not set back by a body that was read before one of them came."""
    stale = [name for name in KEPT if _in_order(before)[name] != after[name]]
    if stale:
        mistakes = [FieldError.at((name,), "kept", now=shown(before[name])) for name in stale]
        raise Refusal("kept-facts-differ", mistakes)


def _in_force(versions: Versions, policy: str, now: datetime) -> CompiledVersion:
    compiled = versions.in_force(policy, now)
    if compiled is None:
        raise Refusal("not-in-force", policy=policy, day=spoken(now))
    return compiled


def _is_fact(compiled: CompiledVersion, name: str) -> bool:
    return name in ("id", *ledger.ACCOUNT_FACTS) or f"account.{name}" in compiled.policy.facts


def _read(
    compiled: CompiledVersion, facts: Mapping[str, Any], given: Mapping[str, Any], now: datetime
) -> StoredAccount:
    """The account with every fact named, as the policy in force reads it; what was `given` has to be plausible."""
    today = local_day_of(compiled, now)
    data = {"account": facts, "lots": [], "day": today.isoformat()}
    try:
        complete: dict[str, Any] = day_case_data(read_day_case(compiled.policy, data))["account"]
    except BadCase as error:
        mistakes = [
            FieldError({"pointer": pointer(parts_of(path)[1:])}, mistake.text) for path, mistake in error.mistakes
        ]
        raise Refusal("bad-request", mistakes) from None
    mistakes = list(_implausible({name: value for name, value in complete.items() if name in given}, today))
    if mistakes:
        raise Refusal("bad-request", mistakes)
    return StoredAccount(compiled.policy.id, _in_order(complete))


def _in_order(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts with the days of activity as events keep them: each once, the earliest first."""
    return {**facts, "activity_days": sorted(set(facts["activity_days"]))}


def _implausible(facts: Mapping[str, Any], today: date) -> Iterator[FieldError]:
    """What no account can have: days to come on which something happened, and levels beyond every scale."""
    for name in PAST_DAYS:
        found = facts.get(name)
        days = [((name, n), day) for n, day in enumerate(found)] if isinstance(found, list) else [((name,), found)]
        for path, day in days:
            if day is not None and day > today.isoformat():
                yield FieldError.at(path, "day-to-come", written=day, today=today)
    if not 0 <= facts.get("identity_level", 0) <= HIGHEST_LEVEL:
        yield FieldError.at(("identity_level",), "not-in-range", least=0, most=HIGHEST_LEVEL)
