"""The shipped rule files are held in place by their scenarios: no nudge of them goes unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.pins import Pins
from engine.scenario_file import read_document, read_scenarios
from engine.versions import load_version

RULES = Path(__file__).parent.parent / "rules"
FILES = sorted(path for path in RULES.glob("**/*.yaml") if not path.name.endswith(".test.yaml"))

FEWEST_NUDGES = {"kt-points.yaml": 401}


def _marked(file: Path) -> object:
    marks = [pytest.mark.slow] if file.name == "kt-points.yaml" else []
    return pytest.param(file, id=file.name, marks=marks)


@pytest.mark.parametrize("file", [_marked(file) for file in FILES])
def test_every_nudge_of_a_rule_file_is_noticed(file: Path) -> None:
    version, problems = load_version(file.read_bytes(), file.name)
    assert version is not None, [str(problem) for problem in problems]
    document, _ = read_document(file.with_suffix(".test.yaml").read_bytes(), file.name)
    assert document is not None
    scenarios, _ = read_scenarios(document, version.policy)
    pins = Pins(version, file.name, scenarios)

    assert [str(problem) for problem in pins.survivors()] == []
    assert len(pins.nudges) >= FEWEST_NUDGES.get(file.name, 20)
