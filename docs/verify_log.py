"""Checks an export of a Recoup log: python3 verify_log.py EXPORT KEY [KEY ...]

Written apart from the service, so that nobody has to believe the service about itself. It needs Python 3.9 and the
package `cryptography`, no database and no network. A KEY is a public key as `recoup audit keys` prints it. The first
line that is not as it was written is named, and the exit code is 1.

What is checked: each line is in the one canonical form of its data; each leaf stands in its place and its digest is
that of what it records; each checkpoint is signed, and its root is the one over all leaves before it (RFC 9162), so
that each checkpoint extends the one before it; the last line counts and digests all others.
"""

import base64
import hashlib
import json
import sys
from typing import Any, BinaryIO, Dict, List, NoReturn, Tuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Keys = Dict[Tuple[str, bytes], Ed25519PublicKey]


class Wrong(Exception):
    """Why an export does not hold."""


def main(arguments: List[str]) -> int:
    """Check the export that the arguments name; the exit code."""
    if len(arguments) < 2:
        print(__doc__)
        return 2
    keys = dict(read_key(each) for each in arguments[1:])
    with open(arguments[0], "rb") as file:  # noqa: PTH123
        try:
            print(check(file, keys))
        except Wrong as error:
            print(f"{arguments[0]}: {error}")
            return 1
    return 0


def read_key(text: str) -> Tuple[Tuple[str, bytes], Ed25519PublicKey]:
    """A key by its name and id."""
    name, stated, data = text.split("+", 2)
    raw = base64.b64decode(data)
    key_id = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    if raw[0] != 1 or stated != key_id.hex():
        sys.exit(f"this is no Ed25519 key: {text}")
    return (name, key_id), Ed25519PublicKey.from_public_bytes(raw[1:])


def check(file: BinaryIO, keys: Keys) -> str:
    """What the export has in it. Raises Wrong."""
    peaks: List[Tuple[int, bytes]] = []  # The complete subtrees so far: (leaves, hash), the largest first.
    leaves = checkpoints = covered = number = 0
    origin, ended, digest = "", False, hashlib.sha256()
    for number, line in enumerate(file, 1):

        def wrong(reason: str, number: int = number) -> NoReturn:
            raise Wrong(f"line {number}: {reason}")

        if ended:
            wrong("behind the end")
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            wrong("no JSON")
        if canonical(record) + b"\n" != line or not isinstance(record, dict):
            wrong("not in canonical form")
        names = " ".join(sorted(record))
        if number == 1:
            if names != "format origin" or record["format"] != "recoup-log/1":
                wrong("no header")
            origin = record["origin"]
        elif names == "body digest kind reference salt seq":
            if str(record["seq"]) != str(leaves):
                wrong(f"leaf {leaves} is missing")
            said = {name: record[name] for name in ("body", "kind", "reference", "salt")}
            if record["digest"] != "sha256:" + hashlib.sha256(canonical(said)).hexdigest():
                wrong("the digest is not that of what is recorded")
            leaf = canonical({name: record[name] for name in ("digest", "kind", "reference")})
            peaks.append((1, hashlib.sha256(b"\x00" + leaf).digest()))
            while len(peaks) > 1 and peaks[-1][0] == peaks[-2][0]:
                (count, right), (_, left) = peaks.pop(), peaks.pop()
                peaks.append((2 * count, hashlib.sha256(b"\x01" + left + right).digest()))
            leaves += 1
        elif names == "checkpoint note":
            if str(record["checkpoint"]) != str(checkpoints):
                wrong(f"checkpoint {checkpoints} is missing")
            if opened(record["note"], keys, wrong) != head(origin, leaves, peaks):
                wrong("what was signed is another log, or other leaves")
            checkpoints, covered = checkpoints + 1, leaves
        elif names == "checkpoints end leaves":
            if not checkpoints or covered != leaves:
                wrong("the last leaves are not signed")
            if canonical([record["leaves"], record["checkpoints"]]) != canonical([leaves, checkpoints]):
                wrong("leaves or checkpoints are missing")
            if record["end"] != "sha256:" + digest.hexdigest():
                wrong("a line before this one was changed")
            ended = True
        else:
            wrong("no record of an export")
        digest.update(line)
    if not ended:
        raise Wrong(f"line {number + 1}: the end is missing")
    return f"{origin} holds: {leaves} leaves, {checkpoints} checkpoints"


def canonical(data: Any) -> bytes:
    """The canonical JSON of texts, whole numbers, lists and objects; anything else comes out otherwise than it was."""
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def head(origin: str, leaves: int, peaks: List[Tuple[int, bytes]]) -> str:
    """The text that a checkpoint of these leaves signs."""
    root = peaks[-1][1] if peaks else hashlib.sha256(b"").digest()
    for _, left in reversed(peaks[:-1]):
        root = hashlib.sha256(b"\x01" + left + root).digest()
    return f"{origin}\n{leaves}\n{base64.b64encode(root).decode()}\n"


def opened(note: Any, keys: Keys, wrong: Any) -> str:
    """The text of a note that one of the keys signed at least."""
    text, _, signatures = str(note).rpartition("\n\n")
    signed = 0
    for line in signatures.splitlines():
        dash, _, rest = line.partition(" ")
        name, _, data = rest.partition(" ")
        try:
            raw = base64.b64decode(data, validate=True)
        except ValueError:
            wrong("a signature is not in base64")
        if dash != "\u2014" or base64.b64encode(raw).decode() != data:
            wrong("a signature is not in its form")
        if (name, raw[:4]) in keys:
            try:
                keys[name, raw[:4]].verify(raw[4:], (text + "\n").encode("utf-8", "replace"))
            except InvalidSignature:
                wrong("a signature is not of this checkpoint")
            signed += 1
    if not signed:
        wrong("the checkpoint is not signed by a key that was given")
    return text + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
