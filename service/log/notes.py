"""Signed notes and checkpoints, as C2SP signed-note and tlog-checkpoint lay them out, with Ed25519 keys.

A note is a text, an empty line and one line for each signature. A checkpoint is a note whose text names a log, the
number of its leaves and the root over them. Signatures by keys that one does not know say nothing, so a log signs with
its old and its new key while the new one becomes known.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
DASH = "\u2014 "
PRIVATE = "PRIVATE+KEY+"
MOST_SIGNATURES = 100


class BadKey(ValueError):
    """The text is no key; the message says why."""


class BadNote(ValueError):
    """The note cannot be read, or is not signed by a key that is known; the message says why."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key and the name that goes with it."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes by which a signature says whose it is."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        """The key as it is given to others."""
        return f"{self.name}+{self.id.hex()}+{_base64(ED25519 + self.public)}"

    def verifies(self, signature: bytes, text: str) -> bool:
        """Whether a signature is this key's over a text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and the name that goes with it."""

    name: str
    seed: bytes

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self.name, Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    def secret(self) -> str:
        """The key as its owner keeps it."""
        return f"{PRIVATE}{self.name}+{self.verifier.id.hex()}+{_base64(ED25519 + self.seed)}"

    def signature(self, text: str) -> bytes:
        """The signature over a text."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())


def new_signer(name: str) -> Signer:
    """A fresh key. Raises BadKey for a name that no key can have."""
    _check_name(name)
    return Signer(name, Ed25519PrivateKey.generate().private_bytes_raw())


def read_verifier(text: str) -> Verifier:
    """The public key in a text. Raises BadKey."""
    if text.startswith(PRIVATE):
        raise BadKey("it is the private half of a key; `recoup audit keys` prints the public one")
    name, key_id, key = _key(text)
    found = Verifier(name, key)
    if found.id.hex() != key_id:
        raise BadKey("the id is not that of the key")
    return found


def read_signer(text: str) -> Signer:
    """The private key in a text. Raises BadKey."""
    if not text.startswith(PRIVATE):
        raise BadKey("this is no private key")
    name, key_id, key = _key(text.removeprefix(PRIVATE))
    found = Signer(name, key)
    if found.verifier.id.hex() != key_id:
        raise BadKey("the id is not that of the key")
    return found


def sign(text: str, signers: Sequence[Signer]) -> str:
    """The note that says a text, signed by each."""
    assert text.endswith("\n"), "the text of a note is whole lines"
    assert signers, "a note is signed"
    lines = [f"{DASH}{each.name} {_base64(each.verifier.id + each.signature(text))}\n" for each in signers]
    return f"{text}\n{''.join(lines)}"


def notes_in(text: str) -> list[str]:
    """The notes of a text in which they stand one after the other; at least one, whatever the text is."""
    found, signed = [""], False
    for line in text.split("\n"):
        if signed and line and not line.startswith(DASH):
            found.append("")
        signed = line.startswith(DASH)
        found[-1] += f"{line}\n"
    return [f"{each.rstrip(chr(10))}\n" for each in found]


def open_note(note: str, verifiers: Iterable[Verifier]) -> tuple[str, list[Verifier]]:
    """The text of a note, and who of those that are known signed it: one at least. Raises BadNote."""
    text, gap, signatures = note.rpartition("\n\n")
    lines = signatures.split("\n")
    if not gap or not text or lines.pop() != "" or not 0 < len(lines) <= MOST_SIGNATURES:
        raise BadNote("this is no signed note")
    text += "\n"
    known = {(each.name, each.id): each for each in verifiers}
    found: list[Verifier] = []
    for line in lines:
        name, key_id, signature = _signature(line)
        verifier = known.get((name, key_id))
        if verifier is None or verifier in found:
            continue
        if not verifier.verifies(signature, text):
            raise BadNote(f"the signature by {name}+{key_id.hex()} is not of this text")
        found.append(verifier)
    if not found:
        raise BadNote("it is signed by none of the keys that are known")
    return text, found


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: its name, how many leaves it has, and the root over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"


def read_checkpoint(text: str) -> Checkpoint:
    """The checkpoint in the text of a note. Raises BadNote."""
    origin, _, rest = text.partition("\n")
    size, _, rest = rest.partition("\n")
    root = rest.partition("\n")[0]
    if not origin or not (size.isascii() and size.isdigit()) or str(int(size)) != size:
        raise BadNote("this is no checkpoint")
    try:
        found = Checkpoint(origin, int(size), _bytes(root))
    except ValueError:
        raise BadNote("the root is not in base64") from None
    if len(found.root) != 32 or found.text() != text:
        raise BadNote("this is no checkpoint")
    return found


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, gap, text = line.removeprefix(DASH).partition(" ")
    try:
        data = _bytes(text)
    except ValueError:
        data = b""
    if not line.startswith(DASH) or not gap or not _may_be_name(name) or len(data) < 5:
        raise BadNote("a line below the text is no signature")
    return name, data[:4], data[4:]


def _key(text: str) -> tuple[str, str, bytes]:
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise BadKey("a key is written NAME+ID+KEY")
    name, key_id, key = parts
    _check_name(name)
    try:
        data = _bytes(key)
    except ValueError:
        raise BadKey("the key is not in base64") from None
    if data[:1] != ED25519 or len(data) != 33:
        raise BadKey("this is no Ed25519 key")
    return name, key_id, data[1:]


def _check_name(name: str) -> None:
    if not _may_be_name(name):
        raise BadKey("a name has no space and no + in it, such as example.com/refunds")


def _may_be_name(name: str) -> bool:
    return name != "" and name.isprintable() and "+" not in name and not any(each.isspace() for each in name)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    """What a text in base64 says, of which there is only one that says it. Raises ValueError."""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    if _base64(data) != text:
        raise ValueError("not the one way to write it")
    return data
