"""Spark answers what DuckDB answers, by the same statement and by the same batch function, with two workers.

`make test-spark` runs this: it needs Java, and takes most of its time to start Spark, once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.population import spark
from engine.population.answers import Asking
from engine.population.deciding import answers
from engine.population.folder import Population
from engine.population.made import make_population
from engine.population.merging import BadPopulation
from engine.population.sql import Connection, literal, opened
from engine.population.ways import Engine, way_of
from engine.versions import load_version
from policies.versions import PolicyVersion

# Slow, too, so that whoever leaves out what is slow leaves this out.
pytestmark = [pytest.mark.spark, pytest.mark.slow]
AS_OF = datetime(2026, 3, 2, 1, tzinfo=UTC)
KT_POINTS = Path("rules/kt-points.yaml")


@pytest.fixture(scope="module")
def session() -> Iterator[spark.Session]:
    """Spark on this machine, with two workers."""
    with spark.session() as found:
        yield found


@pytest.fixture(scope="module")
def version() -> PolicyVersion:
    """The first rule set."""
    found, problems = load_version(KT_POINTS.read_bytes(), str(KT_POINTS))
    assert found is not None, problems
    return found


@pytest.fixture(scope="module")
def asking(version: PolicyVersion) -> Asking:
    """Everything, by each method."""
    return Asking(AS_OF, version.policy.facts["request.method"].choices)


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    """DuckDB."""
    with opened("200MB") as found:
        yield found


@pytest.fixture(scope="module")
def folder(version: PolicyVersion, connection: Connection, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Accounts, in no order, one of which has a status that nobody knows."""
    made = tmp_path_factory.mktemp("made")
    make_population(str(made), version.policy, accounts=120, lots=4, seed=3, as_of=AS_OF)
    file = literal(str(made / "accounts.parquet"))
    odd = "CASE WHEN account_id = 'A-000000007' THEN 'gone' ELSE status END AS status"
    connection.execute(f"CREATE TABLE was AS SELECT * REPLACE ({odd}) FROM read_parquet({file})")  # noqa: S608
    connection.execute(f"COPY (SELECT * FROM was) TO {file} (FORMAT parquet)")  # noqa: S608
    return made


@pytest.fixture(scope="module")
def expected(connection: Connection, version: PolicyVersion, asking: Asking, folder: Path) -> list[dict[str, Any]]:
    """What the batch function answers here."""
    population = Population(connection, str(folder), version.policy)
    found = answers(version, asking, population, way_of(version, asking, "plain"), 1)
    return in_order(row for batch in found for row in batch.to_pylist())


def in_order(rows: Any) -> list[dict[str, Any]]:
    """Answers by account and method."""
    return sorted(rows, key=lambda row: (row["account_id"], row["method"]))


@pytest.mark.parametrize("engine", ["duckdb", "plain"], ids=["by_the_statement", "by_the_batch_function"])
def test_spark_answers_as_duckdb_does(
    session: spark.Session,
    connection: Connection,
    version: PolicyVersion,
    asking: Asking,
    folder: Path,
    expected: list[dict[str, Any]],
    engine: Engine,
    tmp_path: Path,
) -> None:
    way = way_of(version, asking, engine)
    assert (way.statement is None) == (engine == "plain")

    spark.decide(session, version, asking, str(folder), str(tmp_path / "answers.parquet"), way)

    parts = literal(str(tmp_path / "answers.parquet" / "*.parquet"))
    found = connection.sql(f"SELECT * FROM read_parquet({parts})").to_arrow_table().to_pylist()  # noqa: S608
    assert in_order(found) == expected
    outcomes = Counter(row["outcome"] for row in expected)
    assert outcomes[None] == 3
    assert spark.outcomes_of(session, str(tmp_path / "answers.parquet")) == outcomes


BROKEN = {
    "a_lot_is_of_nobody": ("lots", "SELECT * REPLACE ('B' AS account_id) FROM was LIMIT 1", "there is no account 'B'"),
    "a_lot_is_there_twice": (
        "lots",
        "(SELECT * FROM was LIMIT 1) UNION ALL (SELECT * FROM was LIMIT 1)",
        "'A-000000000 L-000000000-00000' is there twice; leave one of them",
    ),
    "a_column_is_missing": (
        "history",
        "SELECT * EXCLUDE (payout) FROM was",
        "column 'payout' is missing; add it as BIGINT",
    ),
    "it_is_of_another_programme": ("accounts", "SELECT * REPLACE ('x' AS policy) FROM was", "holds accounts of 'x'"),
}


@pytest.mark.parametrize(("name", "statement", "told"), BROKEN.values(), ids=BROKEN.keys())
def test_spark_refuses_what_is_no_population(
    session: spark.Session,
    connection: Connection,
    version: PolicyVersion,
    asking: Asking,
    folder: Path,
    tmp_path: Path,
    name: str,
    statement: str,
    told: str,
) -> None:
    for each in ("accounts", "lots", "history"):
        source = f"SELECT * FROM read_parquet({literal(str(folder / f'{each}.parquet'))})"  # noqa: S608
        connection.execute(f"CREATE OR REPLACE TABLE was AS {source}")
        rows = statement if each == name else "SELECT * FROM was"
        connection.execute(f"COPY ({rows}) TO {literal(str(tmp_path / f'{each}.parquet'))} (FORMAT parquet)")

    with pytest.raises(BadPopulation) as raised:
        spark.answered(session, version, asking, str(tmp_path), way_of(version, asking, "plain"))

    assert told in str(raised.value)
