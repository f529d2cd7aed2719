"""From what a caller asks to what was decided: gather the case, decide, keep.

Judging alone reads one picture of the account, decides, and keeps the decision; many at once are judged on one picture
and kept together. Filing a refund request is one transaction: it claims the key, locks the account, decides, holds the
lots, files, records and announces, or does nothing at all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.cases import BadCase, read_case
from engine.compiled import CompiledVersion
from engine.decide import decide
from engine.errors import Conflict, NotInForce
from engine.facts import Case, case_data
from engine.reading import parts_of
from service import ledger, moves, records, refund_requests
from service.clock import Clock, spoken
from service.database import Database, Unavailable, connected, lock, reading, writing
from service.errors import FieldError, Refusal, pointer
from service.idempotency import Answer, claim, digest_of, finish
from service.ids import new_id
from service.ledger import StoredAccount
from service.messages import refund_request_data
from service.outbox import announce
from service.publishing import Versions, local_day_of
from service.records import Record
from service.refund_requests import Filed, Hold

log = logging.getLogger("recoup.service")

Answering = Callable[[Filed, list[Hold], Record], Answer]


@dataclass(frozen=True, slots=True)
class Question:
    """What a decision is asked on: a stored account's id, or an account in full with lots and history."""

    account: str | Mapping[str, Any]
    request: Mapping[str, Any]
    lots: list[Any] | None = None
    history: list[Any] | None = None
    as_of: datetime | None = None
    policy: str | None = None

    @property
    def stored(self) -> tuple[str, ...]:
        """The stored account that it is about, if it is about one."""
        return (self.account,) if isinstance(self.account, str) else ()


@dataclass(frozen=True, slots=True)
class Judged:
    """A decision, as plain JSON data, and the whole case that it was made on."""

    case: Case
    decision: Mapping[str, Any]

    def record(self, now: datetime, *, kept: bool = True) -> Record:
        """What is kept of it, under a new id; or what is only answered."""
        if not kept:
            return Record("", spoken(now), {}, self.decision)
        return Record(new_id("D", now), spoken(now), case_data(self.case), self.decision)


