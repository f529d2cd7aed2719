"""A `*.test.yaml` file as scenarios that are ready to run, or every problem with it, each in its place.

Reading stands apart from running because pins run the same scenarios hundreds of times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from engine.cases import BadCase, read_case, read_day_case, read_event_case
from engine.facts import Case, DayCase, EventCase
from engine.reading import NOT_KNOWN, Mistake
from engine.scenario_case import Facts, Parts, PlainCase
from engine.scenario_expect import KEYS, About, Expected, Sourced, read_expected
from policies import source
from policies.fields import is_missing, stand_together, unknown_field
from policies.model import Policy, Text
from policies.problems import Place, Problem, both, did_you_mean
from policies.readers import Trouble, listed_twice, shown
from policies.source import Document, Path
from policies.troubles import Troubles

PARTS = (
    *("name", "account", "lots", "history", "request", "event", "earned", "day", "as_of", "expect", "columns", "rows"),
)
TOP = ("policy", "as_of", "accounts", "lots", "scenarios")
SCOPES = ("account", "request", "event")


@dataclass(frozen=True, slots=True)
class Scenario:
    """One case with what is expected of it. `row` counts the rows of its table from 1 and is 0 outside tables."""

    name: str
    row: int
    file: str
    place: Place
    case: Case | EventCase | DayCase
    expected: Expected


def read_document(data: bytes, file: str) -> tuple[Document | None, list[Problem]]:
    """The content of a scenario file; the same words as in a rule file, and local times such as 2026-03-02 10:00."""
    return source.read(data, file, times=True)


def policy_file(document: Document) -> str | None:
    """The rule file that a scenario file names, as it is written; None when it names none."""
    named = document.data.get("policy") if isinstance(document.data, dict) else None
    return named if isinstance(named, str) and named else None


def read_scenarios(document: Document, policy: Policy) -> tuple[tuple[Scenario, ...], list[Problem]]:
    """Every scenario of a file, each row of a table as one of its own, and every problem, in the order of the file.

    With a problem there may be fewer scenarios than the file has.
    """
    reader = _Reader(document, policy)
    scenarios = tuple(reader.scenarios())
    return scenarios, list(dict.fromkeys(reader.troubles.problems()))


class _Column(NamedTuple):
    """Where the cells of a column go: a part, and inside it a name ("" for the whole part)."""

    part: str
    name: str


class _Reader:
    """Reads one file."""

    def __init__(self, document: Document, policy: Policy) -> None:
        self.document = document
        self.policy = policy
        self.troubles = Troubles(document)
        self.zone = ZoneInfo(policy.timezone)
        self.found = 0
        self.accounts: dict[str, Facts] = {}
        self.lots: dict[str, Facts] = {}

    def add(self, path: Path, code: str, message: Text, hint: Text | None = None, *, at_key: bool = False) -> None:
        """One problem at the place of `path`, about the scenario, account or lot that it lies in."""
        self.add_trouble(path, Trouble(code, message, hint, "key" if at_key else "value"))

    def add_trouble(self, path: Path, trouble: Trouble) -> None:
        """The same, of a trouble."""
        self.found += 1
        self.troubles.add(path, self._subject(path), trouble)

    def _subject(self, path: Path) -> str | Text:
        if len(path) < 2:
            return ""
        if path[0] != "scenarios":
            return str(path[1])
        raw = self.document.data["scenarios"][path[1]]
        name = raw.get("name") if isinstance(raw, dict) else None
        nameless = both("{place}번째 시나리오", "scenario {place}", place=int(str(path[1])) + 1)
        told = name if isinstance(name, str) else nameless
        if len(path) > 3 and path[2] == "rows":
            return both("{told}, {row}번째 행", "{told}, row {row}", told=told, row=int(str(path[3])) + 1)
        return told

    def scenarios(self) -> Iterator[Scenario]:
        """Every scenario that is sound."""
        data = self.document.data
        if not isinstance(data, dict):
            message = both("시나리오 파일이 아닙니다", "this is not a scenario file")
            hint = both("'policy: NAME.yaml' 줄로 시작하십시오", "begin with 'policy: NAME.yaml'")
            self.add((), "not-a-map", message, hint)
            return
        self.known_keys((), data, TOP)
        if not isinstance(data.get("policy"), str):
            hint = both("규칙 파일을 policy: NAME.yaml처럼 쓰십시오", "name the rule file, such as policy: NAME.yaml")
            self.add(("policy",), "missing-field", is_missing("policy"), hint)
        for name, named in (("accounts", self.accounts), ("lots", self.lots)):
            self.read_named(name, named)
        listed = data.get("scenarios")
        if not isinstance(listed, list) or not listed:
            message = both("파일에 시나리오가 없습니다", "the file has no scenarios")
            hint = both("'scenarios:' 아래에 쓰십시오", "write them below 'scenarios:'")
            self.add(("scenarios",), "nothing-checked", message, hint)
            return
        first: dict[str, int] = {}
        for index, raw in enumerate(listed):
            path: Path = ("scenarios", index)
            if not isinstance(raw, dict):
                message = both("시나리오의 형식이 아닙니다: {found}", "{found} is not a scenario", found=shown(raw))
                hint = both(
                    "name, account, request, expect 항목을 쓰십시오", "give it name, account, request and expect"
                )
                self.add(path, "not-a-map", message, hint)
                continue
            title = raw.get("name")
            if not isinstance(title, str) or not title.strip():
                hint = both(
                    "시나리오가 무엇을 보이는지 한 문장으로 쓰십시오", "say in a sentence what the scenario shows"
                )
                self.add(path, "missing-field", is_missing("name"), hint)
            elif title in first:
                message = both(
                    "{line}번째 줄의 시나리오가 이 이름을 이미 씁니다",
                    "the scenario on line {line} has this name already",
                    line=first[title],
                )
                self.add((*path, "name"), "name-twice", message, both("다른 이름을 쓰십시오", "choose another name"))
            else:
                first[title] = self.document.places[path].line
            yield from self.scenario(path, raw)

    def scenario(self, path: Path, raw: dict[Any, Any]) -> Iterator[Scenario]:
        """The scenario at `path`; of a table, every row."""
        before = self.found
        self.known_keys(path, raw, PARTS)
        parts = self.parts(path, raw)
        name = str(raw.get("name"))
        if "columns" not in raw and "rows" not in raw:
            if scenario := self.finish(parts, name, 0, sound=self.found == before):
                yield scenario
            return
        columns = self.columns(path, raw, parts)
        rows = raw.get("rows")
        if not isinstance(rows, list) or not rows:
            message = both("표에 행이 없습니다", "the table has no rows")
            hint = both("행마다 목록 하나를 쓰십시오", "write a list for each row")
            self.add((*path, "rows"), "nothing-checked", message, hint)
            return
        if columns is None:
            return
        sound = self.found == before
        for index, cells in enumerate(rows):
            row = (*path, "rows", index)
            before = self.found
            filled = self.row(row, parts, columns, cells)
            if filled is None:
                continue
            if scenario := self.finish(filled, name, index + 1, sound=sound and self.found == before):
                yield scenario

    def parts(self, path: Path, raw: dict[Any, Any]) -> Parts:
        """What a scenario says outside its table."""
        parts = Parts(path)
        default = self.document.data.get("as_of")
        if default is not None:
            parts.as_of = Sourced(default, ("as_of",))
        for name in ("as_of", "account", "lots", "history", "request", "event", "earned", "day"):
            if name in raw:
                self.put(parts, _Column(name, ""), Sourced(raw[name], (*path, name)))
        asked = [name for name in ("request", "event", "day") if name in raw]
        if len(asked) > 1:
            self.add_trouble((*path, asked[1]), stand_together(asked[0], asked[1]))
        if "expect" in raw:
            parts.expect = self.facts(
                Sourced(raw["expect"], (*path, "expect")), both("기대하는 것의 맵", "what is expected")
            )
        return parts

    def columns(self, path: Path, raw: dict[Any, Any], parts: Parts) -> list[_Column] | None:
        """Where each cell of a row goes; None when that is not clear."""
        before = self.found
        named = raw.get("columns")
        path = (*path, "columns")
        if not isinstance(named, list) or not named:
            message = both("행에 열 이름이 없습니다", "the rows have no columns")
            hint = both(
                "[request.points, outcome]처럼 열의 이름을 쓰십시오", "name them, such as [request.points, outcome]"
            )
            self.add(path, "missing-field", message, hint)
            return None
        if "day" in named and parts.about == "request" and parts.request is None:
            # Each row brings its own day; until then it only says what the scenario is about.
            parts.day = Sourced(None, (*path, named.index("day")))
        columns = [self.column((*path, index), name, parts) for index, name in enumerate(named)]
        for index, name in enumerate(named):
            if name in named[:index]:
                self.add_trouble((*path, index), listed_twice(shown(name)))
        return columns if self.found == before else None

    def column(self, path: Path, name: Any, parts: Parts) -> _Column:
        whole = ("name", "as_of", "account", "history", "day")
        expected = KEYS[parts.about]
        if name in whole:
            return _Column(name, "")
        if name in expected:
            return _Column("expect", name)
        part, dot, fact = name.partition(".") if isinstance(name, str) else ("", "", "")
        if part in SCOPES and fact:
            return _Column(part, fact)
        if part in parts.lots and fact:
            return _Column(f"lots.{part}", fact)
        if dot and self.lots.get(part) is not None:
            hint = both(
                "이 시나리오의 lots: 항목에 {part} 이름을 더하십시오",
                "add {part} to the lots of this scenario",
                part=part,
            )
        else:
            ways = [*whole, *expected, *(f"{scope}.{fact}" for scope in (*SCOPES, *parts.lots))]
            hint = did_you_mean(str(name), ways) or both(
                "as_of, request.X, account.X, LOT.X 또는 기대하는 항목의 이름을 쓰십시오",
                "name as_of, request.X, account.X, LOT.X or what is expected",
            )
        self.add(
            path, "unknown-column", both("알 수 없는 열입니다: {name}", "unknown column {name}", name=shown(name)), hint
        )
        return _Column("", "")

    def row(self, path: Path, parts: Parts, columns: list[_Column], cells: Any) -> Parts | None:
        """The parts with the cells of one row put in; None when they are not as many as the columns."""
        if not isinstance(cells, list) or len(cells) != len(columns):
            what = shown(cells)
            if isinstance(cells, list):
                count = len(cells)
                what = both("값 {count}개", "{count} values" if count != 1 else "{count} value", count=count)
            message = both(
                "열은 {columns}개인데 행에 있는 것은 {what}입니다",
                "the row has {what} for {columns} columns",
                what=what,
                columns=len(columns),
            )
            self.add(path, "wrong-row", message, both("열마다 값 하나씩 쓰십시오", "write one for each column"))
            return None
        filled = replace(
            parts,
            path=path,
            account=dict(parts.account),
            lots={name: dict(lot) for name, lot in parts.lots.items()},
            request=None if parts.request is None else dict(parts.request),
            event=None if parts.event is None else dict(parts.event),
            expect=dict(parts.expect),
        )
        # What a column replaces as a whole comes first: the cells of single facts are put into it.
        for index, column in sorted(enumerate(columns), key=lambda each: bool(each[1].name)):
            self.put(filled, column, Sourced(cells[index], (*path, index)))
        return filled

    def put(self, parts: Parts, column: _Column, said: Sourced) -> None:
        """Put what is said where it belongs."""
        part, name = column
        if part in ("as_of", "day"):
            setattr(parts, part, said)
        elif part == "expect":
            parts.expect[name] = said
        elif part.startswith("lots."):
            parts.lots[part.removeprefix("lots.")][name] = said
        elif part in SCOPES and name:
            facts: Facts | None = getattr(parts, part)
            if facts is None:
                facts = {}
                setattr(parts, part, facts)
            facts[name] = said
        elif part == "account":
            parts.account = self.named(said, self.accounts, "account")
            parts.account.setdefault("id", Sourced("account", said.path))
        elif part == "lots":
            parts.lots = self.read_lots(said)
        elif part in ("history", "earned"):
            setattr(
                parts,
                part,
                [self.facts(each, both("앞선 것 하나의 맵", "an earlier one")) for each in self.listed(said)],
            )
        elif part in ("request", "event"):
            setattr(parts, part, self.facts(said, both("{part} 팩트의 맵", "a map of {part} facts", part=part)))

    def read_lots(self, said: Sourced) -> dict[str, Facts]:
        """The lots of a scenario by id."""
        lots: dict[str, Facts] = {}
        for index, each in enumerate(self.listed(said)):
            facts = self.named(each, self.lots, "lot")
            facts.setdefault("id", Sourced(f"lot{index + 1}", each.path))
            name = str(facts["id"].value)
            if name in lots:
                message = both(
                    "이 시나리오에 포인트 묶음(lot) '{name}' 이름이 이미 있습니다",
                    "the scenario has a lot '{name}' already",
                    name=name,
                )
                hint = both(
                    "둘 중 하나에 id를 주십시오. 예: {like: ..., id: second}",
                    "give one of them an id, such as {like: ..., id: second}",
                )
                self.add(each.path, "name-twice", message, hint)
            lots[name] = facts
        return lots

    def read_named(self, part: str, named: dict[str, Facts]) -> None:
        """The accounts or lots that scenarios call by name; each may be `like` one above it."""
        raw = self.document.data.get(part)
        if raw is None:
            return
        if not isinstance(raw, dict):
            message = both(
                "{part} 맵이 아닙니다: {found}", "{found} is not a map of {part}", found=shown(raw), part=part
            )
            hint = both("그 아래에 'name: {...}' 형식의 줄을 쓰십시오", "write 'name: {...}' lines below it")
            self.add((part,), "not-a-map", message, hint)
            return
        for name, said in raw.items():
            path = (part, name)
            if not isinstance(name, str) or "." in name or name in SCOPES:
                message = both(
                    "{part} 이름으로 쓸 수 없습니다: {name}",
                    "{name} cannot name one of the {part}",
                    name=shown(name),
                    part=part,
                )
                hint = both("점이 없는 낱말을 쓰십시오", "use a word without dots")
                if name in SCOPES:
                    hint = both(
                        "{name} 이름은 팩트 경로에 쓰입니다. 다른 낱말을 쓰십시오",
                        "{name} begins the paths of facts; use another word",
                        name=shown(name),
                    )
                self.add(path, "wrong-spelling", message, hint, at_key=True)
            facts = self.named(Sourced(said, path), named, part.removesuffix("s"), may_name=False)
            facts["id"] = Sourced(str(name), path)
            named[str(name)] = facts

    def named(self, said: Sourced, named: Mapping[str, Facts], what: str, *, may_name: bool = True) -> Facts:
        """The facts of an account or lot: those of a name, or of a map that may be `like` a name."""
        if may_name and isinstance(said.value, str):
            return dict(self.look_up(said, named, what))
        own = self.facts(said, _A[what])
        if "like" not in own:
            return own
        return self.look_up(own.pop("like"), named, what) | own

    def look_up(self, said: Sourced, named: Mapping[str, Facts], what: str) -> Facts:
        if isinstance(said.value, str) and said.value in named:
            return named[said.value]
        message = both(
            "{what}s: 아래에 없는 이름입니다: {found}", "there is no {what} {found}", what=what, found=shown(said.value)
        )
        hint = did_you_mean(str(said.value), named) or both(
            "{what}s: 아래의 이름을 쓰거나, 팩트를 맵으로 쓰십시오",
            "name one of {what}s: or write its facts as a map",
            what=what,
        )
        self.add(said.path, f"unknown-{what}", message, hint)
        return {}

    def facts(self, said: Sourced, what: Text) -> Facts:
        """The entries of a map, each with its path."""
        if not isinstance(said.value, dict) or not said.value:
            message = both(
                "{what} 형식이 아닙니다: {found}", "{found} is not {what}", what=what, found=shown(said.value)
            )
            hint = both("{name: value, ...} 형식으로 쓰십시오", "write {name: value, ...}")
            self.add(said.path, "not-a-map", message, hint)
            return {}
        return {str(key): Sourced(value, (*said.path, key)) for key, value in said.value.items()}

    def listed(self, said: Sourced) -> list[Sourced]:
        """The items of a list, each with its path."""
        if not isinstance(said.value, list):
            message = both("목록이 아닙니다: {found}", "{found} is not a list", found=shown(said.value))
            self.add(said.path, "not-a-list", message, both("[a, b] 형식으로 쓰십시오", "write [a, b]"))
            return []
        return [Sourced(value, (*said.path, index)) for index, value in enumerate(said.value)]

    def known_keys(self, path: Path, raw: Mapping[Any, Any], known: tuple[str, ...]) -> None:
        """Refuse what is not known."""
        for key in raw:
            if key not in known:
                hint = did_you_mean(str(key), known) or both(
                    "쓸 수 있는 것: {known}", "use {known}", known=", ".join(known)
                )
                self.add((*path, key), "unknown-field", unknown_field(key), hint, at_key=True)

    def finish(self, parts: Parts, name: str, row: int, *, sound: bool) -> Scenario | None:
        """The scenario that the parts come to, or None when they do not make one. Of parts that are not `sound` only
        the expectations are looked at: what else is wrong may follow from what was told already.
        """
        before = self.found
        if sound:
            self.check_complete(parts)
        lots = parts.lots if sound else None
        complete = sound and self.found == before
        expected = read_expected(parts.expect, parts.path, lots, self, about=parts.about)
        case = self.read_case(parts) if complete else None
        if expected is None or case is None:
            return None
        return Scenario(name, row, self.document.file, self.document.places[parts.path], case, expected)

    def check_complete(self, parts: Parts) -> None:
        """Refuse a scenario without a request, event or day, an account, or a time."""
        if parts.request is None and parts.event is None and parts.day is None:
            hint = both(
                "이 항목을 쓰거나, 포인트를 적립하는 일이면 event: 항목을 쓰십시오",
                "add it, or event: for what earns points",
            )
            self.add(parts.path, "missing-choice", is_missing("request"), hint)
        if not parts.account:
            hint = both(
                "accounts: 아래의 이름 하나를 쓰거나 팩트를 쓰십시오", "name one of accounts:, or write its facts"
            )
            self.add(parts.path, "missing-field", is_missing("account"), hint)
        for facts in parts.earned:
            if "lot" in facts and facts["lot"].value not in parts.lots:
                name = facts["lot"].value
                message = both(
                    "시나리오에 없는 포인트 묶음(lot)입니다: {name}", "the scenario has no lot {name}", name=shown(name)
                )
                hint = did_you_mean(str(name), parts.lots) or both(
                    "lots: 항목에 더하십시오. 다 쓴 것이면 left: 0을 쓰십시오",
                    "add it to lots:, with left: 0 if spent",
                )
                self.add(facts["lot"].path, "unknown-lot", message, hint)
        if parts.as_of is None and parts.day is None:
            hint = both("여기나 파일 맨 위에 쓰십시오", "write it here or at the top of the file")
            self.add(parts.path, "missing-field", is_missing("as_of"), hint)

    def read_case(self, parts: Parts) -> Case | EventCase | DayCase | None:
        """The case, or None with a problem for each fact that is wrong."""
        before = self.found
        plain = PlainCase(self, self.zone)
        ways: Mapping[About, tuple[Callable[[Parts], Any], Callable[[Policy, Any], Case | EventCase | DayCase]]] = {
            "request": (plain.case, read_case),
            "event": (plain.event_case, read_event_case),
            "day": (plain.day_case, read_day_case),
        }
        make, read = ways[parts.about]
        data = make(parts)
        if self.found > before:
            return None
        try:
            return read(self.policy, data)
        except BadCase as bad:
            for path, mistake in bad.mistakes:
                self.add_bad_fact(path, mistake, plain.paths, parts.path)
            return None

    def add_bad_fact(self, path: str, mistake: Mistake, paths: Mapping[str, Path], scenario: Path) -> None:
        """A fact of a case that is wrong, where it was written, in the words of this file."""
        above = path
        while above not in paths and above:
            above = above.rpartition(".")[0]
        # Of a list it is the list that has a name.
        name = next((part for part in reversed(path.split(".")) if not part.isdigit()), path)
        what = mistake.message
        told = both("'{name}' 항목: {what}", "'{name}' {what}", name=name, what=what)
        self.add(paths.get(above, scenario), "bad-fact", told, mistake.hint, at_key=what == NOT_KNOWN)


_A = {"account": both("계정", "an account"), "lot": both("포인트 묶음(lot)", "a lot")}
