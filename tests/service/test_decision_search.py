"""Decisions are found by what is asked for and by nothing else, page by page, by an index."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from service import decision_search
from service.config import Settings
from service.database import Database, close_database, execute, on_sqlite, open_database, reading, rows
from service.migrate import FOLDER, migrate
from service.parts import EXTENSION
from service.publishing import publish
from service.shapes_audit import DECISIONS_QUERY
from tests.service.builders import CONFLICT, LIFE, NOW, POLICY, SetClock, account_facts, asking, lot_facts, open_account
from tests.service.test_reference import check as conforms

WHERE = "/v1/audit/decisions"
OTHER = (
    POLICY.replace("policy: small", "policy: other")
    .replace("timezone: Asia/Seoul", "timezone: America/New_York")
    .replace("calendar: KR", "calendar: US")
)
Model = Callable[[dict[str, Any]], bool]


def ask(client: FlaskClient, account: str, at: str, **request: Any) -> str:
    body = {"account": account, "request": asking(**request), "as_of": at}
    answer = client.post("/v1/decisions", json=body)
    assert answer.status_code == 201, answer.get_json()
    return str(answer.get_json()["id"])


@pytest.fixture
def decided(client: FlaskClient, database: Database, clock: SetClock) -> dict[str, dict[str, Any]]:
    """Decisions of every kind, by id: two policies in two zones, two versions, all outcomes, several days."""
    publish(database, POLICY.replace("over: 40_000", "over: 20_000").encode(), "s", NOW)
    publish(database, OTHER.encode(), "other.yaml", NOW)
    open_account(database, lot_facts(40_000), lot_facts(5_000, source="promotion"), name="B")
    open_account(database, lot_facts(9_000), name="C", policy="other")
    open_account(database, lot_facts(9_000), name="D", status="suspended")
    open_account(database, name="idle")
    ids = []
    # Around midnight in Seoul (15:00Z) and in New York (05:00Z).
    for day, hour in ((1, "14:59:59"), (1, "15:00:00"), (2, "00:30:00"), (2, "04:59:59"), (2, "05:00:00")):
        for account, points, method in (("A", 5_000, "cash"), ("B", 25_000, "credit"), ("C", 9_000, "cash")):
            ids.append(ask(client, account, f"2026-03-0{day}T{hour}Z", points=points, method=method))
    for points in (1, 30_000, 60_000):
        ids.append(ask(client, "A", "2026-02-27T03:00:00Z", points=points))
        ids.append(ask(client, "D", "2026-02-27T03:00:00Z", points=points))
    return {each: client.get(f"/v1/decisions/{each}").get_json() for each in ids}


def walk(client: FlaskClient, query: str, limit: int = 200) -> Iterator[list[dict[str, Any]]]:
    address = f"{WHERE}?{query}&limit={limit}"
    while address:
        page = client.get(address).get_json()
        yield page["decisions"]
        address = page["next"]


def found(client: FlaskClient, query: str, limit: int = 200) -> list[str]:
    return [each["id"] for page in walk(client, query, limit) for each in page]


def spoke(decision: dict[str, Any], rule: str, *, of_request: bool) -> bool:
    of_lots = {why["rule"] for lot in decision["lots"] for why in lot["reasons"]}
    return rule in {each["rule"] for each in decision["reasons"]} | (set() if of_request else of_lots)


ASKED: dict[str, Model] = {
    "": lambda each: True,
    "account=A": lambda each: each["account"] == "A",
    "account=idle": lambda each: False,
    "reason=fee": lambda each: spoke(each, "fee", of_request=True),
    "reason=promotion": lambda each: False,
    "rule=promotion": lambda each: spoke(each, "promotion", of_request=False),
    "rule=fee&reason=active": lambda each: False,
    "policy=other": lambda each: each["policy"] == "other",
    "policy=small&version=1": lambda each: False,
    "policy=small&version=2": lambda each: each["policy"] == "small",
    "outcome=denied": lambda each: each["outcome"] == "denied",
    "outcome=needs_review": lambda each: each["outcome"] == "needs_review",
    "points_from=9000": lambda each: each["points"] >= 9_000,
    "points_to=9000": lambda each: each["points"] <= 9_000,
    "points_from=5000&points_to=9000&policy=small": lambda each: each["points"] == 5_000,
    "day_from=2026-03-02": lambda each: each["requested_on"] >= "2026-03-02",
    "day_to=2026-03-01": lambda each: each["requested_on"] <= "2026-03-01",
    "day_from=2026-03-01&day_to=2026-03-01": lambda each: each["requested_on"] == "2026-03-01",
    "policy=small&day_to=2026-03-01": lambda each: each["policy"] == "small" and each["requested_on"] <= "2026-03-01",
    "policy=other&day_from=2026-03-02": lambda each: each["policy"] == "other" and each["requested_on"] >= "2026-03-02",
    "account=C&day_from=2026-03-02": lambda each: each["account"] == "C" and each["requested_on"] >= "2026-03-02",
    "outcome=approved&rule=fee&points_from=5000&day_to=2026-03-01": lambda each: (
        each["outcome"] == "approved"
        and spoke(each, "fee", of_request=False)
        and each["points"] >= 5_000
        and each["requested_on"] <= "2026-03-01"
    ),
}


def test_what_is_asked_for_is_found_and_nothing_else(
    client: FlaskClient, decided: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    newest_first = sorted(decided, key=lambda each: (decided[each]["as_of"], each), reverse=True)
    # As it is asked of few decisions; as of so many that none are sorted, and of so many versions that each is asked
    # for its zone.
    for few, most_versions in ((decision_search.FEW, decision_search.MOST_VERSIONS), (1, 0)):
        monkeypatch.setattr(decision_search, "FEW", few)
        monkeypatch.setattr(decision_search, "MOST_VERSIONS", most_versions)
        for query, model in ASKED.items():
            expected = [each for each in newest_first if model(decided[each])]
            assert (query, found(client, query)) == (query, expected)
            # Instants are shared by several: a page may end between them.
            assert (query, found(client, query, limit=2)) == (query, expected)
    told = {query: len(found(client, query)) for query in ASKED}
    assert {query for query, number in told.items() if not number} == {
        *("account=idle", "reason=promotion", "rule=fee&reason=active", "policy=small&version=1")
    }
    assert {each["requested_on"] for each in decided.values()} == {"2026-02-27", "2026-03-01", "2026-03-02"}


def test_a_dry_run_is_not_found(client: FlaskClient) -> None:
    assert client.post("/v1/decisions", json={"account": "A", "request": asking(), "dry_run": True}).status_code == 200
    assert found(client, "") == []


def test_a_line_says_what_was_decided_and_which_rules_spoke(
    client: FlaskClient, decided: dict[str, dict[str, Any]]
) -> None:
    answer = client.get(f"{WHERE}?account=B&limit=1").get_json()
    conforms(answer, "FoundDecisions")
    line = answer["decisions"][0]
    whole = decided[line["id"]]
    assert line == {name: whole[name] for name in line if name not in ("reasons", "rules")} | {
        "reasons": ["large"],
        "rules": ["promotion", "large"],
    }


def test_a_walk_meets_everything_that_was_there_once_whatever_is_filed_meanwhile(
    client: FlaskClient, decided: dict[str, dict[str, Any]]
) -> None:
    for query in ("", "outcome=approved", "rule=fee", "points_to=9000", "account=A", "day_from=2026-02-27"):
        before = found(client, query)
        met: list[str] = []
        for number, page in enumerate(walk(client, query, limit=3)):
            met += [each["id"] for each in page]
            # Newer than all of them, older, and between.
            for at in ("2026-03-02T00:59:00Z", "2026-02-01T00:00:00Z", "2026-03-01T15:00:00Z") if number < 4 else ():
                ask(client, "A", at, points=1_000 + number, method="cash")
        assert (query, [each for each in met if each in before]) == (query, before)
        assert len(set(met)) == len(met)


BAD = [
    ("acount=A", "acount", "did you mean 'account'?"),
    ("outcome=refused", "outcome", "is none of approved, denied, needs_review"),
    ("policy=nothing", "policy", "is no published policy; published are small"),
    ("policy=small&version=3", "version", "is no published version of small"),
    ("version=1", "version", "says nothing without a policy"),
    ("points_from=9&points_to=8", "points_from", "lies behind points_to"),
    ("day_from=2026-03-02&day_to=2026-03-01", "day_from", "lies behind day_to"),
    ("day_from=yesterday", "day_from", "is not a day such as 2026-01-31"),
    ("points_from=1.5", "points_from", "is not a whole number from 0"),
    ("limit=201", "limit", "is not a whole number from 1 to 200"),
    ("after=D-nothing", "after", "is the id of nothing in this list"),
    ("account=A&account=B", "account", "stands twice"),
    ("account=a", "account", "is the id of no account, and no decision is about it"),
    ("reason=montly", "reason", "was never a rule of small; did you mean 'monthly'?"),
    ("rule=xxxxxxx", "rule", "was never a rule of small"),
    ("policy=small&rule=fees", "rule", "was never a rule of small; did you mean 'fee'?"),
]


def test_what_cannot_be_asked_is_told_by_name(client: FlaskClient) -> None:
    for query, parameter, words in BAD:
        answer = client.get(f"{WHERE}?{query}")
        problem = answer.get_json()
        assert (answer.status_code, problem["code"], len(problem["errors"])) == (400, "bad-request", 1)
        assert problem["errors"][0]["parameter"] == parameter
        assert words in problem["errors"][0]["detail"]


def test_a_rule_is_known_as_long_as_any_published_text_has_it(client: FlaskClient, database: Database) -> None:
    old, other = (CONFLICT.replace("other-fee", name) for name in ("old-fee", "other-fee"))
    for text in (POLICY + old, POLICY.replace("40_000", "20_000"), OTHER + other):
        publish(database, text.encode(), "s", NOW)
    for query, status in (
        ("rule=old-fee", 200),
        ("policy=small&rule=old-fee", 200),
        # The version did not have it, but the policy did.
        ("policy=small&version=1&rule=old-fee", 200),
        ("rule=other-fee&reason=old-fee", 200),
        ("rule=not-enough-points", 200),
        ("policy=small&rule=other-fee", 400),
        ("policy=other&reason=old-fee", 400),
    ):
        assert (query, client.get(f"{WHERE}?{query}").status_code) == (query, status)


def statements(database: Database, caplog: pytest.LogCaptureFixture, ask: Callable[[], Any]) -> list[tuple[str, Any]]:
    """What is asked of the tables of decisions."""
    caplog.clear()
    with caplog.at_level(logging.DEBUG, logger="peewee"):
        ask()
    said: list[Any] = [record.msg for record in caplog.records if record.name == "peewee"]
    return [(sql, parameters) for sql, parameters in said if " FROM decision" in sql and " ORDER BY " in sql]


def plan_of(database: Database, sql: str, parameters: Any) -> str:
    with reading(database):
        if on_sqlite(database):
            return "\n".join(row[3] for row in rows(database, f"EXPLAIN QUERY PLAN {sql}", parameters))
        # A table of twenty rows is read whole unless that is forbidden.
        execute(database, "SET LOCAL enable_seqscan = off")
        execute(database, "SET LOCAL enable_bitmapscan = off")
        # Statistics that other tests left may favour another index and a sort: here only if no index has the order.
        execute(database, "SET LOCAL enable_sort = off")
        execute(database, "SET LOCAL enable_incremental_sort = off")
        return "\n".join(row[0] for row in rows(database, f"EXPLAIN {sql.replace('%s', '?')}", parameters))


def test_no_search_reads_the_whole_table(
    client: FlaskClient,
    database: Database,
    decided: dict[str, dict[str, Any]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    last = found(client, "")[-2]
    for query in ASKED:
        for after in ("", f"&after={last}"):
            asked = statements(database, caplog, lambda query=query, after=after: client.get(f"{WHERE}?{query}{after}"))  # type: ignore[misc]
            for sql, parameters in asked:
                plan = plan_of(database, sql, parameters)
                assert ("Seq Scan" in plan, "SCAN " in plan) == (False, False), f"{query}: {plan}"
                # Only what is found by its points, which are few then, has to be sorted.
                by_points = "decision_points" in plan
                assert by_points == ("Sort" in plan or "TEMP B-TREE" in plan), f"{query}: {plan}"
                assert not by_points or "points" in query
            assert asked or "nothing" in query


def test_every_parameter_is_asked_by_some_row_of_the_table() -> None:
    asked = {part.partition("=")[0] for query in ASKED for part in query.split("&") if part}
    assert asked == set(DECISIONS_QUERY.fields) - {"after", "limit", "lang"}


def test_what_was_decided_before_is_found_too(
    empty_database_url: str, tmp_path: Any, apps: Any, clock: SetClock
) -> None:
    database = open_database(Settings(database_url=empty_database_url))
    for each in [*FOLDER.glob("000*_*.py"), *FOLDER.glob("0010_*.py")]:
        (tmp_path / each.name).write_text(each.read_text(encoding="utf-8"), encoding="utf-8")
    migrate(database, tmp_path)
    of_lots = '{"lots": [{"reasons": [{"rule": "l"}]}, {"reasons": [{"rule": "r"}]}], "reasons": [{"rule": "r"}]}'
    with database.connection_context():
        execute(database, "INSERT INTO policy_version VALUES ('sha256:0', 'p', 1, '2025-01-01', '', '[]', '')")
        for decision, data in (("D-1", of_lots), ("D-2", '{"lots": [], "reasons": []}'), ("D-3", "torn")):
            insert = "INSERT INTO decision VALUES (?, 'A', 'p', 'sha256:0', 'denied', 1, ?, '', '{}', ?)"
            execute(database, insert, (decision, "2026-03-01T00:00:00Z", data))
    assert "0011_finding_decisions" in migrate(database)
    with reading(database):
        kept = rows(database, "SELECT rule, as_of, decision_id, of_request FROM decision_rule ORDER BY rule")
    close_database(database)
    assert [(*row[:3], bool(row[3])) for row in kept] == [
        ("l", "2026-03-01T00:00:00Z", "D-1", False),
        ("r", "2026-03-01T00:00:00Z", "D-1", True),
    ]


def test_a_day_is_that_of_the_programme(client: FlaskClient, decided: dict[str, dict[str, Any]]) -> None:
    """At 04:59:59Z it is the 2nd in Seoul, and the 1st in New York still."""
    versions = client.application.extensions[EXTENSION].versions
    database = client.application.extensions[EXTENSION].database
    with reading(database):
        zones = [versions.compiled(each["digest"]).zone.key for each in decided.values()]
    days = {(each["account"], each["as_of"][8:]): each["requested_on"] for each in decided.values()}
    assert (days["A", "02T04:59:59Z"], days["C", "02T04:59:59Z"]) == ("2026-03-02", "2026-03-01")
    assert set(zones) == {"Asia/Seoul", "America/New_York"}


def test_a_decision_is_to_be_had_whole(client: FlaskClient, decided: dict[str, dict[str, Any]]) -> None:
    denied = next(name for name, each in decided.items() if each["outcome"] == "denied")
    whole = client.get(f"{WHERE}/{denied}").get_json()
    conforms(whole, "WholeDecision")
    assert whole["refund_request"] is None, "nothing was filed"
    more = {"text", "leaf", "refund_request", "explanation", "reads"}
    assert {name: value for name, value in whole.items() if name not in more} == decided[denied]
    assert whole["engine"]
    assert whole["trace"]
    version = client.get(whole["text"]["address"]).get_json()
    conforms(version, "KeptVersion")
    assert (version["digest"], version["policy"]) == (whole["digest"], whole["policy"])
    assert "2026-03-01" in version["holidays"]
    entry = client.get(whole["leaf"]["entry"]).get_json()
    proof = client.get(whole["leaf"]["inclusion"]).get_json()
    assert (entry["reference"], entry["digest"]) == (denied, whole["leaf"]["digest"])
    assert entry["leaf_hash"] == proof["leaf_hash"] == whole["leaf"]["leaf_hash"]
    assert client.get(whole["explanation"]).status_code == 200
    assert client.get(f"{WHERE}/D-nothing").status_code == 404
    assert client.get("/v1/audit/versions/sha256:nothing").status_code == 404


def test_what_an_event_came_to_is_kept_whole_too(client: FlaskClient, database: Database) -> None:
    publish(database, (POLICY + LIFE).encode(), "small.yaml", NOW)
    happened = {"account": "A", "happened_at": "2026-03-01T00:00:00Z"}
    for event in (
        {"id": "E-1", "type": "purchase", "amount": 5_000},
        # More than there is: refused, and kept as well.
        {"id": "E-2", "type": "points_used", "amount": 90_000},
    ):
        assert client.post("/v1/events", json=event | happened).status_code == 201
        proof = client.get(f"/v1/audit/proofs/inclusion?kind=event_answer&reference={event['id']}").get_json()
        body = client.get(f"/v1/audit/entries/{proof['seq']}").get_json()["body"]
        kept = json.loads(body["data"])
        assert json.loads(body["case_data"])["event"]["id"] == event["id"]
        assert (body["digest"], bool(kept["engine"]), body["refused"]) == (kept["digest"], True, event["id"] == "E-2")
        assert {"reasons", "trace"} <= set(kept)
        assert client.get(f"/v1/audit/versions/{body['digest']}").get_json()["text"] == POLICY + LIFE


def test_an_account_in_the_body_is_found_by_its_id(client: FlaskClient) -> None:
    body = {"account": account_facts("elsewhere"), "lots": [{"id": "L", **lot_facts(9_000)}], "request": asking(9_000)}
    made = client.post("/v1/decisions", json=body).get_json()
    assert found(client, "account=elsewhere") == [made["id"]]
