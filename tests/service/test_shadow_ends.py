"""A shadow ends when its own draft comes into force, and says so: nothing is left beside which it could be decided."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient

from service import drafts, shadows
from service.clock import stored
from service.config import Settings
from service.database import Database, execute, reading, writing
from service.shadowing import Shadowing
from tests.service.builders import NOW, SetClock, publish_small
from tests.service.drafting import APPROVER, AUTHOR
from tests.service.test_reference import check
from tests.service.test_shadow import DEARER, SECOND, STRICTER, file, noted, refused, seen

SMALL_SCENARIOS = """\
policy: small.yaml
as_of: 2026-03-02 10:00
accounts:
  member: {joined_on: 2020-01-01}
lots:
  bill: {source: bill, acquired_on: 2025-06-01, amount: 4_000}
scenarios:
  - name: A thousand points
    account: member
    lots: [bill]
    request: {method: credit, points: 1_000}
    expect: {outcome: approved}
"""


def drafted(database: Database, rules: str = DEARER) -> str:
    """A draft whose checks passed, as far as its approver is told: what they come to is not what is tried here."""
    made = drafts.draft(database, rules, SMALL_SCENARIOS, AUTHOR, NOW).id

    def keep() -> None:
        data = '{"checks": [], "shown": {"changes": [], "to_come": []}}'
        execute(database, drafts.INSERT_CHECK, (made, True, data, stored(NOW)))

    writing(database, keep)
    return made


def approve(database: Database, draft: str, now: datetime, effective_from: datetime | None = None) -> int:
    """The number of the version that a draft becomes."""
    with reading(database):
        found = drafts.find(database, draft)
    assert found is not None
    return drafts.approve(database, draft, found.seen or "", effective_from, APPROVER, now).number


def test_a_shadow_ends_when_its_own_draft_comes_into_force(
    client: FlaskClient, database: Database, clock: SetClock
) -> None:
    draft = drafted(database)
    shadows.start(database, "small", AUTHOR, NOW, draft=draft)
    clock.at += SECOND
    approve(database, draft, clock.at, NOW + 3 * SECOND)
    before = file(client)
    clock.at += SECOND
    assert (seen(database, now=clock.at)["state"], seen(database, now=clock.at)["in_force_as"]) == ("running", None)
    clock.at += SECOND
    file(client)
    found = seen(database, now=clock.at)
    assert (found["state"], found["ended_at"], found["ended_by"], found["in_force_as"]) == (
        *("ending", "2026-03-02T01:00:03Z", None, 2),
    )
    Shadowing(database, Settings(), clock).once()
    found = seen(database, now=clock.at)
    check(found, "Shadow")
    assert (found["state"], found["counts"]["decided"], found["counts"]["waiting"]) == ("ended", 1, 0)
    assert [each["id"] for each in noted(database)] == [before["decision_id"]]
    assert refused(lambda: shadows.stop(database, "small", AUTHOR, clock.at)).code == "illegal-move"
    again = refused(lambda: shadows.start(database, "small", AUTHOR, clock.at, draft=draft))
    assert [each.text.en for each in again.errors] == [
        "came into force already, as small@2; there is nothing to decide beside itself"
    ]
    assert shadows.start(database, "small", AUTHOR, clock.at, rules=STRICTER).state == "running"


def test_a_shadow_goes_on_where_its_draft_was_withdrawn_before_it_came_into_force(database: Database) -> None:
    publish_small(database)
    draft = drafted(database)
    shadows.start(database, "small", AUTHOR, NOW, draft=draft)
    number = approve(database, draft, NOW, NOW + 9 * SECOND)
    drafts.withdraw(database, "small", number, "Not yet.", APPROVER, NOW)
    assert seen(database, now=NOW + 20 * SECOND)["state"] == "running"


def test_a_shadow_that_was_stopped_before_stays_ended_by_who_stopped_it(database: Database) -> None:
    publish_small(database)
    draft = drafted(database)
    shadows.start(database, "small", AUTHOR, NOW, draft=draft)
    approve(database, draft, NOW, NOW + 9 * SECOND)
    shadows.stop(database, "small", AUTHOR, NOW + SECOND)
    found = seen(database, now=NOW + 20 * SECOND)
    assert (found["ended_by"], found["in_force_as"]) == ("kim", None)


@pytest.mark.parametrize(
    ("starts", "begins"),
    [
        ("2026-03-02", "2026-03-02T01:00:00Z"),
        ("2026-03-03", "2026-03-02T15:00:00Z"),
        ("2026-03-10", "2026-03-09T15:00:00Z"),
    ],
    ids=["today", "tomorrow in Seoul", "next week"],
)
def test_a_text_comes_into_force_on_its_first_day_in_the_programmes_zone(
    database: Database, starts: str, begins: str
) -> None:
    publish_small(database)
    draft = drafted(database, DEARER.replace("starts: 2025-01-01", f"starts: {starts}"))
    shadows.start(database, "small", AUTHOR, NOW - SECOND, draft=draft)
    approve(database, draft, NOW)
    found = seen(database, now=NOW + timedelta(days=30))
    assert (found["ended_at"], found["in_force_as"]) == (begins, 2)
    assert seen(database, now=datetime.fromisoformat(begins) - SECOND)["state"] == "running"
