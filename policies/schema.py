"""Plain data to the model: the top level of a rule file, its facts, its values and its rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from marshmallow import ValidationError, missing
from marshmallow.experimental.context import Context

from policies.conditions import read_literal
from policies.fields import Bilingual, Day, Field, Later, ListOf, Map, Sentence, Word, is_missing
from policies.json_shapes import Json, Shared, hinted, span, text
from policies.kinds import KINDS
from policies.model import Fact, Figure, Policy, Rule, Span, SpanUnit, Text, Value
from policies.problems import both, shorten
from policies.readers import (
    EMPTY,
    FACT_PATH,
    FIRST_DAY,
    KEBAB,
    LAST_DAY,
    SNAKE,
    TABLE_WORDS,
    TAKE_OUT,
    Reading,
    Trouble,
    check_length,
    check_word,
    listed,
    read_span,
    read_under,
    refuse,
    refuse_word,
    shown,
    suggest,
    use,
)
from policies.source import Document
from policies.troubles import WHOLE, Troubles
from policies.values import figures, read_value, value_paths
from policies.vocabulary import COMMON, EVENTS, IDENTITIES, OWN_SCOPES, TYPES, vocabulary


class _FormatField(Field):
    def read(self, raw: Any) -> int:
        if raw is True or raw != 1:
            message = both("알 수 없는 형식 번호입니다: {found}", "format {found} is not known", found=shown(raw))
            refuse("unknown-format", message, both("format: 1 줄을 쓰십시오", "write format: 1"))
        return 1

    def json_schema(self, shared: Shared) -> Json:
        return hinted({"const": 1}, "write format: 1")


_OTHER_CLOCKS = ("posix", "right", "posixrules", "localtime", "Factory")
"""Names in the machine's zone files that mean another thing on another machine, or count leap seconds."""


class _Timezone(Sentence):
    def read(self, raw: Any) -> str:
        name = super().read(raw)
        try:
            ZoneInfo(name)
            known = name.partition("/")[0] not in _OTHER_CLOCKS
        except (ZoneInfoNotFoundError, ValueError, OSError):
            known = False
        if not known:
            message = both("알 수 없는 시간대입니다: {name}", "unknown time zone {name}", name=shown(name))
            hint = both("Asia/Seoul처럼 쓰십시오", "write it like Asia/Seoul")
            refuse("unknown-timezone", message, suggest(name, sorted(available_timezones())) or hint)
        return name

    def json_schema(self, shared: Shared) -> Json:
        return {**super().json_schema(shared), "examples": ["Asia/Seoul"]}


class _Currency(Sentence):
    def read(self, raw: Any) -> str:
        code = super().read(raw)
        if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
            message = both("통화 코드가 아닙니다: {code}", "{code} is not a currency", code=shown(code))
            hint = both("KRW처럼 영문 대문자 세 자로 쓰십시오", "write three capitals, such as KRW")
            refuse("not-a-currency", message, hint)
        return code

    def json_schema(self, shared: Shared) -> Json:
        return {**text([r"\s*[A-Z]{3}\s*"], "write three capitals, such as KRW"), "examples": ["KRW"]}


class _Country(Sentence):
    def read(self, raw: Any) -> str:
        code = super().read(raw)
        if not (2 <= len(code) <= 4 and code.isascii() and code.isalpha() and code.isupper()):
            message = both("공휴일 달력이 아닙니다: {code}", "{code} is not a holiday calendar", code=shown(code))
            hint = both("KR처럼 나라의 두 글자 코드를 쓰십시오", "write the two letters of a country, such as KR")
            refuse("not-a-calendar", message, hint)
        return code

    def json_schema(self, shared: Shared) -> Json:
        return {**text([r"\s*[A-Z]{2,4}\s*"], "write the two letters of a country, such as KR"), "examples": ["KR"]}


class _Retention(Field):
    """How long records are kept."""

    def read(self, raw: Any) -> Span:
        return read_span(raw, _KEPT_IN)

    def json_schema(self, shared: Shared) -> Json:
        return {**text([span(_KEPT_IN)], f"write a length of time in {listed(_KEPT_IN).en}"), "examples": ["5 years"]}


_KEPT_IN: tuple[SpanUnit, ...] = ("days", "months", "years")


