"""The stored accounts of a programme as a population: Parquet files that are decided elsewhere, or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from tempfile import TemporaryDirectory

from engine.population.files import PopulationWriter
from policies.model import Fact, Policy
from service import ledger
from service.database import Database, reading, rows
from service.publishing import Versions, read_version

PAGE = 500
COUNT = "SELECT COUNT(*) FROM account WHERE policy = ?"
SELECT_IDS = f"SELECT id FROM account WHERE policy = ? AND id > ? ORDER BY id LIMIT {PAGE}"  # noqa: S608


def export(database: Database, policy: Policy, folder: str, step: Callable[[int, int], None]) -> int:
    """Write all accounts of a programme, as they stand at one instant, into a folder; how many there are.

    `step` is told how many are done, of how many. Raises Misfit, OSError, NotInstalled.
    """
    done = 0
    with TemporaryDirectory(prefix="recoup-", dir=folder) as rough:
        writer = PopulationWriter(rough, policy)
        with reading(database):
            count: int = rows(database, COUNT, (policy.id,))[0][0]
            for ids in _pages(database, policy.id):
                found = ledger.whole_accounts(database, ids)
                writer.add([(each.account.policy, each.account.facts, each.lots, each.history) for each in found])
                done += len(found)
                step(done, count)
        writer.finish(folder)
    return done


def policy_of_all(database: Database, versions: Versions, policy: str) -> Policy:
    """The newest text of a programme, which declares whatever any of its texts did: accounts were stored by all of
    them. No such fact has to be stated, because an account may be older than the text that asks for it.
    """
    listed = versions.listed(policy)
    texts = [read_version(database, each.digest).policy for each in sorted(listed, key=lambda each: each.number)]
    newest = texts[-1]
    declared: dict[str, Fact] = {path: text.facts[path] for text in texts for path in text.declared}
    optional = {path: replace(fact, required=False) for path, fact in declared.items()}
    return replace(newest, declared=tuple(declared), facts={**newest.facts, **optional})


def _pages(database: Database, policy: str) -> Iterator[list[str]]:
    after = ""
    while found := [row[0] for row in rows(database, SELECT_IDS, (policy, after))]:
        yield found
        after = found[-1]
