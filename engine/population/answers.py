"""What a population is asked and what it answers, with the columns of its files; so every way of deciding it says the
same in the same form.

A population is a folder of three Parquet files, each sorted by `account_id` and then by its own second key:
`accounts`, one row an account; `lots`; and `history`, which holds the past refunds that each account's case knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from msgspec import Struct, field

from engine.facts import Account, Lot, PastRefund, own_fields
from engine.population.libraries import load_arrow
from policies.model import Fact, Policy

ACCOUNT_KEYS = ("account_id", "policy")
LOT_KEYS = ("account_id", "lot_id")
HISTORY_KEYS = ("account_id", "refund_id", "of_account")
"""The first columns of the three files, beside the facts."""

SORTED_BY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "accounts": ("account_id",),
        "lots": ("account_id", "lot_id"),
        "history": ("account_id", "requested_at", "refund_id"),
    }
)
"""In what order the rows of each file stand; texts by their code points."""

FOUND_OUT = ("account_id", "method", "outcome", "points", "payout", "fee", "tax", "offset", "reasons", "error")
"""The columns of the answers, in their order."""

Schema = Any
"""A schema of pyarrow, which publishes no types."""


class Asking(Struct, frozen=True):
    """What each account asks for at one instant: `points` by each of the `methods`. `request` has further facts of the
    request, by their names in a case; what it does not say is as `request_data` has it.
    """

    as_of: datetime
    methods: tuple[str, ...]
    points: int | Literal["all"] = "all"
    request: Mapping[str, Any] = field(default_factory=dict)

    def request_data(self, account_id: str, kind: str, method: str) -> dict[str, Any]:
        """The request of one account as plain JSON data: the member's own, in the app, paid to nobody else's account.

        >>> asking = Asking(datetime(2026, 3, 2), ("cash",), 100, {"channel": "web"})
        >>> list(asking.request_data("A-1", "person", "cash").values())
        [100, 'cash', 'web', 'member', 'own:A-1', 'member']
        """
        return {
            "points": self.points,
            "method": method,
            "channel": "app",
            "applicant": "member",
            "receiving_account": f"own:{account_id}",
            "receiving_holder": "company" if kind == "company" else "member",
            **self.request,
        }


class Answer(Struct, frozen=True, gc=False):
    """What comes of one account's request by one method: the figures as in the decision, and the ids of its reasons
    in its order.

    `error` says in English why there is no decision; then `outcome` is None, the figures are 0 and there are no
    reasons.
    """

    account_id: str
    method: str
    outcome: str | None
    points: int = 0
    payout: int = 0
    fee: int = 0
    tax: int = 0
    offset: int = 0
    reasons: tuple[str, ...] = ()
    error: str | None = None


def column(fact: Fact) -> str:
    """The column of a declared fact: its name, or its path where the file has another column of that name."""
    keys = {"account": ACCOUNT_KEYS, "lot": LOT_KEYS}[fact.scope]
    return fact.path if fact.name in keys else fact.name


def declared_facts(policy: Policy, scope: str) -> list[Fact]:
    """The facts that the programme declares for accounts or lots, in its order."""
    return [policy.facts[path] for path in policy.declared if policy.facts[path].scope == scope]


def accounts_schema(policy: Policy) -> Schema:
    """The columns of `accounts`. A declared fact is NULL where it is not stated, so that its default holds."""
    pa = load_arrow()
    facts = [_field(policy, "account", name) for name in own_fields(Account) if name not in ("id", "activity_days")]
    days = pa.field("activity_days", pa.list_(pa.date32()), nullable=False)
    return pa.schema([*_keys(ACCOUNT_KEYS), *facts, days, *_declared(policy, "account")])


def lots_schema(policy: Policy) -> Schema:
    """The columns of `lots`."""
    pa = load_arrow()
    facts = [_field(policy, "lot", name) for name in own_fields(Lot) if name != "id"]
    return pa.schema([*_keys(LOT_KEYS), *facts, *_declared(policy, "lot")])


def history_schema() -> Schema:
    """The columns of `history`. `account_id` is whose case the row belongs to, `of_account` whose refund it is: a case
    also knows the refunds of others to the same receiving account. `requested_at` is in UTC.
    """
    pa = load_arrow()
    types = {"requested_at": pa.timestamp("us"), "points": pa.int64(), "payout": pa.int64()}
    names = [name for name in own_fields(PastRefund) if name not in ("id", "account_id")]
    facts = [pa.field(name, types.get(name, pa.string()), nullable=False) for name in names]
    return pa.schema([*_keys(HISTORY_KEYS), *facts])


def answers_schema() -> Schema:
    """The columns of the answers, in the order of FOUND_OUT."""
    pa = load_arrow()
    types = {name: pa.int64() for name in ("points", "payout", "fee", "tax", "offset")}
    types["reasons"] = pa.list_(pa.string())
    maybe = ("outcome", "error")
    return pa.schema([pa.field(name, types.get(name, pa.string()), nullable=name in maybe) for name in FOUND_OUT])


def _keys(names: tuple[str, ...]) -> list[Any]:
    pa = load_arrow()
    return [pa.field(name, pa.string(), nullable=False) for name in names]


def _field(policy: Policy, scope: str, name: str) -> Any:
    fact = policy.facts[f"{scope}.{name}"]
    return load_arrow().field(name, _type(fact), nullable=fact.none)


def _declared(policy: Policy, scope: str) -> list[Any]:
    pa = load_arrow()
    facts = declared_facts(policy, scope)
    return [pa.field(column(fact), _type(fact), nullable=not fact.required) for fact in facts]


def _type(fact: Fact) -> Any:
    """The type of a column: points, money and numbers are whole."""
    pa = load_arrow()
    kinds = {"date": pa.date32(), "flag": pa.bool_(), "text": pa.string(), "choice": pa.string()}
    return kinds.get(fact.type, pa.int64())
