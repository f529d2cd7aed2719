"""What the benchmarks compare is the same decision, or their ratios mean nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import log
from benchmarks.cases import decide_plainly, make_cases
from benchmarks.decide import in_short, recoup
from benchmarks.filing import measure, prepare


@pytest.mark.parametrize("lots", [0, 1, 20])
def test_recoup_decides_the_cases_as_the_plain_function_does(lots: int) -> None:
    decide = recoup()
    for case in make_cases(300, lots, seed=lots):
        assert decide_plainly(case) == in_short(decide(case))


def test_the_sql_of_filings_alone_leaves_the_rows_that_filings_leave(tmp_path: Path) -> None:
    prepare(tmp_path / "start.db")
    ours, raw = measure(tmp_path, tmp_path / "start.db", 3)  # Compares the rows.
    assert len(ours) == len(raw) == 2, "the first compiles, and is not counted"


def test_the_log_that_is_measured_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each of its steps checks what the one before made."""
    monkeypatch.setattr("sys.argv", ["log", "--leaves", "300", "--url", f"sqlite:///{tmp_path / 'log.db'}"])
    log.main()
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == ["3", "30", "300"]
