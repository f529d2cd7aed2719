"""`recoup audit`: the signed log of everything that is never changed."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click

from policies.model import Text
from service.commands import _audit_figures, _audit_proof
from service.commands._database import looked_at, opened, record_read
from service.commands._files import Command, Unusable, language_option, made_whole, read_json_file, stop

if TYPE_CHECKING:
    from service.log.notes import Checkpoint, Verifier
    from service.log_keys import Keys

EPILOG = """\b
Examples:
  recoup audit keygen refunds.example.com/log
  recoup audit checkpoint
  recoup audit export log.jsonl
  recoup audit export log.parquet
  recoup audit verify log.jsonl --key log.keys --since kept.txt
  recoup audit proof proof.json --entry entry.json --key log.keys --since kept.txt
  recoup audit check
  recoup audit rules monthly-limit --from 2026-01-01 --to 2026-03-31 --per month
  recoup audit points --from 2026-01-01 --to 2026-03-31
"""
LINES, PARQUET, MAGIC = ".jsonl", ".parquet", b"PAR1"
Writer = Callable[[Any, str, Iterable[Mapping[str, Any]]], None]
"""Writes an export to a file: of the log of a name, with these records."""
HOLDS = Text(
    "데이터베이스가 로그와 같습니다: 잎 {leaves}개, 체크포인트 {checkpoints}개, 아직 서명되지 않은 잎 {rest}개",
    "the database is what its log recorded: {leaves} leaves, {checkpoints} checkpoints; {rest} not signed yet",
)


def key_option(*, required: bool) -> Callable[[Command], Command]:
    """`--key KEY`, several times."""
    return click.option(
        "--key", "keys", multiple=True, required=required, help="A public key of the log, or a file of them."
    )


since_option = click.option(
    "--since",
    multiple=True,
    type=click.Path(dir_okay=False),
    help="A file with checkpoints that you kept: the log must have them, and begin with the leaves that they cover.",
)


@click.group(epilog=EPILOG)
def command() -> None:
    """Sign the log, export it, check it, and count what it says."""


@command.command()
@click.argument("name")
def keygen(name: str) -> None:
    """Make the key that signs the log, in LOG_KEY_FILE, and print its public half.

    NAME is how the log is known for ever: a URL without its scheme, such as refunds.example.com/log.
    """
    from service import log_keys
    from service.log.notes import BadKey

    path = _path()
    try:
        keys = log_keys.make(path, name)
    except BadKey as error:
        raise Unusable(str(error)) from None
    except FileExistsError:
        raise Unusable(f"{path} is there already; recoup audit rotate adds a key to it") from None
    except OSError as error:
        raise Unusable(f"{path} cannot be written: {error.strerror}") from None
    _say(keys)


@command.command()
@click.option("--retire", is_flag=True, help="End the overlap: from now on only the newest key signs.")
def rotate(retire: bool) -> None:
    """Add a new key that signs beside the old one, and print all public keys.

    Give the new one to those who check the log; then run it again with --retire.
    """
    from service import log_keys

    path = _path()
    try:
        _say(log_keys.retire(path) if retire else log_keys.rotate(path))
    except OSError as error:
        raise Unusable(f"{path} cannot be written: {error.strerror}") from None


@command.command()
def keys() -> None:
    """Print the public keys, the newest first, of those that sign no longer too."""
    from service import log_keys

    _say(log_keys.load(_path()))


@command.command()
def checkpoint() -> None:
    """Sign the log as it is now, keep the signed head, and print it.

    It is kept in the database and beside LOG_KEY_FILE, so that one that is taken out is missed.
    """
    from service import audit_log, log_keys
    from service.clock import utc_now

    path = _path()
    keys = log_keys.load(path)
    signed = log_keys.signed(path, keys.verifiers())
    with opened() as (database, _):
        try:
            note = audit_log.sign_head(database, keys.signers, utc_now(), keys.retired, signed)
        except audit_log.Altered as error:
            stop(f"nothing was signed: {error}")
    try:
        log_keys.remember(path, note)
    except OSError as error:
        file = log_keys.signed_file(path)
        click.echo(f"recoup: {file} cannot be written ({error.strerror}): keep the checkpoint elsewhere", err=True)
    click.echo(note, nl=False)


@command.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "parquet"]),
    help="The form of FILE [default: by its ending, .jsonl or .parquet; jsonl without one].",
)
@click.option("--force", is_flag=True, help="Overwrite FILE where it is there already.")
def export(file: str, form: str | None, force: bool) -> None:
    """Write everything that was signed to FILE: one record for each leaf and checkpoint.

    JSON Lines, - for stdout; or Parquet, for those who analyse it. FILE is there once it is whole.
    """
    from service import audit_log
    from service.database import reading
    from service.log.canonical import NotCanonical
    from service.log.notes import BadNote

    if not form and Path(file).suffix not in ("", LINES, PARQUET):
        raise Unusable(f"{file}: an export is JSON Lines ({LINES}) or Parquet ({PARQUET}); --format says which")
    write = _parquet_writer(file) if form == "parquet" or (not form and file.endswith(PARQUET)) else _write_lines
    with opened(exactly=True) as (database, _), _written_to(file, force=force) as target:
        try:
            audit_log.place_all(database)
        except audit_log.Altered as error:
            # What was signed is exported all the same: it is for its reader to see that it does not hold.
            click.echo(f"recoup: {error}", err=True)
        with reading(database):
            signed = audit_log.newest_checkpoint(database)
        if signed is None:
            raise Unusable("nothing was signed yet: run `recoup audit checkpoint` first")
        record_read(database, "recoup audit export", None)
        gone: list[str] = []
        with reading(database):
            if audit_log.unsigned_erasures(database, signed.size):
                raise Unusable(
                    "something was erased, and no checkpoint tells of it yet: run `recoup audit checkpoint` first"
                )
            try:
                write(target, signed.head().origin, _noted(audit_log.records(database), gone))
            except BadNote as error:
                stop(f"the last checkpoint that is kept cannot be read: {error}")
            except (AttributeError, NotCanonical, TypeError) as error:
                stop(f"the log cannot be read, something was changed in it ({error}): run `recoup audit check`")
            count, size = audit_log.checkpoint_count(database), audit_log.size_of(database)
    if gone:
        first = f"{len(gone)} of what was signed is not in the database any more, the first is {gone[0]}"
        click.echo(f"recoup: the export will not hold: {first}; run `recoup audit check`", err=True)
    click.echo(f"{signed.size} leaves, {count} checkpoints; {size - signed.size} not signed yet", err=True)


command.add_command(_audit_figures.rules)
command.add_command(_audit_figures.points)


def _noted(records: Iterable[Mapping[str, Any]], gone: list[str]) -> Iterator[Mapping[str, Any]]:
    """The records, one by one; of those whose row is gone the names are noted down."""
    for each in records:
        if "seq" in each and each["body"] is None:
            gone.append(f"{each['kind']} {each['reference']}")
        yield each


@contextmanager
def _written_to(file: str, *, force: bool) -> Iterator[Path | None]:
    """Where an export is written; None is stdout. Raises Unusable."""
    try:
        with nullcontext() if file == "-" else made_whole(file, force=force) as target:
            yield target
    except OSError as error:
        raise Unusable(f"{file} cannot be written: {error.strerror}") from None


def _write_lines(target: Path | None, origin: str, records: Iterable[Mapping[str, Any]]) -> None:
    from service.log.exports import written

    with click.open_file("-" if target is None else str(target), "wb") as out:
        out.writelines(written(origin, records))


def _parquet_writer(file: str) -> Writer:
    if file == "-":
        raise Unusable("a Parquet export is written to a file; only JSON Lines goes to stdout")
    parquet = _parquet()
    write: Writer = parquet.write
    return write


@command.command()
@click.argument("export", type=click.Path(dir_okay=False, allow_dash=True))
@key_option(required=True)
@since_option
def verify(export: str, keys: tuple[str, ...], since: tuple[str, ...]) -> None:
    """Check an export, without the database and the service: every digest, root and signature.

    Names the first line, or the first record of a Parquet file, that is not as it was written, and ends with 1 where
    there is one.
    """
    from service.log.exports import BadExport, check

    verifiers = [verifier for each in keys for verifier in _verifiers(each)]
    kept = [checkpoint for each in since for checkpoint in _kept(each, verifiers)]
    try:
        with click.open_file(export, "rb") as file:
            # What comes through a pipe is read once.
            begin = file.read(len(MAGIC))
            if begin == MAGIC and not file.seekable():
                raise Unusable(f"{export} is Parquet, which is checked in a file only")
            found = (
                _parquet().check(file, verifiers, kept)
                if begin == MAGIC
                else check(chain([begin + file.readline()] if begin else [], file), verifiers, kept)
            )
    except BadExport as error:
        stop(f"{export}: {error}")
    except OSError as error:
        raise Unusable(f"{export}: {error.strerror}") from None
    erased = f", {found.erased} erased" if found.erased else ""
    counts = f"{found.leaves} leaves, {found.checkpoints} checkpoints{erased}"
    click.echo(f"{found.origin} holds: {counts}, root {b64encode(found.root).decode()}")


@command.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@key_option(required=True)
@click.option(
    "--since",
    multiple=True,
    required=True,
    type=click.Path(dir_okay=False),
    help="A file with checkpoints that you kept, among them those of the sizes that the proof is of.",
)
@click.option("--entry", type=click.Path(dir_okay=False), help="The leaf, as `GET /v1/audit/entries/{seq}` gives it.")
def proof(file: str, keys: tuple[str, ...], since: tuple[str, ...], entry: str | None) -> None:
    """Check a proof of `GET /v1/audit/proofs/...` in FILE, without the database and the service.

    Of inclusion: the leaf is among those that a checkpoint covers; with --entry, it is of what stands there. Of
    consistency: the log of the older checkpoint is the beginning of that of the newer one. Ends with 1 where it does
    not show that, and with 2 where it could not be checked, such as where none of the checkpoints is of its size.
    """
    verifiers = [verifier for each in keys for verifier in _verifiers(each)]
    kept = {checkpoint.size: checkpoint.root for each in since for checkpoint in _kept(each, verifiers)}
    shown = _audit_proof.Proof(read_json_file(file), kept, None if entry is None else read_json_file(entry))
    try:
        click.echo(shown.said())
    except _audit_proof.NoProof as error:
        stop(f"{file}: {error}")
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Unusable(f"{file} is not a proof as the API gives it, or --entry names no entry") from None


@command.command("check")
@key_option(required=False)
@since_option
@language_option
def check_database(keys: tuple[str, ...], since: tuple[str, ...], lang: str) -> None:
    """Compare the database with its log: every row with its leaf, every hash, every checkpoint.

    Prints a line for each row without a leaf, leaf without a row, row that is not what its leaf recorded, hash or
    checkpoint that is not that of the leaves, and trigger that is missing; and for each row that ought to follow from
    others and does not, such as those by which decisions are found. Ends with 1 when there is one. The keys are those
    of LOG_KEY_FILE, where none is given. What takes longer than a second tells how far it is.
    """
    from service import audit_log, derived_check, log_keys
    from service.commands.replay import Progress
    from service.database import reading
    from service.log_check import LogCheck

    differ = False
    with looked_at(exactly=True) as (database, settings):
        given = [verifier for each in keys for verifier in _verifiers(each)]
        verifiers = given or log_keys.load(settings.log_key_file).verifiers()
        kept = [checkpoint for each in since for checkpoint in _kept(each, verifiers)]
        if not given:
            kept += [each for each in log_keys.signed(settings.log_key_file, verifiers) if each not in kept]
        try:
            audit_log.place_all(database)
        except audit_log.Altered as error:
            click.echo(str(error))
            differ = True
        with reading(database):
            progress = Progress(audit_log.size_of(database) + derived_check.count(database), lang)
            check = LogCheck(database, verifiers, kept, progress.step)
            for each in chain(check.differences(), derived_check.differences(database, progress.step)):
                progress.clear()
                click.echo(each.in_language(lang))
                differ = True
            progress.clear()
    if differ:
        raise SystemExit(1)
    counts = {"leaves": check.leaves, "checkpoints": check.checkpoints, "rest": check.leaves - check.covered}
    click.echo(HOLDS.in_language(lang).format(**counts))


def _parquet() -> ModuleType:
    """The other form of an export. Raises Unusable where its package is not installed."""
    if find_spec("pyarrow") is None:
        raise Unusable("Parquet needs one more package: .venv/bin/pip install '.[parquet]'")
    from service.log import parquet

    return parquet


def _path() -> Path:
    from service.config import read_settings

    return read_settings().log_key_file


def _say(keys: Keys) -> None:
    for each in keys.verifiers():
        click.echo(str(each))


def _verifiers(given: str) -> list[Verifier]:
    """The public keys that a key, or a file, names. Raises Unusable."""
    from service.commands._files import read_file
    from service.log.notes import PRIVATE, BadKey, read_verifier

    texts = [given]
    # Every key has its name, its id and its bytes.
    if given.count("+") < 2 or Path(given).exists():
        texts = read_file(given).decode("utf-8", "replace").split()
        if not texts:
            raise Unusable(f"--key {given}: the file holds no key")
    try:
        return [read_verifier(each) for each in texts]
    except BadKey as error:
        named = "" if given.startswith(PRIVATE) else f" {given}"
        raise Unusable(f"--key{named}: {error}") from None


def _kept(file: str, verifiers: list[Verifier]) -> list[Checkpoint]:
    """The checkpoints in a file, one after the other, each signed by one of the keys. Raises Unusable."""
    from service.commands._files import read_file
    from service.log.notes import BadNote, notes_in, open_note, read_checkpoint

    try:
        notes = notes_in(read_file(file).decode("utf-8", "replace"))
        return [read_checkpoint(open_note(each, verifiers)[0]) for each in notes]
    except BadNote as error:
        raise Unusable(f"--since {file}: {error}") from None
