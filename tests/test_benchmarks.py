"""What the benchmarks compare is the same decision, or their ratios mean nothing."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks import __main__ as everything
from benchmarks import log, peers, population
from benchmarks.__main__ import ALSO, BENCHMARKS, Benchmark
from benchmarks.cases import decide_plainly, make_cases, make_edge_cases
from benchmarks.decide import check, in_short, recoup
from benchmarks.filing import measure, prepare
from benchmarks.peers import Peer

ROOT = Path(__file__).parent.parent


def lines_of(benchmark: str, *arguments: str) -> list[str]:
    """What a benchmark prints, in a process of its own: it keeps to one core, and what engines start stays there."""
    command = [sys.executable, "-m", f"benchmarks.{benchmark}", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("lots", [0, 1, 20])
def test_recoup_decides_the_cases_as_the_plain_function_does(lots: int) -> None:
    decide = recoup()
    for case in make_cases(300, lots, seed=lots) + make_edge_cases(lots):
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


@pytest.mark.slow
@pytest.mark.parametrize("engine", peers.ENGINES)
def test_an_engine_decides_the_cases_as_the_plain_function_does(engine: str) -> None:
    """The benchmark itself compares the answers, before it times any."""
    told = lines_of("decide", "--cases", "100", "--rounds", "1", "--warm", "0", "--engine", engine)
    left_out = [line for line in told if line.startswith(f"left out: {engine}: ")]
    if left_out:
        assert engine != "durable_rules", "it is always installed"
        pytest.skip(left_out[0])
    assert "all answers equal" in told[0]
    assert len(told) >= 5, "a line for each engine"


@pytest.mark.parametrize("lots", [0, 1, 3])
def test_accounts_of_few_lots_are_decided_alike_in_batches(lots: int) -> None:
    told = lines_of("decide", "--cases", "30", "--rounds", "1", "--lots", str(lots), "--engine", "durable_rules")
    assert [line.split()[0] for line in told[2:]] == ["plain", "Recoup,", "Recoup,", "durable_rules"]


def test_an_engine_that_decides_otherwise_ends_the_benchmark() -> None:
    wrong = Peer("wrong", lambda case: decide_plainly(case) | {"fee": 1}, "")
    with pytest.raises(SystemExit, match="wrong decides A-0 differently"):
        check(wrong, make_cases(2, 1))


def test_an_engine_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cedarpy", None)
    monkeypatch.delitem(sys.modules, "benchmarks.peers.cedar", raising=False)
    line = "cedar: the package of cedarpy is not installed; make bench installs it"
    assert peers.load(["cedar"]) == ([], [line])


@pytest.mark.skipif(find_spec("jpyutil") is None, reason="drools_jpy is not installed; make bench installs it")
def test_a_java_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    found, missing = peers.load(["drools_engine"])
    assert (found, len(missing)) == ([], 1)
    assert missing[0].startswith("drools_engine: there is no javac here; install Java 17")


@pytest.mark.slow
def test_loading_and_the_first_answer_are_measured() -> None:
    """Both servers have to answer with 200, or the benchmark ends with what they said."""
    told = lines_of("loading", "--rules", "12", "--rounds", "1")
    assert told[0].startswith("a policy of 12 rules")
    names = [line[:32].rstrip() for line in told]
    assert {"Recoup, loaded (both)", "recoup serve", "bare Flask app"} <= {*names}


def test_the_page_of_results_has_what_was_printed_and_keeps_what_was_measured_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("# Old\n\nold figures\n\n## Measured by hand\n\nA million.\n", "utf-8")
    small = ("--decisions", "3", "--lots", "1", "--rounds", "1")
    measured = [
        Benchmark("replay", "Again", small),
        Benchmark("http", "Over HTTP", needs="no-such-program"),
        Benchmark("replay", "Wrongly", ("--rounds", "one")),
    ]
    monkeypatch.setattr(everything, "BENCHMARKS", measured)
    monkeypatch.setattr("sys.argv", ["benchmarks", "--report", str(page)])
    with pytest.raises(SystemExit) as ended:
        everything.main()
    assert ended.value.code == 1
    said = page.read_text("utf-8")
    assert "old figures" not in said
    assert said.endswith("\n```\n\n## Measured by hand\n\nA million.\n")
    assert "\n## Again\n" in said
    assert "a replay takes" in said
    assert "left out: no-such-program is not installed" in said
    assert ", which ended with 2: " in said
    assert "| command | `python -m benchmarks --report " in said
    assert "benchmarks.replay ended with 2" in capsys.readouterr().out


def test_the_page_of_results_tells_of_every_benchmark() -> None:
    page = (ROOT / "docs/benchmarks.md").read_text("utf-8")
    assert [each.name for each in BENCHMARKS if f"\n## {each.heading}\n" not in page] == []


def test_developers_are_told_what_every_benchmark_means() -> None:
    said = (ROOT / "docs/developers.md").read_text("utf-8")
    names = [each.name for each in (*BENCHMARKS, *ALSO)]
    assert [name for name in names if f"`python -m benchmarks.{name}" not in said] == []
