"""Checks an export of a Recoup log: python3 verify_log.py EXPORT KEY [KEY ...]

Written apart from the service, so that nobody has to believe it. It needs Python 3.9 and `cryptography`. A KEY is what
`recoup audit keys` prints. The first bad line is named. Leaves stand in their places with the digests of what they
record, or without a salt where a later leaf tells what an erasure left; checkpoints are signed over all before them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Keys = dict[tuple[str, bytes], Ed25519PublicKey]
ERASABLE = ("decision", "refund_request", "move", "inquiry_entry", "event_answer")


class Wrong(Exception):
    """Why an export does not hold."""


def main(export: str, *keys: str) -> None:
    """Check an export with some keys. Ends with 1 where it does not hold."""
    try:
        print(check(open(export, "rb"), dict(map(read_key, keys))))  # noqa: PTH123, SIM115
    except Wrong as error:
        sys.exit(f"{export}: {error}")


def read_key(text: str) -> tuple[tuple[str, bytes], Ed25519PublicKey]:
    """A key by its name and id."""
    name, stated, data = text.split("+", 2)
    raw = base64.b64decode(data)
    key_id = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    if raw[0] != 1 or stated != key_id.hex():
        sys.exit(f"this is no Ed25519 key: {text}")
    return (name, key_id), Ed25519PublicKey.from_public_bytes(raw[1:])


def check(file: BinaryIO, keys: Keys) -> str:
    """What the export has in it. Raises Wrong with the first bad line."""
    export, number = Export(keys), 0
    for number, line in enumerate(file, 1):
        try:
            export.take(line)
        except Wrong as error:
            raise Wrong(f"line {number}: {error}") from None
    if not export.ended:
        raise Wrong(f"line {number + 1}: the end is missing")
    return f"{export.origin} holds: {export.leaves} leaves, {export.checkpoints} checkpoints"


class Export:
    """What was read of an export so far."""

    def __init__(self, keys: Keys) -> None:
        self.keys, self.origin, self.ended = keys, "", False
        self.leaves = self.checkpoints = self.covered = 0
        self.untold: set[str] = set()  # What remains of erased leaves, until an erasure tells of it.
        self.peaks: list[tuple[int, bytes]] = []  # The complete subtrees: how many leaves, and the hash.
        self.digest = hashlib.sha256()

    def take(self, line: bytes) -> None:
        """Read one line more. Raises Wrong."""
        try:
            record = json.loads(line, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError):
            raise Wrong("no JSON") from None
        if self.ended or not isinstance(record, dict) or canonical(record) + b"\n" != line:
            raise Wrong("behind the end, or not in canonical form")
        names, leaf = " ".join(sorted(record)), "body digest kind reference salt seq"
        kinds = {leaf: self.leaf, "checkpoint note": self.checkpoint, "checkpoints end leaves": self.end}
        if self.origin and names not in kinds:
            raise Wrong("no record of an export")
        (kinds[names] if self.origin else self.header)(record)
        self.digest.update(line)

    def header(self, record: dict[str, Any]) -> None:
        self.origin = str(record.get("origin"))
        if record != {"format": "recoup-log/1", "origin": self.origin} or self.origin not in dict(iter(self.keys)):
            raise Wrong("no header, or of another log than the keys")

    def leaf(self, record: dict[str, Any]) -> None:
        if str(record["seq"]) != str(self.leaves):
            raise Wrong(f"leaf {self.leaves} is missing")
        erased = record["salt"] is None and record["kind"] in ERASABLE
        said = {name: record[name] for name in ("body", "kind", "reference", "salt")[: 3 if erased else 4]}
        digest = "sha256:" + hashlib.sha256(canonical(said)).hexdigest()
        if erased:
            self.untold.add(digest)
        elif record["digest"] != digest:
            raise Wrong("the digest is not that of what is recorded")
        elif record["kind"] == "erased_record":
            self.untold.discard(str(record["body"]["remains"]))
        self.leaves += 1
        leaf = canonical({name: record[name] for name in ("digest", "kind", "reference")})
        self.peaks.append((1, hashlib.sha256(b"\x00" + leaf).digest()))
        while len(self.peaks) > 1 and self.peaks[-1][0] == self.peaks[-2][0]:
            (count, right), (_, left) = self.peaks.pop(), self.peaks.pop()
            self.peaks.append((2 * count, hashlib.sha256(b"\x01" + left + right).digest()))

    def checkpoint(self, record: dict[str, Any]) -> None:
        if str(record["checkpoint"]) != str(self.checkpoints):
            raise Wrong(f"checkpoint {self.checkpoints} is missing")
        root = self.peaks[-1][1] if self.peaks else hashlib.sha256(b"").digest()
        for _, left in reversed(self.peaks[:-1]):
            root = hashlib.sha256(b"\x01" + left + root).digest()
        if opened(record["note"], self.keys) != f"{self.origin}\n{self.leaves}\n{base64.b64encode(root).decode()}\n":
            raise Wrong("what was signed is another log, or other leaves")
        self.checkpoints, self.covered = self.checkpoints + 1, self.leaves

    def end(self, record: dict[str, Any]) -> None:
        if not self.checkpoints or self.covered != self.leaves or self.untold:
            raise Wrong("the last leaves are not signed" if not self.untold else "no erasure tells of an erased leaf")
        found = {"leaves": self.leaves, "checkpoints": self.checkpoints, "end": "sha256:" + self.digest.hexdigest()}
        if canonical(record) != canonical(found):
            raise Wrong("a line before this one was changed, or is missing")
        self.ended = True


def canonical(data: Any) -> bytes:
    """The canonical JSON of texts, whole numbers, lists and objects; anything else comes out otherwise than it was."""
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def opened(note: Any, keys: Keys) -> str:
    """The text of a note that one of the keys signed at least. Raises Wrong."""
    (text, _, signatures), signed = str(note).rpartition("\n\n"), 0
    for line in signatures.splitlines():
        dash, name, data = (*line.split(" ", 2), "", "")[:3]
        try:
            raw = base64.b64decode(data, validate=True)
            if not raw or dash != "\u2014" or base64.b64encode(raw).decode() != data:
                raise ValueError
            if (name, raw[:4]) in keys:
                signed += keys[name, raw[:4]].verify(raw[4:], (text + "\n").encode("utf-8", "replace")) is None
        except (ValueError, InvalidSignature):
            raise Wrong("a signature is not of this checkpoint") from None
    if not signed:
        raise Wrong("the checkpoint is signed by none of the keys")
    return text + "\n"


if __name__ == "__main__":
    main(*sys.argv[1:]) if sys.argv[2:] else sys.exit(__doc__)
