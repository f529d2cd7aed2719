"""The tables of policy texts: those that are published, and how they came to be. The database lets none be changed."""

from __future__ import annotations

from peewee import BooleanField, Check, DateField, ForeignKeyField, IntegerField, TextField

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


class DraftCheck(Table):
    """What all checks of a draft came to, and what its approver is to see, as JSON in `data`."""

    draft = ForeignKeyField(PolicyDraft, primary_key=True)
    passed = BooleanField()
    data = TextField()
    checked_at = TextField()


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
