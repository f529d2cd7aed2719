"""The tables of messages: what others may want to know, who wants it, and how far it got."""

from __future__ import annotations

from peewee import BigIntegerField, Check, ForeignKeyField, IntegerField, TextField

from service.table import Table


class Message(Table):
    """Something that others may want to know, written in the transaction in which it happened.

    `position` is the place in the order in which messages became visible; it is given after that. `traceparent` names
    the request in which it was written (W3C Trace Context), "" where a command wrote it.
    """

    id = TextField(primary_key=True)
    kind = TextField()
    account = TextField()
    policy = TextField()
    data = TextField()
    announced_at = TextField()
    position = BigIntegerField(null=True, unique=True)
    traceparent = TextField(default="")

    class Meta:
        indexes = ((("account", "position"), False),)


class Webhook(Table):
    """An address that wants messages. `kinds` is a JSON list and `policy` an id; an empty one means all.

    Nothing is sent before `not_before`; whoever holds the lease is the only one that sends.
    """

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
    """One message for one webhook, and how far it got."""

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
