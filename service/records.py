"""Decisions as they are kept: the case, the decision and the digest of the text that was in force.

Written once and never changed; what was decided can be decided again from the row alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import MsgspecError
from peewee import Database

from engine.decision import Decision
from policies.model import Text
from policies.problems import both
from service.clock import stored, to_the_second
from service.database import execute, execute_many, rows
from service.errors import Damage
from service.json_body import canonical

INSERT = (
    "INSERT INTO decision"
    " (id, account, policy, digest, outcome, points, as_of, decided_at, case_data, data)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_RULE = "INSERT INTO decision_rule (rule, of_request, as_of, decision_id) VALUES (?, ?, ?, ?)"
RETENTION = "retention"
CASE_GONE = canonical({"erased": RETENTION})
"""What stands where the case of a decision, or of an answer to an event, was kept for its time."""
# What of a request says how much was asked for and by which route, and nothing of who asked.
KEPT_OF_REQUEST = ("points", "money", "method")

# What a row repeats of its decision, to be found by.
BESIDE = ("account", "policy", "digest", "outcome", "points", "as_of")
SELECT = f"SELECT decided_at, case_data, data, {', '.join(BESIDE)} FROM decision WHERE id = ?"  # noqa: S608

GONE = both("기록의 나무에는 있으나 행이 없습니다", "it stands in the log, and its row is gone")
NO_JSON = both("JSON이 아닙니다", "it is no JSON")
NO_DECISION = both("결정이 아닙니다({error})", "it is no decision ({error})")
CONTRADICTS = both("앞뒤가 맞지 않습니다({error})", "it contradicts itself ({error})")
OTHERWISE = both("찾기에 쓰는 {name} 열이 기록과 다릅니다", "the column {name}, by which it is found, says otherwise")
NO_INSTANT = both("결정한 때가 시각이 아닙니다", "when it was decided is no instant")


class _Typed(msgspec.Struct):
    """What is shown and sent of a decision wherever it is named, by its types."""

    policy: str
    as_of: datetime
    requested_on: date
    points: int
    payout: int
    fee: int
    payable_on: date | None
    last_held_on: date | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A decision: when it was made, on what, and what came out (both plain JSON data). One that is only
    answered has no id, and need not say on what.
    """

    id: str
    decided_at: str
    case: Mapping[str, Any]
    decision: Mapping[str, Any]

    @property
    def erased(self) -> bool:
        """Whether the case was erased when its time was over; see `without_facts`."""
        return "erased" in self.decision


def keep(database: Database, record: Record, at: datetime) -> None:
    """Write one decision, inside the transaction of what it decides about."""
    decision = record.decision
    check_sums(decision)
    execute(
        database,
        INSERT,
        (
            record.id,
            decision["account"],
            decision["policy"],
            decision["digest"],
            decision["outcome"],
            decision["points"],
            decision["as_of"],
            stored(at),
            canonical(record.case),
            canonical(decision),
        ),
    )
    spoken = rules_that_spoke(decision).items()
    execute_many(
        database, INSERT_RULE, [(rule, of_request, decision["as_of"], record.id) for rule, of_request in spoken]
    )


def rules_that_spoke(decision: Mapping[str, Any]) -> dict[str, bool]:
    """The rules that spoke in a decision, and whether of the request: the others spoke only of lots that cannot pay."""
    of_lots = {why["rule"]: False for lot in decision["lots"] for why in lot["reasons"]}
    return of_lots | {reason["rule"]: True for reason in decision["reasons"]}


def without_facts(decision: Mapping[str, Any]) -> dict[str, Any]:
    """What remains of a decision whose time is over: what was decided, by which rules, of which lots, in which amounts.

    The facts of the request go, and what each stage saw; of that stays the room that rules left to who asked for all.
    """
    request, trace = decision["request"], decision["trace"]
    return {
        **decision,
        "request": {name: request[name] for name in KEPT_OF_REQUEST if name in request},
        "trace": [{"stage": stage["stage"], "rules": [*_rooms(stage["rules"])]} for stage in trace],
        "erased": RETENTION,
    }


def _rooms(rules: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for each in rules:
        room = (each.get("figures") or {}).get("room")
        if room is not None and each.get("applies"):
            stands = {name: each[name] for name in ("excepted_by", "silenced_by") if name in each}
            yield {"rule": each["rule"], "applies": True, **stands, "figures": {"room": room}}


def find(database: Database, id: str) -> Record | None:
    """The decision of an id. Raises Damage where what is kept is not what was written, as far as the row tells."""
    found = rows(database, SELECT, (id,))
    if not found:
        refuse_gone(database, id)
        return None
    decided_at, case, data, *beside = found[0]
    decision = decision_in(id, data, beside)
    try:
        datetime.fromisoformat(decided_at)
    except (TypeError, ValueError) as error:
        raise damaged(id, NO_INSTANT) from error
    return Record(id, to_the_second(decided_at), decoded(id, case), decision)


def refuse_gone(database: Database, id: str) -> None:
    """Raise Damage where a decision of this id is not kept any more, though the log has its leaf."""
    if rows(database, "SELECT 1 FROM log_leaf WHERE kind = 'decision' AND reference = ? LIMIT 1", (id,)):
        raise damaged(id, GONE)


def decision_in(id: str, data: str, beside: Sequence[object]) -> Mapping[str, Any]:
    """The decision in a row, of which stand `beside` it what BESIDE names. Raises Damage where it is none, does not
    keep its laws or is not the one that it is found as.
    """
    decision = typed(id, data)
    try:
        Decision.from_data(decision)
        other = next((name for name, value in zip(BESIDE, beside, strict=True) if decision[name] != value), None)
    except AssertionError as error:
        raise damaged(id, CONTRADICTS, error=error) from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise damaged(id, NO_DECISION, error=f"{type(error).__name__}: {error}") from error
    if other is not None:
        raise damaged(id, OTHERWISE, name=other)
    return decision


def typed(id: str, data: str) -> Mapping[str, Any]:
    """The decision in the text of a row, as far as its types go. Raises Damage where it is none."""
    decision: Mapping[str, Any] = decoded(id, data)
    try:
        msgspec.convert(decision, _Typed)
    except msgspec.ValidationError as error:
        raise damaged(id, NO_DECISION, error=error) from error
    return decision


def decoded(id: str, text: str) -> Any:
    """What JSON of a decision's row holds. Raises Damage where it is none."""
    try:
        return msgspec.json.decode(text)
    except (MsgspecError, RecursionError, TypeError, UnicodeError) as error:
        raise damaged(id, NO_JSON) from error


def damaged(id: str, why: Text, **figures: object) -> Damage:
    """The refusal of a decision whose record is not what was written."""
    return Damage("record-damaged", id, Text(why.ko.format(**figures), why.en.format(**figures)))


def check_sums(decision: Mapping[str, Any]) -> None:
    """Assert that the parts of a decision come to its whole, before it is stored and after it is loaded."""
    denied = decision["outcome"] == "denied"
    allocated = sum(part["points"] for part in decision["allocation"])
    assert allocated == (0 if denied else decision["points"]), "the lots pay just what is asked"
    parts = [decision[name] for name in ("payout", "fee", "tax", "offset")]
    assert min(parts) >= 0, "nothing that is kept or received is below zero"
    assert decision["gross"] == sum(parts), "what is kept and what is received come to the gross"
