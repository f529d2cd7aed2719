"""Signing in to the pages with a key, a token of the identity provider, or a member's token; and out again."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, g, request, url_for

from service import sessions
from service.access import holder_of
from service.database import reading, rows, writing
from service.errors import Refusal
from service.pages.asking import API
from service.pages.forms import spellings
from service.pages.site import COOKIE, back_to, own_address, page, remember
from service.parts import parts
from service.reads import ANYONE, Reader
from service.roles import MEMBER, ROLES

blueprint = Blueprint("signing_in", __name__)

HOMES = {
    MEMBER: "/member",
    "agent": "/agent",
    "approver": "/agent",
    "author": "/author",
    "auditor": "/auditor",
}
"""Where each role begins; a role that is not named works with the API alone."""
TRIED = (MEMBER, "agent", "approver", "author", "auditor")
"""As whom the pages can be tried where no key is asked for."""
EXAMPLE = "A-0001"
SELECT_ACCOUNT = "SELECT 1 FROM account WHERE id = ?"


@blueprint.get("/")
def root() -> Response:
    """The first page."""
    return start()


@blueprint.get("/start")
def start() -> Response:
    """Where somebody signs in, or goes on from."""
    return _start()


@blueprint.post("/sign-in")
def sign_in() -> Response:
    """Sign in with what was sent, and go on to where one was going."""
    now = parts().clock()
    trying = request.form.get("try_as", "")
    if trying and parts().settings.access == "open":
        reader = _trying(trying)
        if reader is None:
            return _start("no-account", 400)
    else:
        secret = request.form.get("key", "").strip()
        try:
            with current_app.extensions[API].app_context():
                reader = holder_of(f"Bearer {secret}" if secret else None, now)
        except Refusal as refusal:
            return _start(refusal.errors[0].text.in_language(g.language) if refusal.errors else refusal.code, 401)
    homes = [HOMES[role] for role in reader.roles if role in HOMES]
    kept = writing(parts().database, lambda: sessions.make(parts().database, reader, now))
    return remember(back_to(own_address(request.form.get("next"), homes[0] if homes else "/start")), kept)


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """Sign out; to sign in anew and go on where that was asked for."""
    secret = request.cookies.get(COOKIE, "")
    writing(parts().database, lambda: sessions.end(parts().database, secret))
    following = own_address(request.form.get("next"), "")
    answer = back_to(url_for("signing_in.start", next=following) if following else "/start")
    answer.delete_cookie(COOKIE, path="/")
    return answer


def _trying(role: str) -> Reader | None:
    """Somebody who tries the pages where no key is asked for; None for an account that is not there."""
    if role != MEMBER:
        return Reader(ANYONE.name, "", (role,)) if role in ROLES else None
    wanted = request.form.get("account", "").strip() or EXAMPLE
    with reading(parts().database):
        found = [each for each in spellings(wanted) if rows(parts().database, SELECT_ACCOUNT, (each,))]
    return Reader(ANYONE.name, "", (MEMBER,), found[0]) if found else None


def _start(mistake: str = "", status: int = 200) -> Response:
    reader = g.reader
    return page(
        "start.html",
        status,
        mistake=mistake,
        next=own_address(request.values.get("next"), ""),
        homes={role: HOMES[role] for role in (reader.roles if reader else ()) if role in HOMES},
        trying=TRIED if parts().settings.access == "open" else (),
        example=request.form.get("account", "").strip() or EXAMPLE,
    )