class Judge:
    """Decides on the accounts of one database by its published policies."""

    def __init__(self, database: Database, versions: Versions, clock: Clock) -> None:
        self._database = database
        self._versions = versions
        self._clock = clock

    def judge(self, question: Question, *, record: bool) -> Record:
        """Decide, and keep the decision when it is to be recorded. Raises Refusal, Unavailable."""
        now = self._clock()
        # One connection for all of it: PostgreSQL is asked each time that one is taken whether it is still there.
        with connected(self._database):
            with reading(self._database):
                behind = moves.behind(self._database, self._versions, question.stored, now)
                judged = None if behind else self._judge(question, now)
            if judged is None:
                moves.book(self._database, self._versions, behind, now)
                with reading(self._database):
                    judged = self._judge(question, now)
            made = judged.record(now, kept=record)
            if record:
                writing(self._database, lambda: records.keep(self._database, made, now))
        return made

    def judge_many(self, asked: Sequence[tuple[Question, bool]]) -> list[Record | Refusal]:
        """Decide each question, on one picture of all accounts and at one instant; those that are to be recorded are
        kept in one transaction. What is refused is refused by itself. Raises Unavailable: nothing was kept.
        """
        if not asked:
            return []
        now = self._clock()
        stored = dict.fromkeys(account for each, _ in asked for account in each.stored)
        moves.before_looks(self._database, self._versions, stored, now)
        try:
            with reading(self._database):
                made = [self._judge_or_refuse(question, now, record) for question, record in asked]
        except Unavailable:
            raise
        except Exception:
            # One of them met a bug, after which PostgreSQL answers nothing more in the same picture.
            made = [self._judge_alone(question, now, record) for question, record in asked]
        kept = [each for each, (_, record) in zip(made, asked, strict=True) if record and isinstance(each, Record)]
        if kept:
            writing(self._database, lambda: self._keep(kept, now))
        return made

    def file(self, body: Mapping[str, Any], key: str, answer: Answering) -> Answer:
        """File a refund request of a stored account, once for each key. Raises Refusal, Unavailable.

        `answer` says what to answer a request that was just filed; whoever sends the key again gets the same.
        """
        return writing(self._database, lambda: self.file_within(body, key, answer))

    def file_within(self, body: Mapping[str, Any], key: str, answer: Answering) -> Answer:
        """The same inside a write transaction that is open already."""
        database = self._database
        now = self._clock()
        known = claim(database, key, digest_of(body), now)
        if known is not None:
            return known
        request = body["request"]
        account = self._account(body["account"], locked=True)
        moves.lapse_overdue(database, self._versions, account.id, now)
        receiving = _receiving_account(request)
        if receiving:
            # Limits may count by receiving account, over accounts. Always after the account, so
            # that two requests cannot wait for each other.
            lock(database, f"recoup:receiving:{receiving}")
        history = ledger.history_of(database, account.id, receiving)
        # Clocks of two machines differ, and a clock may be set back: a refund that was filed
        # before this one must not lie in its future, where no limit would count it.
        at = max([now.replace(microsecond=0), *(datetime.fromisoformat(past["requested_at"]) for past in history)])
        lots = ledger.lots_of(database, account.id)
        compiled = self._in_force(_policy_of(account, body.get("policy")), at)
        judged = judged_by(compiled, account.facts, lots, request, history, at, stored_account=True)
        record = judged.record(now)
        request_id = new_id("R", now)
        records.keep(database, record, now)
        filed = refund_requests.file(database, request_id, record.id, judged.decision, at)
        allocation = [(part["lot"], part["points"]) for part in judged.decision["allocation"]]
        ledger.hold(database, account.id, request_id, allocation, at, now)
        announce(database, f"refund_request.{filed.state}", account.id, refund_request_data(filed), now)
        answered = answer(filed, refund_requests.holds_of(database, request_id), record)
        finish(database, key, answered)
        return answered

    def _judge(self, question: Question, now: datetime) -> Judged:
        at = question.as_of or now.replace(microsecond=0)
        if isinstance(question.account, str):
            account = self._account(question.account)
            receiving = _receiving_account(question.request)
            history = [
                past
                for past in ledger.history_of(self._database, question.account, receiving)
                if past["requested_at"] <= spoken(at)
            ]
            # Who asks for no instant is answered by all that is booked, in the second that has begun as well.
            lots = ledger.lots_of(self._database, question.account, question.as_of if at < now else None)
            compiled = self._in_force(_policy_of(account, question.policy), at)
            return judged_by(compiled, account.facts, lots, question.request, history, at, stored_account=True)
        compiled = self._in_force(self._only_policy(question.policy), at)
        lots, history = question.lots or [], question.history or []
        return judged_by(compiled, question.account, lots, question.request, history, at, stored_account=False)

    def _keep(self, made: Sequence[Record], now: datetime) -> None:
        for each in made:
            records.keep(self._database, each, now)

    def _judge_or_refuse(self, question: Question, now: datetime, record: bool) -> Record | Refusal:
        try:
            return self._judge(question, now).record(now, kept=record)
        except Refusal as refusal:
            return refusal

    def _judge_alone(self, question: Question, now: datetime, record: bool) -> Record | Refusal:
        try:
            with reading(self._database):
                return self._judge_or_refuse(question, now, record)
        except Unavailable:
            return Refusal("unavailable")
        except Exception as error:
            log.error("a decision of a batch: a bug", exc_info=error)
            return Refusal("internal-error")

    def _account(self, id: str, *, locked: bool = False) -> StoredAccount:
        account = ledger.find_account(self._database, id, locked=locked)
        if account is None:
            raise Refusal("unknown-account", [FieldError.at(("account",), "unknown")], account=id)
        return account

    def _only_policy(self, asked: str | None) -> str:
        known = self._versions.policies()
        if asked is None and len(known) == 1:
            return known[0]
        if asked in known:
            return asked
        code = "policy-required" if asked is None and known else "unknown-policy"
        names = ", ".join(known) or "-"
        mistake = FieldError.at(("policy",), "missing" if asked is None else "unknown-policy", known=names)
        raise Refusal(code, [mistake], known=names)

    def _in_force(self, policy: str, at: datetime) -> CompiledVersion:
        compiled = self._versions.in_force(policy, at)
        if compiled is None:
            raise Refusal("not-in-force", policy=policy, day=spoken(at))
        return compiled


def _policy_of(account: StoredAccount, asked: str | None) -> str:
    """The policy of a stored account: the points of one programme are not refunded by another."""
    if asked not in (None, account.policy):
        raise Refusal("other-policy", policy=account.policy)
    return account.policy


def _receiving_account(request: Mapping[str, Any]) -> str:
    """Where the money goes, as far as it can be told before the request is read by the policy."""
    found = request.get("receiving_account", "")
    return found if isinstance(found, str) else ""


def judged_by(
    compiled: CompiledVersion,
    account: Mapping[str, Any],
    lots: list[Any],
    request: Mapping[str, Any],
    history: list[Any],
    at: datetime,
    *,
    stored_account: bool,
) -> Judged:
    """Decide one case by one version. Raises Refusal: of the caller's mistake, or of the stored account's."""
    data = {"account": account, "lots": lots, "request": request, "history": history, "as_of": spoken(at)}
    try:
        case = read_case(compiled.policy, data)
        decision = decide(compiled, case).to_data()
    except BadCase as error:
        raise unfit(error, stored_account=stored_account) from None
    except NotInForce:
        day = local_day_of(compiled, at)
        raise Refusal("not-in-force", policy=compiled.policy.id, day=day) from None
    except Conflict as error:
        raise Refusal("rules-conflict", conflict=str(error)) from None
    return Judged(case, decision)


def unfit(error: BadCase, *, stored_account: bool) -> Refusal:
    """Whose mistake it is: the caller's, or that of an account which was stored for another text."""
    errors = [FieldError({"pointer": pointer(parts_of(path))}, mistake.text) for path, mistake in error.mistakes]
    in_body = not stored_account or any(path.partition(".")[0] == "request" for path, _ in error.errors)
    return Refusal("bad-request" if in_body else "account-does-not-fit", errors)
