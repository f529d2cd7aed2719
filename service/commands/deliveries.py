"""`recoup deliveries`: what was sent to which webhook, and what was given up."""

from __future__ import annotations

import json

import click

from service.commands._database import opened

EPILOG = """\b
Examples:
  recoup deliveries
  recoup deliveries --dead
"""


@click.command(epilog=EPILOG)
@click.option("--dead", "state", flag_value="dead", help="Only what was given up.")
@click.option("--pending", "state", flag_value="pending", help="Only what is still to be sent.")
@click.option("--delivered", "state", flag_value="delivered", help="Only what arrived.")
@click.option("--webhook", help="Only those to one webhook.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def command(state: str | None, webhook: str | None, limit: int, as_json: bool) -> None:
    """List deliveries, newest first: each is one message for one webhook."""
    from service import deliveries
    from service.answers import delivery_answer
    from service.database import reading

    with opened() as (database, _), reading(database):
        found = deliveries.page_of(database, state, webhook, None, limit)
    for each in found:
        if as_json:
            click.echo(json.dumps(delivery_answer(each), ensure_ascii=False))
            continue
        told = f", {each.last_error}" if each.last_error else ""
        tried = "1 attempt" if each.attempts == 1 else f"{each.attempts} attempts"
        following = f", next {each.next_attempt_at}" if each.next_attempt_at else ""
        click.echo(f"{each.id} {each.state} {each.kind} {each.message} to {each.url}: {tried}{told}{following}")
    if not found and not as_json:
        click.echo("there are none")
