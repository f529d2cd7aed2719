"""A service in processes of its own for what measures over HTTP: its accounts, its start and end, its memory."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Thread

from benchmarks.filing import FACTS, grants
from service import access_keys, ledger
from service.clock import utc_now
from service.config import SHIPPED_RULES, Settings
from service.database import close_database, open_database, writing
from service.members import put
from service.migrate import migrate
from service.publishing import Versions, publish
from service.roles import ROLES

ROOT = Path(__file__).parent.parent
RULES = SHIPPED_RULES / "kt-points.yaml"
POLICY = "kt-points"
SECONDS_TO_START = SECONDS_TO_END = 120


@dataclass(frozen=True, slots=True)
class Served:
    """A running service: its process, where it listens, and a key for everything."""

    process: subprocess.Popen[str]
    port: int
    key: str


def prepare(url: str, accounts: int) -> str:
    """Migrate a database, publish the shipped rules, and open accounts `A-0`, `A-1`... of twenty lots each; a key with
    every role.
    """
    database = open_database(Settings(database_url=url))
    migrate(database)
    now = utc_now()
    publish(database, RULES.read_bytes(), RULES.name, now)
    versions = Versions(database, 1)
    for number in range(accounts):
        account, _ = put(database, versions, f"A-{number}", POLICY, FACTS, now)
        writing(database, lambda account=account: ledger.grant(database, grants(account), now))  # type: ignore[misc]
    until = now + timedelta(days=2)
    _, secret = writing(database, lambda: access_keys.make(database, "benchmark", ROLES, until, now))
    close_database(database)
    return secret


def environment(url: str, **more: str) -> dict[str, str]:
    """The environment of a service, or of a command, on a database."""
    return {**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT), **more}


@contextmanager
def serving(url: str, key: str, arguments: Sequence[str] = (), **more: str) -> Iterator[Served]:
    """`recoup serve` with more arguments and settings, until the end. What it says of requests is read and dropped."""
    with subprocess.Popen(
        [sys.executable, "-m", "service.cli", "serve", "--port", "0", *arguments],
        env=environment(url, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if found:
                break
        else:
            raise AssertionError("".join(said))
        reading = Thread(target=_drop, args=(process.stdout,))
        reading.start()
        try:
            port = int(found[1])
            await_answer(port)
            yield Served(process, port, key)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(SECONDS_TO_END)
            reading.join()


@contextmanager
def serving_bare(interface: str) -> Iterator[tuple[int, int]]:
    """The bare handler in a process of its own: its port, and the process."""
    port = free_port()
    with subprocess.Popen(bare_command(port, interface)) as process:
        try:
            await_answer(port)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(SECONDS_TO_END)


def bare_command(port: int, interface: str) -> list[str]:
    """The command that serves the bare handler."""
    return [sys.executable, "-m", "benchmarks.bare", "--interface", interface, "--port", str(port)]


def await_answer(port: int) -> None:
    """Wait until somebody answers: the processes that do are started after a service has said that it answers."""
    end = time.monotonic() + SECONDS_TO_START
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS_TO_START)
        try:
            connection.request("GET", "/readyz")
            connection.getresponse().read()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def _drop(lines: Iterator[str]) -> None:
    for _ in lines:
        pass


def processes(first: int) -> list[int]:
    """A process and all that it started."""
    found = [first]
    for each in found:
        try:
            for task in Path(f"/proc/{each}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            # It ended meanwhile.
            continue
    return found


def resident(first: int) -> dict[str, int]:
    """The resident memory of a process and of all that it started, in kB, by their names and ids."""
    found: dict[str, int] = {}
    for each in processes(first):
        try:
            status = Path(f"/proc/{each}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        name, size = (re.search(pattern, status, re.MULTILINE) for pattern in (r"^Name:\s+(.*)$", r"^VmRSS:\s+(\d+)"))
        if name and size:
            found[f"{name[1]} {each}"] = int(size[1])
    return found


def processor_seconds(first: int) -> float:
    """How long the processor was at a process and at all that it started and that are there still."""
    ticks = 0
    for each in processes(first):
        # The name, in brackets, may hold spaces.
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
