"""Policy versions as they are published: stored by digest, never changed, compiled when first needed.

Three axes: the number says which text we believed, `starts` from which local day a text speaks at all, and
`effective_from` (where it was drafted and approved, or a withdrawal published it) from which instant we go by it. The
version in force at an instant is the newest that has started and is effective by then: for decisions, events, sweeps
and whatever else asks. A replay does not ask: a record names its version by the digest.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from threading import Lock
from zoneinfo import ZoneInfo

from engine.calendars import local_day
from engine.compiled import CompiledVersion, compile_version
from engine.versions import load_version
from policies.advice import advise, earlier_text
from policies.problems import Problem, both
from policies.versions import PolicyVersion, published_again
from service.clock import stored, to_the_second
from service.database import Database, Row, execute, lock, reading, rows, writing
from service.errors import Damage
from service.json_body import canonical
from service.memory import collect_what_was_dropped
from service.outbox import announce

SELECT_BY_DIGEST = "SELECT policy, number, text, holidays FROM policy_version WHERE digest = ?"
SELECT_IN_FORCE = (
    "SELECT policy_version.digest FROM policy_version"
    " LEFT JOIN publication ON publication.digest = policy_version.digest"
    " WHERE policy = ? AND (effective_from IS NULL OR effective_from <= ?) ORDER BY number DESC"
)
SELECT_DIGEST = "SELECT digest FROM policy_version WHERE policy = ? AND number = ?"
SELECT_LAST_NUMBER = "SELECT COALESCE(MAX(number), 0) FROM policy_version WHERE policy = ?"
SELECT_POLICIES = "SELECT policy, MAX(number) FROM policy_version GROUP BY policy ORDER BY policy"
SELECT_TEXTS = "SELECT number, text FROM policy_version WHERE policy = ? ORDER BY number"
LISTED = "policy, number, policy_version.digest, starts, published_at, effective_from, restores"
JOINED = "policy_version LEFT JOIN publication ON publication.digest = policy_version.digest"
SELECT_VERSIONS = f"SELECT {LISTED} FROM {JOINED} WHERE policy = ? ORDER BY number DESC"  # noqa: S608
SELECT_VERSION = f"SELECT {LISTED}, text FROM {JOINED} WHERE policy = ? AND number = ?"  # noqa: S608
SELECT_KEPT = f"SELECT {LISTED}, text, holidays FROM {JOINED} WHERE policy_version.digest = ?"  # noqa: S608
INSERT = (
    "INSERT INTO policy_version (digest, policy, number, starts, text, holidays, published_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)


class BadPolicy(Exception):
    """A rule file with problems; nothing was published."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class NotTheFirst(Exception):
    """A policy has a version already: another text of it is drafted, checked and approved."""


@dataclass(frozen=True, slots=True)
class Published:
    """What came of publishing a text: its number, whether it is new, and the newest number there is."""

    policy: str
    number: int
    digest: str
    new: bool
    newest: int

    def __str__(self) -> str:
        """What came of it, for an operator."""
        name = f"{self.policy}@{self.number}"
        if self.new:
            return f"published {name} ({self.digest})"
        if self.newest == self.number:
            return f"{name} says the same already"
        return f"{name} says the same; {self.policy}@{self.newest} is newer, and stays in force"


@dataclass(frozen=True, slots=True)
class Listed:
    """A published version without its text.

    `effective_from` is the instant from which it is effective; None: from its first day on. `restores` is the number of
    the version whose text a withdrawal published again.
    """

    policy: str
    number: int
    digest: str
    starts: str
    published_at: str
    effective_from: str | None
    restores: int | None


def publish(database: Database, data: bytes, file: str, at: datetime, *, first: bool = False) -> Published:
    """Publish the text of a rule file in one step; a text of the same meaning is published once. Raises BadPolicy;
    NotTheFirst where it has to be the `first` of its policy.
    """
    version, problems = load_version(data, file)
    if version is None:
        raise BadPolicy(problems)
    return writing(database, lambda: _keep(database, version, at, first))


