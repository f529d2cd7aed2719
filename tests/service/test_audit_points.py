"""What became of points, beside the ledger that it is counted from: to the point, whatever happened."""

from __future__ import annotations

import csv
import io
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service import audit_points, claims, ledger
from service.audit_points import BY, COLUMNS, FIGURES, MOVEMENT, OUTSTANDING, movements, outstanding
from service.cli import recoup
from service.clock import stored
from service.commands import _audit_figures
from service.csv_text import BEGIN_FORMULAS, csv_text
from service.database import Database, execute, reading, rows, writing
from service.ledger import Grant, Part
from service.periods import PER, Period, TooMany, period_of, periods
from service.publishing import Versions, publish
from service.shapes_figures import FORMATS
from tests.service.builders import NOW, POLICY, Run, asking, lot_facts, open_account, publish_small
from tests.service.test_reference import check as conforms

START = datetime(2025, 12, 30, 10, tzinfo=UTC)
RAW = (
    "SELECT lot.source, lot.rule, entry.kind, entry.points, entry.happened_at, entry.entered_at"
    " FROM ledger_entry entry JOIN lot ON lot.id = entry.lot_id"
)
SETTLED = (
    'SELECT lot.source, lot.rule, hold.points, "move".moved_at FROM "move"'
    ' JOIN hold ON hold.request_id = "move".request_id JOIN lot ON lot.id = hold.lot_id WHERE "move".name = \'settle\''
)
SIGNS = {name: sign for name, (*_, sign) in COLUMNS.items()}


