"""The base of every table."""

from __future__ import annotations

from peewee import Model


class Table(Model):
    """The base of every table; names are snake_case."""

    class Meta:
        legacy_table_names = False
