"""Telling others: messages, the webhooks that want them, and what was delivered to which."""

from __future__ import annotations

from typing import Any

from peewee import (
    BigIntegerField,
    Check,
    Database,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)


def up(migrator: Any, db: Database) -> None:
    """Make the tables."""

    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Message(Table):
        id = TextField(primary_key=True)
        kind = TextField()
        account = TextField()
        policy = TextField()
        data = TextField()
        announced_at = TextField()
        position = BigIntegerField(null=True, unique=True)

        class Meta:
            indexes = ((("account", "position"), False),)

    class Webhook(Table):
        id = TextField(primary_key=True)
        url = TextField()
        kinds = TextField()
        policy = TextField()
        secret = TextField()
        old_secret = TextField()
        old_secret_until = TextField()
        state = TextField()
        cause = TextField()
        created_at = TextField()
        not_before = TextField()
        leased_by = TextField()
        leased_until = TextField()

    class Delivery(Table):
        id = TextField(primary_key=True)
        message = ForeignKeyField(Message, index=False)
        webhook = ForeignKeyField(Webhook, index=False)
        state = TextField()
        attempts = IntegerField(constraints=[Check("attempts >= 0")])
        next_attempt_at = TextField()
        last_attempt_at = TextField(null=True)
        last_status = IntegerField(null=True)
        last_error = TextField()

        class Meta:
            indexes = (
                (("message", "webhook"), True),
                (("webhook", "state", "next_attempt_at"), False),
                (("state", "id"), False),
            )

    db.create_tables([Message, Webhook, Delivery])
