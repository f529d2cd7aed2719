"""Why a file is no YAML, in an author's words: what was meant, and not what the parser was looking for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from policies.problems import Fault, Place, shorten

_FIELD = re.compile(r" *(?:- +)*[^\s:#\"'{\[-][^:#]{0,80}:(?: |$)")
_NO_SPACE_AFTER_COLON = re.compile(r" *(?:- +)*([\w.-]{1,80}):[^ :/]")
# A comment usually has a space after its '#': without one, a sentence such as 'Rule #5' was cut short.
_CUTTING_COMMENT = re.compile(" #[^ #]")
_INDENTATION = re.compile(r" *(?:- +)*")

PieceKind = Literal["quoted", "plain", "block", "brackets", "other"]


@dataclass(frozen=True, slots=True)
class Piece:
    """What was read last before the parser stopped, from its first character to just after its last."""

    kind: PieceKind
    start: Place
    end: Place


@dataclass(frozen=True, slots=True)
class Stop:
    """Where the parser stopped and why, in its own words; `began` is where the part began that it was reading."""

    reason: str
    place: Place
    during: str
    began: Place
    before: Piece


def explain(stop: Stop, lines: Sequence[str]) -> tuple[Place, Fault]:
    """The place and the fault that an author should look at."""
    # The first reader that knows the words answers; they are those of libyaml and of PyYAML's own parser.
    for words, reader in _READERS:
        if words in stop.reason or words in stop.during:
            found = reader(stop, lines)
            if found is not None:
                return found
    return stop.place, Fault(
        "not-yaml",
        f"this cannot be read{_at(_rest(lines, stop.place))}",
        "look at the indentation, colons and quotes here and on the line above",
    )


_Found = tuple[Place, Fault] | None


def _quoted_text(stop: Stop, lines: Sequence[str]) -> _Found:
    if "end of stream" in stop.reason or "document" in stop.reason:
        return stop.began, _unclosed_quote()
    backslash = _line(lines, stop.place.line).rfind("\\", 0, stop.place.column)
    return Place(stop.place.line, backslash + 1), bad_escape()


def _bad_first_character(stop: Stop, lines: Sequence[str]) -> _Found:
    return _must_be_quoted(lines, stop.place)


def _bad_name(stop: Stop, lines: Sequence[str]) -> _Found:
    """A `*`, `&` or `!` before something that is no name: it is the beginning of a text."""
    return _must_be_quoted(lines, stop.began)


def _block_text(stop: Stop, lines: Sequence[str]) -> _Found:
    if stop.place.line == stop.began.line:
        return _must_be_quoted(lines, stop.began)
    return stop.place, _indentation("this line is not indented like the text that it belongs to")


def _directive(stop: Stop, lines: Sequence[str]) -> _Found:
    return begins_with_percent(lines[: stop.place.line])


def _colon_out_of_place(stop: Stop, lines: Sequence[str]) -> _Found:
    """A colon that makes a field where there can be none: in a sentence, or on a line that is indented too far."""
    before = _line(lines, stop.place.line)[: stop.place.column - 1]
    first = _first_column(before)
    if _FIELD.match(before) or before.lstrip(" -").startswith(("'", '"')):
        return stop.place, Fault(
            "unquoted-text",
            "text that is not in quotes has a colon and a space in it",
            "put the whole text in quotes",
        )
    above = _line_above(lines, stop.place.line)
    if above is None:
        return None
    if found := _no_colon(lines, above):
        return found
    return Place(stop.place.line, first), _indentation("this field is indented further than the line above allows")


def _colon_missing(stop: Stop, lines: Sequence[str]) -> _Found:
    line = _line(lines, stop.began.line)
    return _no_colon(lines, stop.began.line) or (
        stop.began,
        Fault("missing-colon", f"a colon is missing{_at(line[stop.began.column - 1 :])}", "write 'name: value'"),
    )


def _in_brackets(stop: Stop, lines: Sequence[str]) -> _Found:
    """Something between `[` and `]` or `{` and `}` that neither continues nor ends the list or map."""
    here, opener = _rest(lines, stop.place), _rest(lines, stop.began)[:1]
    if opener not in ("[", "{"):
        return None
    closer = "]" if opener == "[" else "}"
    if here[:1] in ("]", "}"):
        message = f"the '{opener}' of line {stop.began.line}, column {stop.began.column} is closed by '{here[0]}'"
        return stop.place, Fault("unclosed-bracket", message, f"close it with '{closer}'")
    if not here and stop.place.line >= len(lines):
        message = f"the '{opener}' that opens here is not closed"
        return stop.began, Fault("unclosed-bracket", message, f"close it with '{closer}'")
    if stop.place.line > stop.before.end.line or _begins_a_field(lines, stop.place):
        message = f"the '{opener}' that opens here is not closed before line {stop.place.line}"
        hint = f"close it with '{closer}', or end the line above that with a comma"
        return stop.began, Fault("unclosed-bracket", message, hint)
    if found := _goes_on(stop, lines):
        return found
    if here[:1] == ":":
        message = "text that is not in quotes has a colon and a space in it, or a comma is missing before it"
        hint = "put the whole text in quotes, or write the comma"
        return stop.place, Fault("unquoted-text", message, hint)
    if here[:1] in ("{", "[") and stop.before.kind == "plain":
        message = f"text that is not in quotes has a '{here[0]}' in it, or a comma is missing before it"
        return stop.before.start, Fault("unquoted-text", message, "put the whole text in quotes")
    return None


def _in_block(stop: Stop, lines: Sequence[str]) -> _Found:
    """Something in a map or a list written line by line that is neither its next entry nor its end."""
    line, here = _line(lines, stop.place.line), _rest(lines, stop.place)
    if here[:1] in ("]", "}"):
        return _stray_bracket(stop, lines)
    if line[: stop.place.column - 1].strip(" -"):
        return _goes_on(stop, lines)
    if stop.before.kind == "quoted" and stop.before.end.line > stop.before.start.line:
        return stop.before.start, _unclosed_quote()
    if found := _no_name(stop, lines):
        return found
    if found := _cut_by_hash(stop, lines):
        return found
    is_list = "collection" in stop.during
    if stop.began.column == stop.place.column:
        if is_list:
            message = f"this is no list item, but line {stop.began.line} began a list here"
            return stop.place, Fault("indentation", message, "begin it with '- ', or indent it less or more")
        if here.startswith("- "):
            message = f"this is a list item, but line {stop.began.line} began a map here"
            return stop.place, Fault("indentation", message, "write 'name: value', or indent it less or more")
        return None
    above = _line_above(lines, stop.place.line)
    columns = {stop.began.column} | ({_first_column(_line(lines, above))} if above is not None else set())
    listed = " or ".join(str(column) for column in sorted(columns - {stop.place.column}))
    return stop.place, _indentation(
        f"this line begins in column {stop.place.column}, but the entries above it in column {listed}"
    )


def _stray_bracket(stop: Stop, lines: Sequence[str]) -> _Found:
    here = _rest(lines, stop.place)[:1]
    if here in ("]", "}"):
        message = f"this '{here}' closes nothing"
        return stop.place, Fault("stray-bracket", message, "remove it, or put the text in quotes")
    if here == ",":
        return stop.place, Fault("stray-comma", "nothing stands before this comma", "remove it, or write the value")
    return None


def _after_the_end(stop: Stop, lines: Sequence[str]) -> _Found:
    if found := begins_with_percent(lines):
        return found
    if any(line.startswith("...") for line in lines[: stop.place.line]):
        return stop.place, several_documents()
    return _goes_on(stop, lines)


_READERS: tuple[tuple[str, Callable[[Stop, Sequence[str]], _Found]], ...] = (
    ("directive", _directive),
    ("incompatible YAML", _directive),
    ("quoted scalar", _quoted_text),
    ("cannot start any token", _bad_first_character),
    ("entries are not allowed", _bad_first_character),
    ("mapping keys are not allowed", _bad_first_character),
    ("scanning an alias", _bad_name),
    ("scanning an anchor", _bad_name),
    ("scanning a tag", _bad_name),
    ("parsing a tag", _bad_name),
    ("a block scalar", _block_text),
    ("mapping values are not allowed", _colon_out_of_place),
    ("could not find expected ':'", _colon_missing),
    ("node content", _stray_bracket),
    ("parsing a flow", _in_brackets),
    ("parsing a block mapping", _in_block),
    ("parsing a block collection", _in_block),
    ("<document start>", _after_the_end),
)


def several_documents() -> Fault:
    """A file that holds more than one YAML document."""
    return Fault("several-documents", "a second document begins here", "keep one policy in a file; remove the line")


def cut_text() -> Fault:
    """A sentence of which YAML drops the end as a comment."""
    return Fault(
        "cut-text",
        "the text ends here, because ' #' begins a comment",
        "put the whole text in quotes, or write a space after '#' if it is a comment",
    )


def bad_escape() -> Fault:
    """A backslash that does not mean anything to YAML."""
    message = "a backslash in double quotes is followed by something that it does not go with"
    return Fault("bad-escape", message, "write two backslashes for one, or use single quotes")


def begins_with_percent(lines: Sequence[str]) -> tuple[Place, Fault] | None:
    """The first line that is an instruction to YAML readers."""
    for number, line in enumerate(lines, start=1):
        if line.startswith("%"):
            return Place(number, 1), Fault(
                "directive", "a line begins with '%'", "remove it, or put the text in quotes"
            )
    return None


def _goes_on(stop: Stop, lines: Sequence[str]) -> _Found:
    """What went wrong when something follows a value that was already complete."""
    before = stop.before
    if before.kind == "quoted":
        quote = _rest(lines, before.start)[:1]
        if before.end.line > before.start.line:
            return before.start, _unclosed_quote()
        inner = "'' for an apostrophe inside '...'" if quote == "'" else '\\" for a quotation mark inside "..."'
        message = "the text goes on after its closing quote"
        return stop.place, Fault("text-after-quote", message, f"write {inner}, or put quotes around all of it")
    if before.kind == "brackets":
        start = Place(before.end.line, _opening_column(lines, before))
        return _must_be_quoted(lines, start)
    return _cut_by_hash(stop, lines)


def _opening_column(lines: Sequence[str], before: Piece) -> int:
    return before.start.column if before.start.line == before.end.line else _first_column(_line(lines, before.end.line))


def _must_be_quoted(lines: Sequence[str], place: Place) -> _Found:
    """Text whose first character means something else to YAML."""
    first = _rest(lines, place)[:1]
    message = f"text that begins with '{first}' is not in quotes"
    return (place, Fault("unquoted-text", message, "put the whole text in quotes")) if first else None


def _no_name(stop: Stop, lines: Sequence[str]) -> _Found:
    """A colon with nothing before it."""
    fault = Fault("empty-value", "no name stands before the colon", "write 'name: value'")
    return (stop.place, fault) if _rest(lines, stop.place)[:1] == ":" else None


def _cut_by_hash(stop: Stop, lines: Sequence[str]) -> _Found:
    """A sentence over several lines that a `#` cut short."""
    above = _line_above(lines, stop.place.line)
    if above is None or stop.before.kind != "plain" or stop.place.column <= stop.began.column:
        return None
    found = _CUTTING_COMMENT.search(_line(lines, above))
    return None if found is None else (Place(above, found.start() + 1), cut_text())


def _no_colon(lines: Sequence[str], number: int) -> _Found:
    """A line that was meant as a field but has no colon, or no space after it."""
    line = _line(lines, number)
    place = Place(number, _first_column(line))
    if no_space := _NO_SPACE_AFTER_COLON.match(line):
        name = no_space[1]
        message = f"no space stands after the colon of '{name}'"
        return place, Fault("missing-space", message, f"write '{name}: ' with a space")
    if ": " not in line and not line.rstrip(" ").endswith(":"):
        message = f"a colon is missing{_at(line[place.column - 1 :])}"
        return place, Fault("missing-colon", message, "write 'name: value'")
    return None


def _unclosed_quote() -> Fault:
    return Fault("unclosed-quote", "the quote that opens here is not closed", "close it at the end of the text")


def _indentation(message: str) -> Fault:
    return Fault("indentation", message, "start the line in the same column as the entries that it belongs to")


def _begins_a_field(lines: Sequence[str], colon: Place) -> bool:
    """Whether the colon at this place ends the first word of its line."""
    before = _line(lines, colon.line)[: colon.column - 1].strip(" ")
    return bool(before) and " " not in before and _rest(lines, colon).startswith(":")


def _line_above(lines: Sequence[str], number: int) -> int | None:
    """The number of the nearest line above that is neither blank nor a comment."""
    for above in range(min(number, len(lines) + 1) - 1, 0, -1):
        if _line(lines, above).strip(" ") and not _line(lines, above).lstrip(" ").startswith("#"):
            return above
    return None


def _first_column(line: str) -> int:
    """The column in which a line's own words begin, past its indentation and the dash of a list item."""
    indentation = _INDENTATION.match(line)
    return 1 if indentation is None else indentation.end() + 1


def _rest(lines: Sequence[str], place: Place) -> str:
    """What stands at a place, up to the end of its line."""
    return _line(lines, place.line)[place.column - 1 :]


def _line(lines: Sequence[str], number: int) -> str:
    """The line of a number; "" past the end of the file, where the parser may stop."""
    return lines[number - 1] if number <= len(lines) else ""


def _at(words: str) -> str:
    return f" at '{shorten(words)}'" if words.strip() else ""
