"""Ids that the service gives out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from service.ids import new_id

NOW = datetime(2026, 3, 1, 3, tzinfo=UTC)


def test_ids_of_one_instant_sort_in_the_order_in_which_they_were_given_out() -> None:
    later = NOW + timedelta(milliseconds=1)
    first, between = [], []
    for _ in range(1_000):
        first.append(new_id("M", NOW))
        # Another thread, whose clock went on already.
        between.append(new_id("M", later))
    assert all(one < other for one, other in pairwise(first))
    assert all(one < other for one, other in pairwise(between))
    assert max(first) < min(between)
    assert {len(each) for each in first} == {28}


def test_nobody_can_tell_a_neighbour_from_an_id() -> None:
    steps = {int(other[2:], 32) - int(one[2:], 32) for one, other in pairwise([_in_32() for _ in range(100)])}
    assert len(steps) == 99


def _in_32() -> str:
    known = str.maketrans("0123456789ABCDEFGHJKMNPQRSTVWXYZ", "0123456789ABCDEFGHIJKLMNOPQRSTUV")
    return new_id("M", NOW).translate(known)
