"""Papers and closed times over HTTP: shown with a request, kept with the decision, told as remedies."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from engine.replay import replay
from service.answers import without_additions
from service.database import Database
from service.parts import EXTENSION
from tests.service.builders import asking, publish_small

MORE = """\
  - id: heir-papers
    kind: paper
    terms: "9"
    when: {request.applicant: heir}
    needs: [death, family]
    issued_within: 3 months
    reason: {ko: "필요한 서류: {papers}", en: "Please show {papers}."}
  - id: at-night
    kind: closed
    terms: "10"
    hours: {from: "23:30", until: "00:30"}
    reason: {ko: "{until}부터 신청할 수 있습니다.", en: "Closed until {until}."}
papers:
  death: {ko: 사망진단서, en: the death certificate}
  family: {ko: 가족관계증명서, en: the family certificate}
"""
PAPERS = [{"paper": "death", "issued_on": "2026-03-01"}, {"paper": "family", "issued_on": "2025-12-02"}]
FILED = "/v1/refund-requests"


@pytest.fixture(autouse=True)
def with_papers(client: FlaskClient, database: Database) -> None:
    publish_small(database, MORE)


def heir(*papers: dict[str, Any]) -> dict[str, Any]:
    return {"account": "A", "request": asking(5_000) | {"applicant": "heir", "papers": list(papers)}}


def test_papers_are_shown_with_a_request_and_a_denial_names_what_is_missing(client: FlaskClient) -> None:
    found = client.post("/v1/decisions", json=heir(PAPERS[0])).get_json()
    (reason,) = found["reasons"]
    assert (found["outcome"], reason["rule"], reason["figures"]["papers"]) == ("denied", "heir-papers", ["family"])
    assert reason["text"] == "Please show the family certificate."
    assert reason["remedy"]["text"] == "Needed: the family certificate, issued within 3 months."
    again = client.post("/v1/decisions", json=heir(*reason["remedy"]["set"]["request.papers"])).get_json()
    assert again["outcome"] == "approved"


def test_a_refund_request_keeps_its_papers_and_its_decision_replays(client: FlaskClient) -> None:
    filed = client.post(FILED, json=heir(*PAPERS), headers={"Idempotency-Key": "k1"}).get_json()
    assert (filed["state"], filed["decision"]["request"]["papers"]) == ("approved", PAPERS)
    kept = client.get(f"/v1/decisions/{filed['decision_id']}").get_json()
    assert kept["case"]["request"]["papers"] == PAPERS
    versions = client.application.extensions[EXTENSION].versions
    compiled = versions.compiled(kept["digest"])
    record = {name: each for name, each in kept.items() if name not in ("id", "recorded", "decided_at", "case")}
    assert replay(compiled, kept["case"], without_additions(record)) == []


def test_other_papers_are_another_request(client: FlaskClient) -> None:
    client.post(FILED, json=heir(*PAPERS), headers={"Idempotency-Key": "k1"})
    answer = client.post(FILED, json=heir(PAPERS[0]), headers={"Idempotency-Key": "k1"})
    assert (answer.status_code, answer.get_json()["code"]) == (409, "idempotency-key-reused")


@pytest.mark.parametrize(
    ("papers", "pointer"),
    [
        ("death", "#/request/papers"),
        ([{"paper": "deth"}], "#/request/papers/0/paper"),
        ([PAPERS[0], {"paper": "family", "issued_on": "yesterday"}], "#/request/papers/1/issued_on"),
    ],
)
def test_papers_that_cannot_be_read_are_refused_by_name(client: FlaskClient, papers: object, pointer: str) -> None:
    body = {"account": "A", "request": asking() | {"papers": papers}}
    answer = client.post("/v1/decisions", json=body)
    assert (answer.status_code, [error["pointer"] for error in answer.get_json()["errors"]]) == (400, [pointer])


def test_a_request_at_a_closed_time_is_told_when_to_come_back(client: FlaskClient) -> None:
    body = {"account": "A", "request": asking(5_000), "as_of": "2026-03-01T14:30:00Z"}
    found = client.post("/v1/decisions", json=body).get_json()
    (reason,) = found["reasons"]
    assert (reason["rule"], reason["text"]) == ("at-night", "Closed until 00:30.")
    assert reason["remedy"]["set"] == {"as_of": "2026-03-01T15:30:00Z"}
    assert reason["remedy"]["text"] == "Ask again from 2026-03-02 00:30 on."
    later = client.post("/v1/decisions", json=body | reason["remedy"]["set"]).get_json()
    assert later["outcome"] == "approved"


def test_a_policy_names_its_papers(client: FlaskClient) -> None:
    papers = client.get("/v1/policies/small?lang=ko").get_json()["papers"]
    assert {name: paper["text"] for name, paper in papers.items()} == {
        "death": "사망진단서",
        "family": "가족관계증명서",
    }
