"""Example accounts for the shipped rules, so that a newcomer has something to ask about.

Nothing is made up that the rules decide: example events go through the policy's own `earn` rules,
and example refunds are really filed, at days in the past, on a text that was published before the
first of them. Accounts are the same on every machine; their days are counted back from the day of
loading, and what an account says of itself was so when its refund was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

from engine.calendars import local_day
from engine.cases import read_event_case
from engine.compiled import CompiledVersion
from engine.events import answer, counted_from
from service import events, ledger
from service.clock import Clock, spoken, utc_now
from service.config import BadSetting, Settings
from service.database import Database, reading, rows, writing
from service.events import Answered
from service.idempotency import Answer
from service.judging import Judge
from service.ledger import Grant, StoredAccount
from service.migrate import migrate
from service.publishing import BadPolicy, Versions, publish
from service.records import Record
from service.refund_requests import Filed, Hold
from service.sweeps import sweep_account

POLICY = "kt-points"
ACCOUNTS = 240
LONGEST_PAST_DAYS = 500
# Refunds of the past were filed on these days, counted back; the lots of the time before pay them.
REFUND_DAYS_AGO = (170, 75, 20)
PUBLISHED_DAYS_AGO = LONGEST_PAST_DAYS
NOTICED_DAYS = 35
"""In so many days, longer than a month, every bill that is paid monthly has a notice before its points end."""
GRADES = ("VVIP", "VIP", "GOLD", "SILVER", "WHITE", "GENERAL")
PARTNERS = ("", "CAFE-03", "CAFE-11", "MART-01", "CINEMA-07")
CAMPAIGNS = ("SPRING-SALE", "APP-LAUNCH", "QUIZ-WEEK", "LOYAL-THANKS")
METHODS = (
    {"method": "cash", "receiving_holder": "member"},
    {"method": "bill_credit"},
    {"method": "gift_card"},
)


@dataclass(frozen=True, slots=True)
class Member:
    """An example account, since when its identity is known at its present level, and when it asked for a refund; None:
    it did not.
    """

    number: int
    account: StoredAccount
    identified_on: date
    refund_days_ago: int | None
    random: Random


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a member."""

    type: str
    on: date
    amount: int = 0
    campaign: str = ""
    partner: str = ""


def set_up(database: Database, settings: Settings, clock: Clock = utc_now) -> list[str]:
    """Make the tables, publish the rule files, load the accounts; what was done, a line each.

    Raises BadSetting where the folder of rule files is of no use.
    """
    lines = [f"applied {name}" for name in migrate(database)]
    now = clock()
    for file in _rule_files(settings.policies):
        try:
            with reading(database):
                # A later text of a database that has its examples is published when it is.
                loaded = rows(database, "SELECT 1 FROM account WHERE id = ?", (_id(1),))
            at = now if loaded else now - timedelta(days=PUBLISHED_DAYS_AGO)
            published = publish(database, file.read_bytes(), str(file), at)
        except BadPolicy as error:
            raise BadSetting(f"POLICIES has a rule file with problems: {error.problems[0]}") from None
        lines.append(str(published))
    versions = Versions(database, settings.cached_versions)
    if POLICY in versions.policies():
        made = load(database, versions, now)
        lines.append(f"made {made} example accounts" if made else "the example accounts are there already")
        if made:
            _notify(database, versions, now)
    return lines


def load(database: Database, versions: Versions, now: datetime, accounts: int = ACCOUNTS) -> int:
    """Make the example accounts unless there are some; how many were made. All of them or none."""

    def make() -> int:
        if rows(database, "SELECT 1 FROM account WHERE id = ?", (_id(1),)):
            return 0
        compiled = versions.in_force(POLICY, now)
        if compiled is None:
            raise BadSetting(f"{POLICY} is not in force today, so no example can be made")
        _make(database, versions, compiled, now, accounts)
        return accounts

    return writing(database, make)


def _make(database: Database, versions: Versions, compiled: CompiledVersion, now: datetime, accounts: int) -> None:
    today = local_day(now, compiled.zone)
    members = [_member(number, today) for number in range(1, accounts + 1)]
    ledger.open_accounts(database, (member.account for member in members), now)
    told: list[Answered] = []
    grants = [grant for member in members for grant in _grants(member, compiled, today, told)]
    before = datetime.min.replace(tzinfo=UTC)
    for days_ago in REFUND_DAYS_AGO:
        at = _at(today - timedelta(days=days_ago), compiled)
        # What happened at that very instant was there when the refunds were asked for, minutes later.
        ledger.grant(database, (grant for grant in grants if before < grant.happened_at <= at), now)
        for member in members:
            if member.refund_days_ago == days_ago:
                _refund(database, versions, member, at + timedelta(minutes=member.number))
        before = at
    ledger.grant(database, (grant for grant in grants if before < grant.happened_at), now)
    events.keep(database, told, now)


