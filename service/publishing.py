"""Policy versions as they are published: stored by digest, never changed, compiled when first needed.

Two axes: the number says which text we believed, `starts` from which day a text speaks at all. The
version in force on a day is the newest text that has started by then.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from threading import Lock

from engine.calendars import local_day
from engine.compiled import CompiledVersion, compile_version
from engine.versions import load_version
from policies.advice import advise, earlier_text
from policies.problems import Problem
from policies.versions import PolicyVersion
from service.clock import stored, to_the_second
from service.database import Database, Row, execute, lock, reading, rows, writing
from service.json_body import canonical

SELECT_BY_DIGEST = "SELECT policy, number, text, holidays FROM policy_version WHERE digest = ?"
SELECT_NEWEST = "SELECT digest FROM policy_version WHERE policy = ? ORDER BY number DESC"
SELECT_LAST_NUMBER = "SELECT COALESCE(MAX(number), 0) FROM policy_version WHERE policy = ?"
SELECT_POLICIES = "SELECT policy, MAX(number) FROM policy_version GROUP BY policy ORDER BY policy"
SELECT_TEXTS = "SELECT number, text FROM policy_version WHERE policy = ? ORDER BY number"
LISTED = "SELECT policy, number, digest, starts, published_at"
SELECT_VERSIONS = f"{LISTED} FROM policy_version WHERE policy = ? ORDER BY number DESC"
SELECT_VERSION = f"{LISTED}, text FROM policy_version WHERE policy = ? AND number = ?"
SELECT_KEPT = f"{LISTED}, text, holidays FROM policy_version WHERE digest = ?"
INSERT = (
    "INSERT INTO policy_version (digest, policy, number, starts, text, holidays, published_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)


class BadPolicy(Exception):
    """A rule file with problems; nothing was published."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


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
    """A published version without its text."""

    policy: str
    number: int
    digest: str
    starts: str
    published_at: str


def publish(database: Database, data: bytes, file: str, at: datetime) -> Published:
    """Publish the text of a rule file; a text of the same meaning is published once. Raises BadPolicy."""
    version, problems = load_version(data, file)
    if version is None:
        raise BadPolicy(problems)
    return writing(database, lambda: _keep(database, version, at))


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


def _keep(database: Database, version: PolicyVersion, at: datetime) -> Published:
    policy = version.policy
    lock(database, f"recoup:publish:{policy.id}")
    newest: int = rows(database, SELECT_LAST_NUMBER, (policy.id,))[0][0]
    known = rows(database, SELECT_BY_DIGEST, (version.digest,))
    if known:
        return Published(policy.id, known[0][1], version.digest, False, newest)
    number = newest + 1
    holidays = canonical([day.isoformat() for day in version.holidays])
    row = (version.digest, policy.id, number, policy.starts, version.text, holidays, stored(at))
    execute(database, INSERT, row)
    return Published(policy.id, number, version.digest, True, number)


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
        """The newest version that has started on the local day of an instant."""
        for (digest,) in rows(self._database, SELECT_NEWEST, (policy,)):
            compiled = self.compiled(digest)
            if compiled.policy.starts <= local_day_of(compiled, at):
                return compiled
        return None

    def compiled(self, digest: str) -> CompiledVersion:
        """The compiled version of a digest that is known to be kept."""
        with self._lock:
            if digest in self._compiled:
                self._compiled.move_to_end(digest)
                return self._compiled[digest]
            made = compile_version(self._load(digest))
            self._compiled[digest] = made
            while len(self._compiled) > self._most:
                self._compiled.popitem(last=False)
            return made

    def _load(self, digest: str) -> PolicyVersion:
        policy, number, text, holidays = rows(self._database, SELECT_BY_DIGEST, (digest,))[0]
        days = tuple(date.fromisoformat(day) for day in json.loads(holidays))
        version, problems = load_version(text.encode(), policy, number=number, holidays=days)
        assert version is not None, f"a published text has problems: {problems}"
        assert version.digest == digest, f"{policy}@{number} is not the text that was published"
        return version


def local_day_of(compiled: CompiledVersion, at: datetime) -> date:
    """The day that an instant falls on in the programme's zone."""
    return local_day(at, compiled.zone)


def _listed(row: Row) -> Listed:
    policy, number, digest, starts, published_at = row
    return Listed(policy, number, digest, str(starts), to_the_second(published_at))
