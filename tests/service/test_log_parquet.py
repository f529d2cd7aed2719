"""An export as a Parquet file: what it says is what the lines say, and no byte of it can be changed unnoticed."""

from __future__ import annotations

import io
import itertools
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from service.audit_log import KINDS, records, sign_head
from service.database import Database, reading
from service.log.exports import BadExport, Checked, written
from service.log.notes import Checkpoint, Signer
from tests.service.builders import NOW, ORIGIN, Run
from tests.service.test_audit import record, run, small_export

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
parquet = pytest.importorskip("service.log.parquet")

SIGNERS = [Signer("log", bytes([number]) * 32) for number in (1, 2)]
VERIFIERS = [each.verifier for each in SIGNERS]
RECORDS = [json.loads(line) for line in small_export(SIGNERS)[1:-1]]
__all__ = ["run"]


@pytest.fixture
def small(tmp_path: Path) -> bytes:
    """Four leaves and two checkpoints."""
    return exported(tmp_path, RECORDS)


def exported(folder: Path, some: Sequence[dict[str, Any]]) -> bytes:
    path = folder / "log.parquet"
    parquet.write(path, "log", some)
    return path.read_bytes()


def check(data: bytes, *kept: Checkpoint) -> Checked:
    found: Checked = parquet.check(io.BytesIO(data), VERIFIERS, kept)
    return found


def first_bad(data: bytes, *kept: Checkpoint) -> str:
    with pytest.raises(BadExport, match=r"^record \d+: ") as raised:
        check(data, *kept)
    return str(raised.value)


@pytest.mark.slow
def test_every_byte_counts(small: bytes) -> None:
    """Every byte flipped, those of headers, paddings and the footer too; cut anywhere; something behind the end."""
    whole = small
    assert check(whole).leaves == 4
    flipped = (whole[:at] + bytes([byte ^ 1]) + whole[at + 1 :] for at, byte in enumerate(whole))
    cut = (whole[:at] for at in range(len(whole)))
    for changed in itertools.chain(flipped, cut, [whole + b"\0", b"\0" + whole, whole + whole]):
        first_bad(changed)


@pytest.mark.parametrize("at", range(len(RECORDS)))
def test_records_that_are_dropped_repeated_or_swapped_are_noticed(at: int, tmp_path: Path) -> None:
    """By somebody who writes the file anew, with a digest that fits it."""
    dropped = RECORDS[:at] + RECORDS[at + 1 :]
    repeated = RECORDS[: at + 1] + RECORDS[at:]
    # The first three records alone are an export too, as there was one before; a checkpoint that was kept is missed.
    if at == len(RECORDS) - 1:
        assert first_bad(exported(tmp_path, dropped)) == "record 6: no checkpoint covers the last leaves"
    for changed, least in (
        (dropped, at + 1),
        (repeated, at + 2),
        *(
            ([*RECORDS[:at], RECORDS[to], *RECORDS[at + 1 : to], RECORDS[at], *RECORDS[to + 1 :]], at + 1)
            for to in range(at + 1, len(RECORDS))
        ),
    ):
        said = first_bad(exported(tmp_path, changed))
        assert int(said.split()[1].rstrip(":")) >= least, said


def test_an_older_export_is_noticed_by_the_checkpoint_that_was_kept(tmp_path: Path) -> None:
    older = exported(tmp_path, RECORDS[:3])
    assert check(older).leaves == 2
    said = first_bad(older, Checkpoint("log", 4, b"0" * 32))
    assert said == "record 4: the export has 2 leaves, and the checkpoint that was kept covers 4"


def test_a_changed_record_is_named(tmp_path: Path) -> None:
    forged = [dict(each) for each in RECORDS]
    forged[3]["body"] = {"points": 9}
    said = first_bad(exported(tmp_path, forged))
    assert said == "record 4: leaf 2 (k 2) is not what was recorded: its digest is another"


