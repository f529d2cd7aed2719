"""The golden decisions: what this release decides, kept so that every later one can be held to it.

`python -m tests.golden` writes `golden/RELEASE.jsonl.gz` for the engine's present release and never overwrites one: an
old decision that comes out otherwise is a mistake, or a ★ in the changelog and a new release. A file has the texts of
its policies and their holidays in it, so that rule files may be edited: one JSON object a line, a version before what
was decided by it. What is decided are the scenarios of all that is shipped in `rules/`.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from engine.compiled import CompiledVersion, compile_version
from engine.daily import daily
from engine.decide import decide
from engine.decision import ENGINE
from engine.errors import Conflict, NotInForce
from engine.events import answer
from engine.facts import DayCase, EventCase, case_data, day_case_data, event_case_data
from engine.replay import replay, replay_day, replay_event
from engine.scenario_file import Scenario, policy_file, read_document, read_scenarios
from engine.versions import load_version

ROOT = Path(__file__).parent.parent
FOLDER = Path(__file__).parent / "golden"
SORTS = {"decision": replay, "event": replay_event, "day": replay_day}

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Golden:
    """What one release came to in one case: a `decision`, the answer to an `event`, or a `day`."""

    name: str
    sort: str
    compiled: CompiledVersion
    case: Line
    record: Line

    def differences(self) -> list[str]:
        """What comes out otherwise now, one sentence each."""
        return [f"{self.name}: {line}" for line in SORTS[self.sort](self.compiled, self.case, self.record)]


def file_of(release: str) -> Path:
    """Where the decisions of a release are kept."""
    return FOLDER / f"{release}.jsonl.gz"


def read(file: Path) -> Iterator[Golden]:
    """What a golden file holds; each version is loaded from the text and the holidays in it, and has its digest."""
    compiled: CompiledVersion | None = None
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in map(json.loads, lines):
            if "text" in line:
                days = tuple(date.fromisoformat(day) for day in line["holidays"])
                version, problems = load_version(line["text"].encode(), line["file"], number=1, holidays=days)
                assert version is not None, f"a golden text cannot be read any more: {problems}"
                assert version.digest == line["digest"], f"{line['file']} means something else than it did"
                compiled = compile_version(version)
            else:
                assert compiled is not None, "a version stands before what was decided by it"
                yield Golden(compiled=compiled, **line)


def write(file: Path) -> int:
    """Write what the present engine decides; how many that is. Raises FileExistsError, and nothing was changed."""
    if file.exists():
        raise FileExistsError(file)
    lines = list(_lines())
    text = "".join(f"{json.dumps(line, ensure_ascii=False, separators=(',', ':'))}\n" for line in lines)
    with file.open("xb") as raw:
        # Without a name or a time in it, the same decisions are the same bytes.
        raw.write(gzip.compress(text.encode(), mtime=0))
    return sum("case" in line for line in lines)


def _lines() -> Iterator[Line]:
    for scenario_file in [*sorted(ROOT.glob("rules/**/*.test.yaml")), FOLDER / "idle.test.yaml"]:
        document, _ = read_document(scenario_file.read_bytes(), scenario_file.name)
        assert document is not None, scenario_file
        file = scenario_file.parent / (policy_file(document) or "")
        version, _ = load_version(file.read_bytes(), file.name, number=1)
        assert version is not None, file
        scenarios, _ = read_scenarios(document, version.policy)
        holidays = [day.isoformat() for day in version.holidays]
        yield {"file": file.name, "digest": version.digest, "holidays": holidays, "text": version.text}
        compiled = compile_version(version)
        for scenario in scenarios:
            try:
                yield _line(compiled, scenario)
            except (Conflict, NotInForce):
                # There is no decision.
                continue


def _line(compiled: CompiledVersion, scenario: Scenario) -> Line:
    case = scenario.case
    if isinstance(case, EventCase):
        sort, facts, found = "event", event_case_data(case), answer(compiled, case).to_data()
    elif isinstance(case, DayCase):
        sort, facts, found = "day", day_case_data(case), daily(compiled, case).to_data()
    else:
        sort, facts, found = "decision", case_data(case), decide(compiled, case).to_data()
    row = f", row {scenario.row}" if scenario.row else ""
    return {"name": f"{scenario.file}: {scenario.name}{row}", "sort": sort, "case": facts, "record": found}


if __name__ == "__main__":
    target = file_of(ENGINE)
    try:
        sys.stdout.write(f"{target.name}: {write(target)} cases\n")
    except FileExistsError:
        sys.exit(f"{target.name} is there already, and golden decisions are never made anew")
