"""Drafts: what fails a check is never published, another key approves, and a withdrawal brings the former text back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from service import audit_log, checking, drafts
from service.clock import stored
from service.database import Database, execute, reading, rows, writing
from service.erasures import counted_since
from service.errors import Refusal
from service.publishing import Versions, publish
from service.reads import ANYONE, Reader
from service.sweeps import sweep
from tests.service.builders import NOW, POLICY, lot_facts, open_account, publish_small
from tests.service.drafting import APPROVER, AUTHOR, RULES, SCENARIOS, approved, ready, texts

ISSUER = "https://id.example.com"
DAY = timedelta(days=1)
RESERVED = RULES.replace("policy: tiny", "policy: drafts")


def versions_of(database: Database) -> list[int]:
    with reading(database):
        return [each.number for each in Versions(database, 4).listed("tiny")]


def in_force(database: Database, at: datetime) -> int | None:
    """The number of the version in force."""
    with reading(database):
        compiled = Versions(database, 4).in_force("tiny", at)
    return None if compiled is None else compiled.version.number


def limit_of(database: Database, at: datetime) -> str:
    with reading(database):
        compiled = Versions(database, 4).in_force("tiny", at)
    assert compiled is not None
    return compiled.version.text.partition("at_most: ")[2].split()[0]


def refused(work: Callable[[], Any]) -> Refusal:
    with pytest.raises(Refusal) as raised:
        work()
    return raised.value


def test_an_approved_draft_is_in_force_from_its_instant_on(database: Database) -> None:
    first = approved(database)
    assert (first.number, first.effective_from) == (1, "2026-03-02T01:00:00Z")
    later = approved(database, 6_000, effective_from=NOW + DAY)
    assert (later.number, later.restores) == (2, None)
    numbers = [in_force(database, NOW + after) for after in (-DAY, timedelta(), DAY - timedelta(seconds=1), DAY)]
    assert numbers == [None, 1, 1, 2]


def test_without_an_instant_a_version_is_effective_from_the_next_second(database: Database) -> None:
    now = NOW + timedelta(milliseconds=1)
    assert approved(database, now=now).effective_from == "2026-03-02T01:00:01Z"
    assert (in_force(database, now), in_force(database, NOW + timedelta(seconds=1))) == (None, 1)


def test_a_version_speaks_from_its_first_day_even_where_it_is_effective_before(database: Database) -> None:
    rules = RULES.replace("2025-01-01", "2026-03-04")
    scenarios = SCENARIOS.replace("2026-03-02", "2026-03-05").replace("2024-12-31", "2026-03-03")
    made = drafts.draft(database, rules, scenarios.replace("2025-01-01", "2026-03-04"), AUTHOR, NOW)
    made = drafts.check(database, Versions(database, 4), made.id, NOW)
    drafts.approve(database, made.id, made.seen or "", None, APPROVER, NOW)
    assert (in_force(database, NOW), in_force(database, datetime(2026, 3, 3, 15, tzinfo=UTC))) == (None, 1)


def test_what_was_published_in_one_step_is_effective_from_its_first_day(database: Database) -> None:
    publish(database, RULES.encode(), "tiny.yaml", NOW)
    approved(database, 6_000)
    assert (in_force(database, NOW - DAY), in_force(database, NOW)) == (1, 2)


@pytest.mark.parametrize(
    ("rules", "scenarios", "told"),
    [
        (RULES.replace("at_most", "at_mots"), SCENARIOS, ("tiny.yaml", 18, "at_mots")),
        (RULES, SCENARIOS.replace("account: member", "account: nobody"), ("tiny.test.yaml", 10, "nobody")),
        (RULES, "", ("rules.test.yaml", 1, "")),
        (RESERVED, SCENARIOS.replace("tiny", "drafts"), ("drafts.yaml", 1, "no policy can have the id")),
    ],
    ids=["rules", "scenarios", "no scenarios", "a reserved id"],
)
def test_a_file_with_problems_is_no_draft(
    database: Database, rules: str, scenarios: str, told: tuple[str, int, str]
) -> None:
    refusal = refused(lambda: drafts.draft(database, rules, scenarios, AUTHOR, NOW))
    problems: Any = refusal.figures["problems"]
    file, line, words = told
    assert refusal.code == "draft-has-problems"
    assert [each for each in problems if (each["file"], each["line"]) == (file, line) and words in each["en"]]
    with reading(database):
        assert drafts.page_of(database, None, 10) == []


@pytest.mark.parametrize(
    ("scenarios", "failed", "place"),
    [
        (SCENARIOS.replace("[5_001, denied, [daily]", "[5_001, approved, []"), "test", ("tiny.test.yaml", 16)),
        (SCENARIOS.replace("      - [5_001, denied, [daily], {}]\n", ""), "pin", ("tiny.yaml", 18)),
    ],
    ids=["a scenario", "a nudge"],
)
def test_a_draft_that_fails_a_check_is_never_published(
    database: Database, scenarios: str, failed: str, place: tuple[str, int]
) -> None:
    approved(database, 6_000)
    made = drafts.draft(database, RULES, scenarios, AUTHOR, NOW)
    found = drafts.check(database, Versions(database, 4), made.id, NOW)
    assert found.data is not None
    last = found.data["checks"][-1]
    assert (found.state, last["check"], last["passed"]) == ("failed", failed, False)
    assert place in [(each["file"], each["line"]) for each in last["problems"]]
    assert refused(lambda: drafts.approve(database, made.id, found.seen or "", None, APPROVER, NOW)).figures == {
        "state": "failed",
        "allowed": [],
    }
    assert (versions_of(database), limit_of(database, NOW)) == ([1], "6_000")


def test_every_check_is_run_and_those_behind_one_that_fails_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, problems = checking.load(RULES, SCENARIOS)
    assert (loaded is not None, problems) == (True, [])
    assert loaded is not None
    assert [(each["check"], each["passed"]) for each in checking.checks_of(loaded)] == [
        (name, True) for name in checking.CHECKS
    ]
    broken = {"check": lambda _: checking.Found(1, [{"severity": "problem"}]), "test": checking.CHECKS["test"]}
    monkeypatch.setattr(checking, "CHECKS", broken)
    assert [each["check"] for each in checking.checks_of(loaded)] == ["check"]


OTHER_FEE = """\
  - id: fee
    kind: fee
    terms: "3"
    when: {request.method: credit}
    flat: 10
    reason: {ko: "수수료 {fee}", en: "A fee of {fee}."}
  - id: other-fee
    kind: fee
    terms: "4"
    when: {account.status: active}
    flat: 20
    reason: {ko: "수수료 {fee}", en: "A fee of {fee}."}
