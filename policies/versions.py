"""A policy version: one text, with the days that its calendar came to, known by its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from policies.model import Policy
from policies.source import read


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One unchangeable text of a policy.

    `number` counts the published versions from 1 and is None for a text that is not published. `holidays` are the
    days, ascending, that are no business days: they are part of the version, because a later release of the
    calendar's library may know others and must not change an old decision.
    """

    policy: Policy
    text: str
    digest: str
    number: int | None
    holidays: tuple[date, ...]

    @property
    def name(self) -> str:
        """`kt-points@7`, or `kt-points@draft` for a text that is not published."""
        return f"{self.policy.id}@{self.number or 'draft'}"


def canonical_text(text: str, holidays: Iterable[date], again: int | None = None) -> str:
    """What a version means, as one line of JSON: the file's data without layout and comments, and its holidays.

    Two files of the same meaning have the same canonical text, and so the same digest. What is published `again` under
    a later number says that number, too.
    """
    document, problems = read(text.encode(), "policy")
    assert document is not None, problems
    content: dict[str, object] = {"policy": _plain(document.data), "holidays": [day.isoformat() for day in holidays]}
    if again is not None:
        content["again"] = again
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest_of(canonical: str) -> str:
    """The digest of a canonical text: `sha256:` and 64 hexadecimal digits."""
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def make_version(policy: Policy, text: str, holidays: tuple[date, ...], number: int | None = None) -> PolicyVersion:
    """The version of a policy that was loaded from `text`."""
    return PolicyVersion(policy, text, digest_of(canonical_text(text, holidays)), number, holidays)


def published_again(version: PolicyVersion, number: int) -> PolicyVersion:
    """The same meaning under a later number, with a digest of its own: a digest stands for one version."""
    digest = digest_of(canonical_text(version.text, version.holidays, number))
    return replace(version, number=number, digest=digest)


def _plain(data: object) -> object:
    """Data that JSON can hold: days become text, and keys too."""
    if isinstance(data, dict):
        return {_key(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_plain(item) for item in data]
    return data.isoformat() if isinstance(data, date) else data


def _key(key: object) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key)
