"""What was to be taken back and was not there: by which events, of which lots once their points are back, and who paid.

A clawback rule takes the points that an earning brought from the lot that holds them. Where points of that lot are
away, held by a refund request, paid out, used, or taken in the place of others, they may come back: the claim of the
event on them stays. What others paid meanwhile stands in for them, other lots at once or points that paid off the debt
later, and is given back when the lot pays itself. So it does not matter in which order things are undone: what all that
is undone has left behind is what had been there without it.

A claim has these parts, each the sum of its entries:

- `own`: points to be taken of a lot that was earned, once they are back;
- `other`: where the rule forgives what is missing, points of other lots that it would have taken, had they not been
  away: they are taken when they come back, as long as so much is
- `forgiven` still;
- `stand_in`: points that other lots paid in the place of own ones.

What an account owes is kept beside them, in the debt entries, by the event and rule that it is owed for: both are ""
for what a calling system says that it owes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from engine.reading import MOST
from service import ledger
from service.clock import stored
from service.database import Database, execute, rows
from service.errors import FieldError, Refusal
from service.ledger import Part

OWE = "UPDATE account SET points_debt = points_debt + ? WHERE id = ?"
INSERT_DEBT = (
    "INSERT INTO debt_entry (account_id, points, event, rule, since, paid_by, entered_at) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
INSERT = (
    "INSERT INTO claim_entry (account_id, event, rule, part, lot_id, points, since, paid_by, entered_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
SELECT_OWED = "SELECT points_debt FROM account WHERE id = ?"
# What stands in is given back by an entry of the kind by which it was taken.
SELECT_CLAIMS = (
    "SELECT event, rule, MIN(since), part, lot_id, kind, CAST(SUM(points) AS BIGINT) FROM"
    " (SELECT claim_entry.id, since, claim_entry.event, claim_entry.rule, part, claim_entry.lot_id, claim_entry.points,"
    " CASE WHEN part = 'stand_in' THEN ledger_entry.kind ELSE '' END AS kind FROM claim_entry"
    " LEFT JOIN ledger_entry ON ledger_entry.id = paid_by WHERE account_id = ?) AS entries"
    " GROUP BY event, rule, part, lot_id, kind HAVING SUM(points) <> 0 ORDER BY MIN(id)"
)
SELECT_DEBTS = (
    "SELECT event, rule, MIN(since), CAST(SUM(points) AS BIGINT) FROM debt_entry"
    " WHERE account_id = ? AND lot_id IS NULL GROUP BY event, rule HAVING SUM(points) <> 0 ORDER BY MIN(id)"
)
# Points of a lot that are away and may come back, less those that are claimed already.
SELECT_AWAY = (
    "SELECT CAST((SELECT COALESCE(-SUM(points), 0) FROM ledger_entry WHERE lot_id = ?"
    " AND kind IN ('hold', 'release', 'reverse', 'use')) + (SELECT COALESCE(SUM(CASE part WHEN 'stand_in' THEN points"
    " ELSE -points END), 0) FROM claim_entry WHERE lot_id = ?) AS BIGINT)"
)
SELECT_NEWEST_ENTRY_OF = "SELECT MAX(id) FROM ledger_entry WHERE lot_id = ?"


@dataclass(frozen=True, slots=True)
class Paid:
    """Points of a lot that came and were taken at once: by the claim of an `event` by a `rule`, or, where both are "",
    to pay off what the account owes.
    """

    lot: str
    points: int
    event: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Collected:
    """What became of points that came to lots: what of them was taken at once, and what was given back for it, with the
    event of the claim, to lots that had stood in.
    """

    paid: Sequence[Paid] = ()
    given_back: Sequence[Part] = ()

    def __add__(self, other: Collected) -> Collected:
        return Collected([*self.paid, *other.paid], [*self.given_back, *other.given_back])


@dataclass(slots=True)
class StandIn:
    """Points that a lot paid in the place of own ones, and the kind of the entry that took them."""

    lot: str
    kind: str
    points: int


@dataclass(slots=True)
class Claim:
    """What an event has still to take back by a rule, `since` which ledger entry, and who has paid it meanwhile."""

    event: str
    rule: str
    since: int
    own: dict[str, int] = field(default_factory=dict)
    other: dict[str, int] = field(default_factory=dict)
    forgiven: int = 0
    debt: int = 0
    stand_ins: list[StandIn] = field(default_factory=list)

    @property
    def unpaid(self) -> int:
        """Of the own points, those that nobody has paid meanwhile: they are owed or forgiven."""
        return sum(self.own.values()) - sum(each.points for each in self.stand_ins)

    def stands_in(self, points: int, short: int) -> int:
        """Of points that others pay of the `short` ones, those that own points may make good; they come last."""
        return max(0, points - max(0, short - self.unpaid))


class Claims:
    """What is claimed of the lots of one locked account, and what it owes, inside an open write transaction."""

    def __init__(self, database: Database, account: str, at: datetime) -> None:
        self._database = database
        self._account = account
        self._at = at
        self.owed = debt_of(database, account)
        self._claims: dict[tuple[str, str], Claim] = {}
        for event, rule, since, part, lot, kind, points in rows(database, SELECT_CLAIMS, (account,)):
            claim = self._claim(event, rule, since)
            if part == "stand_in":
                claim.stand_ins.append(StandIn(lot, kind, points))
            elif part == "forgiven":
                claim.forgiven = points
            else:
                (claim.own if part == "own" else claim.other)[lot] = points
        if self.owed:
            self._read_debts()
        self._claims = dict(sorted(self._claims.items(), key=lambda item: item[1].since))

    def _claim(self, event: str, rule: str, since: int) -> Claim:
        return self._claims.setdefault((event, rule), Claim(event, rule, since))

    def _read_debts(self) -> None:
        # Entries of before 0009 that paid a debt do not say which: they paid the oldest.
        paid = 0
        debts = []
        for event, rule, since, points in rows(self._database, SELECT_DEBTS, (self._account,)):
            if points > 0:
                debts.append((event, rule, since, points))
            else:
                paid -= points
        for event, rule, since, points in debts:
            gone = min(points, paid)
            paid -= gone
            if points > gone:
                self._claim(event, rule, since).debt = points - gone

    def collect(self, part: Part, happened_at: datetime) -> Collected:
        """Have points that have just come to a lot pay what is claimed and owed, whatever their last usable day is.

        First what is claimed of the very lot, the oldest claim first, then what the account owes. Where own points come
        to a claim that others have paid, these get theirs back, those that paid last first, and theirs pay in turn.
        """
        if not self._claims:
            return Collected()
        paid: list[Paid] = []
        given_back: list[Part] = []
        came = deque([(part, newest_entry_of(self._database, part.lot))])
        while came:
            part, since = came.popleft()
            rest = part.points
            for claim in [*self._claims.values()]:
                points = min(rest, claim.own.get(part.lot, 0))
                if points:
                    rest -= points
                    paid += self._pay_own(claim, part, points, since, happened_at)
                    back = self._make_good(claim, since, happened_at)
                    given_back += [each for each, _ in back]
                    came.extend(back)
                points = min(rest, claim.other.get(part.lot, 0))
                if points:
                    rest -= points
                    paid.append(self._pay_as_other(claim, part.lot, points, since, happened_at))
            for claim in [*self._claims.values()]:
                points = min(rest, claim.debt)
                if points:
                    rest -= points
                    paid.append(self._repay(claim, part, points, since, happened_at))
        return Collected(paid, given_back)

    def _pay_own(self, claim: Claim, part: Part, points: int, since: int, happened_at: datetime) -> list[Paid]:
        """Take own points of a claim: what nobody paid is owed or forgiven no longer, and then others get theirs."""
        paid = []
        unpaid = min(points, claim.unpaid)
        if claim.debt and unpaid:
            entry = self._take("repay", Part(part.lot, unpaid, part.event), happened_at)
            self._enter(claim, "own", part.lot, -unpaid, since, entry)
            self._enter_debt(claim, -unpaid, since, entry)
            paid.append(Paid(part.lot, unpaid))
            points -= unpaid
            unpaid = 0
        if points:
            entry = self._take("take_back", Part(part.lot, points, claim.event, claim.rule), happened_at)
            self._enter(claim, "own", part.lot, -points, since, entry)
            if unpaid:
                self._forgive_less(claim, unpaid, since, entry)
            paid.append(Paid(part.lot, points, claim.event, claim.rule))
        return paid

    def _pay_as_other(self, claim: Claim, lot: str, points: int, since: int, happened_at: datetime) -> Paid:
        entry = self._take("take_back", Part(lot, points, claim.event, claim.rule), happened_at)
        stands_in = claim.stands_in(points, claim.forgiven)
        self._enter(claim, "other", lot, -points, since, entry)
        self._forgive_less(claim, points, since, entry)
        self._enter(claim, "stand_in", lot, stands_in, since, entry, kind="take_back")
        return Paid(lot, points, claim.event, claim.rule)

    def _repay(self, claim: Claim, part: Part, points: int, since: int, happened_at: datetime) -> Paid:
        entry = self._take("repay", Part(part.lot, points, part.event), happened_at)
        stands_in = claim.stands_in(points, claim.debt)
        self._enter_debt(claim, -points, since, entry)
        self._enter(claim, "stand_in", part.lot, stands_in, since, entry, kind="repay")
        return Paid(part.lot, points)

    def _make_good(self, claim: Claim, since: int, happened_at: datetime) -> list[tuple[Part, int]]:
        """Give back what others paid beyond what own points may still make good; the parts, each with its entry."""
        found = []
        for each in reversed([*claim.stand_ins]):
            points = min(each.points, -claim.unpaid)
            if points > 0:
                part = Part(each.lot, points, claim.event, claim.rule)
                ledger.put(self._database, self._account, each.kind, part, None, happened_at, self._at)
                entry = newest_entry_of(self._database, each.lot)
                self._enter(claim, "stand_in", each.lot, -points, since, entry, kind=each.kind)
                found.append((part, entry))
        return found

    def _forgive_less(self, claim: Claim, points: int, since: int, entry: int) -> None:
        """Fewer points are forgiven, since so many were taken: other lots are claimed for no more than the rest."""
        self._enter(claim, "forgiven", None, -points, since, entry)
        over = sum(claim.other.values()) - claim.forgiven
        for lot, claimed in reversed([*claim.other.items()]):
            less = min(over, claimed)
            if less > 0:
                self._enter(claim, "other", lot, -less, since, None)
                over -= less

    def claim(
        self,
        event: str,
        rule: str,
        missing: Mapping[str, int],
        others: Sequence[tuple[str, int, int]],
        debt: int,
        forgiven: int,
        reach: Mapping[str, int],
    ) -> list[Part]:
        """Note what a rule was to take back for an event and did not find; what is claimed of lots once it is back.

        `missing` are the points that each lot that was earned lacked. `others` paid of them, each with its entry, in
        their order; the rest is a `debt` or `forgiven`. `reach` are points of other lots that the rule would have taken
        instead of forgiving them. Raises Refusal where the account would owe more than can be written.
        """
        since = ledger.newest_entry(self._database)
        claim = self._claim(event, rule, since)
        if self.owed + debt > MOST:
            raise Refusal("too-much-owed", [FieldError.at(("amount",), "too-much-owed")], owed=self.owed, most=MOST)
        if debt:
            execute(self._database, OWE, (debt, self._account))
            self.owed += debt
            self._enter_debt(claim, debt, since, None)
        away = {lot: min(points, away_of(self._database, lot)) for lot, points in missing.items()}
        away = {lot: points for lot, points in away.items() if points > 0}
        if forgiven and (away or reach):
            self._enter(claim, "forgiven", None, forgiven, since, None)
        for lot, points in away.items():
            self._enter(claim, "own", lot, points, since, None)
        for lot, points in reach.items():
            self._enter(claim, "other", lot, points, since, None)
        # What is owed or forgiven is made good before what other lots paid.
        stand_in = max(0, sum(away.values()) - debt - forgiven)
        for lot, points, entry in reversed(others):
            part = min(points, stand_in)
            if part:
                self._enter(claim, "stand_in", lot, part, since, entry, kind="take_back")
                stand_in -= part
        return [Part(lot, points, event, rule) for lot, points in [*away.items(), *reach.items()]]

    def change_debt(self, points: int) -> None:
        """What the account owes was changed by a calling system: it owes so many more, or was relieved of so many.

        What it is relieved of is not taken of own points either once they are back.
        """
        since = ledger.newest_entry(self._database)
        if points > 0:
            self._enter_debt(self._claim("", "", since), points, since, None)
        less = -points
        for claim in [each for each in self._claims.values() if each.debt and points < 0]:
            part = min(less, claim.debt)
            less -= part
            relieved = claim.stands_in(part, claim.debt)
            if part:
                self._enter_debt(claim, -part, since, None)
            for lot, claimed in [*claim.own.items()]:
                own = min(relieved, claimed)
                self._enter(claim, "own", lot, -own, since, None)
                relieved -= own

    def _take(self, kind: str, part: Part, happened_at: datetime) -> int:
        """Take points that came; the entry that took them."""
        ledger.take(self._database, self._account, kind, [part], happened_at, self._at)
        return newest_entry_of(self._database, part.lot)

    def _enter(
        self, claim: Claim, part: str, lot: str | None, points: int, since: int, entry: int | None, kind: str = ""
    ) -> None:
        if points == 0:
            return
        row = (self._account, claim.event, claim.rule, part, lot, points, since, entry, stored(self._at))
        execute(self._database, INSERT, row)
        if lot is None:
            claim.forgiven += points
        elif part == "stand_in":
            known = next((each for each in claim.stand_ins if (each.lot, each.kind) == (lot, kind)), None)
            if known is None:
                claim.stand_ins.append(StandIn(lot, kind, points))
            else:
                known.points += points
        else:
            held = claim.own if part == "own" else claim.other
            held[lot] = held.get(lot, 0) + points

    def _enter_debt(self, claim: Claim, points: int, since: int, entry: int | None) -> None:
        row = (self._account, points, claim.event, claim.rule, since, entry, stored(self._at))
        execute(self._database, INSERT_DEBT, row)
        claim.debt += points
        if entry is not None:
            execute(self._database, OWE, (points, self._account))
            self.owed += points


def debt_of(database: Database, account: str) -> int:
    """The points that an account owes."""
    found: int = rows(database, SELECT_OWED, (account,))[0][0]
    return found


def away_of(database: Database, lot: str) -> int:
    """The points of a lot that are away, may come back, and are not claimed yet."""
    found: int = rows(database, SELECT_AWAY, (lot, lot))[0][0]
    return found


def newest_entry_of(database: Database, lot: str) -> int:
    """The last ledger entry of a lot."""
    found: int = rows(database, SELECT_NEWEST_ENTRY_OF, (lot,))[0][0]
    return found


def come(database: Database, account: str, came: Iterable[Part], happened_at: datetime, at: datetime) -> Collected:
    """Points have just come to lots of a locked account, each by its newest entry."""
    claims = Claims(database, account, at)
    found = Collected()
    for part in came:
        found += claims.collect(part, happened_at)
    return found


def give_back(
    database: Database,
    account: str,
    kind: str,
    parts: Iterable[Part],
    request: str | None,
    happened_at: datetime,
    at: datetime,
) -> Collected:
    """Put points that were held, paid out or used back into their lots, and have them pay what is claimed and owed."""
    claims = Claims(database, account, at)
    found = Collected()
    for part in parts:
        ledger.put(database, account, kind, part, request, happened_at, at)
        found += claims.collect(part, happened_at)
    return found


def release(database: Database, account: str, request: str, at: datetime) -> Collected:
    """Give the points that a request holds back to the lots that they came from."""
    parts = ledger.end_holds(database, request, "held", "released")
    return give_back(database, account, "release", parts, request, at, at)


def reverse(database: Database, account: str, request: str, at: datetime) -> Collected:
    """The same of the points that a request was settled with."""
    parts = ledger.end_holds(database, request, "settled", "reversed")
    return give_back(database, account, "reverse", parts, request, at, at)