Change = Callable[[Any], Any]
ODD: dict[str, tuple[dict[str, Any], Change, str]] = {
    "statistics": ({"write_statistics": True}, lambda table: table, "says more of the columns than their rows"),
    "indexes": ({"write_page_index": True}, lambda table: table, "says more of the columns than their rows"),
    "bloom filters": (
        {"bloom_filter_options": {"note": {"ndv": 10, "fpp": 0.1}}},
        lambda table: table,
        "there is something between the columns and the footer",
    ),
    "a schema of its own": ({"store_schema": True}, lambda table: table, "does not say what that of an export says"),
    "one column more": (
        {},
        lambda table: table.append_column("points", pa.array([1] * table.num_rows)),
        "does not say what that of an export says",
    ),
    "a body that is no object": (
        {},
        lambda table: table.set_column(5, "body", pa.array(["1"] * table.num_rows)),
        "what was recorded is no object",
    ),
    "a body in another form": (
        {},
        lambda table: table.set_column(5, "body", pa.array(["{ }"] * table.num_rows)),
        "not in canonical form",
    ),
    "a row that is a leaf and a checkpoint": (
        {},
        lambda table: table.set_column(7, "note", pa.array(["x"] * table.num_rows)),
        "this is no record of an export",
    ),
}


@pytest.mark.parametrize(("options", "change", "words"), ODD.values(), ids=ODD.keys())
def test_what_could_lead_a_reader_astray_is_refused(
    small: bytes, tmp_path: Path, options: dict[str, Any], change: Change, words: str
) -> None:
    """Of a file that somebody made of the same records, with its digest worked out again."""
    found = pq.ParquetFile(io.BytesIO(small))
    table = change(found.read())
    path = tmp_path / "odd.parquet"
    with path.open("wb") as file:
        digesting = parquet._Digesting(file)
        made = {"write_statistics": False, "store_schema": False, **options}
        with pq.ParquetWriter(pa.PythonFile(digesting, "w"), table.schema, **made) as writer:
            writer.write_table(table)
            texts = {key.decode(): value.decode() for key, value in found.metadata.metadata.items()}
            writer.add_key_value_metadata(texts | {parquet.DIGEST: parquet.ZEROS})
    parquet.seal(path, digesting)
    assert words in first_bad(path.read_bytes())


def test_a_log_is_exported_and_checked_in_row_groups(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "MOST_ROWS", 3)
    signer = Signer(ORIGIN, b"1" * 32)
    record(database)
    sign_head(database, [signer], NOW)
    path = tmp_path / "log.parquet"
    with reading(database):
        parquet.write(path, ORIGIN, records(database))
        lines = list(written(ORIGIN, records(database)))
    with path.open("rb") as file:
        assert parquet.check(file, [signer.verifier]).leaves == len(KINDS)
    found = pq.ParquetFile(path)
    assert found.num_row_groups == (len(KINDS) + 3) // 3
    rows = found.read().to_pylist()
    assert [row["reference"] for row in rows[:-1]] == [json.loads(line)["reference"] for line in lines[1:-2]]
    # The digest of the lines is kept: both forms are of the same log.
    assert found.metadata.metadata[b"recoup.end"].decode() == json.loads(lines[-1])["end"]


def test_both_forms_are_written_and_checked_by_commands(run: Run, database: Database, tmp_path: Path) -> None:
    record(database)
    key = run("keygen", ORIGIN).stdout.strip()
    run("checkpoint")
    assert run("export", "log.parquet").stderr == f"{len(KINDS)} leaves, 1 checkpoints; 0 not signed yet\n"
    assert run("export", "log.bin", "--format", "parquet").exit_code == 0
    assert (tmp_path / "log.bin").read_bytes() == (tmp_path / "log.parquet").read_bytes()
    run("export", "log.jsonl")
    said = {run("verify", name, "--key", key).stdout for name in ("log.parquet", "log.bin", "log.jsonl")}
    assert len(said) == 1
    assert "holds: " in said.pop()
    assert run("export", "-", "--format", "parquet").exit_code == 2
    lines, columns = ((tmp_path / name).read_bytes() for name in ("log.jsonl", "log.parquet"))
    assert run("verify", "-", "--key", key, input=lines).exit_code == 0
    assert run("verify", "-", "--key", key, input=lines[:3]).exit_code == 1
    os.mkfifo(tmp_path / "pipe")
    for sent, ends in ((lines, 0), (columns, 2), (b"", 1)):
        with ThreadPoolExecutor(1) as other:
            other.submit((tmp_path / "pipe").write_bytes, sent)
            assert run("verify", "pipe", "--key", key).exit_code == ends
    whole = bytearray((tmp_path / "log.parquet").read_bytes())
    whole[len(whole) // 2] ^= 1
    (tmp_path / "log.parquet").write_bytes(whole)
    refused = run("verify", "log.parquet", "--key", key)
    assert (refused.exit_code, refused.stderr.startswith("recoup: log.parquet: record ")) == (1, True)
