"""The documentation is true: every example on every page runs, and the pages name everything that there is.

What there is comes from the code's own lists, so a kind, fact or setting that nobody describes fails here.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import pytest

from engine import scenario_expect, scenario_file
from engine.compiled import BUILT_IN
from engine.decision import OUTCOMES, Decision, Reason
from engine.facts import PAST_STATES
from policies import kinds, schema
from policies.conditions import OPERATORS
from policies.model import SINGLE_MEASURES, Fact, SpanUnit
from policies.sentences import ROUNDINGS
from policies.values import UNITS
from policies.vocabulary import TYPES, vocabulary
from service.cli import recoup
from service.config import SETTINGS
from service.messages import KINDS as MESSAGES
from service.reference import OPERATIONS
from service.refusal_kinds import KINDS as REFUSALS
from service.tables import TABLES
from tests import catalogue
from tests.docs_runner import ROOT, blocks, pages, run
from tests.forks import Shell
from tests.service.processes import forked
from tests.test_bad import reported

PAGES = [page for page in pages() if any(block.language != "text" for block in blocks(page))]
REFERENCE = ROOT / "docs/authors/reference.md"
INTEGRATORS = ROOT / "docs/integrators.md"
OPERATORS_PAGE = ROOT / "docs/operators.md"
MOST_LINES = {"README.md": 80, "policies/README.md": 60, "engine/README.md": 60, "service/README.md": 60}
MEASURES = (*SINGLE_MEASURES, "refund.points", "refunds", "account", "receiving_account")
WINDOWS = ("day", "month", "year", "24 hours", "30 days", "ever")


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_the_examples_of_a_page_run(
    page: Path, tmp_path: Path, demo_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = list(blocks(page))
    if (
        any(block.language == "javascript" for block in found)
        and shutil.which("node") is None
        and "CI" not in os.environ
    ):
        pytest.skip("node is not installed, which runs the examples in JavaScript: apt-get install nodejs")
    shell = Shell(tmp_path_factory.mktemp("forks"))
    for name in ("rules", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    with _server(tmp_path, demo_file, wanted=any(re.search(r":8000[/\"]", block.body) for block in found)) as port:
        for block in found:
            run(block, tmp_path, port, shell)


@pytest.mark.parametrize(
    ("page", "names"),
    [
        (REFERENCE, kinds.KINDS),
        (REFERENCE, OPERATORS),
        (REFERENCE, MEASURES),
        (REFERENCE, WINDOWS),
        (REFERENCE, UNITS),
        (REFERENCE, TYPES),
        (REFERENCE, get_args(SpanUnit)),
        (REFERENCE, ROUNDINGS),
        (REFERENCE, OUTCOMES),
        (REFERENCE, [rule.id for rule in BUILT_IN]),
        (REFERENCE, schema.POLICY.names()),
        (REFERENCE, schema.FACT.names()),
        (REFERENCE, scenario_file.TOP),
        (REFERENCE, scenario_file.PARTS),
        (REFERENCE, {*scenario_expect.REFUND_KEYS, *scenario_expect.EVENT_KEYS, *scenario_expect.EARNED_KEYS}),
        (REFERENCE, scenario_expect.OUTCOMES),
        (INTEGRATORS, REFUSALS),
        (INTEGRATORS, OUTCOMES),
        (INTEGRATORS, PAST_STATES),
        (INTEGRATORS, Decision.__struct_fields__),
        (INTEGRATORS, Reason.__struct_fields__),
        (INTEGRATORS, MESSAGES),
        (INTEGRATORS, {name for kind in MESSAGES.values() for name in kind.carries}),
        (OPERATORS_PAGE, [setting.name for setting in SETTINGS]),
        (OPERATORS_PAGE, [table._meta.table_name for table in TABLES]),
    ],
    ids=[
        *("kinds", "operators", "measures", "windows", "units", "types", "spans", "roundings", "outcomes", "built-in"),
        *("top-level", "facts", "scenario-files", "scenarios", "expectations", "outcomes-of-scenarios"),
        *(
            "refusals",
            "outcomes-for-callers",
            "past-states",
            "decision",
            "reason",
            "messages",
            "message-data",
            "settings",
            "tables",
        ),
    ],
)
def test_a_page_names_everything_of_a_list(page: Path, names: Iterable[str]) -> None:
    said = _named(page.read_text("utf-8"))
    assert sorted(name for name in names if name not in said) == []


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_the_reference_names_every_field_and_figure_of_a_kind(kind: str) -> None:
    section = _section(REFERENCE, f"### {kind}")
    common = _section(REFERENCE, "## 8. Rules and their kinds")
    known = kinds.KINDS[kind]
    said, shared = _named(section), _named(common.partition("\n### ")[0])
    fields_of_kind = [name for name in known.schema.names() if name not in shared]
    assert [name for name in fields_of_kind if name not in said] == []
    assert [name for name in known.placeholders if f"{{{name}}}" not in section] == []
    assert "```yaml" in section


def test_the_table_of_facts_is_the_vocabulary() -> None:
    rows = re.findall(r"^\| `([a-z]+\.[a-z_]+)` \| (.+?) \| (.+?) \|", _section(REFERENCE, "## 4. Facts"), re.MULTILINE)
    facts = vocabulary((), (), ())
    told = {path: (kind, default) for path, kind, default in rows if path in facts}
    assert told == {path: (_type(fact), told[path][1]) for path, fact in facts.items() if path in told}
    assert sorted(set(facts) - set(told)) == []
    stated = {path: told[path][1] for path, fact in facts.items() if not _derived(fact)}
    assert stated == {path: _default(fact) for path, fact in facts.items() if not _derived(fact)}


def test_the_reference_names_every_command() -> None:
    said = REFERENCE.read_text("utf-8")
    names = recoup.list_commands(recoup.make_context("recoup", [], resilient_parsing=True))
    assert [name for name in names if f"`recoup {name}" not in said] == []


def test_the_page_of_problems_is_the_error_catalogue() -> None:
    said = catalogue.PAGE.read_text("utf-8")
    assert said == catalogue.page(), "run: python -m tests.catalogue"
    assert [code for code in reported() if f"| `{code}` |" not in said] == []


def test_callers_are_told_of_every_address() -> None:
    said = INTEGRATORS.read_text("utf-8")
    addresses = [f"{operation.method.upper()} {operation.path}" for operation in OPERATIONS]
    assert [address for address in addresses if f"`{address}`" not in said] == []


def test_developers_are_told_of_every_target_of_make() -> None:
    said = (ROOT / "docs/developers.md").read_text("utf-8")
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert targets is not None
    # One that begins with a dot is no chore: the others look for a Python with it.
    assert [name for name in targets[1].split() if name[0] != "." and f"`make {name}`" not in said] == []


@pytest.mark.parametrize("package", ["policies", "engine", "service"])
def test_a_map_names_every_module(package: str) -> None:
    said = (ROOT / package / "README.md").read_text("utf-8")
    modules = sorted(path.name for path in (ROOT / package).glob("*.py") if path.name != "__init__.py")
    assert [name for name in modules if f"`{name}`" not in said] == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    missing = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, anchor = target.partition("#")
        if file.startswith("http"):
            continue
        found = (page.parent / file) if file else page
        if not found.exists() or (anchor and anchor not in _anchors(found)):
            missing.append(target)
    assert missing == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    named = re.findall(r"`((?:[a-z_]+/)+[a-z0-9_.-]*\.(?:py|yaml|md|cfg)|(?:[a-z_]+/)+)`", page.read_text("utf-8"))
    # The map of the house names the folders of a package below its heading.
    folders = (ROOT, page.parent, *(ROOT / package for package in ("policies", "engine", "service")))
    assert [name for name in named if not any((folder / name).exists() for folder in folders)] == []


def test_the_names_of_code_in_contributing_exist() -> None:
    sources = "\n".join(path.read_text("utf-8") for path in ROOT.glob("*/**/*.py") if ".venv" not in path.parts)
    named = re.findall(r"`([A-Za-z_]{4,})(?:\(.*?\))?`", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    words = set(re.findall(r"[A-Za-z_]+", sources))
    assert sorted({name for name in named if name not in words and name not in ("NAME", "NOUN")}) == []


@pytest.mark.parametrize(("page", "most"), MOST_LINES.items())
def test_a_page_stays_short(page: str, most: int) -> None:
    assert len((ROOT / page).read_text("utf-8").splitlines()) <= most


def _named(text: str) -> set[str]:
    """Every word in backticks, with those of the lists and maps that stand there."""
    inside = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))
    words = {word for code in inside for word in re.findall(r"[A-Za-z_][\w.-]*", code)}
    return words | set(inside)


def _section(page: Path, heading: str) -> str:
    """The text below a heading, up to the next of its level."""
    text = page.read_text("utf-8")
    start = text.index(f"\n{heading}\n") + 1
    level = heading.partition(" ")[0]
    end = re.search(rf"^#{{1,{len(level)}}} ", text[start + len(heading) :], re.MULTILINE)
    return text[start:] if end is None else text[start : start + len(heading) + end.start()]


def _anchors(page: Path) -> set[str]:
    """The names that the headings of a page can be linked by."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _type(fact: Fact) -> str:
    if fact.path in ("lot.source", "request.method"):
        return f"choice of the declared `{fact.name}s`"
    if fact.type == "choice":
        return "choice of " + ", ".join(f"`{member}`" for member in fact.choices)
    return "date or `none`" if fact.none else fact.type


def _default(fact: Fact) -> str:
    if fact.required:
        return "required"
    if fact.none:
        return "`none`"
    if fact.type == "flag":
        return "`true`" if fact.default else "`false`"
    return f"`{fact.default}`" if fact.default != "" else '`""`'


def _derived(fact: Fact) -> bool:
    """Whether the fact follows from others where it is not given."""
    return fact.default is None and not fact.required and not fact.none


@contextmanager
def _server(folder: Path, demo_file: Path, *, wanted: bool) -> Iterator[int | None]:
    """The service with the example accounts on a port of its own, for a page whose commands speak with it."""
    if not wanted:
        yield None
        return
    shutil.copyfile(demo_file, folder / "recoup.db")
    with forked(f"sqlite:///{folder}/recoup.db", WEBHOOK_PRIVATE_ADDRESSES="yes") as port:
        yield port
