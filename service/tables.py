"""The tables, as peewee models. No logic: a row is what a migration made it.

Models belong to no database here; every query names the one it runs on, so one process can serve
several. Days are DATE, instants are text of one width (see `clock.py`), points and money whole
numbers. `declared`, `activity_days`, `holidays` and `kinds` hold JSON text; `case_data` and `data` hold canonical JSON.
"""

from __future__ import annotations

from peewee import (
    BigAutoField,
    BigIntegerField,
    BlobField,
    BooleanField,
    Check,
    CompositeKey,
    DateField,
    ForeignKeyField,
    IntegerField,
    TextField,
)

from service.table import Table
from service.tables_access import AccessKey, AccessKeyEnd
from service.tables_messages import Delivery, Message, Webhook
from service.tables_publishing import (
    DraftAbout,
    DraftAffected,
    DraftCheck,
    DraftRejection,
    DraftStep,
    PolicyDraft,
    PolicyVersion,
    Publication,
    Shadow,
    ShadowDifference,
    ShadowEnd,
    ShadowOutcome,
    ShadowProgress,
    ShadowReason,
)


class Account(Table):
    """A member of one programme, with the facts that rules may ask for. The id is opaque."""

    id = TextField(primary_key=True)
    policy = TextField()
    status = TextField()
    kind = TextField()
    identity_level = IntegerField()
    joined_on = DateField()
    born_on = DateField(null=True)
    contact_verified = BooleanField()
    contact_changed_on = DateField(null=True)
    last_activity_on = DateField(null=True)
    debt = BigIntegerField(constraints=[Check("debt >= 0")])
    points_debt = BigIntegerField(constraints=[Check("points_debt >= 0")])
    activity_days = TextField()
    declared = TextField()
    created_at = TextField()
    # The last local day that was swept; NULL before the first sweep.
    swept_on = DateField(null=True)


class Lot(Table):
    """Points from one source at one time. `left` is the sum of its ledger entries.

    `event` and `rule` say what brought them: the event's id, and the earn rule that spoke.
    """

    id = TextField(primary_key=True)
    account = ForeignKeyField(Account)
    source = TextField()
    campaign = TextField()
    acquired_on = DateField()
    usable_from_on = DateField()
    expires_on = DateField(null=True)
    amount = BigIntegerField(constraints=[Check("amount > 0")])
    # The last line of defence against spending a point twice.
    left = BigIntegerField(constraints=[Check('"left" >= 0'), Check('"left" <= amount')])
    locked = BooleanField()
    identity_level = IntegerField()
    declared = TextField()
    event = TextField(index=True)
    rule = TextField()
    created_at = TextField()


class Decision(Table):
    """A decision with everything needed to make it again. Never changed: the database refuses it."""

    id = TextField(primary_key=True)
    # Not a foreign key: the account of a decision may have been in the request's body only.
    account = TextField()
    policy = TextField()
    version = ForeignKeyField(PolicyVersion, column_name="digest", index=False)
    outcome = TextField()
    points = BigIntegerField(index=True)
    as_of = TextField()
    decided_at = TextField()
    case_data = TextField()
    data = TextField()

    class Meta:
        # In the order in which a search goes through them.
        indexes = tuple(((name, "as_of", "id"), False) for name in ("account", "policy", "version", "outcome"))


class DecisionRule(Table):
    """A rule that spoke in a decision: of the request, or only of lots. Never changed: the database refuses it.

    It follows from the decision, and is there to find it by.
    """

    rule = TextField()
    of_request = BooleanField()
    as_of = TextField()
    decision = TextField(column_name="decision_id")

    class Meta:
        primary_key = CompositeKey("rule", "of_request", "as_of", "decision")


