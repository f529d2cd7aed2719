"""The agreed layout of rule files and scenario files: what `recoup format` writes.

A file is read as the parser's events and its comments; both are put into one tree, which is written out again. Text
is only ever moved: whoever uses a layout compares what it means with what the file meant (`rewritten`).

What the author decides stays as it is: the order of rules, values and scenarios, single blank lines, whether a map
stands on one line or on several, where a long text is broken, and in which column a comment behind a line begins.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from policies.characters import normal
from policies.fields import Bilingual, ListOf, Map, Nested
from policies.kinds import KINDS
from policies.problems import Fault
from policies.scalars import read_plain
from policies.schema import FACT, POLICY
from policies.source import Document, read
from policies.values import VALUE

WIDTH = 120
"""Columns of a line; a Korean letter takes two. A map or list that does not fit is written on several lines."""

_LAST = ("overrides", "reason")
_SECTIONS = ("values", "rules", "accounts", "lots", "scenarios")
_EDITOR = "# yaml-language-server:"
_STEP = 2
_LOADER: Any = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader


def rewritten(text: str, *, scenarios: bool = False) -> str | None:
    """A sound file in the agreed layout, or None where that would not mean the same or would lose a comment.

    `text` has plain newlines and no problem; `scenarios` says that it is a scenario file.
    """
    before, problems = read(text.encode(), "before", times=scenarios)
    assert before is not None, problems
    found = laid_out(text, scenarios=scenarios)
    after, problems = read(found.encode(), "after", times=scenarios)
    if after is None or problems or not _same(before.data, after.data):
        return None
    return found if sorted(comments(text)) == sorted(comments(found)) else None


def comments(text: str) -> list[str]:
    """Every comment of a file, from its `#` to the end of the line, in the order of the file."""
    return [remark.text for remark in _remarks(text, list(yaml.parse(text, Loader=_LOADER))).values()]


def is_scenario_file(document: Document) -> bool:
    """Whether a file of unknown name holds scenarios."""
    return isinstance(document.data, dict) and "scenarios" in document.data


def laid_out(text: str, *, scenarios: bool = False) -> str:
    """A file of which only the syntax is known to be sound, in the agreed layout."""
    root = _Builder(text + "\n").build()
    return "\n".join(_Writer(text_of_times=scenarios).document(root, _PLAIN if scenarios else _POLICY)) + "\n"


def _same(one: Any, other: Any) -> bool:
    """Whether two pieces of data are equal, and true is not 1, nor a day its text."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def columns(text: str) -> int:
    """The columns that a text takes in a terminal."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


# The order of fields.


@dataclass(frozen=True, slots=True)
class _Shape:
    """How the fields of a map are ordered, which of their texts always stand in quotes, and the shapes inside it.

    `each` is the shape of every value or item that `parts` does not name. `rule` marks a rule, whose shape its kind
    decides.
    """

    order: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()
    parts: Mapping[str, _Shape] = field(default_factory=dict)
    each: _Shape | None = None
    rule: bool = False

    def part(self, entry: _Entry) -> _Shape:
        """The shape of what stands in an entry; of a rule, that of its kind."""
        shape = self.parts.get(entry.name) or self.each or _PLAIN
        if not shape.rule or not isinstance(entry.value, _Group):
            return shape
        kinds = (each.value for each in entry.value.entries if each.name == "kind")
        return next((_KINDS[kind.value] for kind in kinds if isinstance(kind, _Word) and kind.value in _KINDS), _PLAIN)


def _shape_of(schema: Map, quoted: tuple[str, ...] = ()) -> _Shape:
    parts = {each.data_key or name: _shape_of_field(each) for name, each in schema.fields.items()}
    names = schema.names()
    order = (*(name for name in names if name not in _LAST), *(name for name in _LAST if name in names))
    return _Shape(order, quoted, parts)


def _shape_of_field(of: Any) -> _Shape:
    if isinstance(of, Bilingual):
        return _Shape(("ko", "en"), () if of.name_only else ("ko", "en"))
    if isinstance(of, Nested):
        return _shape_of(of.schema)
    return _Shape(each=_shape_of_field(of.item)) if isinstance(of, ListOf) else _PLAIN


_PLAIN = _Shape()
_NAMES = _Shape(each=_Shape(("ko", "en")))
_KINDS = {name: _shape_of(kind.schema, ("terms",)) for name, kind in KINDS.items()}
_RULES = _Shape(each=_Shape(rule=True))
_TOP = _shape_of(POLICY)
_POLICY = _Shape(
    _TOP.order,
    parts={
        **_TOP.parts,
        "sources": _NAMES,
        "methods": _NAMES,
        "facts": _Shape(each=_shape_of(FACT)),
        "values": _Shape(each=_shape_of(VALUE, ("terms",))),
        "rules": _RULES,
    },
)


# The tree.


@dataclass(frozen=True, slots=True)
class _Remark:
    """A comment: its column, and whether it stands alone on its line."""

    text: str
    column: int
    alone: bool


@dataclass(slots=True)
class _Word:
    """A text as it is written: `lines` are its source lines, and those of a block text begin with its header."""

    value: str
    style: str
    lines: list[str]


@dataclass(slots=True)
class _Entry:
    """A field of a map or an item of a list: the lines above it (comments, "" for a blank line) and behind it."""

    key: _Word | None
    value: _Word | _Group = field(default_factory=lambda: _Word("", "", [""]))
    above: list[str] = field(default_factory=list)
    behind: _Remark | None = None

    @property
    def name(self) -> str:
        """The name of a field; "" for an item."""
        return self.key.value if self.key else ""


@dataclass(slots=True)
class _Group:
    """A map or a list; `below` are the comments after its last entry. `flow` is true where it stands in brackets."""

    is_map: bool
    flow: bool
    column: int
    entries: list[_Entry] = field(default_factory=list)
    below: list[str] = field(default_factory=list)

    def commented(self) -> bool:
        """Whether a comment stands in it, so that it cannot stand on one line."""
        return bool(self.below) or any(
            entry.above or entry.behind or (isinstance(entry.value, _Group) and entry.value.commented())
            for entry in self.entries
        )


def _remarks(text: str, events: Sequence[yaml.Event]) -> dict[int, _Remark]:
    """The comment of each line that has one: a `#` outside of every text."""
    lines = text.split("\n")
    covered: dict[int, int] = {}
    for event in events:
        if not isinstance(event, yaml.ScalarEvent):
            continue
        start: Any = event.start_mark
        end: Any = event.end_mark
        if event.style in ("|", ">"):
            last = end.line if end.column == 0 else end.line + 1
            covered[start.line] = start.column + 1
            covered.update((number, len(lines[number])) for number in range(start.line + 1, last))
            continue
        for number in range(start.line, end.line + 1):
            covered[number] = end.column if number == end.line else len(lines[number])
    found = {}
    for number, line in enumerate(lines):
        # Texts before the last one of a line may hold '#' too, but not behind the end of the last.
        at = line.find("#", covered.get(number, 0))
        if at >= 0:
            # Behind a mere dash it speaks of what follows.
            alone = not line[:at].strip(" -?")
            column = len(line) - len(line.lstrip()) if alone else columns(line[:at])
            found[number] = _Remark(line[at:].rstrip(), column, alone)
    return found


def _first_line(event: Any) -> int:
    line: int = event.start_mark.line
    return line


class _Builder:
    """Puts events and comments into a tree. `line` is the first line whose comment has found no place yet."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.events = list(yaml.parse(text, Loader=_LOADER))
        self.remarks = _remarks(text, self.events)
        self.at = 0
        self.line = 0
        self.last: _Entry | None = None
        self.columns: list[int] = [-1]

    def build(self) -> _Group:
        """The tree of the whole file."""
        while not isinstance(self.events[self.at], yaml.NodeEvent):
            self.at += 1
        owner = _Entry(None)
        root = self.node(owner)
        assert isinstance(root, _Group)
        # Behind the end of the document, or around its marks.
        rest = self.gap(len(self.lines))
        if owner.behind:
            root.entries[0].above.insert(0, owner.behind.text)
        root.below += rest
        return root

    def node(self, owner: _Entry) -> _Word | _Group:
        """The value of `owner`, which begins at the next event."""
        event: Any = self.events[self.at]
        if isinstance(event, yaml.ScalarEvent):
            self.at += 1
            return self.word(event)
        assert isinstance(event, yaml.CollectionStartEvent)
        self.at += 1
        start: Any = event.start_mark
        column = start.column
        group = _Group(isinstance(event, yaml.MappingStartEvent), bool(event.flow_style), column)
        if group.flow:
            self.keep_above(owner, self.gap(start.line))
            self.last = owner
        else:
            self.columns.append(column)
        while not isinstance(self.events[self.at], yaml.CollectionEndEvent):
            group.entries.append(self.entry(group))
        end: Any = self.events[self.at].end_mark
        self.at += 1
        if group.flow:
            group.below += [each for each in self.gap(end.line) if each]
            self.last = owner
            if not group.entries:
                self.keep_above(owner, group.below)
                group.below = []
        else:
            group.below += self.closing()
            self.columns.pop()
        return group

    def entry(self, group: _Group) -> _Entry:
        """The next field or item of a group."""
        start: Any = self.events[self.at].start_mark
        above = self.gap(start.line)
        entry = _Entry(None, above=[each for each in above if each] if group.flow else above)
        self.last = entry
        if group.is_map:
            key = self.events[self.at]
            assert isinstance(key, yaml.ScalarEvent)
            self.at += 1
            entry.key = self.word(key)
            value = self.events[self.at]
            if isinstance(value, yaml.ScalarEvent):
                self.keep_above(entry, self.gap(_first_line(value)))
        entry.value = self.node(entry)
        if isinstance(entry.value, _Group) and not entry.value.flow and entry.key is None:
            # What stands between the dash and the first field of an item stands above the dash.
            first = entry.value.entries[0]
            entry.above += [each for each in first.above if each]
            first.above = []
        return entry

    @staticmethod
    def keep_above(entry: _Entry, found: Sequence[str]) -> None:
        entry.above += [each for each in found if each]

    def word(self, event: yaml.ScalarEvent) -> _Word:
        """A text; the lines that it covers hold no comments and no blank lines of the layout."""
        start: Any = event.start_mark
        end: Any = event.end_mark
        style = event.style or ""
        if style in ("|", ">"):
            stop = end.line if end.column == 0 else end.line + 1
            content = self.lines[start.line + 1 : stop]
            header = re.match(r"[|>][-+0-9]*", self.lines[start.line][start.column :])
            assert header is not None
            if "+" not in header[0]:
                while content and not content[-1].strip():
                    content.pop()
            # The comment behind the header belongs to the field.
            self.keep_behind(start.line)
            self.line = start.line + 1 + len(content)
            return _Word(event.value, style, [header[0], *content])
        lines = self.lines[start.line : end.line + 1]
        lines[-1] = lines[-1][: end.column]
        lines[0] = lines[0][start.column :]
        self.line = end.line
        return _Word(event.value, style if style in ("'", '"') else "", lines)

    def keep_behind(self, line: int) -> None:
        """Give the comment behind a line to the entry that was begun last."""
        remark = self.remarks.get(line)
        if remark is None or remark.alone or self.last is None:
            return
        if self.last.behind:
            self.last.above.append(self.last.behind.text)
        self.last.behind = remark

    def gap(self, until: int, column: int | None = None) -> list[str]:
        """The comments and blank lines before the line `until`; with `column`, while comments stand that far right.

        A comment behind the entry that was begun last becomes its own.
        """
        found: list[str] = []
        blank, kept = False, self.line
        for number in range(self.line, min(until, len(self.lines))):
            remark = self.remarks.get(number)
            if remark is None:
                blank = blank or not self.lines[number].strip()
                continue
            if not remark.alone and self.last is not None:
                self.keep_behind(number)
                kept = number + 1
                continue
            if column is not None and remark.column < column:
                break
            if blank:
                found.append("")
                blank = False
            found.append(remark.text)
            kept = number + 1
        if column is not None:
            self.line = kept
            return found
        self.line = max(self.line, until)
        return [*found, ""] if blank else found

    def closing(self) -> list[str]:
        """The comments after the last entry of a group in block style, as far as its indentation says so."""
        own, around = self.columns[-1], self.columns[-2]
        at, still_open = self.at, len(self.columns) - 1
        while isinstance(self.events[at], yaml.CollectionEndEvent):
            at += 1
            still_open -= 1
        after = self.columns[still_open - 1] if still_open > 0 else -1
        upcoming = self.events[at]
        until = _first_line(upcoming) if isinstance(upcoming, yaml.NodeEvent) else len(self.lines)
        if own <= max(around, after):
            return []
        return self.gap(until, own)


