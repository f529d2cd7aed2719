"""Accounts in columns read as the cases of the engine, without a detour by JSON.

A batch has one row an account: the columns of `accounts`, and its lots and its history as lists. Columns are looked at
whole. Only where one of its values cannot be, or looks it, is an account read once more as `engine.cases` reads it,
which tells everything that is wrong with it; so both ways take the same cases, and refuse them in the same words.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from operator import le
from types import MappingProxyType
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from engine.cases import MOST_POINTS, NEVER_NEGATIVE, BadCase, read_case
from engine.facts import PAST_STATES, Account, Case, Lot, PastRefund, RefundRequest, own_fields
from engine.population.answers import (
    Asking,
    accounts_schema,
    column,
    declared_facts,
    history_schema,
    lots_schema,
)
from engine.population.columns import NotADay, instants, offsets, values
from engine.population.libraries import load_arrow
from engine.reading import LONGEST_TEXT, MOST, YEARS, instant_words, printable
from policies.model import Fact, Policy, Scalar

Batch = Any
"""A record batch of pyarrow."""

Sound = Callable[[Sequence[Any]], bool]
"""Whether values may all be taken as they are."""


class Read(Struct):
    """One account of a batch: its case as it asks by the first method, or what is wrong with it."""

    account_id: str
    kind: str
    case: Case | None
    error: str | None = None


def batch_schema(policy: Policy) -> Any:
    """The columns of a batch: those of the accounts, then `lots` and `history`, each a list of what its file has
    besides `account_id`. Any of them may be NULL here: that is a mistake of its account, not of the batch.
    """
    pa = load_arrow()
    lists = [
        pa.field(name, pa.list_(pa.struct(_free(list(schema)[1:]))))
        for name, schema in (("lots", lots_schema(policy)), ("history", history_schema()))
    ]
    return pa.schema([*_free(accounts_schema(policy)), *lists])


def _free(fields: Iterable[Any]) -> list[Any]:
    return [field.with_nullable(True) for field in fields]


def check_asking(policy: Policy, asking: Asking) -> None:
    """Raises BadCase where nobody could ask so by the policy, whatever the account."""
    mistakes = []
    for method in asking.methods:
        try:
            read_case(policy, _empty_case(policy, asking, "A", "person", method))
        except BadCase as bad:
            mistakes += [(path, mistake) for path, mistake in bad.mistakes if path.startswith("request")]
    if mistakes:
        raise BadCase({path: (path, mistake) for path, mistake in mistakes}.values())


class CaseReader:
    """Reads the batches of one policy, all of whose accounts ask the same."""

    def __init__(self, policy: Policy, asking: Asking) -> None:
        self._policy = policy
        self._asking = asking
        self._as_of = asking.as_of.astimezone(UTC)
        self._schema = batch_schema(policy)
        self._requests: dict[tuple[str, str], RefundRequest] = {}
        facts = {fact.path: fact for fact in policy.facts.values()}
        self._account = _Columns("account", Account, facts, declared_facts(policy, "account"))
        self._lot = _Columns("lot", Lot, facts, declared_facts(policy, "lot"))

    def cases(self, batch: Batch) -> Iterator[Read]:
        """The accounts of a batch, in their order."""
        pa = load_arrow()
        batch = batch.cast(self._schema)
        try:
            yield from self._at_once(batch)
        except NotADay:
            # Which account has it is not known: each is looked at by itself.
            for row in range(batch.num_rows):
                try:
                    yield from self._at_once(batch.slice(row, 1))
                except NotADay:
                    account_id = batch.column(0)[row].as_py()
                    yield Read(account_id, "", None, "bad-facts: holds a day that the calendar does not have")
                except pa.ArrowException as odd:
                    raise AssertionError("a column of the batch is not what its schema says") from odd

    def json_cases(self, batch: Batch) -> Iterator[dict[str, Any]]:
        """The same as plain JSON data, as a caller would send it."""
        return map(self._case_data, batch.to_pylist())

    def request(self, read: Read, method: str) -> RefundRequest:
        """What an account asks by a method."""
        own = self._requests.get((read.kind, method))
        if own is None:
            data = _empty_case(self._policy, self._asking, "", read.kind, method)
            own = read_case(self._policy, data).request
            self._requests[read.kind, method] = own
        if "receiving_account" in self._asking.request:
            return own
        return replace(own, receiving_account=_OWN + read.account_id)

    def _at_once(self, batch: Batch) -> Iterator[Read]:
        accounts, odd = self._account.records([batch.column(name) for name in self._account.names])
        listed = batch.column("lots")
        of_lots = offsets(listed)
        lots, odd_lots = self._lot.records(_fields(listed, self._lot.names))
        odd.update(_owners(of_lots, [*odd_lots, *_holding_too_much(lots)]))
        past, of_past, odd_past = _history(batch.column("history"))
        odd.update(_owners(of_past, odd_past))
        for row, account in enumerate(accounts):
            held = tuple(lots[of_lots[row] : of_lots[row + 1]])
            history = tuple(past[of_past[row] : of_past[row + 1]])
            if row in odd or not _in_order(held, history) or len(account.id) > _LONGEST_ID:
                yield self._looked_at(account, batch.slice(row, 1))
            else:
                read = Read(account.id, account.kind, None)
                asked = self.request(read, self._asking.methods[0])
                read.case = Case(account, held, asked, history, self._as_of)
                yield read

    def _looked_at(self, account: Account, row: Batch) -> Read:
        """An account that may have something wrong, read as JSON data."""
        read = Read(account.id, account.kind, None)
        try:
            read.case = read_case(self._policy, self._case_data(row.to_pylist()[0]))
        except BadCase as bad:
            read.error = f"bad-facts: {bad}"
        return read

    def _case_data(self, row: Mapping[str, Any]) -> dict[str, Any]:
        asked = self._asking.request_data(row["account_id"], row["kind"], self._asking.methods[0])
        return {
            "account": {"id": row["account_id"], **self._account.data(row)},
            "lots": [{"id": lot["lot_id"], **self._lot.data(lot)} for lot in row["lots"]],
            "request": asked,
            "history": [_past_data(past) for past in row["history"]],
            "as_of": instant_words(self._as_of),
        }


class _Columns:
    """The columns that one record is read from: the id, its own facts, and those that the programme declares."""

    def __init__(self, scope: str, record: type[Any], facts: Mapping[str, Fact], declared: Sequence[Fact]) -> None:
        self._record = record
        self._own = [name for name in own_fields(record) if name != "id"]
        self._declared = [fact.name for fact in declared]
        self._columns = {name: name for name in self._own} | {fact.name: column(fact) for fact in declared}
        self.names = [f"{scope}_id", *self._columns.values()]
        checks: list[Sound] = [_name]
        for name in self._own:
            fact = facts.get(f"{scope}.{name}")
            checks.append(_all_days if fact is None else _soundness(fact, optional=fact.none))
        checks += [_soundness(fact, optional=not fact.required) for fact in declared]
        self._checks = checks
        # What holds where a declared fact is not stated.
        self._defaults = [fact.default for fact in declared]

    def records(self, columns: Sequence[Any]) -> tuple[list[Any], set[int]]:
        """The records, and the rows in which something may be wrong. Raises NotADay."""
        found = [values(each) for each in columns]
        odd: set[int] = set()
        for each, sound in zip(found, self._checks, strict=True):
            if not sound(each):
                odd.update(row for row, value in enumerate(each) if not sound((value,)))
        return list(map(self._record, *found[: len(self._own) + 1], self._all_declared(found))), odd

    def _all_declared(self, found: list[list[Any]]) -> list[Mapping[str, Scalar]]:
        if not self._declared:
            return [_NOTHING] * len(found[0])
        stated = found[len(self._own) + 1 :]
        for position, default in enumerate(self._defaults):
            if default is not None and None in stated[position]:
                stated[position] = [default if value is None else value for value in stated[position]]
        return [dict(zip(self._declared, row, strict=True)) for row in zip(*stated, strict=True)]

    def data(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The facts of a row as plain JSON data; what is declared and not stated is left out."""
        data = {name: _plain(row[name]) for name in self._own}
        stated = {name: row[self._columns[name]] for name in self._declared}
        return data | {name: _plain(value) for name, value in stated.items() if value is not None}


