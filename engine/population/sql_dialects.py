"""Where DuckDB and Spark say the same in other words than SQLGlot knows."""

from __future__ import annotations

from typing import Any


def transpiled(expression: Any, dialect: str) -> str:
    """A SQLGlot tree in one dialect."""
    from sqlglot import exp

    if dialect == "duckdb":
        return str(expression.sql(dialect="duckdb"))

    def spoken(node: Any) -> Any:
        if isinstance(node, exp.Anonymous) and node.name.upper() == "LIST_REDUCE":
            several, step, first = node.expressions
            return exp.Anonymous(this="AGGREGATE", expressions=[several, first, step])
        return node

    return str(expression.transform(spoken).sql(dialect=dialect))
