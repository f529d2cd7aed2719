"""FAQ entries as they are written: a Markdown file a question, in both languages, below a little YAML.

    ---
    policy: kt-points
    topic: limits
    about: [monthly-limit]
    words: [한도 초과]
    ---
    # 한 달에 얼마까지 환급받을 수 있나요?

    {value:monthly_limit}까지입니다.

    # How much is refunded in a month?

    Up to {value:monthly_limit}.

The file's name is the entry's id. Without a `topic` it stands behind all that have one. A figure is never typed:
`{value:NAME}` is what a value of the policy comes to today, `{rule:ID.FIELD}` a field of a rule, `{rule:ID.FACT}` what
a rule compares a fact with, `{rule:ID}` its sentence, `{setting:NAME}` a setting of the service. At the end of a line a
value that is a table becomes a list. A mistake is a Problem, as in rule files: where, what, and how to mend it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from engine.compiled import BUILT_IN
from policies.characters import decode
from policies.kinds import KINDS
from policies.model import Policy, Rule, Span, Text, ValueRef
from policies.problems import Fault, Place, Problem, both, did_you_mean, shorten
from policies.sentences import Teller, figure_text
from policies.source import read
from policies.values import cell_on

FOLDER = "faq"
EVERY_POLICY = "all"
_NAMES = ("policy", "topic")
FIELDS = (*_NAMES, "about", "words")
TOPICS: Mapping[str, Text] = {
    "applying": Text("신청하기", "Asking for a refund"),
    "points": Text("내 포인트와 유효기간", "My points and how long they last"),
    "earning": Text("적립", "Earning points"),
    "limits": Text("금액과 한도", "Amounts and limits"),
    "payment": Text("받는 금액과 수수료", "What is paid, and what it costs"),
    "checks": Text("본인과 계좌 확인", "Checks of the person and the account"),
    "result": Text("결과와 이의 제기", "The result, and how to contest it"),
    "other": Text("그 밖의 질문", "Other questions"),
}
"""Under what entries stand, in that order."""
SETTINGS = ("answer_within_days",)
MOST_BYTES = 100_000
LONGEST_TITLE = 120
PLACEHOLDER = re.compile(r"\{(value|rule|setting):([a-z0-9_-]+)(?:\.([a-z_]+(?:\.[a-z_]+)?))?\}")
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LAST_VALUE = re.compile(r"^(.*)\{value:([a-z0-9_-]+)\}$", re.MULTILINE)

_FENCE = "---"
_BRACES = re.compile(r"\{[^}]*\}?|\}")
_HANGUL = re.compile("[가-힣]")
_BUILT_IN_IDS = tuple(rule.id for rule in BUILT_IN)
_SHAPE = both(
    "policy, about, words 줄을 '---' 줄 사이에 쓰고 그 아래에 한국어와 영어 질문을 쓰십시오",
    "write policy, about and words between two lines '---', and the question in Korean and in English below",
)
_FIGURES = both(
    "{value:NAME}, {rule:ID.FIELD}, {rule:ID} 형식으로 쓰십시오", "write {value:NAME}, {rule:ID.FIELD} or {rule:ID}"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One question with its answer, placeholders and all.

    `policy` is a policy's id or EVERY_POLICY, `topic` one of TOPICS; `about` are the rules that it explains, `words`
    what members call the matter, `figures` the placeholders of the text. The places are for problems.
    """

    id: str
    policy: str
    topic: str
    about: tuple[str, ...]
    words: tuple[str, ...]
    title: Text
    answer: Text
    file: str
    about_places: Mapping[str, Place]
    figures: tuple[tuple[str, Place], ...]


@dataclass(frozen=True, slots=True)
class _Section:
    """What stands below one heading, and the line of the heading."""

    title: str
    text: str
    line: int


def read_folder(folder: Path) -> tuple[list[Entry], list[Problem]]:
    """The entries of a folder by their ids, and the problems of its files. A folder that is not there has none."""
    entries, problems = [], []
    for file in sorted(folder.glob("*.md")):
        entry, found = read_entry(file.read_bytes(), str(file))
        problems += found
        if entry is not None:
            entries.append(entry)
    return entries, problems


