"""A population decided on Apache Spark: by the same statement, or by the same batch function in its workers.

Nothing is decided here that is not decided in the same way by DuckDB; only how the three tables come together is
Spark's own. It needs no order of their rows, because it shuffles them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from engine.population.answers import (
    SORTED_BY,
    Asking,
    accounts_schema,
    answers_schema,
    history_schema,
    lots_schema,
)
from engine.population.batch import BatchFunction
from engine.population.cases import Batch
from engine.population.folder import BATCH_ROWS, columns_of, of_other_policy, optional_columns
from engine.population.libraries import NotInstalled
from engine.population.merging import BadPopulation
from engine.population.soundness import odd_accounts
from engine.population.sql import SPARK, literal, sql_type
from engine.population.ways import Way
from policies.model import Policy
from policies.versions import PolicyVersion

Session = Any
"""A session of Spark."""

_TYPES = {
    "VARCHAR": "string",
    "BIGINT": "bigint",
    "DATE": "date",
    "BOOLEAN": "boolean",
    "TIMESTAMP": "timestamp_ntz",
    "DATE[]": "array<date>",
}
"""What Spark calls the types of the tables."""

_AS_DUCKDB = {
    **{name: kind for kind, name in _TYPES.items()},
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
}


@contextmanager
def session(master: str = "local[2]") -> Iterator[Session]:
    """A session, ended with all that it started. On this machine it listens to nobody else. Raises NotInstalled."""
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        raise NotInstalled("spark") from None
    settings = {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(BATCH_ROWS),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.pyspark.python": sys.executable,
        "spark.pyspark.driver.python": sys.executable,
    }
    if master.startswith("local"):
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
        settings |= {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
        settings["spark.sql.shuffle.partitions"] = "4"
        # Workers would otherwise be whatever `python3` is.
        os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    builder: Any = SparkSession.builder
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        made = builder.master(master).appName("recoup").getOrCreate()
    except (PySparkException, OSError, RuntimeError) as error:
        raise BadPopulation(
            f"Spark ({master})", f"does not start ({_line(error)})", "see that Java 17 is there"
        ) from None
    try:
        yield made
    finally:
        made.stop()


def decide(spark: Session, version: PolicyVersion, asking: Asking, folder: str, path: str, way: Way) -> None:
    """Write what every account is answered, as a folder of part files in no order. Raises BadPopulation."""
    from pyspark.errors import PySparkException

    try:
        answered(spark, version, asking, folder, way).write.mode("overwrite").parquet(path)
    except PySparkException as error:
        raise BadPopulation(folder, f"Spark could not decide it ({_line(error)})", "mend that") from None


def outcomes_of(spark: Session, path: str) -> dict[str | None, int]:
    """How often each outcome is among the answers of a folder; None is that of what was not decided."""
    return dict(spark.read.parquet(path).groupBy("outcome").count().collect())


def answered(spark: Session, version: PolicyVersion, asking: Asking, folder: str, way: Way) -> Any:
    """The answers, as a data frame of Spark. Raises BadPopulation."""
    policy = version.policy
    _open(spark, folder, policy)
    _check(spark, folder, policy)
    if way.statement is None:
        return _by_batches(spark, version, asking, "")
    spark.sql(odd_accounts(policy, SPARK)).cache().createOrReplaceTempView("odd")
    if spark.sql("SELECT 1 FROM odd LIMIT 1").isEmpty():
        return spark.sql(way.statement.sql("spark"))
    odd = _by_batches(spark, version, asking, " LEFT SEMI JOIN odd USING (account_id)")
    for name in SORTED_BY:
        sound = spark.sql(f"SELECT * FROM {name} LEFT ANTI JOIN odd USING (account_id)")  # noqa: S608
        sound.createOrReplaceTempView(name)
    return spark.sql(way.statement.sql("spark")).unionByName(odd)


def _open(spark: Session, folder: str, policy: Policy) -> None:
    """Make the three files the tables that a statement reads."""
    from pyspark.errors import AnalysisException

    for name, schema, scope in (
        ("accounts", accounts_schema(policy), "account"),
        ("lots", lots_schema(policy), "lot"),
        ("history", history_schema(), ""),
    ):
        file = f"{folder}/{name}.parquet"
        try:
            frame = spark.read.parquet(file)
        except AnalysisException:
            raise BadPopulation(file, "cannot be read", "see that it is there, and is Parquet") from None
        there = {column: _AS_DUCKDB.get(kind, kind) for column, kind in frame.dtypes}
        found, _ = columns_of(file, there, schema, optional_columns(policy, scope))
        chosen = [
            f"CAST({SPARK.quoted(called) if called else 'NULL'} AS {_TYPES[sql_type(field.type)]})"
            f" AS {SPARK.quoted(field.name)}"
            for field, called in found
        ]
        frame.selectExpr(*chosen).createOrReplaceTempView(name)


def _check(spark: Session, folder: str, policy: Policy) -> None:
    """Raises BadPopulation where something is there twice, or of no account."""
    others = spark.sql(f"SELECT policy FROM accounts WHERE policy <> {literal(policy.id)} LIMIT 1").collect()  # noqa: S608
    for (other,) in others:
        raise of_other_policy(f"{folder}/accounts.parquet", other, policy)
    for name, keys in SORTED_BY.items():
        listed = ", ".join(keys)
        twice = f"SELECT {listed} FROM {name} GROUP BY {listed} HAVING count(*) > 1 LIMIT 1"  # noqa: S608
        for row in spark.sql(twice).collect():
            told = " ".join(map(str, row))
            raise BadPopulation(f"{folder}/{name}.parquet", f"'{told}' is there twice", "leave one of them")
        alone = f"SELECT account_id FROM {name} LEFT ANTI JOIN accounts USING (account_id) LIMIT 1"  # noqa: S608
        for (account,) in spark.sql(alone).collect() if name != "accounts" else ():
            where = f"{folder}/{name}.parquet"
            raise BadPopulation(where, f"there is no account '{account}'", "add it to accounts.parquet")


def _by_batches(spark: Session, version: PolicyVersion, asking: Asking, only: str) -> Any:
    """The answers of the batch function. Lots and history are lists beside their account before it sees them."""
    accounts = ", ".join(f"accounts.{SPARK.quoted(name)}" for name in accounts_schema(version.policy).names)
    lots = _listed("lots", lots_schema(version.policy).names, ("lot_id",))
    history = _listed("history", history_schema().names, ("requested_at", "refund_id"))
    joined = spark.sql(
        f"SELECT {accounts}, coalesce(l.listed, array()) AS lots, coalesce(h.listed, array()) AS history"  # noqa: S608
        f" FROM (SELECT * FROM accounts{only}) AS accounts"
        f" LEFT JOIN ({lots}) AS l USING (account_id) LEFT JOIN ({history}) AS h USING (account_id)"
    )

    def decided(batches: Iterable[Batch]) -> Iterator[Batch]:
        # Made once for each part of the accounts: a compiled version is not for travelling.
        function = BatchFunction(version, asking)
        return map(function, batches)

    schema = ", ".join(
        f"`{field.name}` {'array<string>' if field.name == 'reasons' else _TYPES[sql_type(field.type)]}"
        for field in answers_schema()
    )
    return joined.mapInArrow(decided, schema)


def _listed(table: str, names: list[str], keys: tuple[str, ...]) -> str:
    """The rows of a table as one list for each account, in their order."""
    row = ", ".join(SPARK.quoted(name) for name in names if name != "account_id")
    in_order = f"array_sort(collect_list(struct({', '.join(keys)}, struct({row}) AS row)))"
    return (
        f"SELECT account_id, transform({in_order}, each -> each.row) AS listed"  # noqa: S608
        f" FROM {table} GROUP BY account_id"
    )


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
