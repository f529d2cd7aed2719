"""The facts that a decision is made on, typed and frozen, and how they are written as plain data.

`cases.py` reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Literal

from msgspec import Struct, structs

from engine.reading import instant_words, words_of_days
from policies.model import Scalar

COUNTED_STATES = ("approved", "needs_review", "settled")
"""The states of past refunds that limits count."""

PAST_STATES = (*COUNTED_STATES, "denied", "refused", "failed", "cancelled", "lapsed", "reversed")
"""Every state that a past refund can be in."""


class Record(Struct, frozen=True, gc=False):
    """What msgspec makes straight from JSON, in a fraction of the time that a dataclass takes. What reads it narrows
    the fields to what one policy knows, in a class below.
    """

    def __reduce__(self) -> tuple[type[Record], tuple[Any, ...]]:
        """Travels to another process as what it is to everybody: that process may not know the policy."""
        values = {name: getattr(self, name) for name in self.__struct_fields__}
        return self._plain_class(), tuple((values | {"declared": dict(values["declared"])}).values())

    @classmethod
    def _plain_class(cls) -> type[Record]:
        return next(each for each in cls.__mro__ if each.__module__ == __name__)


class Account(Record, frozen=True, gc=False):
    """The member. `activity_days` stand in any order. `declared` holds what the programme declares for accounts, by
    name without `account.`.
    """

    id: str
    status: str
    kind: str
    identity_level: int
    joined_on: date
    born_on: date | None
    contact_verified: bool
    contact_changed_on: date | None
    last_activity_on: date | None
    debt: int
    points_debt: int
    activity_days: tuple[date, ...]
    declared: Mapping[str, Scalar]


class Lot(Record, frozen=True, gc=False):
    """Points from one source at one time."""

    id: str
    source: str
    campaign: str
    acquired_on: date
    usable_from_on: date
    expires_on: date | None
    amount: int
    left: int
    locked: bool
    identity_level: int
    declared: Mapping[str, Scalar]

    @property
    def untouched(self) -> bool:
        """Whether nothing of the lot was used."""
        return self.left == self.amount

    @property
    def used(self) -> int:
        """The points of the lot that are gone."""
        return self.amount - self.left

    @property
    def used_rate(self) -> Fraction:
        """The points that are gone as a percentage of all, exactly; 0 of a lot that never had any."""
        return Fraction(100 * (self.amount - self.left), self.amount or 1)


class ShownPaper(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A paper that the member shows, by its name in the rule file; `issued_on` is None where that day is not known."""

    paper: str
    issued_on: date | None = None


class RefundRequest(Record, frozen=True, gc=False):
    """What the member asks for: `points`, of which "all" is the largest amount that passes, or so much `money`; the
    other one is None. `lots` are the ids of those that the member chose, in the
    order in which they are to pay.
    """

    points: int | Literal["all"] | None
    money: int | None
    method: str
    channel: str
    applicant: str
    receiving_account: str
    receiving_holder: str
    destination_balance: int
    papers: tuple[ShownPaper, ...]
    lots: tuple[str, ...]
    declared: Mapping[str, Scalar]


class PastRefund(Struct, frozen=True, gc=False):
    """A refund asked for before, of this account or to the same receiving account. `payout` is its points where a
    case does not give it.
    """

    id: str
    account_id: str
    requested_at: datetime
    points: int
    method: str
    receiving_account: str
    state: str
    payout: int


class Case(Struct, frozen=True):
    """Everything that a refund is judged on. Lots stand in the order of their ids, history in the order of time."""

    account: Account
    lots: tuple[Lot, ...]
    request: RefundRequest
    history: tuple[PastRefund, ...]
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """Something that may bring points or take them back: a bill paid, a purchase, its cancellation. `of` is the event
    that it undoes, "" for none.
    """

    id: str
    type: str
    amount: int
    campaign: str
    partner: str
    of: str
    happened_at: datetime
    declared: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Earning:
    """Points that the account was granted before, by one rule for one `event` of an `amount` of money, as one `lot`.

    `taken` are the points that were taken back of them before, or had lapsed, became a debt or were forgiven; `undone`
    is the money of the event that those earlier events undid.
    """

    id: str
    rule: str
    happened_at: datetime
    points: int
    event: str
    lot: str
    amount: int
    taken: int
    undone: int


