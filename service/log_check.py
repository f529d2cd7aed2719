"""Whether a live database is what its log recorded: every row of a logged table against its leaf, and back.

The log shows of an export that it holds. Of the database behind it this shows more: a row that was put in, changed or
taken out while the triggers were dropped, hashes and checkpoints that somebody wrote by hand, and triggers that are
missing still. Rows are read page by page, so that a log of any size needs the same memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from policies.model import Text
from policies.problems import both
from service import audit_log
from service.append_only import being_erased
from service.audit_log import BATCH, KINDS, NUMBERED, Entry
from service.clock import stored
from service.database import Database, on_sqlite, rows
from service.log.canonical import NotCanonical
from service.log.exports import ERASABLE, digest_of, remains_of
from service.log.notes import BadNote, Checkpoint, Verifier, open_note, read_checkpoint
from service.log.tree import Frontier, frontier_of, place
from service.tables import CHANGED_BY_ROW, NEVER_CHANGED, TABLES, LogLeaf

NO_LEAF = Text(
    "{kind} {reference}: 이 행은 로그에 없습니다", "{kind} {reference}: the row has no leaf; it was put in past the log"
)
NO_ROW = Text(
    "{kind} {reference}: 행이 없어졌습니다(로그의 잎 {seq})",
    "{kind} {reference}: the row of leaf {seq} is not there any more",
)
NO_TABLE = Text(
    "{kind} {reference}: 로그에 남기는 표가 아닙니다(로그의 잎 {seq})",
    "{kind} {reference}: leaf {seq} is of a table that is not logged",
)
OTHER = Text(
    "{kind} {reference}: 행의 내용이 기록된 것과 다릅니다(로그의 잎 {seq})",
    "{kind} {reference}: the row is not what leaf {seq} recorded; it was changed",
)
OTHER_DIGEST = Text(
    "{kind} {reference}: 로그의 잎 {seq}의 다이제스트가 바뀌었습니다. 행은 트리에 있는 그대로입니다",
    "{kind} {reference}: the digest of leaf {seq} was changed; the row is still what the tree has",
)
NOT_ERASED = Text(
    "{kind} {reference}: 로그의 잎 {seq}에 솔트가 없지만, 지금의 내용을 남긴 삭제 기록이 없습니다",
    "{kind} {reference}: leaf {seq} has no salt, and no erasure tells of what the row is now",
)
STILL_THERE = Text(
    "{kind} {reference}: 로그의 잎 {seq}에 내용이 그대로 있지만, 삭제 기록 {erasure}에는 지운 것으로 되어 있습니다",
    "{kind} {reference}: leaf {seq} has its words, though erasure {erasure} says they were erased",
)
NO_SUCH_LEAF = Text(
    "{kind} {reference}: 삭제 기록 {erasure}에는 지운 것으로 되어 있지만, 로그에 잎이 없습니다",
    "{kind} {reference}: erasure {erasure} says that its words were erased, and it has no leaf",
)
OTHER_ERASURE = Text(
    "{kind} {reference}: 로그의 잎 {seq}은(는) 삭제 기록 {found}의 것으로 되어 있고, 마지막은 {erasure}입니다",
    "{kind} {reference}: leaf {seq} is said to be of erasure {found}, and the last one that names it is {erasure}",
)
OTHER_COUNT = Text(
    "삭제 기록 {erasure}: 지운 기록이 {records}건으로 되어 있고, 이름이 있는 것은 {named}건입니다",
    "erasure {erasure}: it says that it erased {records} records, and {named} are named",
)
BEFORE_SIGNED = Text(
    "{kind} {reference}: {at}에 기록된 것으로 되어 있지만, 그 뒤 {signed_at}에 서명된 체크포인트에 없습니다"
    "(로그의 잎 {seq})",
    "{kind} {reference}: it says that it was written at {at}, and is not in the checkpoint that was signed after that,"
    " at {signed_at} (leaf {seq}); it was put in later",
)
SIGNED_BEFORE = Text(
    "체크포인트 {number}: {signed_at}에 서명된 것으로 되어 있지만, {at}의 것이 들어 있습니다",
    "checkpoint {number}: it is said to be signed at {signed_at}, and covers what is of {at}",
)
SIGNED_NEVER = Text(
    "체크포인트 {number}: 서명한 때로 적힌 {at}은(는) 시각이 아닙니다",
    "checkpoint {number}: it is said to be signed at {at}, which is no instant",
)
TWICE = Text("{kind} {reference}: 로그에 잎이 {count}개 있습니다", "{kind} {reference}: it has {count} leaves")
UNPLACED_GONE = Text(
    "{kind} {reference}: 자리가 정해지기 전에 행이 없어졌습니다",
    "{kind} {reference}: the row is not there any more, and its leaf has no place yet",
)
NO_PLACE = Text("로그의 잎이 없습니다: {first}-{last}", "the leaves {first} to {last} are missing")
NO_LEAF_AT = Text("로그의 잎이 없습니다: {first}", "leaf {first} is missing")
BEFORE = Text("로그의 잎 {seq}: 첫 자리보다 앞에 있습니다", "leaf {seq} stands before the first place")
OTHER_HASH = Text(
    "{kind} {reference}: 로그의 잎 {seq}이(가) 트리에 있는 해시와 다릅니다",
    "{kind} {reference}: leaf {seq} is not the leaf that is in the tree; its hash differs, or is missing",
)
OTHER_NODE = Text(
    "잎 {first}-{last}의 해시가 없거나 다릅니다",
    "the hash over the leaves {first} to {last} is not that of these leaves, or is missing",
)
NO_NODES = Text(
    "트리의 해시가 모두 없습니다. 잎 {leaves}개로 만들어지는 해시 {due}개",
    "the hashes of the tree are all gone; its {leaves} leaves make {due}",
)
MORE_NODES = Text(
    "트리의 해시 {found}개, 잎으로 만들어지는 해시 {due}개",
    "the tree has {found} hashes, and its leaves make {due}",
)
BAD_CHECKPOINT = Text("체크포인트 {number}: {reason}", "checkpoint {number}: {reason}")
OTHER_ROOT = Text(
    "체크포인트 {number}: 앞의 잎 {size}개가 서명된 것과 다릅니다",
    "checkpoint {number} was signed over other leaves than the first {size}",
)
TOO_LARGE = Text(
    "체크포인트 {number}: 서명된 잎 {size}개, 로그에 있는 잎 {leaves}개",
    "checkpoint {number} was signed over {size} leaves, and the log has {leaves}",
)
NOT_AS_STATED = Text(
    "체크포인트 {number}: 이름, 크기 또는 순서가 서명된 것과 다릅니다",
    "checkpoint {number}: its name, size or order is not that of what was signed",
)
KEPT_ROOT = Text(
    "보관해 온 체크포인트: 앞의 잎 {size}개가 서명된 것과 다릅니다",
    "the checkpoint of {size} leaves that was kept: the log does not begin with those leaves any more",
)
KEPT_TOO_LARGE = Text(
    "보관해 온 체크포인트: 서명된 잎 {size}개, 로그에 있는 잎 {leaves}개",
    "the checkpoint of {size} leaves that was kept: the log has only {leaves}",
)
KEPT_GONE = Text(
    "잎 {size}개의 체크포인트가 서명되었지만 데이터베이스에 없습니다. 지워졌습니다",
    "the checkpoint of {size} leaves that was signed and kept is not in the database; it was taken out",
)
NO_ENTRY = Text(
    "{kind} {reference}: 로그의 잎 {seq}을(를) 읽을 수 없습니다({error})",
    "{kind} {reference}: leaf {seq} cannot be read ({error}); it was changed",
)
NOT_TO_THE_END = Text(
    "로그를 끝까지 볼 수 없습니다. 잎 {leaves}개까지 보았습니다({error})",
    "the log cannot be looked at to its end, only at {leaves} leaves ({error}); something was changed there",
)
NEVER_ERASED = Text(
    "{kind} {reference}: 로그의 잎 {seq}에 내용이 그대로 있지만, 삭제 기록 {erasure}의 것으로 되어 있습니다",
    "{kind} {reference}: leaf {seq} has its words, and is said to be of erasure {erasure}, which does not name it",
)
NO_TRIGGER = Text(
    "표 {table}: 트리거가 없거나 꺼져 있습니다({trigger})",
    "table {table}: the trigger {trigger} is missing, or is off",
)
OTHER_TRIGGER = Text(
    "표 {table}: 트리거가 하는 일이 다릅니다({trigger})", "table {table}: the trigger {trigger} does something else"
)
STRANGE_TRIGGER = Text(
    "표 {table}: 서비스가 만들지 않은 트리거가 있습니다({trigger})",
    "table {table}: the trigger {trigger} is none of the service's; it may keep rows from being written",
)

LEAF_OF = "SELECT 1 FROM log_leaf WHERE kind = '{kind}' AND reference = {reference} AND seq IS NOT NULL"
WITHOUT_LEAF = {
    kind: f'SELECT "{each.key}" FROM "{kind}" WHERE "{each.key}" > ?'  # noqa: S608
    f" AND NOT EXISTS ({LEAF_OF.format(kind=kind, reference=reference)})"
    f" AND {reference} NOT IN (SELECT reference FROM log_leaf WHERE kind = '{kind}' AND seq IS NULL)"
    f' ORDER BY "{each.key}" LIMIT ?'
    for kind, each in KINDS.items()
    for reference in [f'CAST("{kind}"."{each.key}" AS TEXT)']
}
SELECT_UNPLACED = "SELECT id, kind, reference FROM log_leaf WHERE seq IS NULL AND id > ? ORDER BY id LIMIT ?"
SELECT_TWICE = (
    "SELECT kind, reference, COUNT(*) FROM log_leaf WHERE seq IS NOT NULL GROUP BY kind, reference"
    " HAVING COUNT(*) > 1 ORDER BY kind, reference"
)
SELECT_ERASURE = (
    "SELECT log_leaf.erasure_id, erased_record.erasure_id, remains FROM log_leaf JOIN erased_record"
    " ON erased_record.kind = log_leaf.kind AND erased_record.reference = log_leaf.reference"
    " WHERE seq = ? ORDER BY erased_record.id DESC LIMIT 1"
)
SELECT_STILL_THERE = (
    "SELECT erased_record.kind, erased_record.reference, erased_record.erasure_id, log_leaf.seq FROM erased_record"
    " LEFT JOIN log_leaf ON log_leaf.kind = erased_record.kind AND log_leaf.reference = erased_record.reference"
    " AND log_leaf.seq IS NOT NULL WHERE log_leaf.id IS NULL OR log_leaf.salt IS NOT NULL ORDER BY erased_record.id"
)
SELECT_NEVER_ERASED = (
    "SELECT kind, reference, erasure_id, seq FROM log_leaf WHERE erasure_id IS NOT NULL AND salt IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM erased_record WHERE erased_record.kind = log_leaf.kind"
    " AND erased_record.reference = log_leaf.reference) ORDER BY seq"
)
SELECT_OTHER_COUNTS = (
    "SELECT erasure.id, records, COUNT(erased_record.id) FROM erasure LEFT JOIN erased_record"
    " ON erasure_id = erasure.id GROUP BY erasure.id, records HAVING records <> COUNT(erased_record.id)"
    " ORDER BY erasure.id"
)
ANY_NODE = "SELECT 1 FROM log_node LIMIT 1"
COUNT_NODES = "SELECT COUNT(*) FROM log_node"
LOWEST_SEQ = "SELECT MIN(seq) FROM log_leaf"
TRIGGERS = {
    True: "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'",
    False: "SELECT relname, tgname, pg_get_triggerdef(pg_trigger.oid) || ' ' || prosrc FROM pg_trigger"
    " JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid"
    " WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND pg_table_is_visible(pg_class.oid)",
}
# A decision is written down in a moment; but clocks differ, and a batch takes its time.
AMISS = timedelta(days=1)
NEVER = "9"
NO_HASH = bytes(32)
UNREADABLE = (AttributeError, LookupError, NotCanonical, OverflowError, TypeError, ValueError)
DECISION = "decision"
# What each kind of trigger says, on either database; none but the guards of what an erasure may change has a condition.
LOGS = "INSERT INTO log_leaf (kind, reference) VALUES ('{kind}', CAST(NEW.{key} AS TEXT))"
REFUSES = "RAISE"
CONDITION = " WHEN "
_CONDITIONED = {
    True: frozenset(f"{table._meta.table_name}_refuses_update" for table in CHANGED_BY_ROW),
    False: frozenset({"log_leaf_refuses_update"}),
}


class LogCheck:
    """One look at a database. `leaves`, `erased`, `checkpoints` and `unplaced` count what was looked at so far; `tell`
    is told now and then of how many leaves more.
    """

    def __init__(
        self,
        database: Database,
        verifiers: Sequence[Verifier],
        kept: Sequence[Checkpoint] = (),
        tell: Callable[[int], object] = lambda _count: None,
    ) -> None:
        self.leaves = self.checkpoints = self.covered = self.unplaced = self.erased = 0
        self._database = database
        self._verifiers = verifiers
        self._tell = tell
        self._told = 0
        self._kept = defaultdict[int, list[Checkpoint]](list)
        for each in kept:
            self._kept[each.size].append(each)
        # Those of them that the log has the leaves of, and no checkpoint yet.
        self._awaited = set[tuple[int, bytes]]()
        self._tree = Frontier()
        # Whether so much is gone that no root can be worked out any more.
        self._lost = False
        self._wrong = set[int]()
        # When the last checkpoint was signed, and the last decision written down.
        self._signed_at = self._decided_at = ""
        self._made: list[tuple[int, int, bytes]] = []

    def differences(self) -> Iterator[Text]:
        """A sentence for each thing that is not as it must be, inside one transaction."""
        for part in (self._triggers, self._log, self._rows_without_leaf, self._unplaced, self._erasures):
            try:
                yield from part()
            except UNREADABLE as error:
                # Whoever changed one thing into what nobody can read does not silence the rest.
                yield _said(NOT_TO_THE_END, leaves=self.leaves, error=_shown(error))

    def _erasures(self) -> Iterator[Text]:
        for kind, reference, erasure, seq in rows(self._database, SELECT_NEVER_ERASED):
            yield _said(NEVER_ERASED, kind=kind, reference=reference, erasure=erasure, seq=seq)
        for kind, reference, erasure, seq in rows(self._database, SELECT_STILL_THERE):
            named = {"kind": kind, "reference": reference, "erasure": erasure, "seq": seq}
            yield _said(NO_SUCH_LEAF if seq is None else STILL_THERE, **named)
        for erasure, records, count in rows(self._database, SELECT_OTHER_COUNTS):
            yield _said(OTHER_COUNT, erasure=erasure, records=records, named=count)
        for kind, reference, count in rows(self._database, SELECT_TWICE):
            yield _said(TWICE, kind=kind, reference=reference, count=count)

    def _log(self) -> Iterator[Text]:
        """The leaves in their order, each with its row; the tree over them; and each checkpoint where it stands."""
        for number, signed in enumerate(audit_log.checkpoints(self._database)):
            if not _is_instant(signed.signed_at):
                yield _said(SIGNED_NEVER, number=number, at=signed.signed_at)
                signed = replace(signed, signed_at="")
            if not _is_sound(signed.size, signed.note):
                yield _said(NOT_AS_STATED, number=number)
                self.checkpoints += 1
                continue
            yield from self._up_to(signed.size)
            yield from self._checkpoint(number, signed.size, signed.note)
            if self._decided_at > _moved(signed.signed_at, AMISS):
                yield _said(SIGNED_BEFORE, number=number, signed_at=signed.signed_at, at=self._decided_at)
            self._signed_at = max(self._signed_at, signed.signed_at)
            self.checkpoints += 1
            self.covered = max(self.covered, min(signed.size, self._tree.size))
        yield from self._up_to(audit_log.MOST_LEAVES)
        yield from (_said(KEPT_GONE, size=size) for size, _ in sorted(self._awaited))
        for size, kept in self._kept.items():
            if size > self._tree.size:
                yield from (_said(KEPT_TOO_LARGE, size=size, leaves=self._tree.size) for _ in kept)
        size, found = self._tree.size, rows(self._database, COUNT_NODES)[0][0]
        due = 2 * size - size.bit_count()
        if found > due:
            yield _said(MORE_NODES, found=found, due=due)
        elif due and not found:
            yield _said(NO_NODES, leaves=size, due=due)

    def _up_to(self, end: int) -> Iterator[Text]:
        lowest = rows(self._database, LOWEST_SEQ)[0][0] or 0
        start = self._tree.size or min(lowest, 0)
        for entry, body in audit_log.entries(self._database, start, end):
            try:
                yield from [*self._place(entry), *self._row(entry, body)]
            except UNREADABLE as error:
                yield _said(NO_ENTRY, kind=entry.kind, reference=entry.reference, seq=entry.seq, error=_shown(error))
                if self._tree.size == entry.seq and not self._lost:
                    # No hash that there can be: what is made of it is not what is kept.
                    self._made += self._tree.append(NO_HASH)
        yield from self._nodes()

    def _place(self, entry: Entry) -> Iterator[Text]:
        """Put a leaf into the tree, behind the one before it."""
        if entry.seq < 0:
            yield _said(BEFORE, seq=entry.seq)
            return
        if entry.seq != self._tree.size:
            yield from self._nodes()
            first, last = self._tree.size, entry.seq - 1
            yield _said(NO_LEAF_AT if first == last else NO_PLACE, first=first, last=last)
            try:
                # What is kept of the leaves that are missing, so that those behind them can be looked at.
                self._tree = frontier_of(audit_log.nodes(self._database), entry.seq)
            except audit_log.Altered as error:
                yield both(
                    "보관된 해시를 읽을 수 없습니다: {error}",
                    "the hashes that are kept cannot be read: {error}",
                    error=error,
                )
                self._tree, self._lost = Frontier(entry.seq), True
        if self._lost:
            self._tree.size += 1
        else:
            self._made += self._tree.append(entry.hash())
        if len(self._made) >= BATCH:
            yield from self._nodes()
        for kept in self._kept.get(self._tree.size, ()):
            if self._lost or kept.root != self._tree.root():
                yield _said(KEPT_ROOT, size=kept.size)
            else:
                self._awaited.add((kept.size, kept.root))

    def _row(self, entry: Entry, body: Mapping[str, Any] | None) -> Iterator[Text]:
        """Compare a leaf with its row."""
        self.leaves += 1
        named = {"kind": entry.kind, "reference": entry.reference, "seq": entry.seq}
        if entry.kind not in KINDS:
            yield _said(NO_TABLE, **named)
        elif body is None:
            yield _said(NO_ROW, **named)
        elif entry.salt is None and entry.kind in ERASABLE:
            self.erased += 1
            yield from self._erasure(entry, body, named)
        elif not _records(entry, body):
            yield _said(OTHER_DIGEST if self._in_tree(entry, body) else OTHER, **named)
        if entry.kind == DECISION and body is not None:
            yield from self._when(body["decided_at"], named)

    def _erasure(self, entry: Entry, body: Mapping[str, Any], named: Mapping[str, Any]) -> Iterator[Text]:
        """Whether the last erasure that names a record tells of what the row is now."""
        found, erasure, remains = [*rows(self._database, SELECT_ERASURE, (entry.seq,)), (None, None, "")][0]
        if remains != remains_of(entry.kind, entry.reference, body):
            yield _said(NOT_ERASED, **named)
        elif found != erasure:
            yield _said(OTHER_ERASURE, **named, found=found, erasure=erasure)

    def _when(self, at: str, named: Mapping[str, Any]) -> Iterator[Text]:
        """Whether a decision may stand behind the last checkpoint: what was written well before it would be in it."""
        if not _is_instant(at):
            # The row is named as one that was changed.
            return
        if _moved(at, AMISS) < self._signed_at:
            yield _said(BEFORE_SIGNED, **named, at=at, signed_at=self._signed_at)
        self._decided_at = max(self._decided_at, at)

    def _in_tree(self, entry: Entry, body: Mapping[str, Any]) -> bool:
        """Whether the tree has the leaf of a row as it is, whatever the leaf itself says by now."""
        number = place(0, entry.seq)
        kept = rows(self._database, audit_log.SELECT_NODES.format(marks="?"), (number,))
        digest = _digest(entry, body)
        return digest is not None and [_bytes(found) for _, found in kept] == [replace(entry, digest=digest).hash()]

    def _nodes(self) -> Iterator[Text]:
        """What the leaves since the last time made of the tree, beside what is kept of it."""
        self._tell(self.leaves - self._told)
        self._told = self.leaves
        made = {place(level, index): (level, index, found) for level, index, found in self._made}
        self._made = []
        if not made:
            return
        statement = audit_log.SELECT_NODES.format(marks=", ".join("?" * len(made)))
        kept = {number: _bytes(found) for number, found in rows(self._database, statement, [*made])}
        if not kept and not rows(self._database, ANY_NODE):
            # Said once, and not of each.
            return
        for number, (level, index, found) in made.items():
            if kept.get(number) == found:
                continue
            # Where a hash below is wrong already, this one has to be another too.
            below = {place(level - 1, 2 * index), place(level - 1, 2 * index + 1)} if level else set()
            if not below & self._wrong:
                first, last = index << level, ((index + 1) << level) - 1
                yield self._other_leaf(first) if level == 0 else _said(OTHER_NODE, first=first, last=last)
            self._wrong.add(number)

    def _other_leaf(self, seq: int) -> Text:
        entry = audit_log.entry_at(self._database, seq)
        assert entry is not None, "it was just looked at"
        return _said(OTHER_HASH, kind=entry.kind, reference=entry.reference, seq=seq)

    def _checkpoint(self, number: int, size: int, note: str) -> Iterator[Text]:
        try:
            text, _ = open_note(note, self._verifiers)
            head = read_checkpoint(text)
        except BadNote as error:
            yield _said(BAD_CHECKPOINT, number=number, reason=error)
            return
        self._awaited.discard((head.size, head.root))
        if head.origin not in {each.name for each in self._verifiers} or head.size != size:
            yield _said(NOT_AS_STATED, number=number)
        elif head.size > self._tree.size:
            yield _said(TOO_LARGE, number=number, size=size, leaves=self._tree.size)
        elif head.size < self._tree.size:
            yield _said(NOT_AS_STATED, number=number)
        elif self._lost or head.root != self._tree.root():
            yield _said(OTHER_ROOT, number=number, size=size)

    def _rows_without_leaf(self) -> Iterator[Text]:
        for kind, statement in WITHOUT_LEAF.items():
            last: object = 0 if kind in NUMBERED else ""
            while found := rows(self._database, statement, (last, BATCH)):
                yield from (_said(NO_LEAF, kind=kind, reference=reference) for (reference,) in found)
                last = found[-1][0]

    def _unplaced(self) -> Iterator[Text]:
        last = 0
        while found := rows(self._database, SELECT_UNPLACED, (last, audit_log.BODIES)):
            bodies = audit_log.bodies_of(self._database, [(kind, reference) for _, kind, reference in found])
            for (_, kind, reference), body in zip(found, bodies, strict=True):
                if body is None:
                    yield _said(UNPLACED_GONE, kind=kind, reference=reference)
            self.unplaced += len(found)
            last = found[-1][0]

    def _triggers(self) -> Iterator[Text]:
        sqlite = on_sqlite(self._database)
        there = {(table, name): text for table, name, text in rows(self._database, TRIGGERS[sqlite])}
        needed = list(_needed(sqlite))
        tables = {table._meta.table_name for table in TABLES}
        ours = {(table, trigger) for table, trigger, _ in needed}
        for table, trigger in sorted(there.keys() - ours):
            if table in tables:
                yield _said(STRANGE_TRIGGER, table=table, trigger=trigger)
        for table, trigger, words in needed:
            text = there.get((table, trigger))
            if text is None:
                yield _said(NO_TRIGGER, table=table, trigger=trigger)
            elif words not in text or (CONDITION in text) != (trigger in _CONDITIONED[sqlite]):
                yield _said(OTHER_TRIGGER, table=table, trigger=trigger)


def _needed(sqlite: bool) -> Iterator[tuple[str, str, str]]:
    """The triggers that the tables have to have, each with words that it says: they make leaves, and refuse changes."""
    for kind, each in KINDS.items():
        yield kind, f"{kind}_is_logged", LOGS.format(kind=kind, key=each.key)
    for table in NEVER_CHANGED:
        name = table._meta.table_name
        # What an erasure may change is guarded row by row on both databases.
        apart = sqlite or table in CHANGED_BY_ROW
        for event in ("update", "delete") if apart else ("change",):
            by_row = event == "update" and table in CHANGED_BY_ROW and table is not LogLeaf
            yield name, f"{name}_refuses_{event}", _guard(name, sqlite) if by_row else REFUSES


def _guard(kind: str, sqlite: bool) -> str:
    """The words by which only an erasure may change a row, and of it only what may be erased."""
    each = KINDS[kind]
    kept = [column for column in each.columns if column not in ERASABLE[kind]]
    return f"NOT ({being_erased(kind, each.key, kept, sqlite)})"


def _records(entry: Entry, body: Mapping[str, Any]) -> bool:
    return entry.digest == _digest(entry, body)


def _digest(entry: Entry, body: Mapping[str, Any]) -> str | None:
    """The digest that the leaf of a row has; None where there can be none."""
    try:
        return None if entry.salt is None else digest_of(entry.kind, entry.reference, entry.salt, body)
    except NotCanonical:
        # What the service writes has a canonical form.
        return None


def _bytes(found: object) -> bytes:
    """A hash as a database gives it; none where it is not even of its type."""
    return bytes(found) if isinstance(found, bytes | bytearray | memoryview) else b""


def _is_sound(size: object, note: object) -> bool:
    """Whether the parts of a checkpoint are at least of their types."""
    return isinstance(size, int) and isinstance(note, str)


def _is_instant(at: object) -> bool:
    try:
        return datetime.fromisoformat(str(at)).tzinfo is not None
    except ValueError:
        return False


def _shown(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _moved(instant: str, by: timedelta) -> str:
    """An instant that is kept, so much later; one that is none comes behind all, so that nothing follows from it."""
    try:
        return stored(datetime.fromisoformat(instant) + by)
    except (TypeError, ValueError):
        return NEVER


def _said(text: Text, **figures: object) -> Text:
    return Text(text.ko.format(**figures), text.en.format(**figures))
