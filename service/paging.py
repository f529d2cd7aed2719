"""Where a page of a list begins, and of whom it is: something that is there, or the caller is told that it is not.

Behind an id that a list never had it would begin anywhere; and a list of nobody's would be empty, as if all were well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from service.database import Database, rows
from service.errors import FieldError, Refusal

OF_ACCOUNT: Mapping[str, str] = {
    "refund-requests": "SELECT 1 FROM refund_request WHERE id = ? AND account_id = ?",
    "events": "SELECT 1 FROM event WHERE id = ? AND account_id = ?",
    "entries": "SELECT 1 FROM ledger_entry JOIN lot ON lot.id = lot_id WHERE ledger_entry.id = ? AND account_id = ?",
    "notices": "SELECT 1 FROM notice WHERE id = ? AND account_id = ?",
    "inquiries": "SELECT 1 FROM inquiry WHERE id = ? AND account_id = ?",
    "messages": "SELECT 1 FROM message WHERE id = ? AND account = ?",
    "shadow/differences": "SELECT 1 FROM shadow_difference WHERE decision_id = ? AND shadow_id = ?",
}
"""Whether a list of one account, or the list of one shadow, has something, whatever state it is in by now."""
OF_ALL: Mapping[str, str] = {
    "refund-requests": "SELECT 1 FROM refund_request WHERE id = ?",
    "events": "SELECT 1 FROM event WHERE id = ?",
    "inquiries": "SELECT 1 FROM inquiry WHERE id = ?",
    "messages": "SELECT 1 FROM message WHERE id = ?",
    "deliveries": "SELECT 1 FROM delivery WHERE id = ?",
    "policies/drafts": "SELECT 1 FROM policy_draft WHERE id = ?",
}
KNOWN: Mapping[str, str] = {
    "account": "SELECT 1 FROM account WHERE id = ?",
    "webhook": "SELECT 1 FROM webhook WHERE id = ? AND state <> 'removed'",
}
"""What a list may be narrowed to by its id."""


def next_page(path: str, page: Mapping[str, object], shown: Sequence[Mapping[str, Any]], *, more: bool) -> str | None:
    """Where the page behind the one that is shown is, asked for as this one was; None where there is no more."""
    return f"{path}?{urlencode({**page, 'after': shown[-1]['id']})}" if more else None


def check_page(
    database: Database, what: str, after: object, account: str | None = None, webhook: str | None = None
) -> None:
    """Refuse a page of `/v1/{what}` behind something that is not in the list, or of nobody's. Raises Refusal."""
    for name, named in (("account", account), ("webhook", webhook)):
        if named is not None and not rows(database, KNOWN[name], (named,)):
            raise Refusal("not-found", [FieldError.in_parameter(name, "unknown")], what=f"/v1/{what}?{name}={named}")
    check_begin(database, what, after, account)


def check_begin(database: Database, what: str, after: object, account: str | None = None) -> None:
    """Refuse a page behind something that is not in the list of all accounts, or of one. Raises Refusal."""
    if after is None:
        return
    found = (
        rows(database, OF_ALL[what], (after,))
        if account is None
        else rows(database, OF_ACCOUNT[what], (after, account))
    )
    if not found:
        raise Refusal("bad-request", [FieldError.in_parameter("after", "not-in-the-list")])
