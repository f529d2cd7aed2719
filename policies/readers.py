"""Reading one piece of plain data: what it becomes in the model, or a `Trouble` that says what is wrong with it.

What a reader must know of the rest of the file (facts, values) it finds in the `Reading` of the context. A trouble
does not know its place yet; `policies/troubles.py` gives it one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Any, Literal, NoReturn, TypeVar

from marshmallow import ValidationError
from marshmallow.experimental.context import Context

from policies.model import (
    DayOfMonth,
    DayOfYear,
    Fact,
    Figure,
    Span,
    SpanUnit,
    Text,
    TimeOfDay,
    Unit,
    ValueRef,
)
from policies.problems import both, did_you_mean, shorten

T = TypeVar("T")

KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
FACT_PATH = re.compile(r"(account|lot|request|event|day)\.\w+")
SPAN = re.compile(r"([0-9]{1,9}) (hour|day|business day|month|year)s?")
_WITH_COMMAS = re.compile(r"[1-9][0-9]{0,2}(,[0-9]{3}){1,3}")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
DAY_OF_YEAR = re.compile(r"([0-9]{2})-([0-9]{2})")
_PERCENT = re.compile(r"([0-9]{1,4})(?:\.([0-9]{1,6}))?\s?%")
PERCENT_STEPS = 10**6
"""A percentage of a file is a multiple of one part in so many of a percent."""

MOST = 10**12
"""The largest amount that a file or a case may name: a trillion points or units of currency."""

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)
"""The days that a file may name: what lies beyond is a slip, or a "never" that has a word of its own."""

LONGEST_SPANS: Mapping[SpanUnit, int] = {
    "hours": 87_600,
    "days": 36_500,
    "business days": 1_000,
    "months": 1_200,
    "years": 100,
}
TABLE_WORDS = ("by", "bands", "else")
LONGEST_WORD = 80
_LONGEST_LINE = 200
_LONGEST_TEXT = 2_000
_MOST_LISTED = 12

# A hostile file could ask for a hundred thousand suggestions; nobody reads more than these.
_MOST_SUGGESTIONS = 100


@dataclass(frozen=True, slots=True)
class Trouble:
    """A problem that does not know its place yet. `at` says whether it lies with a key or with what the key holds.

    `refers_to` is the name that the file may have meant to declare: when that declaration has a trouble of its own,
    this one only follows from it.
    """

    code: str
    message: Text
    hint: Text | None = None
    at: Literal["key", "value"] = "value"
    refers_to: str = ""


@dataclass(slots=True)
class Patience:
    """How many suggestions are still looked for in one file."""

    left: int = _MOST_SUGGESTIONS


@dataclass(frozen=True, slots=True)
class Reading:
    """What the fields of one file may refer to: the facts by path and the unit of each value by name.

    A unit of None belongs to a value that has troubles of its own.

    `value_paths` holds, for each value, the facts that its figure depends on, the one that dates it included, and
    `figures` all that it can come to. `scopes` are those that the rule sees which is being read.
    """

    facts: Mapping[str, Fact]
    units: Mapping[str, Unit | None]
    value_paths: Mapping[str, frozenset[str]]
    sources: Sequence[str]
    methods: Sequence[str]
    figures: Mapping[str, tuple[Figure, ...]] = field(default_factory=dict)
    scopes: Sequence[str] = ()
    patience: Patience = field(default_factory=Patience)
    papers: Sequence[str] = ()


def reading() -> Reading:
    """The file that is being read."""
    return Context[Reading].get()


def refuse(
    code: str, message: Text, hint: Text | None = None, at: Literal["key", "value"] = "value", refers_to: str = ""
) -> NoReturn:
    """Report one trouble where the field stands."""
    raise ValidationError([Trouble(code, message, hint, at, refers_to)])


def read_each(parts: Iterable[tuple[Hashable, Callable[[], T]]]) -> list[T]:
    """What the readers return, or the troubles of all of them, each under its key or index."""
    found: list[T] = []
    troubles: dict[Any, Any] = {}
    for key, read in parts:
        try:
            found.append(read())
        except ValidationError as error:
            troubles[key] = error.messages
    if troubles:
        raise ValidationError(troubles)
    return found


def read_under(key: Hashable, read: Callable[[], T]) -> T:
    """What one reader returns; its troubles lie under `key`."""
    return read_each([(key, read)])[0]


def read_key(read: Callable[[], T]) -> T:
    """What one reader of a key returns; its troubles lie with the key itself."""
    try:
        return read()
    except ValidationError as error:
        troubles: Any = error.messages
        raise ValidationError([replace(trouble, at="key") for trouble in troubles]) from None


def suggest(word: object, candidates: Iterable[str]) -> Text | None:
    """The `did you mean` for a word of the file, None when nothing is close or enough was suggested."""
    patience = reading().patience
    if not isinstance(word, str) or patience.left <= 0:
        return None
    patience.left -= 1
    return did_you_mean(word, candidates)


def shown(value: object) -> Text:
    """What the author wrote, short enough to be repeated in a message."""
    if isinstance(value, Mapping):
        return both("맵", "a map") if value else both("빈 맵", "an empty map")
    if isinstance(value, list):
        return both("목록", "a list") if value else both("빈 목록", "an empty list")
    if isinstance(value, str) and not value.strip():
        return both("빈 텍스트", "an empty text")
    word = f"'{_written(value)}'"
    return Text(word, word)


def _written(value: object) -> str:
    """A word of the file as it is written there, cut to a length that a message can hold."""
    return shorten(str(value).lower() if isinstance(value, bool) else str(value))


def in_quotes(value: object) -> Text:
    """The remedy for a number, a day or a flag where text belongs."""
    if isinstance(value, int | date):
        return both('따옴표로 묶으십시오: "{word}"', 'put it in quotes: "{word}"', word=_written(value))
    return both("텍스트 하나를 따옴표로 묶어 쓰십시오", "write one text, in quotes")


def example_list(*values: object) -> str:
    """The list that somebody meant who wrote these words, or one of them, where no list is read."""
    words = all(isinstance(each, int | date) or _is_word(each) for each in values)
    return f"[{', '.join(map(_written, values))}]" if words and 0 < len(values) <= _MOST_LISTED else "[a, b]"


def _is_word(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def listed(words: Sequence[str], most: int = _MOST_LISTED) -> Text:
    """Words in a sentence: a, b or c. Of more than `most`, only the first."""
    if len(words) > most:
        first, rest = ", ".join(words[:most]), len(words) - most
        return both("{first} 또는 그 밖의 {rest}개 중 하나", "{first} or one of {rest} more", first=first, rest=rest)
    some = [", ".join(words[:-1]), words[-1]] if len(words) > 1 else list(words)
    return Text(" 또는 ".join(some), " or ".join(some))


def use(words: Sequence[str], most: int = _MOST_LISTED) -> Text:
    """The remedy that names what can stand there: use a, b or c."""
    return both("쓸 수 있는 것: {words}", "use {words}", words=listed(words, most))


def one_of(word: object, words: Sequence[str], what: Text, code: str = "unknown-word") -> str:
    """`word` when it is one of `words`; a trouble that suggests or lists them otherwise."""
    if not isinstance(word, str) or word not in words:
        refuse_word(word, what, suggest(word, words) or use(words), code)
    return word


def refuse_word(word: object, what: Text, hint: Text, code: str = "unknown-word") -> NoReturn:
    """Report what is none of the words that can stand there; `what` says what they name."""
    english = "unknown {what} {found}" if isinstance(word, str) else "{found} is no {what}"
    message = both("{what}에 쓸 수 없는 값입니다: {found}", english, what=what, found=shown(word))
    refuse(code, message, hint, refers_to=str(word))


def read_span(raw: object, units: Sequence[str] = (), least: int = 1) -> Span:
    """A span such as `12 months`, of at least `least`. `units` narrows the units that make sense."""
    match = SPAN.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        example = "3 business days" if "business days" in units else "24 hours" if "hours" in units else "12 months"
        refuse(
            "not-a-span",
            both("기간이 아닙니다: {found}", "{found} is not a length of time", found=shown(raw)),
            both(
                "수와 단위를 쓰십시오. 예: 30 days, {example}",
                "write a number and a unit, such as 30 days or {example}",
                example=example,
            ),
        )
    unit: SpanUnit = match[2] + "s"  # type: ignore[assignment]
    if units and unit not in units:
        message = both("여기에 쓸 수 없는 기간입니다: {found}", "{found} cannot be used here", found=shown(raw))
        refuse("wrong-span-unit", message, use(list(units)))
    if not least <= int(match[1]) <= LONGEST_SPANS[unit]:
        hint = both(
            "{least}에서 {most:_} {unit}까지 쓸 수 있습니다",
            "write {least} to {most:_} {unit}",
            least=least,
            most=LONGEST_SPANS[unit],
            unit=unit,
        )
        refuse("span-out-of-range", out_of_range(raw), hint)
    return Span(int(match[1]), unit)


def read_percent(raw: object) -> Fraction:
    """A percentage, exactly: 3, `3%` or `2.2%`."""
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw <= 10_000:
        return Fraction(raw)
    match = _PERCENT.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        message = both(
            "0에서 10_000까지의 백분율이 아닙니다: {found}",
            "{found} is not a percentage from 0 to 10_000",
            found=shown(raw),
        )
        refuse("not-a-percentage", message, both("3, 3% 또는 2.2%처럼 쓰십시오", "write 3, 3% or 2.2%"))
    return Fraction(f"{match[1]}.{match[2] or 0}")


def percent_text(rate: Fraction) -> str:
    """An exact percentage: `3%`, `2.2%`. A file writes at most six decimals."""
    whole, rest = divmod(rate.numerator * PERCENT_STEPS // rate.denominator, PERCENT_STEPS)
    decimals = f"{rest:06d}".rstrip("0")
    return f"{whole}.{decimals}%" if decimals else f"{whole}%"


def read_amount(raw: object, path: str = "") -> int:
    """A whole number of points, money or things, from 0 to a trillion. `path` is the fact that it is compared with."""
    if isinstance(raw, bool) or not isinstance(raw, int):
        message = both("정수로 쓴 수량이 아닙니다: {found}", "{found} is not an amount", found=shown(raw))
        if path:
            message = both(
                "'{path}' 팩트는 정수로 쓴 수량인데, 그렇지 않은 값입니다: {found}",
                "{found} is not an amount, which '{path}' is",
                found=shown(raw),
                path=path,
            )
        hint = both("정수를 쓰십시오. 예: 50_000", "write a whole number, such as 50_000")
        if isinstance(raw, str) and _WITH_COMMAS.fullmatch(raw):
            hint = both("이렇게 쓰십시오: {number}", "write {number}", number=raw.replace(",", "_"))
        refuse("not-an-amount", message, hint)
    if not 0 <= raw <= MOST:
        hint = both("0에서 {most:_}까지의 정수를 쓰십시오", "write a whole number from 0 to {most:_}", most=MOST)
        refuse("amount-out-of-range", out_of_range(raw), hint)
    return raw


def out_of_range(raw: object) -> Text:
    """The message about a number, a day or a span that is too large or too small."""
    return both("범위를 벗어난 값입니다: {found}", "{found} is out of range", found=shown(raw))


WRITE_TEXT = both("텍스트를 쓰십시오", "write a text")


def read_text(raw: object, example: Text | None = None, *, lines: bool = False) -> str:
    """A text that is not blank, without the blanks around it; on one line unless `lines`."""
    if not isinstance(raw, str):
        message = both("텍스트가 아닙니다: {found}", "{found} is not text", found=shown(raw))
        refuse("not-text", message, example or in_quotes(raw))
    text = raw.strip()
    if not text:
        refuse("empty", EMPTY, example or WRITE_TEXT)
    most = _LONGEST_TEXT if lines else _LONGEST_LINE
    if len(text) > most:
        message = both("텍스트가 {count:_}자입니다", "the text has {count:_} characters", count=len(text))
        refuse("too-long", message, shorten_to(most))
    if not lines and "\n" in text:
        message = both("텍스트가 여러 줄에 걸쳐 있습니다", "the text stands on several lines")
        refuse("several-lines", message, both("한 줄로 쓰십시오", "write it on one line"))
    return text


WRITE_DAY = both("2026-01-31처럼 쓰십시오", "write it like 2026-01-31")


def read_day(raw: object, hint: Text = WRITE_DAY) -> date:
    """A calendar day that a programme can mean."""
    if not isinstance(raw, date):
        refuse("not-a-day", not_a_day(raw), hint)
    if not FIRST_DAY <= raw <= LAST_DAY:
        hint = both("1900년에서 2999년까지의 날짜를 쓰십시오", "write a day of the years 1900 to 2999")
        refuse("day-out-of-range", out_of_range(raw), hint)
    return raw


def not_a_day(raw: object) -> Text:
    """The message about what should be a day."""
    return both("날짜가 아닙니다: {found}", "{found} is not a day", found=shown(raw))


def read_time(raw: object, *, end: bool = False) -> TimeOfDay:
    """A time of day such as "16:00", in quotes. 24:00 only where it `end`s something."""
    match = _TIME.fullmatch(raw) if isinstance(raw, str) else None
    if match is None or (match[1] is None and not end):
        message = both("시각이 아닙니다: {found}", "{found} is not a time of day", found=shown(raw))
        latest = '"24:00"' if end else '"23:59"'
        hint = both(
            '"00:00"에서 {latest}까지의 시각을 따옴표로 묶어 쓰십시오',
            'write "00:00" to {latest}, in quotes',
            latest=latest,
        )
        refuse("not-a-time", message, hint)
    return TimeOfDay(int(match[1]) * 60 + int(match[2]) if match[1] else 24 * 60)


def read_day_of_month(raw: object) -> DayOfMonth:
    """A day that comes every month: 1 to 31, or `last`."""
    if raw == "last":
        return "last"
    if isinstance(raw, bool) or not isinstance(raw, int) or not 1 <= raw <= 31:
        message = both("매월의 날짜가 아닙니다: {found}", "{found} is not a day of a month", found=shown(raw))
        hint = both("1에서 31까지의 수 또는 last 중 하나를 쓰십시오", "write 1 to 31, or last")
        refuse("not-a-day-of-month", message, hint)
    return raw


def read_day_of_year(raw: object) -> DayOfYear:
    """A day that comes every year, such as 12-31; 02-29 is one."""
    match = DAY_OF_YEAR.fullmatch(raw) if isinstance(raw, str) else None
    try:
        # A leap year has every day that there is.
        day = date(2000, int(match[1]), int(match[2])) if match else None
    except ValueError:
        day = None
    if day is None:
        message = both("매년의 날짜가 아닙니다: {found}", "{found} is not a day of the year", found=shown(raw))
        hint = both("12-31처럼 월-일로 쓰십시오", "write month and day, such as 12-31")
        refuse("not-a-day-of-year", message, hint)
    return DayOfYear(day.month, day.day)


def read_reference(raw: object, units: Sequence[Unit]) -> ValueRef | None:
    """`$name` as a reference to a value of one of `units`; None for anything else."""
    if not isinstance(raw, str) or not raw.startswith("$"):
        return None
    file, name = reading(), raw[1:]
    if name not in file.units:
        message = both("없는 값(value)입니다: {name}", "there is no value {name}", name=shown(name))
        hint = suggest(name, list(file.units)) or both("values: 아래에 선언하십시오", "declare it under values:")
        refuse("unknown-value", message, hint, refers_to=name)
    if file.units[name] not in (*units, None):
        refuse_unit(name, file.units[name], units)
    scopes = {path.partition(".")[0] for path in file.value_paths.get(name, ())}
    beyond = sorted(scopes.difference(file.scopes)) if file.scopes else []
    if beyond:
        refuse_out_of_sight(name, beyond[0], file.scopes)
    return ValueRef(name)


def refuse_out_of_sight(name: str, scope: str, scopes: Sequence[str]) -> NoReturn:
    """Refuses a value that depends on a fact which is not seen where it stands."""
    message = both(
        "'{name}' 값은 {scope} 팩트에 따라 달라지는데, 이 규칙은 그 팩트를 보지 못합니다",
        "value '{name}' depends on the {scope}, which this rule does not see",
        name=name,
        scope=scope,
    )
    hint = both(
        "다음 팩트에만 따라 달라지는 값을 쓰십시오: {scopes}",
        "use a value that depends on the {scopes} only",
        scopes=listed(scopes),
    )
    refuse("value-out-of-sight", message, hint)


def refuse_unit(name: str, unit: Unit | None, expected: Sequence[Unit]) -> NoReturn:
    """Report a value that is in another unit than its place asks for."""
    needed = [_UNITS[each] for each in expected]
    message = both(
        "'{name}' 값의 단위가 맞지 않습니다. 지금은 {unit}, 여기에 필요한 것은 {needed}입니다",
        "value '{name}' is {unit}, not {needed}",
        name=name,
        unit=_UNITS[unit or "text"],
        needed=Text(" 또는 ".join(each.ko for each in needed), " or ".join(each.en for each in needed)),
    )
    hint = both("다른 값을 쓰거나, 그 값의 unit: 항목을 고치십시오", "use another value, or correct its unit:")
    refuse("wrong-unit", message, hint)


_UNITS: Mapping[Unit, Text] = {
    "points": both("포인트", "in points"),
    "money": both("금액", "in money"),
    "number": both("단위 없는 수", "a plain number"),
    "percent": both("백분율", "a percentage"),
    "span": both("기간", "a length of time"),
    "text": both("텍스트", "text"),
    "date": both("날짜", "a day"),
}


def read_span_reference(raw: object, units: Sequence[SpanUnit], least: int = 0) -> ValueRef | None:
    """`$name` as a reference to a value that is always a span in one of `units` and of at least `least`; None for
    anything else.
    """
    reference = read_reference(raw, ("span",))
    if reference:
        for figure in reading().figures.get(reference.name, ()):
            if isinstance(figure, Span) and figure.unit not in units:
                message = both(
                    "'{name}' 값에 여기서 쓸 수 없는 기간이 있습니다: '{figure}'",
                    "value '{name}' can be '{figure}', which cannot be used here",
                    name=reference.name,
                    figure=figure,
                )
                refuse("wrong-span-unit", message, use(units))
            if isinstance(figure, Span) and figure.count < least:
                message = both(
                    "'{name}' 값이 '{figure}'일 수 있는데, 여기에는 너무 짧습니다",
                    "value '{name}' can be '{figure}', which is too short here",
                    name=reference.name,
                    figure=figure,
                )
                hint = both("항상 {least} 이상이 되게 하십시오", "let it be {least} or more", least=least)
                refuse("span-out-of-range", message, hint)
    return reference


def read_fact(raw: object, scopes: Sequence[str], at: Literal["key", "value"] = "value") -> Fact:
    """The fact of that path, if it can be seen from a place that sees `scopes`."""
    facts = reading().facts
    fact = facts.get(raw) if isinstance(raw, str) else None
    if fact is None:
        hint = suggest(raw, [path for path, each in facts.items() if each.scope in scopes])
        if not hint and isinstance(raw, str) and FACT_PATH.fullmatch(raw):
            hint = both("facts: 아래에 선언하십시오", "declare it under facts:")
        hint = hint or both(
            "팩트는 {example}처럼 쓰고, 새 팩트는 facts: 아래에 선언합니다",
            "a fact is written like {example}; new ones are declared under facts:",
            example=f"{scopes[-1]}.{_EXAMPLES[scopes[-1]]}",
        )
        refuse(
            "unknown-fact",
            both("알 수 없는 팩트입니다: {fact}", "unknown fact {fact}", fact=shown(raw)),
            hint,
            at,
            str(raw),
        )
    if fact.scope not in scopes:
        hint = both("여기서 볼 수 있는 팩트: {scopes}", "use facts of the {scopes}", scopes=listed(list(scopes)))
        if fact.scope == "lot":
            hint = both(
                "{hint}. 포인트 묶음(lot) 하나하나를 보는 규칙: expire, exclude, price, fee, tax, dormancy, notice",
                "{hint}; only expire, exclude, price, fee, tax, dormancy and notice rules look at single lots",
                hint=hint,
            )
        refuse(
            "fact-out-of-sight",
            both("여기에 쓸 수 없는 팩트입니다: '{path}'", "'{path}' cannot be used here", path=raw),
            hint,
            at,
        )
    return fact


_EXAMPLES = {"account": "status", "lot": "source", "request": "method", "event": "amount", "day": "today"}


def check_word(word: object, pattern: re.Pattern[str], at: Literal["key", "value"] = "value") -> None:
    """Refuse a word that is not spelt as ids are."""
    if not isinstance(word, str) or not pattern.fullmatch(word):
        kebab = pattern is KEBAB
        joint = both("붙임표(-)", "hyphens") if kebab else both("밑줄(_)", "underscores")
        example = "monthly-limit" if kebab else "monthly_limit"
        message = both("이름의 표기가 맞지 않습니다: {word}", "{word} is not spelt like a name", word=shown(word))
        hint = both(
            "영문 소문자, 숫자, {joint}만 쓰십시오. 예: {example}",
            "write small letters, digits and {joint}, such as {example}",
            joint=joint,
            example=example,
        )
        refuse("wrong-spelling", message, hint, at)
    check_length(word, at)


def check_length(name: str, at: Literal["key", "value"] = "value") -> None:
    """Refuse a name that is too long to be repeated in messages and answers."""
    if len(name) > LONGEST_WORD:
        message = both("이름이 {count:_}자입니다", "the name has {count:_} letters", count=len(name))
        refuse("too-long", message, shorten_to(LONGEST_WORD), at)


def shorten_to(most: int) -> Text:
    """The remedy for what has too many characters."""
    return both("{most:_}자 이하로 줄이십시오", "shorten it to {most:_}", most=most)


def a_type(fact: Fact) -> Text:
    """The type of a fact in a sentence: a number, a choice, text."""
    return _TYPES[fact.type]


_TYPES: Mapping[str, Text] = {
    "points": both("포인트", "points"),
    "money": both("금액", "money"),
    "number": both("수", "a number"),
    "percent": both("비율", "a percentage"),
    "date": both("날짜", "a day"),
    "text": both("텍스트", "text"),
    "flag": both("참·거짓", "a flag"),
    "choice": both("선택지", "a choice"),
}


def wrong_type(fact: Fact, needed: Text) -> Text:
    """The message about a fact that is of another type than its place asks for."""
    return both(
        "'{path}' 팩트의 형식은 {type}입니다. 여기에 필요한 형식: {needed}",
        "'{path}' is {type}, not {needed}",
        path=fact.path,
        type=a_type(fact),
        needed=needed,
    )


def read_date_fact(raw: object, scopes: Sequence[str]) -> str:
    """The path of a fact that is a day."""
    fact = read_fact(raw, scopes)
    if fact.type != "date":
        hint = both("날짜인 팩트를 쓰십시오. 예: lot.acquired_on", "name a fact that is a day, such as lot.acquired_on")
        refuse("wrong-type", wrong_type(fact, both("날짜", "a day")), hint)
    return fact.path


def refuse_twice(items: Sequence[Hashable], raw: Sequence[object], what: Text | None = None) -> None:
    """Refuse a list that holds something twice; `raw` is how it stands in the file, `what` the word for an item."""
    first: dict[Hashable, int] = {}
    for index, item in enumerate(items):
        if first.setdefault(item, index) != index:
            raise ValidationError({index: [listed_twice(what or shown(raw[index]))]})


def listed_twice(what: Text) -> Trouble:
    """The trouble about an item that a list holds twice."""
    message = both("같은 것이 목록에 두 번 있습니다: {what}", "{what} is listed twice", what=what)
    return Trouble("said-twice", message, TAKE_ONE_OUT)


EMPTY = both("비어 있습니다", "is empty")
TAKE_OUT = both("빼십시오", "take it out")
TAKE_ONE_OUT = both("하나를 빼십시오", "take one of them out")
KEEP_ONE = both("하나만 남기십시오", "keep one of them")
CORRECT_ONE = both("둘 중 하나를 고치십시오", "correct one of them")
