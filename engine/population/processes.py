"""The batch function in several processes, one for each processor."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain, islice
from multiprocessing import get_context
from typing import Any

from engine.population.answers import Asking
from engine.population.batch import BatchFunction
from engine.population.cases import Batch
from engine.population.libraries import load_arrow
from policies.versions import PolicyVersion

AHEAD = 2
"""So many batches wait for each process: enough to keep it busy, and few to keep in memory."""
ALONE = 1
"""So many batches this process answers by itself: others take a second to start."""


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def answers_of(
    version: PolicyVersion, asking: Asking, batches: Iterable[Batch], processes: int | None = None
) -> Iterator[Batch]:
    """The answers to batches of accounts, in their order. Where there are few, this process decides them itself."""
    count = processors() if processes is None else processes
    waiting = iter(batches)
    first = list(islice(waiting, ALONE + 1))
    if count < 2 or len(first) <= ALONE:
        yield from map(BatchFunction(version, asking), chain(first, waiting))
        return
    # Started anew: neither the rules engine nor the threads of DuckDB survive a fork.
    with ProcessPoolExecutor(count, get_context("spawn"), _begin, (version, asking)) as pool:
        asked: deque[Future[bytes]] = deque()
        for batch in chain(first, waiting):
            asked.append(pool.submit(_answer, _packed(batch)))
            if len(asked) > AHEAD * count:
                yield _unpacked(asked.popleft().result())
        while asked:
            yield _unpacked(asked.popleft().result())


_functions: list[BatchFunction] = []


def _begin(version: PolicyVersion, asking: Asking) -> None:
    _functions.append(BatchFunction(version, asking))


def _answer(packed: bytes) -> bytes:
    return _packed(_functions[0](_unpacked(packed)))


def _packed(batch: Batch) -> bytes:
    """A batch on its way to another process."""
    import pyarrow.ipc

    sink = load_arrow().BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def _unpacked(packed: bytes) -> Any:
    import pyarrow.ipc

    with pyarrow.ipc.open_stream(packed) as reader:
        return reader.read_next_batch()
