"""Which accounts hold something that a statement must not see: a value that their policy does not know, or points with
which it could not reckon.

These few are decided by the batch function, which tells what is wrong with them. What `cases.py` looks at in columns
is looked at here in SQL; an account that is listed although nothing is wrong costs a little time and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.cases import NEVER_NEGATIVE
from engine.facts import PAST_STATES, Account, Lot, own_fields
from engine.population.answers import HISTORY_KEYS, column, declared_facts
from engine.population.sql import DUCKDB, Dialect, literal
from engine.reading import LONGEST_TEXT, MOST, YEARS
from policies.model import Fact, Policy

MOST_IN_COLUMNS: Final = 10**8
"""With more points than this an account is left to the batch function: what prices, fees and taxes multiply has to fit
into 64 bits, and a database ends with an error where it does not.
"""

_OWN: Final = len("own:")
_PAST_TEXTS: Final = ("method", "receiving_account")
_CALENDAR: Final = "DATE '0001-01-01' AND DATE '9999-12-31'"


def odd_accounts(policy: Policy, dialect: Dialect = DUCKDB) -> str:
    """The statement for the accounts that may hold such a thing, and for the ids that lots or history name and that no
    account has; it reads `accounts`, `lots` and `history`.
    """
    left = dialect.quoted("left")
    account = _Row(dialect, [("account_id", 1, LONGEST_TEXT - _OWN)], [_all_days(dialect)], ["activity_days IS NULL"])
    lot = _Row(dialect, [("lot_id", 1, LONGEST_TEXT)], [f"{left} <= amount"], [])
    for scope, record, row in (("account", Account, account), ("lot", Lot, lot)):
        for name in own_fields(record):
            fact = policy.facts.get(f"{scope}.{name}")
            if fact is not None and name != "id":
                row.add(fact, name, optional=fact.none)
        for fact in declared_facts(policy, scope):
            row.add(fact, column(fact), optional=not fact.required)
    first, last = (f"{dialect.timestamp} '{year}-01-01 00:00:00'" for year in (YEARS[0], YEARS[-1] + 1))
    past = _Row(
        dialect,
        [(name, 1, LONGEST_TEXT) for name in HISTORY_KEYS[1:]] + [(name, 0, LONGEST_TEXT) for name in _PAST_TEXTS],
        [
            f"state IN ({', '.join(map(literal, PAST_STATES))})",
            _between("points", 1, MOST),
            _between("payout", 0, MOST),
            f"requested_at >= {first} AND requested_at < {last}",
        ],
        [f"{name} IS NULL" for name in ("state", "points", "payout", "requested_at")],
    )
    return " UNION ".join(_statements(account, lot, past, dialect.sum_of.format(left)))


class _Row:
    """What has to hold of each row of a table, and of no column that is NULL. `texts` are its columns of text, each
    with its bounds in bytes: one that has fewer characters than bytes is looked at more closely for nothing.
    """

    def __init__(
        self, dialect: Dialect, texts: list[tuple[str, int, int]], sound: list[str], missing: list[str]
    ) -> None:
        self._dialect = dialect
        self._texts = texts
        self._sound = sound
        self._missing = missing

    def add(self, fact: Fact, name: str, *, optional: bool) -> None:
        """What has to hold of a fact. `optional`: it may be NULL."""
        called = self._dialect.quoted(name)
        if fact.type == "text":
            self._texts.append((f"coalesce({called}, '')" if optional else called, 0, LONGEST_TEXT))
            return
        if not optional:
            self._missing.append(f"{called} IS NULL")
        if fact.type != "flag":
            self._sound.append(_of_type(fact, called))

    def odd(self) -> str:
        """Where something does not hold. One condition after the other is looked at, only where none of those before
        holds: written as what must hold together, all of them would be looked at in all rows.
        """
        bytes_of, control = self._dialect.bytes_of, self._dialect.control
        found = [*self._missing, *(f"NOT ({condition})" for condition in self._sound)]
        for text, least, most in self._texts:
            found += [f"{text} IS NULL", f"{bytes_of}({text}) NOT BETWEEN {least} AND {most}", control.format(text)]
        return " OR ".join(f"({each})" for each in found)


def _statements(account: _Row, lot: _Row, past: _Row, held: str) -> Iterator[str]:
    for table, row in (("accounts", account), ("lots", lot), ("history", past)):
        yield f"SELECT account_id FROM {table} WHERE {row.odd()}"  # noqa: S608
    yield "SELECT account_id FROM history GROUP BY account_id, refund_id HAVING count(*) > 1"
    together = f"SELECT account_id, {held} AS held FROM lots GROUP BY account_id"  # noqa: S608
    for rows, much in ((together, f"held > {MOST_IN_COLUMNS} OR "), ("SELECT account_id FROM history", "")):
        yield (
            f"SELECT l.account_id FROM ({rows}) AS l LEFT JOIN accounts AS a ON a.account_id = l.account_id"  # noqa: S608
            f" WHERE {much}a.account_id IS NULL"
        )


def _of_type(fact: Fact, name: str) -> str:
    if fact.type == "choice":
        return f"{name} IN ({', '.join(map(literal, fact.choices))})"
    if fact.type == "date":
        return f"{name} BETWEEN {_CALENDAR}"
    return _between(name, 0 if fact.path in NEVER_NEGATIVE else -MOST, MOST)


def _all_days(dialect: Dialect) -> str:
    """That a list of days holds nothing else."""
    least, most = (f"{word}(activity_days)" for word in dialect.least_and_most)
    in_calendar = f"{least} BETWEEN {_CALENDAR} AND {most} BETWEEN {_CALENDAR}"
    return f"{dialect.nones.format('activity_days')} = 0 AND ({dialect.size}(activity_days) = 0 OR {in_calendar})"


def _between(name: str, least: int, most: int) -> str:
    return f"{name} BETWEEN {least} AND {most}"