class Life:
    """Somebody's points at random: granted, held, paid out, given back, used, ended and taken, some told late."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database = database
        self.random = random.Random(seed)
        self.named = f"{seed}"
        self.at = START
        self.count = 0
        self.requests: dict[str, str] = {}
        self.used: list[tuple[str, int]] = []

    def step(self) -> None:
        """One more thing that happens."""
        self.at += timedelta(hours=self.random.randrange(1, 60))
        self.entered = self.at + timedelta(hours=self.random.choice([0, 0, 1, 400]))
        self.count += 1
        name = self.random.choice(
            ["grant", "hold", "hold", "move", "move", "use", "return", "expire", "charge", "take_back"]
        )
        writing(self.database, lambda: getattr(self, f"_{name}", self._take)(name))

    def _lots(self) -> list[tuple[str, int]]:
        return [tuple(row) for row in rows(self.database, 'SELECT id, "left" FROM lot WHERE "left" > 0 ORDER BY id')]

    def _grant(self, _name: str) -> None:
        facts = lot_facts(self.random.randrange(1, 500), source=self.random.choice(["bill", "promotion"]))
        rule = self.random.choice(["", "bill-points"])
        grant = Grant(f"L-{self.named}-{self.count:03}", "A", facts, self.at, "", rule)
        ledger.grant(self.database, [grant], self.entered)

    def _hold(self, _name: str) -> None:
        lots = self.random.sample(self._lots(), min(2, len(self._lots())))
        allocation = [(lot, self.random.randint(1, left)) for lot, left in lots]
        if not allocation:
            return
        request = f"R-{self.named}-{self.count:03}"
        execute(
            self.database,
            "INSERT INTO decision SELECT ?, 'A', 'small', digest, 'approved', 1, '', '', '{}', '{}'"
            " FROM policy_version",
            (request,),
        )
        execute(
            self.database,
            "INSERT INTO refund_request (id, account_id, decision_id, state, points, method, receiving_account,"
            " requested_at, payout) VALUES (?, 'A', ?, 'approved', 1, 'cash', '', ?, 0)",
            (request, request, stored(self.at)),
        )
        ledger.hold(self.database, "A", request, allocation, self.at, self.entered)
        self.requests[request] = "approved"

    def _move(self, _name: str) -> None:
        some = [request for request, state in self.requests.items() if state in ("approved", "settled")]
        if not some:
            return
        request = self.random.choice(some)
        if self.requests[request] == "settled":
            claims.reverse(self.database, "A", request, self.at)
            self.requests[request] = "reversed"
        elif self.random.random() < 0.5:
            claims.release(self.database, "A", request, self.at)
            self.requests[request] = "cancelled"
        else:
            ledger.settle(self.database, request)
            moved = 'INSERT INTO "move" (request_id, name, before, state, actor, reason, moved_at) VALUES'
            execute(
                self.database, f"{moved} (?, 'settle', 'approved', 'settled', '', '', ?)", (request, stored(self.at))
            )
            self.requests[request] = "settled"

    def _take(self, name: str) -> None:
        lots = self._lots()
        if lots:
            lot, left = self.random.choice(lots)
            points = self.random.randint(1, left)
            ledger.take(self.database, "A", name, [Part(lot, points)], self.at, self.entered)
            if name == "use":
                self.used.append((lot, points))

    def _return(self, _name: str) -> None:
        if self.used:
            lot, points = self.used.pop()
            claims.give_back(self.database, "A", "use", [Part(lot, points)], None, self.at, self.entered)


def counted(database: Database, some: list[Period], by: str) -> list[dict[str, Any]]:
    """The same figures, of all entries, one after the other; days in Seoul."""
    sums: dict[tuple[str, str], dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    names = {kind: name for name, (kind, *_) in COLUMNS.items() if kind != "use"}

    def period(instant: str) -> str:
        day = (datetime.fromisoformat(instant) + timedelta(hours=9)).date().isoformat()
        found = period_of(some, day)
        return found.first.isoformat() if found else ("" if day < some[0].first.isoformat() else "later")

    for source, rule, kind, points, happened_at, entered_at in rows(database, RAW):
        name = names.get(kind) or ("used" if points < 0 else "returned")
        at = {"happened_at": happened_at, "entered_at": entered_at}[by]
        sums[source, rule][period(at)][name] += SIGNS[name] * points
    for source, rule, points, moved_at in rows(database, SETTLED):
        sums[source, rule][period(moved_at)]["settled"] += points
    found = []
    for (source, rule), own in sorted(sums.items()):
        opening, held = closed(own[""], 0, 0)
        for each in some:
            columns = {name: own[each.first.isoformat()][name] for name in (*COLUMNS, "settled")}
            closing, still = closed(columns, opening, held)
            if opening or held or any(columns.values()):
                line = {"policy": "small", "source": source, "rule": rule, **each.data(), "opening": opening, **columns}
                found.append(line | {"closing": closing, "held_opening": held, "held_closing": still})
            opening, held = closing, still
    return found


def closed(columns: dict[str, int], opening: int, held: int) -> tuple[int, int]:
    """What there is behind a period: to be used, and held."""
    still = held + columns["held"] - columns["released"] - columns["settled"]
    return opening + sum(sign * columns[name] for name, sign in SIGNS.items()), still


@pytest.fixture
def programme(database: Database) -> Database:
    """The small policy, and the account A without points."""
    publish_small(database)
    open_account(database)
    return database


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), first=st.integers(-3, 60), days=st.integers(0, 90), per=st.sampled_from(PER))
def test_the_figures_are_the_ledger_s(programme: Database, seed: int, first: int, days: int, per: str) -> None:
    """Each example adds to the ledger of those before."""
    count = rows_of(programme, "SELECT COUNT(*) FROM lot")
    life = Life(programme, seed * 1_000 + count)
    for _ in range(40):
        life.step()
    start = START.date() + timedelta(days=first)
    some = periods(start, start + timedelta(days=days), per)
    versions = Versions(programme, 2)
    with reading(programme):
        for by in BY:
            found = movements(programme, versions, some, by)
            assert found == counted(programme, some, by)
            for line in found:
                changed = sum(sign * line[name] for name, sign in SIGNS.items())
                assert line["closing"] == line["opening"] + changed
                assert line["held_closing"] == line["held_opening"] + line["held"] - line["released"] - line["settled"]
            for before, after in pairwise(found):
                if (before["source"], before["rule"]) == (after["source"], after["rule"]):
                    assert (before["closing"], before["held_closing"]) == (after["opening"], after["held_opening"])
            split = movements(programme, versions, some, by, split="expiry")
            assert together(split) == found
            last = {_key(line): line["closing"] for line in split if line["to"] == some[-1].last.isoformat()}
            still = outstanding(programme, versions, some[-1].last, by)
            assert {key: points for key, points in last.items() if points} == {
                _key(line): line["points"] for line in still
            }
        far = [Period(start, date(2027, 1, 1))]
        closing = movements(programme, versions, far, BY[0])
        left = rows(programme, 'SELECT COALESCE(SUM("left"), 0) FROM lot')[0][0]
        held = rows(programme, "SELECT COALESCE(SUM(points), 0) FROM hold WHERE state = 'held'")[0][0]
        assert sum(line["closing"] for line in closing) == left
        assert sum(line["held_closing"] for line in closing) == held
        assert sum(line["points"] for line in outstanding(programme, versions, date(2027, 1, 1), BY[0])) == left


def _key(line: dict[str, Any]) -> tuple[str, str, str | None]:
    return line["source"], line["rule"], line["expires_in"]


def together(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines without their months."""
    sums: dict[tuple[str, str, str], dict[str, Any]] = {}
    for line in lines:
        own = {name: value for name, value in line.items() if name != "expires_in"}
        kept = sums.setdefault((own["source"], own["rule"], own["from"]), own | dict.fromkeys(FIGURES, 0))
        for name in FIGURES:
            kept[name] += own[name]
    return [line for _, line in sorted(sums.items())]


