"""The tables of a population on their way to one row an account: which columns each step needs, and its SQL.

Whoever needs a column asks for it here by what it is, and is told its name; what is the same for several methods is
thereby worked out once. The lots are read in one go, put in the order in which they pay where that matters, and summed
up by account; so is the history; and both are joined to the accounts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.facts import COUNTED_STATES
from engine.population.answers import HISTORY_KEYS, LOT_KEYS
from engine.population.sql_terms import COUNTED, EACH, Formula, either, literal, sql

ID = LOT_KEYS[0]


@dataclass(slots=True)
class Columns:
    """Columns that one step adds, by what they are."""

    prefix: str
    names: dict[str, str] = field(default_factory=dict)

    def name(self, what: str) -> str:
        """The name of the column that is `what`."""
        return self.names.setdefault(what, f"{self.prefix}{len(self.names) + 1}")

    def listed(self) -> list[str]:
        """The columns as they are selected."""
        return [f"{what} AS {name}" for what, name in self.names.items()]


@dataclass(slots=True)
class Listed:
    """A list of the lots of an account, in the order in which they pay: of each its `keys`, the `points` that it holds
    before each method, and `flags` of it.
    """

    keys: tuple[str, ...]
    points: dict[str, None] = field(default_factory=dict)
    flags: dict[str, None] = field(default_factory=dict)

    def sql(self) -> str:
        """The list before it is sorted."""
        keys = [f"'key{number}': {key}" for number, key in enumerate(self.keys)]
        others = [f"'{name}': {name}" for name in (*self.points, *self.flags)]
        some = " OR ".join(f"{points} > 0" for points in self.points)
        return f"LIST({{{', '.join([*keys, *others])}}}) FILTER (WHERE {some})"


@dataclass(slots=True)
class Tables:
    """The columns that are asked for. `sorted_late`: whoever reads a list of lots brings it into its order."""

    accounts: set[str] = field(default_factory=set)
    joined: bool = False
    sorted_late: bool = False
    of_lots: Columns = field(default_factory=lambda: Columns("c"))
    held: Columns = field(default_factory=lambda: Columns("u"))
    purse: Columns = field(default_factory=lambda: Columns("p"))
    lists: dict[tuple[str, ...], Listed] = field(default_factory=dict)
    past: Columns = field(default_factory=lambda: Columns("h"))
    _counted: dict[str, None] = field(default_factory=dict)

    def account(self, name: str) -> str:
        """A column of the accounts, where everything of an account is known."""
        self.accounts.add(name)
        return f'"a_{name}"'

    def account_of_lot(self, name: str) -> str:
        """A column of the accounts, where lots are looked at one by one."""
        self.joined = True
        return f'a."{name}"'

    def lot(self, name: str) -> str:
        """A column of the lots."""
        return f'l."{name}"'

    def of_lot(self, what: str) -> str:
        """A column that is worked out lot by lot."""
        return self.of_lots.name(what)

    def points_held(self, where: Formula) -> str:
        """The points of the lots for which a condition on columns of `of_lot` holds, lot by lot."""
        left = self.of_lot(self.lot("left"))
        return self.held.name(left if where is True else f"CASE WHEN {sql(where)} THEN {left} ELSE 0 END")

    def together(self, held: str) -> str:
        """Points held, of all lots of the account together."""
        return self.purse.name(f"CAST(SUM({held}) AS {COUNTED})")

    def listed(self, keys: tuple[str, ...], points: str, flags: Iterable[str]) -> str:
        """The list of an account's lots, first to last, by keys of `of_lot` or of `lot_id`. Where the account has none,
        it is NULL.
        """
        listed = self.lists.setdefault(keys, Listed(keys))
        listed.points[points] = None
        listed.flags |= dict.fromkeys(flags)
        return f"g{list(self.lists).index(keys) + 1}"

    def summed(self, what: str, where: str) -> str:
        """The sum of a figure over the past refunds for which a condition holds."""
        self._counted[where] = None
        return self.past.name(f"CAST(SUM(CASE WHEN {where} THEN {what} ELSE 0 END) AS {COUNTED})")

    def sql(self) -> str:
        """All accounts with everything that was asked for."""
        account, lot, history = (f'{each}."{ID}"' for each in ("a", "l", "h"))
        columns = [f'a."{name}" AS "a_{name}"' for name in sorted(self.accounts | {ID})]
        joins = ""
        if self.purse.names or self.lists:
            columns += [f"COALESCE(p.{name}, 0) AS {name}" for name in self.purse.names.values()]
            columns += [self._list(f"g{number + 1}") for number in range(len(self.lists))]
            joins += f" LEFT JOIN ({self._purse(lot)}) AS p ON p.{ID} = {account}"
        if self.past.names:
            columns += [f"COALESCE(h.{name}, 0) AS {name}" for name in self.past.names.values()]
            counted = f"h.state IN ({', '.join(map(literal, COUNTED_STATES))}) AND {sql(either(self._counted))}"
            sums = f"SELECT {history}, {', '.join(self.past.listed())} FROM history AS h"
            past = f"{sums} WHERE {counted} GROUP BY {history}"
            joins += f" LEFT JOIN ({past}) AS h ON h.{ID} = {account}"
        return f"SELECT {', '.join(columns)} FROM accounts AS a{joins}"

    def _list(self, name: str) -> str:
        return f"p.{name}" if self.sorted_late else f"LIST_SORT(p.{name}) AS {name}"

    def _purse(self, lot: str) -> str:
        accounts = f' JOIN accounts AS a ON a."{ID}" = {lot}' if self.joined else ""
        own = [lot, *([f'l."{LOT_KEYS[1]}"'] if any(LOT_KEYS[1] in keys for keys in self.lists) else [])]
        found = f"SELECT {', '.join([*own, *self.of_lots.listed()])} FROM lots AS l{accounts}"
        if self.held.names:
            found = f"SELECT *, {', '.join(self.held.listed())} FROM ({found}) AS l"
        lists = [f"{listed.sql()} AS g{number + 1}" for number, listed in enumerate(self.lists.values())]
        return f"SELECT {ID}, {', '.join([*self.purse.listed(), *lists])} FROM ({found}) AS l GROUP BY {ID}"


def of_list(expression: str) -> str:
    """A column of the lots as it is called in a list."""
    return f"{EACH}.{expression}"


def own(path: str) -> str:
    """A column of the history."""
    return f'h."{path}"'


def own_refunds() -> str:
    """Where a past refund is the account's own."""
    return f"{own(HISTORY_KEYS[2])} = {own(HISTORY_KEYS[0])}"


def is_one_of(column: str, members: Iterable[str]) -> str:
    """Where a column holds one of several texts."""
    return f"{column} IN ({', '.join(map(literal, members))})"
