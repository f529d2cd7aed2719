"""Inquiries: what members ask and contest, and everything that was said and done about it, never changed."""

from __future__ import annotations

from typing import Any

from peewee import BigAutoField, Database, DateField, ForeignKeyField, Model, TextField

from service.append_only import refuse_changes


def up(migrator: Any, db: Database) -> None:
    """Make the tables, and make the database refuse changes of the entries."""

    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Account(Table):
        id = TextField(primary_key=True)

    class Decision(Table):
        id = TextField(primary_key=True)

    class RefundRequest(Table):
        id = TextField(primary_key=True)

    class Inquiry(Table):
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

    db.create_tables([Inquiry, InquiryEntry])
    refuse_changes(db, "inquiry_entry")
