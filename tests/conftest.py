"""What holds for the whole suite: its order, its language, whatever that of the terminal, and its memory."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path

import pytest

from service.config import Settings
from service.database import close_database, connected, execute, open_database
from service.demo import set_up


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Each process of the suite begins with slow tests: what is left at the end is short, and none waits for another.

    `--dist worksteal` gives each process a part of the list, and later takes from the end of what another has left.
    """
    processes = getattr(config, "workerinput", {}).get("workercount", 1)
    if processes > 1:
        items[:] = slow_first(items, processes)


def slow_first(items: Iterable[pytest.Item], parts: int) -> list[pytest.Item]:
    """All the tests, with slow ones at the start of each of so many parts; a file's stay together in their order."""
    quick: list[pytest.Item] = []
    slow: list[list[pytest.Item]] = [[] for _ in range(parts)]
    files = groupby(items, key=lambda item: (item.path, item.get_closest_marker("slow") is not None))
    for (_, is_slow), group in files:
        (min(slow, key=len) if is_slow else quick).extend(group)
    found: list[pytest.Item] = []
    left = len(quick) + sum(map(len, slow))
    for number, first in enumerate(slow):
        # So many the scheduler sends to the next process.
        size = left // (parts - number)
        left -= size
        most = max(0, size - len(first))
        found += first + quick[:most]
        del quick[:most]
    return found + quick


def pytest_collection_finish() -> None:
    """Let the collector of garbage look at what tests make: thousands of collected tests are none, every time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A file that one process of the suite makes for all; the others wait for it."""
    own = factory.getbasetemp()
    # Above that of a worker is the folder of this run; above that of a run without workers, one of all runs there were.
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    made, claim, failed = shared / name, shared / f"{name}.claim", shared / f"{name}.failed"
    try:
        claim.touch(exist_ok=False)
    except FileExistsError:
        while not made.exists():
            assert not failed.exists(), f"another process could not make {name}"
            time.sleep(0.1)
        return made
    unfinished = shared / f"{name}.unfinished"
    try:
        make(unfinished)
    except BaseException:
        failed.touch()
        raise
    return unfinished.rename(made)


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as `recoup serve --demo` sets it up, for each test that wants one to copy."""

    def make(file: Path) -> None:
        settings = Settings(database_url=f"sqlite:///{file}")
        database = open_database(settings)
        set_up(database, settings)
        with connected(database):
            execute(database, "PRAGMA wal_checkpoint(TRUNCATE)")
        close_database(database)

    return made_once(tmp_path_factory, "demo.db", make)


@pytest.fixture(autouse=True, scope="session")
def english_terminal() -> Iterator[None]:
    """No test finds another language in the environment than one that it sets itself."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("LC_ALL", "LC_MESSAGES"):
            patch.delenv(name, raising=False)
        patch.setenv("LANG", "C.UTF-8")
        yield
