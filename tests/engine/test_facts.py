"""A case is read whole and typed, or refused with everything that is wrong."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.cases import POINTS_OR_ALL, BadCase, read_case, read_day_case, read_event_case, read_sound_case
from engine.facts import Case, case_data, day_case_data, event_case_data
from engine.reading import (
    AMOUNT,
    DAY,
    DAY_OR_NONE,
    FLAG,
    NAME,
    POSITIVE,
    TEXT,
    WHOLE,
    Entry,
    Errors,
    ObjectReader,
    choice,
)
from tests.policies_for_tests import case, lot, past, policy

FACTS = """
account.grade: {type: [VVIP, VIP], ko: 등급, en: grade, default: VIP}
account.branch: {type: text, ko: 지점, en: branch}
lot.wave: {type: number, ko: 차수, en: wave, default: 0}
lot.frozen_on: {type: date, ko: 동결일, en: frozen on, default: none}
request.urgent: {type: flag, ko: 긴급, en: urgent, default: false}
event.store: {type: text, ko: 매장, en: store, default: ""}
"""
RULE = """
- {id: all-in, kind: exclude, terms: "1", when: {lot.locked: true}, reason: {ko: 잠김, en: Locked.}}
- {id: bill, kind: earn, terms: "2", event: bill_paid, source: bill, rate: 1, rounding: down}
"""
POLICY = policy(RULE, facts=FACTS).policy
PLAIN = policy(RULE).policy


def sound() -> dict[str, Any]:
    return case(
        500,
        lot("L2", 10),
        lot("L1", 20, left=5),
        account={"branch": "seoul", "activity_days": ["2026-02-01", "2026-01-01"]},
        lots=["L2"],
        history=[past(1, "2026-01-01T00:00:00Z")],
    )


def test_what_is_left_out_reads_as_its_default() -> None:
    read = read_case(POLICY, sound())
    assert (
        read.account.status,
        read.account.kind,
        read.account.identity_level,
        read.account.born_on,
        read.account.contact_verified,
        read.account.debt,
    ) == ("active", "person", 0, None, False, 0)
    assert (read.account.points_debt, read.account.activity_days) == (0, (date(2026, 2, 1), date(2026, 1, 1)))
    assert read.request.lots == ("L2",)
    assert read_case(POLICY, case(1, account={"branch": "b"})).account.activity_days == ()
    assert read.account.declared == {"grade": "VIP", "branch": "seoul"}
    first, second = read.lots
    assert (first.id, first.amount, first.left, first.untouched) == ("L1", 20, 5, False)
    assert (second.id, second.amount, second.left, second.untouched) == ("L2", 10, 10, True)
    assert date(2025, 6, 1) == first.usable_from_on == first.acquired_on
    assert first.declared == {"wave": 0, "frozen_on": None}
    assert (
        read.request.channel,
        read.request.applicant,
        read.request.receiving_account,
        read.request.receiving_holder,
    ) == ("web", "member", "", "unknown")
    assert datetime(2026, 3, 3, 3, tzinfo=UTC) == read.as_of


def test_lots_and_history_stand_in_one_order_however_they_were_given() -> None:
    data = sound()
    data["history"] = [past(2, "2026-02-01T00:00:00Z"), past(1, "2026-01-01T00:00:00Z")]
    turned = {**data, "lots": data["lots"][::-1], "history": data["history"][::-1]}
    assert read_case(POLICY, data) == read_case(POLICY, turned)
    assert [refund.points for refund in read_case(POLICY, data).history] == [1, 2]


def test_a_case_survives_json_with_every_fact_named() -> None:
    read = read_case(POLICY, sound())
    data = json.loads(json.dumps(case_data(read)))
    assert read == read_case(POLICY, data) == read_sound_case(POLICY, json.dumps(data).encode())
    assert data == case_data(read_case(POLICY, data))
    assert data["account"]["activity_days"] == ["2026-02-01", "2026-01-01"]
    assert data["account"]["points_debt"] == 0
    assert data["request"]["lots"] == ["L2"]
    assert data["lots"][0].keys() >= {"usable_from_on", "left", "frozen_on", "identity_level"}


def put(*path: str | int, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(data: Any) -> None:
        for step in path[:-1]:
            data = data[step]
        data[path[-1]] = value

    return change


def drop(*path: str | int) -> Callable[[dict[str, Any]], None]:
    def change(data: Any) -> None:
        for step in path[:-1]:
            data = data[step]
        del data[path[-1]]

    return change


BAD: dict[str, tuple[Callable[[dict[str, Any]], None], str, str]] = {
    "no account": (drop("account"), "account", "is missing; every case has to give it"),
    "an account that is text": (put("account", value="A-1"), "account", "is 'A-1'; write an object such as {\"id\""),
    "lots that are no list": (put("lots", value={}), "lots", "is an object; write a list"),
    "a lot that is a number": (put("lots", 1, value=7), "lots.1", "is 7; write an object such as"),
    "no id": (drop("account", "id"), "account.id", "is missing"),
    "an empty id": (put("lots", 0, "id", value=""), "lots.0.id", 'is ""; give it an id'),
    "an id twice": (put("lots", 1, "id", value="L2"), "lots.1.id", "is 'L2', as in lots.0; ids are unique"),
    "a misspelt key": (put("lots", 0, "campain", value=""), "lots.0.campain", "did you mean 'campaign'?"),
    "a key far from any": (put("account", "zzz", value=1), "account.zzz", "is not known; known here are id, status"),
    "a misspelt choice": (put("account", "status", value="activ"), "account.status", "did you mean 'active'?"),
    "an unknown source": (
        put("lots", 0, "source", value="gift"),
        "lots.0.source",
        "it is one of bill, promotion, purchase",
    ),
    "an unknown method": (put("request", "method", value="coin"), "request.method", "is 'coin'; it is one of cash"),
    "a list for a choice": (put("request", "method", value=["cash"]), "request.method", "is a list; it is one of"),
    "a flag for points": (put("lots", 0, "amount", value=True), "lots.0.amount", "is true; write a whole number"),
    "a number for a flag": (put("lots", 0, "locked", value=1), "lots.0.locked", "is 1; write true or false"),
    "text for points": (put("request", "points", value="500"), "request.points", 'without quotes, or "all"'),
    "a fraction": (put("lots", 0, "amount", value=1.0), "lots.0.amount", "write a whole number without quotes"),
    "null for points": (put("lots", 0, "amount", value=None), "lots.0.amount", "is null; write a whole number"),
    "no points": (put("request", "points", value=0), "request.points", "is 0; ask for at least 1 point"),
    "points below none": (put("request", "points", value=-5), "request.points", "is -5; write a whole number from 1"),
    "too many points": (put("request", "points", value=10**12 + 1), "request.points", "to 1_000_000_000_000"),
    "a lot below 0": (put("lots", 0, "left", value=-1), "lots.0.left", "is -1; write a whole number from 0"),
    "more left than granted": (put("lots", 0, "left", value=11), "lots.0.left", "more than the lot's amount of 10"),
    "a debt below 0": (put("account", "debt", value=-1), "account.debt", "is -1; write a whole number from 0"),
    "a points debt below 0": (put("account", "points_debt", value=-1), "account.points_debt", "is -1; write a whole"),
    "an age that is given": (put("account", "age", value=19), "account.age", "is not known; known here are"),
    "activity that is no list": (
        put("account", "activity_days", value="2026-01-01"),
        "account.activity_days",
        "a list",
    ),
    "no day of activity": (
        put("account", "activity_days", value=["2026-01-32"]),
        "account.activity_days",
        "the calendar does not have",
    ),
    "a missing day of activity": (put("account", "activity_days", value=[None]), "account.activity_days", "is null"),
    "a chosen lot that is not there": (
        put("request", "lots", value=["L2", "L3"]),
        "request.lots.1",
        "is 'L3', and no lot has that id; name lots of the case by their ids",
    ),
    "a chosen lot that is misspelt": (
        put("request", "lots", value=["lot-12"]),
        "request.lots.0",
        "is 'lot-12', and no lot has that id",
    ),
    "a lot chosen twice": (
        put("request", "lots", value=["L1", "L2", "L1"]),
        "request.lots.2",
        "is 'L1', which is chosen twice",
    ),
    "one chosen lot": (put("request", "lots", value="L1"), "request.lots", "is 'L1'; write a list of ids"),
    "a chosen lot without a name": (put("request", "lots", value=[""]), "request.lots", 'is ""; give it an id'),
    "a chosen lot that is a number": (put("request", "lots", value=[7]), "request.lots", "is 7; write text in quotes"),
    "a day that is none": (
        put("lots", 0, "acquired_on", value="2025-02-29"),
        "lots.0.acquired_on",
        "the calendar does not have",
    ),
    "a day in short": (put("account", "born_on", value="2025-2-9"), "account.born_on", "write the day as 2026-01-31"),
    "a missing day that must be there": (
        put("account", "joined_on", value=None),
        "account.joined_on",
        "is null; write the day",
    ),
    "a naive instant": (put("as_of", value="2026-03-02T01:00:00"), "as_of", "end it with Z or an offset"),
    "a day for an instant": (put("as_of", value="2026-03-02"), "as_of", "write the instant as 2026-03-02T01:00:00Z"),
    "an instant of long ago": (put("as_of", value="0001-01-01T00:00:00Z"), "as_of", "the years 1900 to 2999"),
    "a control character": (put("lots", 0, "campaign", value="a\x00b"), "lots.0.campaign", "holds a control character"),
    "half a character": (put("lots", 0, "campaign", value="\ud800"), "lots.0.campaign", "holds a control character"),
    "text without end": (put("lots", 0, "campaign", value="x" * 201), "lots.0.campaign", "write at most 200"),
    "a declared fact that is missing": (drop("account", "branch"), "account.branch", "is missing"),
    "a declared fact of another type": (put("request", "urgent", value="no"), "request.urgent", "write true or false"),
    "an unknown state": (put("history", 0, "state", value="aproved"), "history.0.state", "did you mean 'approved'?"),
    "an unknown key at the top": (put("acount", value={}), "acount", "did you mean 'account'?"),
    "more than JSON can count": (
        put("lots", value=[lot(f"L{n}", 10**12) for n in range(9_100)]),
        "lots",
        "points together",
    ),
}


@pytest.mark.parametrize(("change", "path", "message"), BAD.values(), ids=list(BAD))
def test_a_mistake_is_told_with_its_place_and_what_to_write(
    change: Callable[[Any], None], path: str, message: str
) -> None:
    data = deepcopy(sound())
    change(data)
    with pytest.raises(BadCase) as refused:
        read_case(POLICY, data)
    ((at, told),) = refused.value.errors
    assert path == at
    assert message in told
    assert read_sound_case(POLICY, json.dumps(data).encode()) is None


def test_every_mistake_is_told_at_once() -> None:
    data = sound()
    data["account"] = {"id": 7, "status": "gone"}
    data["lots"][1]["left"] = -1
    data["request"] = {}
    with pytest.raises(BadCase) as refused:
        read_case(POLICY, data)
    expected = [
        "account.id",
        "account.status",
        "account.joined_on",
        "account.branch",
        "lots.1.left",
        "request.points",
        "request.method",
    ]
    assert expected == [path for path, _ in refused.value.errors]


def test_a_wrong_instant_does_not_hide_what_else_is_wrong() -> None:
    data = sound()
    data["as_of"] = 5
    data["request"] |= {"points": 0, "method": "csh"}
    data["history"] = 7
    with pytest.raises(BadCase) as refused:
        read_case(POLICY, data)
    assert sorted(path for path, _ in refused.value.errors) == ["as_of", "history", "request.method", "request.points"]


@pytest.mark.parametrize("data", [None, [], "x", 5, {}, {"account": 1}])
def test_nothing_like_a_case_is_refused(data: object) -> None:
    with pytest.raises(BadCase):
        read_case(POLICY, data)


def test_an_event_case_is_read_and_survives_json() -> None:
    data = {
        "account": {"id": "A-1", "joined_on": "2015-01-01", "branch": "busan"},
        "event": {
            "id": "E-1",
            "type": "bill_paid",
            "amount": 50_000,
            "happened_at": "2026-03-02T10:00:00+09:00",
            "store": "s",
        },
        "earned": [{"id": "G-1", "rule": "bill", "happened_at": "2026-02-02T10:00:00Z", "points": 3}],
    }
    read = read_event_case(POLICY, data)
    assert datetime(2026, 3, 2, 1, tzinfo=UTC) == read.event.happened_at
    assert read == read_event_case(POLICY, json.loads(json.dumps(event_case_data(read))))
    with pytest.raises(BadCase, match=r"event.type is 'bil_paid'; did you mean 'bill_paid'\?"):
        read_event_case(POLICY, {**data, "event": {**data["event"], "type": "bil_paid"}})  # type: ignore[dict-item]


def test_a_day_case_is_read_and_survives_json() -> None:
    data = {"account": sound()["account"], "lots": sound()["lots"], "day": "2026-03-02"}
    read = read_day_case(POLICY, data)
    assert read.day == date(2026, 3, 2)
    assert read == read_day_case(POLICY, json.loads(json.dumps(day_case_data(read))))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (put("day", value="2026-3-2"), "day is '2026-3-2'; write the day as 2026-01-31"),
        (put("day", value=None), "day is null; write the day as 2026-01-31"),
        (put("as_of", value="x"), "as_of is not known; known here are account, lots, day"),
        (put("lots", value={}), "lots is an object; write a list"),
    ],
)
def test_a_mistake_of_a_day_is_told(change: Callable[[Any], None], expected: str) -> None:
    data: dict[str, Any] = {"account": sound()["account"], "lots": sound()["lots"], "day": "2026-03-02"}
    change(data)
    with pytest.raises(BadCase) as refused:
        read_day_case(POLICY, data)
    assert str(refused.value) == expected


READERS = [AMOUNT, POSITIVE, WHOLE, FLAG, TEXT, NAME, DAY, DAY_OR_NONE, choice(["a", "b"]), POINTS_OR_ALL]
anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(10**12 - 1, 10**12 + 1),
    st.floats(-2, 2),
    st.text(max_size=3),
    st.sampled_from(["a", "b", "c", "all", "x" * 200, "x" * 201, "\x00", "\x7f", "\u2028", "\ud800"]),
    st.sampled_from(
        ["2026-01-31", "2026-02-30", "2026-2-3", "20260131", "2026-W01-1", "2026-01-31T00:00:00", "0000-01-01"]
    ),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=1), st.integers(), max_size=1),
)


@given(position=st.integers(0, len(READERS) - 1), raw=anything)
def test_the_quick_way_of_reading_takes_just_what_the_one_that_explains_takes(position: int, raw: object) -> None:
    reader = READERS[position]
    errors: Errors = []
    found = ObjectReader([Entry("key", reader)]).read({"key": raw}, "", errors)
    try:
        expected = reader.read(raw)
    except (ValueError, TypeError):
        assert [path for path, _ in errors] == [".key"]
    else:
        assert errors == []
        assert [expected] == found
        assert type(expected) is type(found[0])


@pytest.mark.parametrize("facts", ["", FACTS], ids=["nothing declared", "facts declared"])
def test_what_is_declared_cannot_be_given_as_a_whole(facts: str) -> None:
    data = case(500, lot("L1", 20, declared={}), account={"branch": "seoul"} if facts else {})
    with pytest.raises(BadCase) as refused:
        read_case(policy(RULE, facts=facts).policy, data)
    assert [path for path, _ in refused.value.errors] == ["lots.0.declared"]


@pytest.mark.parametrize("facts", ["", FACTS], ids=["nothing declared", "facts declared"])
def test_a_case_travels_to_another_process(facts: str) -> None:
    read = read_case(policy(RULE, facts=facts).policy, sound() if facts else case(500, lot("L1", 20)))
    travelled: Case = pickle.loads(pickle.dumps(read))  # noqa: S301
    assert case_data(read) == case_data(travelled)
    assert travelled.lots[0].declared == dict(read.lots[0].declared)


def test_texts_that_only_look_like_control_characters_are_read() -> None:
    data = case(500, lot("L1", 20, campaign="a\u00a0b"))
    assert read_case(policy(RULE).policy, data).lots[0].campaign == "a\u00a0b"


@pytest.mark.parametrize("escaped", [False, True], ids=["as it is", "escaped"])
@given(st.text(st.characters(max_codepoint=0xFF), max_size=3))
@example("\x7f")
@example("\x85")
@example("\\")
@example("\x1f")
def test_no_text_of_a_stored_case_hides_a_control_character(escaped: bool, campaign: str) -> None:
    data = case(500, lot("L1", 20, campaign=campaign))
    text = json.dumps(data, ensure_ascii=escaped).encode()
    try:
        expected = read_case(PLAIN, data)
    except BadCase:
        assert read_sound_case(PLAIN, text) is None
        return
    # What only looks like one is left for the other reader.
    assert read_sound_case(PLAIN, text) == (expected if campaign.isprintable() else None)


@pytest.mark.parametrize("letter", [chr(code) for code in range(32)])
def test_a_stored_case_with_a_bare_control_character_is_no_json(letter: str) -> None:
    text = json.dumps(case(500, lot("L1", 20, campaign="here"))).replace("here", letter).encode()
    assert read_sound_case(PLAIN, text) is None