def read_entry(data: bytes, file: str) -> tuple[Entry | None, list[Problem]]:
    """The entry in a file, and its problems; None exactly when there is one."""
    if len(data) > MOST_BYTES:
        message = both("파일이 {most:_}바이트보다 큽니다", "the file has more than {most:_} bytes", most=MOST_BYTES)
        hint = both("질문을 나누어 쓰십시오", "write it as several questions")
        return None, [Fault("faq-too-large", message, hint).at(file, Place(1, 1))]
    text = decode(data)
    if not isinstance(text, str):
        place, fault = text
        return None, [fault.at(file, place)]
    lines = text.split("\n")
    end = lines.index(_FENCE, 1) if lines[0] == _FENCE and _FENCE in lines[1:] else 0
    if not end:
        message = both("파일이 '---' 줄로 시작하지 않습니다", "the file has no head between two lines '---'")
        return None, [Fault("faq-no-head", message, _SHAPE).at(file, Place(1, 1))]
    head, places, problems = _read_head("\n".join(["", *lines[1:end]]), file)
    sections, of_text = _read_sections(lines, end + 1, file)
    figures, of_figures = _read_figures(lines, end + 1, file)
    problems = sorted([*problems, *of_text, *of_figures, *_check_name(file)])
    if problems:
        return None, problems
    ko, en = sections
    title, answer = Text(ko.title, en.title), Text(ko.text, en.text)
    entry = Entry(Path(file).stem, **head, title=title, answer=answer, file=file, about_places=places, figures=figures)
    return entry, []


def _read_head(text: str, file: str) -> tuple[dict[str, Any], dict[str, Place], list[Problem]]:
    document, problems = read(text.encode(), file)
    found: dict[str, Any] = {"policy": EVERY_POLICY, "topic": "other", "about": (), "words": ()}
    if document is None or problems:
        return found, {}, problems
    data = document.data
    if not isinstance(data, dict):
        message = both("머리말은 'name: value' 줄이어야 합니다", "the head is not lines of 'name: value'")
        return found, {}, [Fault("faq-head", message, _SHAPE).at(file, document.places[()])]
    for name, value in data.items():
        place = document.key_places[(name,)]
        if name not in FIELDS:
            message = both("알 수 없는 항목입니다: '{name}'", "unknown field '{name}'", name=shorten(str(name)))
            known = both("쓸 수 있는 항목: {fields}", "known here are {fields}", fields=", ".join(FIELDS))
            problems.append(
                Fault("faq-unknown-field", message, did_you_mean(str(name), FIELDS) or known).at(file, place)
            )
        elif name == "policy" and not isinstance(value, str):
            message = both("policy 항목은 정책의 이름이어야 합니다", "policy is not the name of a policy")
            hint = both("policy: kt-points 또는 policy: all", "write policy: kt-points, or policy: all")
            problems.append(Fault("faq-policy", message, hint).at(file, place))
        elif name == "topic" and (not isinstance(value, str) or value not in TOPICS):
            message = both("없는 주제입니다: '{name}'", "there is no topic '{name}'", name=shorten(str(value)))
            known = both("쓸 수 있는 주제: {topics}", "known are {topics}", topics=", ".join(TOPICS))
            problems.append(Fault("faq-topic", message, did_you_mean(str(value), TOPICS) or known).at(file, place))
        elif name not in _NAMES and not _is_list_of_words(value):
            message = both("{name} 항목은 낱말의 목록이어야 합니다", "{name} is not a list of words", name=name)
            hint = both("{name}: [하나, 둘] 형식으로 쓰십시오", "write {name}: [one, two]", name=name)
            problems.append(Fault("faq-not-a-list", message, hint).at(file, place))
        else:
            found[name] = value if name in _NAMES else tuple(map(str, value))
    if "policy" not in data:
        message = both("policy 항목이 없습니다", "policy is missing")
        hint = both("policy: kt-points 또는 policy: all", "write policy: kt-points, or policy: all")
        problems.append(Fault("faq-policy", message, hint).at(file, document.places[()]))
    return found, {rule: document.places[("about", at)] for at, rule in enumerate(found["about"])}, problems


