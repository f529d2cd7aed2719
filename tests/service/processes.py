"""Services and commands run as processes, as a newcomer runs them, over the network."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
RECOUP = [sys.executable, "-m", "service.cli"]


def environment(url: str, **more: str) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT), **more}


def run(url: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RECOUP, *arguments], env=environment(url, **more), capture_output=True, text=True, timeout=60, check=False
    )


@contextmanager
def serving(url: str, *arguments: str, **more: str) -> Iterator[tuple[subprocess.Popen[str], int, list[str]]]:
    """A running service: its process, its port and what it said."""
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
    try:
        for line in process.stdout:
            said.append(line)
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if found:
                break
        else:
            raise AssertionError("".join(said))
        yield process, int(found[1]), said
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(20)
        process.stdout.close()


def ask(
    port: int, method: str, path: str, body: object = None, key: str = "", patience: float = 20
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
            time.sleep(0.05)
        finally:
            connection.close()
