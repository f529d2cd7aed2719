"""An export of the log, line by line: how it is written, and how anybody checks it without the service.

Each line is canonical JSON. The first names the log. Then come the leaves in their order, each with what it records,
and behind the last leaf that it covers each signed checkpoint. The last line counts both and holds the digest of all
lines before it, so that a file that was cut short is seen to be.

What a leaf recorded may have been erased. It has no salt then, its digest says nothing any more to anybody, and its
body is what remains. A later leaf, of the kind `erased_record`, records the digest of just that; where there are
several, the last one does. Each belongs to an `erasure`, a leaf before it, which says how many there are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from service.log.canonical import NotCanonical, canonical, read
from service.log.notes import BadNote, Checkpoint, Verifier, open_note, read_checkpoint
from service.log.tree import Frontier, leaf_hash

FORMAT = "recoup-log/1"
HEADER = {"format", "origin"}
LEAF = {"seq", "kind", "reference", "salt", "body", "digest"}
CHECKPOINT = {"checkpoint", "note"}
END = {"leaves", "checkpoints", "end"}
ERASED_RECORD, ERASURE = "erased_record", "erasure"
ERASABLE: Mapping[str, tuple[str, ...]] = {
    "decision": ("case_data", "data"),
    "refund_request": ("receiving_account",),
    "move": ("actor", "reason"),
    "inquiry_entry": ("agent", "text", "reason"),
    "event_answer": ("case_data", "data"),
}
"""By kind, what may hold words, links and facts of people; nothing else is ever erased."""


class BadExport(Exception):
    """The first line, or the first record of an export that has no lines, that is not as it was written, and why."""

    def __init__(self, line: int, reason: str, unit: str = "line") -> None:
        super().__init__(f"{unit} {line}: {reason}")
        self.line = line


@dataclass(frozen=True, slots=True)
class Checked:
    """What an export that holds has in it."""

    origin: str
    leaves: int
    checkpoints: int
    root: bytes
    erased: int = 0


def digest_of(kind: str, reference: str, salt: str, body: Mapping[str, Any] | None) -> str:
    """What a leaf says of the thing it records. Without the salt nobody can guess the thing from it."""
    said = {"kind": kind, "reference": reference, "salt": salt, "body": body}
    return f"sha256:{hashlib.sha256(canonical(said)).hexdigest()}"


def remains_of(kind: str, reference: str, body: Mapping[str, Any] | None) -> str:
    """What an erasure records of what it left. It needs no salt: nothing of a person is left in it."""
    said = {"kind": kind, "reference": reference, "body": body}
    return f"sha256:{hashlib.sha256(canonical(said)).hexdigest()}"


def leaf_of(kind: str, reference: str, digest: str) -> bytes:
    """The bytes of a leaf."""
    return canonical({"kind": kind, "reference": reference, "digest": digest})


class Writing:
    """An export that is being written: the line of each record, and what the last one says of them."""

    def __init__(self, origin: str) -> None:
        self.header = {"format": FORMAT, "origin": origin}
        self._leaves = self._checkpoints = 0
        self._whole = hashlib.sha256()
        self.first = self.line(self.header)

    def line(self, record: Mapping[str, Any]) -> bytes:
        """The line of the next record."""
        line = canonical(record) + b"\n"
        self._leaves += "seq" in record
        self._checkpoints += "note" in record
        self._whole.update(line)
        return line

    def end(self) -> dict[str, Any]:
        """The last record."""
        whole = f"sha256:{self._whole.hexdigest()}"
        return {"leaves": self._leaves, "checkpoints": self._checkpoints, "end": whole}


def written(origin: str, records: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """The lines of an export whose leaves and checkpoints are given in their order."""
    export = Writing(origin)
    yield export.first
    yield from map(export.line, records)
    yield canonical(export.end()) + b"\n"


def check(lines: Iterable[bytes], verifiers: Sequence[Verifier], kept: Iterable[Checkpoint] = ()) -> Checked:
    """What an export has in it, every digest, root and signature checked, and that it begins with the leaves of each
    checkpoint that somebody `kept`, and has that checkpoint. Raises BadExport at the first bad line.
    """
    checking = Checking(verifiers, kept)
    number = 0
    for number, line in enumerate(lines, 1):
        checking.line = number
        checking.take(line)
    if checking.end is None:
        raise BadExport(number + 1, "the export ends before its end")
    return checking.end


class Checking:
    """How far an export has been read. `line` is the number of the line, or of what `unit` names, that comes next."""

    def __init__(self, verifiers: Sequence[Verifier], kept: Iterable[Checkpoint] = (), unit: str = "line") -> None:
        self.line = 0
        self.end: Checked | None = None
        self._unit = unit
        self._begun = False
        self._verifiers = verifiers
        # What has to be met yet, the smallest last.
        self._kept = sorted(kept, key=lambda each: each.size, reverse=True)
        self._awaited = {(each.size, each.root) for each in self._kept}
        self._origin = ""
        self._tree = Frontier()
        self._covered = 0
        self._checkpoints = 0
        self._erased = 0
        # By name, what remains of each erased leaf, and its line and place; and those of which the last erasure does
        # not tell just that.
        self._remains: dict[str, tuple[str, int, int]] = {}
        self._untold = set[str]()
        # By number, how many records more an erasure has to tell of, and the line and the place of its leaf.
        self._erasures: dict[str, tuple[int, int, int]] = {}
        self._whole = hashlib.sha256()

    def take(self, line: bytes) -> None:
        """Check one line more. Raises BadExport."""
        if self.end is not None:
            self._stop("something stands behind the end")
        if not line.endswith(b"\n"):
            self._stop("the line is cut short")
        try:
            record = read(line[:-1])
        except NotCanonical as error:
            self._stop(str(error))
        self.take_record(record, line)

    def take_record(self, record: Any, line: bytes | None = None) -> None:
        """Check one record more, whose line is given where it is known to be canonical. Raises BadExport."""
        if line is None:
            try:
                line = canonical(record) + b"\n"
            except NotCanonical as error:
                self._stop(str(error))
        names = set(record) if isinstance(record, dict) else set()
        if not self._begun:
            self._header(record, names)
            self._begun = True
        elif names == LEAF:
            self._leaf(**record)
        elif names == CHECKPOINT:
            self._checkpoint(**record)
        elif names == END:
            self._end(record)
        else:
            self._stop("this is no record of an export")
        self._whole.update(line)

    def _header(self, record: Any, names: set[str]) -> None:
        if names != HEADER or record["format"] != FORMAT or not isinstance(record["origin"], str):
            self._stop(f"this is no export in the format {FORMAT}")
        self._origin = record["origin"]
        if all(each.name != self._origin for each in self._verifiers):
            self._stop(f"no key of {self._origin} was given")
        for each in self._kept:
            if each.origin != self._origin:
                self._stop(f"the export is of {self._origin}, and the checkpoint that was kept of {each.origin}")
        self._meet_kept()

    def _leaf(self, seq: Any, kind: Any, reference: Any, salt: Any, body: Any, digest: Any) -> None:
        if type(seq) is not int or seq != self._tree.size:
            self._stop(f"leaf {self._tree.size} should stand here")
        if salt is None:
            if not isinstance(kind, str) or kind not in ERASABLE:
                self._stop(f"leaf {seq} ({kind} {reference}) is said to be erased, and nothing of its kind ever is")
            name = f"{kind} {reference}"
            self._remains[name] = (remains_of(kind, reference, body), self.line, seq)
            self._untold.add(name)
            self._erased += 1
        elif digest_of(kind, reference, salt, body) != digest:
            self._stop(f"leaf {seq} ({kind} {reference}) is not what was recorded: its digest is another")
        elif kind == ERASURE and isinstance(body, dict):
            erasure = str(body.get("id"))
            if erasure in self._erasures:
                self._stop(f"leaf {seq} is the second of erasure {erasure}")
            self._erasures[erasure] = (_count(body.get("records")), self.line, seq)
        elif kind == ERASED_RECORD and isinstance(body, dict):
            self._tell(seq, str(body.get("erasure_id")), f"{body.get('kind')} {body.get('reference')}", body)
        self._tree.append(leaf_hash(leaf_of(kind, reference, digest)))
        self._meet_kept()

    def _tell(self, seq: int, erasure: str, name: str, body: Mapping[str, Any]) -> None:
        """Leaf `seq` tells that a record was erased, and what remained of it."""
        due, line, leaf = self._erasures.get(erasure, (0, 0, 0))
        if due < 1:
            self._stop(f"leaf {seq} names one record more than erasure {erasure} says that it erased")
        self._erasures[erasure] = (due - 1, line, leaf)
        if name not in self._remains:
            self._stop(
                f"leaf {seq} says that erasure {erasure} erased the words of {name},"
                " and its leaf has them, or is not there"
            )
        # Where a record was erased twice, the last one counts.
        (self._untold.discard if body.get("remains") == self._remains[name][0] else self._untold.add)(name)

    def _meet_kept(self) -> None:
        while self._kept and self._kept[-1].size == self._tree.size:
            if self._kept.pop().root != self._tree.root():
                self._stop(
                    f"the first {self._tree.size} leaves are not those of the checkpoint that was kept;"
                    " this one or one before it was changed"
                )

    def _checkpoint(self, checkpoint: Any, note: Any) -> None:
        if type(checkpoint) is not int or checkpoint != self._checkpoints or not isinstance(note, str):
            self._stop(f"checkpoint {self._checkpoints} should stand here")
        try:
            text, _ = open_note(note, self._verifiers)
            found = read_checkpoint(text)
        except BadNote as error:
            self._stop(f"checkpoint {checkpoint}: {error}")
        if found.origin != self._origin:
            self._stop(f"checkpoint {checkpoint} is of another log, {found.origin}")
        if found.size != self._tree.size:
            self._stop(f"checkpoint {checkpoint} is of {found.size} leaves, and stands behind {self._tree.size}")
        if found.root != self._tree.root():
            since = f"behind leaf {self._covered - 1}" if self._covered else "from the first leaf on"
            self._stop(f"checkpoint {checkpoint} was signed over other leaves; something was changed {since}")
        self._covered = self._tree.size
        self._checkpoints += 1
        self._awaited.discard((found.size, found.root))

    def _end(self, record: Mapping[str, Any]) -> None:
        if not self._checkpoints or self._covered != self._tree.size:
            self._stop("no checkpoint covers the last leaves")
        if self._untold:
            self.line, first = min(self._remains[name][1:] for name in self._untold)
            self._stop(f"leaf {first} is said to be erased, and no erasure tells of what it is now")
        for number, (due, line, seq) in self._erasures.items():
            if due:
                self.line = line
                self._stop(f"leaf {seq} (erasure {number}) says that it erased {due} records more than are named")
        if self._kept:
            most = self._kept[0].size
            self._stop(f"the export has {self._tree.size} leaves, and the checkpoint that was kept covers {most}")
        if self._awaited:
            size = min(self._awaited)[0]
            self._stop(f"the checkpoint of {size} leaves that was kept is not in the export; it was taken out")
        counts = (self._tree.size, self._checkpoints)
        if (record["leaves"], record["checkpoints"]) != counts or any(
            type(record[name]) is not int for name in ("leaves", "checkpoints")
        ):
            self._stop("the export has not as many leaves and checkpoints as it says")
        if record["end"] != f"sha256:{self._whole.hexdigest()}":
            self._stop("a line before this one was changed: their digest is another")
        self.end = Checked(self._origin, *counts, self._tree.root(), self._erased)

    def _stop(self, reason: str) -> NoReturn:
        raise BadExport(self.line, reason, self._unit)


def _count(found: Any) -> int:
    """A whole number; -1, which no records come to, for anything else."""
    return found if type(found) is int else -1
