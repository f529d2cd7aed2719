"""The documentation is true: every example on every page runs, and the pages name everything that there is."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from docs_runner import ROOT, blocks, pages, run

PAGES = [page for page in pages() if any(block.language != "text" for block in blocks(page))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path) -> None:
    found = list(blocks(page))
    with _server(tmp_path, wanted=any(":8000" in block.body for block in found)) as port:
        for block in found:
            run(block, tmp_path, port)


@contextmanager
def _server(folder: Path, *, wanted: bool) -> Iterator[int | None]:
    """`recoup serve --demo` on a free port, for a page whose commands speak with it."""
    if not wanted:
        yield None
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", "service.cli", "serve", "--demo", "--port", str(port)]
    environment = {"DATABASE_URL": f"sqlite:///{folder}/recoup.db", "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as server:
        try:
            _wait_for(port, server)
            yield port
        finally:
            server.terminate()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert server.poll() is None, "the server ended by itself"
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server does not answer")
