"""The error catalogue: for every problem that the loader can report, a broken rule file and the exact message.

`tests/bad/<code>[-variant].yaml` holds one mistake, `<same name>.txt` what is printed about it and
`<same name>.ko.txt` what is printed in Korean. Files that no repository should hold (bytes that are no text, a
megabyte, ten thousand levels) are made here.
"""

from __future__ import annotations

import ast
import re
import time
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from policies.load import load_policy

ROOT = Path(__file__).parent.parent
PAIRS = sorted((Path(__file__).parent / "bad").glob("*.yaml"))
VALID = (Path(__file__).parent / "valid.yaml").read_text("utf-8")

HANGUL = re.compile("[가-힣]")
_FIGURE = re.compile(r"(?<!\w)'[^']*'|(?<!\\)\"[^\"]*\"|[0-9][0-9_]*")
_PLACEHOLDER = re.compile(r"\{(\w+)[^{}]*\}")
# A particle that depends on the sound before it, behind a figure or a quoted word.
_PARTICLE_AFTER_FIGURE = re.compile("(?:\\}|')(?:은|는|이|가|을|를|과|와|으로|로)(?![가-힣])")
SOURCES = [path for folder in ("policies", "engine", "service") for path in sorted((ROOT / folder).rglob("*.py"))]

# What a library or Python would say, and no author should read.
FOREIGN = ("Field may not be", "Missing data", "Invalid", "Unknown field", "NoneType", "None", "True", "False", "Error")

HOSTILE = {
    "nul": (
        VALID.replace("about: Most", "about: \0Most").encode(),
        "19:12: a NUL character stands here; remove it; is this a text file?",
        "여기에 NUL 문자가 있습니다. 지우십시오. 텍스트 파일이 맞습니까?",
    ),
    "wrong-encoding": (
        b"\xff\xfe" + VALID.encode("utf-16-le"),
        "1:1: the file is saved as UTF-16 or UTF-32; save it as UTF-8",
        "파일이 UTF-16 또는 UTF-32로 저장되어 있습니다. UTF-8로 저장하십시오.",
    ),
    "wrong-encoding-korean": (
        VALID.encode("cp949"),
        "3:13: the byte 0xC6 is not UTF-8; it seems to be saved as EUC-KR (CP949); save it as UTF-8",
        "UTF-8이 아닌 바이트가 있습니다: 0xC6. EUC-KR(CP949)로 저장된 듯합니다. UTF-8로 저장하십시오.",
    ),
    "wrong-encoding-binary": (
        bytes(range(128, 256)) * 100,
        "1:1: the byte 0x80 is not UTF-8; save the file as UTF-8",
        "UTF-8이 아닌 바이트가 있습니다: 0x80. 파일을 UTF-8로 저장하십시오.",
    ),
    "too-large": (
        b"# " + b"x" * 10_000_000,
        "1:1: the file has 10_000_002 bytes; at most 8_000_000 are read; check that this is a rule file",
        "파일이 10_000_002바이트입니다. 최대 8_000_000바이트까지 읽습니다. 규칙 파일이 맞는지 확인하십시오.",
    ),
    "too-deep": (
        "\n".join(" " * level + "a:" for level in range(40)).encode(),
        "21:21: more than 20 lists and maps stand in one another; take some of them out",
        "목록과 맵이 20겹 넘게 겹쳐 있습니다. 겹친 것을 줄이십시오.",
    ),
    "too-deep-brackets": (
        b"[" * 10_000,
        "1:21: more than 20 lists and maps stand in one another; take some of them out",
        "목록과 맵이 20겹 넘게 겹쳐 있습니다. 겹친 것을 줄이십시오.",
    ),
    "too-many-values": (
        b"[" + b"a," * 1_000_000 + b"]",
        "1:1: more than 500_000 values and names stand in the file; check that this is a rule file",
        "파일에 값과 이름이 500_000개 넘게 있습니다. 규칙 파일이 맞는지 확인하십시오.",
    ),
    "too-many-problems": (
        b"- no\n" * 20_000,
        "101:3: the file has more problems than the 100 above; correct those first",
        "이 파일에는 위의 100개 말고도 문제가 더 있습니다. 위의 것부터 고치십시오.",
    ),
    "too-many-problems-fields": (
        VALID.replace("rules:\n", "rules:\n" + "".join(f"  - rule {each}\n" for each in range(200))).encode(),
        "127:5: the file has more problems than the 100 above; correct those first",
        "이 파일에는 위의 100개 말고도 문제가 더 있습니다. 위의 것부터 고치십시오.",
    ),
    "tab": (
        VALID.replace("  - id: order", "\t- id: order").encode(),
        "48:1: a tab stands here; use spaces; most editors can write them for the Tab key",
        "여기에 탭이 있습니다. 공백을 쓰십시오. 편집기 대부분은 Tab 키에 공백을 넣도록 설정할 수 있습니다.",
    ),
    "control-character": (
        VALID.replace("월 환급", "월\x07환급").encode(),
        "40:20: the control character U+0007 stands here; remove it",
        "여기에 제어 문자가 있습니다: U+0007. 지우십시오.",
    ),
    "invisible-character": (
        VALID.replace("월 환급", "월\u200b환급").encode(),
        "40:20: the invisible character U+200B (ZERO WIDTH SPACE) stands here; remove it",
        "여기에 보이지 않는 문자가 있습니다: U+200B (ZERO WIDTH SPACE). 지우십시오.",
    ),
    "odd-space": (
        VALID.replace("월 환급", "월\u00a0환급").encode(),
        "40:20: U+00A0 (NO-BREAK SPACE) stands here and looks like a space; type an ordinary space",
        "여기에 공백처럼 보이는 다른 문자가 있습니다: U+00A0 (NO-BREAK SPACE). 보통 공백을 쓰십시오.",
    ),
    "stacked-marks": (
        VALID.replace("Most one", "Most e" + "\u0301" * 40).encode(),
        "19:12: more than 30 accents stand on one letter; remove them",
        "한 글자에 결합 부호가 30개 넘게 붙어 있습니다. 결합 부호를 지우십시오.",
    ),
}