_OWN: Final = "own:"
_LONGEST_ID: Final = LONGEST_TEXT - len(_OWN)
"""The own receiving account of a longer id would be no text of a case."""
_NOTHING: Final[Mapping[str, Scalar]] = MappingProxyType({})
_FIRST: Final = datetime(YEARS[0], 1, 1, tzinfo=UTC)
_END: Final = datetime(YEARS[-1] + 1, 1, 1, tzinfo=UTC)


def _empty_case(policy: Policy, asking: Asking, id: str, kind: str, method: str) -> dict[str, Any]:
    """A case of an account of which nothing is known, to read its request by."""
    account: dict[str, Any] = {"id": id or "A", "kind": kind, "joined_on": "2000-01-01"}
    for fact in declared_facts(policy, "account"):
        if fact.required:
            account[fact.name] = _some(fact)
    return {
        "account": account,
        "lots": [],
        "request": asking.request_data(id, kind, method),
        "history": [],
        "as_of": instant_words(asking.as_of.astimezone(UTC)),
    }


def _some(fact: Fact) -> Any:
    """A value of a fact, whichever."""
    if fact.type == "choice":
        return fact.choices[0]
    return {"date": "2000-01-01", "flag": False, "text": ""}.get(fact.type, 0)


def _soundness(fact: Fact, *, optional: bool) -> Sound:
    """Whether values are such as a fact of its type can have. `optional`: some may be None."""
    check = _of_type(fact)
    if not optional:
        return lambda found: None not in found and check(found)
    return lambda found: check([value for value in found if value is not None])


