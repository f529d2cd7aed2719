"""A population that is read: in one stream whatever its parts, and refused with its place and what mends it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.population import deciding
from engine.population.answers import Asking
from engine.population.batch import BatchFunction
from engine.population.deciding import answers
from engine.population.folder import Population
from engine.population.made import make_population
from engine.population.merging import BadPopulation
from engine.population.processes import answers_of
from engine.population.sql import Connection, literal, opened
from engine.population.ways import Engine, way_of
from engine.versions import load_version
from policies.versions import PolicyVersion
from tests.service.builders import POLICY

AS_OF = datetime(2026, 3, 2, 1, tzinfo=UTC)
ACCOUNTS = 30
THIRD = "A-000000002"
DECLARED = """\
  lot.shop: {type: text, ko: 매장, en: the shop, default: none}
  account.vip_since: {type: date, ko: 우대 시작일, en: since when favoured, default: 2020-01-01}
"""
TEXT = POLICY.replace("rules:\n", f"{DECLARED}rules:\n", 1)


@pytest.fixture(scope="module")
def version() -> PolicyVersion:
    """The small policy, which declares facts of accounts and of lots."""
    found, problems = load_version(TEXT.encode(), "small.yaml")
    assert found is not None, problems
    return found


@pytest.fixture(scope="module")
def asking(version: PolicyVersion) -> Asking:
    """Everything, by each method."""
    return Asking(AS_OF, version.policy.facts["request.method"].choices)


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    """A database in memory."""
    with opened("200MB", threads=1) as found:
        yield found


@pytest.fixture(scope="module")
def made(version: PolicyVersion, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A population of the small policy."""
    folder = tmp_path_factory.mktemp("made")
    make_population(str(folder), version.policy, accounts=ACCOUNTS, lots=3, seed=1, as_of=AS_OF)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of it, to change."""
    return Path(shutil.copytree(made, tmp_path / "population"))


def rewrite(connection: Connection, folder: Path, name: str, statement: str) -> None:
    """Write one file anew, by a statement on what it held."""
    file = folder / f"{name}.parquet"
    connection.execute(f"CREATE OR REPLACE TABLE was AS SELECT * FROM read_parquet({literal(str(file))})")  # noqa: S608
    connection.execute(f"COPY ({statement}) TO {literal(str(file))} (FORMAT parquet)")


def decided(
    connection: Connection, folder: Path, version: PolicyVersion, asking: Asking, engine: Engine = "plain"
) -> list[dict[str, Any]]:
    """What the population is answered, on one engine."""
    population = Population(connection, str(folder), version.policy)
    found = list(answers(version, asking, population, way_of(version, asking, engine), 1))
    return [row for batch in found for row in batch.to_pylist()]


BROKEN = {
    "a_column_is_missing": (
        "accounts",
        "SELECT * EXCLUDE (debt) FROM was",
        "accounts.parquet: column 'debt' is missing; add it as BIGINT",
    ),
    "a_column_is_misspelt": (
        "accounts",
        "SELECT * RENAME (grade AS grad) FROM was",
        "accounts.parquet: column 'grad' is not known; did you mean 'grade'?",
    ),
    "a_column_is_of_another_type": (
        "lots",
        'SELECT * REPLACE (CAST("left" AS VARCHAR) AS "left") FROM was',
        "lots.parquet: column 'left' is VARCHAR; write it as BIGINT",
    ),
    "accounts_are_not_in_order": (
        "accounts",
        "SELECT * FROM was ORDER BY account_id DESC",
        "accounts.parquet, row 2: 'A-000000028' stands behind 'A-000000029'; sort the rows by account_id",
    ),
    "an_account_is_there_twice": (
        "accounts",
        "SELECT * FROM was UNION ALL (SELECT * FROM was LIMIT 1) ORDER BY account_id",
        "accounts.parquet, row 2: 'A-000000000' is there twice; leave one of them",
    ),
    "lots_are_not_in_order": (
        "lots",
        "SELECT * FROM was ORDER BY account_id, lot_id DESC",
        (
            "lots.parquet, row 2: 'A-000000000 L-000000000-00001' stands behind 'A-000000000 L-000000000-00002';"
            " sort the rows by account_id, lot_id"
        ),
    ),
    "a_lot_is_of_nobody": (
        "lots",
        "SELECT * REPLACE (replace(account_id, '-000000004', '-000000004a') AS account_id) FROM was ORDER BY ALL",
        "lots.parquet, row 13: there is no account 'A-000000004a'; add it to accounts.parquet",
    ),
    "lots_are_left_at_the_end": (
        "lots",
        "SELECT * REPLACE ('B' AS account_id) FROM was ORDER BY lot_id",
        "lots.parquet, row 1: there is no account 'B'; add it to accounts.parquet",
    ),
    "a_lot_has_no_account": (
        "lots",
        "SELECT * REPLACE (CASE WHEN lot_id < 'L-000000000-00002' THEN account_id END AS account_id) FROM was",
        "lots.parquet, row 3: there is no account_id; give each row one",
    ),
    "it_is_of_another_programme": (
        "accounts",
        "SELECT * REPLACE ('other' AS policy) FROM was",
        (
            "accounts.parquet: holds accounts of 'other', and the policy is 'small';"
            " decide each programme's accounts by its own policy"
        ),
    ),
}


@pytest.mark.parametrize(("name", "statement", "expected"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_population_is_told_with_its_place_on_either_way(
    connection: Connection,
    folder: Path,
    version: PolicyVersion,
    asking: Asking,
    name: str,
    statement: str,
    expected: str,
) -> None:
    rewrite(connection, folder, name, statement)

    for engine in ("plain", "duckdb"):
        with pytest.raises(BadPopulation) as raised:
            decided(connection, folder, version, asking, engine)
        assert str(raised.value) == f"{folder}/{expected}"


def test_a_file_that_is_missing_or_no_parquet_is_named(
    connection: Connection, folder: Path, version: PolicyVersion
) -> None:
    (folder / "lots.parquet").unlink()
    with pytest.raises(
        BadPopulation, match=r"lots\.parquet: there is no such file; a population has accounts\.parquet"
    ):
        Population(connection, str(folder), version.policy)
    (folder / "lots.parquet").write_text("lots", "utf-8")
    with pytest.raises(BadPopulation, match=r"lots\.parquet: cannot be read \(.+\); write it anew as Parquet"):
        Population(connection, str(folder), version.policy)


ODD = {
    "a_word_that_the_policy_does_not_know": ("accounts", "'gone' AS status", "account.status is 'gone'"),
    "nothing_where_something_has_to_be": ("accounts", "NULL AS joined_on", "account.joined_on is null"),
    "a_declared_word": ("accounts", "'BRONZE' AS grade", "account.grade is 'BRONZE'"),
    "a_number_beyond_all_amounts": ("accounts", "-1 AS debt", "account.debt is -1"),
    "a_day_that_python_has_not": (
        "accounts",
        "DATE '12000-01-01' AS born_on",
        "holds a day that the calendar does not",
    ),
    "no_day_among_days": ("accounts", "[NULL, DATE '2026-01-01'] AS activity_days", "account.activity_days is null"),
    "a_control_character": ("lots", "chr(7) AS campaign", "lots.0.campaign holds a control character"),
    "a_character_of_a_terminal": ("lots", "chr(127) AS campaign", "lots.0.campaign holds a control character"),
    "one_beyond_ascii": ("lots", "'가' || chr(133) AS campaign", "lots.0.campaign holds a control character"),
    "a_text_that_is_too_long": ("lots", "repeat('x', 201) AS shop", "lots.0.shop has 201 characters"),
    "more_left_than_there_was": ("lots", 'amount + 1 AS "left"', "more than the lot's amount"),
    "more_than_fits_into_a_number": ("lots", "4611686018427387904 AS amount", "lots.0.amount is 46116860184273"),
    "a_state_that_no_refund_has": ("history", "'lost' AS state", "history.0.state is 'lost'"),
    "a_refund_of_nothing": ("history", "0 AS points", "history.0.points is 0"),
    "an_instant_long_ago": ("history", "TIMESTAMP '1800-01-01' AS requested_at", "history.0.requested_at is"),
}


@pytest.mark.parametrize(("name", "replaced", "expected"), ODD.values(), ids=ODD.keys())
def test_what_the_policy_does_not_know_is_an_answer_of_that_account_on_either_way(
    connection: Connection,
    folder: Path,
    version: PolicyVersion,
    asking: Asking,
    name: str,
    replaced: str,
    expected: str,
) -> None:
    if name == "history":
        add_refund(connection, folder)
    value, column = replaced.rsplit(" AS ", 1)
    before = decided(connection, folder, version, asking)
    odd = f"CASE WHEN account_id = '{THIRD}' THEN {value} ELSE {column} END AS {column}"
    rewrite(connection, folder, name, f"SELECT * REPLACE ({odd}) FROM was")  # noqa: S608

    found = decided(connection, folder, version, asking)

    changed = [row for row, other in zip(found, before, strict=True) if row != other]
    assert [(row["account_id"], row["method"], row["outcome"]) for row in changed] == [
        (THIRD, method, None) for method in asking.methods
    ]
    for row in changed:
        assert row["error"].startswith("bad-facts: ")
        assert expected in row["error"]
    assert decided(connection, folder, version, asking, "duckdb") == found


def add_refund(connection: Connection, folder: Path) -> None:
    """The third account gets one refund of before, and nobody else has any."""
    rewrite(
        connection,
        folder,
        "history",
        f"SELECT * REPLACE ('{THIRD}' AS account_id, '{THIRD}' AS of_account) FROM was LIMIT 1",  # noqa: S608
    )


def test_what_a_file_need_not_say_holds_by_default(
    connection: Connection, folder: Path, version: PolicyVersion, asking: Asking
) -> None:
    rewrite(connection, folder, "lots", "SELECT * REPLACE (CAST(NULL AS VARCHAR) AS shop) FROM was")
    rewrite(connection, folder, "accounts", "SELECT * REPLACE (NULL::DATE AS vip_since) FROM was")
    unstated = decided(connection, folder, version, asking)
    rewrite(connection, folder, "lots", "SELECT * EXCLUDE (shop), 1 AS of_no_use FROM was")
    rewrite(connection, folder, "accounts", "SELECT * EXCLUDE (vip_since) FROM was")

    population = Population(connection, str(folder), version.policy)

    assert population.notes == [f"{folder}/lots.parquet: column 'of_no_use' is left aside: the policy does not know it"]
    assert decided(connection, folder, version, asking) == unstated


def test_a_file_may_be_a_folder_of_part_files_and_say_types_otherwise(
    connection: Connection, folder: Path, version: PolicyVersion, asking: Asking
) -> None:
    expected = decided(connection, folder, version, asking)
    rewrite(connection, folder, "accounts", "SELECT * REPLACE (debt::INTEGER AS debt) FROM was")
    rewrite(
        connection,
        folder,
        "history",
        "SELECT * REPLACE (requested_at AT TIME ZONE 'UTC' AS requested_at) FROM was",
    )
    whole = folder / "lots.parquet"
    parts = whole.rename(folder / "lots")
    whole.mkdir()
    for number, (first, last) in enumerate([(0, 40), (40, 99)]):
        rows = f"SELECT * FROM read_parquet({literal(str(parts))}) LIMIT {last - first} OFFSET {first}"  # noqa: S608
        connection.execute(f"COPY ({rows}) TO {literal(str(whole / f'part-{number}.parquet'))} (FORMAT parquet)")

    for engine in ("plain", "duckdb"):
        assert decided(connection, folder, version, asking, engine) == expected


@settings(max_examples=25, deadline=None)
@given(rows=st.integers(1, 40), read_rows=st.integers(1, 60))
def test_the_answers_are_the_same_whatever_is_read_at_once(
    connection: Connection, made: Path, version: PolicyVersion, asking: Asking, rows: int, read_rows: int
) -> None:
    population = Population(connection, str(made), version.policy)
    whole = pa.Table.from_batches(population.batches(ACCOUNTS))

    parts = pa.Table.from_batches(population.batches(rows, read_rows))

    assert parts.num_rows == ACCOUNTS
    assert parts.combine_chunks().equals(whole.combine_chunks())


@settings(max_examples=8, deadline=None)
@given(rows=st.integers(1, 40))
def test_the_answers_are_the_same_in_batches_of_any_size(
    connection: Connection, made: Path, version: PolicyVersion, asking: Asking, rows: int
) -> None:
    function = BatchFunction(version, asking)
    population = Population(connection, str(made), version.policy)

    found = pa.Table.from_batches(map(function, population.batches(rows)))

    assert found.to_pylist() == decided(connection, made, version, asking)


def test_several_processes_answer_as_one(
    connection: Connection, made: Path, version: PolicyVersion, asking: Asking
) -> None:
    population = Population(connection, str(made), version.policy)

    found = pa.Table.from_batches(answers_of(version, asking, population.batches(8), 2))

    assert found.to_pylist() == decided(connection, made, version, asking)


@pytest.mark.parametrize("many", [2, 3], ids=["loaded", "in their file"])
def test_a_statement_answers_the_same_in_stretches_of_any_size(
    connection: Connection,
    folder: Path,
    version: PolicyVersion,
    asking: Asking,
    many: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    odd = f"SELECT * REPLACE (CASE WHEN account_id = '{THIRD}' THEN 0 - amount ELSE amount END AS amount) FROM was"  # noqa: S608
    rewrite(connection, folder, "lots", odd)
    expected = decided(connection, folder, version, asking)
    file = literal(str(folder / "accounts.parquet"))
    connection.execute(f"CREATE OR REPLACE TABLE was AS SELECT * FROM read_parquet({file})")  # noqa: S608
    pq.write_table(connection.sql("SELECT * FROM was").to_arrow_table(), folder / "accounts.parquet", row_group_size=7)
    monkeypatch.setattr(deciding, "STRETCH_ACCOUNTS", 10)
    monkeypatch.setattr(deciding, "MANY_STRETCHES", many)

    assert len(Population(connection, str(folder), version.policy).bounds(10)) == 3
    assert decided(connection, folder, version, asking, "duckdb") == expected


PRICED = """\
  - {id: price, kind: price, terms: "1", every: 7, pays: 5, rounding: down, reason: {ko: 값, en: Price.}}
  - id: shop-fee
    kind: fee
    terms: "1"
    when: {lot.shop: X}
    rate: 3.333%
    rounding: up
    adds_to: [fee]
    reason: {ko: 수수료, en: Fee.}
