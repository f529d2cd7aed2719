"""Every division names its rounding, and none loses a unit."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.money import divided, share
from policies.model import Rounding

ROUNDINGS: tuple[Rounding, ...] = ("down", "up", "half_up")


@pytest.mark.parametrize(
    ("base", "rate", "to", "down", "up", "half_up"),
    [
        (10_000, "3", 1, 300, 300, 300),
        (10_001, "3", 1, 300, 301, 300),
        (10_016, "3", 1, 300, 301, 300),
        (10_017, "3", 1, 300, 301, 301),
        (50, "3", 1, 1, 2, 2),
        (1, "2.2", 1, 0, 1, 0),
        (12_345, "2.2", 10, 270, 280, 270),
        (12_500, "2.2", 10, 270, 280, 280),
        (0, "3", 1, 0, 0, 0),
        (10**12, "33.333333", 1, 333_333_330_000, 333_333_330_000, 333_333_330_000),
    ],
)
def test_a_share_is_exact_before_it_is_rounded(base: int, rate: str, to: int, down: int, up: int, half_up: int) -> None:
    assert (down, up, half_up) == tuple(share(base, Fraction(rate), rounding, to) for rounding in ROUNDINGS)


@given(
    amount=st.integers(-(10**13), 10**13),
    parts=st.integers(1, 10**6),
    to=st.sampled_from([1, 7, 10, 100]),
)
def test_roundings_stay_within_a_step_of_the_exact_part(amount: int, parts: int, to: int) -> None:
    exact = Fraction(amount, parts)
    down, up, half_up = (divided(amount, parts, rounding, to) for rounding in ROUNDINGS)
    assert 0 == down % to == up % to == half_up % to
    assert down <= exact <= up
    assert up - down in {0, to}
    assert abs(half_up - exact) <= Fraction(to, 2)
    assert half_up - exact != -Fraction(to, 2), "a half goes up"