"""


def test_what_was_proven_of_a_text_is_a_problem() -> None:
    loaded, _ = checking.load(RULES + OTHER_FEE, SCENARIOS)
    assert loaded is not None
    found = checking.CHECKS["prove"](loaded)
    assert (found.passed, [each["code"] for each in found.problems]) == (False, ["overlap"])


SEEN = "sha256:" + "0" * 64
OTHER_NAME, OTHER_KEY = Reader("lee", "K-1", ()), Reader("kim", "K-9", ())


@pytest.mark.parametrize(
    ("who", "seen", "start", "code"),
    [
        (AUTHOR, None, None, "own-draft"),
        (OTHER_NAME, None, None, "own-draft"),
        (OTHER_KEY, None, None, "own-draft"),
        (ANYONE, None, None, "own-draft"),
        (Reader("kim", ISSUER, (), alone=True), None, None, "own-draft"),
        (Reader("lee", ISSUER, (), alone=True), None, None, None),
        (APPROVER, SEEN, None, "bad-request"),
        (APPROVER, None, NOW - timedelta(seconds=1), "bad-request"),
        (APPROVER, None, NOW, None),
    ],
    ids=[
        *("author", "same key", "same name", "without a key", "the author's token"),
        *("another's token", "seen otherwise", "in the past", "now"),
    ],
)
def test_another_key_approves_what_it_has_seen_for_now_or_later(
    database: Database, who: Reader, seen: str | None, start: datetime | None, code: str | None
) -> None:
    made = ready(database)

    def approve() -> None:
        drafts.approve(database, made.id, seen or made.seen or "", start, who, NOW)

    if code is None:
        approve()
    else:
        assert refused(approve).code == code
    assert versions_of(database) == ([] if code else [1])


def test_of_two_tokens_of_one_issuer_the_names_count(database: Database) -> None:
    author, approver = Reader("kim", ISSUER, ("author",), alone=True), Reader("lee", ISSUER, ("approver",), alone=True)
    made = drafts.draft(database, *texts(), author, NOW)
    made = drafts.check(database, Versions(database, 4), made.id, NOW)
    own = Reader("KIM", "K-1", ("approver",))
    for who in (author, own):
        with pytest.raises(Refusal, match="own-draft"):
            drafts.approve(database, made.id, made.seen or "", None, who, NOW)
    assert drafts.approve(database, made.id, made.seen or "", None, approver, NOW).number == 1
    with reading(database):
        assert rows(database, 'SELECT actor, "key" FROM publication') == [("lee", ISSUER)]


def test_where_no_keys_are_asked_for_anybody_approves(database: Database) -> None:
    made = drafts.draft(database, *texts(), ANYONE, NOW)
    made = drafts.check(database, Versions(database, 4), made.id, NOW)
    assert drafts.approve(database, made.id, made.seen or "", None, ANYONE, NOW).number == 1


def test_a_draft_is_approved_once_after_its_checks_and_on_what_it_was_drafted_on(database: Database) -> None:
    unchecked = drafts.draft(database, *texts(), AUTHOR, NOW)
    with reading(database):
        assert drafts.unchecked(database) == [unchecked.id]
    assert refused(lambda: drafts.approve(database, unchecked.id, SEEN, None, APPROVER, NOW)).code == "illegal-move"
    made = drafts.check(database, Versions(database, 4), unchecked.id, NOW)
    other = ready(database, 6_000)
    drafts.approve(database, made.id, made.seen or "", None, APPROVER, NOW)
    published = ("published-already", {"version": f"{made.policy}@1"})
    for each, state, expected in ((made, "published", published), (other, "outdated", ("out-of-date", {"newest": 1}))):
        refusal = refused(lambda each=each: drafts.approve(database, each.id, each.seen or "", None, APPROVER, NOW))  # type: ignore[misc]
        assert (refusal.code, refusal.figures) == expected
        with reading(database):
            found = drafts.find(database, each.id)
        assert found is not None
        assert found.state == state
    assert refused(lambda: drafts.approve(database, "P-0", SEEN, None, APPROVER, NOW)).code == "not-found"
    assert versions_of(database) == [1]


def test_a_draft_is_checked_once(database: Database) -> None:
    made = ready(database)
    again = drafts.check(database, Versions(database, 4), made.id, NOW + DAY)
    assert again == made


def test_an_approver_is_shown_what_changes(database: Database) -> None:
    assert shown(ready(database)) == ([], [])
    approved(database)
    approved(database, 6_000, effective_from=NOW + DAY)
    rules, scenarios = texts(7_000)
    made = drafts.draft(database, rules.replace("Tiny", "Small"), scenarios, AUTHOR, NOW)
    changed, to_come = shown(drafts.check(database, Versions(database, 4), made.id, NOW))
    assert changed == ["title is changed", "rules.daily is changed"]
    assert to_come == [2]


def shown(draft: drafts.Draft) -> tuple[list[str], list[int]]:
    assert draft.data is not None
    seen = draft.data["shown"]
    return [each["en"] for each in seen["changes"]], seen["to_come"]


def test_a_text_that_only_moves_changes_nothing() -> None:
    assert checking.changes(RULES, RULES.replace("rules:", "# moved\n\nrules:")) == []
    gone = RULES.partition("  - id: order")[0].replace("bill:", "card:")
    assert [each["en"] for each in checking.changes(RULES, gone)] == [
        "sources.bill is gone",
        "rules.order is gone",
        "sources.card is new",
    ]


def test_a_withdrawal_publishes_the_former_text_again(database: Database) -> None:
    approved(database)
    approved(database, 6_000, NOW + DAY)
    now = NOW + 2 * DAY
    listed = drafts.withdraw(database, "tiny", 2, "Wrong.", APPROVER, now)
    assert (listed.number, listed.restores, listed.effective_from) == (3, 1, "2026-03-04T01:00:00Z")
    assert [limit_of(database, at) for at in (NOW, NOW + DAY, now)] == ["5_000", "6_000", "5_000"]
    with reading(database):
        digests = {each.digest for each in Versions(database, 4).listed("tiny")}
    assert len(digests) == 3, "a digest stands for one version"
    assert refused(lambda: drafts.withdraw(database, "tiny", 2, "Again.", APPROVER, now)).figures == {"newest": 3}
    assert refused(lambda: drafts.withdraw(database, "tiny", 3, "Too.", APPROVER, now)).code == "nothing-before"
    assert refused(lambda: drafts.withdraw(database, "none", 1, "No.", APPROVER, now)).code == "not-found"


def test_withdrawals_go_back_step_by_step(database: Database) -> None:
    for number, limit in enumerate((5_000, 6_000, 7_000)):
        approved(database, limit, NOW + number * DAY)
    withdrawn = [(3, "6_000"), (4, "5_000")]
    for days, (number, before) in enumerate(withdrawn):
        now = NOW + (3 + days) * DAY
        drafts.withdraw(database, "tiny", number, "Wrong.", APPROVER, now)
        assert limit_of(database, now) == before
    # What was withdrawn may be drafted again.
    assert approved(database, 7_000, NOW + 9 * DAY).number == 6
    assert limit_of(database, NOW + 9 * DAY) == "7_000"


def test_withdrawing_what_is_yet_to_come_leaves_what_is_in_force(database: Database) -> None:
    approved(database)
    approved(database, 6_000, effective_from=NOW + 2 * DAY)
    approved(database, 7_000, effective_from=NOW + 9 * DAY)
    drafts.withdraw(database, "tiny", 3, "Not yet.", APPROVER, NOW + DAY)
    assert [limit_of(database, NOW + n * DAY) for n in (1, 2, 9)] == ["5_000", "6_000", "6_000"]


def test_a_draft_that_says_the_same_as_the_newest_is_none(database: Database) -> None:
    approved(database)
    approved(database, 6_000, NOW + DAY)
    drafts.withdraw(database, "tiny", 2, "Wrong.", APPROVER, NOW + 2 * DAY)
    assert refused(lambda: drafts.draft(database, *texts(5_000), AUTHOR, NOW)).code == "says-the-same"


def test_a_day_is_swept_by_the_version_in_force_when_it_began(database: Database) -> None:
    publish_small(database)
    shorter = publish(database, POLICY.replace("after: 2 years", "after: 1 year").encode(), "small.yaml", NOW)
    row = (shorter.digest, stored(NOW), None, None, "lee", "K-2", "", "", stored(NOW))
    writing(database, lambda: execute(database, drafts.INSERT_PUBLICATION, row))
    open_account(database, lot_facts(acquired_on="2025-02-01"))
    versions = Versions(database, 4)
    expired = [sweep(database, versions, NOW + days * DAY)["expired"] for days in (0, 1)]
    assert expired == [0, 1]


def test_points_are_kept_from_erasure_for_every_text_that_may_come(database: Database) -> None:
    approved(database)
    measured = RULES.replace(
        "measure: request.points", "measure: {sum: refund.points, per: year, of: receiving_account}"
    )
    publish(database, measured.replace("2025-01-01", "2026-06-01").encode(), "tiny.yaml", NOW)
    publish(database, RULES.replace("2025-01-01", "2027-01-01").encode(), "tiny.yaml", NOW)
    with reading(database):
        assert counted_since(Versions(database, 4), NOW) < NOW, "the second may be in force before the third is"


def test_all_that_is_published_is_in_the_log(database: Database, signer: Any) -> None:
    approved(database)
    approved(database, 6_000)
    drafts.withdraw(database, "tiny", 2, "Wrong.", APPROVER, NOW)
    audit_log.place_all(database)
    with reading(database):
        found = [kind for (kind,) in rows(database, "SELECT kind FROM log_leaf ORDER BY seq")]
    one = ["policy_draft", "draft_check", "policy_version", "publication"]
    assert found == [*one, *one, "policy_version", "publication"]
    audit_log.sign_head(database, [signer], NOW)
    with reading(database):
        bodies = [each["body"] for each in audit_log.records(database) if each.get("kind") == "publication"]
    assert [(each["actor"], each["key"], each["restores"]) for each in bodies] == [
        ("lee", "K-2", None),
        ("lee", "K-2", None),
        ("lee", "K-2", 1),
    ]
    assert [each["reason"] for each in bodies] == ["", "", "Wrong."]
    assert all(one["seen"] != other["seen"] for one, other in pairwise(bodies))