def rows_of(database: Database, sql: str) -> Any:
    with reading(database):
        return rows(database, sql)[0][0]


def test_what_is_outstanding_stands_in_the_month_in_which_the_rules_end_it(
    client: FlaskClient, database: Database
) -> None:
    """Points live two years in the small policy. What has expired is outstanding until a sweep books it."""
    open_account(database, lot_facts(500, acquired_on="2024-02-10", source="promotion"), name="B")
    open_account(database, lot_facts(7), name="C", kind="nobody")
    client.post(
        "/v1/refund-requests", json={"account": "A", "request": asking(4_000)}, headers={"Idempotency-Key": "k"}
    )
    answer = client.get("/v1/audit/points/outstanding?on=2026-03-31").get_json()
    conforms(answer, "OutstandingPoints")
    assert [(line["source"], line["expires_in"], line["points"]) for line in answer["outstanding"]] == [
        ("bill", "2027-06", 6_000),
        ("bill", "2027-07", 20_000),
        ("bill", "unknown", 7),
        ("promotion", "2026-02", 500),
    ]
    earlier = client.get("/v1/audit/points/outstanding?on=2025-06-30&policy=small").get_json()["outstanding"]
    assert [(line["expires_in"], line["points"]) for line in earlier if line["source"] == "bill"][:1] == [
        ("2027-06", 10_000)
    ]


def test_a_last_day_stays_with_its_lot_in_whatever_order_a_database_gives_them(database: Database) -> None:
    """PostgreSQL gives the rows of a group in any order."""
    publish_small(database)
    open_account(database, lot_facts(10_000), lot_facts(20_000, acquired_on="2025-07-01"))
    compiled = Versions(database, 1).in_force("small", NOW)
    lots = [{**lot, "rule": ""} for lot in ledger.lots_of(database, "A")]
    on = date(2026, 3, 31)
    days = audit_points._last_days(database, compiled, "A", lots, on)
    assert [day and day[:7] for day in days] == ["2027-06", "2027-07"]
    assert audit_points._last_days(database, compiled, "A", lots[::-1], on) == days[::-1]


