"""What holds for the whole suite: its order, its language, whatever that of the terminal, and its memory."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from itertools import groupby

import pytest


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


@pytest.fixture(autouse=True, scope="session")
def english_terminal() -> Iterator[None]:
    """No test finds another language in the environment than one that it sets itself."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("LC_ALL", "LC_MESSAGES"):
            patch.delenv(name, raising=False)
        patch.setenv("LANG", "C.UTF-8")
        yield
