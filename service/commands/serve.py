"""`recoup serve`: answer over HTTP until told to stop."""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from itertools import chain
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from service.commands._files import Unusable
from service.config import FOLDER, LOOPBACK, SETTINGS, BadSetting, Settings, read_settings
from service.memory import collect_seldom, load_undisturbed
from service.one_at_a_time import OneAtATime

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

    from service.database import Database

SECONDS_TO_FINISH = 30
"""How long requests and deliveries that are under way may take when the service is told to end."""
BODIES = 256
"""How many bodies one process holds at once; so many clients may stall in the middle of one before others wait."""
STREAMS = 32
"""How many streams of lines one process has at once, the stalled ones included."""
CONNECTIONS = 1024
"""How many connections one process has at once, those that ask nothing included."""
HEADERS_BYTES = 65_536
"""How much of a request is read before it is looked at: its address and headers have to fit."""
SERVERS_LOG = {"loggers": {"_granian": {"handlers": [], "propagate": True}}}
"""What the server has to say is written like everything else."""
SECONDS_BETWEEN_LOOKS = 0.2
SECONDS_BETWEEN_STARTS = 5

log = logging.getLogger("recoup.serve")

EPILOG = "\b\nSettings, from the environment:\n" + "\n".join(
    f"  {setting.name:<25} {setting.about}" + (f" [{setting.default}]" if setting.default else "")
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
@click.option("--deliver/--no-deliver", default=True, help="Also send messages to webhooks, as `recoup deliver` does.")
def command(host: str | None, port: int | None, workers: int | None, demo: bool, deliver: bool) -> None:
    """Answer over HTTP until Ctrl-C or SIGTERM; requests that are under way are finished."""
    from service.logs import write_as
    from service.telemetry import exporter_of

    if demo:
        # Whoever tries it, and the webhooks, are on the same machine. The processes read their settings themselves.
        os.environ.setdefault("WEBHOOK_PRIVATE_ADDRESSES", "yes")
        os.environ["ACCESS"] = os.environ.get("ACCESS") or "open"
        os.environ["LOG"] = os.environ.get("LOG") or "text"
    settings = read_settings()
    settings = replace(
        settings,
        host=host or settings.host,
        port=settings.port if port is None else port,
        workers=workers or settings.workers,
    )
    settings = replace(settings, port=_free_port(settings))
    exporter_of(os.environ)
    write_as(settings.log)
    lines = prepare(settings, demo=demo)
    # A forked process would inherit the engine and a database library that do not survive it.
    multiprocessing.set_start_method("spawn", force=True)
    with _counting(), delivering() if deliver else nullcontext():
        _serve(settings, lines)


def prepare(settings: Settings, *, demo: bool) -> Sequence[str]:
    """Have the database ready; the lines to print once the service listens. Raises BadSetting for a service that is
    open to other machines.
    """
    from service.clock import utc_now
    from service.database import close_database, open_database
    from service.migrate import check_schema

    if settings.access == "open" and settings.host not in LOOPBACK:
        raise BadSetting(
            f"ACCESS is 'open', which is for this machine alone, and HOST is {settings.host}:"
            " set ACCESS=keys and make keys with `recoup access create`"
        )
    if settings.identity_provider is not None:
        from service.tokens import Tokens

        # Here it is told; a worker that cannot start would be started again and again.
        Tokens(settings.identity_provider, utc_now)
    where = f"http://{settings.host}:{settings.port}"
    database = open_database(settings)
    try:
        if demo:
            from service.demo import set_up

            return [*set_up(database, settings), *_who_may_ask(database, settings), *_to_try(where, settings.access)]
        check_schema(database)
        return [
            *_who_may_ask(database, settings),
            f"Recoup answers on {where}; its reference is {where}/docs",
        ]
    finally:
        # A connection must not be shared with the processes that are about to start.
        close_database(database)


def _who_may_ask(database: Database, settings: Settings) -> list[str]:
    """A warning, where everybody may ask or nobody can."""
    from service import access_keys
    from service.clock import utc_now
    from service.database import reading

    if settings.access == "open":
        return [
            "",
            "ACCESS=open: EVERYBODY ON THIS MACHINE MAY DO EVERYTHING, and is recorded as 'anyone'.",
            "That is for a trial. Otherwise: ACCESS=keys, and `recoup access create`.",
        ]
    if settings.identity_provider is not None:
        return []
    with reading(database):
        found = access_keys.all_of(database)
    if any(each.state(utc_now()) == "valid" for each in found):
        return []
    return ["Nobody can ask for anything yet: make a key with `recoup access create NAME --role ROLE`"]


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
            raise Unusable(
                f"cannot listen on {settings.host}:{settings.port} ({error.strerror});"
                " choose another port with --port or PORT"
            ) from None
        number: int = probe.getsockname()[1]
    return number


def _to_try(where: str, access: str) -> list[str]:
    body = (
        '{"account": "A-0001", "request": {"points": 20000, "method": "cash",'
        ' "receiving_account": "RA-0001", "receiving_holder": "member"}}'
    )
    keyed = access == "keys"
    key = ' -H "Authorization: Bearer $KEY"' if keyed else ""
    first = [
        "ACCESS=keys: whoever asks needs a key. Make one in another terminal, and try there:",
        "   KEY=$(.venv/bin/recoup access create trial --role caller | sed -n 's/^key //p')",
        "To sign in to the pages, as whoever writes policies and whoever approves them:",
        "   .venv/bin/recoup access create kim --role author",
        "   .venv/bin/recoup access create lee --role approver",
    ]
    return [
        "",
        f"Recoup answers on {where}. Three things to try:",
        "",
        *(first if keyed else []),
        "1. Ask for a decision:",
        f"   curl -s {where}/v1/decisions{key} -H 'Content-Type: application/json' \\",
        f"     -d '{body}' | python3 -m json.tool --no-ensure-ascii",
        "2. See what the account has, and what expires when:",
        f"   curl -s {where}/v1/accounts/A-0001/balance{key} | python3 -m json.tool --no-ensure-ascii",
        f"3. See it in a browser, as a member, an agent, an author, an approver or an auditor: {where}",
        f"   (the reference of the API is {where}/docs)",
        "And in another terminal: see what others are told when a refund is filed:",
        "   .venv/bin/recoup webhooks listen",
        "",
    ]


@contextmanager
def _counting() -> Iterator[None]:
    """A folder in which each process keeps its counts, where the one that is asked for them finds those of all."""
    try:
        made = TemporaryDirectory(prefix="recoup-metrics-", ignore_cleanup_errors=True)
    except OSError as error:
        raise Unusable(
            f"there is no place to count requests in ({error.strerror});"
            " name a folder that can be written to with TMPDIR"
        ) from None
    with made as folder:
        os.environ[FOLDER] = folder
        yield


@contextmanager
def delivering() -> Iterator[None]:
    """A deliverer in a process of its own, started anew whenever it ends by itself; ended at the end."""
    from service.commands.deliver import beside

    stopped = threading.Event()

    def watch() -> None:
        # A terminal sends Ctrl-C to every process; a process inherits what the thread that starts it blocks.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        while not stopped.is_set():
            ours, its = multiprocessing.Pipe()
            process = multiprocessing.Process(target=beside, args=(its,), name="recoup-deliverer", daemon=True)
            process.start()
            its.close()
            # Whichever comes first: we are told to end, or it ended.
            while process.is_alive() and not stopped.is_set():
                stopped.wait(SECONDS_BETWEEN_LOOKS)
            # The end of the pipe is what tells it to finish; so it does also when this process is killed.
            ours.close()
            process.join(SECONDS_TO_FINISH)
            if process.is_alive():
                process.kill()
                process.join()
            if not stopped.is_set():
                log.error("the deliverer ended by itself (%s); it is started again", process.exitcode)
                stopped.wait(SECONDS_BETWEEN_STARTS)

    watcher = threading.Thread(target=watch, name="deliverer")
    watcher.start()
    try:
        yield
    finally:
        stopped.set()
        watcher.join()


def answering() -> OneAtATime:
    """The application of one worker.

    A terminal sends Ctrl-C to every process at once, and the parent then ends the workers by SIGTERM. The two
    together can leave a worker's interpreter waiting for ever, so a worker leaves Ctrl-C to its parent.
    """
    load_undisturbed()
    from service.app import create_app
    from service.logs import write_as
    from service.pages.site import WithPages
    from service.parts import EXTENSION
    from service.readiness import made_ready
    from service.telemetry import provider_of

    settings = read_settings()
    write_as(settings.log)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    provider = provider_of(os.environ)
    app = create_app(settings, provider=provider)
    atexit.register(_leave, app.extensions[EXTENSION].database, provider)
    collect_seldom()
    whole, own = WithPages(app), app.extensions[EXTENSION]
    served = OneAtATime(whole, app.config["MAX_CONTENT_LENGTH"], BODIES, STREAMS, settings.stall_seconds)
    versions = made_ready(own.database, own.versions, own.clock, settings.cached_versions)
    served.between_requests(chain(versions, whole.made_ready(), own.beside.made_ready()))
    return served


def _leave(database: Database, provider: TracerProvider | None) -> None:
    """End a worker that is done, before its interpreter is taken down: a thread of the server that comes back into it
    then panics, now and again.
    """
    from service.database import close_database

    close_database(database)
    if provider is not None:
        provider.shutdown()
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)


