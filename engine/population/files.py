"""Answers and accounts written as Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from engine.population.answers import answers_schema
from engine.population.cases import Batch
from engine.population.libraries import load_arrow
from engine.population.sql import GROUP_ROWS


def write_answers(path: str, batches: Iterable[Batch]) -> Iterator[int]:
    """Write answers as one Parquet file, and tell how many rows each batch added. Raises OSError."""
    pa = load_arrow()
    with _writer(path, answers_schema()) as writer:
        gathered: list[Batch] = []
        rows = 0
        for batch in batches:
            gathered.append(batch)
            rows += batch.num_rows
            if rows >= GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(gathered), row_group_size=GROUP_ROWS)
                gathered, rows = [], 0
            yield batch.num_rows
        if gathered:
            writer.write_table(pa.Table.from_batches(gathered), row_group_size=GROUP_ROWS)


def _writer(path: str, schema: Any) -> Any:
    import pyarrow.parquet

    return pyarrow.parquet.ParquetWriter(path, schema, compression="zstd")