@dataclass(frozen=True, slots=True)
class EventCase:
    """Everything that an event is judged on; `earned` is what caps count and clawbacks take back, in the order of time.
    `lots` are what points can be taken back from, in the order of their ids.
    """

    account: Account
    event: Event
    earned: tuple[Earning, ...]
    lots: tuple[Lot, ...]


@dataclass(frozen=True, slots=True)
class DayCase:
    """An account and its lots on a local day."""

    account: Account
    lots: tuple[Lot, ...]
    day: date


def case_data(case: Case) -> dict[str, Any]:
    """The case as plain JSON data with every fact named, so that defaults of a later version change nothing."""
    return {
        "account": _plain(case.account, _OF_ACCOUNT) | _plain_declared(case.account.declared),
        "lots": [_lot_data(lot) for lot in case.lots],
        "request": request_data(case.request),
        "history": [_plain(refund, _OF_PAST) for refund in case.history],
        "as_of": instant_words(case.as_of),
    }


def event_case_data(case: EventCase) -> dict[str, Any]:
    """The event case as plain JSON data with every fact named."""
    return {
        "account": _plain(case.account, _OF_ACCOUNT) | _plain_declared(case.account.declared),
        "event": _plain(case.event, _OF_EVENT) | _plain_declared(case.event.declared),
        "earned": [_plain(earning, _OF_EARNING) for earning in case.earned],
        "lots": [_lot_data(lot) for lot in case.lots],
    }


def day_case_data(case: DayCase) -> dict[str, Any]:
    """The day's case as plain JSON data with every fact named."""
    return {
        "account": _plain(case.account, _OF_ACCOUNT) | _plain_declared(case.account.declared),
        "lots": [_lot_data(lot) for lot in case.lots],
        "day": case.day.isoformat(),
    }


def request_data(request: RefundRequest) -> dict[str, Any]:
    """The request's facts as plain JSON data. Papers are named where there are any."""
    shown_papers = {"papers": papers_data(request.papers)} if request.papers else {}
    return {
        **({"points": request.points} if request.money is None else {"money": request.money}),
        "method": request.method,
        "channel": request.channel,
        "applicant": request.applicant,
        "receiving_account": request.receiving_account,
        "receiving_holder": request.receiving_holder,
        "destination_balance": request.destination_balance,
        **shown_papers,
        # Left out where there are none, so that what was recorded before lots could be chosen stays what it was.
        **({"lots": list(request.lots)} if request.lots else {}),
        **_plain_declared(request.declared),
    }


def papers_data(papers: Iterable[ShownPaper]) -> list[dict[str, Any]]:
    """Papers as plain JSON data."""
    return [{"paper": each.paper, "issued_on": _json(each.issued_on)} for each in papers]


def _lot_data(lot: Lot) -> dict[str, Any]:
    # Written out: a case may hold hundreds.
    data = structs.asdict(lot)
    declared = data.pop("declared")
    days = [lot.acquired_on, lot.usable_from_on, lot.expires_on]
    data["acquired_on"], data["usable_from_on"], data["expires_on"] = words_of_days(days)
    return data | _plain_declared(declared) if declared else data


def _plain(record: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: _json(getattr(record, name)) for name in names}


def _plain_declared(declared: Mapping[str, Scalar]) -> dict[str, Any]:
    return {name: _json(value) for name, value in declared.items()} if declared else {}


def _json(value: Scalar | datetime | tuple[date, ...]) -> Any:
    if isinstance(value, datetime):
        return instant_words(value)
    if isinstance(value, tuple):
        return [day.isoformat() for day in value]
    return value.isoformat() if isinstance(value, date) else value


def own_fields(record: type[Any]) -> tuple[str, ...]:
    """The names of the fields of a record besides what is declared."""
    names = record.__struct_fields__ if issubclass(record, Struct) else record.__dataclass_fields__
    return tuple(name for name in names if name != "declared")


_OF_ACCOUNT = own_fields(Account)
_OF_EVENT, _OF_PAST, _OF_EARNING = own_fields(Event), own_fields(PastRefund), own_fields(Earning)
