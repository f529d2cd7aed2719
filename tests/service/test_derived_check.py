"""What follows from other records does follow from them; whatever was tampered with is named."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from service import derived_check
from service.database import Database, reading, rows, writing
from tests.service.builders import LIFE, ORIGIN, Run, asking, lot_facts, open_account, publish_small
from tests.service.test_audit import unguard
from tests.service.test_inquiries import ask

AS_OF = "2026-03-02T01:00:00Z"
PUT_IN = "INSERT INTO decision_rule SELECT {} FROM decision_rule WHERE rule = 'fee'"


def missing(rule: str, of: str) -> str:
    return f"decision_rule: the row is missing that the rule {rule} spoke of {of} in the decision D-1"


def extra(rule: str, of: str, decision: str = "D-1", as_of: str = AS_OF) -> str:
    said = f"a row says that the rule {rule} spoke of {of} in the decision {decision} ({as_of}), and it did not"
    return f"decision_rule: {said}"


TAMPERING = {
    "a row was taken out": ("DELETE FROM decision_rule WHERE rule = 'fee'", [missing("fee", "the request")]),
    "a row of lots was taken out": (
        "DELETE FROM decision_rule WHERE rule = 'promotion'",
        [missing("promotion", "lots alone")],
    ),
    "a row was put in": (
        PUT_IN.format("'active', of_request, as_of, decision_id"),
        [extra("active", "the request")],
    ),
    "a row is of another instant": (
        "UPDATE decision_rule SET as_of = '2026-03-03T01:00:00Z' WHERE rule = 'fee'",
        [missing("fee", "the request"), extra("fee", "the request", as_of="2026-03-03T01:00:00Z")],
    ),
    "a row is of lots alone": (PUT_IN.format("rule, FALSE, as_of, decision_id"), [extra("fee", "lots alone")]),
    "a row is of no decision": (
        PUT_IN.format("rule, of_request, as_of, 'D-0'"),
        [extra("fee", "the request", "D-0")],
    ),
}
ENTRIES = {
    "the state was changed": (
        "UPDATE inquiry SET state = 'closed'",
        "it is closed, due on 2026-04-01, answered at -; its entries lead to open, 2026-04-01, -",
    ),
    "the day was changed": (
        "UPDATE inquiry SET due_on = '2026-05-01'",
        "it is open, due on 2026-05-01, answered at -; its entries lead to open, 2026-04-01, -",
    ),
    "it was said to be opened at another time": (
        "UPDATE inquiry SET opened_at = '2026-01-01T00:00:00Z'",
        "it is said to be opened at 2026-01-01T00:00:00Z, and its first entry is of {at}",
    ),
    "an answer was said to be given": (
        "UPDATE inquiry SET answered_at = opened_at",
        "it is open, due on 2026-04-01, answered at {at}; its entries lead to open, 2026-04-01, -",
    ),
}


def found(database: Database) -> list[str]:
    """What a look finds, inside a transaction."""
    return [each.en for each in derived_check.differences(database)]


def found_after(database: Database, table: str, statement: str) -> list[str]:
    """What a look finds once somebody who owns the database has done something, which is undone again."""

    class Undone(Exception):
        pass

    said: list[str] = []

    def work() -> None:
        unguard(database, table, statement)
        said.extend(found(database))
        raise Undone

    with pytest.raises(Undone):
        writing(database, work)
    return said


def test_what_follows_from_other_records_follows_from_them(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_account(database, lot_facts(30_000), lot_facts(5_000, source="promotion"), name="B")
    decided = [
        client.post("/v1/decisions", json={"account": account, "request": asking(5_000, method=method)}).get_json()[
            "id"
        ]
        for account, method in (("B", "cash"), ("A", "credit"), ("A", "credit"))
    ]
    inquiry = ask(client).get_json()["id"]
    with reading(database):
        assert found(database) == []
        at = rows(database, "SELECT opened_at FROM inquiry")[0][0]
    # As few at once as there may be, too.
    for most in (derived_check.MOST_ROWS, 1):
        monkeypatch.setattr(derived_check, "MOST_ROWS", most)
        monkeypatch.setattr(derived_check, "PAGE", min(most, derived_check.PAGE))
        for name, (statement, sentences) in TAMPERING.items():
            said = found_after(database, "decision_rule", statement)
            assert (name, said) == (name, [each.replace("D-1", decided[0]) for each in sentences])
    for name, (statement, sentence) in ENTRIES.items():
        said = found_after(database, "inquiry", statement)
        assert (name, said) == (name, [f"inquiry {inquiry}: {sentence.format(at=at)}"])


def test_a_contest_is_of_the_account_of_its_decision(client: FlaskClient, database: Database) -> None:
    open_account(database, lot_facts(30_000), name="B")
    decision = client.post("/v1/decisions", json={"account": "B", "request": asking(5_000)}).get_json()["id"]
    inquiry = ask(client, account="B", kind="contest", decision_id=decision).get_json()["id"]
    assert found_after(database, "inquiry", "UPDATE inquiry SET account_id = 'A'") == [
        f"inquiry {inquiry}: it is of the account A, and the decision {decision} that it is about is of B"
    ]


FACTS = {
    "account_id": "'B'",
    "acquired_on": "'2026-01-01'",
    "amount": "amount + 1",
    "campaign": "'GIFT'",
    "expires_on": "'2030-01-01'",
    "identity_level": "identity_level + 1",
    "rule": "'bill-points'",
    "source": "'bill'",
    "usable_from_on": "'2026-01-01'",
}


def test_a_lot_is_as_the_answer_to_its_event_granted_it(client: FlaskClient, database: Database) -> None:
    publish_small(database, LIFE)
    open_account(database, name="B")
    told = {"account": "A", "type": "purchase", "happened_at": "2026-03-02T00:00:00Z"}
    for name, amount in (("E-1", 9_000), ("E-2", 5)):
        assert client.post("/v1/events", json={**told, "id": name, "amount": amount}).status_code == 201
    with reading(database):
        assert found(database) == []
        ((lot,),) = rows(database, "SELECT id FROM lot WHERE event = 'E-1'")
    for name, value in FACTS.items():
        (said,) = found_after(database, "lot", f"UPDATE lot SET {name} = {value} WHERE event = 'E-1'")  # noqa: S608
        assert said.startswith(f"lot {lot}: its {name} is kept as "), said
    gone = "event E-1: there is no lot of the 900 points that the rule shop-points granted"
    assert found_after(database, "lot", "UPDATE lot SET event = '' WHERE event = 'E-1'") == [gone]
    assert found_after(database, "lot", "UPDATE lot SET event = 'E-2' WHERE event = 'E-1'") == [
        gone,
        f"lot {lot}: the answer to the event E-2 grants no such points",
    ]


def test_audit_check_names_what_does_not_follow(client: FlaskClient, database: Database, run: Run) -> None:
    client.post("/v1/decisions", json={"account": "A", "request": asking(5_000, method="cash")})
    run("audit", "keygen", ORIGIN)
    run("audit", "checkpoint")
    assert run("audit", "check").exit_code == 0
    writing(database, lambda: unguard(database, "decision_rule", "DELETE FROM decision_rule"))
    checked = run("audit", "check", "--lang", "ko")
    assert (checked.exit_code, "결정 D-" in checked.stdout) == (1, True)