class _PolicyMap(Map):
    format = _FormatField(about=both("규칙 언어의 형식 번호: 1", "the version of the rule language: 1"))
    policy = Word(KEBAB, about=both("정책의 id", "the policy's id"))
    title = Bilingual(name=True, about=both("정책의 이름", "the policy's name"))
    starts = Day(about=both("정책이 시행되는 첫날", "the day from which the policy is in force"))
    currency = _Currency(about=both("지급액과 수수료의 통화", "the currency of payouts and fees"))
    timezone = _Timezone(about=both("하루의 시작과 끝을 정하는 시간대", "the zone in which days begin and end"))
    calendar = _Country(about=both("공휴일을 영업일에서 뺄 나라", "the country whose holidays are no business days"))
    holidays = ListOf(Day(), (), about="Further days that are no business days.")
    terms = Sentence(lines=True, about=both("약관을 볼 수 있는 곳", "where the terms can be read"))
    about = Sentence("", lines=True, about="A note of the author.")
    retention = _Retention(Span(5, "years"), about="How long the facts and words of what was decided are kept.")
    sources = Later(about=both("포인트가 적립되는 출처", "where points come from"))
    methods = Later(about=both("환급금을 지급하는 수단", "how a refund is paid out"))
    papers = Later(None, about="What a member may have to show.")
    events = Later(None, about="What may happen beside the common events.")
    facts = Later(None, about="What this programme knows beyond the common facts.")
    values = Later(None, about="Named figures with their history.")
    rules = Later(about=both("약관의 문장들", "the sentences of the terms"))


class _FactMap(Map):
    type = Later(
        about=both(
            "points, money, number, date, text, flag 또는 선택지의 목록",
            "points, money, number, date, text, flag, or a list of choices",
        )
    )
    ko = Sentence(about=both("한국어 문장에서 부르는 이름", "how Korean sentences call the fact"))
    en = Sentence(about=both("영어 문장에서 부르는 이름", "how English sentences call the fact"))
    default = Later(missing, about="What holds where a case does not give the fact.")


POLICY = _PolicyMap()
"""The fields of a rule file, in their order."""
FACT = _FactMap()
"""The fields of a declared fact, in their order."""


def read_policy(document: Document, troubles: Troubles) -> Policy | None:
    """The policy that a document holds, as far as its parts are sound. What is wrong is added to `troubles`.

    None when the top level itself is not sound.
    """
    data = document.data
    file = Reading({}, {}, {}, (), ())
    with Context(file):
        top = troubles.attempt((), "", lambda: POLICY.load(data))
        if not isinstance(data, dict):
            return None
        sources = _read_words(troubles, data, "sources")
        methods = _read_words(troubles, data, "methods")
        papers = _read_words(troubles, data, "papers")
        events = _read_words(troubles, data, "events")
        declared = _read_facts(troubles, data)
    facts = vocabulary(sources, methods, declared, events)
    starts = data.get("starts")
    file = replace(file, facts=facts, sources=tuple(sources), methods=tuple(methods), papers=tuple(papers))
    with Context(file):
        values = _read_values(troubles, data, starts if isinstance(starts, date) and starts >= FIRST_DAY else LAST_DAY)
    file = replace(
        file,
        units={name: value.unit if value else None for name, value in values.items()},
        value_paths={name: value_paths(value) for name, value in values.items() if value},
        figures={name: _figures(value) for name, value in values.items() if value},
    )
    rules = _read_rules(troubles, data, file)
    if top is None:
        return None
    return Policy(
        id=top["policy"],
        facts=facts,
        declared=tuple(fact.path for fact in declared),
        sources=sources,
        methods=methods,
        papers=papers,
        events=events,
        values={name: value for name, value in values.items() if value},
        rules=tuple(rules),
        **{name: top[name] for name in _TOP},
    )


def _figures(value: Value) -> tuple[Figure, ...]:
    return tuple(figure for _, cell in value.since for figure in figures(cell))


_TOP = ("title", "starts", "currency", "timezone", "calendar", "holidays", "terms", "about", "retention")


def _read_map(troubles: Troubles, data: Mapping[Any, Any], name: str) -> Mapping[Any, Any]:
    if name not in data:
        if name in ("sources", "methods"):
            troubles.broken.add((name, WHOLE))
        return {}
    raw = data[name]
    if isinstance(raw, dict) and raw:
        return raw
    if raw == {}:
        trouble = Trouble("empty", EMPTY, _SECTION_HINTS[name])
    else:
        message = both(
            "'{name}' 아래에는 맵이 와야 하는데, 다른 것이 있습니다: {found}",
            "'{name}' is {found}, not a map",
            name=name,
            found=shown(raw),
        )
        trouble = Trouble("not-a-map", message, _SECTION_HINTS[name])
    troubles.add((name,), "", trouble)
    troubles.broken.add((name, WHOLE))
    return {}


