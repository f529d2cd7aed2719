"""A short soak: as many requests of every kind as fit into half a minute, and no process keeps anything of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.served import prepare, resident, serving
from benchmarks.soak import MIX, Asker, publish_another, run

ACCOUNTS = 30
ASKERS = 4
WARM_UP = 500
ASKED = 900
WINDOWS = 3
MOST_BYTES_KEPT = 500
"""Each time that somebody asks. The allocator takes memory in pieces of a megabyte, also where nothing is kept, but not
time after time; with a kilobyte of each request kept, every window needs another piece.
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory of other processes from /proc")
def test_a_service_under_mixed_load_fails_nobody_and_keeps_nothing(postgresql_url: str) -> None:
    """Memory is looked at behind equal numbers of requests, so that neither time nor the machine matters."""
    key = prepare(postgresql_url, ACCOUNTS)
    wrong: list[str] = []
    with serving(postgresql_url, key, ("--workers", "1"), CACHED_VERSIONS="1", ACCESS="keys") as served:
        askers = [Asker(served, number, ACCOUNTS, wrong) for number in range(ASKERS)]

        def ask(times: int) -> set[str]:
            def some(asker: Asker) -> set[str]:
                return {asker.ask_something() for _ in range(times // ASKERS)}

            with ThreadPoolExecutor(ASKERS) as threads:
                return set().union(*threads.map(some, askers))

        ask(WARM_UP)
        wrong += publish_another(postgresql_url, 1)
        ask(WARM_UP)
        sizes = [resident(served.process.pid)]
        asked: set[str] = set()
        for _ in range(WINDOWS):
            asked |= ask(ASKED)
            sizes.append(resident(served.process.pid))
        for each in askers:
            each.close()
        wrong += run(postgresql_url, "sweep")
        wrong += run(postgresql_url, "ledger", "verify")
    assert wrong == []
    assert asked == set(MIX), "everything was asked for"
    assert len({frozenset(each) for each in sizes}) == 1, "no process died"
    for name in sizes[0]:
        kept = [(after[name] - before[name]) * 1024 / ASKED for before, after in pairwise(sizes)]
        assert min(kept) < MOST_BYTES_KEPT, f"{name} keeps {kept} bytes each time"
