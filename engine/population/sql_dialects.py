"""Where DuckDB and Spark say the same in other words than SQLGlot knows."""

from __future__ import annotations

from typing import Any


def transpiled(expression: Any, dialect: str) -> str:
    """A SQLGlot tree in one dialect."""
    from sqlglot import exp

    if dialect == "duckdb":
        return str(expression.sql(dialect="duckdb"))

    def spoken(node: Any) -> Any:
        if isinstance(node, exp.Anonymous) and node.name.upper() == "LIST_SUM":
            return exp.func("AGGREGATE", node.expressions[0], *_sum_of_a_list())
        return node

    return str(expression.transform(spoken).sql(dialect=dialect))


def _sum_of_a_list() -> tuple[Any, Any]:
    from sqlglot import parse_one

    return parse_one("CAST(0 AS BIGINT)"), parse_one("(one, other) -> one + other", read="spark")
