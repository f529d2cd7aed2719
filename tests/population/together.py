"""Cases as the tables of a population, and what the statement and the engine make of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa
from msgspec import structs

from engine.cases import read_case
from engine.compiled import CompiledVersion
from engine.decide import decide
from engine.errors import Conflict, NotInForce
from engine.facts import Account, Case, Lot, PastRefund
from engine.population.answers import (
    FOUND_OUT,
    Answer,
    Asking,
    accounts_schema,
    column,
    declared_facts,
    history_schema,
    lots_schema,
)
from engine.population.statement import compile_statement
from policies.model import Policy


def tables(policy: Policy, cases: Iterable[Case]) -> dict[str, pa.Table]:
    """The accounts, lots and histories of cases as the three tables."""
    accounts, lots, history = [], [], []
    for case in cases:
        of = case.account.id
        accounts.append({"account_id": of, "policy": policy.id, **_facts(policy, case.account, "account")})
        lots += [{"account_id": of, "lot_id": lot.id, **_facts(policy, lot, "lot")} for lot in case.lots]
        history += [{**_past(refund), "account_id": of} for refund in case.history]
    schemas = {"accounts": accounts_schema(policy), "lots": lots_schema(policy), "history": history_schema()}
    rows = {"accounts": accounts, "lots": lots, "history": history}
    return {name: pa.Table.from_pylist(rows[name], schema=schema) for name, schema in schemas.items()}


def _facts(policy: Policy, record: Account | Lot, scope: str) -> dict[str, Any]:
    plain = {name: value for name, value in structs.asdict(record).items() if name not in ("id", "declared")}
    declared = {column(fact): record.declared[fact.name] for fact in declared_facts(policy, scope)}
    return plain | declared


def _past(refund: PastRefund) -> dict[str, Any]:
    plain = structs.asdict(refund)
    at = plain["requested_at"].replace(tzinfo=None)
    return {**plain, "refund_id": plain["id"], "of_account": plain["account_id"], "requested_at": at}


def said(compiled: CompiledVersion, asking: Asking, cases: Sequence[Case]) -> list[Answer]:
    """What the statement answers, by account and method. Raises Unsayable."""
    statement = compile_statement(compiled, asking).sql()
    database = duckdb.connect(config={"threads": 1})
    for name, table in tables(compiled.policy, cases).items():
        database.register(name, table)
    rows = database.execute(statement).fetchall()
    answers = [Answer(**dict(zip(FOUND_OUT, row, strict=True))) for row in rows]
    return sorted(
        (structs.replace(each, reasons=tuple(each.reasons)) for each in answers),
        key=lambda each: (each.account_id, each.method),
    )


def decided(compiled: CompiledVersion, asking: Asking, cases: Iterable[Case]) -> list[Answer]:
    """What the engine answers to the same."""
    found = [answer(compiled, asking, case, method) for case in cases for method in asking.methods]
    return sorted(found, key=lambda each: (each.account_id, each.method))


def answer(compiled: CompiledVersion, asking: Asking, case: Case, method: str) -> Answer:
    """What the engine answers for one account and method."""
    own = structs.replace(case, request=asked(compiled.policy, asking, case, method), as_of=asking.as_of)
    try:
        found = decide(compiled, own, helping=False)
    except (Conflict, NotInForce) as error:
        return Answer(case.account.id, method, None, error=str(error))
    figures = {name: getattr(found, name) for name in ("points", "payout", "fee", "tax", "offset")}
    reasons = tuple(reason.rule for reason in found.reasons)
    return Answer(case.account.id, method, found.outcome, **figures, reasons=reasons)


_READ: dict[tuple[Any, ...], Any] = {}


def asked(policy: Policy, asking: Asking, case: Case, method: str) -> Any:
    """The request of one account."""
    data = asking.request_data(case.account.id, case.account.kind, method)
    account = {"id": case.account.id, "joined_on": "2020-01-01", "status": "active"}
    required = {fact.name: fact.choices[0] for fact in policy.facts.values() if fact.required and fact.choices}
    whole: Mapping[str, Any] = {"account": account, "lots": [], "request": data, "as_of": words(asking.as_of)}
    needed = {name: value for name, value in required.items() if f"account.{name}" in policy.declared}
    return read_case(policy, {**whole, "account": {**account, **needed}}).request


def words(at: datetime) -> str:
    """An instant as cases write it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def differences(expected: Sequence[Answer], got: Sequence[Answer]) -> list[tuple[Answer, Answer]]:
    """The answers that differ."""
    assert len(expected) == len(got), f"{len(expected)} and {len(got)} answers"
    return [(one, other) for one, other in zip(expected, got, strict=True) if one != other]
