"""What a member sees."""

from __future__ import annotations

from flask import Blueprint, Response, g

from service.pages.asking import address, asked
from service.pages.site import only, page
from service.roles import MEMBER

blueprint = Blueprint("member", __name__, url_prefix="/member")
blueprint.before_request(only(MEMBER))


@blueprint.get("")
def home() -> Response:
    """The balance."""
    return page("member.html", balance=asked("GET", address("accounts", g.reader.account, "balance")))