def test_what_expired_and_what_was_used_is_told_by_the_month_in_which_it_expires(
    client: FlaskClient, database: Database, run: Run
) -> None:
    """Points live two years. What has expired stays in the month for which that was booked, whatever the rules say."""

    def work() -> None:
        for lot, kind, points, at in (
            ("A.1", "use", 4_000, "2026-02-03"),
            ("A.2", "use", 20_000, "2026-03-03"),
            ("B.1", "use", 200, "2026-01-05"),
            ("B.1", "expire", 300, "2026-02-09"),
        ):
            ledger.take(database, lot[0], kind, [Part(lot, points)], datetime.fromisoformat(f"{at}T15:00:00Z"), NOW)

    open_account(
        database,
        lot_facts(500, acquired_on="2024-02-10", source="promotion"),
        lot_facts(70, acquired_on="2024-02-10", source="promotion"),
        name="B",
    )
    writing(database, work)
    publish(database, POLICY.replace("after: 2 years", "after: 5 years").encode(), "small.yaml", NOW)
    where = "/v1/audit/points?day_from=2026-01-01&day_to=2026-03-31&per=whole&split=expiry"
    answer = client.get(where).get_json()
    conforms(answer, "PointFigures")
    figures = ("opening", "used", "expired", "closing")
    assert [(each["source"], each["expires_in"], *(each[name] for name in figures)) for each in answer["points"]] == [
        ("bill", "2030-06", 10_000, 4_000, 0, 6_000),
        ("bill", "2030-07", 20_000, 20_000, 0, 0),
        ("promotion", "2026-02", 500, 200, 300, 0),
        ("promotion", "2029-02", 70, 0, 0, 70),
    ]
    text = client.get(f"{where}&format=csv").get_data(as_text=True)
    assert text.split("\r\n")[0].split(",")[:6] == ["policy", "source", "rule", "expires_in", "from", "to"]
    asked = ("--from", "2026-01-01", "--to", "2026-03-31", "--per", "whole", "--expiry")
    assert run("audit", "points", *asked).stdout_bytes.decode() == text


@pytest.mark.parametrize(
    ("asked", "words"),
    {
        "--to 2026-03-31": "since which day? Give it with --from; for one day, --from 2026-03-31 --to 2026-03-31",
        "--from 2026-03-31 --to 2026-03-01": "--from lies behind --to",
        "--from 2026-03-01 --to 2026-03-31 --outstanding": "--from does not go with --outstanding",
        "--to 2026-03-31 --outstanding --per month": "--per does not go with --outstanding",
        "--to 2026-03-31 --outstanding --expiry": "--expiry does not go with --outstanding",
    }.items(),
)
def test_what_says_nothing_together_is_refused_by_the_command(asked: str, words: str) -> None:
    refused = CliRunner().invoke(recoup, ["audit", "points", *asked.split()])
    assert (refused.exit_code, refused.stdout, refused.stderr.startswith(f"recoup: {words}")) == (2, "", True)


def test_what_says_nothing_together_is_refused_by_the_addresses(client: FlaskClient) -> None:
    for asked, parameter in {
        "points?day_to=2026-03-31": "day_from",
        "points?day_from=2026-03-31&day_to=2026-03-01": "day_from",
        "points?day_from=2026-03-01&day_to=2026-03-31&on=2026-03-31": "on",
        "points/outstanding?on=2026-03-31&day_from=2026-03-01": "day_from",
        "points/outstanding?on=2026-03-31&per=month": "per",
        "points/outstanding?on=2026-03-31&split=expiry": "split",
    }.items():
        refused = client.get(f"/v1/audit/{asked}")
        assert (refused.status_code, [each["parameter"] for each in refused.get_json()["errors"]]) == (400, [parameter])


CSV = "text/csv; charset=utf-8; header=present"