def _is_list_of_words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str | int) and str(each).strip() for each in value)


def _read_sections(lines: Sequence[str], start: int, file: str) -> tuple[list[_Section], list[Problem]]:
    """The Korean and the English part of a text, or what is wrong with it."""
    starts = [at for at in range(start, len(lines)) if lines[at].startswith("# ")]
    sections = [
        _Section(lines[at][2:].strip(), "\n".join(lines[at + 1 : end]).strip(), at + 1)
        for at, end in zip(starts, [*starts[1:], len(lines)], strict=True)
    ]
    if len(sections) != 2:
        message = both(
            "'# ' 제목이 {count}개 있습니다(2개 필요)", "there are {count} headings '# ', not 2", count=len(sections)
        )
        hint = both("한국어 질문, 영어 질문 순서로 쓰십시오", "write the question in Korean, then in English")
        line = sections[2].line if len(sections) > 2 else start + 1
        return [], [Fault("faq-headings", message, hint).at(file, Place(line, 1))]
    problems = []
    for section, korean in zip(sections, (True, False), strict=True):
        if bool(_HANGUL.search(section.title)) != korean:
            message = (
                both("첫 제목이 한국어가 아닙니다", "the first heading is not in Korean")
                if korean
                else both("둘째 제목이 영어가 아닙니다", "the second heading is not in English")
            )
            hint = both("한국어 질문, 영어 질문 순서로 쓰십시오", "write the question in Korean, then in English")
            problems.append(Fault("faq-language", message, hint).at(file, Place(section.line, 3)))
        if len(section.title) > LONGEST_TITLE:
            message = both(
                "제목이 {most}자보다 깁니다", "the heading has more than {most} characters", most=LONGEST_TITLE
            )
            hint = both("질문을 짧게 쓰십시오", "ask it in fewer words")
            problems.append(Fault("faq-title", message, hint).at(file, Place(section.line, 3)))
        if not section.text:
            message = both("제목 아래에 답이 없습니다", "no answer stands below the heading")
            hint = both("답을 쓰십시오", "write the answer")
            problems.append(Fault("faq-no-answer", message, hint).at(file, Place(section.line, 1)))
    return sections, problems


def _read_figures(lines: Sequence[str], start: int, file: str) -> tuple[tuple[tuple[str, Place], ...], list[Problem]]:
    """The placeholders of a text, and what stands in braces and is none."""
    figures, problems = [], []
    for number, line in enumerate(lines[start:], start + 1):
        for match in _BRACES.finditer(line):
            place = Place(number, match.start() + 1)
            if PLACEHOLDER.fullmatch(match[0]):
                figures.append((match[0], place))
                continue
            message = both("'{word}' 자리는 수치가 아닙니다", "'{word}' is no figure", word=shorten(match[0]))
            problems.append(Fault("faq-placeholder", message, _FIGURES).at(file, place))
    return tuple(figures), problems


def _check_name(file: str) -> Iterator[Problem]:
    if NAME.fullmatch(Path(file).stem) is None:
        message = both("파일 이름이 항목의 id가 될 수 없습니다", "the name of the file cannot be an id")
        hint = both("monthly-limit.md처럼 쓰십시오", "name it as monthly-limit.md")
        yield Fault("faq-name", message, hint).at(file, Place(1, 1))


