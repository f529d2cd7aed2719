"""The tables of policy texts: those that are published, how they came to be, and those decided beside one in force.

The database lets no text, and nothing that somebody did with one, be changed.
"""

from __future__ import annotations

from peewee import (
    BigIntegerField,
    BooleanField,
    Check,
    CompositeKey,
    DateField,
    ForeignKeyField,
    IntegerField,
    TextField,
)

from service.table import Table


class PolicyVersion(Table):
    """One published text of a policy. Never changed: the database refuses it."""

    digest = TextField(primary_key=True)
    policy = TextField()
    number = IntegerField(constraints=[Check("number > 0")])
    starts = DateField()
    text = TextField()
    holidays = TextField()
    published_at = TextField()

    class Meta:
        indexes = ((("policy", "number"), True),)


class PolicyDraft(Table):
    """A text that is to be published: who wrote it, with which scenarios, and on which newest version (0: none)."""

    id = TextField(primary_key=True)
    policy = TextField()
    digest = TextField()
    base = IntegerField(constraints=[Check("base >= 0")])
    text = TextField()
    scenarios = TextField()
    actor = TextField()
    key = TextField()
    drafted_at = TextField()

    class Meta:
        indexes = ((("policy", "id"), False),)


class DraftAbout(Table):
    """What a draft is for, in one line of its author; drafts of whom nobody said have none."""

    draft = ForeignKeyField(PolicyDraft, primary_key=True)
    about = TextField()


class DraftStep(Table):
    """What one check of a draft came to, as JSON, at its place among them; gone once all have ended."""

    draft = ForeignKeyField(PolicyDraft, index=False)
    place = IntegerField(constraints=[Check("place >= 0")])
    data = TextField()

    class Meta:
        primary_key = CompositeKey("draft", "place")


class DraftCheck(Table):
    """What all checks of a draft came to, and what its approver is to see, as JSON in `data`."""

    draft = ForeignKeyField(PolicyDraft, primary_key=True)
    passed = BooleanField()
    data = TextField()
    checked_at = TextField()


class DraftAffected(Table):
    """An account that a draft affects, and its place among the most affected: what becomes of its answer, as JSON."""

    draft = ForeignKeyField(PolicyDraft, index=False)
    place = IntegerField(constraints=[Check("place >= 0")])
    account = TextField(column_name="account_id", index=True)
    data = TextField()

    class Meta:
        primary_key = CompositeKey("draft", "place")


class DraftRejection(Table):
    """That a draft is not to be published, who said so, and why."""

    draft = ForeignKeyField(PolicyDraft, primary_key=True)
    actor = TextField()
    key = TextField()
    reason = TextField()
    rejected_at = TextField()


class Publication(Table):
    """How a version was published, and from which instant it is effective. One without is effective from its first day.

    By the approval of a draft, of which the approver saw what `seen` is the digest of; or by a withdrawal, which
    `restores` the text of an earlier number and has a `reason`.
    """

    version = ForeignKeyField(PolicyVersion, column_name="digest", primary_key=True)
    effective_from = TextField()
    draft = ForeignKeyField(PolicyDraft, null=True, unique=True)
    restores = IntegerField(null=True)
    actor = TextField()
    key = TextField()
    seen = TextField()
    reason = TextField()
    entered_at = TextField()


class Shadow(Table):
    """That a text is decided beside the one in force of its policy, from an instant on."""

    id = TextField(primary_key=True)
    policy = TextField()
    draft = ForeignKeyField(PolicyDraft, null=True, index=False)
    digest = TextField()
    text = TextField()
    holidays = TextField()
    actor = TextField()
    key = TextField()
    started_at = TextField()

    class Meta:
        indexes = ((("policy", "id"), False),)


class ShadowEnd(Table):
    """That a shadow was stopped."""

    shadow = ForeignKeyField(Shadow, primary_key=True)
    actor = TextField()
    key = TextField()
    ended_at = TextField()


class ShadowProgress(Table):
    """How far a shadow got: the first place in the log that it has not looked at, and who is at it.

    It is done when it got to the place where it `ends`, which is known once it was stopped.
    """

    shadow = ForeignKeyField(Shadow, primary_key=True)
    position = BigIntegerField(constraints=[Check("position >= 0")])
    ends = BigIntegerField(null=True)
    leased_by = TextField()
    leased_until = TextField()


class ShadowOutcome(Table):
    """How many decisions of one method came out so in force and so by a shadow, and their payouts in all."""

    shadow = ForeignKeyField(Shadow, index=False)
    method = TextField()
    before = TextField()
    after = TextField()
    same = BooleanField()
    decisions = BigIntegerField()
    payout_before = BigIntegerField()
    payout_after = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("shadow", "method", "before", "after", "same")


class ShadowReason(Table):
    """In how many decisions a rule spoke on one `side` only: in force, or by the shadow."""

    shadow = ForeignKeyField(Shadow, index=False)
    rule = TextField()
    side = TextField()
    decisions = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("shadow", "rule", "side")


class ShadowDifference(Table):
    """A decision that a shadow decides otherwise, or cannot decide: both in short, as JSON, without a fact."""

    shadow = ForeignKeyField(Shadow, index=False)
    decision = TextField(column_name="decision_id", index=True)
    position = BigIntegerField()
    # By how much the payouts differ, whichever is the larger.
    apart = BigIntegerField(constraints=[Check("apart >= 0")])
    before = TextField()
    after = TextField()
    differs_in = TextField()

    class Meta:
        primary_key = CompositeKey("shadow", "decision")
        indexes = ((("shadow", "position"), True), (("shadow", "apart", "position"), False))
