"""Other engines that decide the cases of the benchmark: each says as much of the decision as it can.

What an engine cannot say is done by Python within its time, and told beside its row. An engine that is not installed
here is named and left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from benchmarks.cases import Json

ENGINES = ("durable_rules", "zen_engine", "regorus", "cedar", "clips_engine", "drools_engine")
"""Their modules; each has a function `peers`."""


class Missing(Exception):
    """What is not there that an engine needs, in one line."""


def as_it_is(case: Json) -> Json:
    """The case, for an engine that reads it as everybody does."""
    return case


@dataclass(frozen=True, slots=True)
class Peer:
    """One way to decide the cases by another engine.

    `prepared` makes of a case what `decide` reads, outside its time. `by_python` names what the engine cannot say.
    `microseconds`, where it is given, times each of the prepared cases where the engine itself runs. One that
    `warms_up` is faster once it has run for some seconds.
    """

    name: str
    decide: Callable[[Any], Any]
    by_python: str
    prepared: Callable[[Json], Any] = as_it_is
    microseconds: Callable[[Sequence[Any]], list[float]] | None = None
    warms_up: bool = False


def load(engines: Iterable[str] = ENGINES) -> tuple[list[Peer], list[str]]:
    """The peers that run here, and one line for each engine that does not."""
    found: list[Peer] = []
    missing = []
    for engine in engines:
        try:
            found += import_module(f"{__name__}.{engine}").peers()
        except ModuleNotFoundError as problem:
            if (problem.name or "").startswith("benchmarks"):
                raise
            missing.append(f"{engine}: the package of {problem.name} is not installed; make bench installs it")
        except Missing as problem:
            missing.append(f"{engine}: {problem}")
    return found, missing
