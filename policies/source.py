"""YAML text as plain data with the place of every key and value; with `layout.py` the only file that touches YAML.

The parser's events are walked, not the nodes that it composes: composing recurses, so a file of ten thousand
levels would end the process, and the bounds must hold while the file is being read. Nothing is ever expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import yaml

from policies.characters import blotted, decode, forbidden, normal
from policies.model import Text
from policies.problems import MOST_PROBLEMS, Fault, Place, Problem, both, shorten, too_many_problems
from policies.scalars import read_plain
from policies.syntax import (
    REMOVE_OR_QUOTE,
    Piece,
    PieceKind,
    Stop,
    bad_escape,
    begins_with_percent,
    cut_text,
    explain,
    no_name,
    several_documents,
)

__all__ = ["Document", "Key", "Path", "Place", "read"]

Key = str | int | date
Path = tuple[Key, ...]

_CUTTING_COMMENT = re.compile(" +#[^ #]")
_DEEP_ON_ONE_LINE = re.compile(r"(?:[-?:] ++){50}")
_MOST_BRACKETS_COUNTED = 1_000
_LOADER: Any = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content as plain dict, list, str, int, bool and date, and where each part of it stands.

    `places` maps the path of every value (`()` is the whole; keys and list indexes lead inwards) to where the
    value starts, `key_places` the path of every value in a map to where its key starts.
    """

    data: Any
    places: dict[Path, Place]
    key_places: dict[Path, Place]
    file: str


def read(
    data: bytes,
    file: str,
    *,
    max_bytes: int = 8_000_000,
    max_depth: int = 20,
    max_nodes: int = 500_000,
    times: bool = False,
) -> tuple[Document | None, list[Problem]]:
    """The document in a file's bytes and all its problems, in the order of the file.

    When the file cannot be read to its end (not YAML, too large, a forbidden character) the document is None and
    one problem says why. Otherwise the document is there even beside problems, so that a caller can look for more:
    a word with a problem is its text (cut short), and of a key that stands twice the first is kept. Most such
    problems stand at the place of their value, so a caller's own problem at the same place says nothing new. A
    file with any problem must not be used. `times` lets a day with a time, which is text, stand without quotes.
    """
    if len(data) > max_bytes:
        message = both(
            "파일이 {size:_}바이트입니다. 최대 {most:_}바이트까지 읽습니다",
            "the file has {size:_} bytes; at most {most:_} are read",
            size=len(data),
            most=max_bytes,
        )
        return None, [Fault("too-large", message, _IS_IT_A_RULE_FILE).at(file, Place(1, 1))]
    text = decode(data)
    if not isinstance(text, str):
        place, fault = text
        return None, [fault.at(file, place)]
    if _surely_has_more(text, max_nodes):
        return None, [_too_many_values(max_nodes).at(file, Place(1, 1))]
    walk = _Walk(file, text.split("\n"), max_depth, max_nodes, times)
    try:
        for event in _events(text, walk):
            walk.take(event)
        if walk.root is _NOTHING:
            # Only scenario files have times in them.
            raise _Unreadable(Place(1, 1), _NO_SCENARIOS if times else _EMPTY)
    except _Unreadable as end:
        listed = walk.sorted_problems() if end.fault.code == "too-many-problems" else []
        return None, [*listed, end.fault.at(file, end.place)]
    return Document(walk.root, walk.places, walk.key_places, file), walk.sorted_problems()


class _Unreadable(Exception):
    """The file cannot be read to its end."""

    def __init__(self, place: Place, fault: Fault) -> None:
        super().__init__(fault.message.en)
        self.place = place
        self.fault = fault


_NOTHING = object()
_EMPTY, _NO_SCENARIOS = (
    Fault("empty-file", both("파일에 내용이 없습니다", "the file says nothing"), hint)
    for hint in (
        both("정책을 쓰십시오", "write a policy in it"),
        both("시나리오를 쓰십시오", "write scenarios in it"),
    )
)
_IS_IT_A_RULE_FILE = both("규칙 파일이 맞는지 확인하십시오", "check that this is a rule file")


