"""The facts that a decision is made on: complete, typed and frozen, or refused with everything that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from operator import attrgetter
from typing import Any, Literal, NamedTuple

from engine import reading
from engine.reading import (
    AMOUNT,
    AS_IT_IS,
    DAY,
    INSTANT,
    NAME,
    POSITIVE,
    TEXT,
    Entry,
    Errors,
    ObjectReader,
    Reader,
    choice,
    instant_words,
    shown,
)
from policies.model import Fact, Policy, Scalar

COUNTED_STATES = ("approved", "needs_review", "settled")
"""The states of past refunds that limits count."""

PAST_STATES = (*COUNTED_STATES, "denied", "cancelled", "rejected", "failed")
"""Every state that a past refund can be in."""

MOST_POINTS = 2**53 - 1
"""The lots of a case hold no more than this together: the largest whole number that every JSON reader keeps."""


@dataclass(frozen=True, slots=True)
class Account:
    """The member. `declared` holds what the programme declares for accounts, by name without `account.`."""

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
    declared: Mapping[str, Scalar]


class Lot(NamedTuple):
    """Points from one source at one time. A tuple and not a dataclass: a decision makes twenty, and one takes 0.2 us
    instead of 1.2.
    """

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


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """What the member asks for. `points` "all" asks for the largest amount that passes."""

    points: int | Literal["all"]
    method: str
    channel: str
    applicant: str
    receiving_account: str
    receiving_holder: str
    declared: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class PastRefund:
    """A refund asked for before, of this account or to the same receiving account."""

    id: str
    account_id: str
    requested_at: datetime
    points: int
    method: str
    receiving_account: str
    state: str


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that a refund is judged on. Lots stand in the order of their ids, history in the order of time."""

    account: Account
    lots: tuple[Lot, ...]
    request: RefundRequest
    history: tuple[PastRefund, ...]
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """Something that may bring points: a bill paid, a purchase."""

    id: str
    type: str
    amount: int
    campaign: str
    partner: str
    happened_at: datetime
    declared: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Earning:
    """Points that the account was granted before, by one rule."""

    id: str
    rule: str
    happened_at: datetime
    points: int


@dataclass(frozen=True, slots=True)
class EventCase:
    """Everything that an event is judged on; `earned` is what caps count, in the order of time."""

    account: Account
    event: Event
    earned: tuple[Earning, ...]


class BadCase(ValueError):
    """A case that cannot be judged. `errors` pairs the path of each mistake with what it is and how to mend it."""

    def __init__(self, errors: Iterable[tuple[str, str]]) -> None:
        self.errors = list(errors)
        super().__init__("; ".join(f"{path} {message}" if path else message for path, message in self.errors))


def read_case(policy: Policy, data: object) -> Case:
    """The case in plain JSON data, read by the vocabulary of `policy`. Raises BadCase with every mistake."""
    return _readers(policy).case(data)


def read_event_case(policy: Policy, data: object) -> EventCase:
    """The event and its account in plain JSON data. Raises BadCase with every mistake."""
    return _readers(policy).event_case(data)


def case_data(case: Case) -> dict[str, Any]:
    """The case as plain JSON data with every fact named, so that defaults of a later version change nothing."""
    return {
        "account": _plain(case.account),
        "lots": [_plain_lot(lot) for lot in case.lots],
        "request": request_data(case.request),
        "history": [_plain(refund) for refund in case.history],
        "as_of": instant_words(case.as_of),
    }


def event_case_data(case: EventCase) -> dict[str, Any]:
    """The event case as plain JSON data with every fact named."""
    return {
        "account": _plain(case.account),
        "event": _plain(case.event),
        "earned": [_plain(earning) for earning in case.earned],
    }


def request_data(request: RefundRequest) -> dict[str, Any]:
    """The request's facts as plain JSON data."""
    return {
        "points": request.points,
        "method": request.method,
        "channel": request.channel,
        "applicant": request.applicant,
        "receiving_account": request.receiving_account,
        "receiving_holder": request.receiving_holder,
        **_plain_declared(request.declared),
    }


def _plain(record: Account | PastRefund | Event | Earning) -> dict[str, Any]:
    own = {name: getattr(record, name) for name in _names(type(record))}
    declared = own.pop("declared", {})
    return {name: _json(value) for name, value in own.items()} | _plain_declared(declared)


def _names(record: type[Any]) -> tuple[str, ...]:
    return tuple(record.__dataclass_fields__)


