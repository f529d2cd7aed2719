"""Somebody changes a decision in the database: no address and no page breaks, and each says what is wrong."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from werkzeug.test import Client

from service.audit_log import entry_of, place_all, sign_head
from service.database import Database, reading, writing
from service.judging import Judge, Question
from service.publishing import Versions
from tests.service.builders import NOW, SetClock, asking
from tests.service.pages.conftest import LOG
from tests.service.pages.visiting import enter
from tests.service.test_audit import unguard
from tests.service.test_reference import check as conforms

RECORD = "record-damaged"
VERSION = "version-damaged"
PAID_NEVER = "data = replace(data, '\"2026-03-05\"', '\"zzz\"')"
SET = "UPDATE decision SET {} WHERE id = '{{id}}'"
TAMPERING: dict[str, tuple[str, str, str | None, str]] = {
    # What is done; how the whole decision is refused (None: it can be read), and with which words.
    "the record is no JSON": ("decision", SET.format("data = 'so'"), RECORD, "it is no JSON"),
    "the record is cut off": ("decision", SET.format("data = substr(data, 1, 90)"), RECORD, "it is no JSON"),
    "the record is something else": (
        "decision",
        SET.format("data = '[7]'"),
        RECORD,
        "it is no decision (Expected `object`, got `array`)",
    ),
    "the record lacks a part": (
        "decision",
        SET.format("data = replace(data, '\"payout\"', '\"paid\"')"),
        RECORD,
        "it is no decision (Object missing required field `payout`)",
    ),
    "more is paid out": (
        "decision",
        SET.format("data = replace(data, '\"payout\":4950', '\"payout\":4951')"),
        RECORD,
        "it contradicts itself (gross 5000 is not the sum of its parts, 5001)",
    ),
    "another day is promised": (
        "decision",
        SET.format('data = replace(data, \'"payable_on":"2026-03-05"\', \'"payable_on":"2026-03-09"\')'),
        None,
        "payable_on: was '2026-03-09', is now '2026-03-05'",
    ),
    "it is found as a denial": (
        "decision",
        SET.format("outcome = 'denied'"),
        RECORD,
        "the column outcome, by which it is found, says otherwise",
    ),
    "it is found on another day": (
        "decision",
        SET.format("as_of = '2026-03-01T25:00:00Z'"),
        RECORD,
        "the column as_of, by which it is found, says otherwise",
    ),
    "it was decided at no time": ("decision", SET.format("decided_at = 'lately'"), RECORD, "is no instant"),
    "the case is no JSON": ("decision", SET.format("case_data = '{{{{'"), RECORD, "it is no JSON"),
    "the case holds more than a lot can": (
        "decision",
        SET.format("case_data = replace(case_data, '\"left\":10000', '\"left\":99999999')"),
        None,
        "the case cannot be decided again: lots.0.left ",
    ),
    "the case has no lots": (
        "decision",
        SET.format("case_data = replace(case_data, '\"lots\":', '\"lost\":')"),
        None,
        "the case cannot be decided again: lo",
    ),
    "the decision is gone": (
        "decision",
        "DELETE FROM decision WHERE id = '{id}'",
        RECORD,
        "it stands in the log, and its row is gone",
    ),
    "its leaf is gone": ("log_leaf", "DELETE FROM log_leaf WHERE reference = '{id}'", RECORD, "not stand in the log"),
    "the text says otherwise": (
        "policy_version",
        "UPDATE policy_version SET text = replace(text, '50_000', '50_001')",
        VERSION,
        "is not the text that was published",
    ),
    "the text is no policy": ("policy_version", "UPDATE policy_version SET text = 'so'", VERSION, "is not its text"),
}


@pytest.fixture
def kept(open_site: Client, database: Database) -> tuple[Client, list[str]]:
    """The site with an auditor in it, and two decisions: the first, on 5,000 points, will be changed."""
    judge = Judge(database, Versions(database, 8), SetClock())
    ids = [judge.judge(Question("A", asking(each, method="cash")), record=True).id for each in (5_000, 3_000)]
    place_all(database)
    enter(open_site, "auditor")
    return open_site, ids


def tamper(database: Database, table: str, statement: str, decision: str) -> None:
    writing(database, lambda: unguard(database, table, statement.format(id=decision)))


def refusal(site: Client, path: str) -> dict[str, Any]:
    """What an address says where it may refuse, but for reasons it knows: nothing breaks."""
    answer = site.get(path)
    data: dict[str, Any] = answer.get_json()
    assert data.get("code") in (None, "not-found", RECORD, VERSION, "log-damaged"), (path, data)
    return data


@pytest.mark.parametrize(("table", "statement", "code", "told"), TAMPERING.values(), ids=TAMPERING)
def test_whatever_somebody_changes_every_address_answers_and_says_so(
    kept: tuple[Client, list[str]], database: Database, table: str, statement: str, code: str | None, told: str
) -> None:
    site, (changed, other) = kept
    with reading(database):
        leaf = entry_of(database, "decision", changed)
    assert leaf is not None
    tamper(database, table, statement, changed)

    whole = refusal(site, f"/v1/audit/decisions/{changed}")
    plain = refusal(site, f"/v1/decisions/{changed}")
    explained = refusal(site, f"/v1/decisions/{changed}/explanation")
    again = refusal(site, f"/v1/audit/decisions/{changed}/replay")
    entry = refusal(site, f"/v1/audit/entries/{leaf.seq}")
    found = site.get("/v1/audit/decisions?account=A&day_from=2026-02-01").get_json()
    conforms(found, "FoundDecisions")

    said = " ".join([*again.get("differences", []), *(each.get("detail", "") for each in (whole, explained, plain))])
    assert told in said
    assert whole.get("code") == (None if code == VERSION else code)
    if again.get("code") is None:
        conforms(again, "Replay")
    damaged = {each["id"] for each in found["damaged"]}
    assert damaged <= {changed}
    assert other in {each["id"] for each in found["decisions"]}, "one bad row hides no other"
    gone = statement.startswith("DELETE FROM decision")
    assert entry.get("code") == ("not-found" if table == "log_leaf" else None)
    assert entry.get("body", ...) is (None if gone else entry.get("body", ...))


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize(("table", "statement", "code", "told"), TAMPERING.values(), ids=TAMPERING)
def test_whatever_somebody_changes_the_pages_show_the_evidence_in_place_of_the_story(
    kept: tuple[Client, list[str]],
    database: Database,
    table: str,
    statement: str,
    code: str | None,
    told: str,
    language: str,
) -> None:
    site, (changed, other) = kept
    tamper(database, table, statement, changed)

    page = site.get(f"/auditor/decisions/{changed}?lang={language}")
    found = site.get(f"/auditor?lang={language}")
    alert = {"ko": "이 결정의 기록은 만든 때와 다릅니다", "en": "The record of this decision is not what was written"}

    assert (page.status_code, found.status_code) == (200, 200)
    assert alert[language] in page.text
    assert 'id="again"' in page.text
    assert 'id="path"' not in page.text
    if language == "en":
        assert told.replace("`", "") in re.sub(r"</?code>", "", unescape(page.text))
    if table == "decision" and not statement.startswith("DELETE"):
        assert f"/auditor/decisions/{changed}" in found.text
    assert f"/auditor/decisions/{other}" in found.text
    proof = site.get(f"/auditor/decisions/{changed}/proof.json")
    assert proof.status_code == (404 if table == "log_leaf" else 200)


@pytest.mark.parametrize(("role", "path"), [("member", "/member/decisions/{}"), ("agent", "/agent/decisions/{}")])
@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("the record is no JSON", "이 결정의 기록이 처음 적힌 것과 달라 보여 드리지 않습니다"),
        ("the case has no lots", "이 결정의 기록이 처음 적힌 것과 달라 보여 드리지 않습니다"),
        ("the text is no policy", "글이 게시한 것과 달라 답하지 않습니다"),
    ],
)
def test_members_and_agents_are_told_in_their_words_that_a_person_has_to_look(
    kept: tuple[Client, list[str]], database: Database, role: str, path: str, what: str, told: str
) -> None:
    site, (changed, _) = kept
    table, statement, _, _ = TAMPERING[what]
    tamper(database, table, statement, changed)
    enter(site, role)
    answer = site.get(f"{path.format(changed)}?lang=ko")
    assert (answer.status_code, told in answer.text, "recoup audit" in answer.text) == (500, True, False)


@pytest.mark.parametrize(
    ("statement", "database_url"),
    [
        *((change, url) for change in ("data = 'so'", PAID_NEVER) for url in ("sqlite", "postgresql")),
        # SQLite lets nobody take out what something else names, unless they open the file in another way.
        ("", "postgresql"),
    ],
    indirect=["database_url"],
)
def test_a_request_whose_decision_was_changed_is_refused_by_its_name_and_hides_no_other(
    kept: tuple[Client, list[str]], database: Database, statement: str
) -> None:
    site, _ = kept
    body = {"account": "A", "request": asking(1_000, method="credit")}
    filed, other = (
        site.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": key}).get_json() for key in "12"
    )
    place_all(database)
    done = SET.format(statement) if statement else "DELETE FROM decision WHERE id = '{id}'"
    tamper(database, "decision", done, filed["decision_id"])
    said = refusal(site, f"/v1/refund-requests/{filed['id']}")
    assert (said["code"], said["id"]) == (RECORD, filed["decision_id"])
    for path in ("/v1/refund-requests", "/v1/accounts/A/refund-requests"):
        listed = site.get(path).get_json()
        conforms(listed, "RefundRequests")
        assert [each["id"] for each in listed["refund_requests"]] == [other["id"]]
        assert [each["id"] for each in listed["damaged"]] == [filed["id"]]
        assert listed["damaged"][0]["detail"] in said["detail"]
        assert site.get(f"{path}?limit=1").get_json()["next"] is not None
    enter(site, "agent")
    page = site.get(f"/agent/requests/{filed['id']}?lang=ko")
    assert "이 결정의 기록이 처음 적힌 것과 달라" in page.text
    for path, role in (("/agent/accounts/A", "agent"), ("/member", "member"), ("/member/requests", "member")):
        enter(site, role)
        shown = site.get(f"{path}?lang=ko").text
        assert ("결정의 기록이 처음 적힌 것과 달라" in shown, filed["id"] in shown) == (True, True), path
        assert f"/requests/{other['id']}" in shown, path


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("log_node", "DELETE FROM log_node"),
        ("log_leaf", "UPDATE log_leaf SET seq = NULL WHERE reference = '{id}'"),
        ("log_checkpoint", "UPDATE log_checkpoint SET note = 'so'"),
    ],
)
def test_a_log_that_was_changed_says_so_and_the_rest_is_still_shown(
    kept: tuple[Client, list[str]], database: Database, table: str, statement: str
) -> None:
    site, (changed, other) = kept
    sign_head(database, [LOG], NOW)
    tamper(database, table, statement, changed)
    answers = [
        refusal(site, path)
        for path in (
            *(f"/v1/audit/decisions/{changed}", "/v1/audit/checkpoint", "/v1/audit/entries/1"),
            f"/v1/audit/proofs/inclusion?kind=decision&reference={changed}",
        )
    ]
    assert "log-damaged" in [each.get("code") for each in answers]
    assert {each["id"] for each in site.get("/v1/audit/decisions").get_json()["decisions"]} == {changed, other}
    for path in ("/auditor", f"/auditor/decisions/{changed}"):
        assert site.get(path).status_code == 200
