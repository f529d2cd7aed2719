"""The file that holds the log's keys, one a line, the newest first.

A private key signs. A public one signed once, and is still given to whoever checks what it signed. While a new key
becomes known, the file holds two private ones, and both sign.

Beside it lies a file with every checkpoint that was signed, one after the other: of a checkpoint that is taken out of
the database nothing else there would tell.
"""

from __future__ import annotations

import os
from pathlib import Path

from service.config import BadSetting
from service.log.notes import (
    PRIVATE,
    BadKey,
    BadNote,
    Checkpoint,
    Signer,
    Verifier,
    new_signer,
    notes_in,
    open_note,
    read_checkpoint,
    read_signer,
    read_verifier,
)


class Keys:
    """The keys of a log, the newest first."""

    def __init__(self, signers: list[Signer], retired: list[Verifier]) -> None:
        self.signers = signers
        self.retired = retired

    def verifiers(self) -> list[Verifier]:
        """The public keys, of those that signed once too."""
        return [*(each.verifier for each in self.signers), *self.retired]

    def text(self) -> str:
        """The keys as they are kept."""
        return "".join(f"{line}\n" for line in (*(each.secret() for each in self.signers), *map(str, self.retired)))


def make(path: Path, name: str) -> Keys:
    """A new file with one key. Raises BadKey for the name, FileExistsError, OSError."""
    keys = Keys([new_signer(name)], [])
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(keys.text())
    return keys


def load(path: Path) -> Keys:
    """The keys in a file. Raises BadSetting with what is wrong with it."""
    try:
        lines = path.read_text("utf-8").split("\n")
    except FileNotFoundError:
        raise BadSetting(f"LOG_KEY_FILE names {path}, which is not there: run `recoup audit keygen NAME`") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"LOG_KEY_FILE names {path}, which cannot be read: {error}") from None
    if path.stat().st_mode & 0o077:
        raise BadSetting(f"LOG_KEY_FILE names {path}, which others may read: chmod 600 {path}")
    keys = Keys([], [])
    for number, line in enumerate(lines, 1):
        try:
            if line.startswith(PRIVATE):
                keys.signers.append(read_signer(line))
            elif line:
                keys.retired.append(read_verifier(line))
        except BadKey as error:
            raise BadSetting(f"LOG_KEY_FILE names {path}, and its line {number} is no key: {error}") from None
    if not keys.signers or len({each.name for each in keys.verifiers()}) > 1:
        raise BadSetting(f"LOG_KEY_FILE names {path}, which must hold private keys of one name")
    return keys


def rotate(path: Path) -> Keys:
    """Add a new key, which signs beside those that do. Raises BadSetting, OSError."""
    keys = load(path)
    return _replace(path, Keys([new_signer(keys.signers[0].name), *keys.signers], keys.retired))


def retire(path: Path) -> Keys:
    """Let the newest key sign alone; the others are kept as public keys only. Raises BadSetting, OSError."""
    newest, *others = (keys := load(path)).signers
    return _replace(path, Keys([newest], [*(each.verifier for each in others), *keys.retired]))


def signed_file(path: Path) -> Path:
    """Where the checkpoints are kept that the keys of a file signed."""
    return path.with_name(f"{path.name}.checkpoints")


def signed(path: Path, verifiers: list[Verifier]) -> list[Checkpoint]:
    """The checkpoints that the keys of a file signed, oldest first. Raises BadSetting."""
    file = signed_file(path)
    try:
        text = file.read_text("utf-8")
        return [read_checkpoint(open_note(each, verifiers)[0]) for each in notes_in(text)]
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"{file}, with the checkpoints that were signed, cannot be read: {error}") from None
    except BadNote as error:
        raise BadSetting(
            f"{file} holds something else than checkpoints signed by the keys beside it: {error}"
        ) from None


def remember(path: Path, note: str) -> None:
    """Keep a checkpoint that was signed, unless it is the last that was. Raises OSError."""
    with signed_file(path).open("a+", encoding="utf-8") as file:
        file.seek(0)
        if not file.read().endswith(note):
            file.write(note)
            file.flush()
            os.fsync(file.fileno())


def _replace(path: Path, keys: Keys) -> Keys:
    """The old file or the new one is there at every moment, and nobody else can read either."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(keys.text())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    return keys
