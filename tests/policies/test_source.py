"""A file is read as what a person sees in it, with the place of everything; or one line says why not."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import date
from pathlib import Path as FilePath
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from policies import source
from policies.characters import forbidden
from policies.problems import Problem
from policies.scalars import read_plain
from policies.source import Document, Path, Place, read


def problems_of(text: str | bytes) -> list[str]:
    """The problems of a file, as printed, without the name of the file."""
    data = text if isinstance(text, bytes) else text.encode()
    return [str(problem).removeprefix("f:") for problem in read(data, "f")[1]]


def codes_of(text: str | bytes) -> list[str]:
    data = text if isinstance(text, bytes) else text.encode()
    return [problem.code for problem in read(data, "f")[1]]


def document_of(text: str | bytes) -> Document:
    document, problems = read(text if isinstance(text, bytes) else text.encode(), "f")
    assert problems == []
    assert document is not None
    return document


# What a word means.


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("0", 0),
        ("7", 7),
        ("-7", -7),
        ("50_000", 50_000),
        ("1_000_000_000_000", 10**12),
        ("-1000000000000", -(10**12)),
        ("true", True),
        ("false", False),
        ("2025-01-01", date(2025, 1, 1)),
        ("2024-02-29", date(2024, 2, 29)),
        ("none", "none"),
        ("3%", "3%"),
        ("3.3%", "3.3%"),
        ("12 months", "12 months"),
        ("$monthly_limit", "$monthly_limit"),
        ("lot.source", "lot.source"),
        ("LOYAL-", "LOYAL-"),
        ("https://example.com/terms", "https://example.com/terms"),
        ("18.2.1", "18.2.1"),
        ("1,000", "1,000"),
        ("2025-1-1", "2025-1-1"),
        ("2025.01.01", "2025.01.01"),
        ("２０", "２０"),
        ("nope", "nope"),
        ("-", "-"),
        ("0x", "0x"),
        ("_1", "_1"),
        ("1e", "1e"),
        ("e3", "e3"),
        (".", "."),
        ("=", "="),
        ("Asia/Seoul", "Asia/Seoul"),
        ("한도를 넘었습니다", "한도를 넘었습니다"),
        ("2025-01-01 10:00 이후", "2025-01-01 10:00 이후"),
    ],
)
def test_a_plain_word_is_what_it_looks_like(word: str, expected: object) -> None:
    meaning = read_plain(word)
    assert (type(meaning), meaning) == (type(expected), expected)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("yes Yes YES no No NO on On ON off OFF y Y n N oN yEs True TRUE False FALSE tRue", "boolean-word"),
        ("+5 007 00 -0 5_ 5__0 0_1 0x1F 0XFF 0o17 017 0b101 -0x1 08", "odd-number"),
        ("1.5 -1.5 .5 5. 1_000.5 1e3 1E3 1e+3 1.5e-3 .inf -.INF .nan 0.0 16.4", "decimal-number"),
        ("12:30 1:30:00 190:20:30.15 -1:00 12:75 00:00", "time-of-day"),
        ("2025-02-30 2025-13-01 2025-00-10 0000-01-01 2023-02-29", "impossible-date"),
        ("2025-01-01T10:00:00 2025-1-1t1:00:00.5Z 2025-01-01T10:00 2025-01-01T10:00:00+09:00", "timestamp"),
        ("1000000000001 -1_000_000_000_001 99999999999999999999 " + "9" * 900, "number-too-large"),
        ("~ null Null NULL", "empty-value"),
    ],
)
def test_a_plain_word_that_readers_disagree_about_is_refused(words: str, expected: str) -> None:
    for word in words.split():
        assert codes_of(f"- {word}\n") == [expected], word
        assert codes_of(f"{{a: {word}}}\n") == [expected], word
        assert codes_of(f"{word}: 1\n") == [expected], word
        assert document_of(f"- '{word}'\n").data == [word]
        assert document_of(f'"{word}": 1\n').data == {word: 1}


# What is refused.

UTF_16 = "1:1: the file is saved as UTF-16 or UTF-32; save it as UTF-8"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param("a: 가\n".encode("utf-16"), UTF_16, id="UTF-16"),
        pytest.param(
            "a: 가\n".encode("utf-16-be"),
            "1:1: the file is saved as UTF-16 or UTF-32; save it as UTF-8",
            id="UTF-16, no mark",
        ),
        pytest.param("a: 가\n".encode("utf-32"), UTF_16, id="UTF-32"),
        pytest.param(
            "a: 1\nb: 환급\n".encode("cp949"),
            "2:5: the byte 0xB1 is not UTF-8; it seems to be saved as EUC-KR (CP949); save it as UTF-8",
            id="EUC-KR",
        ),
        pytest.param(
            "가: é\n".encode()[:-2] + b"\n", "1:4: the byte 0xC3 is not UTF-8; save the file as UTF-8", id="cut off"
        ),
        pytest.param(b"\xff\n", "1:1: the byte 0xFF is not UTF-8; save the file as UTF-8", id="no text"),
        pytest.param(b"\0", "1:1: a NUL character stands here; remove it; is this a text file?", id="NUL alone"),
        pytest.param(b"a: \xed\xa0\x80\n", "1:4: the byte 0xED is not UTF-8; save the file as UTF-8", id="surrogate"),
    ],
)
def test_bytes_that_are_no_utf_8_are_refused(data: bytes, expected: str) -> None:
    assert problems_of(data) == [expected]


def test_all_problems_of_words_are_listed_in_the_order_of_the_file() -> None:
    text = "a: no\nb: [1.5, 12:30, {c: 007}]\nyes: 2\na: 2025-02-30\nd:\n"
    expected = [
        "boolean-word",
        "decimal-number",
        "time-of-day",
        "odd-number",
        "boolean-word",
        "duplicate-key",
        "impossible-date",
        "empty-value",
    ]
    assert codes_of(text) == expected


def test_the_document_is_there_beside_problems_of_words() -> None:
    document, problems = read(b"a: no\nb: 1.5\na: 3\nc: 4\n", "f")
    assert document is not None
    assert document.data == {"a": "no", "b": "1.5", "c": 4}
    assert [document.places[("a",)], document.places[("b",)]] == [
        Place(problem.line, problem.column) for problem in problems[:2]
    ]


def test_times_stand_without_quotes_where_they_are_asked_for() -> None:
    document, problems = read(b"a: 2026-03-02T01:00:00Z\nb: 12:30\n", "f", times=True)
    assert document is not None
    assert document.data["a"] == "2026-03-02T01:00:00Z"
    assert [problem.code for problem in problems] == ["time-of-day"]


def test_a_hundred_problems_are_listed_and_the_rest_is_left() -> None:
    document, problems = read(b"- no\n" * 90_000, "f")
    assert document is None
    assert [problem.code for problem in problems] == ["boolean-word"] * 100 + ["too-many-problems"]
    assert str(problems[-1]) == "f:101:3: the file has more problems than the 100 above; correct those first"


# What is accepted.

EXAMPLE = """\
format: 1
title: {ko: "포인트 환급", en: Point refund}
starts: 2025-01-01  # a comment
rules:
  - id: monthly-limit
    when:
      lot.source: [a, "b"]
      any:
      - {x: 1}
    since:
      2025-01-01: 50_000
      true: 3%
      7: 'it''s'
