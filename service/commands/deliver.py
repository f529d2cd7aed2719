"""`recoup deliver`: what is done beside answering: messages sent to webhooks, and decisions by shadows."""

from __future__ import annotations

import signal
import threading
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

import click

from service.commands._database import opened
from service.memory import load_undisturbed

if TYPE_CHECKING:
    from service.config import Settings
    from service.database import Database

EPILOG = """\b
Examples:
  recoup deliver
  recoup deliver --once
"""


@click.command(epilog=EPILOG)
@click.option("--once", is_flag=True, help="Try everything that is due now, then end.")
def command(once: bool) -> None:
    """Send messages to webhooks, and decide by shadows, until Ctrl-C or SIGTERM.

    `recoup serve` does so too, beside answering. Safe to run several times, on several machines: each webhook is
    served by one of them at a time, and what one that died had not marked is sent again by another. Each shadow, too,
    is served by one, and counts every decision once, whichever dies.
    """
    from service.delivering import Deliverer
    from service.logs import write_as
    from service.shadowing import Shadowing

    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with opened() as (database, settings):
        write_as(settings.log)
        if not once:
            _run(database, settings, stop)
            return
        Shadowing(database, settings).once(stop)
        ended = Deliverer(database, settings).once(stop)
    click.echo(f"{ended['delivered']} delivered, {ended['pending']} to be tried again, {ended['dead']} dead")


def beside(parent: Connection) -> None:
    """The deliverer of `recoup serve`, in a process of its own: it ends when the parent says so, or is no more."""
    load_undisturbed()
    from service.logs import write_as

    # A terminal sends Ctrl-C here too, and the parent's block of it is lifted by whatever starts the resource tracker.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())

    def listen() -> None:
        try:
            parent.recv_bytes()
        except (EOFError, OSError):
            stop.set()

    threading.Thread(target=listen, daemon=True).start()
    with opened() as (database, settings):
        write_as(settings.log)
        _run(database, settings, stop)


def _run(database: Database, settings: Settings, stop: threading.Event) -> None:
    """Deliver, and decide by shadows, until told to stop."""
    from service.delivering import Deliverer
    from service.shadowing import Shadowing

    shadows = threading.Thread(target=Shadowing(database, settings).run, args=(stop,), name="shadows")
    shadows.start()
    Deliverer(database, settings).run(stop)
    shadows.join()
