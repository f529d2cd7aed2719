"""The example programme is held in place by its scenarios: no nudge of it goes unnoticed."""

from __future__ import annotations

from pathlib import Path

from engine.pins import Pins
from engine.scenario_file import read_document, read_scenarios
from engine.versions import load_version

FILE = Path(__file__).parent.parent / "rules" / "kt-points.yaml"


def test_every_nudge_of_the_example_programme_is_noticed() -> None:
    version, problems = load_version(FILE.read_bytes(), FILE.name)
    assert version is not None, [str(problem) for problem in problems]
    document, _ = read_document(FILE.with_suffix(".test.yaml").read_bytes(), FILE.name)
    assert document is not None
    scenarios, _ = read_scenarios(document, version.policy)
    pins = Pins(version, FILE.name, scenarios)

    assert [str(problem) for problem in pins.survivors()] == []
    assert len(pins.nudges) > 400
