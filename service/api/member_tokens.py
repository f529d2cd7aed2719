"""/v1/member-tokens: a token by which a member asks for its own account."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, g

from service import ledger, member_tokens
from service.clock import spoken
from service.database import writing
from service.errors import FieldError, Refusal
from service.intake import body
from service.parts import answered, parts
from service.shapes_access import MEMBER_TOKEN_IN

blueprint = Blueprint("member-tokens", __name__)


@blueprint.post("/v1/member-tokens")
def make() -> Response:
    """Make a token for an account; the answer holds it, this once."""
    asked = body(MEMBER_TOKEN_IN)
    now = parts().clock().replace(microsecond=0)
    until = now + timedelta(minutes=asked["minutes"])
    token = writing(parts().database, lambda: _make(asked, until))
    return answered({"account": asked["account"], "token": token, "expires_at": spoken(until)}, 201)


def _make(asked: dict[str, Any], until: datetime) -> str:
    account = asked["account"]
    if ledger.find_account(parts().database, account) is None:
        raise Refusal("unknown-account", [FieldError.at(("account",), "unknown")], account=account)
    return member_tokens.make(parts().database, account, g.reader.key, until, parts().clock())
