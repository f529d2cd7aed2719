"""Bodies are read strictly: what is kept is what was meant, and nothing that is sent breaks the service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.model import Text
from service.app import create_app
from service.config import Settings
from service.database import close_database, open_database
from service.errors import Refusal
from service.json_body import canonical, read_json
from service.parts import EXTENSION
from tests.service.builders import SetClock, account_facts, asking, lot_facts, open_account, publish_small


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        (b'{"points": 1.5}', "#/points", "is 1.5; write a whole number without a point or an exponent"),
        (b'{"points": 1.000000000000000000000000000001}', "#/points", "write a whole number"),
        (b'{"points": 15e-1}', "#/points", "is 15e-1;"),
        (b'{"points": 1e-999999999}', "#/points", "write a whole number"),
        (b'{"points": 1e999999999}', "#/points", "no number is that large here"),
        (b'{"points": 1e99999999999999999999999}', "#/points", "write a whole number"),
        (b'{"points": NaN}', "#/points", "is NaN;"),
        (b'{"points": -Infinity}', "#/points", "is -Infinity;"),
        (b'{"points": 9007199254740992}', "#/points", "is 9007199254740992; no number is that large here"),
        (b'{"points": ' + b"9" * 100_000 + b"}", "#/points", "no number is that large here"),
        (b'{"a": {"b": 1, "c": 2, "b": 1}}', "#/a/b", "stands twice"),
        (b'{"id": "a\\u0000b"}', "#/id", "has a character that cannot be kept"),
        (b'{"id": "\\ud800"}', "#/id", "has a character that cannot be kept"),
        (b'{"a\\u0000": 1}', "#", "has a character that cannot be kept"),
        (b'[{"a~b/c": 1e-3}]', "#/0/a~0b~1c", "is 1e-3;"),
        (b"[" * 21 + b"]" * 21, "#" + "/0" * 20, "is more than 20 levels deep"),
    ],
    ids=lambda value: value[:30].decode() if isinstance(value, bytes) else "",
)
def test_what_could_be_misunderstood_is_refused_by_name(body: bytes, pointer: str, words: str) -> None:
    with pytest.raises(Refusal) as raised:
        read_json(body)
    error = raised.value.errors[0]
    assert (raised.value.code, error.where) == ("bad-request", {"pointer": pointer})
    assert words in error.text.en


@pytest.mark.parametrize(
    ("written", "read"),
    [("1.0", 1), ("1e3", 1_000), ("-1.5E1", -15), ("-0.0", 0), ("0e999999999", 0), ("9007199254740991.0", 2**53 - 1)],
)
def test_a_whole_number_is_one_however_it_is_written(written: str, read: int) -> None:
    found = read_json(written.encode())
    assert (found, type(found)) == (read, int)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"", "Line 1, column 1: the body is empty; send a JSON object"),
        (b"{", "Line 1, column 2: a name in double quotes is expected"),
        (b"{'a': 1}", "Line 1, column 2: a name in double quotes is expected"),
        (b'{"a": 1,\n "b" 2}', "Line 2, column 6: a colon is expected here, behind the name"),
        (b'{"a": 01}', "Line 1, column 8: a comma or the closing bracket is expected here"),
        (b'{"a": "\x00"}', "Line 1, column 8: a control character stands in a text; escape it"),
        (b"\xef\xbb\xbf{}", "Line 1, column 1: a byte order mark stands here; leave it out"),
        (b'{"a": "\xff"}', "Byte 8: this is not UTF-8; send JSON in UTF-8"),
        (b'{"a": tru}', "Line 1, column 7: a value is expected here"),
        (b'{"a": "b}', "Line 1, column 7: the text that begins here has no closing quote"),
        (b'{"a": "\\x"}', "Line 1, column 8: a backslash begins no escape that JSON knows"),
        (b"{} {}", "Line 1, column 4: something stands behind the JSON"),
        (b"[" * 500_000, "Line 1, column 1: there are too many levels"),
        (b'{"a":' * 100_000, "Line 1, column 1: there are too many levels"),
    ],
    ids=[
        *("empty", "cut", "quotes", "colon", "zero", "NUL", "BOM", "encoding", "value", "quote", "escape", "behind"),
        *("deep lists", "deep objects"),
    ],
)
def test_what_is_not_json_is_refused_by_place(body: bytes, place: str) -> None:
    with pytest.raises(Refusal) as raised:
        read_json(body)
    assert raised.value.code == "unreadable-json"
    where, cause = raised.value.figures["place"], raised.value.figures["cause"]
    assert isinstance(where, Text)
    assert isinstance(cause, Text)
    assert f"{where.en}: {cause.en}" == place


def test_every_mistake_is_named_up_to_fifty() -> None:
    with pytest.raises(Refusal) as raised:
        read_json(json.dumps([0.5] * 60).encode())
    assert len(raised.value.errors) == 50


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab가~/", max_size=3), inner, max_size=4),
    max_leaves=20,
)


@given(PLAIN)
def test_plain_data_is_read_as_it_was_written(data: Any) -> None:
    assert read_json(json.dumps(data).encode()) == data
    assert read_json(canonical(data).encode()) == data
    plain = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert canonical(data) == plain


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """One app for all random bodies: it must survive them one after the other."""
    settings_ = Settings(database_url=database_url, access="open")
    database = open_database(settings_)
    publish_small(database)
    open_account(database, lot_facts())
    app = create_app(settings_, SetClock())
    yield app
    close_database(app.extensions[EXTENSION].database)
    close_database(database)


def mostly(valid: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A valid object with some of its values replaced by anything, or with keys that nobody knows."""
    strange = ["A", "all", "2026-02-30", "0001-01-01", "9999-12-31", -1, 0, 10**12, 2**53 - 1]
    anything = PLAIN | st.sampled_from(strange)
    changed = st.fixed_dictionaries({}, optional={key: st.just(value) | anything for key, value in valid.items()})
    unknown = st.dictionaries(st.text(), PLAIN, max_size=1)
    return st.builds(lambda base, extra: {**valid, **base, **extra}, changed, unknown)