def _notify(database: Database, versions: Versions, now: datetime) -> None:
    """Let the account that is tried first have its notices of the last weeks, as if it had been swept every night."""
    compiled = versions.in_force(POLICY, now)
    assert compiled is not None, "the examples were made by it"
    today = local_day(now, compiled.zone)
    sweep_account(database, versions, _id(1), today, now, first=today - timedelta(days=NOTICED_DAYS))


def _rule_files(folder: Path) -> Sequence[Path]:
    files = sorted(file for file in folder.glob("*.yaml") if not file.name.endswith(".test.yaml"))
    if not files:
        raise BadSetting(f"POLICIES is {folder}, where there is no rule file (*.yaml)")
    return files


def _id(number: int) -> str:
    return f"A-{number:04}"


def _member(number: int, today: date) -> Member:
    """The first is a member whom nothing keeps from a refund; the others are of every kind."""
    random = Random(f"recoup demo {number}")
    plain = number == 1
    refund_days_ago = REFUND_DAYS_AGO[number % 4] if number % 4 < len(REFUND_DAYS_AGO) else None
    # The day as of which the account is told.
    told_on = today - timedelta(days=refund_days_ago or 0)
    joined_on = told_on - timedelta(days=2_400 if plain else random.choice((12, 150, 500, 900, 2_400, 4_000)))
    identity_level = 2 if plain else random.choice((0, 1, 1, 2, 2, 3))
    status = _status(number)
    quiet_days = {"dormant": 500, "closed": 90}.get(status, 3 if plain else random.choice((2, 10, 40, 190)))
    days_since_contact = None if plain or random.random() < 0.7 else random.choice((5, 45, 400))
    contact_changed_on = None if days_since_contact is None else told_on - timedelta(days=days_since_contact)
    facts: dict[str, Any] = {
        "id": _id(number),
        "status": status,
        "kind": "company" if number % 29 == 0 else "person",
        "identity_level": identity_level,
        "joined_on": joined_on.isoformat(),
        "born_on": None if number % 29 == 0 else date(random.randint(1950, 2012), 1 + number % 12, 5).isoformat(),
        "contact_verified": plain or random.random() < 0.9,
        "contact_changed_on": contact_changed_on and max(joined_on, contact_changed_on).isoformat(),
        "last_activity_on": max(joined_on, told_on - timedelta(days=quiet_days)).isoformat(),
        "debt": 0 if plain else random.choice((0, 0, 0, 0, 8_000, 35_000)),
        "points_debt": 0,
        "activity_days": [],
        "grade": "VIP" if plain else random.choice(GRADES),
    }
    if plain:
        facts["born_on"] = "1984-02-05"
    identified_on = joined_on if plain else min(told_on, joined_on + timedelta(days=random.choice((0, 0, 300))))
    return Member(number, StoredAccount(POLICY, facts), identified_on, refund_days_ago, random)


def _status(number: int) -> str:
    for every, status in ((41, "closed"), (23, "suspended"), (17, "dormant")):
        if number % every == 0:
            return status
    return "active"


def _grants(member: Member, compiled: CompiledVersion, today: date, told: list[Answered]) -> Iterator[Grant]:
    """What a member was granted, oldest first: taken over from before the programme, then earned for what is `told`."""
    lots = [*_taken_over(member, compiled), *_earned(member, compiled, today, told)]
    for number, (facts, happened_at, event, rule) in enumerate(lots, 1):
        # Points of suspended members, and now and then of others, are locked.
        facts["locked"] = member.account.facts["status"] == "suspended" or (member.number + number) % 61 == 0
        yield Grant(f"{member.account.id}.{number:03}", member.account.id, facts, happened_at, event, rule)


Granted = tuple[dict[str, Any], datetime, str, str]


