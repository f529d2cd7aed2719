"""`recoup format`: rule files and scenario files in the agreed layout."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.commands._files import (
    SCENARIOS,
    Tested,
    Unusable,
    language_option,
    paint,
    read_file,
    say_problems,
    shown_name,
)

if TYPE_CHECKING:
    from policies.problems import Problem

EPILOG = """\b
Example:
  recoup format rules/kt-points.yaml rules/kt-points.test.yaml
  recoup format --check --diff rules/*.yaml
  recoup format - < draft.yaml
"""


@click.command(epilog=EPILOG)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--check", is_flag=True, help="Change nothing; end with 1 if a file would change.")
@click.option("--diff", is_flag=True, help="Change nothing; print what would change.")
@language_option
def command(files: tuple[str, ...], check: bool, diff: bool, lang: str) -> None:
    """Rewrite rule files and scenario files in the agreed layout.

    Comments, the order of rules and what the file means stay as they are; otherwise the file is left alone. A file
    with problems is refused with its problems. `-` reads stdin and writes to stdout.
    """
    refused, unsafe, changing = False, False, False
    for file in files:
        try:
            before, after = _formatted(file)
        except _Refused as refusal:
            say_problems(refusal.problems, lang)
            refused = True
            continue
        if after is None:
            unsafe = True
            name = shown_name(file)
            click.echo(f"recoup: {name} is left as it is: its new text would not mean the same", err=True)
            continue
        changed = before != after.encode()
        changing = changing or changed
        if diff:
            click.echo("".join(_difference(before, after, shown_name(file))), nl=False)
        elif check:
            if changed:
                click.echo(f"{shown_name(file)}: {paint('would change', 'red')}")
        elif file == "-":
            click.echo(after.encode(), nl=False)
        elif changed:
            _replace(file, after.encode())
            click.echo(f"{file}: {paint('formatted', 'green')}")
    if unsafe:
        raise SystemExit(2)
    if refused or (check and changing):
        raise SystemExit(1)


class _Refused(Exception):
    """The file has problems."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__()
        self.problems = problems


def _formatted(file: str) -> tuple[bytes, str | None]:
    """A file's bytes and its new text; None where that would not mean the same. Raises _Refused."""
    from engine.versions import load_version
    from policies import layout, source
    from policies.characters import decode

    data, shown = read_file(file), shown_name(file)
    scenarios = file.endswith(SCENARIOS)
    problems: list[Problem]
    if scenarios:
        # The problems of the rule file are its own: they do not stop its scenarios from being laid out.
        problems = [problem for problem in Tested(file).problems if problem.file == shown]
    else:
        document, problems = source.read(data, shown, times=True)
        # A text from stdin has no name to tell what it is, and scenarios have no rule file beside them.
        scenarios = file == "-" and document is not None and layout.is_scenario_file(document)
        if not scenarios:
            problems = load_version(data, shown)[1]
    if problems:
        raise _Refused(sorted(problems))
    text = decode(data)
    assert isinstance(text, str), "it was read without a problem"
    return data, layout.rewritten(text, scenarios=scenarios)


def _difference(before: bytes, after: str, name: str) -> Iterator[str]:
    lines = before.decode("utf-8-sig").splitlines(keepends=True), after.splitlines(keepends=True)
    for line in difflib.unified_diff(*lines, name, f"{name} (formatted)"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _replace(file: str, data: bytes) -> None:
    """Put new content into a file, all of it or none: written beside it, and renamed. Its mode stays."""
    target = Path(file).resolve()
    temporary = ""
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as written:
            temporary = written.name
            written.write(data)
            written.flush()
            os.fsync(written.fileno())
        Path(temporary).chmod(target.stat().st_mode & 0o7777)
        Path(temporary).replace(target)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise Unusable(f"{file} cannot be written: {error.strerror or error}") from None