def names(path: Path) -> str:
    return path.stem


def code_of(name: str) -> str:
    """The longest code that a file's name begins with."""
    return max((code for code in reported() if name == code or name.startswith(f"{code}-")), key=len, default=name)


@pytest.mark.parametrize("path", PAIRS, ids=names)
def test_a_broken_file_is_told_exactly_what_is_wrong(path: Path) -> None:
    policy, problems = load_policy(path.read_bytes(), path.name)

    assert path.with_suffix(".txt").read_text("utf-8") == "".join(f"{problem}\n" for problem in problems)
    assert policy is None


@pytest.mark.parametrize("path", PAIRS, ids=names)
def test_a_broken_file_is_told_exactly_what_is_wrong_in_korean(path: Path) -> None:
    _, problems = load_policy(path.read_bytes(), path.name)

    told = "".join(f"{problem.in_language('ko')}\n" for problem in problems)
    assert path.with_suffix(".ko.txt").read_text("utf-8") == told


@pytest.mark.parametrize("path", PAIRS, ids=names)
def test_a_problem_says_the_same_in_both_languages(path: Path) -> None:
    _, problems = load_policy(path.read_bytes(), path.name)

    for problem in problems:
        for words in (problem.message, problem.hint):
            assert words is not None
            assert HANGUL.search(words.ko)
            assert figures_of(words.en) == figures_of(words.ko)


def figures_of(words: str) -> Counter[str]:
    """What no language may lose: everything in quotes, and every number."""
    return Counter(_FIGURE.findall(words))


@pytest.mark.parametrize("path", PAIRS, ids=names)
def test_one_mistake_is_one_problem_of_the_code_in_its_name(path: Path) -> None:
    _, problems = load_policy(path.read_bytes(), path.name)

    if path.stem == "ten-mistakes":
        assert len(problems) == 10
    else:
        assert [code_of(path.stem)] == [problem.code for problem in problems]