about: |
  One line: and #another
   with a space
last: >-
  folded
  text
"""


def test_an_example_is_read_whole() -> None:
    expected = {
        "format": 1,
        "title": {"ko": "포인트 환급", "en": "Point refund"},
        "starts": date(2025, 1, 1),
        "rules": [
            {
                "id": "monthly-limit",
                "when": {"lot.source": ["a", "b"], "any": [{"x": 1}]},
                "since": {date(2025, 1, 1): 50_000, True: "3%", 7: "it's"},
            }
        ],
        "about": "One line: and #another\n with a space\n",
        "last": "folded text",
    }
    assert document_of(EXAMPLE).data == expected


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        ((), None, (1, 1)),
        (("format",), (1, 1), (1, 9)),
        (("title",), (2, 1), (2, 8)),
        (("title", "ko"), (2, 9), (2, 13)),
        (("title", "en"), (2, 23), (2, 27)),
        (("starts",), (3, 1), (3, 9)),
        (("rules",), (4, 1), (5, 3)),
        (("rules", 0), None, (5, 5)),
        (("rules", 0, "id"), (5, 5), (5, 9)),
        (("rules", 0, "when"), (6, 5), (7, 7)),
        (("rules", 0, "when", "lot.source"), (7, 7), (7, 19)),
        (("rules", 0, "when", "lot.source", 1), None, (7, 23)),
        (("rules", 0, "when", "any"), (8, 7), (9, 7)),
        (("rules", 0, "when", "any", 0), None, (9, 9)),
        (("rules", 0, "when", "any", 0, "x"), (9, 10), (9, 13)),
        (("rules", 0, "since", date(2025, 1, 1)), (11, 7), (11, 19)),
        (("rules", 0, "since", True), (12, 7), (12, 13)),
        (("rules", 0, "since", 7), (13, 7), (13, 10)),
        (("about",), (14, 1), (14, 8)),
        (("last",), (17, 1), (17, 7)),
    ],
)
def test_every_key_and_value_has_its_place(path: Path, key: tuple[int, int] | None, value: tuple[int, int]) -> None:
    document = document_of(EXAMPLE)
    assert document.places[path] == Place(*value)
    assert document.key_places.get(path) == (None if key is None else Place(*key))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"\xef\xbb\xbfa: 1\n", {"a": 1}, id="byte order mark"),
        pytest.param(b"a: 1\r\nb: |\r\n  c\r\n  d\r\n", {"a": 1, "b": "c\nd\n"}, id="Windows line ends"),
        pytest.param(b"a: 1", {"a": 1}, id="no newline at the end"),
        pytest.param(b"---\na: 1\n...\n", {"a": 1}, id="one marked document"),
        pytest.param(b"a: ''\nb: \"\"\n", {"a": "", "b": ""}, id="empty text"),
        pytest.param(b"a: []\nb: {}\n", {"a": [], "b": {}}, id="empty list and map"),
        pytest.param(b"1: a\n'1': b\n", {1: "a", "1": "b"}, id="number and text as keys"),
        pytest.param(b"a: x  # b\nc: 1 #d\ne: f ## g\n", {"a": "x", "c": 1, "e": "f"}, id="comments"),
        pytest.param(b"a: '#5'\nb: c#5\n", {"a": "#5", "b": "c#5"}, id="hash signs in text"),
        pytest.param(b"a: '<<'\n'<<': 1\n", {"a": "<<", "<<": 1}, id="two less-than signs as text"),
        pytest.param(b"- a\n- 1\n", ["a", 1], id="a list"),
        pytest.param(b"a: b\n  c\n", {"a": "b c"}, id="text over two lines"),
        pytest.param(b'a: "b\\u0020c\\n"\n', {"a": "b c\n"}, id="escapes"),
        pytest.param("a: 😀 é\n".encode(), {"a": "😀 é"}, id="beyond the basic plane"),
    ],
)
def test_what_is_plain_to_a_person_is_accepted(data: bytes, expected: object) -> None:
    assert document_of(data).data == expected


def test_two_ways_to_store_a_syllable_are_one_name() -> None:
    apart = unicodedata.normalize("NFD", "등급")
    assert document_of(f"{apart}: {apart}\n").data == {"등급": "등급"}
    assert codes_of(f"{apart}: 1\n등급: 2\n") == ["duplicate-key"]


def test_windows_line_ends_do_not_move_places() -> None:
    assert document_of(EXAMPLE).places == document_of(EXAMPLE.replace("\n", "\r\n")).places


# Hostile files: one clear problem, and no more of the file is read than the bounds allow.


DEEP = "more than 20 lists and maps stand in one another; take some of them out"
MANY = "more than 500_000 values and names stand in the file; check that this is a rule file"
ALIGN = "start the line in the same column as the entries that it belongs to"


def bomb(levels: int = 30) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


HOSTILE = {
    "ten megabytes": (
        "a: b\n" * 2_000_000,
        "1:1: the file has 10_000_000 bytes; at most 8_000_000 are read; check that this is a rule file",
    ),
    "ten thousand lists": ("[" * 10_000, f"1:21: {DEEP}"),
    "ten thousand maps": ("{a: " * 10_000, f"1:81: {DEEP}"),
    "ten thousand dashes": ("- " * 10_000, f"1:41: {DEEP}"),
    "ten thousand questions": ("? " * 10_000, f"1:41: {DEEP}"),
    "a thousand indentations": ("".join(" " * n + "a:\n" for n in range(1_000)), f"21:21: {DEEP}"),
    "half a million items": ("[" + "1," * 500_001 + "]", f"1:1: {MANY}"),
    "half a million fields": ("".join(f"a{n}: 1\n" for n in range(500_000)), f"1:1: {MANY}"),
    "alias bomb": (
        bomb(),
        (
            "1:5: '&a0' is read as a reference within the file;"
            " write the value itself in each place, or put the text in quotes"
        ),
    ),
    "a megabyte of text in an open quote": (
        '"' + "x" * 999_000,
        "1:1: the quote that opens here is not closed; close it at the end of the text",
    ),
    "a megabyte of quotes": (
        "'" * 999_999,
        "1:1: the quote that opens here is not closed; close it at the end of the text",
    ),
    "accents": ("a: e" + "\u0301\u0327" * 200_000, "1:4: more than 30 accents stand on one letter; remove them"),
    "accents as escapes": (
        'a: "' + "\\u0301\\u0327" * 80_000 + '"',
        "1:4: more than 30 accents stand on one letter; remove them",
    ),
    "dashes in the line above a mistake": (
        "a: |\n  " + "- " * 400_000 + "\n b: 1\n",
        f"3:2: this line begins in column 2, but the entries above it in column 1 or 800003; {ALIGN}",
    ),
    "spaces before a mistake": (
        "a: b" + " " * 900_000 + "\n   c: 1\n",
        f"2:4: this field is indented further than the line above allows; {ALIGN}",
    ),
    "a long number": (
        "a: " + "9" * 900_000,
        f"1:4: the number {'9' * 37}... is too large; the largest is 1_000_000_000_000; put it in quotes if it is text",
    ),
    "a command for Python": (
        "a: !!python/object/apply:os.system [echo]\n",
        "1:4: '!!python/object/apply:os.system' is read as a tag; remove it, or put the text in quotes",
    ),
}


@pytest.mark.parametrize(("text", "expected"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_gets_one_clear_problem(text: str, expected: str) -> None:
    assert problems_of(text) == [expected]


@pytest.mark.parametrize(
    ("text", "most"),
    [
        pytest.param("[" * 900_000, 25, id="depth"),
        pytest.param("- " * 450_000, 25, id="depth in block style"),
        pytest.param("[" + "1," * 400_000, 100_010, id="list"),
        pytest.param("[" + "1," * 400_000 + "]", 0, id="list that ends"),
        pytest.param("- 1\n" * 400_000, 0, id="list in block style"),
        pytest.param("a: " * 1 + "&a " * 300_000, 10, id="anchors"),
        pytest.param("- no\n" * 90_000, 110, id="problems"),
        pytest.param("---\na\n" * 150_000, 10, id="documents"),
    ],
)
def test_reading_stops_at_the_bound(text: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = 0
    parse = yaml.parse

    def counted(*arguments: Any, **options: Any) -> Iterator[yaml.Event]:
        nonlocal taken
        for event in parse(*arguments, **options):
            taken += 1
            yield event

    monkeypatch.setattr(yaml, "parse", counted)
    assert read(text.encode(), "f", max_nodes=100_000)[0] is None
    assert taken <= most


def test_one_huge_text_is_read_when_the_bound_allows_it() -> None:
    text = "가" * 2_000_000
    document, problems = read(f"a: {text}\n".encode(), "f", max_bytes=10_000_000)
    assert problems == []
    assert document is not None
    assert document.data == {"a": text}


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        pytest.param("a: 12\n", {"max_bytes": 6}, id="bytes"),
        pytest.param("a: [[1]]\n", {"max_depth": 3}, id="depth"),
        pytest.param("a: [1, 2]\n", {"max_nodes": 5}, id="nodes"),
    ],
)
def test_what_is_equal_to_a_bound_passes(text: str, bounds: dict[str, Any]) -> None:
    tighter = {name: bound - 1 for name, bound in bounds.items()}
    assert read(text.encode(), "f", **bounds)[1] == []
    assert len(read(text.encode(), "f", **tighter)[1]) == 1


@pytest.mark.parametrize(
    "text",
    [
        "[" + "1, " * 998 + "1]",
        "- 1\n" * 999,
        "".join(f"a{n}: 1\n" for n in range(500)),
        "".join(f"- {{a: 1, b: [{n}]}}\n" for n in range(166)),
        "".join(f"- - - {n}\n" for n in range(333)),
        "".join(f"a{n}:\n" for n in range(90)),
        "".join(f"? a{n}\n" for n in range(90)),
        "[" + ", ".join(f"a{n}: 1" for n in range(333)) + "]",
    ],
)
def test_a_count_never_refuses_what_the_walk_would_read(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def nodes(most: int) -> bool:
        return [problem.code for problem in read(text.encode(), "f", max_nodes=most)[1]][-1:] != ["too-many-values"]

    counted = [nodes(most) for most in range(0, 1_100, 27)]
    monkeypatch.setattr(source, "_surely_has_more", lambda text, most: False)
    assert counted == [nodes(most) for most in range(0, 1_100, 27)]
    assert counted == sorted(counted)
    assert {*counted} == {False, True}


# Laws.


def assert_sound(data: bytes) -> None:
    """Whatever the bytes are, the answer is a document or a reason, and every problem can be shown."""
    document, problems = read(data, "f")
    assert document is not None or problems
    assert problems == sorted(problems)
    for problem in problems:
        assert_showable(problem, data)
    if document is not None:
        assert all(path in document.places for path in document.key_places)


def assert_showable(problem: Problem, data: bytes) -> None:
    lines = data.decode("utf-8", "replace").split("\n")
    # The end of a file whose last line has no newline may be the line after it.
    assert 1 <= problem.line <= len(lines) + 1
    assert problem.column >= 1
    assert "\n" not in str(problem)
    assert forbidden(str(problem)) is None
    assert problem.code
    assert problem.message.en
    assert problem.message.ko
    assert forbidden(problem.in_language("ko")) is None
    assert len(str(problem)) < 400


@given(st.binary(max_size=200))
def test_random_bytes_never_raise(data: bytes) -> None:
    assert_sound(data)


PIECES = st.sampled_from(
    [
        *"abc:-?[]{},&*!|>'\"%@`#\\ \n\t=~0.5",
        *(": ", "- ", "? ", "| ", ">-\n", "\n  ", "\n    ", "\n- ", "\n---\n", "\n...\n", " #", "a: ", "b: 1", "<<: "),
        *("no", "2025-01-01", "'x'", '"y"', "가", "e\u0301", "\u200b", '"\\u202e"', "\\x", "\\U00110000", "\\ud800"),
    ]
)


@pytest.mark.parametrize("loader", [yaml.BaseLoader, getattr(yaml, "CBaseLoader", yaml.BaseLoader)])
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES, max_size=25))
def test_random_yaml_never_raises(loader: object, pieces: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_LOADER", loader)
    assert_sound("".join(pieces).encode())


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_example_never_raises(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(EXAMPLE)))
    end = data.draw(st.integers(start, min(len(EXAMPLE), start + 8)))
    assert_sound((EXAMPLE[:start] + data.draw(PIECES) + EXAMPLE[end:]).encode())


def readable(text: str) -> bool:
    return forbidden(text) is None and read_plain(text) == text


TEXTS = (
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cn", "Co", "Mn"]), max_size=30)
    .map(lambda text: unicodedata.normalize("NFC", text))
    .filter(readable)
)
NUMBERS = st.integers(-(10**12), 10**12)
DAYS = st.dates(min_value=date(1000, 1, 1))
KEYS = TEXTS | DAYS | st.integers(2, 10**12) | st.booleans()
DATA = st.recursive(
    TEXTS | NUMBERS | DAYS | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


def paths_of(data: object, path: Path = ()) -> Iterator[Path]:
    yield path
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in entries:
        yield from paths_of(value, (*path, key))


@settings(deadline=None)
@given(DATA, st.sampled_from([True, False, None]))
def test_what_was_written_is_read_back_with_a_place_for_everything(data: Any, flow: bool | None) -> None:
    text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, default_flow_style=flow)
    assume("!!" not in text and "? " not in text)
    document = document_of(text)
    # `repr` tells True from 1 and keeps the order.
    assert repr(document.data) == repr(data) == repr(yaml.safe_load(text))
    assert list(document.places) == list(paths_of(data))
    assert list(document.places.values()) == sorted(document.places.values())
    assert all(document.key_places[path] < document.places[path] for path in document.key_places)


def test_only_source_reads_yaml() -> None:
    package = FilePath(source.__file__).parent
    readers = {file.name for file in package.rglob("*.py") if "import yaml" in file.read_text("utf-8")}
    assert readers == {"source.py", "layout.py"}