def _plain_lot(lot: Lot) -> dict[str, Any]:
    own = lot._asdict()
    return {name: _json(own[name]) for name in _LOT_OWN} | _plain_declared(lot.declared)


def _plain_declared(declared: Mapping[str, Scalar]) -> dict[str, Any]:
    return {name: _json(value) for name, value in declared.items()} if declared else {}


def _json(value: Scalar | datetime) -> Any:
    if isinstance(value, datetime):
        return instant_words(value)
    return value.isoformat() if isinstance(value, date) else value


_LOT_OWN = tuple(name for name in Lot._fields if name != "declared")
_NOTHING: Mapping[str, Scalar] = {}
_DERIVED = {"lot.untouched", "request.requested_on", "event.happened_on"}
NEVER_NEGATIVE = {"account.debt", "lot.amount", "lot.left", "event.amount"}


class _Readers:
    """How the objects of a case are read under one policy."""

    def __init__(self, policy: Policy) -> None:
        self._declared = set(policy.declared)
        facts = [fact for fact in policy.facts.values() if fact.path not in _DERIVED]
        identity = Entry("id", NAME)
        self._account, self._account_own = self._object(Account, "account", facts, id=identity)
        self._lot, self._lot_own = self._object(
            Lot,
            "lot",
            facts,
            id=identity,
            # Both follow from other facts of the lot where they are not given.
            usable_from_on=Entry("usable_from_on", DAY, None),
            left=Entry("left", AMOUNT, None),
        )
        self._request, self._request_own = self._object(
            RefundRequest, "request", facts, points=Entry("points", Reader(_points_or_all))
        )
        self._event, self._event_own = self._object(
            Event, "event", facts, id=identity, happened_at=Entry("happened_at", INSTANT)
        )
        self._past = ObjectReader(
            (
                identity,
                Entry("account_id", NAME),
                Entry("requested_at", INSTANT),
                Entry("points", POSITIVE),
                Entry("method", TEXT),
                Entry("receiving_account", TEXT, ""),
                Entry("state", choice(PAST_STATES)),
            )
        )
        self._earning = ObjectReader(
            (
                identity,
                Entry("rule", NAME),
                Entry("happened_at", INSTANT),
                Entry("points", AMOUNT),
            )
        )
        self._case = ObjectReader(
            (
                Entry("account", AS_IT_IS),
                Entry("lots", AS_IT_IS),
                Entry("request", AS_IT_IS),
                Entry("history", AS_IT_IS, ()),
                Entry("as_of", INSTANT),
            )
        )
        self._event_case = ObjectReader(
            (
                Entry("account", AS_IT_IS),
                Entry("event", AS_IT_IS),
                Entry("earned", AS_IT_IS, ()),
            )
        )

    def _object(self, record: type[Any], scope: str, facts: list[Fact], **special: Entry) -> tuple[ObjectReader, int]:
        """The reader of one record, its own fields first, and how many they are."""
        common = {fact.name: fact for fact in facts if fact.scope == scope and fact.path not in self._declared}
        names = record._fields if record is Lot else _names(record)
        own = [special.get(name) or _entry(common[name]) for name in names if name != "declared"]
        declared = [reading.entry(fact) for fact in facts if fact.scope == scope and fact.path in self._declared]
        return ObjectReader((*own, *declared)), len(own)

    def case(self, data: object) -> Case:
        errors: Errors = []
        account, lots, request, history, as_of = self._case.read(data, "", errors)
        if errors:
            raise self._bad(data, errors)
        case = Case(
            self._read_account(account, errors),
            self._read_lots(lots, errors),
            RefundRequest(*_split(self._request, self._request_own, request, "request", errors)),
            tuple(PastRefund(*values) for values in _read_list(self._past, history, "history", errors)),
            as_of,
        )
        if errors:
            raise BadCase(errors)
        if len(case.history) > 1:
            ordered = tuple(sorted(case.history, key=attrgetter("requested_at", "id")))
            return Case(case.account, case.lots, case.request, ordered, case.as_of)
        return case

    def event_case(self, data: object) -> EventCase:
        errors: Errors = []
        account, event, earned = self._event_case.read(data, "", errors)
        if errors:
            raise self._bad(data, errors)
        case = EventCase(
            self._read_account(account, errors),
            Event(*_split(self._event, self._event_own, event, "event", errors)),
            tuple(Earning(*values) for values in _read_list(self._earning, earned, "earned", errors)),
        )
        if errors:
            raise BadCase(errors)
        ordered = tuple(sorted(case.earned, key=attrgetter("happened_at", "id")))
        return EventCase(case.account, case.event, ordered)

    def _bad(self, data: object, errors: Errors) -> BadCase:
        """What is wrong with a case as a whole, and with those of its parts that are there."""
        found = [(path.removeprefix("."), message) for path, message in errors]
        objects = {"account": self._account, "request": self._request, "event": self._event}
        lists = {"lots": self._lot, "history": self._past, "earned": self._earning}
        for name, part in data.items() if isinstance(data, dict) else ():
            if name in objects:
                objects[name].read(part, name, found)
            elif name in lists:
                lists[name].read_list(part, name, found)
        return BadCase(found)

    def _read_account(self, data: object, errors: Errors) -> Account:
        return Account(*_split(self._account, self._account_own, data, "account", errors))

    def _read_lots(self, data: object, errors: Errors) -> tuple[Lot, ...]:
        before = len(errors)
        own = self._lot_own
        names = [entry.name for entry in self._lot.entries[own:]]
        lots: list[Lot] = []
        together = 0
        found = _read_list(self._lot, data, "lots", errors)
        if len(errors) > before:
            return ()
        for values in found:
            if names:
                values[own:] = (dict(zip(names, values[own:], strict=True)),)
            else:
                values.append(_NOTHING)
            if values[_USABLE_FROM_ON] is None:
                values[_USABLE_FROM_ON] = values[_ACQUIRED_ON]
            left, amount = values[_LEFT], values[_AMOUNT]
            if left is None:
                values[_LEFT] = left = amount
            elif left > amount:
                path = f"lots.{len(lots)}.left"
                errors.append((path, f"is {left}, more than the lot's amount of {amount}"))
            together += left
            lots.append(_new_lot(values))
        if together > MOST_POINTS:
            errors.append(("lots", f"hold more than {MOST_POINTS} points together; no programme grants as many"))
        lots.sort(key=_ID)
        return tuple(lots)


