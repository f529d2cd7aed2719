"""How long it takes to prove a rule file of many rules, beside loading and checking the same file.

    python -m benchmarks.prove [--rules 300]

Both are in seconds of the processor, so that a busy machine changes little; read the ratio, and only that of one run.
The file is sound, and again with three planted faults, which have to be found: a rule that never applies, two
days of payout for one request, and a day between two prices.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable
from typing import TypeVar

from benchmarks.policies import policy_text
from engine.proofs.prove import prove
from engine.versions import load_version
from policies.advice import advise
from policies.versions import PolicyVersion

T = TypeVar("T")
PATIENCE_MS = 5_000

FAULTS = """\
  - {id: dead, kind: require, terms: "1", when: {request.requested_on: {under: 2024-01-01}},
     that: {account.kind: person}, reason: {ko: "가", en: "A."}}
  - {id: old-price, kind: price, terms: "1", when: {request.requested_on: {under: 2026-07-01}},
     every: 1, pays: 1, whole_steps: true, reason: {ko: "가", en: "A."}}
  - {id: new-price, kind: price, terms: "1", when: {request.requested_on: {over: 2026-07-01}},
     every: 1, pays: 2, whole_steps: true, reason: {ko: "가", en: "A."}}
  - {id: slow, kind: pay, terms: "1", when: {account.segment: 999}, within: 5 days}
  - {id: fast, kind: pay, terms: "1", when: {account.segment: {over: 998}, account.grade: GOLD}, within: 1 day}
"""
FOUND = {("dead-rule", "dead"), ("overlap", "fast"), ("gap", "new-price")}


def sound_text(rules: int) -> str:
    """A policy of so many rules in which every review can be met: the amounts of others lie above its limits."""
    return re.sub(r"over: (\d+)0\b", r"over: \1", policy_text(rules))


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds of the processor, and what came out."""
    before = time.process_time()
    done = work()
    return time.process_time() - before, done


def load_and_check(text: str) -> PolicyVersion:
    """What `recoup check` does with a sound file."""
    version, problems = load_version(text.encode(), "measured.yaml")
    assert version is not None, [str(problem) for problem in problems]
    advise(version.policy, version.text.encode(), "measured.yaml")
    return version


def measure(name: str, text: str, expected: set[tuple[str, str]]) -> None:
    """One line of the table."""
    checking, version = timed(lambda: load_and_check(text))
    proving, found = timed(lambda: prove(version, "measured.yaml", PATIENCE_MS, lambda: True))
    got = {(each.code, each.rules[0]) for each in found}
    assert got == expected, f"{name}: {[str(each.problem) for each in found]}"
    assert all(each.proven for each in found), "something is unknown"
    rules = len(version.policy.rules)
    print(f"{name:8} {rules:6} {checking:8.2f} {proving:8.2f} {proving / checking:8.1f} {len(found):9}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", type=int, default=300)
    rules = parser.parse_args().rules
    print(f"{'file':8} {'rules':>6} {'check s':>8} {'prove s':>8} {'times':>8} {'findings':>9}")
    text = sound_text(rules)
    measure("sound", text, set())
    measure("planted", text + FAULTS, FOUND)


if __name__ == "__main__":
    main()
