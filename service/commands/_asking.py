"""What the commands share that do what the API does: who asks, and how they are told that they may not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from service.commands._files import Unusable

if TYPE_CHECKING:
    from service.config import Settings
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
        wrong = [f"{next(iter(each.where.values()))}: {each.text.in_language(lang)}" for each in refusal.errors]
        raise Unusable(" ".join([f"{said['title']} {said['detail']}", *wrong])) from None


def who_asks(database: Database, settings: Settings, *roles: str) -> Reader:
    """Who runs the command, with one of these roles, by the same table as over the API. Raises Unusable."""
    from service import access_keys
    from service.clock import utc_now
    from service.database import reading
    from service.reads import ANYONE, Reader

    if settings.access == "open":
        return ANYONE
    with reading(database):
        key = access_keys.find(database, os.environ.get(KEY, ""))
    has = [role for role in roles if key is not None and role in key.roles]
    if key is None or key.state(utc_now()) != "valid" or not has:
        named = " or ".join(roles)
        raise Unusable(f"{KEY} has to be a valid API key with the role {named}; `recoup access create` makes one")
    return Reader(key.name, key.id, tuple(has))
