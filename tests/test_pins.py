"""The shipped rule files are held in place by their scenarios: no nudge of them goes unnoticed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.pins import Pins
from engine.scenario_file import read_document, read_scenarios
from engine.versions import load_version
from policies import schema

RULES = Path(__file__).parent.parent / "rules"
FILES = sorted(path for path in RULES.glob("**/*.yaml") if not path.name.endswith(".test.yaml"))

FEWEST_NUDGES = {"kt-points.yaml": 401}


@pytest.fixture(autouse=True)
def one_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule is read once: a nudge changes one of sixty, and leaves the data of the others the same objects.

    Nothing is pretended: what a rule is follows from its data and from what the file declares.
    """
    read, known, alike = schema._read_rule, dict[int, tuple[Any, Any]](), list[Any]()

    def declares_the_same(file: Any) -> bool:
        """Whether a file declares what the first one did."""
        first, last = alike or (file, file)
        if file is not last and replace(file, patience=first.patience) == first:
            last = file
        alike[:] = first, last
        return file is last

    def read_once(raw: Any, file: Any) -> Any:
        if not declares_the_same(file):
            return read(raw, file)
        if id(raw) not in known:
            # The data is kept, so that its id stays its own.
            known[id(raw)] = raw, read(raw, file)
        return known[id(raw)][1]

    monkeypatch.setattr(schema, "_read_rule", read_once)


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
