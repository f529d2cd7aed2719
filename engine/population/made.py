"""Random accounts of a policy, for trials and benchmarks: the same seed makes the same ones.

Everything is drawn in one statement a file, so that ten million accounts take minutes. The words that rules ask for
are among those drawn, and figures lie on both sides of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any, Final

from engine.clues import clues_of, literal_of
from engine.population.answers import accounts_schema, column, declared_facts, history_schema, lots_schema
from engine.population.sql import literal, opened, select, written
from policies.model import Fact, Policy

MOST_ACCOUNTS: Final = 10**9
"""Their numbers have nine digits, so that they stand in order."""
_PAST = 3
"""No account is given more refunds of before."""


def make_population(
    folder: str, policy: Policy, *, accounts: int, lots: int, seed: int, as_of: datetime, memory: str = "1GB"
) -> None:
    """Write the three files of so many random accounts, each with so many lots, as they might be at an instant in UTC.

    Raises NotInstalled, OSError.
    """
    with opened(memory) as connection:
        maker = _Maker(policy, seed, as_of)
        written(connection, maker.accounts(accounts), f"{folder}/accounts.parquet")
        written(connection, maker.lots(accounts, lots), f"{folder}/lots.parquet")
        written(connection, maker.history(accounts), f"{folder}/history.parquet")


class _Maker:
    """The statements that draw. A draw is a hash of the seed, of what is drawn and of whom it is drawn for."""

    def __init__(self, policy: Policy, seed: int, as_of: datetime) -> None:
        self._policy = policy
        self._seed = seed
        self._as_of = as_of
        self._today = f"DATE '{as_of.date().isoformat()}'"
        clues = clues_of([policy], [rule.id for rule in policy.rules], ())
        self._asked: dict[str, list[Any]] = {}
        for clause in (each for clauses in clues.asked for each in clauses):
            for asked in literal_of(policy, clause.right):
                self._asked.setdefault(clause.path, []).append(asked)

    def accounts(self, count: int) -> str:
        """The accounts, in the order of their numbers."""
        draw = self._draws("n")
        days_ago = f"{self._today} - CAST(1 + {{}} % {{}} AS INTEGER)"
        born_on = f"{self._today} - CAST(3650 + {draw('born_on')} % 25550 AS INTEGER)"
        activity = ", ".join(days_ago.format(draw(f"activity {each}"), 400) for each in range(_PAST))
        facts = {
            "account_id": _name("A", "n"),
            "policy": literal(self._policy.id),
            "status": _weighted(draw("status"), {"active": 92, "dormant": 4, "suspended": 2, "closed": 2}),
            "kind": f"CASE WHEN {_company(draw)} THEN 'company' ELSE 'person' END",
            "identity_level": _level(draw),
            "joined_on": self._joined_on(draw),
            "born_on": f"CASE WHEN {_company(draw)} OR {draw('born')} % 20 = 0 THEN NULL ELSE {born_on} END",
            "contact_verified": f"{draw('contact')} % 20 > 0",
            "contact_changed_on": _once(draw("changed"), 5, days_ago.format(draw("changed_on"), 365)),
            "last_activity_on": _once(draw("active"), 10, days_ago.format(draw("active_on"), 450), never=True),
            "debt": f"CASE WHEN {draw('owes')} % 7 = 0 THEN 100 * ({draw('debt')} % 500) ELSE 0 END",
            "points_debt": f"CASE WHEN {draw('lacks')} % 33 = 0 THEN 1 + {draw('points_debt')} % 5000 ELSE 0 END",
            "activity_days": f"[{activity}][1:CAST({draw('activity')} % {_PAST + 1} AS BIGINT)]",
            **self._declared("account", draw),
        }
        return select(accounts_schema(self._policy), facts, f"(SELECT range AS n FROM range({count}))")  # noqa: S608

    def lots(self, accounts: int, each: int) -> str:
        """So many lots of each account."""
        draw, of_account = self._draws("i"), self._draws("n")
        sources = self._policy.facts["lot.source"].choices
        acquired_on = f"greatest({self._joined_on(of_account)}, {self._today} - CAST({draw('age')} % 2200 AS INTEGER))"
        amount = (
            f"CASE WHEN {draw('rich')} % 20 = 0 THEN 10000 + 100 * ({draw('much')} % 900)"
            f" ELSE 10 * (1 + {draw('amount')} % 800) END"
        )
        facts = {
            "account_id": _name("A", "n"),
            "lot_id": f"{_name('L', 'n')} || '-' || lpad(CAST(i % {each} AS VARCHAR), 5, '0')",
            "source": _one_of(draw("source"), [literal(source) for source in sources]),
            "campaign": self._campaign(draw),
            "acquired_on": "acquired_on",
            "usable_from_on": f"acquired_on + CAST(CASE WHEN {draw('later')} % 5 = 0 THEN 14 ELSE 0 END AS INTEGER)",
            "expires_on": _once(
                draw("own"),
                4,
                f"greatest(acquired_on, {self._today} + CAST({draw('expires')} % 900 AS INTEGER) - 150)",
            ),
            "amount": "amount",
            "left": f"CASE WHEN {draw('used')} % 10 < 7 THEN amount ELSE amount - {draw('left')} % amount END",
            "locked": f"{draw('locked')} % 25 = 0",
            "identity_level": f"least({_level(of_account)}, {draw('level')} % 3)",
            **self._declared("lot", draw),
        }
        numbered = f"SELECT range AS i, range // {each} AS n FROM range({accounts * each})"  # noqa: S608
        drawn = f"SELECT i, n, {acquired_on} AS acquired_on, CAST({amount} AS BIGINT) AS amount FROM ({numbered})"  # noqa: S608
        return select(lots_schema(self._policy), facts, f"({drawn})")

    def history(self, accounts: int) -> str:
        """Up to three refunds of before of each account, of which one in four has any."""
        draw, of_account = self._draws("i"), self._draws("n")
        methods = [literal(method) for method in self._policy.facts["request.method"].choices]
        states = {"settled": 80, "approved": 15, "needs_review": 5}
        how_many = _weighted(of_account("history"), {0: 75, 1: 15, 2: 6, _PAST: 4})
        # Of one account, each lies behind the one before.
        minutes_ago = f"60 * 24 * ({_PAST - 1} - i % {_PAST}) * 15 + {draw('at')} % (60 * 24 * 15)"
        at = f"TIMESTAMP '{self._as_of.replace(tzinfo=None).isoformat(sep=' ')}'"
        points = f"1000 * (1 + {draw('points')} % 120)"
        facts = {
            "account_id": _name("A", "n"),
            "refund_id": f"{_name('R', 'n')} || '-' || CAST(i % {_PAST} AS VARCHAR)",
            "of_account": _name("A", "n"),
            "requested_at": f"{at} - to_minutes(CAST({minutes_ago} AS BIGINT))",
            "points": "points",
            "method": _one_of(draw("method"), methods),
            "receiving_account": f"'own:' || {_name('A', 'n')}",
            "state": _weighted(draw("state"), states),
            "payout": "points",
        }
        numbered = f"SELECT range AS i, range // {_PAST} AS n FROM range({accounts * _PAST})"  # noqa: S608
        chosen = f"SELECT i, n, CAST({points} AS BIGINT) AS points FROM ({numbered}) WHERE i % {_PAST} < {how_many}"  # noqa: S608
        return select(history_schema(), facts, f"({chosen})")

    def _draws(self, whose: str) -> _Draw:
        return _Draw(self._seed, whose)

    def _joined_on(self, draw: _Draw) -> str:
        days = f"CASE WHEN {draw('new')} % 20 = 0 THEN {draw('joined')} % 60 ELSE {draw('joined')} % 3650 END"
        return f"({self._today} - CAST({days} AS INTEGER))"

    def _campaign(self, draw: _Draw) -> str:
        words = [literal(str(word)) for word in dict.fromkeys(self._asked.get("lot.campaign", ()))]
        if not words:
            return "''"
        return f"CASE WHEN {draw('campaign')} % 4 = 0 THEN {_one_of(draw('which'), words)} ELSE '' END"

    def _declared(self, scope: str, draw: _Draw) -> dict[str, str]:
        found = {}
        for fact in declared_facts(self._policy, scope):
            drawn = _one_of(draw(fact.path), self._values(fact, draw))
            found[column(fact)] = drawn if fact.required else _once(draw(f"no {fact.path}"), 10, drawn, never=True)
        return found

    def _values(self, fact: Fact, draw: _Draw) -> list[str]:
        """What a declared fact may be, as far as the policy tells."""
        asked = list(dict.fromkeys(self._asked.get(fact.path, ())))
        if fact.type == "flag":
            return ["true", "false"]
        if fact.type == "choice":
            return [literal(each) for each in fact.choices]
        if fact.type == "text":
            return [literal(str(each)) for each in asked] or ["''"]
        if fact.type == "date":
            return [f"{self._today} - CAST({draw(fact.path + ' ago')} % 1100 AS INTEGER)"]
        edges = [each + near for each in asked if isinstance(each, int) for near in (-1, 0, 1) if each + near >= 0]
        return [*map(str, edges), f"CAST({draw(fact.path + ' number')} % 1000 AS BIGINT)"]


class _Draw:
    """What is drawn for each row, which the expression `whose` tells apart."""

    def __init__(self, seed: int, whose: str) -> None:
        self._seed = seed
        self._whose = whose

    def __call__(self, what: str) -> str:
        """A number from 0 on, of 62 bits; another one for each thing that is drawn."""
        return f"CAST(hash({self._whose}, {self._seed}, {literal(what)}) >> 2 AS BIGINT)"


def _name(letter: str, number: str) -> str:
    return f"'{letter}-' || lpad(CAST({number} AS VARCHAR), 9, '0')"


def _level(draw: _Draw) -> str:
    return _weighted(draw("level"), {0: 6, 1: 44, 2: 40, 3: 10})


def _company(draw: _Draw) -> str:
    return f"{draw('kind')} % 33 = 0"


def _once(draw: str, times: int, value: str, *, never: bool = False) -> str:
    """The value once in so many times, and NULL otherwise; or the other way round."""
    return f"CASE WHEN {draw} % {times} {'<>' if never else '='} 0 THEN {value} END"


def _one_of(draw: str, values: Sequence[str]) -> str:
    if len(values) == 1:
        return values[0]
    rows = " ".join(f"WHEN {number} THEN {value}" for number, value in enumerate(values))
    return f"CASE {draw} % {len(values)} {rows} END"


def _weighted(draw: str, percent: Mapping[Any, int]) -> str:
    """One of the values, each in so many of a hundred times."""
    assert sum(percent.values()) == 100, "shares make a whole"
    below = accumulate(percent.values())
    rows = [f"WHEN {draw} % 100 < {end} THEN {literal(value)}" for end, value in zip(below, percent, strict=True)]
    return f"CASE {' '.join(rows)} END"