def test_figures_come_as_data_and_as_csv(
    client: FlaskClient, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    filed = {"account": "A", "request": asking(12_000)}
    made = client.post("/v1/refund-requests", json=filed, headers={"Idempotency-Key": "k"}).get_json()
    client.post(f"/v1/refund-requests/{made['id']}/settle", json={}, headers={"Idempotency-Key": "s"})
    where = "/v1/audit/points?day_from=2026-01-01&day_to=2026-03-31"
    answer = client.get(where)
    conforms(answer.get_json(), "PointFigures")
    lines = answer.get_json()["points"]
    march = lines[-1]
    assert (
        march["from"],
        march["opening"],
        march["held"],
        march["settled"],
        march["closing"],
        march["held_closing"],
    ) == (
        *("2026-03-01", 30_000, 12_000),
        *(12_000, 18_000, 0),
    )
    text = ""
    for asked in (client.get(f"{where}&format=csv"), client.get(where, headers={"Accept": "text/csv"})):
        assert (asked.headers["Content-Type"], asked.headers["Vary"]) == (CSV, "Accept, Accept-Language")
        text = asked.get_data(as_text=True)
        assert [*csv.DictReader(io.StringIO(text, newline=""))] == [
            {name: str(line[name]) for name in MOVEMENT["class"]} for line in lines
        ]
    assert client.get(f"{where}&format=json", headers={"Accept": "text/csv"}).mimetype == "application/json"

    def said(*more: str) -> bytes:
        span = () if "--outstanding" in more else ("--from", "2026-01-01")
        arguments = ["audit", "points", *span, "--to", "2026-03-31", *more]
        return CliRunner().invoke(recoup, arguments).stdout_bytes

    assert said().decode() == text
    assert said("--json").decode().startswith('[{"policy":"small"')
    shown = client.get("/v1/audit/points/outstanding?on=2026-03-31&format=csv").get_data()
    assert (said("--outstanding"), shown.split(b"\r\n")[0].decode()) == (shown, ",".join(OUTSTANDING))


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [
        ("points", "day_from"),
        ("points?day_from=2026-02-01&day_to=2026-01-01", "day_from"),
        ("points?day_from=2020-01-01&day_to=2026-01-01&per=day", "per"),
        ("points?day_from=2026-01-01&day_to=2026-01-01&policy=other", "policy"),
        ("points?day_from=2026-01-01&day_to=2026-01-01&format=xml", "format"),
        ("points/outstanding?on=yesterday", "on"),
        ("rules?day_from=2026-01-01&day_to=2026-01-01&of=some", "of"),
    ],
)
def test_a_question_that_means_nothing_is_refused_by_name(client: FlaskClient, asked: str, parameter: str) -> None:
    answer = client.get(f"/v1/audit/{asked}")
    named = {each["parameter"] for each in answer.get_json()["errors"]}
    assert (answer.status_code, parameter in named) == (400, True)


def test_the_commands_offer_what_the_addresses_do() -> None:
    assert (_audit_figures.PER, _audit_figures.BY, FORMATS) == (PER, audit_points.BY, ("json", "csv"))
    assert set(FIGURES) == {*COLUMNS, "opening", "closing", "held_opening", "settled", "held_closing"}


@settings(max_examples=40)
@given(st.lists(st.tuples(st.text(), st.integers(), st.none() | st.text()), max_size=5))
def test_csv_is_read_back_as_it_was_and_nothing_in_it_is_a_formula(lines: list[tuple[str, int, str | None]]) -> None:
    names = ["text", "number", "more"]
    text = csv_text(names, [dict(zip(names, line, strict=True)) for line in lines])
    header, *found = csv.reader(io.StringIO(text, newline=""))
    assert header == names
    for (own, number, more), (shown, figure, beside) in zip(lines, found, strict=True):
        assert figure == str(number)
        for written, read in ((own, shown), (more or "", beside)):
            assert read in (written, f"'{written}")
            assert read.lstrip(" \u3000")[:1] not in BEGIN_FORMULAS or not read.strip(" \u3000")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1"])
def test_a_text_that_would_be_a_formula_is_marked_as_text(text: str) -> None:
    assert next(csv.reader([csv_text(["a"], [{"a": text}]).split("\r\n", 1)[1]]))[0].startswith("'")


def test_too_many_periods_are_refused() -> None:
    assert len(periods(date(2025, 1, 1), date(2026, 2, 4), "day")) == 400
    with pytest.raises(TooMany):
        periods(date(2025, 1, 1), date(2026, 2, 5), "day")
