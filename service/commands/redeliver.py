"""`recoup redeliver`: send messages again."""

from __future__ import annotations

import click

from service.commands._database import opened
from service.commands._files import Unusable

EPILOG = """\b
Examples:
  recoup redeliver DL-01JXYZ
  recoup redeliver --all-dead
"""


@click.command(epilog=EPILOG)
@click.argument("ids", nargs=-1, metavar="[DELIVERY]...")
@click.option("--all-dead", is_flag=True, help="Everything that was given up.")
def command(ids: tuple[str, ...], all_dead: bool) -> None:
    """Have deliveries made again, with the same `webhook-id` and with every retry before them.

    They are sent by the next deliverer that looks. All of the ones named, or, when one does not exist, none.
    """
    from service import deliveries
    from service.clock import utc_now
    from service.database import writing

    if bool(ids) == all_dead:
        raise click.UsageError("name deliveries, or say --all-dead")
    now = utc_now()
    with opened() as (database, _):

        def work() -> int:
            if all_dead:
                return deliveries.redeliver_dead(database, now)
            for each in ids:
                if deliveries.redeliver(database, each, now) is None:
                    raise Unusable(f"there is no delivery {each}; nothing was changed")
            return len(ids)

        count = writing(database, work)
    click.echo(f"{count} to be delivered again")
