"""The JSON Schema of scenario files, by a real validator: it takes what the loader takes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from engine.scenario_expect import DAY_KEYS, EVENT_KEYS, REFUND_KEYS
from engine.scenario_file import PARTS, TOP
from engine.scenario_schema import FILE, scenario_file_schema
from policies.editor import schema_text
from service.cli import recoup
from tests.docs_runner import Block, blocks, pages
from tests.editor_yaml import see
from tests.policies.mutations import replaced

ROOT = Path(__file__).parents[2]
RULES = ROOT / "rules"
SHIPPED = sorted(RULES.glob("**/*.test.yaml"))
MODELINE = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")
SCHEMA = scenario_file_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
SMALL = """
policy: small.yaml
as_of: 2026-03-10 10:00
accounts: {member: {joined_on: 2020-05-01, grade: GOLD}, other: {like: member}}
lots: {bill: {source: bill_payment, acquired_on: 2025-03-10, amount: 200_000}}
scenarios:
  - name: A refund
    account: member
    lots: [bill]
    request: {points: 20_000, method: cash}
    expect: {outcome: approved, payout: 20_000, allocation: {bill: 20_000}, payable_on: none}
"""


def errors(data: Any) -> list[str]:
    """What the validator says, each with its place."""
    found = VALIDATOR.iter_errors(data)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in found]


def test_the_schema_is_one_and_names_every_part() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    definitions = SCHEMA["$defs"]
    assert list(SCHEMA["properties"]) == list(TOP)
    assert list(definitions["scenario"]["properties"]) == list(PARTS)
    assert set(definitions["expect"]["properties"]) == {*REFUND_KEYS, *EVENT_KEYS, *DAY_KEYS}
    assert set(re.findall(r'"#/\$defs/([^"]+)"', json.dumps(SCHEMA))) == set(definitions)
    # A name without a shape of its own could be anything.
    assert {} not in (*SCHEMA["properties"].values(), *definitions["scenario"]["properties"].values())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(RULES)))
def test_a_shipped_scenario_file_is_valid_and_names_the_schema(path: Path) -> None:
    text = path.read_text("utf-8")
    assert errors(see(text).data) == []
    named = MODELINE.match(text)
    assert named is not None, f"begin it with '# yaml-language-server: $schema={FILE}', or ../{FILE} in a folder below"
    assert (path.parent / named[1]).resolve() == RULES / FILE


def scenario_files_in_docs() -> list[Block]:
    return [block for page in pages() for block in blocks(page) if block.name.endswith(".test.yaml")]


def test_the_scenario_files_of_the_docs_and_the_tests_are_valid() -> None:
    found = scenario_files_in_docs()
    assert {block.place: told for block in found if (told := errors(see(block.body).data))} == {}
    assert len(found) > 3
    assert errors(see((ROOT / "tests/engine/small.test.yaml").read_text("utf-8")).data) == []


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("as_of",), "2026-03-10", "as_of: '2026-03-10' does not match"),
        (("lots", "bill", "amount"), True, "lots/bill/amount: True is not of type 'integer', 'string'"),
        (("accounts", "member", "joined_on"), "yesterday", "accounts/member/joined_on: 'yesterday' does not match"),
        (("accounts", "member", "statuz"), {}, "accounts/member/statuz: {} is not of type"),
        (("scenarios", 0, "expects"), {}, "scenarios/0: Additional properties are not allowed"),
        (("scenarios", 0, "expect", "outcome"), "aproved", "scenarios/0/expect/outcome: 'aproved' is not one of"),
        (("scenarios", 0, "request", "points"), "all", ""),
        (("accounts", "member", "activity_days"), ["2026-01-31", "2026-02-28"], ""),
        (("accounts", "member", "activity_days"), ["today"], "accounts/member/activity_days/0: 'today' does not match"),
        (("scenarios", 0, "request", "lots"), ["bill"], ""),
        (("scenarios", 0, "request", "lots"), [], ""),
        (("scenarios", 0, "request", "lots"), "bill", "scenarios/0/request/lots: 'bill' is not of type 'array'"),
        (("scenarios", 0, "event"), {"type": "purchase"}, "scenarios/0: False schema does not allow"),
    ],
)
def test_what_one_place_takes(path: tuple[Any, ...], value: Any, told: str) -> None:
    data = see(SMALL).data
    assert errors(data) == []
    found = errors(replaced(data, path, value))
    assert found[0].startswith(told) if told else found == []


def test_the_shipped_schema_is_up_to_date() -> None:
    shipped = (RULES / FILE).read_text("utf-8")
    assert shipped == schema_text(SCHEMA), f"run: recoup schema --scenarios --output rules/{FILE}"
    assert CliRunner().invoke(recoup, ["schema", "--scenarios"]).stdout == shipped
