"""Shadows: texts that are decided beside the one in force of their policy, on the decisions that are kept anyway.

A shadow answers nobody. That it was started and stopped is never changed and in the log (that its own draft came into
force, which ends it, is the publication's); what came of it are counts,
and of decisions that it decides otherwise a short note without facts. `shadowing.py` decides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from engine.versions import load_version
from policies.versions import PolicyVersion
from service import audit_log, checking, drafts
from service.clock import stored, to_the_second
from service.database import Database, Row, execute, lock, rows, writing
from service.errors import FieldError, Refusal
from service.ids import new_id
from service.json_body import canonical
from service.publishing import in_force_from, newest_number
from service.reads import Reader

STATES = ("running", "ending", "ended")
"""`ending`: it was stopped, and what was decided before that is still to be decided by it."""
FAILURES = ("bad_facts", "conflict", "not_in_force", "unreadable", "bug")
"""Why a shadow cannot decide something: it cannot take the facts, two of its rules contradict each other, its first day
had not come, or this release cannot read its text.
"""
ORDERS = ("newest", "largest")
SIDES = ("in_force", "shadow")
ERASED = "erased"
"""In the place of an outcome: what was decided was erased before the shadow came to it."""
MOST_WAITING = 10_000
"""So many that wait are counted: nobody is to wait for a count of millions where no process has decided for days."""
KEPT = 1_000
"""How many differences are kept of each order: the newest ones, and those whose payouts are furthest apart."""

INSERT = (
    'INSERT INTO shadow (id, policy, draft_id, digest, text, holidays, actor, "key", started_at)'
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_PROGRESS = (
    "INSERT INTO shadow_progress (shadow_id, position, ends, leased_by, leased_until) VALUES (?, ?, NULL, '', '')"
)
INSERT_END = 'INSERT INTO shadow_end (shadow_id, actor, "key", ended_at) VALUES (?, ?, ?, ?)'
SELECT = (
    "SELECT shadow.id, shadow.policy, shadow.draft_id, shadow.digest, shadow.actor, started_at, shadow_end.actor,"
    " ended_at, position, ends, policy_version.number"
    " FROM shadow JOIN shadow_progress ON shadow_progress.shadow_id = shadow.id"
    " LEFT JOIN shadow_end ON shadow_end.shadow_id = shadow.id"
    " LEFT JOIN publication ON publication.draft_id = shadow.draft_id"
    " LEFT JOIN policy_version ON policy_version.digest = publication.digest"
)
SELECT_POLICIES = "SELECT DISTINCT policy FROM shadow ORDER BY policy"
SELECT_WAITING = (
    "SELECT COUNT(*) FROM (SELECT 1 FROM log_leaf JOIN decision ON decision.id = reference"
    " WHERE kind || '' = 'decision' AND {place} AND policy = ? AND decided_at >= ? AND decided_at < ?"
    " LIMIT ?) AS waiting"
)
SELECT_OUTCOMES = (
    "SELECT method, before, after, same, decisions, payout_before, payout_after FROM shadow_outcome"
    " WHERE shadow_id = ? ORDER BY method, before, after, same"
)
SELECT_REASONS = (
    "SELECT rule, side, decisions FROM shadow_reason WHERE shadow_id = ? ORDER BY decisions DESC, rule, side"
)
SELECT_DIFFERENCES = "SELECT decision_id, apart, before, after, differs_in FROM shadow_difference WHERE shadow_id = ?"
SELECT_PLACE = "SELECT apart, position FROM shadow_difference WHERE shadow_id = ? AND decision_id = ?"
# Of the shadows before, only the counts stay.
FORGET = "DELETE FROM shadow_difference WHERE shadow_id IN (SELECT id FROM shadow WHERE policy = ?)"
FOREVER = "~"


@dataclass(frozen=True, slots=True)
class Shadow:
    """A text that is, or was, decided beside the one in force; `draft` is None where a rule file was handed in.

    It ends when somebody stops it, or when its own draft comes into force, as the version of the number `in_force_as`:
    then nobody ended it, and there is nothing beside which it could be decided.
    """

    id: str
    policy: str
    draft: str | None
    digest: str
    actor: str
    started_at: str
    ended_by: str | None
    ended_at: str | None
    position: int
    ends: int | None
    in_force_as: int | None = None

    @property
    def state(self) -> str:
        """One of STATES."""
        if self.ended_at is None:
            return "running"
        return "ending" if self.ends is None or self.position < self.ends else "ended"


def start(
    database: Database,
    policy: str | None,
    who: Reader,
    now: datetime,
    *,
    draft: str | None = None,
    rules: str | None = None,
) -> Shadow:
    """Have a draft, or the text of a rule file, decided beside what is in force of its policy, from now on. Raises
    Refusal.
    """
    version = _of_draft(database, draft, now) if draft is not None else _of_text(rules or "", "rules.yaml")
    found = version.policy.id
    if policy not in (None, found):
        where = "rules" if draft is None else "draft"
        raise Refusal("bad-request", [FieldError.at((where,), "another-policy", policy=found)])

    def keep() -> Shadow:
        lock(database, f"recoup:shadow:{found}")
        if not newest_number(database, found):
            raise Refusal("not-found", what=f"/v1/policies/{found}")
        before = newest(database, found, now)
        if before is not None and before.state == "running":
            raise Refusal("illegal-move", state="running", allowed=["stop"])
        execute(database, FORGET, (found,))
        made = new_id("S", now)
        holidays = canonical([day.isoformat() for day in version.holidays])
        row = (made, found, draft, version.digest, version.text, holidays, who.name, who.key, stored(now))
        execute(database, INSERT, row)
        execute(database, INSERT_PROGRESS, (made, audit_log.size_of(database)))
        return _newest(database, found, now)

    return writing(database, keep)


def stop(database: Database, policy: str, who: Reader, now: datetime) -> Shadow:
    """Stop the shadow of a policy; what was decided until now is still decided by it. Raises Refusal."""

    def keep() -> Shadow:
        lock(database, f"recoup:shadow:{policy}")
        found = _newest(database, policy, now)
        if found.state != "running":
            raise Refusal("illegal-move", state=found.state, allowed=["start"])
        execute(database, INSERT_END, (found.id, who.name, who.key, stored(now)))
        return _newest(database, policy, now)

    return writing(database, keep)


def newest(database: Database, policy: str, now: datetime) -> Shadow | None:
    """The newest shadow of a policy, as it stands now."""
    found = rows(database, f"{SELECT} WHERE shadow.policy = ? ORDER BY shadow.id DESC LIMIT 1", (policy,))
    return _shadow(database, found[0], now) if found else None


def came_into_force(database: Database, policy: str, number: int | None, ended_at: str | None, now: datetime) -> str:
    """The instant, as it is stored, at which the version that a shadow's draft became came into force, and so ended it;
    "" where it has not by now, or where somebody had stopped the shadow before.
    """
    at = None if number is None else in_force_from(database, policy, number)
    if at is None or at > stored(now) or (ended_at and ended_at <= at):
        return ""
    return at


def policies(database: Database) -> list[str]:
    """The policies that have, or had, a shadow."""
    return [policy for (policy,) in rows(database, SELECT_POLICIES)]


def line(shadow: Shadow) -> dict[str, Any]:
    """A shadow as plain data."""
    return {
        "id": shadow.id,
        "policy": shadow.policy,
        "draft": shadow.draft,
        "digest": shadow.digest,
        "state": shadow.state,
        "started_by": shadow.actor,
        "started_at": to_the_second(shadow.started_at),
        "ended_by": shadow.ended_by,
        "ended_at": None if shadow.ended_at is None else to_the_second(shadow.ended_at),
        "in_force_as": shadow.in_force_as,
    }


def waiting(database: Database, shadow: Shadow) -> int:
    """How many decisions a shadow has still to decide; at most MOST_WAITING."""
    end = FOREVER if shadow.ended_at is None else shadow.ended_at
    among = (shadow.policy, shadow.started_at, end, MOST_WAITING)
    placed = rows(database, SELECT_WAITING.format(place="seq >= ?"), (shadow.position, *among))[0][0]
    if shadow.ends is not None:
        return int(placed) if shadow.position < shadow.ends else 0
    return int(min(placed + rows(database, SELECT_WAITING.format(place="seq IS NULL"), among)[0][0], MOST_WAITING))


def figures(database: Database, shadow: Shadow) -> dict[str, Any]:
    """What came of a shadow so far, in counts, as plain data."""
    counted: dict[str, int] = dict.fromkeys(("decided", "same", "different", "failed", ERASED), 0)
    payouts = dict.fromkeys((*SIDES, "difference"), 0)
    outcomes, failures = [], dict.fromkeys(FAILURES, 0)
    for method, before, after, same, decisions, payout_before, payout_after in rows(
        database, SELECT_OUTCOMES, (shadow.id,)
    ):
        if after == ERASED:
            counted[ERASED] += decisions
            continue
        counted["decided"] += decisions
        if after in failures:
            failures[after] += decisions
            counted["failed"] += decisions
            continue
        counted["same" if same else "different"] += decisions
        for name, payout in zip(payouts, (payout_before, payout_after, payout_after - payout_before), strict=True):
            payouts[name] += payout
        outcomes.append(
            {
                "method": method,
                "in_force": before,
                "shadow": after,
                "same": bool(same),
                "decisions": decisions,
                "payout_difference": payout_after - payout_before,
            }
        )
    reasons = rows(database, SELECT_REASONS, (shadow.id,))
    return {
        "counts": {**counted, "waiting": waiting(database, shadow)},
        "payout": payouts,
        "outcomes": outcomes,
        "reasons": [{"rule": rule, "only": side, "decisions": decisions} for rule, side, decisions in reasons],
        "failures": [{"failure": name, "decisions": count} for name, count in failures.items() if count],
    }


def differences(
    database: Database, shadow: Shadow, order: str, after: str | None, limit: int
) -> Sequence[Mapping[str, Any]]:
    """What a shadow decides otherwise or cannot decide, as plain data: one of ORDERS, behind that of a decision."""
    keys = "apart, position" if order == "largest" else "position"
    behind, parameters = "", [shadow.id]
    if after is not None:
        apart, position = rows(database, SELECT_PLACE, (shadow.id, after))[0]
        behind = f" AND ({keys}) < ({'?, ?' if order == 'largest' else '?'})"
        parameters += [apart, position] if order == "largest" else [position]
    sql = f"{SELECT_DIFFERENCES}{behind} ORDER BY {', '.join(f'{key} DESC' for key in keys.split(', '))} LIMIT ?"
    return [_difference(*row) for row in rows(database, sql, (*parameters, limit))]


def _of_draft(database: Database, id: str, now: datetime) -> PolicyVersion:
    found = drafts.find(database, id)
    if found is None:
        raise Refusal("bad-request", [FieldError.at(("draft",), "no-draft")])
    if came_into_force(database, found.policy, found.number, None, now):
        version = f"{found.policy}@{found.number}"
        raise Refusal("bad-request", [FieldError.at(("draft",), "in-force-already", version=version)])
    return _of_text(found.text, id)


def _of_text(text: str, file: str) -> PolicyVersion:
    version, problems = load_version(text.encode(), file)
    if version is None:
        raise Refusal("draft-has-problems", problems=[checking.plain(each) for each in problems])
    return version


def _newest(database: Database, policy: str, now: datetime) -> Shadow:
    found = newest(database, policy, now)
    if found is None:
        raise Refusal("not-found", what=f"/v1/policies/{policy}/shadow")
    return found


def _shadow(database: Database, row: Row, now: datetime) -> Shadow:
    *own, number = row
    found = Shadow(*own)
    at = came_into_force(database, found.policy, number, found.ended_at, now)
    return replace(found, ended_by=None, ended_at=at, in_force_as=number) if at else found


def _difference(decision: str, apart: int, before: str, after: str, differs_in: str) -> dict[str, Any]:
    in_force, shadow = json.loads(before), json.loads(after)
    failure = shadow.get("failure")
    return {
        "id": decision,
        "differs_in": json.loads(differs_in),
        "in_force": in_force,
        "shadow": None if failure else shadow,
        "failure": failure,
        "payout_difference": None if failure else shadow["payout"] - in_force["payout"],
    }