class RefundRequest(Table):
    """What a member asked for, filed, with the decision it got and the state it is in."""

    id = TextField(primary_key=True)
    account = ForeignKeyField(Account, index=False)
    decision = ForeignKeyField(Decision, unique=True)
    state = TextField()
    points = BigIntegerField(constraints=[Check("points >= 0")])
    method = TextField()
    receiving_account = TextField()
    requested_at = TextField()
    payout = BigIntegerField(default=0, constraints=[Check("payout >= 0")])
    last_held_on = DateField(null=True)

    class Meta:
        indexes = (
            (("account", "id"), False),
            (("receiving_account", "requested_at"), False),
            (("state", "last_held_on"), False),
            (("state", "id"), False),
        )


class Move(Table):
    """One step in the life of a refund request. Never changed: the database refuses it.

    `actor` is who did it, an opaque id; "" is the service itself.
    """

    id = BigAutoField()
    request = ForeignKeyField(RefundRequest)
    name = TextField()
    before = TextField()
    state = TextField()
    actor = TextField()
    reason = TextField()
    moved_at = TextField()


class Hold(Table):
    """Points of one lot that are reserved for one refund request."""

    id = BigAutoField()
    request = ForeignKeyField(RefundRequest, index=False)
    lot = ForeignKeyField(Lot)
    points = BigIntegerField(constraints=[Check("points > 0")])
    state = TextField()

    class Meta:
        indexes = ((("request", "lot"), True),)


class LedgerEntry(Table):
    """One change of one lot. Append-only: the database refuses anything else.

    `happened_at` is when the change counts, `entered_at` when it was written down. `request`, `event` and `rule` say
    what it is for, as far as there is one.
    """

    id = BigAutoField()
    lot = ForeignKeyField(Lot)
    kind = TextField()
    points = BigIntegerField()
    request = ForeignKeyField(RefundRequest, null=True)
    happened_at = TextField()
    entered_at = TextField()
    event = TextField(default="", index=True)
    rule = TextField(default="")


# What rules came to, by day.
LedgerEntry.add_index(LedgerEntry.index(LedgerEntry.happened_at).where(LedgerEntry.rule != ""))


class Event(Table):
    """Something that happened to a member, as a calling system told it. Never changed: the database refuses it.

    One without an answer waits for the event that it undoes, `of`.
    """

    id = TextField(primary_key=True)
    account = ForeignKeyField(Account)
    type = TextField()
    of = TextField(index=True)
    amount = BigIntegerField(constraints=[Check("amount >= 0")])
    body = TextField()
    digest = TextField()
    happened_at = TextField()
    entered_at = TextField()

    class Meta:
        indexes = ((("happened_at", "id"), False),)


# Of those that can wait.
Event.add_index(Event.index(Event.entered_at, Event.id).where(Event.of != ""))


class EventAnswer(Table):
    """What an event came to, with everything needed to answer it again. Never changed: the database refuses it."""

    event = ForeignKeyField(Event, primary_key=True)
    version = ForeignKeyField(PolicyVersion, column_name="digest", null=True, index=False)
    refused = BooleanField()
    case_data = TextField()
    data = TextField()
    answered_at = TextField()


class TakeBack(Table):
    """What an event took back of one lot that was earned, and how much money of it was undone. Never changed."""

    id = BigAutoField()
    event = ForeignKeyField(Event)
    lot = ForeignKeyField(Lot)
    rule = TextField()
    points = BigIntegerField(constraints=[Check("points >= 0")])
    amount = BigIntegerField(constraints=[Check("amount >= 0")])


class DebtEntry(Table):
    """Points that an account owes from now on, or, below zero, that it owes no longer. Never changed.

    `event` and `rule` say what they are owed for; both are "" where a calling system said so. `since` is the newest
    ledger entry when this one was written, or the one that brought the points which pay; `paid_by` is the ledger entry
    that took them. Entries of before 0009 may name a `lot`, which owed them, and those that pay a debt do not say
    which.
    """

    id = BigAutoField()
    account = ForeignKeyField(Account)
    lot = ForeignKeyField(Lot, null=True)
    points = BigIntegerField(constraints=[Check("points <> 0")])
    event = TextField()
    rule = TextField()
    since = BigIntegerField()
    paid_by = ForeignKeyField(LedgerEntry, column_name="paid_by", null=True)
    entered_at = TextField()