_SECTION_HINTS = {
    "sources": both(
        "한 줄에 출처 하나씩 쓰십시오. 예: promotion: {ko: 프로모션, en: promotion}",
        "write one line a source, such as promotion: {ko: 프로모션, en: promotion}",
    ),
    "methods": both(
        "한 줄에 수단 하나씩 쓰십시오. 예: cash: {ko: 현금, en: cash}",
        "write one line a method, such as cash: {ko: 현금, en: cash}",
    ),
    "papers": both(
        "한 줄에 서류 하나씩 id_card: {ko: 신분증, en: identity card}처럼 쓰거나, 항목을 빼십시오",
        "write one line a paper, such as id_card: {ko: 신분증, en: identity card}, or leave it out",
    ),
    "events": both(
        "한 줄에 이벤트 하나씩 book_returned: {ko: 도서 반납, en: returning a book}처럼 쓰거나, 항목을 빼십시오",
        "write one line an event, such as book_returned: {ko: 도서 반납, en: returning a book}, or leave it out",
    ),
    "facts": both(
        "한 줄에 팩트 하나씩 account.grade: {type: [VIP, GOLD], ko: 등급, en: grade}처럼 쓰거나, 항목을 빼십시오",
        "write one line a fact, such as account.grade: {type: [VIP, GOLD], ko: 등급, en: grade}, or leave it out",
    ),
    "values": both("값마다 이름 아래에 쓰거나, 항목을 빼십시오", "write each value below its name, or leave it out"),
}


def _read_words(troubles: Troubles, data: Mapping[Any, Any], name: str) -> dict[str, Text]:
    """The sources, methods, papers or events of the file with their names."""
    found: dict[str, Text] = {}
    bilingual = Bilingual(name=True)
    for word, raw in _read_map(troubles, data, name).items():

        def read(word: Any = word, raw: Any = raw) -> Text:
            check_word(word, SNAKE, "key")
            _refuse_table_word(word, "key")
            if name == "events" and word in EVENTS:
                message = both(
                    "'{word}' 이벤트는 선언하지 않아도 쓸 수 있습니다",
                    "'{word}' is known without being declared",
                    word=word,
                )
                refuse("event-taken", message, TAKE_OUT, "key")
            text: Text = bilingual.read(raw)
            return text

        text = troubles.attempt((name, word), shorten(str(word)), read)
        if text is None:
            troubles.broken.add((name, str(word)))
        else:
            found[word] = text
    return found


def _refuse_table_word(word: str, at: Literal["key", "value"] = "value") -> None:
    """Refuse a member of a choice that a table or a condition would read as something else."""
    if word in TABLE_WORDS or word.startswith("$") or FACT_PATH.fullmatch(word):
        message = both(
            "{word} 표기는 표와 조건에서 따로 뜻이 있습니다",
            "{word} has a meaning of its own in tables and conditions",
            word=shown(word),
        )
        refuse("word-taken", message, both("다른 낱말을 쓰십시오", "use another word"), at)


def _read_facts(troubles: Troubles, data: Mapping[Any, Any]) -> list[Fact]:
    found = []
    for path, raw in _read_map(troubles, data, "facts").items():
        fact = troubles.attempt(("facts", path), shorten(str(path)), partial(_read_fact, path, raw))
        if fact is None:
            troubles.broken.add(("facts", str(path)))
        else:
            found.append(fact)
    return found


def _read_fact(path: Any, raw: Any) -> Fact:
    scope, _, name = path.partition(".") if isinstance(path, str) else ("", "", "")
    if scope not in OWN_SCOPES or not SNAKE.fullmatch(name):
        message = both("팩트 이름의 표기가 맞지 않습니다: {path}", "{path} is not spelt like a fact", path=shown(path))
        refuse("not-a-fact-path", message, _FACT_HINT, "key")
    if path in {fact.path for fact in COMMON} or path in ("lot.source", "request.method", *IDENTITIES):
        message = both(
            "'{path}' 팩트는 선언하지 않아도 쓸 수 있습니다", "'{path}' is known without being declared", path=path
        )
        hint = both("빼거나 다른 이름을 쓰십시오", "take it out, or choose another name")
        refuse("fact-taken", message, hint, "key")
    check_length(path, "key")
    if not isinstance(raw, dict):
        message = both("팩트의 형식이 아닙니다: {found}", "{found} is not a fact", found=shown(raw))
        hint = both("{type: number, ko: ..., en: ...} 형식으로 쓰십시오", "write {type: number, ko: ..., en: ...}")
        refuse("not-a-map", message, hint)
    found = FACT.load(raw)
    kind, choices = read_under("type", partial(_read_type, found["type"]))
    fact = Fact(path, kind, found["ko"], found["en"], choices, required=True, none=kind == "date")
    if "default" not in found:
        return fact
    default = read_under("default", partial(read_literal, found["default"], fact))
    return replace(fact, default=default, required=False)


