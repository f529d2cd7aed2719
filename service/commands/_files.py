"""What the commands share: files in, problems out."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click

from policies.model import Text

if TYPE_CHECKING:
    from engine.compiled import CompiledVersion
    from engine.scenario_file import Scenario
    from policies.problems import Problem
    from policies.source import Document
    from policies.versions import PolicyVersion

MOST_BYTES = 20_000_000
RULES, SCENARIOS = ".yaml", ".test.yaml"
NO_INSTANT = Text(
    "'{at}'은(는) 2026-07-01T00:00:00+09:00 같은 시각이 아닙니다",
    "'{at}' is no instant such as 2026-07-01T00:00:00+09:00",
)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

Command = Callable[..., Any]


class Unusable(click.ClickException):
    """It could not be done as it was asked, such as for an id or a file that is not there: one line, exit code 2."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"recoup: {self.message}", err=True)


def language_option(command: Command) -> Command:
    """`--lang ko|en`."""
    return click.option(
        "--lang",
        type=click.Choice(["ko", "en"]),
        default=_own_language,
        help="The language of sentences and problems [default: that of the terminal, else en].",
    )(command)


def _own_language() -> str:
    """The language that the environment asks for: of its settings, the first that says anything."""
    asked = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return "ko" if asked.lower().startswith("ko") else "en"


def read_instant(written: str, language: str) -> datetime:
    """The instant that an option says. Raises Unusable."""
    from service.shapes import INSTANT

    try:
        found = datetime.fromisoformat(written) if INSTANT.fullmatch(written) else None
    except ValueError:
        found = None
    if found is None:
        raise Unusable(NO_INSTANT.in_language(language).format(at=written))
    return found


def read_day(option: str, written: str, language: str) -> date:
    """The day that an option says. Raises Unusable, in the words in which every mistake about a day is told."""
    from policies.problems import told
    from policies.readers import WRITE_DAY, not_a_day

    try:
        if not DAY.fullmatch(written):
            raise ValueError
        return date.fromisoformat(written)
    except ValueError:
        raise Unusable(f"{option}: {told(not_a_day(written), WRITE_DAY).in_language(language)}") from None


def stop(text: str) -> NoReturn:
    """End with a line on stderr and exit code 1: it was done, and something is amiss with what was looked at."""
    click.echo(f"recoup: {text}", err=True)
    raise SystemExit(1)


def paint(text: str, colour: str) -> str:
    """The text in a colour, which click takes away again where the output is no terminal."""
    return text if os.environ.get("NO_COLOR") else click.style(text, fg=colour)


def read_file(name: str) -> bytes:
    """The content of a file, or of stdin for `-`. Raises Unusable with the reason."""
    try:
        if name == "-":
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(MOST_BYTES + 1)
    except IsADirectoryError:
        raise Unusable(f"{name} is a directory; name a file in it") from None
    except OSError as error:
        reason = {FileNotFoundError: "there is no such file", PermissionError: "the file may not be read"}
        raise Unusable(f"{name}: {reason.get(type(error), error.strerror or str(error))}") from None
    except ValueError:
        raise Unusable("a file name holds a character that no file name can") from None
    if len(data) > MOST_BYTES:
        raise Unusable(f"{name} has more than {MOST_BYTES:_} bytes")
    return data


@contextmanager
def made_whole(name: str, *, force: bool) -> Iterator[Path]:
    """Where to write a file, which gets its name once it is whole; a failure leaves what was there before.

    Raises Unusable where there is a file of that name, unless it may be overwritten; OSError.
    """
    path = Path(os.path.realpath(name))
    if path.exists() and not path.is_file():
        # A pipe or a device, which takes what it is given; of a directory the system says that it is none.
        yield path
        return
    if path.exists() and not force:
        raise Unusable(f"{name} is there already; --force overwrites it")
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        yield fresh
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def shown_name(name: str) -> str:
    """What messages call a file."""
    return "stdin" if name == "-" else name


def read_json_file(name: str) -> Any:
    """The data in a JSON file, or in stdin for `-`, read as strictly as the API reads it. Raises Unusable."""
    from policies.problems import in_language
    from service.errors import Refusal
    from service.json_body import read_json
    from service.refusal_kinds import KINDS

    data, shown = read_file(name), shown_name(name)
    try:
        return read_json(data.removeprefix(b"\xef\xbb\xbf"))
    except Refusal as refusal:
        if refusal.errors:
            lines = [f"{shown}: {next(iter(each.where.values()))} {each.text.en}" for each in refusal.errors]
            raise Unusable("\n".join(lines)) from None
        figures = {name: in_language(figure, "en") for name, figure in refusal.figures.items()}
        detail = KINDS[refusal.code].detail.en.format_map(figures)
        raise Unusable(f"{shown} is not JSON: {detail}") from None


