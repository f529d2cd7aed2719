"""Checks an export of a Recoup log, written apart from the service, so that nobody has to believe it.

It needs Python 3.9 and `cryptography`, and names the first bad line. Each CHECKPOINT must be in the export.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Keys = dict[tuple[str, bytes], Ed25519PublicKey]
ERASABLE = ("decision", "refund_request", "move", "inquiry_entry", "event_answer")
Wrong = ValueError  # Why an export or a checkpoint does not hold.


def main() -> None:
    """Ends with 1 where the export does not hold, and with 2 where it could not be checked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", help="a file that `recoup audit export` wrote")
    parser.add_argument("key", type=key, nargs="+", help="a public key of the log, as `recoup audit keys` prints it")
    parser.add_argument("--since", action="append", default=[], help="a file of checkpoints that were kept")
    asked, kept, what, code = parser.parse_intermixed_args(), set[str](), "", 2
    try:
        for what in asked.since:
            notes = re.split(r"\n+(?=.+\n[0-9]+\n.+\n\n)", Path(what).read_text("utf-8", "replace"))
            kept.update(opened(note.rstrip("\n"), dict(asked.key)) for note in notes)
        what, code = asked.export, 1
        with Path(what).open("rb") as file:
            print(check(file, dict(asked.key), frozenset(kept)))
    except (Wrong, OSError) as error:
        parser.exit(2 if isinstance(error, OSError) else code, f"{what}: {getattr(error, 'strerror', error)}\n")


def key(text: str) -> tuple[tuple[str, bytes], Ed25519PublicKey]:  # A key by its name and id.
    name, stated, data = text.split("+", 2)
    raw = base64.b64decode(data)
    key_id = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    need(raw[:1] == b"\x01" and stated == key_id.hex(), "no Ed25519 key")
    return (name, key_id), Ed25519PublicKey.from_public_bytes(raw[1:])


def need(holds: bool, why: str) -> None:
    if not holds:
        raise Wrong(why)


def check(file: BinaryIO, keys: Keys, kept: frozenset[str] = frozenset()) -> str:
    export = Export(keys, kept)
    for export.line, line in enumerate(file, 1):
        try:
            export.take(line)
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            raise Wrong(f"line {export.line}: {error}") from None
    need(export.ended, f"line {export.line + 1}: the end is missing")
    return f"{export.origin} holds: {export.leaves} leaves, {export.checkpoints} checkpoints"


class Export:  # What was read of it so far.
    def __init__(self, keys: Keys, kept: frozenset[str]) -> None:
        self.keys, self.missed, self.origin, self.ended = keys, set(kept), "", False
        self.leaves = self.checkpoints = self.covered = self.line = 0
        # What remains of an erased leaf, what its last erasure says of it, and its line; how many each has yet to name.
        self.digest, self.erased, self.due = hashlib.sha256(), dict[str, list[Any]](), dict[int, int]()
        self.peaks: list[bytes] = []  # The hashes of the complete subtrees, the largest first.

    def take(self, line: bytes) -> None:
        record = dict(json.loads(line, parse_float=str, parse_constant=str))
        need(not self.ended and canonical(record) + b"\n" == line, "behind the end, or not in canonical form")
        names, leaf = " ".join(sorted(record)), "body digest kind reference salt seq"
        kinds = {leaf: self.leaf, "checkpoint note": self.checkpoint, "checkpoints end leaves": self.end}
        need(not self.origin or names in kinds, "no record of an export")
        (kinds[names] if self.origin else self.header)(record)
        self.digest.update(line)

    def header(self, record: dict[str, Any]) -> None:
        self.origin = str(record.get("origin"))
        need(record == {"format": "recoup-log/1", "origin": self.origin}, "no header of an export")
        need(self.origin in dict(iter(self.keys)), "of another log than the keys")

    def leaf(self, record: dict[str, Any]) -> None:
        need(canonical(record["seq"]) == canonical(self.leaves), f"leaf {self.leaves} is missing")
        kind, body, erased = record["kind"], record["body"], record["salt"] is None and record["kind"] in ERASABLE
        said = {name: record[name] for name in ("body", "kind", "reference", "salt")[: 3 if erased else 4]}
        digest = "sha256:" + hashlib.sha256(canonical(said)).hexdigest()
        need(erased or record["digest"] == digest, "the digest is not that of what is recorded")
        if erased:
            self.erased[f"{kind} {record['reference']}"] = [digest, "", self.line]
        elif kind == "erasure":
            self.due[body["id"]] = self.due.get(body["id"], 0) + body["records"]
        elif kind == "erased_record":
            self.due[body["erasure_id"]] -= 1
            need((name := f"{body['kind']} {body['reference']}") in self.erased, "what it names is not erased")
            self.erased[name][1] = body["remains"]
        leaf = canonical({name: record[name] for name in ("digest", "kind", "reference")})
        node, size = hashlib.sha256(b"\x00" + leaf).digest(), self.leaves
        while size % 2:  # The last complete subtree is as large as this one: both together are one.
            node, size = hashlib.sha256(b"\x01" + self.peaks.pop() + node).digest(), size // 2
        self.peaks, self.leaves = [*self.peaks, node], self.leaves + 1

    def checkpoint(self, record: dict[str, Any]) -> None:
        need(canonical(record["checkpoint"]) == canonical(self.checkpoints), "the checkpoint before it is missing")
        root = self.peaks[-1] if self.peaks else hashlib.sha256(b"").digest()
        for left in reversed(self.peaks[:-1]):
            root = hashlib.sha256(b"\x01" + left + root).digest()
        signed = f"{self.origin}\n{self.leaves}\n{base64.b64encode(root).decode()}\n"
        need(opened(record["note"], self.keys) == signed, "what was signed is another log, or other leaves")
        self.missed.discard(signed)
        self.checkpoints, self.covered = self.checkpoints + 1, self.leaves

    def end(self, record: dict[str, Any]) -> None:
        need(self.checkpoints > 0 and self.covered == self.leaves, "the last leaves are not signed")
        self.line = min([self.line, *(untold := [line for left, told, line in self.erased.values() if left != told])])
        need(not untold, "the leaf is said to be erased, and no erasure tells of it")
        need(not any(self.due.values()), "an erasure names more records, or fewer, than it says that it erased")
        need(not self.missed, "a checkpoint that was kept is not in it, or covers other leaves")
        found = {"leaves": self.leaves, "checkpoints": self.checkpoints, "end": "sha256:" + self.digest.hexdigest()}
        need(canonical(record) == canonical(found), "a line before this one was changed, or is missing")
        self.ended = True


def canonical(data: Any) -> bytes:
    """The canonical JSON of texts, whole numbers, lists and objects; anything else comes out otherwise than it was."""
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def opened(note: Any, keys: Keys) -> str:  # The text of a note that one of the keys signed at least.
    (text, _, signatures), signed = str(note).rpartition("\n\n"), 0
    for line in signatures.splitlines():
        try:
            dash, name, data = line.split(" ", 2)
            raw = base64.b64decode(data, validate=True)
            need(len(raw) > 4 and dash == "\u2014" and base64.b64encode(raw).decode() == data, "")
            if (name, raw[:4]) in keys:
                signed += keys[name, raw[:4]].verify(raw[4:], (text + "\n").encode("utf-8", "replace")) is None
        except (ValueError, InvalidSignature):
            raise Wrong("a signature is not of this checkpoint") from None
    need(signed > 0, "the checkpoint is signed by none of the keys")
    return text + "\n"


if __name__ == "__main__":
    main()
