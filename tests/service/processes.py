"""Services and commands run as processes, as a newcomer runs them, over the network."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import re
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import NamedTuple

# Here, so that a forked server need not import it again.
import granian  # noqa: F401
from flask import Flask

from service import app
from service.commands import serve
from service.config import Settings, read_settings
from service.database import close_database
from service.pages import site
from service.parts import EXTENSION
from tests import forks

ROOT = Path(__file__).parents[2]
RECOUP = [sys.executable, "-m", "service.cli"]


def environment(url: str, **more: str) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT), "ACCESS": "open", **more}


def run(url: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return forks.run(arguments, environment(url, **more), timeout=60)


Running = tuple[subprocess.Popen[str], int, list[str]]
"""A running service: its process, its port and what it said."""


def serving(url: str, *arguments: str, **more: str) -> AbstractContextManager[Running]:
    """A running service for some requests: the pipe of its log holds a few hundred, and then it waits."""
    return _serving(url, arguments, more, drained=False)


def serving_many(url: str, *arguments: str, **more: str) -> AbstractContextManager[Running]:
    """A running service for any number of requests: its log is read."""
    return _serving(url, arguments, more, drained=True)


@contextmanager
def _serving(url: str, arguments: Iterable[str], more: Mapping[str, str], *, drained: bool) -> Iterator[Running]:
    process = subprocess.Popen(
        [*RECOUP, "serve", "--port", "0", *arguments],
        env=environment(url, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    said: list[str] = []
    draining = Thread(target=said.extend, args=(process.stdout,))
    try:
        for line in process.stdout:
            said.append(line)
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if found:
                break
        else:
            raise AssertionError("".join(said))
        if drained:
            draining.start()
        yield process, int(found[1]), said
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(60)
        if draining.ident is not None:
            draining.join()
        process.stdout.close()


class Made(NamedTuple):
    """A service that was made and has not answered anybody yet, and the same with its pages."""

    api: Flask
    whole: site.WithPages


def made(url: str) -> Made:
    """A service that forks may be given: nothing of it is connected to the database."""
    api = app.create_app(Settings(database_url=url, access="open"))
    close_database(api.extensions[EXTENSION].database)
    return Made(api, site.WithPages(api))


class Forked:
    """The server of `recoup serve`, without a deliverer, forked out of this process instead of started anew.

    What it has to import is there already, so it answers after a tenth of a second. This process must have no
    connection to a database when it is forked, and no thread that works. A service that was made may be given, for one
    server after the other: its routes are most of the work of a start.
    """

    def __init__(self, url: str, port: int, workers: int, service: Made | None = None, **more: str) -> None:
        self._lives, alive = os.pipe()
        self.process = os.fork()
        if not self.process:
            # Nothing of the test's own may run here: no cleaning up, no reports.
            with suppress(BaseException):
                os.setpgid(0, 0)
                os.close(self._lives)
                warnings.simplefilter("ignore")
                os.environ.update(environment(url, **more))
                multiprocessing.set_start_method("fork", force=True)
                settings = replace(read_settings(), port=port, workers=workers)
                if service is not None:
                    app.create_app = lambda *_, **__: service.api
                    vars(site).update(WithPages=lambda _: service.whole)
                serve._serve(settings, serve.prepare(settings, demo=False))
            os._exit(1)
        os.close(alive)

    def kill(self) -> None:
        """Kill the parent and its workers in one blow, and wait until none of them is left."""
        os.killpg(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        # The workers are nobody's children now, but each holds the other end of the pipe as long as it lives.
        assert os.read(self._lives, 1) == b""
        os.close(self._lives)


@contextmanager
def forked(url: str, workers: int = 1, **more: str) -> Iterator[int]:
    """A forked server that answers: its port."""
    with reserved_port() as port:
        server = Forked(url, port, workers, None, **more)
        try:
            assert ask(port, "GET", "/")[0] == 200
            yield port
        finally:
            server.kill()


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port that nobody else is given, where one server after another may listen; until one does, it refuses."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def ask(
    port: int, method: str, path: str, body: object = None, key: str = "", patience: float = 60
) -> tuple[int, bytes]:
    """One request on a connection of its own, with an idempotency key where there is one.

    A service that is still starting is waited for, so many seconds.
    """
    headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
    data = None if body is None else json.dumps(body)
    deadline = time.monotonic() + patience
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        finally:
            connection.close()