def _taken_over(member: Member, compiled: CompiledVersion) -> Iterator[Granted]:
    """Lots of the programme before this one, and points given to make good for a failure."""
    facts = member.account.facts
    start = compiled.policy.starts
    if facts["joined_on"] >= start.isoformat():
        return
    kinds = [("bill_payment", "FORMER", 25_000), ("purchase", "", 4_000)]
    if member.number % 13 == 0:
        kinds.append(("promotion", "CARE-1", 3_000))
    for source, campaign, most in kinds:
        on = max(date.fromisoformat(facts["joined_on"]), start - timedelta(days=member.random.randint(30, 1_500)))
        lot = {
            "source": source,
            "campaign": campaign,
            "acquired_on": on.isoformat(),
            "usable_from_on": on.isoformat(),
            "expires_on": None,
            "amount": most if member.number == 1 else member.random.randrange(500, most, 10),
            "identity_level": facts["identity_level"] if on >= member.identified_on else 0,
        }
        yield lot, _at(on, compiled), f"{member.account.id}-taken-over-{source}", ""


def _earned(member: Member, compiled: CompiledVersion, today: date, told: list[Answered]) -> Iterator[Granted]:
    account = member.account.facts
    earned: list[dict[str, Any]] = []
    for number, event in enumerate(_events(member, compiled.policy.starts, today), 1):
        at = _at(event.on, compiled)
        case: dict[str, Any] = {
            # An account is judged as it was: its identity was not always known, and it was active.
            "account": {
                **account,
                "status": "active",
                "identity_level": account["identity_level"] if event.on >= member.identified_on else 0,
            },
            "event": {
                "id": f"{account['id']}-E{number:03}",
                "type": event.type,
                "amount": event.amount,
                "campaign": event.campaign,
                "partner": event.partner,
                "happened_at": spoken(at),
            },
            "earned": _counted(compiled, earned, at),
        }
        read = read_event_case(compiled.policy, case)
        found = answer(compiled, read)
        told.append(Answered(account["id"], case["event"], read, found))
        for granted in found.granted:
            earned.append(
                {"id": f"{number}-{granted.rule}", "rule": granted.rule, "happened_at": spoken(at)}
                | {"points": granted.points}
            )
            lot = {
                "source": granted.source,
                "campaign": granted.campaign,
                "acquired_on": granted.acquired_on,
                "usable_from_on": granted.usable_from_on,
                "expires_on": granted.expires_on,
                "amount": granted.points,
                "identity_level": granted.identity_level,
            }
            yield lot, at, case["event"]["id"], granted.rule


def _counted(compiled: CompiledVersion, earned: list[dict[str, Any]], at: datetime) -> list[dict[str, Any]]:
    """Those of the earnings that some cap counts."""
    since = {rule: spoken(start) for rule, start in counted_from(compiled, at).items()}
    return [each for each in earned if each["rule"] in since and each["happened_at"] >= since[each["rule"]]]


def _events(member: Member, starts: date, today: date) -> list[Event]:
    """Bills every month, and between them promotions, purchases and partners, by day."""
    facts, random = member.account.facts, member.random
    first = max(date.fromisoformat(facts["joined_on"]), starts, today - timedelta(days=LONGEST_PAST_DAYS))
    last = today if facts["status"] != "dormant" else today - timedelta(days=400)
    bill = 600_000 if member.number == 1 else random.randrange(20_000, 260_000, 1_000)
    events = [Event("bill_paid", day, bill) for day in _days(first, last, 30)]
    if facts["joined_on"] >= starts.isoformat():
        events.append(Event("promotion_joined", first, campaign="WELCOME"))
    for day in _days(first + timedelta(days=random.randint(1, 60)), last, random.choice((55, 90, 140))):
        events.append(Event("promotion_joined", day, campaign=random.choice(CAMPAIGNS)))
        partner = random.choice(PARTNERS)
        bought_on = min(last, day + timedelta(days=random.randint(1, 30)))
        events.append(Event("purchase", bought_on, random.randrange(5_000, 300_000, 100), partner=partner))
    return sorted((event for event in events if event.on <= last), key=lambda event: event.on)


def _days(first: date, last: date, step: int) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += timedelta(days=step)


def _refund(database: Database, versions: Versions, member: Member, at: datetime) -> None:
    points = 10_000 if member.number == 1 else member.random.choice((5_000, 10_000, "all"))
    asked: dict[str, Any] = METHODS[member.number % len(METHODS)] | {"points": points}
    if asked["method"] == "cash":
        asked["receiving_account"] = f"RA-{member.number:04}"
    body = {"account": member.account.id, "request": asked}
    Judge(database, versions, lambda: at).file_within(body, f"demo-{member.account.id}", _unheard)


def _unheard(filed: Filed, _holds: list[Hold], _record: Record) -> Answer:
    return Answer(201, f"/v1/refund-requests/{filed.id}", "en", "{}")


def _at(day: date, compiled: CompiledVersion) -> datetime:
    """Ten in the morning of a local day."""
    return datetime.combine(day, time(10), compiled.zone).astimezone(UTC)