def check_entry(entry: Entry, policies: Mapping[str, Policy], day: date) -> list[Problem]:
    """What an entry says of rules and figures that are not there; `policies` by their ids."""
    if entry.policy != EVERY_POLICY and entry.policy not in policies:
        message = both("없는 정책입니다: '{name}'", "there is no policy '{name}'", name=shorten(entry.policy))
        known = both(
            "policy: all 또는 있는 정책의 이름을 쓰십시오", "write policy: all, or the name of one that exists"
        )
        hint = did_you_mean(entry.policy, policies) or known
        return [Fault("faq-unknown-policy", message, hint).at(entry.file, Place(2, 1))]
    policy = policies.get(entry.policy)
    ids = [*_BUILT_IN_IDS, *(rule.id for rule in policy.rules)] if policy else list(_BUILT_IN_IDS)
    problems = []
    for rule in entry.about:
        if rule not in ids:
            message = both("없는 규칙입니다: '{name}'", "there is no rule '{name}'", name=shorten(rule))
            hint = did_you_mean(rule, ids) or both("규칙 파일에 있는 id를 쓰십시오", "write an id of the rule file")
            problems.append(Fault("faq-unknown-rule", message, hint).at(entry.file, entry.about_places[rule]))
    for word, place in entry.figures:
        if _figure(policy, _match(word), "en", day, dict.fromkeys(SETTINGS, 0)) is None:
            message = both("정책에 없는 수치입니다: '{word}'", "the policy has no '{word}'", word=word)
            hint = both(
                "값의 이름, 규칙의 id와 항목을 확인하십시오", "look up the name of the value, or the rule and its field"
            )
            problems.append(Fault("faq-unknown-figure", message, hint).at(entry.file, place))
    return sorted(problems)


def filled(text: str, policy: Policy | None, language: str, day: date, settings: Mapping[str, int]) -> str:
    """The text with the figures of a day. What the policy's text in force does not know points to the terms."""
    beyond = "(약관 참조)" if language == "ko" else "(see the terms)"
    if policy is not None:
        say = Teller(policy, language, day)
        text = _LAST_VALUE.sub(lambda match: _as_list(match, say) or match[0], text)
    return PLACEHOLDER.sub(lambda match: _figure(policy, match, language, day, settings) or beyond, text)


def _as_list(match: re.Match[str], say: Teller) -> str:
    """A line that ends with a value, with the value's table as a list below it; "" where the value is one figure."""
    before, name = match.groups()
    value = say.policy.values.get(name)
    lines = [] if value is None else say.lines(cell_on(value, say.day_of(name)), value.unit)
    indent = "  " if before.startswith("- ") else ""
    return "\n".join([before.rstrip(), *(f"{indent}{line}" for line in lines)]) if lines else ""


def _match(word: str) -> re.Match[str]:
    found = PLACEHOLDER.fullmatch(word)
    assert found is not None, word
    return found


def _figure(
    policy: Policy | None, match: re.Match[str], language: str, day: date, settings: Mapping[str, int]
) -> str | None:
    """What a placeholder stands for, or None."""
    what, name, path = match.groups()
    if what == "setting":
        return figure_text(settings[name], language) if name in settings and path is None else None
    if policy is None:
        return None
    say = Teller(policy, language, day)
    if what == "value":
        value = policy.values.get(name) if path is None else None
        return None if value is None else say.cell(cell_on(value, say.day_of(name)), value.unit)
    rule = next((each for each in policy.rules if each.id == name), None)
    if rule is None or path is None:
        return None if rule is None else KINDS[rule.kind].sentence(rule, say)
    return _said(_at(rule, path), say)


def _at(rule: Rule, path: str) -> object:
    """A field of a rule or of a part of it, or the first figure that the rule compares a fact with."""
    found: object = rule
    for name in path.split("."):
        known = is_dataclass(found) and name in {each.name for each in fields(found)}
        found = getattr(found, name) if known else None
    clauses = (clause for condition in rule.conditions() for clause in condition.comparisons())
    compared = (each.right for each in clauses if each.path == path and each.right not in (None, ""))
    return next(compared, None) if found is None else found


def _said(found: object, say: Teller) -> str | None:
    if isinstance(found, ValueRef):
        value = say.policy.values[found.name]
        return say.cell(cell_on(value, say.day_of(found.name)), value.unit)
    if isinstance(found, bool):
        return None
    if isinstance(found, int | Fraction | Span | date):
        return figure_text(found, say.language)
    if isinstance(found, tuple) and found and all(isinstance(each, Span) for each in found):
        return ", ".join(figure_text(each, say.language) for each in found)
    return None
