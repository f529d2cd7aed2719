"""Three sorted streams as one: each batch of accounts gets the lots and the history of just those accounts.

Nothing is trusted: the order is looked at row by row, so that no lot is missed or goes to somebody else's account.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.population.answers import SORTED_BY
from engine.population.columns import values
from engine.population.libraries import load_arrow

Batch = Any
"""A record batch of pyarrow."""


class BadPopulation(Exception):
    """A folder that is no population of a policy: where, what, and how to mend it."""

    def __init__(self, where: str, what: str, mend: str) -> None:
        super().__init__(f"{where}: {what}; {mend}")


class Stream:
    """The rows of one file, in its order, looked at as they pass."""

    def __init__(self, name: str, file: str, batches: Iterator[Batch]) -> None:
        self._keys = SORTED_BY[name]
        self._file = file
        self._batches = self._in_order(batches)
        # What was read and belongs to accounts to come.
        self._ahead: list[Batch] = []
        self._rows_taken = 0

    def __iter__(self) -> Iterator[Batch]:
        return self._batches

    def of(self, ids: Any) -> Any:
        """The rows of these accounts, a list for each; None where there are none any more. Raises BadPopulation."""
        pa = load_arrow()
        last = ids[-1].as_py()
        while not self._ahead or self._ahead[-1].column(0)[-1].as_py() <= last:
            batch = next(self._batches, None)
            if batch is None:
                break
            self._ahead.append(batch)
        if not self._ahead:
            return None
        there = pa.concat_batches(self._ahead)
        compute = _compute()
        count = compute.sum(compute.less_equal(there.column(0), last)).as_py() or 0
        self._ahead = [there.slice(count)] if count < there.num_rows else []
        return self._lists(there.slice(0, count), ids)

    def check_end(self) -> None:
        """Raises BadPopulation where rows are left, which belong to no account."""
        batch = next(iter(self._ahead), None) or next(self._batches, None)
        if batch is not None:
            raise self._of_nobody(batch.column(0)[0].as_py(), self._rows_taken)

    def _lists(self, rows: Batch, ids: Any) -> Any:
        pa = load_arrow()
        runs = _compute().run_end_encode(rows.column(0))
        owners = _compute().index_in(runs.values, value_set=ids)
        counts = [0] * (len(ids) + 1)
        begin = 0
        for owner, end in zip(owners.to_pylist(), runs.run_ends.to_pylist(), strict=True):
            if owner is None:
                raise self._of_nobody(rows.column(0)[begin].as_py(), self._rows_taken + begin)
            counts[owner + 1] = end - begin
            begin = end
        self._rows_taken += rows.num_rows
        bounds = []
        together = 0
        for count in counts:
            together += count
            bounds.append(together)
        names = rows.schema.names[1:]
        records = pa.StructArray.from_arrays(rows.columns[1:], fields=[rows.schema.field(name) for name in names])
        return pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), records)

    def _in_order(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The batches. Raises BadPopulation at the first row that does not stand behind the one before it."""
        pa = load_arrow()
        seen = 0
        before: Batch | None = None
        for batch in batches:
            keys = batch.select(list(self._keys))
            for name, column in zip(self._keys, keys.columns, strict=True):
                if column.null_count:
                    row = values(column).index(None)
                    raise BadPopulation(self._place(seen + row), f"there is no {name}", "give each row one")
            looked_at = keys if before is None else pa.concat_batches([before, keys])
            found = _out_of_order(looked_at.columns)
            if found is not None:
                there, here = looked_at.slice(found - 1, 2).to_pylist()
                raise self._disorder(seen + found - (before is not None), here, there)
            before = keys.slice(keys.num_rows - 1)
            seen += batch.num_rows
            yield batch

    def _disorder(self, row: int, here: Mapping[str, Any], before: Mapping[str, Any]) -> BadPopulation:
        told, told_before = (" ".join(str(keys[name]) for name in self._keys) for keys in (here, before))
        if told == told_before:
            return BadPopulation(self._place(row), f"'{told}' is there twice", "leave one of them")
        order = ", ".join(self._keys)
        return BadPopulation(self._place(row), f"'{told}' stands behind '{told_before}'", f"sort the rows by {order}")

    def _of_nobody(self, account: str, row: int) -> BadPopulation:
        return BadPopulation(self._place(row), f"there is no account '{account}'", "add it to accounts.parquet")

    def _place(self, row: int) -> str:
        return f"{self._file}, row {row + 1:,}"


def merged(accounts: Stream, others: Mapping[str, Stream], schema: Any) -> Iterator[Batch]:
    """The accounts, each with the lists of its rows in the other streams. Raises BadPopulation."""
    pa = load_arrow()
    for batch in accounts:
        columns = list(batch.columns)
        for name, stream in others.items():
            listed = stream.of(batch.column(0))
            columns.append(pa.array([[]] * batch.num_rows, schema.field(name).type) if listed is None else listed)
        plain = [column.cast(field.type) for column, field in zip(columns, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(plain, schema=schema)
    for stream in others.values():
        stream.check_end()


def _out_of_order(keys: list[Any]) -> int | None:
    """The first row whose keys are not above those of the row before."""
    compute = _compute()
    if len(keys[0]) < 2:
        return None
    above = None
    # From the last key to the first: above by this one, or equal by it and above by those that follow.
    for key in reversed(keys):
        behind, before = key.slice(1), key.slice(0, len(key) - 1)
        further = compute.greater(behind, before)
        above = further if above is None else compute.or_(further, compute.and_(compute.equal(behind, before), above))
    found: int = compute.index(above, False).as_py()
    return None if found < 0 else found + 1


def _compute() -> Any:
    import pyarrow.compute

    return pyarrow.compute