_USABLE_FROM_ON, _ACQUIRED_ON, _AMOUNT, _LEFT = (
    Lot._fields.index(name) for name in ("usable_from_on", "acquired_on", "amount", "left")
)
_ID = attrgetter("id")
_new_lot: Callable[[list[Any]], Lot] = partial(tuple.__new__, Lot)

# By identity, because a policy holds mappings and cannot be hashed; keeping the policy keeps its identity its own.
_REMEMBERED: dict[int, tuple[Policy, _Readers]] = {}
_MOST_REMEMBERED = 64


def _readers(policy: Policy) -> _Readers:
    known = _REMEMBERED.get(id(policy))
    if known is None:
        if len(_REMEMBERED) >= _MOST_REMEMBERED:
            _REMEMBERED.clear()
        known = _REMEMBERED[id(policy)] = (policy, _Readers(policy))
    return known[1]


def _split(of: ObjectReader, own: int, data: object, path: str, errors: Errors) -> list[Any]:
    """The values of one object: its own, then all that are declared, as one mapping."""
    values = of.read(data, path, errors)
    declared = dict(zip([entry.name for entry in of.entries[own:]], values[own:], strict=True))
    return [*values[:own], declared]


def _read_list(of: ObjectReader, data: object, path: str, errors: Errors) -> list[list[Any]]:
    found = of.read_list(data, path, errors)
    if not errors:
        _check_ids([values[0] for values in found], path, errors)
    return found


def _check_ids(ids: list[str], path: str, errors: Errors) -> None:
    if len(set(ids)) == len(ids):
        return
    seen: dict[str, int] = {}
    for index, each in enumerate(ids):
        if each in seen:
            errors.append((f"{path}.{index}.id", f"is {shown(each)}, as in {path}.{seen[each]}; ids are unique"))
        seen.setdefault(each, index)


def _entry(fact: Fact) -> Entry:
    found = reading.entry(fact)
    return Entry(found.name, AMOUNT, found.default) if fact.path in NEVER_NEGATIVE else found


def _points_or_all(raw: object) -> int | str:
    if raw == "all":
        return "all"
    if type(raw) is int and raw == 0:
        raise ValueError('is 0; ask for at least 1 point, or for "all"')
    if isinstance(raw, str):
        raise ValueError(f'is {shown(raw)}; write a whole number without quotes, or "all"')
    points: int = POSITIVE.read(raw)
    return points
