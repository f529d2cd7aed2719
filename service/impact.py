"""What a change of a policy does to what is stored: to all accounts, or to all decisions.

What is stored is read in pages, up to the last id that there was at the start, and nothing is written: no transaction
lasts longer than a page is read, so whoever serves is not kept waiting, however much there is. Accounts are taken as
they stand when their page is read. Memory holds a few pages and the groups that the answers make.
"""

from __future__ import annotations

import hashlib
import heapq
import os
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing import get_context
from typing import Any
from zoneinfo import ZoneInfo

from engine.comparing import Comparison
from engine.compiled import compile_version
from engine.effect import Effect
from engine.population.answers import Asking
from engine.windows import begins
from policies.versions import PolicyVersion
from service import ledger
from service.clock import spoken
from service.database import Database, in_bytes, reading, rows
from service.records import CASE_GONE

PAGE = 100
ALONE = 3_000
"""So many questions one process answers before others have started."""
AHEAD = 2
"""So many pages wait for each process: enough to keep it busy, and few to keep in memory."""
DAY = timedelta(days=1)

Page = Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Sample:
    """So many of all, chosen by their ids and a seed: the same of both again and again."""

    count: int
    seed: int


@dataclass(frozen=True, slots=True)
class Change:
    """Two versions of a policy, and what accounts are grouped by. `asking` is what accounts ask for; None: what is
    decided again are decisions.
    """

    before: PolicyVersion
    after: PolicyVersion
    by: str
    asking: Asking | None
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which decisions: those on local days of the programme, or by one version, by its digest; None is any."""

    first: date | None = None
    last: date | None = None
    digest: str | None = None


class Stored(ABC):
    """Rows of one table by their ids: all of a policy, or a sample of those."""

    table = ""

    def __init__(self, database: Database, policy: str, sample: Sample | None) -> None:
        self._database = database
        self._where = "policy = ?"
        self._parameters: list[object] = [policy]
        self._sample = sample
        self.rows = 0
        """How many there are."""

    @property
    def looked_at(self) -> int:
        """How many are looked at."""
        return self.rows if self._sample is None else min(self.rows, self._sample.count)

    def pages(self) -> Iterator[Page]:
        """What is stored, some at once."""
        for ids in self._chosen():
            with reading(self._database):
                page = self._page(ids)
            yield page

    def _count(self) -> None:
        with reading(self._database):
            sql = f"SELECT COUNT(*), MAX(id) FROM {self.table} WHERE {self._where}"  # noqa: S608
            self.rows, self._last = rows(self._database, sql, self._parameters)[0]

    def _chosen(self) -> Iterator[list[str]]:
        if self._sample is None:
            yield from self._ids()
            return
        seed = self._sample.seed
        drawn = heapq.nsmallest(
            self._sample.count,
            ((hashlib.sha256(f"{seed}:{each}".encode()).digest(), each) for ids in self._ids() for each in ids),
        )
        found = sorted(each for _, each in drawn)
        for at in range(0, len(found), PAGE):
            yield found[at : at + PAGE]

    def _ids(self) -> Iterator[list[str]]:
        after = ""
        sql = (
            f"SELECT id FROM {self.table}"  # noqa: S608
            f" WHERE id > ? AND id <= ? AND {self._where} ORDER BY id LIMIT {PAGE}"
        )
        while self.rows:
            with reading(self._database):
                found = [row[0] for row in rows(self._database, sql, (after, self._last, *self._parameters))]
            if found:
                yield found
                after = found[-1]
            if len(found) < PAGE:
                return

    @abstractmethod
    def _page(self, ids: list[str]) -> Page:
        """The rows with these ids."""


class Accounts(Stored):
    """The accounts of a policy, each with its lots and its refunds."""

    table = "account"

    def __init__(self, database: Database, policy: str, sample: Sample | None = None) -> None:
        super().__init__(database, policy, sample)
        self._count()

    def _page(self, ids: list[str]) -> Page:
        found = ledger.whole_accounts(self._database, ids)
        return [(each.account.facts, each.lots, each.history) for each in found]


class Decisions(Stored):
    """The decisions of a policy that are chosen, each with its account and the text of its case."""

    table = "decision"

    def __init__(
        self, database: Database, policy: str, zone: ZoneInfo, chosen: Chosen, sample: Sample | None = None
    ) -> None:
        super().__init__(database, policy, sample)
        bounds = (("as_of >= ?", chosen.first), ("as_of < ?", chosen.last and chosen.last + DAY))
        for condition, day in bounds:
            if day is not None:
                self._where += f" AND {condition}"
                self._parameters.append(spoken(begins(day, zone)))
        if chosen.digest is not None:
            self._where += " AND digest = ?"
            self._parameters.append(chosen.digest)
        self._count()

    def _page(self, ids: list[str]) -> Page:
        named = ", ".join("?" * len(ids))
        case = in_bytes(self._database, "case_data")
        sql = f"SELECT id, account, {case} FROM decision WHERE id IN ({named}) ORDER BY id"  # noqa: S608
        return rows(self._database, sql, ids)


def effect_of(change: Change, stored: Stored, processes: int, step: Callable[[int], None]) -> Effect:
    """What a change does to what is stored. `step` is told how many were looked at; where there are few, or one
    processor, this process decides them all itself.
    """
    questions = stored.looked_at * (len(change.asking.methods) if change.asking else 1)
    found = Effect()
    if processes < 2 or questions <= ALONE:
        decider = _Decider(change)
        for page in stored.pages():
            found.merge(decider.effect(page))
            step(len(page))
        return found
    # Started anew: the rules engine does not survive a fork, and a connection to the database is of one process.
    with ProcessPoolExecutor(processes, get_context("spawn"), _begin, (change,)) as pool:
        waiting: deque[tuple[Future[Effect], int]] = deque()
        for page in stored.pages():
            waiting.append((pool.submit(_decide, page), len(page)))
            if len(waiting) > AHEAD * processes:
                _take(waiting, found, step)
        while waiting:
            _take(waiting, found, step)
    return found


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _take(waiting: deque[tuple[Future[Effect], int]], found: Effect, step: Callable[[int], None]) -> None:
    future, count = waiting.popleft()
    found.merge(future.result())
    step(count)


class _Decider:
    """Decides pages of what is stored, by both versions."""

    def __init__(self, change: Change) -> None:
        before, after = compile_version(change.before), compile_version(change.after)
        self._comparison = Comparison(before, after, change.by, change.language)
        self._asking = change.asking

    def effect(self, page: Page) -> Effect:
        """What the change does to a page."""
        found = Effect()
        for each in page:
            if self._asking is not None:
                facts, lots, history = each
                self._comparison.add_account(found, facts, lots, history, self._asking)
                continue
            decision, account, case = each
            if bytes(case) == _GONE:
                self._comparison.add_erased(found, decision, account)
            else:
                self._comparison.add_case(found, decision, account, case)
        return found


_GONE = CASE_GONE.encode()
_deciders: list[_Decider] = []


def _begin(change: Change) -> None:
    from service.memory import collect_seldom

    collect_seldom()
    _deciders.append(_Decider(change))


def _decide(page: Page) -> Effect:
    return _deciders[0].effect(page)
