"""The batch function: accounts in columns to answers in columns, by the pure engine.

It is the same function wherever accounts are: in this process, in several, or in the workers of a cluster.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from engine.compiled import compile_version
from engine.decide import upshot
from engine.errors import Conflict, NotInForce
from engine.hearing import Hearing
from engine.population.answers import FOUND_OUT, Answer, Asking, answers_schema
from engine.population.cases import Batch, CaseReader, Read
from engine.population.libraries import load_arrow
from policies.versions import PolicyVersion


class BatchFunction:
    """What every account of a batch is answered by one version."""

    def __init__(self, version: PolicyVersion, asking: Asking) -> None:
        self._compiled = compile_version(version)
        self._asking = asking
        self._reader = CaseReader(version.policy, asking)

    def __call__(self, batch: Batch) -> Batch:
        """The answers, by account in the order of the batch and by method in the order of the asking. What cannot be
        decided is answered, too.
        """
        return answers_batch(answer for read in self._reader.cases(batch) for answer in self._answers(read))

    def _answers(self, read: Read) -> list[Answer]:
        methods = self._asking.methods
        if read.case is None:
            return [Answer(read.account_id, method, None, error=read.error) for method in methods]
        try:
            hearing = Hearing(self._compiled, read.case)
        except NotInForce as early:
            return [Answer(read.account_id, method, None, error=f"not-in-force: {early}") for method in methods]
        answers = []
        for position, method in enumerate(methods):
            if position:
                # What is known of the lots holds for the next method, too, as far as no rule asks for the method.
                hearing = hearing.with_facts(replace(read.case, request=self._reader.request(read, method)))
            answers.append(_answer(read.account_id, method, hearing))
        return answers


def _answer(account_id: str, method: str, hearing: Hearing) -> Answer:
    try:
        found = upshot(hearing)
    except Conflict as conflict:
        return Answer(account_id, method, None, error=f"rules-conflict: {conflict}")
    return Answer(account_id, method, *found)


def answers_batch(answers: Iterable[Answer]) -> Batch:
    """Answers as a record batch."""
    pa = load_arrow()
    schema = answers_schema()
    rows = [[getattr(answer, name) for name in FOUND_OUT] for answer in answers]
    columns: list[Any] = list(map(list, zip(*rows, strict=True))) if rows else [[] for _ in FOUND_OUT]
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.record_batch(arrays, schema=schema)
