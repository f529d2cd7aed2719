"""POST /v1/decisions:batch: many questions at once, each judged or refused as it would be by itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.database import Database, execute, reading, rows, writing
from service.lines import MEDIA_TYPE
from service.shapes_batch import MOST_ITEMS
from tests.docs_runner import matches
from tests.service.builders import account_facts, asking, lot_facts, open_account
from tests.service.test_reference import check

ONE, MANY = "/v1/decisions", "/v1/decisions:batch"
FULL = {"account": account_facts("X"), "lots": [{"id": "L", **lot_facts()}], "request": asking()}
ITEMS: dict[str, Any] = {
    "stored": {"account": "A", "request": asking(15_000)},
    "the same again": {"account": "A", "request": asking(15_000)},
    "a dry run": {"account": "A", "request": asking("all"), "dry_run": True},
    "in full": FULL,
    "denied": {"account": "A", "request": asking(60_000)},
    "of the past": {"account": "A", "request": asking("all"), "as_of": "2025-06-15T00:00:00Z"},
    "no object": 7,
    "nothing": {},
    "unheard": {**FULL, "unheard": 1},
    "two mistakes": {**FULL, "request": {"points": "5", "method": "barter"}},
    "of nobody": {"account": "nobody", "request": asking()},
    "of another policy": {"account": "A", "request": asking(), "policy": "other"},
    "of no policy": {**FULL, "policy": "unheard"},
    "before all rules": {**FULL, "as_of": "2020-03-02T00:00:00Z"},
    "stored for another text": {"account": "B", "request": asking()},
}


def send_lines(client: FlaskClient, body: bytes, **headers: str) -> TestResponse:
    return client.post(MANY, data=body, headers={"Content-Type": MEDIA_TYPE, **headers})


def as_lines(items: list[Any]) -> bytes:
    return "\n".join(json.dumps(each) for each in items).encode()


def read_lines(answer: TestResponse) -> list[dict[str, Any]]:
    assert (answer.status_code, answer.mimetype) == (200, MEDIA_TYPE)
    return [json.loads(line) for line in answer.get_data().splitlines()]


def alike(answer: dict[str, Any], above: str = "#") -> dict[str, Any]:
    """An answer without what two askings of the same differ in; places in the body are those of the item."""
    known = {name: value for name, value in answer.items() if name not in ("id", "decided_at")}
    known["kept"] = answer.get("id") is not None
    if "errors" in answer and answer["code"] != "account-does-not-fit":
        assert all(each["pointer"].startswith(above) for each in answer["errors"])
        known["errors"] = [{**each, "pointer": "#" + each["pointer"].removeprefix(above)} for each in answer["errors"]]
    return known


def recorded(database: Database) -> list[str]:
    with reading(database):
        return [each for (each,) in rows(database, "SELECT id FROM decision ORDER BY id")]


def test_a_batch_answers_what_each_item_is_answered_by_itself(client: FlaskClient, database: Database) -> None:
    open_account(database, name="B", hat="red")
    headers, items = {"Accept-Language": "ko"}, list(ITEMS.values())
    answers = [client.post(ONE, json=item, headers=headers) for item in items]
    alone = [(each.status_code, alike(each.get_json())) for each in answers]
    before = recorded(database)
    batch = client.post(MANY, json={"items": items}, headers=headers)
    check({"items": items[:6]}, "DecisionsIn")
    check(batch.get_json(), "DecisionResults")
    results = batch.get_json()["results"]
    together = [
        (each["status"], alike(each.get("decision") or each["problem"], f"#/items/{place}"))
        for place, each in enumerate(results)
    ]
    assert dict(zip(ITEMS, together, strict=True)) == dict(zip(ITEMS, alone, strict=True))
    kept = [each["decision"]["id"] for each in results if each["status"] == 201]
    assert recorded(database) == before + kept
    assert len(kept) == len(before)
    lines = read_lines(send_lines(client, as_lines(items), **headers))
    for line in lines:
        check(line, "DecisionLine")
    by_line = [(each["status"], alike(each.get("decision") or each["problem"])) for each in lines]
    assert dict(zip(ITEMS, by_line, strict=True)) == dict(zip(ITEMS, alone, strict=True))
    assert [each["line"] for each in lines] == [*range(1, len(items) + 1)]
    assert batch.headers["Content-Language"] == "ko"


def test_a_thousand_items_are_answered_and_one_more_refused(client: FlaskClient, database: Database) -> None:
    found = client.post(MANY, json={"items": [7] * MOST_ITEMS}).get_json()["results"]
    assert [each["status"] for each in found] == [400] * MOST_ITEMS
    answer = client.post(MANY, json={"items": [ITEMS["stored"]] * (MOST_ITEMS + 1)})
    errors = answer.get_json()["errors"]
    assert (answer.status_code, [each["pointer"] for each in errors]) == (400, ["#/items"])
    assert errors[0]["detail"].startswith(f"has more than {MOST_ITEMS} items; send several bodies, or one item a line")
    assert client.post(MANY, json={"items": []}).get_json() == {"results": []}
    assert recorded(database) == []


@pytest.mark.parametrize(
    ("body", "answered"),
    [
        (b"", []),
        (b"\n \r\n", []),
        (b'{"a":1}', ["1 bad-request Mend what `errors` names and send it again."]),
        (b"7\r\n\n7\n", ["1 bad-request ...", "3 bad-request ..."]),
        (b'\n{"a":\n7', ["2 unreadable-json Line 2, column 6: a value is expected here.", "3 bad-request ..."]),
        (b'"\xff"\n7', ["1 unreadable-json Byte 2: this is not UTF-8; send JSON in UTF-8.", "2 bad-request ..."]),
        (b"[" * 2_000 + b"\n7", ["1 unreadable-json ...", "2 bad-request ..."]),
    ],
    ids=["empty", "blank lines", "one", "blank between, CRLF", "not JSON", "not UTF-8", "too deep"],
)
def test_a_bad_line_spoils_no_other(client: FlaskClient, body: bytes, answered: list[str]) -> None:
    told = [
        f"{each['line']} {each['problem']['code']} {each['problem']['detail']}"
        for each in read_lines(send_lines(client, body))
    ]
    assert len(told) == len(answered)
    assert all(matches(expected, said) for expected, said in zip(answered, told, strict=True)), told


@pytest.mark.parametrize(
    ("sent", "accepted", "status", "says"),
    [
        ("text/csv", None, 415, "is text/csv; this address reads application/json, application/x-ndjson, in UTF-8"),
        (None, None, 415, "is -; this address reads application/json, application/x-ndjson, in UTF-8"),
        (f"{MEDIA_TYPE}; charset=euc-kr", None, 415, "euc-kr; this address reads"),
        (MEDIA_TYPE, "application/json", 406, "name that in the header Accept, or leave the header out"),
        ("application/json", MEDIA_TYPE, 406, "A body of application/json is answered in application/json"),
        (MEDIA_TYPE, f"{MEDIA_TYPE};q=0, */*", 406, "leave the header out"),
        (f"{MEDIA_TYPE}; charset=UTF-8", "application/*", 200, ""),
        (MEDIA_TYPE, "*/*", 200, ""),
    ],
)
def test_a_form_that_is_not_to_be_had_is_refused_with_the_remedy(
    client: FlaskClient, sent: str | None, accepted: str | None, status: int, says: str
) -> None:
    headers = {name: value for name, value in (("Content-Type", sent), ("Accept", accepted)) if value}
    answer = client.post(MANY, data=b"", headers=headers)
    assert answer.status_code == status
    assert says in answer.get_data(as_text=True)


def test_a_bug_about_one_item_spoils_no_other(client: FlaskClient, database: Database) -> None:
    open_account(database, lot_facts(), name="B")
    writing(database, lambda: execute(database, "UPDATE account SET declared = '{' WHERE id = 'B'"))
    items = [ITEMS["stored"], {"account": "B", "request": asking()}, ITEMS["denied"]]
    found = client.post(MANY, json={"items": items}).get_json()["results"]
    assert [each["status"] for each in found] == [201, 500, 201]
    assert found[1]["problem"]["code"] == "internal-error"
    assert found[1]["problem"]["request_id"], "it is in the log by this"
    assert recorded(database) == [found[place]["decision"]["id"] for place in (0, 2)]
