"""The facts that every programme knows, and those that a file declares."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from policies.model import Fact
from policies.sentences import word_text
from policies.vocabulary import COMMON, EVENTS, TYPES, WORDS, vocabulary
from tests.policies.texts import VALID, loaded, told

DECLARED = [
    ("{type: points, ko: 가, en: a}", Fact("account.x", "points", "가", "a", required=True)),
    ("{type: money, ko: 가, en: a, default: 500}", Fact("account.x", "money", "가", "a", default=500)),
    ("{type: number, ko: 가, en: a, default: 0}", Fact("account.x", "number", "가", "a", default=0)),
    ("{type: date, ko: 가, en: a}", Fact("account.x", "date", "가", "a", required=True, none=True)),
    ("{type: date, ko: 가, en: a, default: none}", Fact("account.x", "date", "가", "a", none=True)),
    (
        "{type: date, ko: 가, en: a, default: 2026-01-31}",
        Fact("account.x", "date", "가", "a", default=date(2026, 1, 31), none=True),
    ),
    ('{type: text, ko: 가, en: a, default: ""}', Fact("account.x", "text", "가", "a", default="")),
    ("{type: text, ko: 가, en: a, default: Jongno}", Fact("account.x", "text", "가", "a", default="Jongno")),
    ("{type: flag, ko: 가, en: a, default: false}", Fact("account.x", "flag", "가", "a", default=False)),
    ("{type: [a, b], ko: 가, en: a}", Fact("account.x", "choice", "가", "a", ("a", "b"), required=True)),
    (
        "{type: [VIP, 일반], ko: 가, en: a, default: 일반}",
        Fact("account.x", "choice", "가", "a", ("VIP", "일반"), "일반"),
    ),
]


SPELLING = "begin it with account., lot., request. or event. and go on in small letters, such as account.grade"


def with_fact(path: str, declaration: str) -> str:
    return VALID.replace("facts:\n", f"facts:\n  {path}: {declaration}\n")


def named(row: Any) -> str:
    return str(row) if isinstance(row, str) else ""


@pytest.mark.parametrize(("declaration", "expected"), DECLARED, ids=named)
def test_a_fact_of_every_type_can_be_declared(declaration: str, expected: Fact) -> None:
    policy = loaded(with_fact("account.x", declaration))
    assert policy.facts["account.x"] == expected
    assert policy.declared == ("account.x", "account.grade")


@pytest.mark.parametrize("scope", ["account", "lot", "request", "event"])
def test_a_fact_can_be_declared_of_everything_that_has_facts(scope: str) -> None:
    assert loaded(with_fact(f"{scope}.x", "{type: text, ko: 가, en: a}")).facts[f"{scope}.x"].scope == scope


@pytest.mark.parametrize(
    ("path", "declaration", "expected"),
    [
        ("account.x", "number", "'number' is not a fact; write {type: number, ko: ..., en: ...}"),
        (
            "account.x",
            "{ko: 가, en: a}",
            "'type' is missing; add it (points, money, number, date, text, flag, or a list of choices)",
        ),
        ("account.x", "{type: text, en: a}", "'ko' is missing; add it (how Korean sentences call the fact)"),
        (
            "account.x",
            "{type: bool, ko: 가, en: a}",
            "unknown type 'bool'; use points, money, number, date, text, flag or a list such as [VIP, GOLD]",
        ),
        (
            "account.x",
            "{type: 5, ko: 가, en: a}",
            "'5' is no type; use points, money, number, date, text, flag or a list such as [VIP, GOLD]",
        ),
        ("account.x", "{type: [], ko: 가, en: a}", "'type' is empty; write at least one item"),
        (
            "account.x",
            "{type: [1, 2], ko: 가, en: a}",
            "'1' is not text; put it in quotes: \"1\"|'2' is not text; put it in quotes: \"2\"",
        ),
        (
            "account.x",
            "{type: [a, $b], ko: 가, en: a}",
            "'$b' has a meaning of its own in tables and conditions; use another word",
        ),
        (
            "account.x",
            "{type: [a, lot.left], ko: 가, en: a}",
            "'lot.left' has a meaning of its own in tables and conditions; use another word",
        ),
        (
            "account.x",
            "{type: [a, bands], ko: 가, en: a}",
            "'bands' has a meaning of its own in tables and conditions; use another word",
        ),
        ("account.x", "{type: [a, b], ko: 가, en: a, default: c}", "'account.x' is never 'c'; use a or b"),
        (
            "account.x",
            "{type: number, ko: 가, en: a, default: none}",
            "'none' is not an amount, which 'account.x' is; write a whole number, such as 50_000",
        ),
        (
            "account.x",
            "{type: flag, ko: 가, en: a, default: 0}",
            "'account.x' is true or false, not '0'; write true or false",
        ),
        ("account.x", '{type: text, ko: "", en: a}', "'ko' is empty; write a text"),
        (
            "account.x",
            "{type: text, ko: 가, en: a, unit: KRW}",
            "unknown field 'unit'; known here: type, ko, en, default",
        ),
        (
            "account.X",
            "{type: text, ko: 가, en: a}",
            "'account.X' is not spelt like a fact; " + SPELLING,
        ),
        (
            "account.x.y",
            "{type: text, ko: 가, en: a}",
            "'account.x.y' is not spelt like a fact; " + SPELLING,
        ),
        (
            "grade",
            "{type: text, ko: 가, en: a}",
            "'grade' is not spelt like a fact; " + SPELLING,
        ),
        (
            "account.id",
            "{type: text, ko: 가, en: a}",
            "'account.id' is known without being declared; take it out, or choose another name",
        ),
        (
            "event.happened_at",
            "{type: text, ko: 가, en: a}",
            "'event.happened_at' is known without being declared; take it out, or choose another name",
        ),
        (
            "lot.source",
            "{type: text, ko: 가, en: a}",
            "'lot.source' is known without being declared; take it out, or choose another name",
        ),
    ],
)
def test_what_a_declaration_refuses(path: str, declaration: str, expected: str) -> None:
    assert "|".join(told(with_fact(path, declaration))) == expected


def test_the_sources_and_methods_of_a_file_are_the_members_of_two_facts() -> None:
    facts = loaded(VALID).facts
    assert facts["lot.source"].choices == ("bill_payment", "promotion")
    assert facts["request.method"].choices == ("cash", "gift_card")


def test_the_events_of_a_file_are_members_of_the_type_of_an_event_beside_the_common_ones() -> None:
    text = VALID.replace("methods:\n", "events: {book_returned: {ko: 도서 반납, en: returning a book}}\nmethods:\n")
    policy = loaded(text)
    assert policy.facts["event.type"].choices == (*EVENTS, "book_returned")
    assert policy.events["book_returned"].en == "returning a book"
    assert loaded(VALID).facts["event.type"].choices == EVENTS
    assert word_text(policy, policy.facts["event.type"], "book_returned", "ko") == "도서 반납"
    assert word_text(policy, policy.facts["event.type"], "purchase", "en") == "a purchase"


def test_a_source_must_be_spelt_and_named() -> None:
    text = VALID.replace("  promotion: {ko", "  Promo-2: {ko: 가, en: a}\n  promotion: {ko")
    assert told(text) == [
        "'Promo-2' is not spelt like a name; write small letters, digits and underscores, such as monthly_limit"
    ]


def test_every_common_fact_has_a_type_words_and_a_default_or_none() -> None:
    derived = {"lot.usable_from_on", "lot.left"} | {fact.path for fact in COMMON if fact.derived}
    for fact in COMMON:
        assert fact.type in (*TYPES, "choice", *(["percent"] if fact.derived else []))
        assert fact.ko
        assert fact.en
        assert (fact.type == "choice") == bool(fact.choices)
        assert fact.required or fact.none or fact.default is not None or fact.path in derived, fact.path
        assert fact.default is None or not fact.choices or fact.default in fact.choices


def test_every_member_of_a_common_choice_has_words() -> None:
    assert [word for fact in COMMON for word in fact.choices if word not in WORDS] == []


def test_a_vocabulary_holds_the_common_and_the_declared_facts_by_path() -> None:
    own = Fact("lot.class", "text", "구분", "class")
    found = vocabulary(["a"], ["b"], [own])
    assert found["lot.class"] is own
    assert {fact.path for fact in COMMON} < set(found)