def _of_type(fact: Fact) -> Sound:
    if fact.type == "choice":
        return frozenset(fact.choices).issuperset
    if fact.type == "text":
        return _text
    if fact.type in ("date", "flag"):
        return lambda found: True
    return _amount(0 if fact.path in NEVER_NEGATIVE else -MOST)


def _amount(least: int) -> Sound:
    return lambda found: not found or (least <= min(found) and max(found) <= MOST)


def _all_days(found: Sequence[Any]) -> bool:
    return None not in found and not any(None in days for days in found)


def _text(found: Sequence[str]) -> bool:
    return not found or (max(map(len, found)) <= LONGEST_TEXT and printable(found))


def _name(found: Sequence[Any]) -> bool:
    return None not in found and "" not in found and _text(found)


def _fields(listed: Any, names: Sequence[str]) -> list[Any]:
    """The columns of a list of records, over all rows."""
    records = listed.flatten()
    return [records.field(name) for name in names]


def _owners(bounds: Sequence[int], positions: Sequence[int]) -> set[int]:
    """In the lists of which rows these positions are."""
    return {bisect_right(bounds, position) - 1 for position in positions}


def _holding_too_much(lots: Sequence[Lot]) -> list[int]:
    lefts, amounts = [lot.left for lot in lots], [lot.amount for lot in lots]
    if None in lefts or None in amounts:
        # Those are looked at anyway; of the others each by itself.
        return [row for row, (left, amount) in enumerate(zip(lefts, amounts, strict=True)) if not _less(left, amount)]
    if all(map(le, lefts, amounts)):
        return []
    return [row for row, (left, amount) in enumerate(zip(lefts, amounts, strict=True)) if left > amount]


def _less(left: int | None, amount: int | None) -> bool:
    return left is not None and amount is not None and left <= amount


def _in_order(lots: Sequence[Lot], history: Sequence[PastRefund]) -> bool:
    """Whether lots and refunds stand as in a case, no two have one id, and the lots hold no more than they may."""
    ids = [lot.id for lot in lots]
    if any(before >= behind for before, behind in pairwise(ids)):
        return False
    if len(lots) > _FEW_LOTS and sum([lot.left for lot in lots]) > MOST_POINTS:
        return False
    if len(history) < 2:
        return True
    whens = [(past.requested_at, past.id) for past in history]
    return whens == sorted(whens) and len({past.id for past in history}) == len(history)


_FEW_LOTS: Final = MOST_POINTS // MOST
"""So few never hold too much together."""


def _history(listed: Any) -> tuple[list[PastRefund], list[int], list[int]]:
    """The past refunds of all rows, where those of each begin, and the positions in which something may be wrong."""
    bounds, records = offsets(listed), listed.flatten()
    ids, accounts, methods, receiving, states = (
        values(records.field(name)) for name in ("refund_id", "of_account", "method", "receiving_account", "state")
    )
    points, payouts = values(records.field("points")), values(records.field("payout"))
    at = instants(records.field("requested_at"))
    checks: list[tuple[list[Any], Sound]] = [
        (ids, _name),
        (accounts, _name),
        (methods, lambda found: None not in found and _text(found)),
        (receiving, lambda found: None not in found and _text(found)),
        (states, frozenset(PAST_STATES).issuperset),
        (points, lambda found: None not in found and _amount(1)(found)),
        (payouts, lambda found: None not in found and _amount(0)(found)),
        (at, lambda found: None not in found and (not found or (min(found) >= _FIRST and max(found) < _END))),
    ]
    odd: list[int] = []
    for column_of, sound in checks:
        if not sound(column_of):
            odd += [row for row, value in enumerate(column_of) if not sound((value,))]
    past = list(map(PastRefund, ids, accounts, at, points, methods, receiving, states, payouts))
    return past, bounds, odd


def _past_data(past: Mapping[str, Any]) -> dict[str, Any]:
    at = past["requested_at"]
    return {
        "id": past["refund_id"],
        "account_id": past["of_account"],
        "requested_at": None if at is None else instant_words(at.replace(tzinfo=UTC)),
        **{name: past[name] for name in ("points", "method", "receiving_account", "state", "payout")},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return [_plain(each) for each in value] if isinstance(value, list) else value
