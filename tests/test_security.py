"""What SECURITY.md promises is held by tests that exist, and the audit of versions tells what it was told."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from tools import vulnerabilities

ROOT = Path(__file__).parents[1]
ROW = re.compile(r"^\| ([A-Z][a-z ]+) \| .* \| `(tests/[\w/]+\.py)::(test_\w+)` \|$", re.MULTILINE)
STRIDE = {
    *("Spoofing", "Tampering", "Repudiation", "Information disclosure", "Denial of service", "Elevation of privilege"),
}


def test_every_threat_names_a_test_that_exists() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    named = ROW.findall(text)
    threats = [line for line in text.splitlines() if line.startswith(tuple(f"| {each} |" for each in STRIDE))]
    assert len(named) == len(threats), "each threat has an answer and a test"
    assert {kind for kind, _, _ in named} == STRIDE
    for _, file, test in named:
        found = {node.name for node in ast.parse((ROOT / file).read_text("utf-8")).body if hasattr(node, "name")}
        assert test in found, f"{file}::{test}"


def told(*packages: dict[str, object]) -> str:
    return json.dumps({"dependencies": packages})


BAD: dict[str, object] = {
    "name": "flask",
    "version": "0.1",
    "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["0.2"]}],
}
GOOD: dict[str, object] = {"name": "click", "version": "8", "vulns": []}
UNKNOWN: dict[str, object] = {"name": "recoup", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("report", "exceptions", "status", "words"),
    [
        (told(GOOD), {}, 0, "1 pinned versions, none known to be vulnerable"),
        (told(GOOD, UNKNOWN), {}, 0, "nothing is told of 1"),
        (told(BAD, GOOD), {}, 1, "flask 0.1: PYSEC-1, mended in 0.2"),
        (told(BAD), {"CVE-1": "is about something that is not used"}, 0, "none known"),
        (told(UNKNOWN), {}, 0, "skipped: the package index does not tell any"),
        ("", {}, 0, "skipped: nobody could be asked"),
    ],
    ids=["sound", "unknown in part", "vulnerable", "excepted", "a mirror of files", "no network"],
)
def test_a_known_vulnerability_fails_unless_it_is_excepted(
    report: str, exceptions: dict[str, str], status: int, words: str
) -> None:
    found, said = vulnerabilities.judge(report, exceptions)
    assert (found, words in said) == (status, True), said
