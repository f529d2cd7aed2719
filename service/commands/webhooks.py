"""`recoup webhooks`: the addresses that are told what happens."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from service.commands._database import opened
from service.commands._files import Unusable

if TYPE_CHECKING:
    from service.database import Database
    from service.receiving import Receiver
    from service.webhooks import Webhook

EPILOG = """\b
Examples:
  recoup webhooks add https://example.com/recoup --kind refund_request.approved
  recoup webhooks list
  recoup webhooks listen
"""


@click.group(epilog=EPILOG)
def command() -> None:
    """Add, list, change and remove the webhooks that are told what happens."""


@command.command()
@click.argument("url")
@click.option("--kind", "kinds", multiple=True, help="Only messages of this kind; may be given several times.")
@click.option("--policy", default="", help="Only messages about accounts of this policy.")
def add(url: str, kinds: tuple[str, ...], policy: str) -> None:
    """Have messages sent to URL from now on; prints the id, and the secret, this once."""
    with opened() as (database, settings):
        made = _added(database, url, kinds, policy, private=settings.private_webhooks)
    click.echo(f"added {made.id}\nsecret {made.secret}")


@command.command("list")
def list_them() -> None:
    """List the webhooks, oldest first."""
    from service import webhooks
    from service.database import reading

    with opened() as (database, _), reading(database):
        found = webhooks.all_of(database)
    for each in found:
        wants = ", ".join(each.kinds) or "everything"
        of = f" of {each.policy}" if each.policy else ""
        cause = f" ({each.cause})" if each.cause else ""
        click.echo(f"{each.id} {each.state}{cause} {each.url}: {wants}{of}, since {each.created_at}")
    if not found:
        click.echo("there are none")


@command.command()
@click.argument("webhook")
def remove(webhook: str) -> None:
    """Forget a webhook and its secret; what was pending for it is never sent."""
    from service import webhooks

    _change(webhook, lambda database, found: webhooks.remove(database, found.id))
    click.echo(f"removed {webhook}")


@command.command("rotate-secret")
@click.argument("webhook")
def rotate_secret(webhook: str) -> None:
    """Give a webhook a new secret and print it, this once; the old one also signs for WEBHOOK_OVERLAP_HOURS."""
    from service import webhooks
    from service.clock import spoken, utc_now
    from service.config import read_settings

    overlap, now = timedelta(hours=read_settings().webhook_overlap_hours), utc_now()
    made = _change(webhook, lambda database, found: webhooks.rotate_secret(database, found.id, now, overlap))
    click.echo(f"secret {made.secret}\nthe old one signs too until {spoken(now + overlap)}")


@command.command()
@click.argument("webhook")
def disable(webhook: str) -> None:
    """Send nothing more to a webhook for now; what is pending waits, what happens meanwhile is not meant for it."""
    from service import webhooks

    _change(webhook, lambda database, found: webhooks.disable(database, found.id, "by the operator"))
    click.echo(f"disabled {webhook}")


@command.command()
@click.argument("webhook")
def enable(webhook: str) -> None:
    """Send to a webhook again, beginning with what was pending."""
    from service import webhooks

    _change(webhook, lambda database, found: webhooks.enable(database, found.id))
    click.echo(f"enabled {webhook}; for what happened meanwhile: recoup webhooks catch-up {webhook} --since INSTANT")


@command.command("catch-up")
@click.argument("webhook")
@click.option("--since", required=True, help="From when on, such as 2026-03-02T01:00:00Z.")
def catch_up(webhook: str, since: str) -> None:
    """Have a webhook sent what happened since an instant and was not meant for it, being added or enabled later."""
    from service import webhooks
    from service.clock import utc_now

    try:
        at = datetime.fromisoformat(since)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise click.BadParameter("write an instant such as 2026-03-02T01:00:00Z", param_hint="--since")
    count = _change(webhook, lambda database, found: webhooks.catch_up(database, found, at, utc_now()))
    click.echo(f"{count} to be delivered")


@command.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="Port to listen on; any that is free.")
@click.option("--kind", "kinds", multiple=True, help="Only messages of this kind; may be given several times.")
def listen(port: int, kinds: tuple[str, ...]) -> None:
    """Watch a webhook: receive on this machine, verify and print until Ctrl-C.

    Adds a webhook for as long as it runs. For `recoup serve --demo`, or where WEBHOOK_PRIVATE_ADDRESSES is yes:
    otherwise nothing is sent to this machine.
    """
    from service import webhooks
    from service.database import writing

    told = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: told.set())
    with opened() as (database, _), _receiver(port) as receiver:
        made = _added(database, receiver.url, kinds, "", private=True)
        receiver.secret = made.secret
        click.echo(f"listening on {receiver.url} as {made.id}; Ctrl-C ends it")
        told.wait()
        writing(database, lambda: webhooks.remove(database, made.id))


def _receiver(port: int) -> Receiver:
    from service.receiving import Receiver

    try:
        return Receiver(port, click.echo)
    except OSError as error:
        raise Unusable(f"cannot listen on port {port} ({error.strerror}); choose another with --port") from None


def _added(database: Database, url: str, kinds: tuple[str, ...], policy: str, *, private: bool) -> Webhook:
    from service import webhooks
    from service.clock import utc_now
    from service.database import writing

    try:
        return writing(database, lambda: webhooks.add(database, url, kinds, policy, utc_now(), private=private))
    except webhooks.BadWebhook as error:
        raise Unusable(str(error)) from None


def _change(id: str, change: Callable[[Database, Webhook], Any]) -> Any:
    """What a change of a webhook gives; ends the command where there is no such webhook."""
    from service import webhooks
    from service.database import writing

    with opened() as (database, _):

        def work() -> Any:
            found = webhooks.find(database, id)
            if found is None:
                raise Unusable(f"there is no webhook {id}; see recoup webhooks list")
            return change(database, found)

        return writing(database, work)