_FACT_HINT = both(
    "account., lot., request. 또는 event. 다음에 영문 소문자로 이어 쓰십시오. 예: account.grade",
    "begin it with account., lot., request. or event. and go on in small letters, such as account.grade",
)


class _Member(Sentence):
    """A member of a declared choice."""

    def read(self, raw: Any) -> str:
        word = super().read(raw)
        _refuse_table_word(word)
        return word


def _read_type(raw: Any) -> tuple[str, tuple[str, ...]]:
    if isinstance(raw, list):
        return "choice", ListOf(_Member(), what=both("선택지 목록", "a list of choices")).read(raw)
    if raw == "choice":
        message = both("선택지(choice)는 고를 수 있는 값을 나열해 선언합니다", "a choice is declared by its members")
        refuse("unknown-word", message, both("type: [VIP, GOLD] 형식으로 쓰십시오", "write type: [VIP, GOLD]"))
    if not isinstance(raw, str) or raw not in TYPES:
        hint = both(
            "쓸 수 있는 것: {types} 또는 [VIP, GOLD] 같은 목록",
            "use {types} or a list such as [VIP, GOLD]",
            types=", ".join(TYPES),
        )
        refuse_word(raw, both("형식", "type"), suggest(raw, TYPES) or hint)
    return raw, ()


def _read_values(troubles: Troubles, data: Mapping[Any, Any], starts: date) -> dict[str, Value | None]:
    found: dict[str, Value | None] = {}
    for name, raw in _read_map(troubles, data, "values").items():
        value = troubles.attempt(("values", name), shorten(str(name)), partial(read_value, name, raw, starts))
        found[str(name)] = value
        if value is None:
            troubles.broken.add(("values", str(name)))
    return found


def _read_rules(troubles: Troubles, data: Mapping[Any, Any], file: Reading) -> list[Rule]:
    if "rules" not in data:
        return []
    raw = data["rules"]
    if not isinstance(raw, list) or not raw:
        hint = both("규칙마다 '- ' 뒤에 쓰십시오", "write each after '- '")
        if raw == []:
            trouble = Trouble("empty", EMPTY, hint)
        else:
            message = both(
                "'rules' 아래에는 규칙의 목록이 와야 하는데, 다른 것이 있습니다: {found}",
                "'rules' is {found}, not a list of rules",
                found=shown(raw),
            )
            trouble = Trouble("not-a-list", message, hint)
        troubles.add(("rules",), "", trouble)
        troubles.broken.add(("rules", WHOLE))
        return []
    found = []
    for index, each in enumerate(raw):
        identity = each.get("id") if isinstance(each, dict) else None
        subject: str | Text = both("{place}번째 규칙", "rule {place}", place=index + 1)
        if isinstance(identity, str) and identity:
            subject = shorten(identity)
        path = ("rules", index)
        rule = troubles.attempt(path, subject, partial(_read_rule, each, file))
        if rule is None:
            troubles.broken.add(("rules", str(identity)))
        else:
            found.append(replace(rule, line=troubles.document.places[path].line, index=index))
    return found


def _read_rule(raw: Any, file: Reading) -> Rule:
    with Context(file):
        if not isinstance(raw, dict):
            message = both("규칙의 형식이 아닙니다: {found}", "{found} is not a rule", found=shown(raw))
            hint = both(
                "id, kind, terms 항목과 그 종류에 필요한 항목을 쓰십시오",
                "write id, kind, terms and what the kind needs",
            )
            refuse("not-a-map", message, hint)
        if "kind" not in raw:
            hint = both(
                "kind: 뒤에 다음 중 하나를 쓰십시오: {kinds}",
                "write kind: {kinds}",
                kinds=listed(list(KINDS), len(KINDS)),
            )
            refuse("missing-field", is_missing("kind"), hint)
        kind = raw["kind"]
        if not isinstance(kind, str) or kind not in KINDS:
            message = both("알 수 없는 규칙 종류입니다: {kind}", "unknown kind {kind}", kind=shown(kind))
            hint = suggest(kind, list(KINDS)) or use(list(KINDS), len(KINDS))
            raise ValidationError({"kind": [Trouble("unknown-kind", message, hint)]})
    schema = KINDS[kind].schema
    with Context(replace(file, scopes=schema.scopes)):
        fields = schema.load(raw)
    del fields["kind"]
    return KINDS[kind].make(**fields)
