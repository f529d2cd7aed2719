"""`recoup audit`: the signed log of everything that is never changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.commands._database import opened, record_read
from service.commands._files import Unusable, stop

if TYPE_CHECKING:
    from service.log.notes import Verifier
    from service.log_keys import Keys

EPILOG = """\b
Examples:
  recoup audit keygen refunds.example.com/log
  recoup audit checkpoint
  recoup audit export log.jsonl
  recoup audit verify log.jsonl --key log.keys
"""


@click.group(epilog=EPILOG)
def command() -> None:
    """Sign the log, export it, and check an export."""


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
        stop(str(error))
    except FileExistsError:
        stop(f"{path} is there already; recoup audit rotate adds a key to it")
    except OSError as error:
        stop(f"{path} cannot be written: {error.strerror}")
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
        stop(f"{path} cannot be written: {error.strerror}")


@command.command()
def keys() -> None:
    """Print the public keys, the newest first, of those that sign no longer too."""
    from service import log_keys

    _say(log_keys.load(_path()))


@command.command()
def checkpoint() -> None:
    """Sign the log as it is now, keep the signed head, and print it."""
    from service import audit_log, log_keys
    from service.clock import utc_now

    signers = log_keys.load(_path()).signers
    with opened() as (database, _):
        try:
            note = audit_log.sign_head(database, signers, utc_now())
        except audit_log.Altered as error:
            stop(f"nothing was signed: {error}")
    click.echo(note, nl=False)


@command.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
def export(file: str) -> None:
    """Write everything that was signed to FILE, - for stdout: one line for each leaf and checkpoint."""
    from service import audit_log
    from service.database import reading
    from service.log.exports import written

    with opened() as (database, _):
        audit_log.place_all(database)
        with reading(database):
            signed = audit_log.checkpoints(database)
        if not signed:
            stop("nothing was signed yet: run `recoup audit checkpoint` first")
        record_read(database, "recoup audit export", None)
        with reading(database):
            signed = audit_log.checkpoints(database)
            origin = signed[-1].head().origin
            try:
                with click.open_file(file, "wb") as out:
                    out.writelines(written(origin, audit_log.records(database)))
            except OSError as error:
                stop(f"{file} cannot be written: {error.strerror}")
            covered, size = signed[-1].size, audit_log.size_of(database)
    click.echo(f"{covered} leaves, {len(signed)} checkpoints; {size - covered} not signed yet", err=True)


@command.command()
@click.argument("export", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--key", "keys", multiple=True, required=True, help="A public key of the log, or a file of them.")
def verify(export: str, keys: tuple[str, ...]) -> None:
    """Check an export, without the database and the service: every digest, root and signature.

    Names the first line that is not as it was written, and ends with 1 where there is one.
    """
    from service.log.exports import BadExport, check

    verifiers = [verifier for each in keys for verifier in _verifiers(each)]
    try:
        with click.open_file(export, "rb") as lines:
            found = check(lines, verifiers)
    except BadExport as error:
        stop(f"{export}: {error}")
    except OSError as error:
        raise Unusable(f"{export}: {error.strerror}") from None
    click.echo(f"{found.origin} holds: {found.leaves} leaves, {found.checkpoints} checkpoints, root {found.root.hex()}")


def _path() -> Path:
    from service.config import read_settings

    return read_settings().log_key_file


def _say(keys: Keys) -> None:
    for each in keys.verifiers():
        click.echo(str(each))


def _verifiers(given: str) -> list[Verifier]:
    """The public keys that a key, or a file, names. Raises Unusable."""
    from service.commands._files import read_file
    from service.log.notes import BadKey, read_verifier

    texts = [given]
    try:
        if Path(given).is_file():
            texts = read_file(given).decode("utf-8", "replace").split()
        return [read_verifier(each) for each in texts]
    except BadKey as error:
        raise Unusable(f"--key {given}: {error}") from None
