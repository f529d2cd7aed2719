"""What is a member's own: its account and what is kept of it. Of everything else it is as if it were not there.

Whether something is the member's is asked before anything else is done with it, by one look for the id and the account
together: so what is another's, and what never was, take the same way to the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import g, request

from service.database import Database, reading, rows
from service.errors import FieldError, Refusal
from service.paging import OF_ACCOUNT
from service.reads import Reader

OWN: Mapping[str, str] = {
    "decisions": "SELECT 1 FROM decision WHERE id = ? AND account = ?",
    **{noun: OF_ACCOUNT[noun] for noun in ("refund-requests", "inquiries")},
}
NAMED = {"decision_id": "decisions", "refund_request_id": "refund-requests"}
"""What a body names by its id."""
OF_NOBODY = ("faq", "policies")
"""What is the same for everybody."""


def check_address(database: Database, address: str, named: Mapping[str, Any], reader: Reader) -> None:
    """Refuse a member what is not its own, by what an address names. Raises Refusal."""
    # Whoever has a key may ask for addresses that are of no noun, such as the metrics.
    if reader.account is None or not named:
        return
    noun = address.split("/")[2]
    if noun in OF_NOBODY:
        return
    wanted = named["id"]
    own = wanted == reader.account if noun == "accounts" else _is_own(database, noun, wanted, reader.account)
    if not own:
        raise Refusal("not-found", what=f"/v1/{noun}/{wanted}")


def check_account(asked: Mapping[str, Any]) -> None:
    """Refuse a member a body about another account than its own. Raises Refusal."""
    own, account = g.reader.account, asked["account"]
    if own is None:
        return
    if not isinstance(account, str):
        raise Refusal("bad-request", [FieldError.at(("account",), "only-by-its-id")])
    if account != own:
        raise Refusal("unknown-account", [FieldError.at(("account",), "unknown")], account=account)


def check_named(database: Database, asked: Mapping[str, Any]) -> None:
    """Refuse a member a body that names something of another account. Raises Refusal."""
    own = g.reader.account
    for name, noun in NAMED.items():
        if own is not None and name in asked and not _is_own(database, noun, asked[name], own):
            raise Refusal("bad-request", [FieldError.at((name,), "unknown")])


def narrowed(page: Mapping[str, Any]) -> dict[str, Any]:
    """A page of a list over all accounts, for a member of its own account only. Raises Refusal."""
    own = g.reader.account
    if own is None:
        return dict(page)
    asked = page.get("account", own)
    if asked != own:
        what = f"{request.path}?account={asked}"
        raise Refusal("not-found", [FieldError.in_parameter("account", "unknown")], what=what)
    return {**page, "account": own}


def key_of(key: str) -> str:
    """An idempotency key as it is kept: those of a member are its own, whatever keys others choose."""
    # No key and no account has a line of its own in it.
    return key if g.reader.account is None else f"{g.reader.name}\n{g.reader.account}\n{key}"


def in_own_name(asked: Mapping[str, Any], field: str) -> dict[str, Any]:
    """A body that says who acts. The holder of a token acts by its own name, which may be left out. Raises Refusal."""
    reader: Reader = g.reader
    if not reader.alone:
        return dict(asked)
    if asked.get(field, reader.name) != reader.name:
        raise Refusal("bad-request", [FieldError.at((field,), "not-who-asks", who=reader.name)])
    return {**asked, field: reader.name}


def _is_own(database: Database, noun: str, id: str, account: str) -> bool:
    with reading(database):
        return bool(rows(database, OWN[noun], (id, account)))
