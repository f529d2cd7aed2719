"""What a role is shown of where money goes: the one place that masks it, for every answer.

Whoever only talks to members needs to tell one receiving account from another, and no more. An auditor is shown all of
it: the leaves of the log can be checked as they are, or not at all.
"""

from __future__ import annotations

from typing import Any

from service.reads import MEMBERS, Reader

SEEING_WHOLE = frozenset({"caller", "approver", "auditor", "operator"})
"""Those who pay out, decide where to, or check it."""
MASK = "****"
SHOWN = 4
LEAST_HIDDEN = 4
HISTORY = "history"
"""Where earlier refunds stand in a case; `account_id` says who else was paid to the same receiving account."""
WORKED_ON = {"moves": "by", "entries": "agent"}
"""Where it stands who did something: in the moves of a request, and in what was said about an inquiry."""
MASKED = frozenset({"receiving_account", "account_id"})


def masked(data: Any, reader: Reader | None) -> Any:
    """The data of an answer as far as whoever asks may see it.

    >>> masked({"receiving_account": "110-222-333333"}, Reader("desk", "K-1", ("agent",)))
    {'receiving_account': '****3333'}
    """
    if reader is None or not reader.roles or SEEING_WHOLE & set(reader.roles):
        return data
    return _masked(data if reader.account is None else _own(data, reader.account))


def _own(data: Any, account: str) -> Any:
    """The same data as its member is shown them: without the earlier refunds of others, who were paid to the same
    receiving account, and without the names of those who work on it.
    """
    if isinstance(data, list | tuple):
        return [_own(each, account) for each in data]
    if not isinstance(data, dict):
        return data
    return {name: _own_part(name, each, account) for name, each in data.items()}


def _own_part(name: str, part: Any, account: str) -> Any:
    if name == HISTORY:
        return [past for past in part if past["account_id"] == account]
    if name in WORKED_ON:
        return [_by_nobody(each, WORKED_ON[name]) for each in part]
    return _own(part, account)


def _by_nobody(done: dict[str, Any], who: str) -> dict[str, Any]:
    # The entries of the FAQ are nobody's.
    return {**done, who: None} if done.get(who, MEMBERS) != MEMBERS else done


def _masked(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _mask(each) if name in MASKED else _masked(each) for name, each in data.items()}
    return [_masked(each) for each in data] if isinstance(data, list | tuple) else data


def _mask(value: Any) -> Any:
    if not isinstance(value, str) or not value:
        return value
    return MASK + value[-SHOWN:] if len(value) >= SHOWN + LEAST_HIDDEN else MASK
