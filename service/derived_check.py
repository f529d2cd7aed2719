"""Whether what follows from other records does follow from them: the rules by which decisions are found, where
inquiries stand, and the lots that events brought.

The log does not cover these rows, because they can be worked out from those that it covers. A search that finds too
few, or a contest that is in no queue, would go unnoticed all the same. What follows from the ledger's entries and the
moves of refund requests is looked at by `ledger_check.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

import msgspec

from policies.model import Text
from service.database import Database, rows
from service.inquiries import LEADS_TO
from service.records import rules_that_spoke

Spoke = tuple[str, bool, str, str]
"""A row of `decision_rule`: a rule, whether it spoke of the request, and the instant and the id of the decision."""

MISSING = Text(
    "decision_rule: 결정 {decision}에서 규칙 {rule}이(가) {of}에 대해 말한 행이 없습니다",
    "decision_rule: the row is missing that the rule {rule} spoke of {of} in the decision {decision}",
)
EXTRA = Text(
    "decision_rule: 규칙 {rule}이(가) 결정 {decision}({as_of})에서 {of}에 대해 말했다는 행이 있지만 결정에는 없습니다",
    "decision_rule: a row says that the rule {rule} spoke of {of} in the decision {decision} ({as_of}), and it did not",
)
OF = {True: Text("신청", "the request"), False: Text("포인트 묶음", "lots alone")}
INQUIRY = Text(
    "inquiry {0}: 상태 {1}, 기한 {2}, 답변 {3}; 기록에 따르면 {4}, {5}, {6}",
    "inquiry {0}: it is {1}, due on {2}, answered at {3}; its entries lead to {4}, {5}, {6}",
)

OF_OTHERS = Text(
    "inquiry {0}: 계정 {1}의 것으로 되어 있고, 결정 {2}은(는) 계정 {3}의 것입니다",
    "inquiry {0}: it is of the account {1}, and the decision {2} that it is about is of {3}",
)
OPENED = Text(
    "inquiry {0}: {1}에 접수된 것으로 되어 있고, 첫 기록은 {2}의 것입니다",
    "inquiry {0}: it is said to be opened at {1}, and its first entry is of {2}",
)
OTHER_LOT = Text(
    "lot {lot}: {name}이(가) {kept}(으)로 보관되어 있고, 이벤트 {event}의 답에 따르면 {due}",
    "lot {lot}: its {name} is kept as {kept}, and the answer to the event {event} says {due}",
)
NO_LOT = Text(
    "이벤트 {event}: 규칙 {rule}이(가) 지급한 {points} 포인트의 lot이 없습니다",
    "event {event}: there is no lot of the {points} points that the rule {rule} granted",
)
MORE_LOTS = Text(
    "lot {lot}: 이벤트 {event}의 답에 이 포인트가 없습니다",
    "lot {lot}: the answer to the event {event} grants no such points",
)

COLUMNS = "rule, of_request, as_of, decision_id"
COUNT_DECISIONS = "SELECT COUNT(*) FROM decision"
COUNT_ROWS = "SELECT COUNT(*) FROM decision_rule"
SELECT_DECISIONS = "SELECT id, as_of, data FROM decision WHERE id > ? ORDER BY id LIMIT ?"
SELECT_NAMED = "SELECT id, as_of, data FROM decision WHERE id IN ({marks})"
ROW = "(CAST(? AS TEXT), CAST(? AS BOOLEAN), CAST(? AS TEXT), CAST(? AS TEXT))"
# In this order on SQLite, for which that is what CROSS JOIN says: one look into the index for each row.
SELECT_THERE = (
    f"WITH wanted ({COLUMNS}) AS (VALUES {{wanted}})"  # noqa: S608
    " SELECT spoke.rule, spoke.of_request, spoke.as_of, spoke.decision_id FROM wanted CROSS JOIN decision_rule AS spoke"
    f" WHERE {' AND '.join(f'spoke.{name} = wanted.{name}' for name in COLUMNS.split(', '))}"
)
SELECT_FIRST = f"SELECT {COLUMNS} FROM decision_rule ORDER BY {COLUMNS} LIMIT ?"  # noqa: S608
SELECT_BEHIND = f"SELECT {COLUMNS} FROM decision_rule WHERE ({COLUMNS}) > {ROW} ORDER BY {COLUMNS} LIMIT ?"  # noqa: S608
# As many decisions at once, and as many rows.
PAGE, MOST_ROWS = 100, 500

# What of a lot follows from the answer that brought it, in the words of either.
LOT_FACTS = (
    *("rule", "source", "amount", "campaign", "acquired_on", "usable_from_on", "expires_on", "identity_level"),
    "account_id",
)
COUNT_ANSWERS = "SELECT COUNT(*) FROM event_answer"
SELECT_ANSWERS = (
    "SELECT event_id, data, account_id FROM event_answer JOIN event ON event.id = event_id"
    " WHERE event_id > ? ORDER BY event_id LIMIT ?"
)
SELECT_LOTS = f"SELECT event, id, {', '.join(LOT_FACTS)} FROM lot WHERE event IN ({{marks}}) ORDER BY id"  # noqa: S608

STATES = " ".join(f"WHEN '{move}' THEN '{state}'" for move, state in {"open": "open", **LEADS_TO}.items())
SELECT_INQUIRIES = (
    "SELECT id, state, due_on, answered_at, due_state, due_due_on, due_answered_at FROM (SELECT inquiry.id AS id,"  # noqa: S608
    " inquiry.state AS state, CAST(inquiry.due_on AS TEXT) AS due_on,"
    " COALESCE(inquiry.answered_at, '-') AS answered_at,"
    f" COALESCE((SELECT CASE move {STATES} END FROM inquiry_entry WHERE inquiry_id = inquiry.id AND move <> 'ask'"
    " ORDER BY id DESC LIMIT 1), '-') AS due_state,"
    " COALESCE((SELECT CAST(due_on AS TEXT) FROM inquiry_entry WHERE inquiry_id = inquiry.id AND due_on IS NOT NULL"
    " ORDER BY id DESC LIMIT 1), '-') AS due_due_on,"
    " COALESCE((SELECT at FROM inquiry_entry WHERE inquiry_id = inquiry.id AND move = 'answer' AND id >"
    " (SELECT MAX(id) FROM inquiry_entry WHERE inquiry_id = inquiry.id AND due_on IS NOT NULL) ORDER BY id LIMIT 1),"
    " '-') AS due_answered_at FROM inquiry) AS stands WHERE state <> due_state OR due_on <> due_due_on"
    " OR answered_at <> due_answered_at ORDER BY id"
)

SELECT_OF_OTHERS = (
    "SELECT inquiry.id, account_id, decision.id, decision.account FROM inquiry JOIN decision"
    " ON decision.id = decision_id WHERE account_id <> decision.account ORDER BY inquiry.id"
)
SELECT_OPENED = (
    "SELECT inquiry.id, opened_at, at FROM inquiry JOIN inquiry_entry ON inquiry_id = inquiry.id"
    " WHERE move = 'open' AND opened_at <> at ORDER BY inquiry.id"
)


def count(database: Database) -> int:
    """How many decisions and answers will be looked at."""
    return sum(rows(database, each)[0][0] for each in (COUNT_DECISIONS, COUNT_ANSWERS))


def differences(database: Database, tell: Callable[[int], object] = lambda _count: None) -> Iterator[Text]:
    """A sentence for each row that does not follow, or is missing, inside one transaction; `tell` is told now and then
    of how many decisions and answers more.
    """
    there = 0
    for page in _decisions(database):
        expected = [row for each in page for row in _rows_of(*each)]
        for start in range(0, len(expected), MOST_ROWS):
            wanted = expected[start : start + MOST_ROWS]
            met = _there(database, wanted)
            there += len(met)
            yield from (_said(MISSING, row) for row in wanted if row not in met)
        tell(len(page))
    if rows(database, COUNT_ROWS)[0][0] > there:
        yield from _extra(database)
    for stands in rows(database, SELECT_INQUIRIES):
        yield Text(INQUIRY.ko.format(*stands), INQUIRY.en.format(*stands))
    for stands in rows(database, SELECT_OF_OTHERS):
        yield Text(OF_OTHERS.ko.format(*stands), OF_OTHERS.en.format(*stands))
    for stands in rows(database, SELECT_OPENED):
        yield Text(OPENED.ko.format(*stands), OPENED.en.format(*stands))
    after = ""
    while answers := rows(database, SELECT_ANSWERS, (after, PAGE)):
        after = answers[-1][0]
        yield from _lots(database, answers)
        tell(len(answers))


class _Granted(msgspec.Struct):
    """What an answer says of a lot that it brought."""

    rule: str
    source: str
    points: int
    campaign: str
    acquired_on: str
    usable_from_on: str
    expires_on: str | None
    identity_level: int


class _Answer(msgspec.Struct):
    granted: list[_Granted] = []


READ_ANSWER = msgspec.json.Decoder(_Answer)


def _lots(database: Database, answers: Sequence[tuple[str, str, str]]) -> Iterator[Text]:
    """The lots that are not as the answers to events granted them."""
    due: dict[str, list[tuple[Any, ...]]] = {}
    for event, data, account in answers:
        try:
            granted = READ_ANSWER.decode(data).granted
            due[event] = sorted(((*msgspec.structs.astuple(each), account) for each in granted), key=str)
        except msgspec.MsgspecError:
            # The log names an answer that nobody can read.
            continue
    there: dict[str, list[tuple[str, tuple[Any, ...]]]] = {event: [] for event in due}
    for event, lot, *facts in rows(database, SELECT_LOTS.format(marks=", ".join("?" * len(due))), [*due]):
        plain = tuple(each.isoformat() if isinstance(each, date) else each for each in facts)
        there[event].append((lot, plain))
    for event, missing in due.items():
        for each in [*there[event]]:
            if each[1] in missing:
                missing.remove(each[1])
                there[event].remove(each)
        yield from _other_lots(event, missing, sorted(there[event], key=lambda each: str(each[1])))


def _other_lots(
    event: str, granted: Sequence[tuple[Any, ...]], lots: Sequence[tuple[str, tuple[Any, ...]]]
) -> Iterator[Text]:
    """What is different of those that are not the same."""
    for (lot, facts), due in zip(lots, granted, strict=False):
        for name, kept, said in zip(LOT_FACTS, facts, due, strict=True):
            if kept != said:
                figures = {"lot": lot, "name": name, "kept": kept, "event": event, "due": said}
                yield Text(OTHER_LOT.ko.format(**figures), OTHER_LOT.en.format(**figures))
    for lot, _ in lots[len(granted) :]:
        yield Text(MORE_LOTS.ko.format(lot=lot, event=event), MORE_LOTS.en.format(lot=lot, event=event))
    for rule, _, points, *_ in granted[len(lots) :]:
        gone = {"event": event, "rule": rule, "points": points}
        yield Text(NO_LOT.ko.format(**gone), NO_LOT.en.format(**gone))


def _decisions(database: Database) -> Iterator[Sequence[tuple[str, str, str]]]:
    after = ""
    while page := rows(database, SELECT_DECISIONS, (after, PAGE)):
        yield page
        after = page[-1][0]


def _there(database: Database, wanted: Sequence[Spoke]) -> set[Spoke]:
    """Those of some rows that are there."""
    statement = SELECT_THERE.format(wanted=", ".join([ROW] * len(wanted)))
    found = rows(database, statement, [value for row in wanted for value in row])
    return {(rule, bool(of_request), as_of, decision) for rule, of_request, as_of, decision in found}


def _extra(database: Database) -> Iterator[Text]:
    """The rows that follow from no decision: looked for only where there are more rows than follow."""
    page = rows(database, SELECT_FIRST, (MOST_ROWS,))
    while page:
        decisions = sorted({row[3] for row in page})
        named = rows(database, SELECT_NAMED.format(marks=", ".join("?" * len(decisions))), decisions)
        due = {row for each in named for row in _rows_of(*each)}
        for rule, of_request, as_of, decision in page:
            row = (rule, bool(of_request), as_of, decision)
            if row not in due:
                yield _said(EXTRA, row)
        page = rows(database, SELECT_BEHIND, (*page[-1], MOST_ROWS))


def _rows_of(id: str, as_of: str, data: str) -> list[Spoke]:
    """The rows that follow from a decision; from one that nobody can read, none do, and the log names it."""
    try:
        spoke = rules_that_spoke(msgspec.json.decode(data))
    except (AttributeError, KeyError, TypeError, msgspec.DecodeError):
        return []
    return [(rule, of_request, as_of, id) for rule, of_request in spoke.items()]


def _said(text: Text, row: Spoke) -> Text:
    rule, of_request, as_of, decision = row
    of = OF[of_request]
    return Text(
        text.ko.format(rule=rule, of=of.ko, as_of=as_of, decision=decision),
        text.en.format(rule=rule, of=of.en, as_of=as_of, decision=decision),
    )