# The text.


class _Writer:
    """Writes a tree. `text_of_times` says that a day with a time may stand without quotes."""

    def __init__(self, *, text_of_times: bool) -> None:
        self.text_of_times = text_of_times

    def document(self, root: _Group, shape: _Shape) -> list[str]:
        """The lines of a file."""
        if root.flow and (line := self.inline(root, shape)) and columns(line) <= WIDTH:
            return [line]
        head, root.entries[0].above = root.entries[0].above, []
        editor = [each for each in head if each.startswith(_EDITOR)]
        lines: list[str] = []
        _add(lines, [*editor, *(each for each in head if not each.startswith(_EDITOR))])
        for number, entry in enumerate(_ordered(root, shape)):
            if number and entry.name in _SECTIONS and "" not in entry.above:
                entry.above.insert(0, "")
            _add(lines, entry.above if number else [each for each in entry.above if each])
            lines += self.entry(entry, shape, 0)
        _add(lines, root.below)
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def block(self, group: _Group, shape: _Shape, indent: int) -> list[str]:
        """The lines of a map or list that stands on several lines."""
        lines: list[str] = []
        for number, entry in enumerate(_ordered(group, shape)):
            if group.flow and entry.behind:
                # Its line was another one: the column means nothing any more.
                entry.behind = replace(entry.behind, column=0)
            above = entry.above if number else [each for each in entry.above if each]
            _add(lines, [each and " " * indent + each for each in above])
            lines += self.entry(entry, shape, indent)
        _add(lines, [each and " " * indent + each for each in group.below])
        return lines

    def entry(self, entry: _Entry, shape: _Shape, indent: int) -> list[str]:
        """The lines of one entry, without those above it."""
        below = shape.part(entry)
        mark = f"{self.plain_or_quoted(entry.key, flow=False)}:" if entry.key else "-"
        start = " " * indent + mark
        value = entry.value
        if isinstance(value, _Word):
            lines = self.text(value, indent, quoted=entry.name in shape.quoted)
            lines[0] = f"{start} {lines[0]}"
            at = 0 if value.style in ("|", ">") else -1
            lines[at] = _with_remark(lines[at], entry.behind)
            return lines
        if value.flow or not value.entries:
            line = self.inline(value, below)
            if line is not None and columns(f"{start} {line}") <= WIDTH:
                return [_with_remark(f"{start} {line}", entry.behind)]
        if not value.entries:
            return [_with_remark(f"{start} {'{}' if value.is_map else '[]'}", entry.behind)]
        inner = indent + _STEP
        if entry.key:
            behind = replace(entry.behind, column=0) if entry.behind and value.flow else entry.behind
            return [_with_remark(start, behind), *self.block(value, below, inner)]
        return self.item(entry, self.block(value, below, inner), indent)

    def item(self, entry: _Entry, lines: list[str], indent: int) -> list[str]:
        """An item of a list that is a map or a list itself: its first line stands behind the dash."""
        inner = " " * (indent + _STEP)
        first = next(at for at, line in enumerate(lines) if line and not line.startswith(f"{inner}#"))
        above = [line[_STEP:] for line in lines[:first] if line]
        if entry.behind:
            above.append(" " * indent + entry.behind.text)
        return [*above, f"{' ' * indent}- {lines[first][len(inner) :]}", *lines[first + 1 :]]

    def inline(self, node: _Word | _Group, shape: _Shape, *, quoted: bool = False) -> str | None:
        """A node on one line; None where it holds a comment."""
        if isinstance(node, _Word):
            return self.plain_or_quoted(node, flow=True, quoted=quoted)
        if node.commented():
            return None
        parts = []
        for entry in _ordered(node, shape):
            part = self.inline(entry.value, shape.part(entry), quoted=entry.name in shape.quoted)
            if part is None:
                return None
            parts.append(f"{self.plain_or_quoted(entry.key, flow=True)}: {part}" if entry.key else part)
        return f"{{{', '.join(parts)}}}" if node.is_map else f"[{', '.join(parts)}]"

    def text(self, word: _Word, indent: int, *, quoted: bool) -> list[str]:
        """A text in block style: on one line, or broken where the author broke it; the blank lines of a file part its
        entries, so several that are part of a text are written on one line.
        """
        if word.style in ("|", ">"):
            return _block_text(word, indent + _STEP)
        escaped = word.style == '"' and any(each.rstrip().endswith("\\") for each in word.lines)
        if len(word.lines) == 1 or (quoted and not word.style) or escaped or "\n\n" in word.value:
            return [self.plain_or_quoted(word, flow=False, quoted=quoted)]
        first, *more, last = word.lines
        rest = [*(each.strip() for each in more), last.lstrip()]
        return [first.rstrip(), *(each and " " * (indent + _STEP) + each for each in rest)]

    def plain_or_quoted(self, word: _Word, *, flow: bool, quoted: bool = False) -> str:
        """A text on one line, in quotes only where it needs them or `quoted` asks for them."""
        meaning = read_plain(word.value)
        if not word.style:
            if isinstance(meaning, int) and not isinstance(meaning, bool):
                return f"{meaning:_}"
            return _in_quotes(word.value) if quoted and isinstance(meaning, str) else word.value
        return _in_quotes(word.value) if quoted or self.needs_quotes(word.value, flow=flow) else word.value

    def needs_quotes(self, value: str, *, flow: bool) -> bool:
        """Whether a text would not be the same text without quotes."""
        meaning = read_plain(str(normal(value)))
        is_time = self.text_of_times and isinstance(meaning, Fault) and meaning.code == "timestamp"
        return (
            not (isinstance(meaning, str) or is_time)
            or value != value.strip()
            or value in ("<<", "=")
            or value[0] in "-?:,[]{}#&*!|>'\"%@`"
            or value.startswith("...")
            or value.endswith(":")
            or any(part in value for part in (": ", " #", "\n"))
            or (flow and any(each in value for each in ",[]{}?"))
        )