@pytest.mark.parametrize("path", PAIRS, ids=names)
def test_a_message_is_in_an_authors_words(path: Path) -> None:
    _, problems = load_policy(path.read_bytes(), path.name)

    for problem in problems:
        assert problem.hint
        for language in ("ko", "en"):
            assert [word for word in FOREIGN if word in problem.in_language(language)] == []
        assert len(problem.message.en) <= 120
        assert len(problem.message.ko) <= 120
        assert "\n" not in str(problem)


@pytest.mark.parametrize(("data", "expected", "korean"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_gets_its_problem_quickly(data: bytes, expected: str, korean: str) -> None:
    began = time.monotonic()
    policy, problems = load_policy(data, "policy.yaml")

    assert policy is None
    assert str(problems[-1]) == f"policy.yaml:{expected}"
    assert problems[-1].in_language("ko") == f"policy.yaml:{expected.split(' ', 1)[0]} {korean}"
    assert figures_of(expected.split(": ", 1)[1]) == figures_of(korean)
    assert time.monotonic() - began < 5


def test_every_problem_has_its_pair() -> None:
    shown = {code_of(name) for name in (*map(names, PAIRS), *HOSTILE)}
    assert [f"{code}: {place}" for code, place in sorted(reported().items()) if code not in shown] == []


def test_every_pair_is_of_a_problem_that_can_be_reported() -> None:
    assert [path.stem for path in PAIRS if code_of(path.stem) not in reported()] == ["ten-mistakes"]
    texts = [path.name for path in (ROOT / "tests/bad").glob("*.txt")]
    assert sorted(texts) == sorted(f"{name}{end}" for name in map(names, PAIRS) for end in (".txt", ".ko.txt"))


def test_the_valid_file_behind_the_broken_ones_is_valid() -> None:
    assert load_policy(VALID.encode(), "valid.yaml")[1] == []


def test_problems_are_listed_in_the_order_of_the_file() -> None:
    _, problems = load_policy((ROOT / "tests/bad/ten-mistakes.yaml").read_bytes(), "ten-mistakes.yaml")
    places = [(problem.line, problem.column) for problem in problems]
    assert sorted(places) == places


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_words_in_two_languages_hold_the_same_figures(path: Path) -> None:
    for korean, english, place in _spoken(path):
        assert HANGUL.search(korean), place
        assert not HANGUL.search(re.sub("'[^']*'|{[^}]*}", "", english)), place
        assert figures_of(english) == figures_of(korean), place
        assert Counter(_PLACEHOLDER.findall(english)) == Counter(_PLACEHOLDER.findall(korean)), place
        assert not korean.endswith("."), place
        assert not _PARTICLE_AFTER_FIGURE.search(korean), place


def _spoken(path: Path) -> Iterator[tuple[str, str, str]]:
    """Everything that a module says in two languages, with the place where it says so."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "both":
            korean, english = (each.value if isinstance(each, ast.Constant) else None for each in node.args)
            place = f"{path.relative_to(ROOT)}:{node.lineno}"
            assert isinstance(korean, str), f"{place}: write the words here, and their figures as {{name}}"
            if isinstance(english, str):
                yield korean, english, place


@cache
def reported() -> dict[str, str]:
    """Every code that the packages of the loader can report, with the file of its first report."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "policies").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for code in _codes(node):
                found.setdefault(code, f"{path.relative_to(ROOT)}")
    return found


def _codes(node: ast.AST) -> Iterator[str]:
    """The codes that a call reports: the first argument of Trouble, refuse, Fault, Problem and the like."""
    if isinstance(node, ast.Call) and node.args:
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if called in ("Trouble", "refuse", "Fault", "Problem", "_report"):
            for constant in ast.walk(node.args[0]):
                if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                    yield constant.value
