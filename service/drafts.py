"""How a text comes to be published: drafted, checked, approved by another; and taken back by a withdrawal.

Nothing here is ever changed: a draft, what its checks came to, and the publication are a row each, and in the log. What
state a draft is in follows from them.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from engine.compiled import CompiledVersion
from engine.differences import side_of
from engine.versions import load_version
from policies.characters import decode
from policies.diff import differences
from policies.versions import PolicyVersion, canonical_text, digest_of
from service import checking, difference_report
from service.clock import spoken, stored, to_the_second
from service.config import Settings
from service.database import Database, Row, execute, execute_many, lock, reading, rows, writing
from service.draft_impact import Affected, Watch, impact_of
from service.errors import FieldError, Refusal
from service.ids import new_id
from service.json_body import canonical
from service.publishing import (
    SELECT_BY_DIGEST,
    Listed,
    Versions,
    keep_version,
    newest_number,
    read_version,
    tell_of_newest,
)
from service.reads import ANYONE, Reader

log = logging.getLogger("recoup.service")

STATES = ("checking", "failed", "ready", "published", "rejected", "outdated")
"""`outdated`: another version was published since it was drafted, so what its approver would see is not so any more."""

INSERT_DRAFT = (
    'INSERT INTO policy_draft (id, policy, digest, base, text, scenarios, actor, "key", drafted_at)'
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_ABOUT = "INSERT INTO draft_about (draft_id, about) VALUES (?, ?)"
INSERT_STEP = "INSERT INTO draft_step (draft_id, place, data) VALUES (?, ?, ?) ON CONFLICT (draft_id, place) DO NOTHING"
SELECT_STEPS = "SELECT data FROM draft_step WHERE draft_id = ? ORDER BY place"
FORGET_STEPS = "DELETE FROM draft_step WHERE draft_id = ?"
INSERT_CHECK = (
    "INSERT INTO draft_check (draft_id, passed, data, checked_at) VALUES (?, ?, ?, ?) ON CONFLICT (draft_id) DO NOTHING"
)
INSERT_AFFECTED = "INSERT INTO draft_affected (draft_id, place, account_id, data) VALUES (?, ?, ?, ?)"
SELECT_AFFECTED = "SELECT account_id, data FROM draft_affected WHERE draft_id = ? ORDER BY place"
# Whom a draft affects is for its approver: once it is published, rejected or outdated, nobody needs it.
FORGET_AFFECTED = (
    "DELETE FROM draft_affected WHERE draft_id IN (SELECT id FROM policy_draft WHERE policy = ? AND (base < ?"
    " OR EXISTS (SELECT 1 FROM draft_rejection WHERE draft_rejection.draft_id = policy_draft.id)))"
)
INSERT_REJECTION = 'INSERT INTO draft_rejection (draft_id, actor, "key", reason, rejected_at) VALUES (?, ?, ?, ?, ?)'
INSERT_PUBLICATION = (
    'INSERT INTO publication (digest, effective_from, draft_id, restores, actor, "key", seen, reason, entered_at)'
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
SELECT = (
    "SELECT policy_draft.id, policy_draft.policy, policy_draft.digest, base, policy_draft.text, scenarios,"
    ' policy_draft.actor, policy_draft."key", drafted_at, passed, data, publication.actor, policy_version.number,'
    " (SELECT COALESCE(MAX(number), 0) FROM policy_version WHERE policy = policy_draft.policy),"
    " draft_rejection.actor, draft_rejection.reason, publication.effective_from, publication.reason, draft_about.about"
    " FROM policy_draft LEFT JOIN draft_check ON draft_check.draft_id = policy_draft.id"
    " LEFT JOIN draft_rejection ON draft_rejection.draft_id = policy_draft.id"
    " LEFT JOIN draft_about ON draft_about.draft_id = policy_draft.id"
    " LEFT JOIN publication ON publication.draft_id = policy_draft.id"
    " LEFT JOIN policy_version ON policy_version.digest = publication.digest"
)
SELECT_UNCHECKED = (
    "SELECT id FROM policy_draft WHERE NOT EXISTS (SELECT 1 FROM draft_check WHERE draft_id = policy_draft.id)"
    " AND NOT EXISTS (SELECT 1 FROM draft_rejection WHERE draft_id = policy_draft.id) ORDER BY id"
)
SELECT_SCENARIOS = (
    "SELECT scenarios FROM policy_version JOIN publication ON publication.digest = policy_version.digest"
    " JOIN policy_draft ON policy_draft.id = publication.draft_id WHERE policy_version.policy = ? AND number = ?"
)
SELECT_WITHDRAWALS = (
    "SELECT number, restores, actor, entered_at, reason FROM policy_version"
    " JOIN publication ON publication.digest = policy_version.digest"
    " WHERE policy = ? AND restores IS NOT NULL ORDER BY number DESC"
)
SELECT_NUMBER = (
    "SELECT policy_version.digest, effective_from, restores FROM policy_version"
    " LEFT JOIN publication ON publication.digest = policy_version.digest WHERE policy = ? AND number = ?"
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that is to be published.

    `base` is the number of the newest version when it was drafted, 0 where there was none; `data` what its checks came
    to and what its approver is to see, None until they have ended, and `passed` whether they all passed; `number` that
    of the version that it became; `about` what it is for, in a line; `steps` the checks that ended while others run.
    """

    id: str
    policy: str
    digest: str
    base: int
    text: str
    scenarios: str
    actor: str
    key: str
    drafted_at: str
    state: str
    passed: bool | None
    data: dict[str, Any] | None
    approved_by: str | None
    number: int | None
    rejected_by: str | None
    rejection: str | None
    effective_from: str | None
    note: str | None
    about: str | None
    steps: Sequence[dict[str, Any]] = ()

    @property
    def seen(self) -> str | None:
        """The digest of what an approver sees: the text, its checks, and what it changes."""
        if self.data is None:
            return None
        return digest_of(canonical({"digest": self.digest, "scenarios": self.scenarios, **self.data}))


