"""Who is let in, and what they are shown is recorded.

A key has roles, and so has a token of the identity provider; an address is for some of them (`roles.py`), and what that
table does not name, nobody may do. A member's token is for one account (`own.py`). Whoever is let in is a `Reader`: by
that name reads of decisions are recorded. What was sent is repeated in no answer, in no line of the log and in no row.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from functools import cache

from flask import g, request

from policies.model import Text
from service import access_keys, member_tokens, own, reads
from service.clock import stored, to_the_second
from service.database import Unavailable, connected, reading, writing
from service.errors import FieldError, Refusal
from service.parts import parts
from service.reads import ANYONE, Reader
from service.roles import OPEN, RIGHTS
from service.token_keys import NoKeys
from service.tokens import BadToken
from service.tracing import template

INSIDE = "recoup.reader"
"""Where a page that asks for somebody says for whom; no header of a request has such a name."""
BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE | re.ASCII)


def admit() -> None:
    """Let in who may ask this, and know who it is. Raises Refusal: no valid key, or no role that the address is for."""
    rule = request.url_rule
    if rule is None or request.method == "OPTIONS":
        # There is nothing at the address, or only what it takes is asked.
        return
    wanted = address_of("GET" if request.method == "HEAD" else request.method, rule.rule)
    if wanted in OPEN or (wanted == "GET /metrics" and parts().settings.metrics == "open"):
        return
    sent = request.headers.get("Authorization")
    signed_in: Reader | None = request.environ.get(INSIDE)
    if signed_in is None and parts().settings.access == "open" and not _of_a_member(sent):
        g.reader = ANYONE
        return
    holder, may = signed_in or holder_of(sent, parts().clock()), RIGHTS.get(wanted, ())
    held = [role for role in holder.roles if role in may]
    if not held:
        needed = Text(" 또는 ".join(may), " or ".join(may))
        refusal = Refusal("forbidden", what=wanted, needed=needed, roles=list(may), held=list(holder.roles))
        refusal.headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{" ".join(may)}"'
        raise refusal
    g.reader = replace(holder, roles=tuple(held))
    own.check_address(parts().database, wanted, request.view_args or {}, g.reader)


def record_reads(*decisions: str) -> None:
    """Record that whoever asks is shown these decisions, before they are. Raises Refusal where that cannot be kept:
    then nothing is shown.
    """
    if not decisions:
        return
    database, now = parts().database, parts().clock()
    # What is asked for was read strictly, so it is no longer than its parameters are.
    address = f"{request.method} {request.full_path.rstrip('?')}"
    try:
        writing(database, lambda: reads.record(database, g.reader, address, decisions, now))
    except Unavailable:
        refusal = Refusal("read-not-recorded")
        refusal.headers["Retry-After"] = "1"
        raise refusal from None


@cache
def address_of(method: str, rule: str) -> str:
    """A method and a route as the reference writes them.

    >>> address_of("GET", "/v1/audit/entries/<int:seq>")
    'GET /v1/audit/entries/{seq}'
    """
    return f"{method} {template(rule)}"


def _of_a_member(sent: str | None) -> bool:
    """Whether a token for one account was sent: where everybody may do everything, it still is for one account."""
    found = BEARER.fullmatch(sent or "")
    return found is not None and found[1].startswith(member_tokens.PREFIX)


def holder_of(sent: str | None, now: datetime) -> Reader:
    """Who holds the key or token that was sent, with all its roles. Raises Refusal."""
    if sent is None:
        raise _unauthorized("missing")
    found = BEARER.fullmatch(sent)
    if found is None:
        raise _unauthorized("not-a-bearer")
    if found[1].startswith(member_tokens.PREFIX):
        return _member(found[1], now)
    # No key has a dot, and every token of an identity provider has.
    if "." in found[1]:
        return _holder_of_token(found[1])
    return _holder_of_key(found[1], now)


def _holder_of_token(token: str) -> Reader:
    tokens = parts().tokens
    if tokens is None:
        raise _unauthorized("token-not-taken")
    try:
        return tokens.holder(token)
    except BadToken as error:
        raise _unauthorized(error.code, **error.figures) from None
    except NoKeys:
        refusal = Refusal("provider-unavailable")
        refusal.headers["Retry-After"] = "10"
        raise refusal from None


def _member(token: str, now: datetime) -> Reader:
    with reading(parts().database):
        found = member_tokens.find(parts().database, token, now)
    if found is None:
        raise _unauthorized("member-token-unknown")
    reader, until = found
    if until <= stored(now):
        raise _unauthorized("token-expired", at=to_the_second(until))
    return reader


def _holder_of_key(secret: str, now: datetime) -> Reader:
    # One statement sees one instant by itself; a transaction around it is two more ways to PostgreSQL and back.
    with connected(parts().database):
        key = access_keys.find(parts().database, secret)
    if key is None:
        raise _unauthorized("key-unknown")
    match key.state(now):
        case "revoked":
            raise _unauthorized("key-revoked", at=to_the_second(key.ended_at or ""))
        case "expired":
            raise _unauthorized("key-expired", at=to_the_second(key.expires_at))
    return Reader(key.name, key.id, key.roles)


def _unauthorized(code: str, **figures: object) -> Refusal:
    error = FieldError.in_header("Authorization", code, **figures)
    refusal = Refusal("unauthorized", [error])
    # RFC 6750: who sent nothing is told of no error; and what is told has no quotes in it.
    told = f', error_description="Authorization {error.text.en}"'.replace("`", "")
    refusal.headers["WWW-Authenticate"] = "Bearer" if code == "missing" else f'Bearer error="invalid_token"{told}'
    return refusal
