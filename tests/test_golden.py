"""What every release decided is decided the same today, on the texts that stand in the golden files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from engine.decision import ENGINE, OUTCOMES
from policies.kinds import KINDS
from tests import golden

FILES = sorted(golden.FOLDER.glob("*.jsonl.gz"))


@pytest.fixture(scope="module")
def present() -> list[golden.Golden]:
    """The golden decisions of the present release."""
    return list(golden.read(golden.file_of(ENGINE)))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_a_release_decided_is_decided_the_same(file: Path) -> None:
    """Where one means to change what is decided: a ★ in the changelog, a new release, and `python -m tests.golden`."""
    assert [line for each in golden.read(file) for line in each.differences()] == []


def test_the_golden_decisions_come_out_every_way_and_use_every_kind(present: list[golden.Golden]) -> None:
    assert len(present) > 500
    sorts = Counter(each.sort for each in present)
    assert min(sorts[sort] for sort in golden.SORTS) >= 10
    assert {each.record["outcome"] for each in present if each.sort == "decision"} == set(OUTCOMES)
    assert {rule.kind for each in present for rule in each.compiled.policy.rules} == set(KINDS)


def test_a_decision_that_comes_out_otherwise_is_named(present: list[golden.Golden]) -> None:
    one = next(each for each in present if each.sort == "decision")
    changed = golden.Golden(one.name, one.sort, one.compiled, one.case, one.record | {"requested_on": "2001-01-01"})
    (line,) = changed.differences()
    assert line.startswith(f"{one.name}: requested_on: was '2001-01-01', is now ")


def test_golden_decisions_are_never_made_anew() -> None:
    file = golden.file_of(ENGINE)
    before = file.read_bytes()
    with pytest.raises(FileExistsError):
        golden.write(file)
    assert file.read_bytes() == before
