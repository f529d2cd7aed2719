"""An export of the log as one Parquet file: the records of the other form as rows, for those who analyse them.

What is checked is the same: a row becomes again the line that it would be, so that digests, roots, checkpoints and the
digest of all lines are those of `exports.py`. A Parquet file has more bytes than its rows, though: page headers, a
footer, places that no reader looks at. So it ends with the digest of all its bytes, its own place taken as zeros; a
file that was damaged anywhere is seen to be. Somebody who can work out that digest again can only write other bytes
that say the same: whatever a reader might believe without reading the rows (statistics, indexes, other metadata,
columns in other files, gaps) is not written, and is refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from service.log.canonical import NotCanonical, canonical, read
from service.log.exports import END, HEADER, BadExport, Checked, Checking, Writing
from service.log.notes import Checkpoint, Verifier

MAGIC = b"PAR1"
LEAF = ("seq", "kind", "reference", "salt", "digest", "body")
CHECKPOINT = ("checkpoint", "note")
SCHEMA = pa.schema([(name, pa.int64() if name in ("seq", "checkpoint") else pa.string()) for name in LEAF + CHECKPOINT])
# Of a row group: many enough to be packed well, few enough for a small machine.
MOST_ROWS = 1_000
MOST_BYTES = 4_000_000
BATCH = 250
CHUNK = 1 << 20
MOST_FOOTER = 1 << 28
PREFIX = "recoup."
DIGEST = "recoup.file"
ZEROS = "sha256:" + "0" * 64
# How the footer holds a text of 71 bytes behind that name (Thrift's compact protocol).
PLACE = re.compile(re.escape(DIGEST.encode()) + rb"\x18\x47(sha256:[0-9a-f]{64})")
UNREADABLE = (pa.ArrowException, OSError, ValueError, MemoryError)


def write(path: Path, origin: str, records: Iterable[Mapping[str, Any]]) -> None:
    """Write an export whose leaves and checkpoints are given in their order. Raises OSError."""
    with path.open("wb") as file:
        digesting = _Digesting(file)
        writer = pq.ParquetWriter(
            pa.PythonFile(digesting, "w"),
            SCHEMA,
            compression="zstd",
            use_dictionary=["kind"],
            write_statistics=False,
            store_schema=False,
        )
        export = Writing(origin)
        with writer:
            for table in _tables(records, export):
                writer.write_table(table)
            stated = {PREFIX + name: str(value) for name, value in (export.header | export.end()).items()}
            writer.add_key_value_metadata(stated | {DIGEST: ZEROS})
    seal(path, digesting)


def seal(path: Path, digesting: _Digesting) -> None:
    """Put the digest of a file that was written into its place."""
    with path.open("r+b") as file:
        place, _ = _place(file)
        file.seek(place)
        file.write(f"sha256:{digesting.whole.hexdigest()}".encode())


def check(file: IO[bytes], verifiers: Sequence[Verifier], kept: Iterable[Checkpoint] = ()) -> Checked:
    """What an export has in it, as `exports.check` does, and every byte of the file. Raises BadExport at the first bad
    record.
    """
    checking = Checking(verifiers, kept, "record")
    checking.line = 1
    try:
        whole, end = _digest_holds(file)
        _check_rows(file, end, checking)
    except _Odd as error:
        raise BadExport(1, str(error), "record") from None
    except UNREADABLE as error:
        reason = f"this one, or one close behind it, cannot be read: {' '.join(str(error).split())[:200]}"
        raise BadExport(checking.line, reason, "record") from None
    if not whole:
        said = "every record is as it was written, but other bytes of the file are not: its digest is another"
        raise BadExport(checking.line, said, "record")
    assert checking.end is not None, "the end was read, or something was raised"
    return checking.end


class _Odd(ValueError):
    """What is wrong with the file around its records."""


class _Digesting:
    """A file that is written once, from its beginning to its end, and digested meanwhile."""

    def __init__(self, file: IO[bytes]) -> None:
        self.whole = hashlib.sha256()
        self.closed = False
        self._file = file

    def write(self, data: bytes) -> int:
        self.whole.update(data)
        return self._file.write(data)

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self.closed = True


def _tables(records: Iterable[Mapping[str, Any]], export: Writing) -> Iterator[pa.Table]:
    """The row groups: so many records at once as stay small."""
    rows: list[dict[str, Any]] = []
    size = 0
    for record in records:
        size += len(export.line(record))
        row = dict(record)
        if row.get("body") is not None:
            row["body"] = canonical(row["body"]).decode()
        rows.append(row)
        if len(rows) == MOST_ROWS or size >= MOST_BYTES:
            yield pa.Table.from_pylist(rows, SCHEMA)
            rows, size = [], 0
    if rows:
        yield pa.Table.from_pylist(rows, SCHEMA)


def _place(file: IO[bytes]) -> tuple[int, int]:
    """Where the digest of the file stands, and where the footer begins. Raises _Odd."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 8))
    tail = file.read()
    start = size - 8 - int.from_bytes(tail[:4], "little")
    file.seek(0)
    if tail[4:] != MAGIC or start < max(len(MAGIC), size - MOST_FOOTER) or file.read(4) != MAGIC:
        raise _Odd("the file is cut short, or is no Parquet file")
    file.seek(start)
    found = list(PLACE.finditer(file.read(size - start)))
    if len(found) != 1:
        raise _Odd("the digest of the file is missing")
    return start + found[0].start(1), start