@dataclass(slots=True)
class _Open:
    """A map or list that has begun and not ended.

    `path` is None inside what is dropped (the second of two equal keys, a map used as a key): it is still read, for
    its problems, but has no place in the document. `key` is the key that waits for its value.
    """

    node: dict[Key, Any] | list[Any]
    path: Path | None
    start: Place
    flow: bool
    key: Any = _NOTHING
    key_place: Place = field(default=Place(1, 1))


_DROPPED = object()
"""The key of a value that has no place in the document."""


class _Walk:
    """What has been read so far of one file."""

    def __init__(self, file: str, lines: list[str], max_depth: int, max_nodes: int, times: bool) -> None:
        self.file = file
        self.lines = lines
        self.max_depth = max_depth
        self.max_nodes = max_nodes
        self.times = times
        self.root: Any = _NOTHING
        self.places: dict[Path, Place] = {}
        self.key_places: dict[Path, Place] = {}
        self.before = Piece("other", Place(1, 1), Place(1, 1))
        self._open: list[_Open] = []
        self._nodes = 0
        self._problems: list[tuple[Path, Problem]] = []

    def take(self, event: yaml.Event) -> None:
        """Go on by one event of the parser."""
        start, end = _place(event.start_mark), _place(event.end_mark)
        if isinstance(event, yaml.ScalarEvent):
            self._check_node(event, start)
            self._take_scalar(event, start, end)
        elif isinstance(event, yaml.NodeEvent):
            self._check_node(event, start)
            self._begin(event, start)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._begin_document(start, end)
        elif isinstance(event, yaml.CollectionEndEvent):
            ended = self._open.pop()
            self.before = Piece("brackets" if ended.flow else "other", ended.start, end)

    def sorted_problems(self) -> list[Problem]:
        """All problems by place, each with the id of the rule that it is in."""
        return sorted(replace(problem, subject=self._subject(path)) for path, problem in self._problems)

    def open_bracket(self, default: Place) -> Place:
        """Where the innermost `[` or `{` stands that is still open."""
        brackets = (within.start for within in reversed(self._open) if within.flow)
        return next((start for start in brackets if self._word(start)[:1] in ("[", "{")), default)

    def _begin_document(self, start: Place, end: Place) -> None:
        if self.root is not _NOTHING:
            raise _Unreadable(start, several_documents())
        # PyYAML's own parser passes over directives that it does not know, so they are looked for in the text.
        if found := begins_with_percent(self.lines[: end.line]):
            raise _Unreadable(*found)

    def _check_node(self, event: yaml.NodeEvent, start: Place) -> None:
        self._nodes += 1
        if self._nodes > self.max_nodes:
            raise _Unreadable(start, _too_many_values(self.max_nodes))
        if event.anchor is not None:
            # Nothing is read beyond it: few values are what they seem in a file that repeats itself by references.
            message = both(
                "'{word}' 표기는 파일 안의 다른 곳을 가리키는 참조로 읽힙니다",
                "'{word}' is read as a reference within the file",
                word=self._word(start),
            )
            hint = both(
                "쓸 곳마다 값 자체를 쓰십시오. 텍스트면 따옴표로 묶으십시오",
                "write the value itself in each place, or put the text in quotes",
            )
            raise _Unreadable(start, Fault("reference", message, hint))
        if getattr(event, "tag", None) is not None:
            word = self._word(start)
            message = both("'{word}' 표기는 YAML 태그로 읽힙니다", "'{word}' is read as a tag", word=word)
            self._report("tag", start, message, REMOVE_OR_QUOTE)

    def _begin(self, event: yaml.NodeEvent, start: Place) -> None:
        if len(self._open) >= self.max_depth:
            message = both(
                "목록과 맵이 {most}겹 넘게 겹쳐 있습니다",
                "more than {most} lists and maps stand in one another",
                most=self.max_depth,
            )
            raise _Unreadable(start, Fault("too-deep", message, both("겹친 것을 줄이십시오", "take some of them out")))
        node: dict[Key, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        path = self._put(node, start)
        self._open.append(_Open(node, path, start, bool(getattr(event, "flow_style", False))))

    def _take_scalar(self, event: yaml.ScalarEvent, start: Place, end: Place) -> None:
        plain = not event.style and event.tag is None
        if plain and not event.value and not self._open:
            raise _Unreadable(Place(1, 1), _NO_SCENARIOS if self.times else _EMPTY)
        kind: PieceKind = "plain" if plain else "quoted" if event.style in ("'", '"') else "block"
        self.before = Piece(kind, start, end)
        meaning = self._meaning(event, plain=plain)
        if plain and meaning == "<<" and self._awaits_key():
            message = both("'<<' 표기는 다른 맵을 여기에 합칩니다", "'<<' merges another map into this one")
            meaning = Fault("merge-key", message, both("항목을 직접 쓰십시오", "write the fields themselves"))
        if isinstance(meaning, Fault):
            self._report_fault(start, self._fitting(meaning, event.value))
            meaning = shorten(blotted(event.value))
        elif plain and isinstance(meaning, str) and self._cut_at(end):
            self._report_fault(end, cut_text())
        self._put(meaning, start)

    def _cut_at(self, end: Place) -> bool:
        """Whether what follows a text looks like more of it, but is a comment to YAML."""
        line, after = self.lines[end.line - 1], end.column - 1
        return line.startswith(" ", after) and _CUTTING_COMMENT.match(line, after) is not None

    def _meaning(self, event: yaml.ScalarEvent, *, plain: bool) -> str | int | date | Fault:
        # Only escapes in double quotes can still bring a forbidden character in.
        found = forbidden(event.value) if event.style == '"' else None
        if found is not None:
            return found[1]
        text = normal(event.value)
        if not plain or not isinstance(text, str):
            return text
        meaning = read_plain(text)
        return text if self.times and isinstance(meaning, Fault) and meaning.code == "timestamp" else meaning

    def _fitting(self, fault: Fault, value: str) -> Fault:
        """A fault with the remedy that fits where the word stands."""
        if fault.code != "empty-value" or value or not self._open:
            return fault
        within = self._open[-1]
        if self._awaits_key():
            return no_name()
        key = shorten(str(within.key))
        if within.flow and isinstance(within.node, dict):
            message = both("{{...}} 안의 '{key}' 항목에 값이 없습니다", "'{key}' has no value in {{...}}", key=key)
            hint = both(
                "'name: value' 형식으로 쓰십시오. 중괄호나 쉼표가 있는 텍스트면 따옴표로 묶으십시오",
                "write 'name: value', or put text with braces or commas in quotes",
            )
            return replace(fault, message=message, hint=hint)
        if isinstance(within.node, dict) and within.key is not _DROPPED:
            message = both("'{key}:' 뒤에 아무것도 쓰여 있지 않습니다", "nothing is written after '{key}:'", key=key)
            return replace(fault, message=message)
        return fault

    def _awaits_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].node, dict) and self._open[-1].key is _NOTHING

    def _put(self, value: Any, start: Place) -> Path | None:
        """Put a value where it belongs; its path, or None when it is dropped."""
        if not self._open:
            self.root = value
            self.places[()] = start
            return ()
        within = self._open[-1]
        if self._awaits_key():
            within.key, within.key_place = self._checked_key(within, value, start), start
            return None
        path: Path | None = None
        if isinstance(within.node, list):
            path = None if within.path is None else (*within.path, len(within.node))
            within.node.append(value)
        elif within.key is not _DROPPED:
            within.node[within.key] = value
            if within.path is not None:
                path = (*within.path, within.key)
                self.key_places[path] = within.key_place
        within.key = _NOTHING
        if path is not None:
            self.places[path] = start
        return path

    def _checked_key(self, within: _Open, key: Any, start: Place) -> Any:
        if isinstance(key, dict | list):
            message = both("이름이 올 자리에 목록이나 맵이 있습니다", "a list or map stands where a name belongs")
            hint = both(
                "한 낱말로 된 이름을 쓰십시오. 괄호가 있는 텍스트면 따옴표로 묶으십시오",
                "use a word; put text with brackets in quotes",
            )
            self._report("complex-key", start, message, hint)
            return _DROPPED
        if key in within.node:
            name = shorten(_written(key))
            message = both("한 맵에 '{name}' 항목이 두 번 있습니다", "'{name}' stands twice in one map", name=name)
            if within.path is not None:
                message = both(
                    "한 맵에 '{name}' 항목이 두 번 있습니다(먼저 나온 곳: {line}번째 줄)",
                    "'{name}' stands twice in one map, first on line {line}",
                    name=name,
                    line=self.key_places[(*within.path, key)].line,
                )
            self._report("duplicate-key", start, message, both("하나를 지우십시오", "remove one of them"))
            return _DROPPED
        return key

    def _word(self, start: Place) -> str:
        """The word at a place, as it is written."""
        return shorten(self.lines[start.line - 1][start.column - 1 :][:80].split(" ")[0])

    def _report(self, code: str, place: Place, message: Text, hint: Text) -> None:
        self._report_fault(place, Fault(code, message, hint))

    def _report_fault(self, place: Place, fault: Fault) -> None:
        if len(self._problems) >= MOST_PROBLEMS:
            raise _Unreadable(place, too_many_problems())
        within = self._open[-1].path if self._open else None
        self._problems.append((within or (), fault.at(self.file, place)))

    def _subject(self, path: Path) -> str:
        """The `id` of the innermost map around a path that has one."""
        subject, node = "", self.root
        for step in (*path, None):
            if isinstance(node, dict) and isinstance(node.get("id"), str):
                subject = shorten(node["id"])
            if step is not None:
                node = node[step]
        return subject


