"""Every planted fault is found, what mends it is not, and each finding comes with a scenario that shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.compiled import compile_version
from engine.proofs.findings import Finding
from engine.proofs.prove import prove
from engine.scenario_file import read_document, read_scenarios
from engine.scenarios import run
from engine.versions import load_version
from policies.layout import rewritten
from policies.versions import PolicyVersion
from tests.proofs.planted import CLASHES, Planted, text
from tests.proofs.planted_gaps import GAPS
from tests.proofs.planted_wide import SOUND, WIDE

PLANTED = CLASHES | GAPS | WIDE
ROOT = Path(__file__).parent.parent.parent
RULE_FILES = sorted(path for path in ROOT.glob("rules/**/*.yaml") if not path.name.endswith(".test.yaml"))


def loaded(data: bytes) -> PolicyVersion:
    version, problems = load_version(data, "planted.yaml", holidays=())
    assert version is not None, [str(each) for each in problems]
    return version


def found_in(version: PolicyVersion) -> list[Finding]:
    return prove(version, "planted.yaml", 5_000, lambda: True)


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
def test_a_planted_fault_is_found_and_shown(planted: Planted) -> None:
    version = loaded(text(planted.rules, planted.values).encode())
    found = found_in(version)

    assert [(planted.code, planted.rule, True)] == [(each.code, each.rules[0], each.proven) for each in found]
    assert_shown(version, found)


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
def test_what_mends_a_fault_raises_none(planted: Planted) -> None:
    whole = text(planted.rules.replace(*planted.mended), planted.values.replace(*planted.mended))
    assert whole != text(planted.rules, planted.values), "nothing is mended"
    assert [str(each.problem) for each in found_in(loaded(whole.encode()))] == []


@pytest.mark.parametrize("rules", SOUND.values(), ids=SOUND)
def test_sound_rules_raise_none_however_unusual(rules: str) -> None:
    assert [str(each.problem) for each in found_in(loaded(text(rules).encode()))] == []


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.stem)
def test_our_own_rule_files_raise_none(path: Path) -> None:
    assert [str(each.problem) for each in found_in(loaded(path.read_bytes()))] == []


def test_what_is_not_answered_in_time_is_unknown_and_never_sound() -> None:
    planted = PLANTED["a_fee_that_misses_one_amount"]
    version = loaded(text(planted.rules).encode())
    found = prove(version, "planted.yaml", 5_000, lambda: False)

    assert found
    assert not any(each.proven or each.scenario for each in found)
    assert all("unknown" in each.problem.message.en for each in found)
    assert all("알 수 없음" in each.problem.message.ko for each in found)


def assert_shown(version: PolicyVersion, found: list[Finding]) -> None:
    """The scenarios of findings, pasted into a scenario file, pass, and stand in the agreed layout."""
    pasted = "policy: planted.yaml\n\nscenarios:\n" + "\n".join(each.scenario.strip("\n") for each in found) + "\n"
    document, problems = read_document(pasted.encode(), "planted.test.yaml")
    assert document is not None, problems
    scenarios, problems = read_scenarios(document, version.policy)
    compiled = compile_version(version)

    assert [str(each) for each in problems] == []
    assert len(scenarios) >= len(found)
    assert [line for scenario in scenarios for line in run(compiled, scenario).lines()] == []
    assert rewritten(pasted, scenarios=True) == pasted