"""


def test_an_account_that_holds_more_than_columns_can_reckon_with_is_answered_all_the_same(
    connection: Connection, folder: Path
) -> None:
    text = f"{TEXT}{PRICED}".replace("at_most: 50_000", "at_most: 1_000_000_000_000")
    text = text.replace("at_most: 60_000", "at_most: 1_000_000_000_000")
    version, problems = load_version(text.encode(), "x.yaml")
    assert version is not None, problems
    facts = "'bill' AS source, 'X' AS shop, DATE '2026-01-01' AS acquired_on, DATE '2026-01-01' AS usable_from_on"
    of_third = f'SELECT * REPLACE (300_000_000_000 AS amount, 300_000_000_000 AS "left", {facts}) FROM was'  # noqa: S608
    others = f"SELECT * FROM was WHERE account_id <> '{THIRD}'"  # noqa: S608
    rewrite(connection, folder, "lots", f"{of_third} WHERE account_id = '{THIRD}' UNION ALL {others} ORDER BY ALL")
    asking = Asking(AS_OF, version.policy.facts["request.method"].choices)

    found = decided(connection, folder, version, asking, "duckdb")

    assert found == decided(connection, folder, version, asking)
    assert max(row["payout"] for row in found if row["account_id"] == THIRD) > 10**11


def test_nobody_is_answered_nothing(
    connection: Connection, folder: Path, version: PolicyVersion, asking: Asking
) -> None:
    for name in ("accounts", "lots", "history"):
        rewrite(connection, folder, name, "SELECT * FROM was LIMIT 0")

    for engine in ("plain", "duckdb"):
        assert decided(connection, folder, version, asking, engine) == []


def test_before_a_policy_is_in_force_everybody_is_told_so(
    connection: Connection, made: Path, version: PolicyVersion
) -> None:
    early = Asking(datetime(2024, 3, 2, tzinfo=UTC), ("cash",))

    found = decided(connection, made, version, early, "duckdb")

    assert {row["error"] for row in found} == {
        "not-in-force: 'small' is in force from 2025-01-01, and was asked about 2024-03-02"
    }
    assert len(found) == ACCOUNTS