def _surely_has_more(text: str, max_nodes: int) -> bool:
    """Whether a count that builds nothing shows that a file has too many values. It takes a tenth of a walk so far.

    A value is one event of the parser, or two where it is a list or map. So at least half of the events are values,
    and all but as many as there are characters that can open a list or map. What that does not show, the walk finds.
    """
    # A value needs a character of its own, but for the empty ones beside a '?' or ':'.
    if not yaml.__with_libyaml__ or len(text) < max_nodes // 4:
        return False
    # The count does not stop at a depth, and its time grows with the square of it: then the walk ends sooner.
    if text.count("[") + text.count("{") > _MOST_BRACKETS_COUNTED or _DEEP_ON_ONE_LINE.search(text):
        return False
    try:
        events: int = _LOADER(text).raw_parse() - 4  # Two begin and two end the file and its document.
    except yaml.YAMLError:
        return False
    values: int = max((events + 1) // 2, events - sum(map(text.count, "[{-:?")))
    return values > max_nodes


def _too_many_values(most: int) -> Fault:
    message = both(
        "파일에 값과 이름이 {most:_}개 넘게 있습니다",
        "more than {most:_} values and names stand in the file",
        most=most,
    )
    return Fault("too-many-values", message, _IS_IT_A_RULE_FILE)


def _events(text: str, walk: _Walk) -> Iterator[yaml.Event]:
    """The parser's events; what stops it is said in an author's words."""
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        place = _place(error.problem_mark or error.context_mark)
        during = error.context or ""
        began = _place(error.context_mark) if error.context_mark else place
        if "a flow" in during:
            began = walk.open_bracket(began)
        stop = Stop(error.problem or "", place, during, began, walk.before)
        raise _Unreadable(*explain(stop, walk.lines)) from error
    except (yaml.YAMLError, ValueError) as error:
        # PyYAML's own parser lets Python refuse an escape beyond Unicode.
        raise _Unreadable(walk.before.end, bad_escape()) from error


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)


def _written(key: Key) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)