def draft(database: Database, rules: str, scenarios: str, who: Reader, now: datetime, *, about: str = "") -> Draft:
    """Keep a draft; its checks are still to be run. Raises Refusal: with problems, or nothing new in it.

    `about` says what it is for, in one line; where it is written on several, they become one.
    """
    line = " ".join(about.split())
    loaded, problems = checking.load(rules, scenarios)
    if loaded is None:
        raise Refusal("draft-has-problems", problems=problems)
    version = loaded.version
    policy = version.policy.id

    def keep() -> Draft:
        base = newest_number(database, policy, locked=True)
        if base and _meaning(_version(database, policy, base)) == version.digest:
            raise Refusal("says-the-same", newest=base, policy=policy)
        made = new_id("P", now)
        row = (made, policy, version.digest, base, version.text, scenarios, who.name, who.key, stored(now))
        execute(database, INSERT_DRAFT, row)
        if line:
            execute(database, INSERT_ABOUT, (made, line))
        return _found(database, made)

    return writing(database, keep)


def start_checking(settings: Settings, id: str) -> None:
    """Have a draft checked in a process of its own: a minute of work must keep nobody waiting for a decision."""
    process = subprocess.Popen(
        [sys.executable, "-m", "service.cli", "publish", "check", id],
        env={**os.environ, "DATABASE_URL": settings.database_url},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    # A process that ended is gone once somebody asked how.
    threading.Thread(target=process.wait, daemon=True).start()


def check(
    database: Database,
    versions: Versions,
    id: str,
    now: datetime,
    watch: Watch = lambda _: lambda _: None,
    tell: Callable[[str], object] = lambda _: None,
) -> Draft:
    """Run all checks of a draft, and keep what they came to; a draft is checked once. Raises Refusal.

    What it does to the accounts is worked out where it passed and a version is in force; `watch` sees how far that is.
    `tell` is told the name of each check before it runs.
    """
    with reading(database):
        found = _found(database, id)
        before = read_version(database, _digest(database, found.policy, found.base)) if found.base else None
        to_come = versions.in_force_or_to_come(found.policy, now)
        in_force = versions.in_force(found.policy, now)
    if found.data is None:
        data, affected = _checked(database, found, before, to_come, in_force, now, watch, tell)
        writing(database, lambda: _keep_check(database, found, data, affected, now))
    with reading(database):
        return _found(database, id)


def _checked(
    database: Database,
    found: Draft,
    before: PolicyVersion | None,
    to_come: Sequence[CompiledVersion],
    in_force: CompiledVersion | None,
    now: datetime,
    watch: Watch,
    tell: Callable[[str], object],
) -> tuple[dict[str, Any], Sequence[Affected]]:
    """What the checks of a draft come to, what its approver is to see, and whom it affects most."""
    loaded, problems = checking.load(found.text, found.scenarios)
    if loaded is None:
        # It was sound for the release that drafted it.
        results = [{"check": "check", "passed": False, "count": 0, "problems": problems}]
        changes = []
    else:
        results = checking.checks_of(loaded, tell, partial(_keep_step, database, found.id))
        changes = checking.changes(None if before is None else before.text, found.text)
    coming = [each.version.number for each in to_come if each is not in_force]
    differences, impact = None, None
    affected: Sequence[Affected] = ()
    if loaded is not None and all(each["passed"] for each in results):
        tell("diff")
        differences = difference_report.of_draft(before, loaded.version, loaded.scenarios)
        if in_force is not None:
            impact, affected = impact_of(database, in_force.version, loaded.version, now, watch)
    shown = {"changes": changes, "to_come": coming, "differences": differences, "impact": impact}
    return {"checks": results, "shown": shown}, affected


def _keep_step(database: Database, id: str, place: int, result: dict[str, Any]) -> None:
    """Keep what one check came to while the others run, for whoever looks meanwhile."""

    def keep() -> None:
        # Another process may have ended all of them.
        if _found(database, id).data is None:
            execute(database, INSERT_STEP, (id, place, canonical(result)))

    writing(database, keep)


def _keep_check(
    database: Database, found: Draft, data: dict[str, Any], affected: Sequence[Affected], now: datetime
) -> None:
    """Keep what the checks came to, unless another process was earlier, and apart from it whom the draft affects."""
    lock(database, f"recoup:check:{found.policy}")
    if _found(database, found.id).data is not None:
        return
    passed = all(each["passed"] for each in data["checks"])
    execute(database, INSERT_CHECK, (found.id, passed, canonical(data), stored(now)))
    execute(database, FORGET_STEPS, (found.id,))
    execute(database, FORGET_AFFECTED, (found.policy, newest_number(database, found.policy)))
    told = [(found.id, place, account, canonical(each)) for place, (account, each) in enumerate(affected)]
    execute_many(database, INSERT_AFFECTED, told)


def affected(database: Database, id: str) -> list[tuple[str, dict[str, Any]]]:
    """The accounts that a draft affects most, the most affected first, each with what becomes of its answer. They go
    when a draft of the policy is checked after this one was decided about.
    """
    return [(account, json.loads(data)) for account, data in rows(database, SELECT_AFFECTED, (id,))]


def unchecked(database: Database) -> list[str]:
    """The drafts whose checks have not ended, oldest first."""
    return [row[0] for row in rows(database, SELECT_UNCHECKED)]


def approve(
    database: Database,
    id: str,
    seen: str,
    effective_from: datetime | None,
    who: Reader,
    now: datetime,
    *,
    note: str = "",
) -> Listed:
    """Publish a draft that passed, as `seen` by another than its author, who may add a `note`. Raises Refusal."""
    with reading(database):
        text = _found(database, id).text
    version, _ = load_version(text.encode(), id)
    return writing(database, lambda: _approve(database, id, version, seen, effective_from, who, now, note))


def _approve(
    database: Database,
    id: str,
    version: PolicyVersion | None,
    seen: str,
    effective_from: datetime | None,
    who: Reader,
    now: datetime,
    note: str,
) -> Listed:
    policy = _found(database, id).policy
    newest = newest_number(database, policy, locked=True)
    found = _found(database, id)
    if not _another(found, who):
        raise Refusal("own-draft", by=found.actor)
    if found.state in ("checking", "failed", "rejected"):
        raise Refusal("illegal-move", state=found.state, allowed=[])
    if found.state == "published":
        raise Refusal("published-already", version=f"{policy}@{found.number}")
    # The holidays of another release may be others, and so the meaning.
    if found.state != "ready" or version is None or version.digest != found.digest:
        raise Refusal("out-of-date", newest=newest)
    errors = []
    if seen != found.seen:
        errors.append(FieldError.at(("seen",), "seen-otherwise"))
    if effective_from is not None and effective_from < now:
        errors.append(FieldError.at(("effective_from",), "in-the-past", now=spoken(now)))
    if errors:
        raise Refusal("bad-request", errors)
    digest = keep_version(database, version, newest + 1, now)
    row = (digest, stored(effective_from or _next_second(now)), id, None, who.name, who.key, seen, note, stored(now))
    execute(database, INSERT_PUBLICATION, row)
    return tell_of_newest(database, policy, "policy.published", now)


def reject(database: Database, id: str, reason: str, who: Reader, now: datetime) -> Draft:
    """Say that a draft is not to be published, and why: then nobody can. Raises Refusal."""

    def keep() -> Draft:
        # Whoever approves it holds the same.
        newest_number(database, _found(database, id).policy, locked=True)
        found = _found(database, id)
        if found.state in ("published", "rejected"):
            raise Refusal("illegal-move", state=found.state, allowed=[])
        execute(database, INSERT_REJECTION, (id, who.name, who.key, reason, stored(now)))
        return _found(database, id)

    return writing(database, keep)


def withdraw(database: Database, policy: str, number: int, reason: str, who: Reader, now: datetime) -> Listed:
    """Publish the text before the newest version again, effective at once. Raises Refusal.

    What was approved once needs no second key to come back: whoever sees members charged wrongly must not have to wait.
    A version that was itself a withdrawal goes back to what was before the one that it restored.
    """
    with reading(database):
        _check_newest(newest_number(database, policy), number, policy)
        former = _former(database, policy, number, now)

    def keep() -> Listed:
        _check_newest(newest_number(database, policy, locked=True), number, policy)
        digest = keep_version(database, former.version, number + 1, now)
        row = (digest, former.effective_from, None, former.number, who.name, who.key, "", reason, stored(now))
        execute(database, INSERT_PUBLICATION, row)
        return tell_of_newest(database, policy, "policy.withdrawn", now)

    return writing(database, keep)


@dataclass(frozen=True, slots=True)
class Former:
    """What a withdrawal goes back to: an earlier version by its number, and from when its text would be effective."""

    number: int
    version: PolicyVersion
    effective_from: str


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What a withdrawal of the newest version would do: which version it takes back, to what, and what that changes."""

    number: int
    former: Former
    changes: Sequence[dict[str, Any]]


def withdrawal(database: Database, policy: str, now: datetime) -> Withdrawal:
    """What a withdrawal of the newest version of a policy would do now. Raises Refusal."""
    with reading(database):
        number = newest_number(database, policy)
        _check_newest(number, number, policy)
        newest = _version(database, policy, number)
        former = _former(database, policy, number, now)
    subjects = differences(side_of(newest), side_of(former.version))
    return Withdrawal(number, former, [difference_report.of_sentences(each) for each in subjects])


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A version that was taken back: the number under which which text came back, by whom, when and why."""

    number: int
    published_as: int
    restores: int
    actor: str
    at: str
    reason: str


def withdrawals(database: Database, policy: str) -> list[Withdrawn]:
    """What was withdrawn of a policy, the newest first."""
    # A withdrawal takes back the version before it, which was the newest.
    return [
        Withdrawn(number - 1, number, restores, actor, to_the_second(at), reason)
        for number, restores, actor, at, reason in rows(database, SELECT_WITHDRAWALS, (policy,))
    ]


def _former(database: Database, policy: str, number: int, now: datetime) -> Former:
    """What the withdrawal of a version goes back to. Raises Refusal: there is nothing before it."""
    former = number
    while (restored := _numbered(database, policy, former)[2]) is not None:
        former = restored
    former -= 1
    if not former:
        raise Refusal("nothing-before", policy=policy)
    digest, effective_from, _ = _numbered(database, policy, former)
    # One that was yet to be effective stays so.
    return Former(former, read_version(database, digest), max(stored(_next_second(now)), effective_from or ""))


def find(database: Database, id: str) -> Draft | None:
    """The draft of an id."""
    found = rows(database, f"{SELECT} WHERE policy_draft.id = ?", (id,))
    if not found:
        return None
    made = _draft(found[0])
    if made.data is not None:
        return made
    return replace(made, steps=tuple(json.loads(data) for (data,) in rows(database, SELECT_STEPS, (id,))))


def page_of(database: Database, after: str | None, limit: int) -> Sequence[Draft]:
    """Drafts, the newest first; those behind `after`."""
    behind = "WHERE policy_draft.id < ? " if after is not None else ""
    parameters = (after, limit) if after is not None else (limit,)
    found = rows(database, f"{SELECT} {behind}ORDER BY policy_draft.id DESC LIMIT ?", parameters)
    return [_draft(row) for row in found]


def scenarios_of(database: Database, folder: Path, policy: str, number: int) -> str | None:
    """The scenario file by which a version was tested: that of its draft, or of the version that it restores. One that
    was published without a draft has the one that lies beside its rule file in a folder. None where there is none.
    """
    # What the texts say is not asked, so none is read.
    while (row := rows(database, SELECT_NUMBER, (policy, number))[0])[2] is not None:
        number = row[2]
    found = rows(database, SELECT_SCENARIOS, (policy, number))
    if found:
        scenarios: str = found[0][0]
        return scenarios
    text = rows(database, SELECT_BY_DIGEST, row[:1])[0][2]
    for file in sorted(folder.glob("*.yaml")):
        beside = file.with_suffix(".test.yaml")
        if beside.is_file() and decode(file.read_bytes()) == text:
            written = decode(beside.read_bytes())
            return written if isinstance(written, str) else None
    return None


def _another(found: Draft, who: Reader) -> bool:
    """Whether somebody else approves than drafted: a holder of another name, be it of a key or of a token. Names that
    differ in case only are one. Where no keys are asked for, nobody can be told from anybody.
    """
    if who.name == ANYONE.name and not who.key and not found.key:
        return True
    # The issuer of tokens vouches for many.
    another_key = who.alone or who.key != found.key
    return bool(who.key and found.key) and another_key and _folded(who.name) != _folded(found.actor)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _check_newest(newest: int, number: int, policy: str) -> None:
    if not newest:
        raise Refusal("not-found", what=f"/v1/policies/{policy}")
    if number != newest:
        raise Refusal("out-of-date", newest=newest)


def _next_second(now: datetime) -> datetime:
    """The first whole second that no decision was made in yet: which version is in force then is still open."""
    return now if not now.microsecond else now.replace(microsecond=0) + timedelta(seconds=1)


def _meaning(version: PolicyVersion) -> str:
    """The digest of what a version says, whatever its number."""
    return digest_of(canonical_text(version.text, version.holidays))


def _digest(database: Database, policy: str, number: int) -> str:
    found: str = rows(database, SELECT_NUMBER, (policy, number))[0][0]
    return found


def _numbered(database: Database, policy: str, number: int) -> tuple[str, str | None, int | None]:
    """The digest of a version by its number, from when it is effective, and which one it restores."""
    digest, effective_from, restores = rows(database, SELECT_NUMBER, (policy, number))[0]
    return digest, effective_from, restores


def _version(database: Database, policy: str, number: int) -> PolicyVersion:
    return read_version(database, _numbered(database, policy, number)[0])


def _found(database: Database, id: str) -> Draft:
    found = find(database, id)
    if found is None:
        raise Refusal("not-found", what=f"/v1/policies/drafts/{id}")
    return found


def _draft(row: Row) -> Draft:
    name, policy, digest, base, text, scenarios, actor, key, drafted_at, passed, data, approved_by, number = row[:13]
    newest, rejected_by, rejection, effective_from, note, about = row[13:]
    read = None if data is None else json.loads(data)
    state = _state(passed, number, rejected=rejection is not None, outdated=newest != base)
    return Draft(
        *(name, policy, digest, base, text, scenarios, actor, key, to_the_second(drafted_at)),
        # SQLite answers 0 and 1.
        *(state, None if passed is None else bool(passed), read, approved_by, number),
        *(rejected_by, rejection, effective_from and to_the_second(effective_from), note or None, about),
    )


def _state(passed: bool | None, number: int | None, *, rejected: bool, outdated: bool) -> str:
    if number is not None:
        return "published"
    if rejected:
        return "rejected"
    if outdated:
        return "outdated"
    return "checking" if passed is None else "ready" if passed else "failed"