def say_problems(problems: Iterable[Problem], language: str) -> None:
    """Print problems, one line each."""
    for problem in problems:
        place = f"{problem.file}:{problem.line}:{problem.column}"
        click.echo(paint(place, "cyan") + problem.in_language(language).removeprefix(place))


def load_rules(name: str, language: str, exit_code: int = 1) -> PolicyVersion:
    """The version in a rule file. Ends with its problems and the exit code when it has any: 1 where they are what was
    asked for, 2 where the question was another.
    """
    from engine.versions import load_version

    version, problems = load_version(read_file(name), name)
    if version is None:
        say_problems(problems, language)
        raise SystemExit(exit_code)
    return version


def read_scenario_file(name: str, rules: str | None = None) -> tuple[str, Document | None, list[Problem]]:
    """The rule file that a scenario file tests, what the scenario file says, and its problems.

    `rules` is the rule file that is asked about, which the scenario file must name.
    """
    from engine.scenario_file import policy_file, read_document
    from policies.problems import Fault, both

    document, problems = read_document(read_file(name), name)
    named = document and policy_file(document)
    if document is None or not isinstance(named, str):
        # What it should name is found without it, so that all its problems can be told at once.
        return rules or name.removesuffix(SCENARIOS) + RULES, document, problems
    target = Path(name).parent / named
    if rules is not None and target.resolve() != Path(rules).resolve():
        message = both("다른 파일의 이름입니다: '{named}'", "'{named}' is another file", named=named)
        hint = both("policy: {name} 줄을 쓰십시오", "write policy: {name}", name=Path(rules).name)
        fault = Fault("other-policy", message, hint)
        problems = [*problems, fault.at(name, document.places[("policy",)])]
    return rules or str(target), document, problems


def each_once(names: Iterable[str]) -> list[str]:
    """The names without those of what is named before: a rule file and its scenario file are worked on together.

    >>> each_once(["a.yaml", "b.test.yaml", "a.test.yaml"])
    ['a.yaml', 'b.test.yaml']
    """
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(name.removesuffix(SCENARIOS).removesuffix(RULES), name)
    return list(found.values())


class Tested:
    """A rule file and its scenarios, loaded; `problems` are those of either file."""

    def __init__(self, name: str) -> None:
        from engine.versions import load_version

        rules = None if name.endswith(SCENARIOS) else name
        self.scenario_file = name if rules is None else name.removesuffix(RULES) + SCENARIOS
        if rules is not None and Path(rules).is_file() and not Path(self.scenario_file).exists():
            raise Unusable(f"{rules} has no scenarios; write them in {self.scenario_file}")
        # Read first, so that a file that is not there is told by the name that was asked for.
        data = read_file(rules) if rules is not None else b""
        self.rule_file, self.document, self.problems = read_scenario_file(self.scenario_file, rules)
        self.version, problems = load_version(data or read_file(self.rule_file), self.rule_file)
        self.problems = problems + self.problems
        self.scenarios: tuple[Scenario, ...] = ()
        if self.version is not None and self.document is not None:
            self._read_scenarios(self.document, self.version)

    def _read_scenarios(self, document: Document, version: PolicyVersion) -> None:
        from engine.scenario_file import read_scenarios

        told = {(problem.line, problem.column) for problem in self.problems}
        self.scenarios, problems = read_scenarios(document, version.policy)
        self.problems += [problem for problem in problems if (problem.line, problem.column) not in told]

    def advice(self) -> list[Problem]:
        """The facts that the rules ask for and no scenario sets. Of files with problems there is none."""
        from engine.scenario_case import facts_given
        from policies.advice import advise_scenarios

        if self.problems or self.version is None or self.document is None:
            return []
        given, name = facts_given(self.document.data), Path(self.scenario_file).name
        return advise_scenarios(self.version.policy, self.version.text.encode(), self.rule_file, given, name)

    def compile(self, language: str) -> CompiledVersion:
        """The rules, compiled. Ends with the problems and exit code 1 when there are any."""
        from engine.compiled import compile_version

        if self.problems or self.version is None:
            say_problems(sorted(self.problems), language)
            raise SystemExit(1)
        return compile_version(self.version)
