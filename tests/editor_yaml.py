"""YAML as an editor sees it: the core schema of YAML 1.2, without the loader's own strictness.

A day and `50_000` are text here, `012` is twelve, and every key is text, as it is for a JSON Schema validator.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_NULL = re.compile(r"~|null|Null|NULL|")
_FLAG = re.compile(r"true|True|TRUE|false|False|FALSE")
_WHOLE = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FRACTION = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)


@dataclass(slots=True)
class Seen:
    """What an editor sees of a file: its data, and the lines, from 1, on which the key and the value of each path
    begin.
    """

    data: Any = None
    lines: dict[Path, set[int]] = field(default_factory=dict)


def see(text: str) -> Seen:
    """The file as an editor sees it. Raises yaml.YAMLError where no parser goes on."""
    seen = Seen()
    root = yaml.compose(text, Loader=_LOADER)
    seen.data = None if root is None else _value(root, (), seen)
    return seen


def _value(node: yaml.Node, path: Path, seen: Seen) -> Any:
    seen.lines.setdefault(path, set()).add(node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        found = {}
        for key, below in node.value:
            name = _key(key)
            seen.lines.setdefault((*path, name), set()).add(key.start_mark.line + 1)
            found[name] = _value(below, (*path, name), seen)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_value(below, (*path, index), seen) for index, below in enumerate(node.value)]
    return _scalar(node)


def _scalar(node: yaml.Node) -> Any:
    # Of a plain word the parser in C says "", the one in Python nothing.
    quoted = isinstance(node, yaml.ScalarNode) and bool(node.style)
    return node.value if quoted else _plain(node.value)


def _key(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        return str(node.value)
    meaning = _scalar(node)
    return str(meaning).lower() if isinstance(meaning, bool) else "null" if meaning is None else str(meaning)


def _plain(word: str) -> Any:
    """An unquoted word."""
    if _NULL.fullmatch(word):
        return None
    if _FLAG.fullmatch(word):
        return word.lower() == "true"
    if _WHOLE.fullmatch(word):
        # Counted before it is converted: Python refuses to convert thousands of digits.
        return int(word) if len(word) < 100 else 10**100
    if _OTHER_BASE.fullmatch(word):
        return int(word, 0)
    return float(word.replace(".inf", "inf").replace(".nan", "nan").lower()) if _FRACTION.fullmatch(word) else word
