"""The tables of API keys."""

from __future__ import annotations

from peewee import ForeignKeyField, TextField

from service.table import Table


class AccessKey(Table):
    """An API key: who holds it, and for which roles; of the key itself only its digest. Never changed."""

    id = TextField(primary_key=True)
    name = TextField()
    digest = TextField(unique=True)
    roles = TextField()
    created_at = TextField()
    expires_at = TextField()


class AccessKeyEnd(Table):
    """A key that was revoked. Never changed: what was revoked stays so."""

    key = ForeignKeyField(AccessKey, primary_key=True)
    ended_at = TextField()
