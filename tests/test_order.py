"""The order in which the suite runs: slow tests first, in every process that takes part."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.conftest import slow_first


def item(file: int, number: int) -> Any:
    """A test of a file; every second one of every third file is slow."""
    slow = file % 3 == 0 and number % 2 == 0
    return SimpleNamespace(path=Path(str(file)), number=number, slow=slow, get_closest_marker=lambda _: slow or None)


ITEMS = [item(file, number) for file in range(20) for number in range(1 + file)]


@pytest.mark.parametrize("parts", [1, 2, 3, 8])
def test_every_process_begins_with_its_share_of_the_slow_tests(parts: int) -> None:
    ordered = cast(list[Any], slow_first(ITEMS, parts))
    assert sorted(map(ITEMS.index, ordered)) == list(range(len(ITEMS)))
    counts, left, start = [], len(ordered), 0
    for part in range(parts):
        # As pytest-xdist deals them out.
        size = left // (parts - part)
        slow = [each.slow for each in ordered[start : start + size]]
        assert slow == sorted(slow, reverse=True)
        counts.append(sum(slow))
        left, start = left - size, start + size
    most_of_a_file = max(sum(each.slow for each in ITEMS if each.path == one.path) for one in ITEMS)
    assert max(counts) - min(counts) <= most_of_a_file
