"""Who is let in, and what they are shown is recorded.

A key has roles, and an address is for some of them (`roles.py`); what that table does not name, nobody may do. Whoever
is let in is a `Reader`: by that name reads of decisions are recorded.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache

from flask import g, request

from policies.model import Text
from service import access_keys, reads
from service.clock import to_the_second
from service.database import Unavailable, reading, writing
from service.errors import FieldError, Refusal
from service.parts import parts
from service.reads import ANYONE, Reader
from service.roles import OPEN, RIGHTS
from service.tracing import template

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
    if parts().settings.access == "open":
        g.reader = ANYONE
        return
    holder, may = _holder(parts().clock()), RIGHTS.get(wanted, ())
    held = [role for role in holder.roles if role in may]
    if not held:
        needed = Text(" 또는 ".join(may), " or ".join(may))
        refusal = Refusal("forbidden", what=wanted, needed=needed, roles=list(may), held=list(holder.roles))
        refusal.headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{" ".join(may)}"'
        raise refusal
    g.reader = Reader(holder.name, holder.key, tuple(held))


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


def _holder(now: datetime) -> Reader:
    """Who holds the key that was sent, with all roles of the key. Raises Refusal."""
    sent = request.headers.get("Authorization")
    if sent is None:
        raise _unauthorized("missing")
    found = BEARER.fullmatch(sent)
    if found is None:
        raise _unauthorized("not-a-bearer")
    with reading(parts().database):
        key = access_keys.find(parts().database, found[1])
    if key is None:
        raise _unauthorized("key-unknown")
    match key.state(now):
        case "revoked":
            raise _unauthorized("key-revoked", at=to_the_second(key.ended_at or ""))
        case "expired":
            raise _unauthorized("key-expired", at=to_the_second(key.expires_at))
    return Reader(key.name, key.id, key.roles)


def _unauthorized(code: str, **figures: object) -> Refusal:
    refusal = Refusal("unauthorized", [FieldError.in_header("Authorization", code, **figures)])
    # RFC 6750: who sent nothing is told of no error.
    refusal.headers["WWW-Authenticate"] = "Bearer" if code == "missing" else 'Bearer error="invalid_token"'
    return refusal
