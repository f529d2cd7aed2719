"""What holds of the ledger at every moment, as statements that find whatever breaks it, and where.

Each check is one statement that answers the id of what is wrong and the figures of the sentence about it; on a sound
database it answers nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from policies.model import Text
from service.database import Database, on_sqlite, rows
from service.moves import KINDS
from service.tables import (
    TABLES,
    Account,
    Decision,
    Event,
    Inquiry,
    LedgerEntry,
    Lot,
    MemberToken,
    RefundRequest,
    Session,
)
from service.tables_publishing import PolicyVersion


@dataclass(frozen=True, slots=True)
class Check:
    """A statement, what it says when it finds something ({0} is the id), and what it makes sure of."""

    name: str
    text: Text
    sql: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as it must be: by which check, of what, and the sentence about it."""

    check: str
    id: str
    text: Text


# A value of a text that holds JSON, or one in an object in it, which each database reads in its own words.
JSON = re.compile(r"JSON\((\w+\.\w+), '([\w.]+)'\)")


def _sum(points: str) -> str:
    return f"CAST(COALESCE(SUM({points}), 0) AS BIGINT)"


def _compared() -> str:
    """The requests that are kept with something else than their decision says: the first of it."""
    names = [name for name, _, _ in AS_DECIDED]
    columns = ", ".join(f"{kept} AS {name}, {decided} AS due_{name}" for name, kept, decided in AS_DECIDED)
    first = [
        "CASE " + " ".join(f"WHEN {name} <> due_{name} THEN {shown.format(name)}" for name in names) + " END"
        for shown in ("'{0}'", "{0}", "due_{0}")
    ]
    return (
        f"SELECT id, {', '.join(first)} FROM (SELECT refund_request.id AS id, {columns} FROM refund_request"  # noqa: S608
        " JOIN decision ON decision.id = decision_id) AS kept"
        f" WHERE {' OR '.join(f'{name} <> due_{name}' for name in names)} ORDER BY id"
    )


def _orphans() -> str:
    """The rows that name another one which is not there."""
    return " UNION ALL ".join(
        f"SELECT CAST(child.\"{KEYS[table]}\" AS TEXT), '{table}', '{parent}', CAST(child.\"{column}\" AS TEXT)"  # noqa: S608
        f' FROM "{table}" child LEFT JOIN "{parent}" parent ON parent."{parent_key}" = child."{column}"'
        f' WHERE child."{column}" IS NOT NULL AND parent."{parent_key}" IS NULL'
        for table, column, parent, parent_key in PARENTS
    )


GIVEN_BACK = "', '".join(kind.state for kind in KINDS.values() if kind.state not in ("approved", "settled"))
# The link of a request was erased where it was, or in its decision, or went with all facts of that.
LINK_GONE = (
    "SUBSTR(refund_request.receiving_account, 1, 7) = 'erased-'"
    " OR SUBSTR(JSON(decision.data, 'request.receiving_account'), 1, 7) = 'erased-'"
    " OR JSON(decision.data, 'erased') IS NOT NULL"
)
# What a request is kept with, and what its decision says, each as text.
KEPT_LINK = "refund_request.receiving_account"
DUE_LINK = (
    f"CASE WHEN {LINK_GONE} THEN {KEPT_LINK} ELSE COALESCE(JSON(decision.data, 'request.receiving_account'), '') END"
)
AS_DECIDED = (
    ("payout", "CAST(refund_request.payout AS TEXT)", "COALESCE(CAST(JSON(decision.data, 'payout') AS TEXT), '0')"),
    (
        "last_held_on",
        "COALESCE(CAST(refund_request.last_held_on AS TEXT), '-')",
        "COALESCE(CAST(JSON(decision.data, 'last_held_on') AS TEXT), '-')",
    ),
    ("account_id", "refund_request.account_id", "decision.account"),
    ("points", "CAST(refund_request.points AS TEXT)", "CAST(decision.points AS TEXT)"),
    ("method", "refund_request.method", "COALESCE(JSON(decision.data, 'request.method'), '-')"),
    ("requested_at", "REPLACE(refund_request.requested_at, '.000000Z', 'Z')", "decision.as_of"),
    ("receiving_account", KEPT_LINK, DUE_LINK),
)
# Which rows belong to which: foreign keys can be switched off. Of a decision of a request, `a-decision-stays` tells.
OWNERS = (Account, Lot, Decision, RefundRequest, LedgerEntry, Event, Inquiry, PolicyVersion)
PARENTS = [
    (table._meta.table_name, field.column_name, field.rel_model._meta.table_name, field.rel_field.column_name)
    for table in TABLES
    for field in table._meta.refs
    if field.rel_model in OWNERS
    and table not in (MemberToken, Session)
    and (table, field.rel_model) != (RefundRequest, Decision)
]
KEYS = {table._meta.table_name: getattr(table._meta.primary_key, "column_name", "") for table in TABLES}
STEPS = " OR ".join(
    f"(\"move\".name = '{name}' AND \"move\".before = '{before}' AND \"move\".state = '{kind.state}')"
    for name, kind in KINDS.items()
    for before in kind.before
)