def _serve(settings: Settings, lines: Sequence[str]) -> None:
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    from service.readiness import stop_soon, stopping

    # The processes read their settings themselves.
    os.environ["PORT"] = str(settings.port)
    server = Granian(
        "service.commands.serve:answering",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGINL,
        # It takes less of the processor than the loop of Python, for every request.
        loop=Loops.uvloop,
        workers=settings.workers,
        backpressure=CONNECTIONS,
        # Nobody speaks HTTP/2 without TLS, and its connections have no limits of time.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=settings.stall_seconds * 1_000, max_buffer_size=HEADERS_BYTES),
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig=SERVERS_LOG,
        respawn_failed_workers=True,
        workers_kill_timeout=SECONDS_TO_FINISH,
    )
    end = server.signal_handler_interrupt

    def drain(*_: object) -> None:
        """Say that the service is about to stop, and stop it after a while; told to a second time, at once."""
        if settings.drain_seconds and not stopping():
            stop_soon()
            later = threading.Timer(settings.drain_seconds, end)
            later.daemon = True
            later.start()
        else:
            end()  # type: ignore[no-untyped-call]

    server.signal_handler_interrupt = drain  # type: ignore[method-assign]
    server.on_startup(lambda: click.echo("\n".join(lines)))
    server.serve()
