"""The small policy of these tests, and a scenario file for it that tests change."""

from __future__ import annotations

from pathlib import Path

from engine.compiled import CompiledVersion, compile_version
from engine.scenario_file import Scenario, read_document, read_scenarios
from engine.versions import load_version
from policies.problems import Problem

HERE = Path(__file__).parent
RULES = (HERE / "small.yaml").read_text("utf-8")
BASE = """\
policy: small.yaml
as_of: 2026-03-02 10:00
accounts:
  gold: {joined_on: 2020-01-01, years: 3}
lots:
  bill: {source: bill_payment, acquired_on: 2025-03-02, amount: 30_000}
  promo: {source: promotion, acquired_on: 2026-01-02, amount: 5_000}
scenarios:
  - name: A refund
    account: gold
    lots: [bill, promo]
    request: {points: 20_000, method: cash}
    expect: {outcome: approved}
"""
EXPECT = "    expect: {outcome: approved}\n"
REQUEST = "    request: {points: 20_000, method: cash}\n"


def version_of(text: str = RULES) -> CompiledVersion:
    """The rules in a text, compiled."""
    version, problems = load_version(text.encode(), "small.yaml")
    assert version is not None, [str(problem) for problem in problems]
    return compile_version(version)


def read(text: str, compiled: CompiledVersion) -> tuple[tuple[Scenario, ...], list[str]]:
    """The scenarios and problems of a text, in English."""
    scenarios, problems = read_both(text, compiled)
    return scenarios, [str(problem) for problem in problems]


def read_both(text: str, compiled: CompiledVersion) -> tuple[tuple[Scenario, ...], list[Problem]]:
    """The same, with the problems in both languages."""
    document, problems = read_document(text.encode(), "a.test.yaml")
    if document is None:
        return (), problems
    scenarios, more = read_scenarios(document, compiled.policy)
    return scenarios, [*problems, *more]
