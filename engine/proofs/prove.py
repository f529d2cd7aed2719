"""All that can be shown of a rule file."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.proofs.applying import dead_exceptions, dead_rules
from engine.proofs.edges import edges
from engine.proofs.exits import exits
from engine.proofs.findings import Finding
from engine.proofs.gaps import gaps
from engine.proofs.lives import early_notices, never_usable
from engine.proofs.overlaps import overlaps
from engine.proofs.prover import Prover
from policies.source import read
from policies.versions import PolicyVersion

QUESTIONS: tuple[Callable[[Prover], Iterator[Finding]], ...] = (
    dead_rules,
    dead_exceptions,
    overlaps,
    gaps,
    edges,
    exits,
    early_notices,
    never_usable,
)
"""What is asked, in this order."""


def prove(version: PolicyVersion, file: str, patience_ms: int, keep_going: Callable[[], bool]) -> list[Finding]:
    """What is wrong with a version whose text stands in `file`, in the order of the file.

    A single question may take `patience_ms`; `keep_going` says whether there is time for another. What was not answered
    in that time is a finding too, which is not proven.
    """
    document, _ = read(version.text.encode(), file)
    assert document is not None, f"a policy was read from {file}"
    return answers(Prover(version, document, patience_ms, keep_going))


def answers(prover: Prover) -> list[Finding]:
    """What comes out of all questions, in the order of the file."""
    found: list[Finding] = []
    for ask in QUESTIONS:
        found += ask(prover)
    blocking = {rule for each in found if each.code == "stranded" for rule in each.rules}
    told = {(each.problem.line, each.problem.column) for each in found if each.code in ("dead-rule", "overlap", "gap")}
    return sorted(each for each in found if not _follows(each, blocking, told))


def _follows(finding: Finding, blocking: set[str], told: set[tuple[int, int]]) -> bool:
    """Whether a finding is nothing new: a rule that never applies because nothing passes is no fault of its own, and a
    single day is one where more is told of the rule.
    """
    others = set(finding.rules[1:])
    if finding.code in ("dead-rule", "dead-exception"):
        return bool(others) and others <= blocking
    return finding.code == "off-by-one" and (finding.problem.line, finding.problem.column) in told