def _ordered(group: _Group, shape: _Shape) -> Iterator[_Entry]:
    """The entries in the order of their shape; those that it does not name stay behind them, as they are."""
    if not group.is_map or not shape.order:
        yield from group.entries
        return
    places = {name: place for place, name in enumerate(shape.order)}
    yield from sorted(group.entries, key=lambda each: places.get(each.name, len(places)))


def _add(lines: list[str], more: Sequence[str]) -> None:
    """Add lines above or below an entry: blank lines only singly, and never at the beginning."""
    for each in more:
        if each or (lines and lines[-1]):
            lines.append(each)


def _with_remark(line: str, remark: _Remark | None) -> str:
    """A line with its comment behind it, in the comment's own column if there is room."""
    if remark is None:
        return line
    return f"{line}{' ' * max(2, remark.column - columns(line))}{remark.text}"


def _in_quotes(value: str) -> str:
    """A text in double quotes, or in single ones where it holds what double ones would have to escape."""
    if "\n" not in value and "'" not in value and ('"' in value or "\\" in value):
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _block_text(word: _Word, indent: int) -> list[str]:
    header, *content = word.lines
    if any(each.isdigit() for each in header):
        return [_in_quotes(word.value)]
    found = next((each for each in content if each.strip()), "")
    base = len(found) - len(found.lstrip())
    return [header, *(" " * indent + each[base:] if each.strip() else each[base:] for each in content)]
