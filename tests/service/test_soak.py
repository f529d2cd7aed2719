"""A short soak: requests of every kind, of which none fails, and what a request leaves behind in memory."""

from __future__ import annotations

import gc
import logging
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from benchmarks.served import prepare, resident, serving
from benchmarks.soak import MIX, Asker, publish_another, run
from tests.service.builders import asking

ACCOUNTS = 60
ASKERS = 4
WARM_UP = 500
ASKED = 800
MOST_GROWTH_KB = 10_000
"""Accounts have more lots and refunds each time that somebody asks, and the allocator takes memory in megabytes. What
one request leaves behind is measured by itself.
"""
SEEN = 300
MOST_BYTES_LEFT = 300
"""Of a request that changes nothing."""


def test_a_request_leaves_nothing_behind_in_memory(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """Counted byte by byte by Python, so that neither time nor the machine matters."""
    # Where a test before this one had requests written down, pytest would keep each line for its report.
    caplog.set_level(logging.WARNING, logger="recoup")

    def ask(times: int) -> None:
        for _ in range(times):
            body = {"account": "A", "request": asking(), "dry_run": True}
            assert client.post("/v1/decisions", json=body).status_code == 200
            assert client.get("/v1/accounts/A/balance").status_code == 200
            assert client.get("/v1/faq?q=refund").status_code == 200
            assert client.get("/v1/accounts/B/balance").status_code == 404

    ask(SEEN // 8)
    tracemalloc.start()
    try:
        ask(SEEN // 8)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        ask(SEEN // 4)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (after - before) / SEEN < MOST_BYTES_LEFT


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory of other processes from /proc")
def test_a_service_under_mixed_load_fails_nobody_and_stays_within_bounds(postgresql_url: str) -> None:
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
        before = resident(served.process.pid)
        asked = ask(ASKED)
        after = resident(served.process.pid)
        for each in askers:
            each.close()
        wrong += run(postgresql_url, "sweep")
        wrong += run(postgresql_url, "ledger", "verify")
    assert wrong == []
    assert asked == set(MIX), "everything was asked for"
    assert set(after) == set(before), "no process died"
    grown = {name: after[name] - before[name] for name in before}
    assert max(grown.values()) < MOST_GROWTH_KB, grown
