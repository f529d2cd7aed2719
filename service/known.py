"""Whether what somebody looks for was ever there: an empty list does not tell a typing error from an answer.

What was there once is known for ever: a rule of an older version, a key that was revoked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.compiled import BUILT_IN
from policies.model import Text
from policies.problems import did_you_mean
from service.database import Database, rows
from service.publishing import Versions
from service.reads import ANYONE

SELECT_SPOKE = "SELECT 1 FROM decision_rule WHERE rule = ? LIMIT 1"
# An account may have been in the body of a request only.
SELECT_ACCOUNT = "SELECT 1 FROM account WHERE id = ? UNION ALL SELECT 1 FROM decision WHERE account = ? LIMIT 1"
SELECT_DECISION = "SELECT 1 FROM decision WHERE id = ?"
SELECT_READER = "SELECT 1 FROM decision_read WHERE reader = ? LIMIT 1"
SELECT_HOLDERS = "SELECT DISTINCT name FROM access_key ORDER BY name"


def account(database: Database, id: str) -> bool:
    """Whether there is such an account, or a decision about one."""
    return bool(rows(database, SELECT_ACCOUNT, (id, id)))


def decision(database: Database, id: str) -> bool:
    """Whether a decision of this id is kept."""
    return bool(rows(database, SELECT_DECISION, (id,)))


def reader(database: Database, name: str) -> bool:
    """Whether a key has or had this name, or somebody of this name read a decision."""
    return name in _holders(database) or bool(rows(database, SELECT_READER, (name,)))


def rule(database: Database, versions: Versions, id: str, policy: str | None = None) -> bool:
    """Whether any published text has a rule of this id, or any of one policy; or the engine itself."""
    if policy is None and rows(database, SELECT_SPOKE, (id,)):
        return True
    return id in {each.id for each in BUILT_IN} or any(id in ids for ids in _ids_of_rules(versions, policy))


def like_a_rule(versions: Versions, id: str, policy: str | None = None) -> Text:
    """What may be said behind a rule that is not known: a rule that was meant, or nothing."""
    return _hint(id, sorted({each for ids in _ids_of_rules(versions, policy) for each in ids}))


def like_a_reader(database: Database, name: str) -> Text:
    """The same of a reader."""
    return _hint(name, _holders(database))


def _ids_of_rules(versions: Versions, policy: str | None) -> Iterator[set[str]]:
    """The ids of the rules of each version, the newest of a policy first."""
    for name in versions.policies() if policy is None else [policy]:
        for listed in versions.listed(name):
            yield {each.id for each in versions.compiled(listed.digest).policy.rules}


def _holders(database: Database) -> list[str]:
    return [ANYONE.name, *(name for (name,) in rows(database, SELECT_HOLDERS))]


def _hint(word: str, candidates: Iterable[str]) -> Text:
    found = did_you_mean(word, candidates)
    return Text("", "") if found is None else Text(f" {found.ko}", f"; {found.en}")
