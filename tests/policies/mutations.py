"""Rule files with one thing changed: the data of a valid file, its mutations, and their text."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import yaml

from policies.kinds import KINDS
from policies.source import read

EVERYTHING = (Path(__file__).parent / "everything.yaml").read_text("utf-8")

Path_ = tuple[Any, ...]

REPLACEMENTS: tuple[Any, ...] = (
    *(None, [], {}, "", "x", "none", 0, -1, 3, 10**13, True, date(2026, 1, 1), "12 months", "5%"),
    *("$nope", "$monthly_limit", "$life", "account.grade", "lot.acquired_on", "request.points", "any"),
    *({"a": 1}, [1], [[1]], {"x": {"y": []}}, ["account.grade"], {"by": "account.grade", "else": 1}, {"is": "x"}),
)
KEYS: tuple[Any, ...] = (
    *("nope", 7, True, date(2026, 1, 1), "by", "else", "any", "id", "kind", "x" * 100),
    *("account.grade", "a\nb", "$x", "_schema", ""),
)


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # either is one
    def ignore_aliases(self, data: Any) -> bool:
        return True


def text_of(data: Any) -> str:
    """The data as a rule file."""
    written: str = yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10**6)
    return written


@lru_cache(8)
def data_of(text: str) -> Any:
    """A rule file as data, which nobody may change: the same data for the same text."""
    document, problems = read(text.encode(), "policy.yaml")
    assert document is not None, problems
    return document.data


def paths(data: Any, path: Path_ = ()) -> Iterator[Path_]:
    """The path of every node."""
    yield path
    if isinstance(data, dict | list):
        for key, below in data.items() if isinstance(data, dict) else enumerate(data):
            yield from paths(below, (*path, key))


def replaced(data: Any, path: Path_, value: Any) -> Any:
    """The data with another value at a path."""
    if not path:
        return value
    changed = copy.copy(data)
    # What does not lie on the path is shared.
    changed[path[0]] = replaced(data[path[0]], path[1:], value) if path[1:] else value
    return changed


def deleted(data: Any, path: Path_) -> Any:
    """The data without what stands at a path."""
    within = copy.copy(_parent(data, path))
    del within[path[-1]]
    return replaced(data, path[:-1], within)


def renamed(data: Any, path: Path_, key: Any) -> Any:
    """The data with another key for what stands at a path in a map."""
    within = _parent(data, path)
    return replaced(data, path[:-1], {key if each == path[-1] else each: below for each, below in within.items()})


def doubled(data: Any, path: Path_) -> Any:
    """The data with an item of a list once more at its end."""
    within = _parent(data, path)
    return replaced(data, path[:-1], [*within, within[path[-1]]])


def mutations(data: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every mutation: its name, and what makes it."""
    for path in paths(data):
        for value in REPLACEMENTS:
            yield f"{path} = {value!r}", partial(replaced, data, path, value)
        if path:
            yield f"{path} deleted", partial(deleted, data, path)
            if isinstance(_parent(data, path), list):
                yield f"{path} doubled", partial(doubled, data, path)
            else:
                for key in KEYS:
                    yield f"{path} renamed {key!r}", partial(renamed, data, path, key)
    for index, rule in enumerate(data["rules"]):
        for kind in KINDS:
            yield f"rule {index} of kind {kind}", partial(replaced, data, ("rules", index, "kind"), kind)
        for other in data["rules"]:
            if other is not rule:
                called = other["id"]
                yield f"rule {index} called {called}", partial(replaced, data, ("rules", index, "id"), called)


def _parent(data: Any, path: Path_) -> Any:
    for key in path[:-1]:
        data = data[key]
    return data
