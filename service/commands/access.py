"""`recoup access`: the API keys, by which others may ask this service. (`recoup audit` is about those that sign.)"""

from __future__ import annotations

from datetime import timedelta

import click

from service.commands._database import opened
from service.commands._files import Unusable
from service.roles import ROLES

MOST_DAYS = 3_650

EPILOG = """\b
Examples:
  recoup access create billing --role caller
  recoup access create external-audit-2026 --role auditor --days 30
  recoup access list
"""


@click.group(epilog=EPILOG)
def command() -> None:
    """Make, list and revoke the API keys by which others may ask this service."""


@command.command()
@click.argument("name")
@click.option(
    "--role", "roles", multiple=True, required=True, type=click.Choice(ROLES), help="What it is for; may be repeated."
)
@click.option(
    "--days", type=click.IntRange(1, MOST_DAYS), default=365, show_default=True, help="For how long it is valid."
)
def create(name: str, roles: tuple[str, ...], days: int) -> None:
    """Make a key for NAME, who is recorded by it, and print it, this once.

    To replace a key, make another for the same NAME, and revoke the old one when nobody uses it any more.
    """
    from service import access_keys
    from service.clock import spoken, utc_now
    from service.database import writing
    from service.reads import RESERVED
    from service.shapes import may_be_an_id

    if not may_be_an_id(name) or name in RESERVED:
        raise Unusable(f"'{name}' is no name for who holds a key: write 1 to 200 printable characters")
    now = utc_now()
    until = now + timedelta(days=days)
    in_order = [role for role in ROLES if role in roles]
    with opened() as (database, _):
        made, secret = writing(database, lambda: access_keys.make(database, name, in_order, until, now))
    click.echo(f"made {made} for {name}: {', '.join(in_order)}, until {spoken(until)}\nkey {secret}")


@command.command("list")
def list_them() -> None:
    """List the keys, oldest first, without the keys themselves."""
    from service import access_keys
    from service.clock import to_the_second, utc_now
    from service.database import reading

    with opened() as (database, _), reading(database):
        found = access_keys.all_of(database)
    now = utc_now()
    for each in found:
        ended = f", revoked {to_the_second(each.ended_at)}" if each.ended_at else ""
        roles, until = ", ".join(each.roles), to_the_second(each.expires_at)
        click.echo(f"{each.id} {each.state(now)} {each.name}: {roles}, until {until}{ended}")
    if not found:
        click.echo("there are none")


@command.command()
@click.argument("key", metavar="ID")
def revoke(key: str) -> None:
    """Let a key be valid no longer, from the next request on. It cannot be undone."""
    from service import access_keys
    from service.clock import utc_now
    from service.database import writing

    with opened() as (database, _):
        if not writing(database, lambda: access_keys.revoke(database, key, utc_now())):
            raise Unusable(f"no key has the id '{key}'")
    click.echo(f"revoked {key}")