def advice_before_publishing(database: Database, data: bytes, file: str) -> list[Problem]:
    """Advice about a rule file that is going to be published, on its own and beside the published texts of its policy.

    None about a file with problems.
    """
    version, _ = load_version(data, file)
    if version is None:
        return []
    policy = version.policy
    with reading(database):
        texts = rows(database, SELECT_TEXTS, (policy.id,))
    earlier = [earlier_text(text.encode(), f"{policy.id}@{number}") for number, text in texts]
    return advise(policy, data, file, earlier)


def _keep(database: Database, version: PolicyVersion, at: datetime, first: bool) -> Published:
    policy = version.policy
    newest = newest_number(database, policy.id, locked=True)
    known = rows(database, SELECT_BY_DIGEST, (version.digest,))
    if known:
        return Published(policy.id, known[0][1], version.digest, False, newest)
    if first and newest:
        raise NotTheFirst(f"{policy.id}@{newest}")
    digest = keep_version(database, version, newest + 1, at)
    tell_of_newest(database, policy.id, "policy.published", at)
    return Published(policy.id, newest + 1, digest, True, newest + 1)


def newest_number(database: Database, policy: str, *, locked: bool = False) -> int:
    """The number of the newest version of a policy, 0 where there is none; `locked`: until the transaction ends, nobody
    else publishes one.
    """
    if locked:
        lock(database, f"recoup:publish:{policy}")
    found: int = rows(database, SELECT_LAST_NUMBER, (policy,))[0][0]
    return found


def keep_version(database: Database, version: PolicyVersion, number: int, at: datetime) -> str:
    """Keep a text as a version of its policy; its digest. A meaning that was published before gets another one."""
    if rows(database, SELECT_BY_DIGEST, (version.digest,)):
        version = published_again(version, number)
    holidays = canonical([day.isoformat() for day in version.holidays])
    policy = version.policy
    execute(database, INSERT, (version.digest, policy.id, number, policy.starts, version.text, holidays, stored(at)))
    return version.digest


def tell_of_newest(database: Database, policy: str, kind: str, at: datetime) -> Listed:
    """Announce the newest version of a policy, inside the transaction that published it; the version."""
    listed = _listed(rows(database, SELECT_VERSIONS, (policy,))[0])
    data = {
        "policy": policy,
        "version": listed.number,
        "digest": listed.digest,
        "starts": listed.starts,
        "effective_from": listed.effective_from,
    }
    if listed.restores is not None:
        data |= {"withdrawn": listed.number - 1, "restores": listed.restores}
    announce(database, kind, "", data, at)
    return listed


def in_force_from(database: Database, policy: str, number: int) -> str | None:
    """The instant, as it is stored, from which a version is in force: it is effective and its first day has come. None
    where a newer one is in force by then, as after a withdrawal, so that it never is.
    """
    listed = [_listed_exactly(row) for row in rows(database, SELECT_VERSIONS, (policy,))]
    instants = {each.number: _begin_of(database, each) for each in listed}
    at = instants[number]
    return None if any(newer > number and begin <= at for newer, begin in instants.items()) else at


def _begin_of(database: Database, listed: Listed) -> str:
    """The instant, as it is stored, from which a version is effective and has started."""
    # Wherever on earth the programme is.
    begun = (date.fromisoformat(listed.starts) + timedelta(days=2)).isoformat()
    if listed.effective_from is not None and begun < listed.effective_from:
        return listed.effective_from
    zone = ZoneInfo(read_version(database, listed.digest).policy.timezone)
    first = stored(datetime.combine(date.fromisoformat(listed.starts), time(), zone))
    return max(first, listed.effective_from or "")


def read_version(database: Database, digest: str) -> PolicyVersion:
    """The version of a digest that was published. Raises Damage where its text is not kept, or is another now."""
    found = rows(database, SELECT_BY_DIGEST, (digest,))
    if not found:
        raise no_text(digest)
    try:
        return _version_in(found[0], digest)
    except (AssertionError, AttributeError, TypeError, ValueError) as error:
        why = both(
            "정책 버전 {digest}(으)로 보관된 글은 그 버전의 글이 아닙니다: {error}",
            "the text that is kept of the version {digest} is not its text: {error}",
            digest=digest,
            error=error,
        )
        raise Damage("version-damaged", digest, why) from error


