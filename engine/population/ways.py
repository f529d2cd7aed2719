"""How a population is decided: on which engine, and there by a statement or by the batch function, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.calendars import local_day
from engine.compiled import compile_version
from engine.population.answers import Asking
from engine.population.statement import Statement, Unsayable, compile_statement
from policies.model import Text
from policies.problems import both
from policies.versions import PolicyVersion

Engine = Literal["duckdb", "spark", "plain"]
ENGINES: tuple[Engine, ...] = ("duckdb", "spark", "plain")


@dataclass(frozen=True, slots=True)
class Way:
    """By a `statement`, or where there is none by the batch function: because columns cannot say `rule` ("" where it
    is no rule's fault), and `why`.
    """

    statement: Statement | None
    rule: str = ""
    why: Text | None = None


def way_of(version: PolicyVersion, asking: Asking, engine: Engine) -> Way:
    """How an asking is answered. `plain` means the batch function, whatever columns can say.

    Raises BadCase where the asking says what no request can.
    """
    if engine == "plain":
        return Way(None, why=both("그렇게 요청했습니다", "as was asked"))
    compiled = compile_version(version)
    if local_day(asking.as_of, compiled.zone) < version.policy.starts:
        return Way(None, why=both("정책이 아직 시행되지 않았습니다", "the policy is not in force then"))
    try:
        return Way(compile_statement(compiled, asking))
    except Unsayable as cannot:
        return Way(None, cannot.rule, cannot.why)
