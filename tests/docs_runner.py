"""Runs the examples of a page of documentation.

What a fenced block is, its first line says:

- ```` ```yaml points.yaml ````, ```` ```json case.json ````, ```` ```python ask.py ````: a file, written into the
  page's own folder, for a command that follows;
- ```` ```yaml ````: part of a rule file (rules, values, facts, or the conditions of a rule), which has to load;
- ```` ```json ````: has to be JSON;
- ```` ```python ````: a program, or with `>>>` a doctest;
- ```` ```console ````: commands behind `$ `, each with what it prints. A line `...` stands for any lines, `...` within
  a line for anything. `make` is not run here, its target has to exist; nor is what only sets up a shell;
- ```` ```text ````: nothing to run.

Commands run in a folder of their own, where `rules/` is the repository's. Where a page speaks of port 8000, they meet a
server that was started for it, with the example programme.
"""

from __future__ import annotations

import doctest
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from policies.load import load_policy
from tests.forks import Shell

ROOT = Path(__file__).parent.parent
_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_BASE = (Path(__file__).parent / "docs_base.yaml").read_text(encoding="utf-8")
_CONDITIONS = {"when", "unless", "that"}
# A fragment need not use every value that it declares.
_ALLOWED_IN_FRAGMENTS = {"value-unused"}
_SETS_UP_A_SHELL = (". .venv/", "git clone ", "cd ")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of a page: `line` is where it starts, `name` the file that it is, or ""."""

    page: Path
    line: int
    language: str
    name: str
    body: str

    @property
    def place(self) -> str:
        """Where the block stands, for messages."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """Every page whose examples are run."""
    found = [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("*/README.md"),
        *ROOT.glob("clients/*/README.md"),
        *ROOT.glob("rules/**/*.md"),
    ]
    # In hidden folders lies what tools leave behind.
    hidden = (page for page in found if any(part.startswith(".") for part in page.relative_to(ROOT).parts))
    return sorted({*found} - {*hidden})


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        language, _, name = match["info"].strip().partition(" ")
        body = re.sub(f"^{match['indent']}", "", match["body"], flags=re.MULTILINE)
        yield Block(page, text.count("\n", 0, match.start()) + 1, language, name.strip(), body)


def run(block: Block, folder: Path, port: int | None, shell: Shell) -> None:
    """Run one block in the page's folder. An AssertionError tells what is not as the page says."""
    if block.name:
        body = block.body.replace(":8000", f":{port}") if port else block.body
        (folder / block.name).write_text(body, encoding="utf-8")
    if block.language == "json":
        json.loads(block.body)
    elif block.language == "yaml" and not block.name:
        _load_fragment(block)
    elif block.language == "python" and not block.name:
        _run_python(block, folder)
    elif block.language == "console":
        _run_console(block, folder, port, shell)
    else:
        assert block.language == "text" or block.name, f"{block.place}: say what the block is, such as ```text"


class _Dumper(yaml.SafeDumper):
    """Writes times of day in quotes, as rule files have them."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = '"' if re.fullmatch(r"\d\d:\d\d", text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)


def fragment_text(block: Block) -> str:
    """A rule file with a part of one in it."""
    base, fragment = yaml.safe_load(_BASE), yaml.safe_load(block.body)
    if isinstance(fragment, list):
        base["rules"] += fragment
    elif set(fragment) <= _CONDITIONS:
        kind = "require" if "that" in fragment else "exclude"
        reason = {"ko": "예시", "en": "Example."}
        base["rules"].append({"id": "fragment", "kind": kind, "terms": "1", "reason": reason, **fragment})
    else:
        rules = fragment.pop("rules", [])
        for field, value in fragment.items():
            base[field] = {**base[field], **value} if isinstance(value, dict) and field in base else value
        base["rules"] += rules
    return yaml.dump(base, Dumper=_Dumper, allow_unicode=True, sort_keys=False)


def _load_fragment(block: Block) -> None:
    _, problems = load_policy(fragment_text(block).encode(), block.place)
    found = [problem for problem in problems if problem.code not in _ALLOWED_IN_FRAGMENTS]
    assert not found, "\n".join(map(str, found))


def _run_python(block: Block, folder: Path) -> None:
    if ">>>" in block.body:
        test = doctest.DocTestParser().get_doctest(block.body, {}, block.place, str(block.page), block.line)
        printed: list[str] = []
        doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=printed.append)
        assert not printed, "".join(printed)
        return
    done = subprocess.run(
        [sys.executable, "-c", block.body], cwd=folder, env=_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{block.place}: {done.stderr}"


def _run_console(block: Block, folder: Path, port: int | None, shell: Shell) -> None:
    for command, expected in commands(block):
        if command.startswith("make "):
            target = command.split()[1]
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), f"no target {target}"
            continue
        if command.startswith(_SETS_UP_A_SHELL):
            continue
        asked = command.replace(":8000", f":{port}") if port else command
        printed = shell.run(asked, folder, _environment(), timeout=120)
        printed = printed.replace(f":{port}", ":8000") if port else printed
        assert matches(expected, printed), (
            f"{block.place}: $ {command}\n--- the page says\n{expected}\n--- it printed\n{printed}"
        )


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """Each command of a console block with what it should print."""
    command, expected = "", list[str]()
    for line in block.body.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, "\n".join(expected)
            command, expected = line[2:], []
        elif command.endswith("\\"):
            command += "\n" + line
        else:
            assert command, f"{block.place}: a console block starts with a command behind '$ '"
            expected.append(line)
    yield command, "\n".join(expected)


def matches(expected: str, printed: str) -> bool:
    r"""Whether a program printed what a page says, `...` standing for what the page leaves out.

    >>> matches("one\n...\nfour", "one\ntwo\nthree\nfour\n")
    True
    >>> matches("it took ... s", "it took 3 minutes\n")
    False
    """
    lines = [
        r"(?:.*\n)*?" if line.strip() == "..." else ".*".join(map(re.escape, line.rstrip().split("..."))) + r" *\n"
        for line in expected.rstrip().splitlines()
    ]
    text = printed.rstrip()
    return re.fullmatch("".join(lines), f"{text}\n" if text else "") is not None


def _environment() -> dict[str, str]:
    binaries = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "clients" / "python")]),
        "PYTHONUTF8": "1",
        "NO_COLOR": "1",
        "COLUMNS": "100",
        "DATABASE_URL": "sqlite:///recoup.db",
    }