class ClaimEntry(Table):
    """One change of one part of a claim: see `service.claims`. Never changed: the database refuses it.

    `since` is the newest ledger entry when this one was written, or the one that brought the points for which it was;
    `paid_by` is the ledger entry that took or gave back the points.
    """

    id = BigAutoField()
    account = ForeignKeyField(Account)
    event = TextField()
    rule = TextField()
    part = TextField(constraints=[Check("part IN ('own', 'other', 'forgiven', 'stand_in')")])
    lot = ForeignKeyField(Lot, null=True)
    points = BigIntegerField(constraints=[Check("points <> 0")])
    since = BigIntegerField()
    paid_by = ForeignKeyField(LedgerEntry, column_name="paid_by", null=True)
    entered_at = TextField()


class Notice(Table):
    """A notice that was due on a day, as the rule worded it. Never changed: the database refuses it."""

    id = BigAutoField()
    account = ForeignKeyField(Account, index=False)
    rule = TextField()
    day = DateField()
    version = ForeignKeyField(PolicyVersion, column_name="digest", index=False)
    points = BigIntegerField(constraints=[Check("points > 0")])
    data = TextField()
    noticed_at = TextField()

    class Meta:
        indexes = ((("account", "day"), False),)


class IdempotencyKey(Table):
    """The answer that was given to a key, byte for byte."""

    id = BigAutoField()
    key = TextField(unique=True)
    digest = TextField()
    status = IntegerField()
    location = TextField()
    language = TextField()
    answer = TextField()
    entered_at = TextField()


class Inquiry(Table):
    """What a member asks, or contests: its state, and the local day by which it has to be answered."""

    id = TextField(primary_key=True)
    account = ForeignKeyField(Account, index=False)
    kind = TextField()
    request = ForeignKeyField(RefundRequest, null=True)
    decision = ForeignKeyField(Decision, null=True)
    state = TextField()
    language = TextField()
    opened_at = TextField()
    due_on = DateField()
    answered_at = TextField(null=True)

    class Meta:
        indexes = (
            (("account", "id"), False),
            (("state", "due_on", "id"), False),
        )


class InquiryEntry(Table):
    """One thing that was said or done in an inquiry. Append-only: the database refuses anything else.

    `text` is a member's or an agent's own words. `due_on` is there where the clock was started.
    """

    id = BigAutoField()
    inquiry = ForeignKeyField(Inquiry)
    move = TextField()
    who = TextField()
    agent = TextField()
    text = TextField()
    outcome = TextField()
    reason = TextField()
    due_on = DateField(null=True)
    at = TextField()


class Erasure(Table):
    """That words and links of an account were erased: who did it and why, and of how many records. Never changed.

    `cause` is `asked`, or `retention` where their time was over.
    """

    id = BigAutoField()
    account = TextField()
    cause = TextField()
    actor = TextField()
    reason = TextField()
    records = BigIntegerField()
    erased_at = TextField()

    class Meta:
        indexes = ((("account", "id"), False),)


class ErasedRecord(Table):
    """A row of which an erasure left only a part: `remains` is the digest of that part. Never changed."""

    id = BigAutoField()
    erasure = ForeignKeyField(Erasure)
    kind = TextField()
    reference = TextField()
    remains = TextField()

    class Meta:
        indexes = ((("kind", "reference", "erasure"), True),)


class LogLeaf(Table):
    """One leaf of the log: which row of which table it stands for. The database makes it together with that row.

    It is changed when it gets its place `seq`, a `salt` and the `digest` of the row, and when an erasure takes the salt
    away, so that nothing that was erased can be guessed from the digest; the database refuses anything else.
    """

    id = BigAutoField()
    kind = TextField()
    reference = TextField()
    seq = BigIntegerField(null=True, unique=True)
    salt = TextField(null=True)
    digest = TextField(null=True)
    erasure = ForeignKeyField(Erasure, null=True, index=False)


