"""What every page weighs, and that nothing on it jumps while it loads. How soon it is there: `benchmarks.pages`."""

from __future__ import annotations

import pytest

from benchmarks.pages import PAGES, look
from tests.service.pages.visiting import Visits

MOST = 150_000
"""Bytes of a page with everything that it brings."""


@pytest.mark.slow
@pytest.mark.parametrize("role", PAGES)
def test_pages_are_light_and_stand_still(visits: Visits, role: str) -> None:
    visitor = visits()
    visitor.enters(role)
    for path in PAGES[role]:
        # A browser of its own session has nothing of the page yet.
        visitor.context.new_cdp_session(visitor.page).send("Network.clearBrowserCache")
        seen = look(visitor.page, visitor.site + path)
        assert seen.weight <= MOST, f"{path} weighs {seen.weight} bytes"
        assert seen.shift == 0, f"{path} shifts by {seen.shift}"
