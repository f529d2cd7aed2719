"""The JSON Schema of rule files, by a real validator: it takes what the loader takes, and sees most of what it refuses.

Files are read here as an editor reads them (`tests/editor_yaml.py`), not as the loader does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import HealthCheck, assume, given, settings
from jsonschema import Draft202012Validator, ValidationError

from policies.conditions import OPERATORS
from policies.editor import FILE, rule_file_schema, schema_text
from policies.fields import Field
from policies.kinds import KINDS
from policies.load import load_policy
from policies.model import Policy, Text
from policies.vocabulary import COMMON
from service.cli import recoup
from tests.docs_runner import Block, blocks, fragment_text, pages
from tests.editor_yaml import Path as DataPath
from tests.editor_yaml import Seen, see
from tests.engine.random_policies import policies
from tests.policies.mutations import EVERYTHING, data_of, deleted, mutations, replaced, text_of
from tests.policies.policy_data import data_of_policy
from tests.policies.texts import VALID

ROOT = Path(__file__).parents[2]
RULES = ROOT / "rules"
SHIPPED = sorted(path for path in RULES.glob("**/*.yaml") if not path.name.endswith(".test.yaml"))
BAD = sorted((ROOT / "tests/bad").glob("*.yaml"))
MODELINE = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")

ANOTHER_PART = "a JSON Schema cannot compare it with another part of the file"
WHOLE_POLICY = "it shows only when the whole policy is seen"
MEANING = "a JSON Schema cannot reckon with what it means"
AS_WRITTEN = "it lies in how the word is written, and an editor's YAML reads something sound"

ONLY_THE_LOADER = {
    **dict.fromkeys(
        [
            *(
                "unknown-value",
                "unknown-rule",
                "unknown-placeholder",
                "not-a-choice",
                "other-kind",
                "own-id",
                "own-fact",
            ),
            *("id-taken", "id-twice", "wrong-unit", "value-out-of-sight", "table-in-itself", "else-unused"),
            *("days-backwards", "no-hours", "mixed-batch", "excludes-nothing"),
            *("days-backwards", "no-hours", "mixed-batch"),
            *("share-of-points", "of-lots", "shared-with-later"),
            *("days-out-of-order", "bands-out-of-order", "band-with-gap", "duplicate-key"),
        ],
        ANOTHER_PART,
    ),
    **dict.fromkeys(
        [
            *("always-conflict", "always-lifted", "no-allocation", "override-circle", "silenced-and-added"),
            "nothing-to-tell",
            *("value-unused", "least-above-most", "rate-above-all", "never-holds", "table-too-deep"),
        ],
        WHOLE_POLICY,
    ),
    **dict.fromkeys(
        [
            *("particle-after-figure", "stray-brace", "unknown-timezone", "impossible-date", "number-too-large"),
            "nothing-left",
        ],
        MEANING,
    ),
    **dict.fromkeys(["odd-number", "time-of-day", "tag", "reference", "cut-text", "directive"], AS_WRITTEN),
}
"""The problems that no schema can see, and why. No broken file of theirs is refused by it."""

SOMETIMES_UNSEEN = {
    **dict.fromkeys(
        [
            *(
                "amount-out-of-range-value",
                "wrong-span-unit-value",
                "span-out-of-range-value",
                "unknown-fact",
                "unknown-fact-undeclared",
            ),
            *("unknown-word-paper", "unknown-word-paper-undeclared"),
            *("unknown-word-source", "value-with-gap", "table-with-gap", "wrong-type-bands"),
            *("unknown-word-row", "table-with-gap-methods", "missing-field-after"),
            *("missing-field-rounding-offset", "field-without-percentage"),
            "wrong-type-dated-by",
        ],
        ANOTHER_PART,
    ),
    "span-out-of-range": MEANING,
    "too-long-text": "the loader counts characters after it has put together those that are written in parts",
    "boolean-word-key": AS_WRITTEN,
}
"""Broken files that the schema cannot see, though it sees others with the same problem, and why."""


SCHEMA = rule_file_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def errors(data: Any) -> list[str]:
    """What the validator says, each with its place."""
    found = VALIDATOR.iter_errors(data)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in found]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(RULES)))
def test_a_shipped_rule_file_is_valid(path: Path) -> None:
    assert errors(see(path.read_text("utf-8")).data) == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(RULES)))
def test_a_shipped_rule_file_names_the_schema_in_its_first_line(path: Path) -> None:
    named = MODELINE.match(path.read_text("utf-8"))
    assert named is not None, f"begin it with '# yaml-language-server: $schema={FILE}', or ../{FILE} in a folder below"
    assert (path.parent / named[1]).resolve() == RULES / FILE


def test_the_shipped_schema_is_up_to_date() -> None:
    shipped = (RULES / FILE).read_text("utf-8")
    assert shipped == schema_text(SCHEMA), f"run: recoup schema --output rules/{FILE}"


@pytest.mark.parametrize("text", [EVERYTHING, VALID], ids=["everything", "small"])
def test_a_valid_file_is_valid_however_its_yaml_is_read(text: str) -> None:
    """With underscores and days as text, and with plain numbers, as an editor sees them that knows YAML 1.1."""
    assert errors(see(text).data) == []
    assert errors(see(text_of(data_of(text))).data) == []


def rule_files_in_docs() -> Iterator[tuple[Block, str]]:
    for page in pages():
        for block in blocks(page):
            if block.language == "yaml" and not block.name:
                yield block, fragment_text(block)
            elif block.language == "yaml" and "\nrules:" in block.body:
                yield block, block.body


@pytest.mark.slow
def test_the_rule_files_of_the_docs_are_valid() -> None:
    """Those that the loader takes, which is nearly all: some pages show what a mistake looks like."""
    found = list(rule_files_in_docs())
    loaded = [block for block, text in found if accepts_what_the_loader_accepts(text, block.place)]
    assert len(loaded) > 0.8 * len(found) > 40


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_broken_file_is_seen_where_it_is_broken(path: Path) -> None:
    text = path.read_text("utf-8")
    problems = load_policy(text.encode(), path.name)[1]
    try:
        seen = see(text)
    except yaml.YAMLError:
        return  # The editor's own parser says so.
    places = [place for error in VALIDATOR.iter_errors(seen.data) for place in places_of(error)]
    if path.stem in SOMETIMES_UNSEEN or {problem.code for problem in problems} <= set(ONLY_THE_LOADER):
        assert places == [], f"{path.stem} is seen; take it out of the table"
        return
    for problem in problems:
        if problem.code not in ONLY_THE_LOADER:
            assert places, f"{path.stem} is not seen"
            assert any(meets(place, problem.line, seen) for place in places), (str(problem), places)


def places_of(error: ValidationError) -> Iterator[DataPath]:
    """The paths that an error is about: its own, or those of the keys that should not be there."""
    path = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        within: Any = error.schema
        known, patterns = within.get("properties", {}), within.get("patternProperties", {})
        yield from ((*path, key) for key in error.instance if not _known(key, known, patterns))  # type: ignore[union-attr]
    else:
        yield path


def _known(key: str, known: Any, patterns: Any) -> bool:
    return key in known or any(re.search(pattern, key) for pattern in patterns)


def meets(place: DataPath, line: int, seen: Seen) -> bool:
    """Whether what an error is about begins on the line, or directly holds what begins there."""
    below = (path for path in seen.lines if path[:-1] == place)
    return any(line in seen.lines.get(path, ()) for path in (place, *below)) or (line == 1 and place == ())


def test_the_tables_name_only_what_there_is() -> None:
    codes = {problem.code for path in BAD for problem in load_policy(path.read_bytes(), path.name)[1]}
    assert sorted(set(ONLY_THE_LOADER) - codes) == []
    assert sorted(set(SOMETIMES_UNSEEN) - {path.stem for path in BAD}) == []


def accepts_what_the_loader_accepts(text: str, name: str) -> bool:
    """Whether the loader accepts the file, or all but a value that nobody uses; then the schema must."""
    accepted = {problem.code for problem in load_policy(text.encode(), "policy.yaml")[1]} <= {"value-unused"}
    if accepted:
        assert errors(see(text).data) == [], name
    return accepted


@pytest.mark.slow
@pytest.mark.parametrize(("text", "step", "part"), [(EVERYTHING, 449, 0), (EVERYTHING, 449, 220), (VALID, 59, 0)])
def test_a_changed_file_that_still_loads_is_still_valid(text: str, step: int, part: int) -> None:
    # All of them take minutes; a prime step meets every replacement and every part of the file.
    chosen = islice(mutations(data_of(text)), part, None, step)
    loaded = [accepts_what_the_loader_accepts(text_of(make()), name) for name, make in chosen]
    assert any(loaded)
    assert not all(loaded)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies())
def test_a_random_policy_is_valid_unless_the_loader_sees_what_a_schema_can_see(policy: Policy) -> None:
    text = text_of(data_of_policy(policy))
    loaded, problems = load_policy(text.encode(), "policy.yaml")
    assume({problem.code for problem in problems} <= set(ONLY_THE_LOADER))
    assert errors(see(text).data) == []
    if loaded is not None:
        assert [(rule.kind, rule.id) for rule in loaded.rules] == [(rule.kind, rule.id) for rule in policy.rules]


LINE = {rule["id"]: index for index, rule in enumerate(data_of(EVERYTHING)["rules"])}


@pytest.mark.parametrize(
    ("path", "value", "valid"),
    [
        (("values", "monthly_limit", "since", "2025-01-01"), "50_000", True),
        (("values", "monthly_limit", "since", "2025-01-01"), 50000, True),
        (("values", "monthly_limit", "since", "2025-01-01"), "50,000", False),
        (("values", "monthly_limit", "since", "2025-01-01"), "500", False),
        (("values", "life", "since", "always"), "5 years", True),
        (("values", "life", "since", "always"), "5 yrs", False),
        (("values", "life", "since", "always"), 5, False),
        (("values", "campaign", "since", "2025-01-01"), "$life", False),
        (("starts",), "2025-01-01", True),
        (("starts",), "1900-01-01", True),
        (("starts",), "2999-12-31", True),
        (("starts",), "1899-12-31", False),
        (("starts",), "2025-13-01", False),
        (("starts",), 20250101, False),
        (("rules", LINE["large"], "over"), "$any", True),
        (("rules", LINE["large"], "over"), "$any-thing", False),
        (("rules", LINE["verified"], "that"), {"account.debt": {"under": "account.deposit"}}, True),
        (("rules", LINE["verified"], "that"), {"account.debt": {"under": "account.joined_on"}}, False),
        (("rules", LINE["verified"], "that"), {"account.joined_on": "none"}, False),
        (("rules", LINE["verified"], "that"), {"account.born_on": "none"}, True),
        (("rules", LINE["verified"], "that"), {"account.born_on": {"under": "none"}}, False),
        (("rules", LINE["verified"], "that"), {"lot.source": "purchase"}, False),
        (("rules", LINE["verified"], "that"), {"account.favourite": "purchase"}, True),
        (("rules", LINE["verified"], "that"), {"account.status": "activ"}, False),
        (("rules", LINE["verified"], "that"), {"any": [{"any": [{"account.debt": 0}]}]}, False),
    ],
)
def test_what_one_place_takes(path: DataPath, value: Any, valid: bool) -> None:
    data = replaced(see(EVERYTHING).data, path, value)
    assert (errors(data) == []) is valid


@pytest.mark.parametrize("kind", KINDS)
def test_a_field_of_one_kind_is_refused_in_the_others(kind: str) -> None:
    data = see(EVERYTHING).data
    index = next(index for index, rule in enumerate(data["rules"]) if rule["kind"] == kind)
    assert errors(replaced(data, ("rules", index), {**data["rules"][index], "frequency": 1})) != []
    without_terms = errors(deleted(data, ("rules", index, "terms")))
    assert without_terms == [f"rules/{index}: 'terms' is a required property"]


def about(field: Field) -> str:
    """What a field says of itself, in English."""
    words = field.metadata["about"]
    return words.en if isinstance(words, Text) else str(words)


def test_every_field_kind_fact_and_operator_has_its_place() -> None:
    definitions = SCHEMA["$defs"]
    for name, kind in KINDS.items():
        fields = definitions[f"rule-{name}"]["properties"]
        assert list(fields) == kind.schema.names()
        told = {field: fields[field]["markdownDescription"] for field in fields if field != "kind"}
        for field in kind.schema.fields.values():
            assert isinstance(field, Field)
            called = field.data_key or field.name
            assert called == "kind" or about(field).casefold() in told[str(called)].casefold()
        assert "reason" not in told or all(f"{{{figure}}}" in told["reason"] for figure in kind.placeholders)
    text = json.dumps(definitions, ensure_ascii=False)
    assert [fact.path for fact in COMMON if f"{fact.ko} · {fact.en}" not in text] == []
    assert sorted(definitions["clause-declared-account-request"]["properties"]) == sorted(OPERATORS)


def test_every_reference_of_the_schema_leads_somewhere() -> None:
    named = set(re.findall(r'"#/\$defs/([^"]+)"', json.dumps(SCHEMA)))
    assert named == set(SCHEMA["$defs"])


def test_the_command_prints_the_schema_or_writes_it(tmp_path: Path) -> None:
    printed = CliRunner().invoke(recoup, ["schema"])
    assert (printed.exit_code, printed.stdout) == (0, schema_text(SCHEMA))
    written = CliRunner().invoke(recoup, ["schema", "--output", str(tmp_path / FILE)])
    assert (written.exit_code, written.output) == (0, "")
    assert (tmp_path / FILE).read_text("utf-8") == printed.stdout
    refused = CliRunner().invoke(recoup, ["schema", "--output", str(tmp_path / "nowhere" / FILE)])
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert "No such file or directory" in refused.stderr
