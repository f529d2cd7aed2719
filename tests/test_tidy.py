"""The house keeps its shape: which file may import what, and what no file may hold.

Each rule is a function from a checkout to its findings, one line each. The second half breaks every rule on a
small made-up tree, so that none of them can fall asleep.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("policies", "engine", "service")
SOURCES = (*PACKAGES, "tests", "tools", "benchmarks")
TEXTS = (*SOURCES, "clients", "rules", "docs")

# Which of our packages a package may import: service -> engine -> policies.
MAY_IMPORT = {
    "policies": {"policies"},
    "engine": {"engine", "policies"},
    "service": {"service", "engine", "policies"},
}

# Which files may import a library; inside the three packages, no other file may.
STORE = [
    f"service/{name}.py"
    for name in (
        *("table", "tables", "tables_access", "tables_messages", "tables_publishing"),
        *("database", "ledger", "records", "idempotency", "migrate", "append_only"),
    )
]
HOMES = {
    "yaml": ["policies/source.py", "policies/layout.py"],
    "durable": ["engine/matching.py"],
    "durable_rules_engine": ["engine/matching.py"],
    "holidays": ["engine/calendars.py"],
    "peewee": [*STORE, "service/migrations/*.py"],
    "playhouse": [*STORE, "service/migrations/*.py"],
    "marshmallow": [
        "policies/*.py",
        *(f"service/{name}.py" for name in ("shapes*", "intake", "reference*", "errors", "api/*")),
    ],
    "apispec": ["service/*.py"],
    "flask": ["service/*.py"],
    "werkzeug": ["service/*.py"],
    "click": ["service/*.py"],
    "granian": ["service/*.py"],
    "jwt": ["service/token_keys.py", "service/tokens.py"],
    "opentelemetry": ["service/telemetry.py", "service/app.py", "service/commands/serve.py"],
    "prometheus_client": ["service/metrics.py"],
    "psycopg": STORE,
    "cryptography": ["service/log/notes.py"],
    "duckdb": ["engine/population/*.py"],
    "pyarrow": ["service/log/parquet.py", "engine/population/*.py"],
    "pyspark": ["engine/population/spark.py"],
    "sqlglot": ["engine/population/*.py"],
    "z3": ["engine/proofs/logic.py"],
}

# What a decision may not depend on: the clock, chance, the machine and the network.
IMPURE_MODULES = {
    *("asyncio", "concurrent", "ftplib", "http", "logging", "multiprocessing", "os", "pathlib", "platform"),
    *(
        "random",
        "requests",
        "secrets",
        "shutil",
        "signal",
        "smtplib",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
    ),
    *("sys", "tempfile", "threading", "time", "urllib", "urllib3", "uuid"),
}
IMPURE_CALLS = {"open", "input", "print", "exec", "eval", "__import__"}
IMPURE_METHODS = {"now", "today", "utcnow", "read_text", "read_bytes", "write_text", "write_bytes"}
PURE_BUT = {
    (
        "engine/matching.py",
        "os",
    ): "the C library does not survive a fork; its rulesets are made again after one",
    ("engine/matching.py", "threading"): "the C library knows no locks; one session at a time",
    ("engine/population/deciding.py", "concurrent"): "stretches are shared out; each is decided purely",
    ("engine/population/processes.py", "concurrent"): "accounts are shared out; each is decided purely",
    ("engine/population/processes.py", "multiprocessing"): "and so",
    ("engine/population/processes.py", "os"): "how many processors there are",
    ("engine/population/spark.py", "os"): "workers have to be told which Python they are",
    ("engine/population/spark.py", "sys"): "and that is this one",
}

FLOATS_BUT = {"policies/problems.py": "how alike two words are, for 'did you mean'; never an amount"}

# A file among the kinds that is no kind, and why it lies there.
HELPERS: dict[str, str] = {}
MOST_LINES = 600


def no_package_is_missing(root: Path) -> Iterator[str]:
    """Without this every other rule would hold of an empty house."""
    for package in PACKAGES:
        if not (root / package / "__init__.py").is_file():
            yield f"{package}/__init__.py: missing"


def imports_run_one_way(root: Path) -> Iterator[str]:
    """The service imports the engine, the engine the policies, and none of them the tests."""
    for path, tree in modules(root, PACKAGES):
        package = path.partition("/")[0]
        for line, name in imported(tree):
            target = name.partition(".")[0]
            if target in SOURCES and target not in MAY_IMPORT[package]:
                yield f"{path}:{line}: {package} must not import {target}"


def libraries_stay_in_their_files(root: Path) -> Iterator[str]:
    """A library that is imported in one place can be replaced in one place."""
    for path, tree in modules(root, PACKAGES):
        for line, name in imported(tree):
            library = name.partition(".")[0]
            if library in HOMES and not any(fnmatch(path, home) for home in HOMES[library]):
                yield f"{path}:{line}: only {', '.join(HOMES[library])} may import {library}"


def strangers_need_only_the_log(root: Path) -> Iterator[str]:
    """An export is checked without the database and the service."""
    for path, tree in modules(root, ("service/log",)):
        for line, name in imported(tree):
            if name.partition(".")[0] in SOURCES and not name.startswith("service.log"):
                yield f"{path}:{line}: must not import {name}"


def decisions_depend_on_nothing_else(root: Path) -> Iterator[str]:
    """The same facts and version in, the same decision out: no clock, no chance, no I/O."""
    for path, tree in modules(root, ("policies", "engine")):
        for line, name in imported(tree):
            module = name.partition(".")[0]
            if module in IMPURE_MODULES and (path, module) not in PURE_BUT:
                yield f"{path}:{line}: must not import {module}"
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = node.func
                if isinstance(called, ast.Name) and called.id in IMPURE_CALLS:
                    yield f"{path}:{node.lineno}: must not call {called.id}()"
                if isinstance(called, ast.Attribute) and called.attr in IMPURE_METHODS:
                    yield f"{path}:{node.lineno}: must not call .{called.attr}()"


def money_is_never_a_float(root: Path) -> Iterator[str]:
    """No float literal and no float(); that 1 / 2 is one too, mypy says where an int is expected."""
    for path, tree in modules(root, ("policies", "engine")):
        for node in ast.walk(tree) if path not in FLOATS_BUT else ():
            match node:
                case ast.Constant(value=float() | complex()):
                    yield f"{path}:{node.lineno}: a float literal"
                case ast.Call(func=ast.Name(id="float" | "complex")):
                    yield f"{path}:{node.lineno}: a call of float()"


def a_kind_is_one_name_in_three_places(root: Path) -> Iterator[str]:
    """policies/kinds/x.py, engine/kinds/x.py and tests/kinds/test_x.py."""
    places = ("policies/kinds/{}.py", "engine/kinds/{}.py", "tests/kinds/test_{}.py")
    names = {
        path.stem.removeprefix("test_") if folder == "tests/kinds" else path.stem
        for folder in ("policies/kinds", "engine/kinds", "tests/kinds")
        for path in (root / folder).glob("*.py")
        if path.name not in {"__init__.py", "conftest.py"} and f"{folder}/{path.name}" not in HELPERS
    }
    for name in sorted(names):
        for place in places:
            if not (root / place.format(name)).is_file():
                yield f"{place.format(name)}: missing, though kind {name} is elsewhere"


def every_module_says_what_it_is_for(root: Path) -> Iterator[str]:
    """A module opens with one sentence on its responsibility."""
    for path, tree in modules(root, SOURCES):
        if not ast.get_docstring(tree):
            yield f"{path}:1: no docstring"


def no_file_is_too_long_to_read(root: Path) -> Iterator[str]:
    """A subject that needs more than this is two subjects."""
    for path in files(root, SOURCES, ".py"):
        lines = len((root / path).read_text("utf-8").splitlines())
        if lines > MOST_LINES:
            yield f"{path}: {lines} lines, at most {MOST_LINES}"


def nothing_is_left_for_later(root: Path) -> Iterator[str]:
    """What is to be done stands in an issue, where it is seen."""
    yield from lines_that_match(root, r"\b(TODO|FIXME|XXX)\b")


def nothing_names_one_machine(root: Path) -> Iterator[str]:
    """A path under somebody's home means nothing to the next reader."""
    yield from lines_that_match(root, r"(?<![\w.])/(root|home|work|Users)/\w")