def no_text(digest: str) -> Damage:
    """The refusal of what was decided by a version that is not kept."""
    why = both(
        "정책 버전 {digest}의 글이 보관되어 있지 않습니다",
        "the text of the version {digest} is not kept",
        digest=digest,
    )
    return Damage("version-damaged", digest, why)


def _version_in(row: Row, digest: str) -> PolicyVersion:
    policy, number, text, holidays = row
    days = tuple(date.fromisoformat(day) for day in json.loads(holidays))
    version, problems = load_version(text.encode(), policy, number=number, holidays=days)
    assert version is not None, f"a published text has problems: {problems}"
    if version.digest != digest:
        version = published_again(version, number)
    assert version.digest == digest, f"{policy}@{number} is not the text that was published"
    return version


def find_version(database: Database, policy: str, number: int) -> PolicyVersion | None:
    """The version of a policy by its number."""
    found = rows(database, SELECT_DIGEST, (policy, number))
    return read_version(database, found[0][0]) if found else None


class Versions:
    """The published versions of a database, compiled; the latest used are kept, up to a number."""

    def __init__(self, database: Database, most: int) -> None:
        self._database = database
        self._most = most
        self._compiled: OrderedDict[str, CompiledVersion] = OrderedDict()
        self._lock = Lock()

    def policies(self) -> list[str]:
        """The ids of the published policies."""
        return [policy for policy, _ in rows(self._database, SELECT_POLICIES)]

    def newest(self) -> list[Listed]:
        """The newest version of each policy."""
        return [self.listed(policy)[0] for policy in self.policies()]

    def listed(self, policy: str) -> list[Listed]:
        """The versions of a policy, newest first."""
        return [_listed(row) for row in rows(self._database, SELECT_VERSIONS, (policy,))]

    def find(self, policy: str, number: int) -> tuple[Listed, str] | None:
        """One version and its text."""
        found = rows(self._database, SELECT_VERSION, (policy, number))
        return (_listed(found[0][:-1]), found[0][-1]) if found else None

    def kept(self, digest: str) -> tuple[Listed, str, list[str]] | None:
        """The version of a digest, its text, and the holidays that it was published with."""
        found = rows(self._database, SELECT_KEPT, (digest,))
        return (_listed(found[0][:-2]), found[0][-2], json.loads(found[0][-1])) if found else None

    def in_force(self, policy: str, at: datetime) -> CompiledVersion | None:
        """The version in force at an instant: of those that are effective by then, and whose first local day has come,
        the newest.
        """
        for (digest,) in rows(self._database, SELECT_IN_FORCE, (policy, stored(at))):
            compiled = self.compiled(digest)
            if compiled.policy.starts <= local_day_of(compiled, at):
                return compiled
        return None

    def in_force_or_to_come(self, policy: str, at: datetime) -> list[CompiledVersion]:
        """The version in force at an instant, and those that are published and may be later; the newest first."""
        in_force = self.in_force(policy, at)
        least = 0 if in_force is None else in_force.version.number or 0
        return [self.compiled(each.digest) for each in self.listed(policy) if each.number >= least]

    def compiled(self, digest: str) -> CompiledVersion:
        """The compiled version of a digest that is known to be kept."""
        with self._lock:
            if digest in self._compiled:
                self._compiled.move_to_end(digest)
                return self._compiled[digest]
            made = compile_version(read_version(self._database, digest))
            self._compiled[digest] = made
            full = len(self._compiled) > self._most
            if full:
                self._compiled.popitem(last=False)
        if full:
            collect_what_was_dropped()
        return made


def local_day_of(compiled: CompiledVersion, at: datetime) -> date:
    """The day that an instant falls on in the programme's zone."""
    return local_day(at, compiled.zone)


def _listed(row: Row) -> Listed:
    policy, number, digest, starts, published_at, effective_from, restores = row
    effective = effective_from and to_the_second(effective_from)
    return Listed(policy, number, digest, str(starts), to_the_second(published_at), effective, restores)


def _listed_exactly(row: Row) -> Listed:
    """The same with the instant as it is stored."""
    return replace(_listed(row), effective_from=row[5])
