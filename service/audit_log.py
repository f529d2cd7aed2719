"""The log as it stands in the database: leaves get their places, heads are signed, and all of it is exported.

The database itself makes a leaf of every row that is never changed, in the transaction of that row (see
`migrations/0008_log.py`): no code that records anything can forget it, and a filing pays for one row more. A leaf gets
its place afterwards, behind all that have one, by whoever looks at the log next. So of two transactions that overlap,
none waits for the other; what was committed before a checkpoint is in it; and a leaf never moves.
"""

from __future__ import annotations

import re
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from policies.model import Text
from service.clock import stored
from service.database import Database, Row, execute, execute_many, lock, reading, rows, writing
from service.errors import Damage
from service.log.exports import digest_of, leaf_of, remains_of
from service.log.notes import BadNote, Checkpoint, Signer, Verifier, open_note, read_checkpoint, sign
from service.log.tree import EMPTY, Node, consistency_proof, frontier_of, inclusion_proof, leaf_hash, place, root_of
from service.migrate import is_newer
from service.tables import TABLES

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Kind:
    """What is recorded of a row: the column by which it is found, and those that are never changed.

    Texts that hold JSON stay texts: what is proven is what is kept, byte for byte.
    """

    key: str
    columns: tuple[str, ...]


# By table. What was logged once stays as it was: a column that is added to a table later needs a kind of its own.
KINDS: Mapping[str, Kind] = {
    "policy_version": Kind("digest", ("digest", "policy", "number", "starts", "text", "holidays", "published_at")),
    "policy_draft": Kind("id", ("id", "policy", "digest", "base", "text", "scenarios", "actor", "key", "drafted_at")),
    "draft_about": Kind("draft_id", ("draft_id", "about")),
    "draft_check": Kind("draft_id", ("draft_id", "passed", "data", "checked_at")),
    "draft_rejection": Kind("draft_id", ("draft_id", "actor", "key", "reason", "rejected_at")),
    "publication": Kind(
        "digest",
        ("digest", "effective_from", "draft_id", "restores", "actor", "key", "seen", "reason", "entered_at"),
    ),
    "shadow": Kind("id", ("id", "policy", "draft_id", "digest", "text", "holidays", "actor", "key", "started_at")),
    "shadow_end": Kind("shadow_id", ("shadow_id", "actor", "key", "ended_at")),
    "decision": Kind(
        "id",
        (
            *("id", "account", "policy", "digest", "outcome", "points", "as_of", "decided_at"),
            *("case_data", "data"),
        ),
    ),
    # Its state changes: the moves tell how.
    "refund_request": Kind(
        "id", ("id", "account_id", "decision_id", "points", "method", "receiving_account", "requested_at")
    ),
    "move": Kind("id", ("id", "request_id", "name", "before", "state", "actor", "reason", "moved_at")),
    "ledger_entry": Kind(
        "id", ("id", "lot_id", "kind", "points", "request_id", "happened_at", "entered_at", "event", "rule")
    ),
    "event": Kind("id", ("id", "account_id", "type", "of", "amount", "body", "digest", "happened_at", "entered_at")),
    "event_answer": Kind("event_id", ("event_id", "digest", "refused", "case_data", "data", "answered_at")),
    "take_back": Kind("id", ("id", "event_id", "lot_id", "rule", "points", "amount")),
    "debt_entry": Kind(
        "id", ("id", "account_id", "lot_id", "points", "event", "rule", "since", "paid_by", "entered_at")
    ),
    "claim_entry": Kind(
        "id", ("id", "account_id", "event", "rule", "part", "lot_id", "points", "since", "paid_by", "entered_at")
    ),
    "notice": Kind("id", ("id", "account_id", "rule", "day", "digest", "points", "data", "noticed_at")),
    "inquiry_entry": Kind(
        "id",
        ("id", "inquiry_id", "move", "who", "agent", "text", "outcome", "reason", "due_on", "at"),
    ),
    "access_key": Kind("id", ("id", "name", "digest", "roles", "created_at", "expires_at")),
    "access_key_end": Kind("key_id", ("key_id", "ended_at")),
    "decision_read": Kind("id", ("id", "decision_id", "reader", "key", "roles", "address", "read_at")),
    "erasure": Kind("id", ("id", "account", "cause", "actor", "reason", "records", "erased_at")),
    "erased_record": Kind("id", ("id", "erasure_id", "kind", "reference", "remains")),
}
# SQLite answers 0 and 1.
FLAGS = frozenset({"passed", "refused"})
SELECT = {
    name: f"SELECT {', '.join(f'{chr(34)}{column}{chr(34)}' for column in kind.columns)}"  # noqa: S608
    f' FROM "{name}" WHERE "{kind.key}" IN ({{marks}})'
    for name, kind in KINDS.items()
}
# Kinds whose key is a number: PostgreSQL cannot even be asked for another text.
NUMBERED = frozenset(table._meta.table_name for table in TABLES if table._meta.auto_increment)
NUMBER = re.compile(r"[1-9]\d{0,17}", re.ASCII)
# As many at once as keep a transaction short.
BATCH = 500
# What leaves stand for may be large, and so is read for few of them at once.
BODIES = 100
UNPLACED = "SELECT id, kind, reference, digest FROM log_leaf WHERE seq IS NULL ORDER BY id LIMIT ?"
KNOWN_KINDS = ", ".join(f"'{name}'" for name in KINDS)
UNPLACED_KNOWN = UNPLACED.replace("IS NULL", f"IS NULL AND kind IN ({KNOWN_KINDS})")
SIZE = "SELECT COALESCE(MAX(seq), -1) + 1 FROM log_leaf"
PLACE = "UPDATE log_leaf SET seq = ?, salt = ?, digest = ? WHERE id = ?"
ERASE = "UPDATE log_leaf SET salt = NULL, erasure_id = ? WHERE kind = ? AND reference = ? AND seq IS NOT NULL"
INSERT_REMAINS = "INSERT INTO erased_record (erasure_id, kind, reference, remains) VALUES (?, ?, ?, ?)"
SELECT_UNSIGNED_ERASED = (
    "SELECT 1 FROM erased_record JOIN log_leaf ON log_leaf.kind = 'erased_record'"
    " AND log_leaf.reference = CAST(erased_record.id AS TEXT)"
    " WHERE log_leaf.seq IS NULL OR log_leaf.seq >= ? LIMIT 1"
)
INSERT_NODE = "INSERT INTO log_node (id, hash) VALUES (?, ?)"
SELECT_NODE = "SELECT hash FROM log_node WHERE id = ?"
SELECT_NODES = "SELECT id, hash FROM log_node WHERE id IN ({marks})"
LAST_NODE = "SELECT COALESCE(MAX(id), -2) FROM log_node"
SELECT_LEAF = "SELECT seq, kind, reference, salt, digest FROM log_leaf WHERE "
MOST_LEAVES = 10**12 - 1
INSERT_CHECKPOINT = "INSERT INTO log_checkpoint (size, note, signed_at) VALUES (?, ?, ?)"
SELECT_CHECKPOINTS = "SELECT id, size, note, signed_at FROM log_checkpoint WHERE id > ? ORDER BY id LIMIT ?"
SELECT_CHECKPOINT = "SELECT size, note, signed_at FROM log_checkpoint ORDER BY id DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Entry:
    """A leaf in its place; `salt` is None where what it stood for was erased, and the row is what remains."""

    seq: int
    kind: str
    reference: str
    salt: str | None
    digest: str

    def hash(self) -> bytes:
        """The hash of the leaf."""
        return leaf_hash(leaf_of(self.kind, self.reference, self.digest))

    def data(self, body: Mapping[str, Any] | None) -> dict[str, Any]:
        """The leaf and what it stands for, as an export has it."""
        own = {"seq": self.seq, "kind": self.kind, "reference": self.reference, "salt": self.salt}
        return {**own, "digest": self.digest, "body": body}


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed head as it is kept."""

    size: int
    note: str
    signed_at: str

    def head(self) -> Checkpoint:
        """What was signed. Raises BadNote."""
        if not isinstance(self.note, str):
            raise BadNote("it is no text")
        return read_checkpoint(self.note.rpartition("\n\n")[0] + "\n")


class Altered(Damage):
    """The log does not agree with what was signed before; the text says where."""

    def __init__(self, why: str) -> None:
        super().__init__("log-damaged", "log", Text(why, why))

    def __str__(self) -> str:
        return self.why.en


def place_all(
    database: Database, at_once: int = BATCH, write: Callable[[Database, Callable[[], None]], None] = writing
) -> None:
    """Give every leaf that was committed its place, so many in one transaction, each done by `write`. Raises
    Unavailable, and Altered where leaves or hashes are missing; what got one until then keeps it.
    """
    while True:
        with reading(database):
            if not _unplaced(database, 1):
                return
        write(database, lambda: _place_some(database, at_once))


def place_within(database: Database) -> None:
    """The same inside a write transaction, of what it sees: nobody else gives places before it ends."""
    lock(database, "recoup:log")
    while _unplaced(database, 1):
        _place_some(database)


def erase(database: Database, erasure: int, kind: str, reference: str) -> None:
    """Take the salt of a leaf that has its place, inside a write transaction: from now on nobody can tell by its digest
    what it stood for, and the database lets its row lose what is erased, until `state_remains`.
    """
    changed = execute(database, ERASE, (erasure, kind, reference))
    assert changed == 1, "what is erased has a leaf in its place"


def state_remains(database: Database, erasure: int, kind: str, reference: str) -> None:
    """Record what an erasure left of a row, which is guarded again from then on."""
    remains = remains_of(kind, reference, body_of(database, kind, reference))
    execute(database, INSERT_REMAINS, (erasure, kind, reference, remains))


def unsigned_erasures(database: Database, covered: int) -> bool:
    """Whether anything was erased that the first leaves do not tell of."""
    return bool(rows(database, SELECT_UNSIGNED_ERASED, (covered,)))


def _place_some(database: Database, at_once: int = BATCH) -> None:
    lock(database, "recoup:log")
    size = size_of(database)
    last = rows(database, LAST_NODE)[0][0]
    if last > place(0, size - 1):
        raise Altered(f"the tree has hashes of more than {size} leaves: the last leaves are gone")
    tree = over_nodes(database, lambda node: frontier_of(node, size))
    places, made = [], []
    for found in _some(_unplaced(database, at_once)):
        bodies = bodies_of(database, [(kind, reference) for _, kind, reference, _ in found])
        for (leaf, kind, reference, before), body in zip(found, bodies, strict=True):
            if before is not None:
                raise Altered(f"the leaf of {kind} {reference} had its place, and has none any more")
            salt = secrets.token_hex(16)
            digest = digest_of(kind, reference, salt, body)
            places.append((tree.size, salt, digest, leaf))
            made += tree.append(leaf_hash(leaf_of(kind, reference, digest)))
    execute_many(database, PLACE, places)
    execute_many(database, INSERT_NODE, [(place(level, index), found) for level, index, found in made])


def _unplaced(database: Database, most: int) -> Sequence[Row]:
    """Leaves without a place, oldest first.

    Those of kinds that a newer release brought wait for it: to whoever does not know such a kind its rows seem to be
    gone, and so the log would say for ever.
    """
    return rows(database, UNPLACED_KNOWN if is_newer(database) else UNPLACED, (most,))


def size_of(database: Database) -> int:
    """How many leaves have their place."""
    found: int = rows(database, SIZE)[0][0]
    return found


def root(database: Database, size: int) -> bytes:
    """The root over the first leaves."""
    return over_nodes(database, lambda node: root_of(node, 0, size)) if size else EMPTY


def inclusion(database: Database, seq: int, size: int) -> list[bytes]:
    """What proves that a leaf stands in its place in the log of a size."""
    return over_nodes(database, lambda node: inclusion_proof(node, seq, size))


def consistency(database: Database, old: int, new: int) -> list[bytes]:
    """What proves that the log of the size `new` begins with that of the size `old`."""
    return over_nodes(database, lambda node: consistency_proof(node, old, new))


def body_of(database: Database, kind: str, reference: str) -> dict[str, Any] | None:
    """What a leaf stands for, as it is in the database now; None where it is there no longer."""
    return bodies_of(database, [(kind, reference)])[0]


def bodies_of(database: Database, leaves: Sequence[tuple[str, str]]) -> list[dict[str, Any] | None]:
    """The same of many leaves, each a kind and a reference, in their order: one statement for each kind."""
    asked: dict[str, list[str]] = {}
    for kind, reference in leaves:
        # Somebody may have made a leaf of what cannot be there.
        if kind in KINDS and (kind not in NUMBERED or NUMBER.fullmatch(reference)):
            asked.setdefault(kind, []).append(reference)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for kind, references in asked.items():
        statement = SELECT[kind].format(marks=", ".join("?" * len(references)))
        for row in rows(database, statement, references):
            body = {name: _plain(name, value) for name, value in zip(KINDS[kind].columns, row, strict=True)}
            found[kind, str(body[KINDS[kind].key])] = body
    return [found.get(leaf) for leaf in leaves]


def sign_head(
    database: Database,
    signers: Sequence[Signer],
    now: datetime,
    retired: Sequence[Verifier] = (),
    signed: Sequence[Checkpoint] = (),
) -> str:
    """The signed head over every leaf that was committed; kept, unless the last one says the same.

    Raises Altered where the leaves that were signed before are not those any more, or were signed by another log, or
    by none of its keys, among them those that are retired. `signed` are heads of which is known elsewhere that they
    were signed.
    """
    verifiers = [*(each.verifier for each in signers), *retired]
    place_all(database)

    def work() -> str:
        lock(database, "recoup:log")
        size = size_of(database)
        head = Checkpoint(signers[0].name, size, root(database, size))
        last = newest_checkpoint(database)
        if last is not None:
            _check_appended(database, last, head, verifiers)
        for before in signed[-1:]:
            _check_begins(database, before, head)
        note = sign(head.text(), signers)
        if last is None or last.note != note:
            execute(database, INSERT_CHECKPOINT, (size, note, stored(now)))
        return note

    return writing(database, work)


def _check_appended(database: Database, last: Signed, head: Checkpoint, verifiers: Sequence[Verifier]) -> None:
    try:
        before = last.head()
        if before.origin != head.origin:
            raise Altered(f"the log is {before.origin}, and the key is of {head.origin}")
        open_note(last.note, verifiers)
    except BadNote as error:
        raise Altered(f"the last checkpoint that is kept is none of ours: {error}") from None
    _check_begins(database, before, head)


def _check_begins(database: Database, before: Checkpoint, head: Checkpoint) -> None:
    if before.size > head.size:
        raise Altered(f"the log has {head.size} leaves, and {before.size} were signed")
    if root(database, before.size) != before.root:
        raise Altered(f"the first {before.size} leaves are not those that were signed")


def checkpoints(database: Database) -> Iterator[Signed]:
    """The signed heads, oldest first."""
    last = 0
    while found := rows(database, SELECT_CHECKPOINTS, (last, BATCH)):
        yield from (Signed(*signed) for _, *signed in found)
        last = found[-1][0]


def newest_checkpoint(database: Database) -> Signed | None:
    """The head that was signed last."""
    found = rows(database, SELECT_CHECKPOINT)
    return Signed(*found[0]) if found else None


def checkpoint_count(database: Database) -> int:
    """How many heads were signed."""
    found: int = rows(database, "SELECT COUNT(*) FROM log_checkpoint")[0][0]
    return found


def entry_at(database: Database, seq: int) -> Entry | None:
    """The leaf in a place."""
    found = rows(database, f"{SELECT_LEAF}seq = ?", (seq,))
    return Entry(*found[0]) if found else None


def entry_of(database: Database, kind: str, reference: str) -> Entry | None:
    """The leaf of something that was recorded and has its place."""
    found = rows(database, f"{SELECT_LEAF}kind = ? AND reference = ? AND seq IS NOT NULL", (kind, reference))
    return Entry(*found[0]) if found else None


def records(database: Database) -> Iterator[dict[str, Any]]:
    """The leaves that were signed, each with its body, and behind the last one that it covers each signed head."""
    start = 0
    for number, each in enumerate(checkpoints(database)):
        for entry, body in entries(database, start, each.size):
            yield entry.data(body)
        start = max(start, each.size)
        yield {"checkpoint": number, "note": each.note}


def entries(database: Database, start: int, end: int = MOST_LEAVES) -> Iterator[tuple[Entry, dict[str, Any] | None]]:
    """The leaves from one place up to another, as far as there are any, each with what it stands for now."""
    while start < end:
        found = [
            Entry(*row)
            for row in rows(database, f"{SELECT_LEAF}seq >= ? AND seq < ? ORDER BY seq LIMIT ?", (start, end, BODIES))
        ]
        if not found:
            return
        yield from zip(found, bodies_of(database, [(each.kind, each.reference) for each in found]), strict=True)
        start = found[-1].seq + 1


def base64_of(found: bytes) -> str:
    """A hash as the API writes it."""
    return b64encode(found).decode()


def nodes(database: Database) -> Node:
    """The hashes of the complete subtrees that are kept. Raises Altered for one that is not there."""

    def node(level: int, index: int) -> bytes:
        found = rows(database, SELECT_NODE, (place(level, index),))
        if not found:
            raise Altered(f"the hash of the subtree {place(level, index)} is gone")
        return bytes(found[0][0])

    return node


def over_nodes(database: Database, work: Callable[[Node], Result]) -> Result:
    """What some work on the tree comes to, with all hashes that it asks for read at once. Raises Altered.

    The work is done twice, first only to see what it asks for: that must not depend on the hashes themselves.
    """
    asked: dict[int, None] = {}

    def noted(level: int, index: int) -> bytes:
        asked[place(level, index)] = None
        return EMPTY

    work(noted)
    statement = SELECT_NODES.format(marks=", ".join("?" * len(asked)))
    found = {number: bytes(each) for number, each in rows(database, statement, [*asked])} if asked else {}

    def node(level: int, index: int) -> bytes:
        number = place(level, index)
        if number not in found:
            raise Altered(f"the hash of the subtree {number} is gone")
        return found[number]

    return work(node)


def _some(found: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(found), BODIES):
        yield found[start : start + BODIES]


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return bool(value) if name in FLAGS else value
