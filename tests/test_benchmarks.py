"""What the benchmarks compare is the same decision, or their ratios mean nothing."""

from __future__ import annotations

import pytest

from benchmarks.cases import decide_plainly, make_cases
from benchmarks.decide import in_short, recoup


@pytest.mark.parametrize("lots", [0, 1, 20])
def test_recoup_decides_the_cases_as_the_plain_function_does(lots: int) -> None:
    decide = recoup()
    for case in make_cases(300, lots, seed=lots):
        assert decide_plainly(case) == in_short(decide(case))
