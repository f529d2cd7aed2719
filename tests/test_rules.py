"""The rule files that are shipped: each is without a problem, and each of its scenarios passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.compiled import compile_version
from engine.scenario_file import policy_file, read_document, read_scenarios
from engine.scenarios import run
from engine.versions import load_version

RULES = Path(__file__).parent.parent / "rules"
FILES = sorted(path for path in RULES.glob("**/*.yaml") if not path.name.endswith(".test.yaml"))
SCENARIO_FILES = sorted(RULES.glob("**/*.test.yaml"))
EXAMPLES = [path for path in FILES if path.parent == RULES / "examples"]

FEWEST_SCENARIOS = {"kt-points.test.yaml": 60}


def test_the_example_programme_is_shipped() -> None:
    assert RULES / "kt-points.yaml" in FILES


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_rule_file_has_no_problem(file: Path) -> None:
    assert [str(problem) for problem in load_version(file.read_bytes(), file.name)[1]] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_rule_file_has_scenarios_beside_it(file: Path) -> None:
    assert file.with_suffix(".test.yaml") in SCENARIO_FILES


@pytest.mark.parametrize("file", SCENARIO_FILES, ids=lambda file: file.name)
def test_every_scenario_passes(file: Path) -> None:
    document, problems = read_document(file.read_bytes(), file.name)
    assert document is not None, [str(problem) for problem in problems]
    rules = file.parent / (policy_file(document) or "")
    version, _ = load_version(rules.read_bytes(), rules.name)
    assert version is not None
    scenarios, more = read_scenarios(document, version.policy)
    assert [str(problem) for problem in [*problems, *more]] == []

    compiled = compile_version(version)
    assert [line for scenario in scenarios for line in run(compiled, scenario).lines()] == []
    assert len(scenarios) >= FEWEST_SCENARIOS.get(file.name, 20)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_an_example_says_that_it_is_an_illustration_and_after_which_reports(file: Path) -> None:
    header = file.read_text("utf-8").partition("\nformat: 1\n")[0]
    assert all(line.startswith("#") for line in header.splitlines())
    assert [word for word in ("illustration", "as reported", "is an example") if word not in header.lower()] == []


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_an_example_is_listed_in_the_readme(file: Path) -> None:
    assert f"| `examples/{file.name}` |" in (RULES / "README.md").read_text("utf-8")