# Of each entry that brought points to a lot: what was claimed of the lot and what the account owed before it; what it
# paid of the claims, what of that was owed by the account too, and what it paid of debts in all.
CAME = (
    "SELECT came.id AS id, came.lot_id AS lot_id, came.points AS points,"
    " (SELECT COALESCE(SUM(due.points), 0) FROM claim_entry due WHERE due.lot_id = came.lot_id"
    " AND due.since < came.id AND due.part IN ('own', 'other'))"
    " + (SELECT COALESCE(SUM(due.points), 0) FROM debt_entry due WHERE due.lot_id = came.lot_id"
    " AND due.since < came.id) AS claimed,"
    " (SELECT COALESCE(SUM(due.points), 0) FROM debt_entry due WHERE due.account_id = lot.account_id"
    " AND due.since < came.id AND due.lot_id IS NULL) AS owed,"
    " (SELECT COALESCE(-SUM(paid.points), 0) FROM claim_entry paid WHERE paid.since = came.id"
    " AND paid.paid_by IS NOT NULL AND paid.part IN ('own', 'other') AND paid.lot_id = came.lot_id)"
    " + (SELECT COALESCE(-SUM(paid.points), 0) FROM debt_entry paid WHERE paid.since = came.id"
    " AND paid.paid_by IS NOT NULL AND paid.lot_id = came.lot_id) AS taken,"
    " (SELECT COALESCE(-SUM(paid.points), 0) FROM debt_entry paid WHERE paid.since = came.id AND paid.lot_id IS NULL"
    " AND paid.paid_by IN (SELECT own.paid_by FROM claim_entry own WHERE own.since = came.id AND own.part = 'own'))"
    " AS both_,"
    " (SELECT COALESCE(-SUM(paid.points), 0) FROM debt_entry paid WHERE paid.since = came.id"
    " AND paid.paid_by IS NOT NULL AND paid.lot_id IS NULL) AS repaid"
    " FROM ledger_entry came JOIN lot ON lot.id = came.lot_id"
    " WHERE lot.account_id IN (SELECT account_id FROM debt_entry UNION SELECT account_id FROM claim_entry)"
    " AND (came.kind IN ('grant', 'release', 'reverse') OR (came.kind IN ('use', 'take_back', 'repay')"
    " AND came.points > 0))"
)

