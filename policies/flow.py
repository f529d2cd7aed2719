"""Plain data as an author would write it on one line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from policies.problems import Fault
from policies.scalars import read_plain

_LEADING = "-?:,[]{}#&*!|>'\"%@`"
_INSIDE = (": ", " #", "\n", ",", "[", "]", "{", "}", "?")


def written(raw: Any) -> str:
    """Data of a rule file or scenario file as YAML on one line, in which None is `none`; a text has quotes only where
    it needs them.

    >>> written({"lot.source": "promotion", "points": 20_000, "since": date(2026, 7, 1), "terms": "18.2"})
    '{lot.source: promotion, points: 20_000, since: 2026-07-01, terms: "18.2"}'
    """
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int):
        return f"{raw:_}"
    if raw is None:
        return "none"
    if isinstance(raw, Mapping):
        return "{" + ", ".join(f"{written(key)}: {written(each)}" for key, each in raw.items()) + "}"
    if isinstance(raw, list | tuple):
        return f"[{', '.join(map(written, raw))}]"
    return _text(raw) if isinstance(raw, str) else raw.isoformat() if isinstance(raw, date) else str(raw)


def _text(raw: str) -> str:
    return json.dumps(raw, ensure_ascii=False) if _needs_quotes(raw) else raw


def _needs_quotes(raw: str) -> bool:
    meaning = read_plain(raw)
    # In a scenario file a local time is a text of its own, which a rule file does not know.
    if not isinstance(meaning, str) and not (isinstance(meaning, Fault) and meaning.code == "timestamp"):
        return True
    return raw != raw.strip() or raw[0] in _LEADING or raw.endswith(":") or any(each in raw for each in _INSIDE)
