"""How often rules spoke, and what they came to: beside the records that they are counted from."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from service import audit_rules
from service.audit_rules import FIGURES, RULE, spoken
from service.cli import recoup
from service.database import Database, reading, rows, writing
from service.periods import periods
from service.publishing import Versions, publish
from service.sweeps import sweep
from tests.service.builders import LIFE, NOW, POLICY, SetClock, asking, lot_facts, open_account, publish_small
from tests.service.test_audit import unguard
from tests.service.test_reference import check as conforms

WHERE = "/v1/audit/rules?day_from=2026-03-01&day_to=2026-03-31"


def file(client: FlaskClient, key: str, points: int | str, account: str = "A", **facts: Any) -> dict[str, Any]:
    body = {"account": account, "request": asking(points, **facts)}
    found: dict[str, Any] = client.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": key}).get_json()
    return found


def figures(client: FlaskClient, where: str = WHERE) -> dict[tuple[str, int | None], dict[str, int]]:
    """What each rule came to, by the rule and the version."""
    answer = client.get(where).get_json()
    conforms(answer, "RuleFigures")
    return {
        (line["rule"], line["version"]): {name: line[name] for name in FIGURES if line[name]}
        for line in answer["rules"]
    }


def test_what_rules_said_of_requests_is_counted_by_version(client: FlaskClient, database: Database) -> None:
    open_account(
        database,
        lot_facts(1_000, source="promotion"),
        lot_facts(500, source="promotion"),
        lot_facts(90_000),
        name="B",
        status="suspended",
    )
    file(client, "1", 60_000)  # More than a month's, than a receiving account's, and than there is.
    file(client, "2", 1_000, "B")  # Not active; two lots are a promotion's.
    file(client, "3", 5_000, method="cash")  # A fee of 50.
    publish_small(database, "".join(["\n", LIFE]))
    file(client, "4", 6_000, method="cash")
    client.post("/v1/decisions", json={"account": "A", "request": asking(7_000, method="cash")})

    found = figures(client)
    assert found == {
        ("active", 1): {"spoke": 1, "denied": 1, "denied_alone": 1, "points_refused": 1_000},
        ("fee", 1): {"spoke": 1, "charged": 1, "fee": 50},
        ("fee", 2): {"spoke": 1, "charged": 1, "fee": 60},
        ("monthly", 1): {"spoke": 1, "denied": 1, "points_refused": 60_000},
        ("order", 1): {"spoke": 1, "denied": 1, "points_refused": 60_000},
        ("promotion", 1): {"spoke": 1, "excluded": 2, "points_excluded": 1_500},
    }
    asked = figures(client, f"{WHERE}&of=all")
    assert asked.pop(("fee", 2)) == {"spoke": 2, "charged": 2, "fee": 130}
    assert asked == {key: value for key, value in found.items() if key != ("fee", 2)}
    one = figures(client, WHERE.replace("rules?", "rules/monthly?"))
    assert one == {("monthly", 1): found["monthly", 1]}


def test_who_asks_for_all_and_gets_a_rule_s_room_was_reduced(client: FlaskClient, database: Database) -> None:
    open_account(database, lot_facts(90_000), name="B")
    file(client, "1", "all", "B")
    assert figures(client) == {
        ("large", 1): {"spoke": 1, "reviewed": 1},
        ("monthly", 1): {"spoke": 1, "reduced": 1, "points_reduced": 40_000},
    }


def test_who_asks_for_all_is_refused_what_there_is(client: FlaskClient, database: Database) -> None:
    open_account(database, lot_facts(9_000), name="B", status="suspended")
    file(client, "1", "all", "B")
    assert figures(client)["active", 1] == {"spoke": 1, "denied": 1, "denied_alone": 1, "points_refused": 9_000}


def test_what_came_of_events_and_of_days_is_counted(client: FlaskClient, database: Database, clock: SetClock) -> None:
    publish(database, (POLICY + LIFE).encode(), "small.yaml", NOW)
    open_account(database, lot_facts(300, acquired_on="2024-03-05"), name="B", last_activity_on="2025-03-10")
    clock.at = NOW + timedelta(days=1)
    shared = {"account": "A", "happened_at": "2026-03-01T03:00:00Z"}
    for each in (
        {"id": "E-1", "type": "bill_paid", "amount": 50_000},
        {"id": "E-2", "type": "purchase", "amount": 4_000},
        {"id": "E-3", "type": "purchase_cancelled", "amount": 1_000, "of": "E-2"},
    ):
        assert client.post("/v1/events", json=shared | each).status_code == 201
    for day in (2, 20):  # The second makes up the days between.
        with reading(database):
            versions = Versions(database, 4)
        sweep(database, versions, NOW + timedelta(days=day))
    found = figures(client)
    assert found["bill-points", 2] == {"spoke": 1, "granted": 1, "points_granted": 500}
    assert found["shop-points", 2] == {"spoke": 1, "granted": 1, "points_granted": 400}
    assert found["shop-back", 2] == {"spoke": 1, "took_back": 1, "points_taken_back": 100}
    assert found["life", None] == {"spoke": 1, "expired": 1, "points_expired": 300}
    with reading(database):
        taken = "SELECT kind, CAST(-SUM(points) AS BIGINT) FROM ledger_entry WHERE rule <> '' GROUP BY kind"
        booked: dict[str, int] = dict(rows(database, taken))
        notices = rows(database, "SELECT COUNT(*) FROM notice")[0][0]
    sums: Counter[str] = Counter()
    for own in found.values():
        sums.update(own)
    took = {"grant": -sums["points_granted"], "take_back": sums["points_taken_back"]}
    took |= {"expire": sums["points_expired"], "charge": sums["points_charged"]}
    assert {kind: points for kind, points in took.items() if points} == booked
    assert sums["noticed"] == notices


def test_a_rule_that_takes_back_from_several_lots_spoke_once(
    client: FlaskClient, database: Database, clock: SetClock
) -> None:
    publish(database, (POLICY + LIFE).encode(), "small.yaml", NOW)
    open_account(database, name="B")
    clock.at = NOW + timedelta(days=10)
    answers = [
        client.post("/v1/events", json={"account": "B", "happened_at": f"2026-03-{day:02}T01:00:00Z", **told})
        for day, told in (
            (2, {"id": "E-1", "type": "purchase", "amount": 4_000}),
            (10, {"id": "E-2", "type": "points_used", "amount": 300}),
            (10, {"id": "E-3", "type": "bill_paid", "amount": 50_000}),
            (11, {"id": "E-4", "type": "purchase_cancelled", "amount": 4_000, "of": "E-1"}),
        )
    ]
    assert [each["points"] for each in answers[-1].get_json()["answer"]["taken"]] == [100, 300]
    found = figures(client)
    assert found["shop-back", 2] == {"spoke": 1, "took_back": 1, "points_taken_back": 400}
    assert found["shop-points", 2] == {"spoke": 1, "granted": 1, "points_granted": 400}


def test_days_are_those_of_the_programme(client: FlaskClient, clock: SetClock) -> None:
    clock.at = NOW.replace(hour=14, minute=59)
    file(client, "1", 1_000, method="cash")
    clock.at = NOW.replace(hour=15, minute=0)
    file(client, "2", 1_000, method="cash")
    lines = client.get(WHERE).get_json()["rules"]
    assert [(line["from"], line["to"], line["spoke"]) for line in lines] == [
        ("2026-03-02", "2026-03-02", 1),
        ("2026-03-03", "2026-03-03", 1),
    ]
    months = client.get(f"{WHERE}&per=month").get_json()["rules"]
    assert [(line["from"], line["to"], line["spoke"]) for line in months] == [("2026-03-01", "2026-03-31", 2)]
    second = client.get(WHERE.replace("day_from=2026-03-01", "day_from=2026-03-03")).get_json()["rules"]
    assert second == lines[1:]


def test_the_same_comes_page_by_page(client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in range(5):
        file(client, f"{key}", 1_000 + key, method="cash")
    some = periods(NOW.date(), NOW.date(), "whole")
    versions = Versions(database, 2)
    with reading(database):
        whole = spoken(database, versions, some, "filed")
        monkeypatch.setattr(audit_rules, "PAGE", 2)
        assert spoken(database, versions, some, "filed") == whole
        assert whole.lines[0]["spoke"] == 5


def test_a_record_that_nobody_can_read_is_told_and_not_counted(client: FlaskClient, database: Database) -> None:
    file(client, "1", 1_000, method="cash")
    file(client, "2", 1_000, method="cash")
    broken = "UPDATE decision SET data = '{' WHERE id = (SELECT MIN(id) FROM decision)"
    writing(database, lambda: unguard(database, "decision", broken))
    answer = client.get(WHERE).get_json()
    assert (answer["unreadable"], answer["rules"][0]["spoke"]) == (1, 1)


def test_the_figures_are_those_of_each_record(client: FlaskClient, database: Database) -> None:
    """Counted in another way: by the SQL of nobody, from the decisions as anybody reads them."""
    open_account(database, lot_facts(1_000, source="promotion"), lot_facts(80_000), name="B")
    asked: list[int | str] = [1_000, 60_000, "all", 45_000, 2]
    for key, points in enumerate(asked):
        for account in ("A", "B"):
            file(client, f"{account}{key}", points, account, method="cash" if key % 2 else "credit")
    with reading(database):
        kept = [json.loads(data) for (data,) in rows(database, "SELECT data FROM decision")]
    count: Counter[tuple[str, str]] = Counter()
    for decision in kept:
        for reason in decision["reasons"]:
            count[reason["rule"], reason["effect"]] += 1
        for line in decision["fees"]:
            count[line["rule"], "fee"] += line["fee"]
        for lot in decision["lots"]:
            for rule in {why["rule"] for why in lot["reasons"]}:
                count[rule, "excludes"] += 1
    names = {"denies": "denied", "reviews": "reviewed", "charges": "charged", "excludes": "excluded", "fee": "fee"}
    own = {(rule, names[what]): value for (rule, what), value in count.items() if value}
    found = {
        (rule, name): value
        for (rule, _), figure in figures(client).items()
        for name, value in figure.items()
        if name in names.values()
    }
    assert found == own


def test_figures_of_rules_come_as_csv_and_by_the_command(
    client: FlaskClient, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    file(client, "1", 60_000)
    answer = client.get(f"{WHERE}&format=csv")
    lines = [*csv.DictReader(io.StringIO(answer.get_data(as_text=True), newline=""))]
    assert [(line["rule"], line["denied"], line["points_refused"]) for line in lines] == [
        ("monthly", "1", "60000"),
        ("order", "1", "60000"),
    ]
    assert tuple(lines[0]) == RULE

    def run(*more: str) -> Any:
        arguments = ["audit", "rules", *more, "--from", "2026-03-01", "--to", "2026-03-31"]
        return CliRunner().invoke(recoup, arguments)

    assert run().stdout_bytes == answer.get_data()
    assert run("monthly").stdout_bytes.count(b"\r\n") == 2
    assert json.loads(run("monthly", "--json", "--all").stdout)[0]["denied"] == 1
    assert (run("monthy").exit_code, run("monthy").stderr) == (
        2,
        "recoup: monthy was never a rule of small; did you mean 'monthly'?\n",
    )
    assert run("--policy", "other").exit_code == 2
    unknown = client.get(WHERE.replace("rules?", "rules/monthy?"))
    assert (unknown.status_code, "monthly" in unknown.get_json()["errors"][0]["detail"]) == (404, True)
    silent = client.get(WHERE.replace("rules?", "rules/fee?"))
    assert (silent.status_code, silent.get_json()["rules"]) == (200, [])
