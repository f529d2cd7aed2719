"""`recoup serve`: answer over HTTP until told to stop."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from service.config import SETTINGS, Settings, read_settings

if TYPE_CHECKING:
    from flask import Flask

SECONDS_TO_FINISH = 30
"""How long requests that are under way may take when the service is told to end."""

EPILOG = "\b\nSettings, from the environment:\n" + "\n".join(
    f"  {setting.name:<16} {setting.about}" + (f" [{setting.default}]" if setting.default else "")
    for setting in SETTINGS
)
EPILOG += """

\b
Examples:
  recoup serve --demo
  PORT=9000 DATABASE_URL=postgresql://recoup@db/recoup recoup serve --workers 4
"""


@click.command(epilog=EPILOG)
@click.option("--host", help="Address to listen on; HOST when left out.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port to listen on, 0 for any; PORT when left out.")
@click.option("--workers", type=click.IntRange(1), help="How many processes answer; WORKERS when left out.")
@click.option("--demo", is_flag=True, help="First make the tables, publish the rules and load example accounts.")
def command(host: str | None, port: int | None, workers: int | None, demo: bool) -> None:
    """Answer over HTTP until Ctrl-C or SIGTERM; requests that are under way are finished."""
    settings = read_settings()
    settings = replace(
        settings,
        host=host or settings.host,
        port=settings.port if port is None else port,
        workers=workers or settings.workers,
    )
    settings = replace(settings, port=_free_port(settings))
    lines = prepare(settings, demo=demo)
    _serve(settings, lines)


def prepare(settings: Settings, *, demo: bool) -> Sequence[str]:
    """Have the database ready; the lines to print once the service listens."""
    from service.database import close_database, open_database
    from service.migrate import check_schema

    where = f"http://{settings.host}:{settings.port}"
    database = open_database(settings)
    try:
        if demo:
            from service.demo import set_up

            return [*set_up(database, settings), *_to_try(where)]
        check_schema(database)
        return [f"Recoup answers on {where}; its reference is {where}/docs"]
    finally:
        # A connection must not be shared with the processes that are about to start.
        close_database(database)


def _free_port(settings: Settings) -> int:
    """The port to listen on; 0 asks for any that is free."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # A port that was just given up is free again at once.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
            probe.listen()
        except OSError as error:
            raise click.ClickException(
                f"cannot listen on {settings.host}:{settings.port} ({error.strerror});"
                " choose another port with --port or PORT"
            ) from None
        number: int = probe.getsockname()[1]
    return number


def _to_try(where: str) -> list[str]:
    body = (
        '{"account": "A-0001", "request": {"points": 20000, "method": "cash",'
        ' "receiving_account": "RA-0001", "receiving_holder": "member"}}'
    )
    return [
        "",
        f"Recoup answers on {where}. Three things to try:",
        "",
        "1. Ask for a decision:",
        f"   curl -s {where}/v1/decisions -H 'Content-Type: application/json' \\",
        f"     -d '{body}' | python3 -m json.tool --no-ensure-ascii",
        "2. See what the account has, and what expires when:",
        f"   curl -s {where}/v1/accounts/A-0001/balance | python3 -m json.tool --no-ensure-ascii",
        f"3. Read the reference in a browser: {where}/docs",
        "",
    ]


def answering() -> Flask:
    """The application of one worker.

    A terminal sends Ctrl-C to every process at once, and the parent then ends the workers by SIGTERM. The two
    together can leave a worker's interpreter waiting for ever, so a worker leaves Ctrl-C to its parent.
    """
    from service.app import create_app

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    return create_app()


def _serve(settings: Settings, lines: Sequence[str]) -> None:
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    # A forked process would inherit the engine and a database library that do not survive it.
    multiprocessing.set_start_method("spawn", force=True)
    # The processes read their settings themselves.
    os.environ["PORT"] = str(settings.port)
    server = Granian(
        "service.commands.serve:answering",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        # One request at a time in a process: the rules engine is not made for more.
        blocking_threads=1,
        websockets=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=SECONDS_TO_FINISH,
    )
    server.on_startup(lambda: click.echo("\n".join(lines)))
    server.serve()
