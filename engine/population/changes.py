"""What a change of a policy does to a population: the answers of both versions, joined and counted inside DuckDB.

Stretch by stretch of accounts, so that memory does not grow with their number; what comes of a stretch are its groups,
which `engine/effect.py` adds up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from engine.effect import AMOUNTS, EDGES, ERRORS, MOST_AFFECTED, MOST_NAMED, SUMS, Affected, Effect, Key, Undecided
from engine.population.answers import FOUND_OUT, Answer, column
from engine.population.folder import Population
from engine.population.sql import Connection, literal, quoted, within_bounds
from policies.model import Policy

STRETCH_ACCOUNTS = 100_000
SIDES = ("before", "after")


class Answered(Struct, frozen=True):
    """What one version answers: the population as it reads it, and the Parquet file, or files, of its answers."""

    population: Population
    policy: Policy
    files: str


def effect_of(before: Answered, after: Answered, methods: Sequence[str], by: str) -> Iterator[Effect]:
    """What the change does to one stretch of accounts after the other.

    `methods` are those of either version; `by` is the fact of the account that groups go by.
    """
    connection = after.population.connection
    reader = after if by in after.policy.facts else before
    accounts = f"SELECT account_id, {_grouped(reader.policy, by)} AS by_fact FROM"
    for low, high in after.population.bounds(STRETCH_ACCOUNTS):
        source = f"({reader.population.selects['accounts']}){within_bounds(low, high)}"
        connection.execute(f"CREATE OR REPLACE TABLE grouped AS {accounts} {source}")
        for side, answered in zip(SIDES, (before, after), strict=True):
            rows = _answers(answered, methods, within_bounds(low, high))
            connection.execute(f"CREATE OR REPLACE VIEW {side} AS {rows}")
        connection.execute(f"CREATE OR REPLACE TABLE pairs AS {_PAIRS}")
        effect = Effect()
        _add_groups(connection, effect)
        _add_affected(connection, effect, len(methods))
        _add_undecided(connection, effect)
        _add_accounts(connection, effect)
        yield effect


def _grouped(policy: Policy, by: str) -> str:
    """What an account is grouped by, as text; a declared fact that is not stated is its default."""
    fact = policy.facts[by]
    if by not in policy.declared:
        return f"CAST({quoted(fact.name)} AS VARCHAR)"
    said = "" if fact.default is None else str(fact.default)
    said = said.lower() if isinstance(fact.default, bool) else said
    return f"coalesce(CAST({quoted(column(fact))} AS VARCHAR), {literal(said)})"


def _answers(answered: Answered, methods: Sequence[str], within: str) -> str:
    """The answers of one version, with an error for each method that only the other version has."""
    found = ", ".join(map(quoted, FOUND_OUT))
    rows = f"SELECT {found} FROM read_parquet({literal(answered.files)}){within}"  # noqa: S608
    unknown = [method for method in methods if method not in answered.policy.methods]
    nothing = ", ".join(f"0 AS {quoted(name)}" for name in AMOUNTS)
    for method in unknown:
        rows += (
            f" UNION ALL BY NAME SELECT account_id, {literal(method)} AS method, NULL AS outcome, {nothing},"  # noqa: S608
            " CAST([] AS VARCHAR[]) AS reasons, 'no-method' AS error FROM grouped"
        )
    return rows


def _band(amount: str) -> str:
    """The band of an amount, as `engine.effect.band` has it."""
    cases = " ".join(f"WHEN abs({amount}) >= {edge} THEN sign({amount}) * {edge}" for edge in reversed(EDGES))
    return f"CAST(CASE {cases} ELSE 0 END AS BIGINT)"


def _once(reasons: str) -> str:
    return f"list_sort(list_distinct({reasons}))"


_FIGURES = ("outcome", *AMOUNTS)
_OTHERWISE = " OR ".join(f"b.{quoted(name)} IS DISTINCT FROM a.{quoted(name)}" for name in _FIGURES)
_REASONS = {side: _once(f"{side[0]}.reasons") for side in SIDES}
_PAIRS = (
    "SELECT b.account_id, b.method, g.by_fact, b.error AS error_before, a.error AS error_after,"  # noqa: S608
    + "".join(f" {each[0]}.{quoted(name)} AS {name}_{each}," for each in SIDES for name in (*_FIGURES, "reasons"))
    + "".join(f" {said} AS once_{side}," for side, said in _REASONS.items())
    + f" ({_OTHERWISE}) AS otherwise, ({_OTHERWISE} OR {_REASONS['before']} <> {_REASONS['after']}) AS changed"
    " FROM before AS b JOIN after AS a USING (account_id, method) JOIN grouped AS g USING (account_id)"
)
_DECIDED = "error_before IS NULL AND error_after IS NULL"


def _add_groups(connection: Connection, effect: Effect) -> None:
    sums = ["changed", *(f"{name}_{side}" for name in AMOUNTS for side in SIDES)]
    assert sums == list(SUMS), "what is summed up is what an effect sums up"
    figures = ", ".join(f"CAST(sum(CAST({name} AS BIGINT)) AS HUGEINT)" for name in sums)
    amount = _band(f"greatest(points_{SIDES[0]}, points_{SIDES[1]})")
    keys = f"method, by_fact, outcome_before, outcome_after, once_before, once_after, {amount}"
    change = _band("(payout_after - payout_before)")
    rows = connection.execute(
        f"SELECT {keys}, {change}, count(*), {figures} FROM pairs WHERE {_DECIDED} GROUP BY ALL"  # noqa: S608
    ).fetchall()
    for method, by, before, after, reasons_before, reasons_after, band, more, count, *found in rows:
        key = Key(method, by, before, after, tuple(reasons_before), tuple(reasons_after), band, more)
        effect.add_group(key, count, dict(zip(SUMS, map(int, found), strict=True)))


def _add_affected(connection: Connection, effect: Effect, methods: int) -> None:
    """The pairs that may be among the most affected: an account has no more of them than there are methods."""
    columns = [f"{name}_{side}" for side in SIDES for name in (*_FIGURES, "reasons")]
    rows = connection.execute(
        f"SELECT account_id, method, by_fact, {', '.join(columns)} FROM pairs WHERE otherwise AND {_DECIDED}"  # noqa: S608
        " ORDER BY abs(payout_after - payout_before) DESC, account_id, method"
        f" LIMIT {MOST_AFFECTED * methods}"
    ).fetchall()
    for account, method, by, *found in rows:
        named = dict(zip(columns, found, strict=True))
        before, after = (_answer(account, method, named, side) for side in SIDES)
        effect.add_affected(Affected(before, after, by))


def _answer(account: str, method: str, found: Mapping[str, Any], side: str) -> Answer:
    figures = {name: found[f"{name}_{side}"] for name in _FIGURES}
    return Answer(account, method, **figures, reasons=tuple(found[f"reasons_{side}"]))


def _add_undecided(connection: Connection, effect: Effect) -> None:
    kinds = ", ".join(map(literal, ERRORS))
    error = "coalesce(error_before, error_after)"
    kind = f"split_part({error}, ':', 1)"
    side = "CASE WHEN error_before IS NULL THEN 'after' WHEN error_after IS NULL THEN 'before' ELSE 'both' END"
    undecided = (
        f"SELECT account_id, method, {side} AS side, {error} AS error,"  # noqa: S608
        f" CASE WHEN {kind} IN ({kinds}) THEN {kind} ELSE 'other' END AS kind FROM pairs WHERE NOT ({_DECIDED})"
    )
    in_order = f"SELECT *, row_number() OVER (ORDER BY account_id, method) AS place FROM ({undecided})"  # noqa: S608
    first = connection.execute(
        f"SELECT account_id, method, side, error FROM ({in_order}) WHERE place <= {MOST_NAMED} ORDER BY place"  # noqa: S608
    ).fetchall()
    for account, method, which, said in first:
        effect.add_undecided(Undecided(account, method, "", which, said))
    # Those behind the first: one of each sort stands for all of it, and is not named, because others come before it.
    others = connection.execute(
        "SELECT max(account_id), arg_max(method, account_id), side, arg_max(error, account_id), count(*)"  # noqa: S608
        f" FROM ({in_order}) WHERE place > {MOST_NAMED} GROUP BY side, kind"
    ).fetchall()
    for account, method, which, said, count in others:
        effect.add_undecided(Undecided(account, method, "", which, said), count)


def _add_accounts(connection: Connection, effect: Effect) -> None:
    paid = [f"coalesce(max(payout_{side}) FILTER (WHERE {_DECIDED}), 0) AS best_{side}" for side in SIDES]
    each = f"SELECT account_id, bool_or(changed AND {_DECIDED}) AS changed, {', '.join(paid)} FROM pairs GROUP BY 1"  # noqa: S608
    count, changed, *best = connection.execute(
        "SELECT count(*), coalesce(count(*) FILTER (WHERE changed), 0),"  # noqa: S608
        f" coalesce(sum(best_before), 0), coalesce(sum(best_after), 0) FROM ({each})"
    ).fetchone()
    effect.add_accounts(count, changed, (int(best[0]), int(best[1])))