LOT = {"id": "L", **lot_facts()}
PAST = {
    "id": "R",
    "account_id": "X",
    "requested_at": "2026-03-01T00:00:00Z",
    "points": 10,
    "method": "credit",
    "receiving_account": "",
    "state": "approved",
}
BODIES = PLAIN | st.fixed_dictionaries(
    {"request": mostly(asking())},
    optional={
        "account": st.just("A") | mostly(account_facts("X")),
        "lots": st.lists(mostly(LOT), max_size=3) | PLAIN,
        "history": st.lists(mostly(PAST), max_size=2) | PLAIN,
        "as_of": st.sampled_from(["2026-03-02T01:00:00Z", "2199-12-31T23:59:59Z", "1970-01-01T00:00:00Z", ""]),
        "policy": st.just("small") | PLAIN,
        "dry_run": st.booleans() | PLAIN,
    },
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES, key=st.text(min_size=0, max_size=3))
def test_no_body_breaks_the_service(app: Flask, body: Any, key: str) -> None:
    client = app.test_client()
    data = json.dumps(body).encode()
    headers = {"Idempotency-Key": key.encode().decode("latin-1").replace("\n", "").replace("\r", "")}
    for where in ("/v1/decisions", "/v1/refund-requests"):
        answer = client.post(where, data=data, content_type="application/json", headers=headers)
        assert answer.status_code in {200, 201, 400, 409, 422}, answer.data
        assert answer.is_json


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200), kind=st.sampled_from(["application/json", "application/json; charset=x", "", "a"]))
def test_no_bytes_break_the_service(app: Flask, data: bytes, kind: str) -> None:
    answer = app.test_client().post("/v1/decisions", data=data, content_type=kind)
    assert answer.status_code in {400, 415}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(min_size=1, max_size=20), query=st.dictionaries(st.text(max_size=5), st.text(max_size=12)))
def test_no_address_breaks_the_service(app: Flask, name: str, query: dict[str, str]) -> None:
    for where in ("/v1/accounts/{}", "/v1/accounts/{}/balance", "/v1/decisions/{}", "/v1/policies/{}/versions/1"):
        answer = app.test_client().get(where.format(quote(name, safe="")), query_string=query)
        assert answer.status_code in {200, 308, 400, 404, 405}, answer.data