def _digest_holds(file: IO[bytes]) -> tuple[bool, int]:
    """Whether all bytes of the file are as they were written, and where its footer begins. Raises _Odd."""
    place, start = _place(file)
    whole = hashlib.sha256()
    file.seek(0)
    rest = place
    while rest:
        chunk = file.read(min(CHUNK, rest))
        whole.update(chunk)
        rest -= len(chunk)
    stated = file.read(len(ZEROS))
    whole.update(ZEROS.encode())
    while chunk := file.read(CHUNK):
        whole.update(chunk)
    return stated.decode("ascii", "replace") == f"sha256:{whole.hexdigest()}", start


def _check_rows(file: IO[bytes], end: int, checking: Checking) -> None:
    """Check every record. Raises BadExport, and what is among UNREADABLE."""
    parquet = pq.ParquetFile(file, pre_buffer=False)
    stated = _stated(parquet, end)
    checking.take_record({name: stated[name] for name in sorted(HEADER)})
    for batch in parquet.iter_batches(BATCH, use_threads=False):
        for row in batch.to_pylist():
            checking.take_record(_record(row, checking.line))
            checking.line += 1
    checking.take_record({name: stated[name] for name in sorted(END)})


def _record(row: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The record that a row says. Raises BadExport."""
    own, other = (LEAF, CHECKPOINT) if row["seq"] is not None else (CHECKPOINT, LEAF)
    record = {name: row[name] for name in own}
    if any(row[name] is not None for name in other) or None in (
        record[name] for name in own if name not in ("body", "salt")
    ):
        raise BadExport(number, "this is no record of an export", "record")
    if record.get("body") is not None:
        try:
            record["body"] = read(record["body"].encode())
        except NotCanonical as error:
            raise BadExport(number, str(error), "record") from None
        if not isinstance(record["body"], dict):
            raise BadExport(number, "what was recorded is no object", "record")
    return record


def _stated(parquet: pq.ParquetFile, end: int) -> dict[str, Any]:
    """What the footer says of the export. Raises _Odd for one that could lead a reader astray."""
    found = parquet.metadata
    texts = {key.decode(): value.decode() for key, value in (found.metadata or {}).items()}
    if set(texts) != {DIGEST, *(PREFIX + name for name in HEADER | END)} or not parquet.schema_arrow.equals(SCHEMA):
        raise _Odd("the footer does not say what that of an export says")
    place = len(MAGIC)
    for group in (found.row_group(number) for number in range(found.num_row_groups)):
        for column in (group.column(number) for number in range(group.num_columns)):
            start = column.dictionary_page_offset if column.has_dictionary_page else column.data_page_offset
            if column.is_stats_set or column.has_column_index or column.has_offset_index or column.file_path:
                raise _Odd("the footer says more of the columns than their rows")
            if start != place:
                raise _Odd("there is something between the columns")
            place += column.total_compressed_size
        if group.sorting_columns:
            raise _Odd("the footer says more of the columns than their rows")
    if place != end:
        raise _Odd("there is something between the columns and the footer")
    stated: dict[str, Any] = {name: texts[PREFIX + name] for name in HEADER | END}
    return stated | {name: int(stated[name]) for name in ("leaves", "checkpoints")}