Rule = Callable[[Path], Iterator[str]]
RULES: list[Rule] = [
    no_package_is_missing,
    imports_run_one_way,
    libraries_stay_in_their_files,
    strangers_need_only_the_log,
    decisions_depend_on_nothing_else,
    money_is_never_a_float,
    a_kind_is_one_name_in_three_places,
    every_module_says_what_it_is_for,
    no_file_is_too_long_to_read,
    nothing_is_left_for_later,
    nothing_names_one_machine,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_is_tidy(rule: Rule) -> None:
    assert list(rule(ROOT)) == []


def test_every_exemption_is_still_needed() -> None:
    trees = dict(modules(ROOT, PACKAGES))
    imports = {(path, name.partition(".")[0]) for path, tree in trees.items() for _, name in imported(tree)}
    assert set(PURE_BUT) - imports == set()
    assert {*HELPERS, *FLOATS_BUT} - set(trees) == set()


def modules(root: Path, folders: tuple[str, ...]) -> Iterator[tuple[str, ast.Module]]:
    """Every Python file below these folders, with its tree."""
    for path in files(root, folders, ".py"):
        yield path, _parsed((root / path).read_text("utf-8"))


@lru_cache(1_000)
def _parsed(text: str) -> ast.Module:
    """The tree of a text; several rules look at the same ones."""
    return ast.parse(text)


def files(root: Path, folders: tuple[str, ...], suffix: str) -> Iterator[str]:
    """The files of this ending below these folders, as paths from the root."""
    for folder in folders:
        for path in sorted((root / folder).rglob(f"*{suffix}")):
            yield path.relative_to(root).as_posix()


def lines_that_match(root: Path, pattern: str) -> Iterator[str]:
    """Every line of source, rules or prose that holds the pattern; this file only quotes what it looks for."""
    for suffix in (".py", ".yaml", ".md", ".html"):
        for path in files(root, TEXTS, suffix):
            for line, text in enumerate((root / path).read_text("utf-8", "replace").splitlines(), 1):
                found = re.search(pattern, text)
                if found and path != "tests/test_tidy.py":
                    yield f"{path}:{line}: {found.group()}"


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that a module imports, wherever the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


OPENING = '"""A module."""\n'
UNTIDY: dict[str, tuple[Rule, dict[str, str], list[str]]] = {
    "a_package_is_missing": (
        no_package_is_missing,
        {"policies/__init__.py": "", "service/__init__.py": ""},
        ["engine/__init__.py: missing"],
    ),
    "policies_import_the_engine": (
        imports_run_one_way,
        {"policies/model.py": "from engine.money import down\n"},
        ["policies/model.py:1: policies must not import engine"],
    ),
    "the_engine_imports_the_service_inside_a_function": (
        imports_run_one_way,
        {"engine/decide.py": "def f():\n    import service.tables\n"},
        ["engine/decide.py:2: engine must not import service"],
    ),
    "the_service_imports_tests": (
        imports_run_one_way,
        {"service/demo.py": "from tests import builders\n"},
        ["service/demo.py:1: service must not import tests"],
    ),
    "yaml_is_read_twice": (
        libraries_stay_in_their_files,
        {"policies/source.py": "import yaml\n", "engine/scenarios.py": "import yaml\n"},
        ["engine/scenarios.py:1: only policies/source.py, policies/layout.py may import yaml"],
    ),
    "flask_is_in_the_engine": (
        libraries_stay_in_their_files,
        {"engine/decide.py": "from flask import request\n", "service/api/refunds.py": "import flask\n"},
        ["engine/decide.py:1: only service/*.py may import flask"],
    ),
    "the_log_knows_the_database": (
        strangers_need_only_the_log,
        {"service/log/tree.py": "from service.log import notes\nfrom service.database import rows\n"},
        ["service/log/tree.py:2: must not import service.database"],
    ),
    "the_clock_is_imported": (
        decisions_depend_on_nothing_else,
        {"engine/decide.py": "import time\nfrom datetime import time as hour\n"},
        ["engine/decide.py:1: must not import time"],
    ),
    "the_clock_is_read": (
        decisions_depend_on_nothing_else,
        {"engine/decide.py": "from datetime import date\nday = date.today()\n"},
        ["engine/decide.py:2: must not call .today()"],
    ),
    "a_file_is_opened": (
        decisions_depend_on_nothing_else,
        {"policies/load.py": "text = open('x')\n"},
        ["policies/load.py:1: must not call open()"],
    ),
    "the_service_may_do_all_that": (
        decisions_depend_on_nothing_else,
        {"service/clock.py": "import time\nnow = time.time()\nopen('x')\n"},
        [],
    ),
    "floats": (
        money_is_never_a_float,
        {"engine/money.py": "a = 0.5\nb = float('1')\nc = 1 // 2\n"},
        [
            "engine/money.py:1: a float literal",
            "engine/money.py:2: a call of float()",
        ],
    ),
    "a_kind_without_its_test": (
        a_kind_is_one_name_in_three_places,
        {"policies/kinds/__init__.py": "", "policies/kinds/tax.py": "", "engine/kinds/tax.py": ""},
        ["tests/kinds/test_tax.py: missing, though kind tax is elsewhere"],
    ),
    "a_test_without_its_kind": (
        a_kind_is_one_name_in_three_places,
        {"tests/kinds/test_tax.py": "", "engine/kinds/tax.py": ""},
        ["policies/kinds/tax.py: missing, though kind tax is elsewhere"],
    ),
    "no_docstring": (
        every_module_says_what_it_is_for,
        {"tests/test_a.py": "import ast\n", "tests/test_b.py": OPENING},
        ["tests/test_a.py:1: no docstring"],
    ),
    "too_long": (
        no_file_is_too_long_to_read,
        {"engine/decide.py": "\n" * 601, "engine/money.py": "\n" * 600},
        ["engine/decide.py: 601 lines, at most 600"],
    ),
    "left_for_later": (
        nothing_is_left_for_later,
        {"rules/kt-points.yaml": "format: 1\n# TODO: the rest\n", "docs/a.md": "TODOS are fine\n"},
        ["rules/kt-points.yaml:2: TODO"],
    ),
    "one_machine": (
        nothing_names_one_machine,
        {"docs/a.md": "see /home/kim/notes and https://example.com/home/x\n"},
        ["docs/a.md:1: /home/k"],
    ),
}


@pytest.mark.parametrize(("rule", "tree", "expected"), UNTIDY.values(), ids=UNTIDY.keys())
def test_an_untidy_house_is_told_so(
    rule: Rule,
    tree: dict[str, str],
    expected: list[str],
    tmp_path: Path,
) -> None:
    for path, text in tree.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")

    assert sorted(rule(tmp_path)) == expected


def test_every_rule_is_seen_to_fail() -> None:
    seen = {rule for rule, _, expected in UNTIDY.values() if expected}
    assert [rule.__name__ for rule in RULES if rule not in seen] == []