CHECKS = (
    Check(
        "left-is-the-sum",
        Text("포인트 묶음 {0}: 잔여 {1}, 기록의 합 {2}", "lot {0}: {1} points are left, and its entries come to {2}"),
        f'SELECT lot.id, lot."left", {_sum("ledger_entry.points")} FROM lot'  # noqa: S608
        " LEFT JOIN ledger_entry ON ledger_entry.lot_id = lot.id"
        ' GROUP BY lot.id HAVING lot."left" <> COALESCE(SUM(ledger_entry.points), 0) ORDER BY lot.id',
    ),
    Check(
        "granted-once",
        Text(
            "포인트 묶음 {0}: 지급된 {1} 포인트에 지급 기록 {2}개, 합 {3}",
            "lot {0}: it was granted {1} points, by {2} entries that come to {3}",
        ),
        f"SELECT lot.id, lot.amount, COUNT(ledger_entry.id), {_sum('ledger_entry.points')} FROM lot"  # noqa: S608
        " LEFT JOIN ledger_entry ON ledger_entry.lot_id = lot.id AND ledger_entry.kind = 'grant'"
        " GROUP BY lot.id HAVING COUNT(ledger_entry.id) <> 1 OR COALESCE(SUM(ledger_entry.points), 0) <> lot.amount"
        " ORDER BY lot.id",
    ),
    Check(
        "never-below-zero",
        Text(
            "포인트 묶음 {0}: 기록 {1} 다음에 {2} 포인트가 됩니다",
            "lot {0}: after entry {1} it holds {2} points",
        ),
        "SELECT lot_id, id, after FROM (SELECT entry.lot_id AS lot_id, entry.id AS id, CAST(SUM(entry.points)"
        " OVER (PARTITION BY entry.lot_id ORDER BY entry.id) AS BIGINT) AS after, lot.amount AS amount"
        " FROM ledger_entry entry JOIN lot ON lot.id = entry.lot_id) AS running"
        " WHERE after < 0 OR after > amount ORDER BY id",
    ),
    Check(
        "held-as-decided",
        Text(
            "신청 {0}({1}): {2} 포인트를 신청했고 잡아 둔 포인트는 {3}",
            "request {0} ({1}): it is for {2} points, and its holds come to {3}",
        ),
        f"SELECT refund_request.id, refund_request.state, refund_request.points, {_sum('hold.points')}"  # noqa: S608
        " FROM refund_request LEFT JOIN hold ON hold.request_id = refund_request.id GROUP BY refund_request.id"
        " HAVING COALESCE(SUM(hold.points), 0) <>"
        " CASE WHEN refund_request.state = 'denied' THEN 0 ELSE refund_request.points END ORDER BY refund_request.id",
    ),
    Check(
        "kept-as-decided",
        Text(
            "신청 {0}: 보관된 {1}은(는) {2}, 결정에 따르면 {3}",
            "request {0}: its {1} is kept as {2}, and its decision says {3}",
        ),
        _compared(),
    ),
    Check(
        "nothing-is-orphaned",
        Text(
            "{1} {0}: {2} {3}에 속하지만 그것은 없습니다", "{1} {0}: it belongs to {2} {3}, which is not there any more"
        ),
        f"{_orphans()} ORDER BY 2, 1",
    ),
    Check(
        "a-lot-is-as-it-was-granted",
        Text(
            "포인트 묶음 {0}: 보관된 값은 이벤트 {1}, 규칙 {2}, {3}이고 지급 기록에 따르면 {4}, {5}, {6}",
            "lot {0}: it is kept as of the event {1}, the rule {2}, made at {3}; its grant says {4}, {5}, {6}",
        ),
        "SELECT lot.id, COALESCE(NULLIF(lot.event, ''), '-'), COALESCE(NULLIF(lot.rule, ''), '-'), lot.created_at,"
        " COALESCE(NULLIF(entry.event, ''), '-'), COALESCE(NULLIF(entry.rule, ''), '-'), entry.entered_at FROM lot"
        " JOIN ledger_entry entry ON entry.lot_id = lot.id AND entry.kind = 'grant' WHERE lot.event <> entry.event"
        " OR lot.rule <> entry.rule OR lot.created_at <> entry.entered_at ORDER BY lot.id",
    ),
    Check(
        "a-decision-stays",
        Text("결정 {0}: {1}에 있지만 결정은 없습니다", "decision {0}: {1} names it, and it is not there any more"),
        "SELECT id, named FROM (SELECT reference AS id, 'log_leaf' AS named FROM log_leaf WHERE kind = 'decision'"
        " UNION ALL SELECT decision_id, 'refund_request' FROM refund_request) AS kept"
        " WHERE NOT EXISTS (SELECT 1 FROM decision WHERE decision.id = kept.id) ORDER BY id, named",
    ),
    Check(
        "holds-follow-the-request",
        Text("신청 {0}({1}): {2}의 상태가 {3}", "request {0} is {1}, and what it holds of lot {2} is {3}"),
        "SELECT refund_request.id, refund_request.state, hold.lot_id, hold.state FROM refund_request"  # noqa: S608
        " JOIN hold ON hold.request_id = refund_request.id WHERE hold.state <> CASE"
        " WHEN refund_request.state IN ('approved', 'needs_review') THEN 'held'"
        " WHEN refund_request.state IN ('settled', 'reversed') THEN refund_request.state"
        f" WHEN refund_request.state IN ('{GIVEN_BACK}') THEN 'released' ELSE '' END"
        " ORDER BY refund_request.id, hold.lot_id",
    ),
    Check(
        "a-hold-is-booked",
        Text(
            "신청 {0}, 포인트 묶음 {1}({2}): {3} 포인트를 잡았고 기록의 합은 {4}",
            "request {0}, lot {1} ({2}): the hold is of {3} points, and its entries come to {4}",
        ),
        f"SELECT hold.request_id, hold.lot_id, hold.state, hold.points, {_sum('ledger_entry.points')}"  # noqa: S608
        " FROM hold LEFT JOIN ledger_entry ON ledger_entry.request_id = hold.request_id"
        " AND ledger_entry.lot_id = hold.lot_id GROUP BY hold.id HAVING COALESCE(SUM(ledger_entry.points), 0) <>"
        " CASE WHEN hold.state IN ('held', 'settled') THEN -hold.points ELSE 0 END"
        " ORDER BY hold.request_id, hold.lot_id",
    ),
    Check(
        "an-entry-has-its-hold",
        Text(
            "기록 {0}: 신청 {1}은(는) 포인트 묶음 {2}를 잡지 않았습니다",
            "entry {0} is for request {1}, which holds nothing of lot {2}",
        ),
        "SELECT ledger_entry.id, ledger_entry.request_id, ledger_entry.lot_id FROM ledger_entry LEFT JOIN hold"
        " ON hold.request_id = ledger_entry.request_id AND hold.lot_id = ledger_entry.lot_id"
        " WHERE ledger_entry.request_id IS NOT NULL AND hold.id IS NULL ORDER BY ledger_entry.id",
    ),
    Check(
        "one-account",
        Text(
            "신청 {0}은(는) 계정 {1}의 것이고 포인트 묶음 {2}는 계정 {3}의 것입니다",
            "request {0} is of account {1}, and holds lot {2} of account {3}",
        ),
        "SELECT refund_request.id, refund_request.account_id, lot.id, lot.account_id FROM hold"
        " JOIN refund_request ON refund_request.id = hold.request_id JOIN lot ON lot.id = hold.lot_id"
        " WHERE lot.account_id <> refund_request.account_id ORDER BY refund_request.id, lot.id",
    ),
    Check(
        "moves-are-allowed",
        Text("신청 {0}: {2}에서 {3}(으)로 {1}", "request {0} made the move {1} from {2} to {3}"),
        'SELECT "move".request_id, "move".name, "move".before, "move".state FROM "move"'  # noqa: S608
        f' WHERE NOT ({STEPS}) ORDER BY "move".id',
    ),
    Check(
        "moves-lead-to-the-state",
        Text(
            "신청 {0}: 상태는 {1}, 마지막 단계는 {2}",
            "request {0} is {1}, and its decision and moves lead to {2}",
        ),
        "SELECT refund_request.id, refund_request.state, COALESCE(last_move.state, decision.outcome)"
        " FROM refund_request JOIN decision ON decision.id = refund_request.decision_id"
        ' LEFT JOIN "move" last_move ON last_move.id ='
        ' (SELECT MAX(id) FROM "move" WHERE "move".request_id = refund_request.id)'
        " WHERE refund_request.state <> COALESCE(last_move.state, decision.outcome) ORDER BY refund_request.id",
    ),
    Check(
        "moves-follow-each-other",
        Text(
            "신청 {0}: {2} 다음에 {1}에서 시작하는 단계가 있습니다",
            "request {0} made a move from {1} when it was {2}",
        ),
        "SELECT request_id, before, was FROM"
        " (SELECT step.request_id AS request_id, step.before AS before, step.id AS id,"
        " COALESCE(LAG(step.state) OVER (PARTITION BY step.request_id ORDER BY step.id), decision.outcome) AS was"
        ' FROM "move" step JOIN refund_request ON refund_request.id = step.request_id'
        " JOIN decision ON decision.id = refund_request.decision_id) AS steps WHERE before <> was ORDER BY id",
    ),
    Check(
        "no-more-taken-back-than-earned",
        Text(
            "포인트 묶음 {0}: {1} 포인트를 적립했고 회수한 포인트는 {2}",
            "lot {0}: {1} points were earned, and {2} taken back of them",
        ),
        f"SELECT lot.id, lot.amount, {_sum('take_back.points')} FROM lot JOIN take_back"  # noqa: S608
        " ON take_back.lot_id = lot.id GROUP BY lot.id HAVING SUM(take_back.points) > lot.amount ORDER BY lot.id",
    ),
    Check(
        "points-owed-are-the-sum",
        Text(
            "계정 {0}: 부족 포인트 {1}, 기록의 합 {2}",
            "account {0}: it owes {1} points, and its debt entries come to {2}",
        ),
        f"SELECT account.id, account.points_debt, {_sum('debt_entry.points')} FROM account"  # noqa: S608
        " LEFT JOIN debt_entry ON debt_entry.account_id = account.id AND debt_entry.lot_id IS NULL GROUP BY account.id"
        " HAVING account.points_debt <> COALESCE(SUM(debt_entry.points), 0) ORDER BY account.id",
    ),
    Check(
        "points-that-come-pay-what-is-owed",
        Text(
            "기록 {0}: 포인트 묶음 {1}에 포인트가 들어왔을 때 {2} 포인트를 거두어야 했고 거둔 포인트는 {3}",
            "entry {0} brought points to lot {1}: {2} of them had to pay what was owed, and {3} did",
        ),
        "SELECT id, lot_id, CAST(due + due_besides AS BIGINT), CAST(taken + besides AS BIGINT) FROM"  # noqa: S608
        " (SELECT id, lot_id, taken, repaid - both_ AS besides,"
        " CASE WHEN claimed < points THEN claimed ELSE points END AS due,"
        " CASE WHEN claimed >= points THEN 0 WHEN owed - both_ < points - claimed THEN owed - both_"
        " ELSE points - claimed END AS due_besides"
        f" FROM ({CAME}) AS came) AS compared WHERE due <> taken OR due_besides <> besides ORDER BY id",
    ),
    Check(
        "a-payment-is-booked",
        Text(
            "기록 {0}({1}): {2} 포인트를 거두었고 부족 포인트는 {3} 줄었습니다",
            "entry {0} ({1}) took {2} points, and {3} less are owed for it",
        ),
        "SELECT id, kind, CAST(-points AS BIGINT), CAST(-booked AS BIGINT) FROM"
        " (SELECT entry.id AS id, entry.kind AS kind, entry.points AS points, CASE"
        " WHEN entry.points > 0 THEN (SELECT COALESCE(-SUM(points), 0) FROM claim_entry WHERE paid_by = entry.id"
        " AND part = 'stand_in')"
        " WHEN entry.kind = 'repay' THEN (SELECT COALESCE(SUM(points), 0) FROM debt_entry WHERE paid_by = entry.id)"
        " ELSE (SELECT COALESCE(SUM(points), 0) FROM claim_entry WHERE paid_by = entry.id AND part IN ('own', 'other'))"
        " + (SELECT COALESCE(SUM(points), 0) FROM debt_entry WHERE paid_by = entry.id) END AS booked"
        " FROM ledger_entry entry WHERE kind = 'repay' OR (kind = 'take_back' AND points > 0)"
        " OR id IN (SELECT paid_by FROM debt_entry"
        " UNION SELECT paid_by FROM claim_entry WHERE part IN ('own', 'other'))) AS payments"
        " WHERE points <> booked ORDER BY id",
    ),
    Check(
        "no-more-awaited-than-away",
        Text(
            "포인트 묶음 {0}: 돌아올 수 있는 {1} 포인트에서 {2} 포인트를 거두어야 합니다",
            "lot {0}: {1} points may come back to it, and {2} are to be taken of them",
        ),
        "SELECT due.lot_id, CAST(COALESCE(away.points, 0) AS BIGINT), CAST(due.points AS BIGINT) FROM"
        " (SELECT lot_id, SUM(points) AS points FROM (SELECT lot_id, points FROM debt_entry WHERE lot_id IS NOT NULL"
        " UNION ALL SELECT lot_id, points FROM claim_entry WHERE part IN ('own', 'other')) AS claimed"
        " GROUP BY lot_id) AS due"
        " LEFT JOIN (SELECT lot_id, SUM(points) AS points FROM (SELECT lot_id, -points AS points FROM ledger_entry"
        " WHERE kind IN ('hold', 'release', 'reverse', 'use')"
        " UNION ALL SELECT lot_id, points FROM claim_entry WHERE part = 'stand_in') AS gone"
        " GROUP BY lot_id) AS away ON away.lot_id = due.lot_id"
        " WHERE due.points < 0 OR due.points > COALESCE(away.points, 0) ORDER BY due.lot_id",
    ),
    Check(
        "own-points-make-good-what-stands-in",
        Text(
            "이벤트 {0}(계정 {1}): 돌아오면 거둘 {2} 포인트를 다른 포인트 {3}이(가) 대신했습니다",
            "event {0} (account {1}): {2} points of its lots are claimed, and {3} of other lots stand in for them",
        ),
        "SELECT event, account_id, CAST(own AS BIGINT), CAST(stand_in AS BIGINT) FROM"
        " (SELECT account_id, event, rule, SUM(CASE part WHEN 'own' THEN points ELSE 0 END) AS own,"
        " SUM(CASE part WHEN 'stand_in' THEN points ELSE 0 END) AS stand_in FROM claim_entry"
        " GROUP BY account_id, event, rule) AS claims WHERE stand_in < 0 OR stand_in > own ORDER BY event, rule",
    ),
    Check(
        "no-more-claimed-of-others-than-forgiven",
        Text(
            "이벤트 {0}(계정 {1}): {2} 포인트를 면제했고 다른 포인트에서 거둘 포인트는 {3}",
            "event {0} (account {1}): {2} points are forgiven, and {3} of other lots are claimed for them",
        ),
        "SELECT event, account_id, CAST(forgiven AS BIGINT), CAST(other AS BIGINT) FROM"
        " (SELECT account_id, event, rule, SUM(CASE part WHEN 'forgiven' THEN points ELSE 0 END) AS forgiven,"
        " SUM(CASE part WHEN 'other' THEN points ELSE 0 END) AS other FROM claim_entry"
        " GROUP BY account_id, event, rule) AS claims"
        " WHERE forgiven < 0 OR other < 0 OR other > forgiven ORDER BY event, rule",
    ),
    Check(
        "no-more-returned-than-used",
        Text(
            "포인트 묶음 {0}: 사용보다 {1} 포인트 더 돌려주었습니다", "lot {0}: {1} points more were returned than used"
        ),
        f"SELECT lot_id, {_sum('points')} FROM ledger_entry WHERE kind = 'use'"  # noqa: S608
        " GROUP BY lot_id HAVING SUM(points) > 0 ORDER BY lot_id",
    ),
    Check(
        "all-that-is-left-expires",
        Text(
            "기록 {0}: 포인트 묶음 {1}이(가) 만료되었고 {2} 포인트가 남았습니다",
            "entry {0}: lot {1} expired, and {2} points of it were left",
        ),
        "SELECT id, lot_id, after FROM (SELECT id, lot_id, kind, points, CAST(SUM(points)"
        " OVER (PARTITION BY lot_id ORDER BY id) AS BIGINT) AS after FROM ledger_entry WHERE lot_id IN"
        " (SELECT lot_id FROM ledger_entry WHERE kind = 'expire')) AS running"
        " WHERE kind = 'expire' AND points < 0 AND after <> 0 ORDER BY id",
    ),
    Check(
        "nothing-happens-before-its-time",
        Text(
            "기록 {0}({1}): {2}의 일이 {3}에 기록되었습니다",
            "entry {0} ({1}) is of {2}, and was written down before that, at {3}",
        ),
        "SELECT id, kind, happened_at, entered_at FROM ledger_entry"
        " WHERE kind IN ('expire', 'charge') AND happened_at > entered_at ORDER BY id",
    ),
    Check(
        "a-notice-is-as-it-was-worded",
        Text(
            "안내 {0}: 규칙 {1}, {2} 포인트로 보관되어 있고 문구는 규칙 {3}, {4} 포인트입니다",
            "notice {0}: it is kept as of the rule {1} and {2} points, and what it says as of {3} and {4}",
        ),
        "SELECT id, rule, points, said_rule, said_points FROM (SELECT notice.id AS id, notice.rule AS rule,"
        " CAST(notice.points AS TEXT) AS points, CAST(JSON(notice.data, 'rule') AS TEXT) AS said_rule,"
        " CAST(JSON(notice.data, 'points') AS TEXT) AS said_points FROM notice) AS kept"
        " WHERE rule <> COALESCE(said_rule, '') OR points <> COALESCE(said_points, '') ORDER BY id",
    ),
)


def differences(database: Database) -> list[Difference]:
    """Everything that is not as it must be; nothing on a sound database."""
    sqlite = on_sqlite(database)

    def read(found: re.Match[str]) -> str:
        text, place = found.groups()
        if sqlite:
            return f"json_extract({text}, '$.{place}')"
        return f"(CAST({text} AS json) #>> '{{{place.replace('.', ',')}}}')"

    return [
        Difference(check.name, str(row[0]), Text(check.text.ko.format(*row), check.text.en.format(*row)))
        for check in CHECKS
        for row in rows(database, JSON.sub(read, check.sql))
    ]
