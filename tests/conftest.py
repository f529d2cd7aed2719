"""What holds for the whole suite: its language, whatever that of the terminal, and its memory."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


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
