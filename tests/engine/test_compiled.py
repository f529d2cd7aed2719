"""The compiled engine is the engine: the same answers, and never of other sources than there are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tools import recoup_compiled

ROOT = Path(__file__).resolve().parent.parent.parent
LIBRARY = Path(sysconfig.get_path("platlib")) / "recoup_compiled"
IS_COMPILED = recoup_compiled.made_of(LIBRARY) == recoup_compiled.digest_of(ROOT)
needs_library = pytest.mark.skipif(not IS_COMPILED, reason="the engine is not compiled here: make compiled")

WHERE = "import engine.hearing, engine.kinds.limit; print(engine.hearing.__file__, engine.kinds.limit.__file__)"
DECIDE = """
import sys
import sysconfig
from benchmarks.cases import make_cases
from benchmarks.decide import POLICY
from engine.cases import read_case
from engine.compiled import compile_version
from engine.decide import decide
from engine.versions import load_version
version, _ = load_version(POLICY.read_bytes(), POLICY.name)
compiled = compile_version(version)
for case in make_cases(400, 20):
    sys.stdout.buffer.write(decide(compiled, read_case(version.policy, case)).to_json() + b"\\n")
"""


def run(code: str, root: Path = ROOT, *, written: bool = False) -> str:
    """What a new Python prints that finds the house at `root`, and takes the engine as it is `written` or not."""
    kept = {name: value for name, value in os.environ.items() if name != recoup_compiled.SWITCH}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env={**kept, "PYTHONPATH": str(root), **({recoup_compiled.SWITCH: "1"} if written else {})},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout


@needs_library
def test_the_engine_that_decides_here_is_the_compiled_one() -> None:
    assert all(Path(path).suffix == ".so" for path in run(WHERE).split())


@needs_library
def test_it_is_taken_as_it_is_written_where_that_is_asked_for() -> None:
    assert run(WHERE, written=True).split() == [
        str(ROOT / "engine" / "hearing.py"),
        str(ROOT / "engine" / "kinds" / "limit.py"),
    ]


@needs_library
def test_both_give_the_same_decisions_to_the_byte() -> None:
    as_compiled, as_written = run(DECIDE), run(DECIDE, written=True)
    assert as_compiled == as_written
    outcomes = {json.loads(line)["outcome"] for line in as_written.splitlines()}
    assert outcomes == {"approved", "denied"}


@needs_library
@pytest.mark.parametrize("changed", ["engine/hearing.py", "engine/facts.py", "policies/model.py"])
def test_a_library_of_other_sources_is_not_taken(changed: str, tmp_path: Path) -> None:
    for package in ("engine", "policies"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    assert all(Path(path).suffix == ".so" for path in run(WHERE, tmp_path).split())
    with (tmp_path / changed).open("a", encoding="utf-8") as source:
        source.write("# Another source.\n")
    assert all(Path(path).is_relative_to(tmp_path) for path in run(WHERE, tmp_path).split())


def test_the_examples_in_the_engine_hold() -> None:
    """Only sources have docstrings, so that they are read as they are written."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "engine"],
        cwd=ROOT,
        env={**os.environ, recoup_compiled.SWITCH: "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert " passed" in done.stdout.splitlines()[-1]
