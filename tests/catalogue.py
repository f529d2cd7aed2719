"""The page of every problem that a rule file can have, made from the error catalogue.

`python -m tests.catalogue` writes it anew; a test compares the page with what this makes.
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.load import load_policy
from policies.problems import shorten, told
from tests.test_bad import HOSTILE, PAIRS, ROOT, code_of

PAGE = ROOT / "docs/authors/problems.md"
HEAD = """\
# Every problem of a rule file

What `recoup check` can say, by the code that `--json` prints: what stands in the file, and what is said of it, in
English and with `--lang ko` in Korean. Each is one file of `tests/bad/`, and `python -m tests.catalogue` makes this
page from them.

| code | what stands there | what is said | in Korean |
|---|---|---|---|
"""
TAIL = "\nProblems of scenario files, such as a lot that is not there, are told in the same way.\n"


def page() -> str:
    """The whole page."""
    rows = sorted({row for pair in (_of_files(), _of_hostile_files()) for row in pair})
    return HEAD + "".join(f"| `{code}` | {stands} | {en} | {ko} |\n" for code, stands, en, ko in rows) + TAIL


def _of_files() -> Iterator[tuple[str, str, str, str]]:
    for path in PAIRS:
        data = path.read_bytes()
        _, problems = load_policy(data, path.name)
        if len(problems) != 1:
            continue
        line = data.decode().splitlines()[problems[0].line - 1]
        stands = shorten(line, 100).replace("|", "\\|")
        said = told(problems[0].message, problems[0].hint)
        yield code_of(path.stem), f"`` {stands} ``" if stands else "", _plain(said.en), _plain(said.ko)


def _of_hostile_files() -> Iterator[tuple[str, str, str, str]]:
    for name, (_, english, korean) in HOSTILE.items():
        yield code_of(name), "", _plain(english.split(": ", 1)[1]), _plain(korean)


def _plain(text: str) -> str:
    """Text as it is, in a table of markdown."""
    for sign in "\\|*`<":
        text = text.replace(sign, f"\\{sign}")
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
