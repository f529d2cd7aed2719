"""Why a file is no YAML, in an author's words: what was meant, and not what the parser was looking for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from policies.model import Text
from policies.problems import Fault, Place, both, shorten

_FIELD = re.compile(r" *(?:- +)*[^\s:#\"'{\[-][^:#]{0,80}:(?: |$)")
_NO_SPACE_AFTER_COLON = re.compile(r" *(?:- +)*([\w.-]{1,80}):[^ :/]")
# A comment usually has a space after its '#': without one, a sentence such as 'Rule #5' was cut short.
_CUTTING_COMMENT = re.compile(" #[^ #]")
_INDENTATION = re.compile(r" *(?:- +)*")

PieceKind = Literal["quoted", "plain", "block", "brackets", "other"]


class Piece(NamedTuple):
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
        _at(both("여기를 읽을 수 없습니다", "this cannot be read"), _rest(lines, stop.place)),
        both(
            "여기와 윗줄의 들여쓰기, 콜론, 따옴표를 확인하십시오",
            "look at the indentation, colons and quotes here and on the line above",
        ),
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
    message = both(
        "이 줄의 들여쓰기가 이 줄이 속한 텍스트와 다릅니다",
        "this line is not indented like the text that it belongs to",
    )
    return stop.place, _indentation(message)


def _directive(stop: Stop, lines: Sequence[str]) -> _Found:
    return begins_with_percent(lines[: stop.place.line])


def _colon_out_of_place(stop: Stop, lines: Sequence[str]) -> _Found:
    """A colon that makes a field where there can be none: in a sentence, or on a line that is indented too far."""
    before = _line(lines, stop.place.line)[: stop.place.column - 1]
    first = _first_column(before)
    if _FIELD.match(before) or before.lstrip(" -").startswith(("'", '"')):
        return stop.place, Fault(
            "unquoted-text",
            both(
                "따옴표로 묶지 않은 텍스트 안에 콜론과 공백이 있습니다",
                "text that is not in quotes has a colon and a space in it",
            ),
            _QUOTE_ALL,
        )
    above = _line_above(lines, stop.place.line)
    if above is None:
        return None
    if found := _no_colon(lines, above):
        return found
    message = both(
        "이 항목의 들여쓰기가 윗줄에 비해 너무 깊습니다", "this field is indented further than the line above allows"
    )
    return Place(stop.place.line, first), _indentation(message)


def _colon_missing(stop: Stop, lines: Sequence[str]) -> _Found:
    line = _line(lines, stop.began.line)
    return _no_colon(lines, stop.began.line) or (
        stop.began,
        _missing_colon(line[stop.began.column - 1 :]),
    )


def _in_brackets(stop: Stop, lines: Sequence[str]) -> _Found:
    """Something between `[` and `]` or `{` and `}` that neither continues nor ends the list or map."""
    here, opener = _rest(lines, stop.place), _rest(lines, stop.began)[:1]
    if opener not in ("[", "{"):
        return None
    closer = "]" if opener == "[" else "}"
    if here[:1] in ("]", "}"):
        message = both(
            "{line}번째 줄 {column}번째 칸의 '{opener}' 괄호가 '{found}' 괄호로 닫혔습니다",
            "the '{opener}' of line {line}, column {column} is closed by '{found}'",
            opener=opener,
            line=stop.began.line,
            column=stop.began.column,
            found=here[0],
        )
        return stop.place, Fault("unclosed-bracket", message, _close_with(closer))
    if not here and stop.place.line >= len(lines):
        message = both(
            "여기서 여는 '{opener}' 괄호가 닫히지 않았습니다",
            "the '{opener}' that opens here is not closed",
            opener=opener,
        )
        return stop.began, Fault("unclosed-bracket", message, _close_with(closer))
    if stop.place.line > stop.before.end.line or _begins_a_field(lines, stop.place):
        message = both(
            "여기서 여는 '{opener}' 괄호가 {line}번째 줄 앞에서 닫히지 않았습니다",
            "the '{opener}' that opens here is not closed before line {line}",
            opener=opener,
            line=stop.place.line,
        )
        hint = both(
            "'{closer}' 괄호로 닫거나, 그 윗줄을 쉼표로 끝내십시오",
            "close it with '{closer}', or end the line above that with a comma",
            closer=closer,
        )
        return stop.began, Fault("unclosed-bracket", message, hint)
    if found := _goes_on(stop, lines):
        return found
    if here[:1] == ":":
        message = both(
            "따옴표로 묶지 않은 텍스트 안에 콜론과 공백이 있거나, 그 앞에 쉼표가 빠졌습니다",
            "text that is not in quotes has a colon and a space in it, or a comma is missing before it",
        )
        hint = both("텍스트 전체를 따옴표로 묶거나 쉼표를 쓰십시오", "put the whole text in quotes, or write the comma")
        return stop.place, Fault("unquoted-text", message, hint)
    if here[:1] in ("{", "[") and stop.before.kind == "plain":
        message = both(
            "따옴표로 묶지 않은 텍스트 안에 '{found}' 괄호가 있거나, 그 앞에 쉼표가 빠졌습니다",
            "text that is not in quotes has a '{found}' in it, or a comma is missing before it",
            found=here[0],
        )
        return stop.before.start, Fault("unquoted-text", message, _QUOTE_ALL)
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
            message = both(
                "{line}번째 줄에서 이 칸의 목록이 시작되었는데, 이 줄은 목록 항목이 아닙니다",
                "this is no list item, but line {line} began a list here",
                line=stop.began.line,
            )
            hint = both(
                "'- ' 표시로 시작하거나, 들여쓰기를 줄이거나 늘리십시오",
                "begin it with '- ', or indent it less or more",
            )
            return stop.place, Fault("indentation", message, hint)
        if here.startswith("- "):
            message = both(
                "{line}번째 줄에서 이 칸의 맵이 시작되었는데, 이 줄은 목록 항목입니다",
                "this is a list item, but line {line} began a map here",
                line=stop.began.line,
            )
            hint = both(
                "'name: value' 형식으로 쓰거나, 들여쓰기를 줄이거나 늘리십시오",
                "write 'name: value', or indent it less or more",
            )
            return stop.place, Fault("indentation", message, hint)
        return None
    above = _line_above(lines, stop.place.line)
    columns = {stop.began.column} | ({_first_column(_line(lines, above))} if above is not None else set())
    others = [str(column) for column in sorted(columns - {stop.place.column})]
    message = both(
        "이 줄은 {column}번째 칸에서 시작하는데, 위의 항목들은 {others}번째 칸에서 시작합니다",
        "this line begins in column {column}, but the entries above it in column {others}",
        column=stop.place.column,
        others=Text(" 또는 ".join(others), " or ".join(others)),
    )
    return stop.place, _indentation(message)


def _stray_bracket(stop: Stop, lines: Sequence[str]) -> _Found:
    here = _rest(lines, stop.place)[:1]
    if here in ("]", "}"):
        message = both("이 '{here}' 괄호에 짝이 되는 여는 괄호가 없습니다", "this '{here}' closes nothing", here=here)
        return stop.place, Fault("stray-bracket", message, REMOVE_OR_QUOTE)
    if here == ",":
        message = both("이 쉼표 앞에 아무것도 없습니다", "nothing stands before this comma")
        hint = both("쉼표를 지우거나 값을 쓰십시오", "remove it, or write the value")
        return stop.place, Fault("stray-comma", message, hint)
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
    return Fault(
        "several-documents",
        both("여기서 두 번째 문서가 시작됩니다", "a second document begins here"),
        both("한 파일에는 정책 하나만 두십시오. 이 줄을 지우십시오", "keep one policy in a file; remove the line"),
    )


def cut_text() -> Fault:
    """A sentence of which YAML drops the end as a comment."""
    return Fault(
        "cut-text",
        both(
            "텍스트가 여기서 끝납니다. ' #' 표시부터는 주석이기 때문입니다",
            "the text ends here, because ' #' begins a comment",
        ),
        both(
            "텍스트 전체를 따옴표로 묶으십시오. 주석이면 '#' 표시 뒤에 공백을 두십시오",
            "put the whole text in quotes, or write a space after '#' if it is a comment",
        ),
    )


def bad_escape() -> Fault:
    """A backslash that does not mean anything to YAML."""
    return Fault(
        "bad-escape",
        both(
            "큰따옴표 안의 역슬래시(\\) 뒤에 함께 쓸 수 없는 문자가 있습니다",
            "a backslash in double quotes is followed by something that it does not go with",
        ),
        both(
            "역슬래시 하나를 쓰려면 두 번 쓰거나, 작은따옴표를 쓰십시오",
            "write two backslashes for one, or use single quotes",
        ),
    )


def begins_with_percent(lines: Sequence[str]) -> tuple[Place, Fault] | None:
    """The first line that is an instruction to YAML readers."""
    for number, line in enumerate(lines, start=1):
        if line.startswith("%"):
            message = both("'%' 기호로 시작하는 줄이 있습니다", "a line begins with '%'")
            return Place(number, 1), Fault("directive", message, REMOVE_OR_QUOTE)
    return None


def _goes_on(stop: Stop, lines: Sequence[str]) -> _Found:
    """What went wrong when something follows a value that was already complete."""
    before = stop.before
    if before.kind == "quoted":
        quote = _rest(lines, before.start)[:1]
        if before.end.line > before.start.line:
            return before.start, _unclosed_quote()
        message = both("닫는 따옴표 뒤에 텍스트가 이어집니다", "the text goes on after its closing quote")
        if quote == "'":
            hint = both(
                "'...' 안의 작은따옴표는 '' 표기로 쓰십시오. 아니면 텍스트 전체를 따옴표로 묶으십시오",
                "write '' for an apostrophe inside '...', or put quotes around all of it",
            )
        else:
            hint = both(
                '"..." 안의 큰따옴표는 \\" 표기로 쓰십시오. 아니면 텍스트 전체를 따옴표로 묶으십시오',
                'write \\" for a quotation mark inside "...", or put quotes around all of it',
            )
        return stop.place, Fault("text-after-quote", message, hint)
    if before.kind == "brackets":
        start = Place(before.end.line, _opening_column(lines, before))
        return _must_be_quoted(lines, start)
    return _cut_by_hash(stop, lines)


def _opening_column(lines: Sequence[str], before: Piece) -> int:
    return before.start.column if before.start.line == before.end.line else _first_column(_line(lines, before.end.line))


def _must_be_quoted(lines: Sequence[str], place: Place) -> _Found:
    """Text whose first character means something else to YAML."""
    first = _rest(lines, place)[:1]
    message = both(
        "'{first}' 기호로 시작하는 텍스트가 따옴표로 묶여 있지 않습니다",
        "text that begins with '{first}' is not in quotes",
        first=first,
    )
    return (place, Fault("unquoted-text", message, _QUOTE_ALL)) if first else None


def _no_name(stop: Stop, lines: Sequence[str]) -> _Found:
    """A colon with nothing before it."""
    return (stop.place, no_name()) if _rest(lines, stop.place)[:1] == ":" else None


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
        message = both(
            "'{name}' 뒤의 콜론 다음에 공백이 없습니다", "no space stands after the colon of '{name}'", name=name
        )
        hint = both("공백을 넣어 '{name}: ' 형식으로 쓰십시오", "write '{name}: ' with a space", name=name)
        return place, Fault("missing-space", message, hint)
    if ": " not in line and not line.rstrip(" ").endswith(":"):
        return place, _missing_colon(line[place.column - 1 :])
    return None


def _unclosed_quote() -> Fault:
    message = both("여기서 여는 따옴표가 닫히지 않았습니다", "the quote that opens here is not closed")
    return Fault("unclosed-quote", message, both("텍스트 끝에서 닫으십시오", "close it at the end of the text"))


def no_name() -> Fault:
    """A colon with nothing before it."""
    message = both("콜론 앞에 이름이 없습니다", "no name stands before the colon")
    return Fault("empty-value", message, _WRITE_A_FIELD)


def _missing_colon(words: str) -> Fault:
    return Fault("missing-colon", _at(both("콜론이 빠졌습니다", "a colon is missing"), words), _WRITE_A_FIELD)


def _close_with(closer: str) -> Text:
    return both("'{closer}' 괄호로 닫으십시오", "close it with '{closer}'", closer=closer)


def _indentation(message: Text) -> Fault:
    hint = both(
        "이 줄이 속한 항목들과 같은 칸에서 줄을 시작하십시오",
        "start the line in the same column as the entries that it belongs to",
    )
    return Fault("indentation", message, hint)


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


def _at(message: Text, words: str) -> Text:
    """The message with the words of the file that it is about, if there are any."""
    if not words.strip():
        return message
    words = shorten(words)
    return Text(f"{message.ko}: '{words}'", f"{message.en} at '{words}'")


REMOVE_OR_QUOTE = both("지우십시오. 텍스트면 따옴표로 묶으십시오", "remove it, or put the text in quotes")
_QUOTE_ALL = both("텍스트 전체를 따옴표로 묶으십시오", "put the whole text in quotes")
_WRITE_A_FIELD = both("'name: value' 형식으로 쓰십시오", "write 'name: value'")
