"""What the commands share that do what the API does: who asks, and how they are told that they may not."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from service.commands._files import Unusable

if TYPE_CHECKING:
    from service.config import IdentityProvider, Settings
    from service.database import Database
    from service.reads import Reader

KEY = "RECOUP_KEY"


@contextmanager
def told(lang: str) -> Iterator[None]:
    """What is refused is told in a line, and ends the command with 2; problems of files end it with 1."""
    from service.errors import Refusal, problem_data

    try:
        yield
    except Refusal as refusal:
        problems: Any = refusal.figures.get("problems", [])
        for each in problems:
            click.echo(f"{each['file']}:{each['line']}:{each['column']}: {each[lang]}")
        if problems:
            raise SystemExit(1) from None
        said = problem_data(refusal.code, (), refusal.figures, lang)
        # Of a field the option is told by which it was given: who typed a command has sent no body.
        wrong = [f"{_option(each.where)}: {each.text.in_language(lang)}" for each in refusal.errors]
        raise Unusable(" ".join(wrong) or f"{said['title']} {said['detail']}") from None


def _option(where: Mapping[str, str]) -> str:
    field = next(iter(where.values()))
    return _OPTIONS.get(field, field)


_OPTIONS = {"#/effective_from": "--from", "#/seen": "--seen", "#/reason": "--reason", "#/version": "--version"}


def who_asks(database: Database, settings: Settings, *roles: str) -> Reader:
    """Who runs the command, with one of these roles, by the same table as over the API. Raises Unusable."""
    from service import access_keys
    from service.clock import utc_now
    from service.database import reading
    from service.reads import ANYONE, Reader

    if settings.access == "open":
        return ANYONE
    sent = os.environ.get(KEY, "")
    # No key has a dot, and every token has.
    if "." in sent and settings.identity_provider is not None:
        return _holder(settings.identity_provider, sent, roles)
    with reading(database):
        key = access_keys.find(database, sent)
    has = [role for role in roles if key is not None and role in key.roles]
    if key is None or key.state(utc_now()) != "valid" or not has:
        named = " or ".join(roles)
        raise Unusable(f"{KEY} has to be a valid API key with the role {named}; `recoup access create` makes one")
    return Reader(key.name, key.id, tuple(has))


def _holder(provider: IdentityProvider, token: str, roles: Sequence[str]) -> Reader:
    """Who holds a token of the identity provider. Raises Unusable, BadSetting."""
    from service.clock import utc_now
    from service.field_texts import FIELD_TEXTS
    from service.token_keys import NoKeys
    from service.tokens import BadToken, Tokens

    try:
        holder = Tokens(provider, utc_now).holder(token)
    except BadToken as error:
        raise Unusable(f"{KEY} {FIELD_TEXTS[error.code].en.format_map(error.figures)}") from None
    except NoKeys:
        raise Unusable("the keys of the identity provider cannot be read now") from None
    has = tuple(role for role in roles if role in holder.roles)
    if not has:
        raise Unusable(f"{KEY} has to be a token with the role {' or '.join(roles)}, as OIDC_ROLES says")
    return replace(holder, roles=has)
