"""What the benchmarks compare is the same decision, or their ratios mean nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import log, population
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


def test_the_populations_that_are_measured_are_answered_alike(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The benchmark itself compares the answers."""
    monkeypatch.setattr(population, "PARTS", (2, 1))
    monkeypatch.setattr(population, "run_alone", lambda folder, *more: population.run(str(folder), *more))
    monkeypatch.setattr("sys.argv", ["population", "--accounts", "40", "--lots", "2", "--sample", "15"])
    population.main()
    told = capsys.readouterr().out.splitlines()
    assert "a sample of 15, answered alike by" in told
    assert [line.split()[0] for line in told if " MB " in line] == ["20", "40"]