LogLeaf.add_index(LogLeaf.index(LogLeaf.kind, LogLeaf.reference).where(LogLeaf.seq.is_null(False)))


class LogNode(Table):
    """The hash of one complete subtree of the log, by its place (see `service/log/tree.py`). Never changed."""

    id = BigIntegerField(primary_key=True)
    hash = BlobField()


class LogCheckpoint(Table):
    """A signed head of the log. Never changed: the database refuses it."""

    id = BigAutoField()
    size = BigIntegerField()
    note = TextField()
    signed_at = TextField()


class MemberToken(Table):
    """A short-lived token for one account; of the token itself only its digest. Removed some time after its end."""

    digest = TextField(primary_key=True)
    account = ForeignKeyField(Account, index=False)
    key = TextField()
    created_at = TextField()
    expires_at = TextField(index=True)


class Session(Table):
    """Somebody who is signed in to the pages, as whom, and until when; of what the browser keeps only its digest."""

    digest = TextField(primary_key=True)
    name = TextField()
    key = TextField()
    roles = TextField()
    account = ForeignKeyField(Account, null=True, index=False)
    alone = BooleanField()
    created_at = TextField()
    expires_at = TextField(index=True)


class DecisionRead(Table):
    """Somebody was shown a decision, or, without one, all that were signed. Never changed: the database refuses it.

    `reader` is the name of the key or the token, "member", "anyone" where no key is asked for, or the user of the
    machine; `key` is the id of the key, the issuer of the token, or "". `address` is what was asked for.
    """

    id = BigAutoField()
    decision = ForeignKeyField(Decision, null=True, index=False)
    reader = TextField()
    key = TextField()
    roles = TextField()
    address = TextField()
    read_at = TextField()

    class Meta:
        indexes = (
            (("decision", "read_at", "id"), False),
            (("reader", "read_at", "id"), False),
            (("read_at", "id"), False),
        )


TABLES = (
    PolicyVersion,
    PolicyDraft,
    DraftAbout,
    DraftStep,
    DraftCheck,
    DraftAffected,
    DraftRejection,
    Publication,
    Shadow,
    ShadowEnd,
    ShadowProgress,
    ShadowOutcome,
    ShadowReason,
    ShadowDifference,
    Account,
    Lot,
    Decision,
    DecisionRule,
    RefundRequest,
    Move,
    Hold,
    LedgerEntry,
    Event,
    EventAnswer,
    TakeBack,
    DebtEntry,
    ClaimEntry,
    Notice,
    IdempotencyKey,
    Message,
    Webhook,
    Delivery,
    Inquiry,
    InquiryEntry,
    Erasure,
    ErasedRecord,
    LogLeaf,
    LogNode,
    LogCheckpoint,
    AccessKey,
    AccessKeyEnd,
    MemberToken,
    Session,
    DecisionRead,
)
# The database itself refuses to change or delete a row of these.
NEVER_CHANGED = (
    PolicyVersion,
    PolicyDraft,
    DraftAbout,
    DraftCheck,
    DraftRejection,
    Publication,
    Shadow,
    ShadowEnd,
    Decision,
    DecisionRule,
    LedgerEntry,
    Move,
    Event,
    EventAnswer,
    TakeBack,
    DebtEntry,
    ClaimEntry,
    Notice,
    InquiryEntry,
    Erasure,
    ErasedRecord,
    LogLeaf,
    LogNode,
    LogCheckpoint,
    AccessKey,
    AccessKeyEnd,
    DecisionRead,
)
# Of these only the words, links and facts of one row after another, and of a leaf only its salt.
CHANGED_BY_ROW = (Decision, Move, EventAnswer, InquiryEntry, LogLeaf)
