"""What is said about each mistake of a file's text, word for word, by libyaml and by PyYAML's own parser alike."""

from __future__ import annotations

import pytest
import yaml

from policies import source
from policies.source import read

MISTAKES = [
    pytest.param(
        "a:\nb: 1\n",
        "1:3: nothing is written after 'a:'; write the value or take the line out; empty text is \"\"",
        id="empty value",
    ),
    pytest.param(
        "-\n", '1:2: nothing is written here; write the value or take the line out; empty text is ""', id="empty item"
    ),
    pytest.param("a: 1\n: 2\n", "2:1: no name stands before the colon; write 'name: value'", id="no name"),
    pytest.param("a: [", "1:4: the '[' that opens here is not closed; close it with ']'", id="bracket at the end"),
    pytest.param(
        "a: null\n",
        "1:4: 'null' stands for nothing; write the value or take the line out; empty text is \"\"",
        id="null",
    ),
    pytest.param("? \n: 1\n", "1:2: no name stands before the colon; write 'name: value'", id="empty name"),
    pytest.param(
        "ko: {limit}\n",
        "1:11: 'limit' has no value in {...}; write 'name: value', or put text with braces or commas in quotes",
        id="placeholder alone",
    ),
    pytest.param(
        "{en: Over the limit, sorry}\n",
        "1:27: 'sorry' has no value in {...}; write 'name: value', or put text with braces or commas in quotes",
        id="comma in a flow text",
    ),
    pytest.param(
        "a: no\n",
        "1:4: 'no' may be read as false or as text; write false, or \"no\" in quotes for the text",
        id="boolean",
    ),
    pytest.param(
        "on: 1\n",
        "1:1: 'on' may be read as true or as text; write true, or \"on\" in quotes for the text",
        id="boolean key",
    ),
    pytest.param(
        "a: 007\n",
        "1:4: '007' is an unusual way to write a number; write it in plain digits, such as 7 or 50_000, or"
        ' "007" in quotes for the text',
        id="odd number",
    ),
    pytest.param(
        "terms: 16.4\n",
        "1:8: '16.4' is a number with a fraction; write a whole number, a percentage such as 2.2%, or \"16.4\""
        " in quotes for the text",
        id="decimal",
    ),
    pytest.param(
        "a: 12:30\n", "1:4: '12:30' may be read as a time or as a number; write \"12:30\" in quotes", id="time"
    ),
    pytest.param(
        "a: 2025-01-01 10:00:00\n",
        "1:4: '2025-01-01 10:00:00' is a day with a time; write the day alone, such as 2025-01-01, or"
        ' "2025-01-01 10:00:00" in quotes for the text',
        id="timestamp",
    ),
    pytest.param(
        "a: 2025-02-30\n",
        "1:4: there is no day 2025-02-30; write year-month-day, such as 2025-01-31; put it in quotes if it is text",
        id="impossible day",
    ),
    pytest.param(
        "a: 1_000_000_000_001\n",
        "1:4: the number 1_000_000_000_001 is too large; the largest is 1_000_000_000_000; put it in quotes"
        " if it is text",
        id="too large",
    ),
    pytest.param(
        "a: 1\nb: 2\na: 3\n",
        "3:1: 'a' stands twice in one map, first on line 1; remove one of them",
        id="duplicate key",
    ),
    pytest.param(
        "1_000: 1\n1000: 2\n",
        "2:1: '1000' stands twice in one map, first on line 1; remove one of them",
        id="duplicate number",
    ),
    pytest.param(
        "2025-01-01: 1\n2025-01-01: 2\n",
        "2:1: '2025-01-01' stands twice in one map, first on line 1; remove one of them",
        id="duplicate day",
    ),
    pytest.param(
        "a: 1\na: {b: 1, b: no}\n",
        "2:1: 'a' stands twice in one map, first on line 1; remove one of them\n"
        "2:11: 'b' stands twice in one map; remove one of them\n"
        "2:14: 'no' may be read as false or as text; write false, or \"no\" in quotes for the text",
        id="duplicate in a duplicate",
    ),
    pytest.param(
        "rules:\n  - id: limit-a\n    when: {a: no}\n",
        "3:15: limit-a: 'no' may be read as false or as text; write false, or \"no\" in quotes for the text",
        id="within a rule",
    ),
    pytest.param(
        "? [a]\n: b\n",
        "1:3: a list or map stands where a name belongs; use a word; put text with brackets in quotes",
        id="complex key",
    ),
    pytest.param(
        "{a: 1}: b\n",
        "1:1: a list or map stands where a name belongs; use a word; put text with brackets in quotes",
        id="map as key",
    ),
    pytest.param(
        "a: &x 1\nb: *x\n",
        "1:4: '&x' is read as a reference within the file; write the value itself in each place, or put the"
        " text in quotes",
        id="anchor",
    ),
    pytest.param(
        "a: *note\n",
        "1:4: '*note' is read as a reference within the file; write the value itself in each place, or put"
        " the text in quotes",
        id="alias",
    ),
    pytest.param("a: !!int 5\n", "1:4: '!!int' is read as a tag; remove it, or put the text in quotes", id="tag"),
    pytest.param("a: !x {b: 1}\n", "1:4: '!x' is read as a tag; remove it, or put the text in quotes", id="tagged map"),
    pytest.param(
        "a: !important news\n",
        "1:4: '!important' is read as a tag; remove it, or put the text in quotes",
        id="text like a tag",
    ),
    pytest.param(
        "a:\n  <<: {b: 1}\n", "2:3: '<<' merges another map into this one; write the fields themselves", id="merge"
    ),
    pytest.param(
        "a: 1\n---\nb: 2\n",
        "2:1: a second document begins here; keep one policy in a file; remove the line",
        id="two documents",
    ),
    pytest.param(
        "a: 1\n...\nb: 2\n",
        "3:1: a second document begins here; keep one policy in a file; remove the line",
        id="two documents with an end",
    ),
    pytest.param(
        "%FOO x\n---\na: 1\n", "1:1: a line begins with '%'; remove it, or put the text in quotes", id="directive"
    ),
    pytest.param(
        "a: 1\n%abc\n",
        "2:1: a line begins with '%'; remove it, or put the text in quotes",
        id="line beginning with a percent sign",
    ),
    pytest.param("", "1:1: the file says nothing; write a policy in it", id="empty file"),
    pytest.param("# a\n\n", "1:1: the file says nothing; write a policy in it", id="comments only"),
    pytest.param("---\n", "1:1: the file says nothing; write a policy in it", id="empty document"),
    pytest.param(
        "a:\n\tb: 1\n", "2:1: a tab stands here; use spaces; most editors can write them for the Tab key", id="tab"
    ),
    pytest.param(
        "a:\t1\n",
        "1:3: a tab stands here; use spaces; most editors can write them for the Tab key",
        id="tab after a colon",
    ),
    pytest.param("a: b\x00\n", "1:5: a NUL character stands here; remove it; is this a text file?", id="NUL"),
    pytest.param(
        'a: "\\0"\n', "1:4: a NUL character stands here; remove it; is this a text file?", id="NUL as an escape"
    ),
    pytest.param("a: \x07\n", "1:4: the control character U+0007 stands here; remove it", id="control character"),
    pytest.param("a: 1\rb: 2\n", "1:5: the control character U+000D stands here; remove it", id="lone carriage return"),
    pytest.param(
        "a: b\u2028c\n",
        "1:5: the control character U+2028 (LINE SEPARATOR) stands here; remove it",
        id="line separator",
    ),
    pytest.param("a: \ufffe\n", "1:4: the control character U+FFFE stands here; remove it", id="non-character"),
    pytest.param(
        "a: b\u202ec\n",
        "1:5: the invisible character U+202E (RIGHT-TO-LEFT OVERRIDE) stands here; remove it",
        id="direction",
    ),
    pytest.param(
        'id: "a\\u202eb"\n',
        "1:5: a\ufffdb: the invisible character U+202E (RIGHT-TO-LEFT OVERRIDE) stands here; remove it",
        id="direction as an escape",
    ),
    pytest.param(
        "a: b\u200bc\n",
        "1:5: the invisible character U+200B (ZERO WIDTH SPACE) stands here; remove it",
        id="zero width",
    ),
    pytest.param(
        "a: \u3164\n", "1:4: the invisible character U+3164 (HANGUL FILLER) stands here; remove it", id="Hangul filler"
    ),
    pytest.param(
        "\ufeff\ufeffa: 1\n",
        "1:1: the invisible character U+FEFF (ZERO WIDTH NO-BREAK SPACE) stands here; remove it",
        id="second byte order mark",
    ),
    pytest.param(
        "a:\xa0b\n",
        "1:3: U+00A0 (NO-BREAK SPACE) stands here and looks like a space; type an ordinary space",
        id="odd space",
    ),
    pytest.param(
        "a: e" + "\u0301" * 31 + "\n", "1:4: more than 30 accents stand on one letter; remove them", id="accents"
    ),
    pytest.param(
        "en: Rule #5 applies\n",
        "1:9: the text ends here, because ' #' begins a comment; put the whole text in quotes, or write a"
        " space after '#' if it is a comment",
        id="text cut by a comment",
    ),
    pytest.param(
        "en: Rule #5\n   applies\nb: 1\n",
        "1:9: the text ends here, because ' #' begins a comment; put the whole text in quotes, or write a"
        " space after '#' if it is a comment",
        id="text over two lines cut by a comment",
    ),
    pytest.param(
        "a: 1\n  b: 2\n",
        "2:3: this field is indented further than the line above allows; start the line in the same column"
        " as the entries that it belongs to",
        id="indented too far",
    ),
    pytest.param(
        "a:\n    b: 1\n  c: 2\n",
        "3:3: this line begins in column 3, but the entries above it in column 1 or 5; start the line in the"
        " same column as the entries that it belongs to",
        id="indented too little",
    ),
    pytest.param(
        "rules:\n  - id: a\n   kind: b\n",
        "3:4: this line begins in column 4, but the entries above it in column 3 or 5; start the line in the"
        " same column as the entries that it belongs to",
        id="item's field out of line",
    ),
    pytest.param(
        "a:\n  - x\n  b: 2\n",
        "3:3: this is no list item, but line 2 began a list here; begin it with '- ', or indent it less or more",
        id="field in a list",
    ),
    pytest.param(
        "a:\n  b: 2\n  - x\n",
        "3:3: this is a list item, but line 2 began a map here; write 'name: value', or indent it less or more",
        id="item in a map",
    ),
    pytest.param(
        "rules:\n  - id: x\n    kind limit\n    at_most: 5\n",
        "3:5: a colon is missing at 'kind limit'; write 'name: value'",
        id="missing colon",
    ),
    pytest.param(
        "a: 1\nwhen\n  b: 2\n", "2:1: a colon is missing at 'when'; write 'name: value'", id="missing colon above"
    ),
    pytest.param(
        "when\n  b: 2\n", "1:1: a colon is missing at 'when'; write 'name: value'", id="missing colon on the first line"
    ),
    pytest.param(
        "a:1\nb: 2\n", "1:1: no space stands after the colon of 'a'; write 'a: ' with a space", id="missing space"
    ),
    pytest.param(
        'a: "b\nc: 2\n',
        "1:4: the quote that opens here is not closed; close it at the end of the text",
        id="unclosed double quote",
    ),
    pytest.param(
        "a: 'b\nc: 2\n",
        "1:4: the quote that opens here is not closed; close it at the end of the text",
        id="unclosed single quote",
    ),
    pytest.param(
        'a: "b\nc: "d"\ne: 1\n',
        "1:4: the quote that opens here is not closed; close it at the end of the text",
        id="quote closed by the next one",
    ),
    pytest.param(
        "a: 'it's so'\n",
        "1:8: the text goes on after its closing quote; write '' for an apostrophe inside '...', or put"
        " quotes around all of it",
        id="apostrophe",
    ),
    pytest.param(
        'a: "say "hi" now"\n',
        '1:10: the text goes on after its closing quote; write \\" for a quotation mark inside "...", or put'
        " quotes around all of it",
        id="quotation mark",
    ),
    pytest.param(
        "a: [1, 2\nb: 3\n",
        "1:4: the '[' that opens here is not closed before line 2; close it with ']', or end the line above"
        " that with a comma",
        id="unclosed list",
    ),
    pytest.param(
        "a: {b: 1\n", "1:4: the '{' that opens here is not closed; close it with '}'", id="unclosed map at the end"
    ),
    pytest.param(
        "a: [1, 2}\n", "1:9: the '[' of line 1, column 4 is closed by '}'; close it with ']'", id="wrong bracket"
    ),
    pytest.param("a: ]\n", "1:4: this ']' closes nothing; remove it, or put the text in quotes", id="stray bracket"),
    pytest.param(
        "a: 1\n}\n", "2:1: this '}' closes nothing; remove it, or put the text in quotes", id="stray bracket on a line"
    ),
    pytest.param(
        "a: [1,,2]\n", "1:7: nothing stands before this comma; remove it, or write the value", id="stray comma"
    ),
    pytest.param(
        "ko: {limit} \ud55c\ub3c4\ub97c \ub118\uc5c8\uc2b5\ub2c8\ub2e4\n",
        "1:5: text that begins with '{' is not in quotes; put the whole text in quotes",
        id="placeholder first",
    ),
    pytest.param(
        "reason: {ko: {limit} \ucd08\uacfc, en: x}\n",
        "1:14: text that begins with '{' is not in quotes; put the whole text in quotes",
        id="placeholder first in braces",
    ),
    pytest.param(
        "reason: {ko: \ud55c\ub3c4 {limit} \ucd08\uacfc, en: x}\n",
        "1:14: text that is not in quotes has a '{' in it, or a comma is missing before it; put the whole"
        " text in quotes",
        id="placeholder inside braces",
    ),
    pytest.param(
        "en: Over the limit: {limit} left\n",
        "1:19: text that is not in quotes has a colon and a space in it; put the whole text in quotes",
        id="colon in a sentence",
    ),
    pytest.param(
        "reason: {ko: \ud55c\ub3c4: \ucd08\uacfc, en: x}\n",
        "1:16: text that is not in quotes has a colon and a space in it, or a comma is missing before it;"
        " put the whole text in quotes, or write the comma",
        id="colon in a sentence in braces",
    ),
    pytest.param(
        "a: %b\n",
        "1:4: text that begins with '%' is not in quotes; put the whole text in quotes",
        id="percent sign first",
    ),
    pytest.param(
        "a: @b\n", "1:4: text that begins with '@' is not in quotes; put the whole text in quotes", id="at sign first"
    ),
    pytest.param(
        "a: `b`\n", "1:4: text that begins with '`' is not in quotes; put the whole text in quotes", id="backtick first"
    ),
    pytest.param(
        "a: *\uc911\uc694* \uc548\ub0b4\n",
        "1:4: text that begins with '*' is not in quotes; put the whole text in quotes",
        id="star first",
    ),
    pytest.param(
        "a: &\ud658\uae09\n",
        "1:4: text that begins with '&' is not in quotes; put the whole text in quotes",
        id="ampersand first",
    ),
    pytest.param(
        "a: !\ud658\uae09\n",
        "1:4: text that begins with '!' is not in quotes; put the whole text in quotes",
        id="exclamation mark first",
    ),
    pytest.param(
        "a: > 5 points\n",
        "1:4: text that begins with '>' is not in quotes; put the whole text in quotes",
        id="greater-than first",
    ),
    pytest.param(
        "a: | b\n", "1:4: text that begins with '|' is not in quotes; put the whole text in quotes", id="bar first"
    ),
    pytest.param(
        "a: - b\n", "1:4: text that begins with '-' is not in quotes; put the whole text in quotes", id="dash first"
    ),
    pytest.param(
        "a: ? b\n",
        "1:4: text that begins with '?' is not in quotes; put the whole text in quotes",
        id="question mark first",
    ),
    pytest.param(
        'a: "\\d"\n',
        "1:5: a backslash in double quotes is followed by something that it does not go with; write two"
        " backslashes for one, or use single quotes",
        id="backslash",
    ),
    pytest.param(
        "a: 1\n, b: 2\n",
        "2:1: this cannot be read at ', b: 2'; look at the indentation, colons and quotes here and on the line above",
        id="anything else",
    ),
]


@pytest.mark.parametrize("loader", ["CBaseLoader", "BaseLoader"])
@pytest.mark.parametrize(("text", "expected"), MISTAKES)
def test_a_mistake_is_said_in_an_authors_words(
    text: str, expected: str, loader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "_LOADER", getattr(yaml, loader))
    assert "\n".join(str(problem).removeprefix("f:") for problem in read(text.encode(), "f")[1]) == expected
