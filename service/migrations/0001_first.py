"""The tables of format 1: policies by digest, accounts, lots and their ledger, decisions, requests.

The models are frozen copies: a later change of `tables.py` comes with a migration of its own.
"""

from __future__ import annotations

from typing import Any

from peewee import (
    BigAutoField,
    BigIntegerField,
    BooleanField,
    Check,
    Database,
    DateField,
    ForeignKeyField,
    IntegerField,
    Model,
    SqliteDatabase,
    TextField,
)

from service.database import execute

NEVER_CHANGED = ("policy_version", "decision", "ledger_entry")


def up(migrator: Any, db: Database) -> None:
    """Make the tables, and make the database refuse changes of what is never changed."""

    class Table(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class PolicyVersion(Table):
        digest = TextField(primary_key=True)
        policy = TextField()
        number = IntegerField(constraints=[Check("number > 0")])
        starts = DateField()
        text = TextField()
        holidays = TextField()
        published_at = TextField()

        class Meta:
            indexes = ((("policy", "number"), True),)

    class Account(Table):
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
        declared = TextField()
        created_at = TextField()

    class Lot(Table):
        id = TextField(primary_key=True)
        account = ForeignKeyField(Account)
        source = TextField()
        campaign = TextField()
        acquired_on = DateField()
        usable_from_on = DateField()
        expires_on = DateField(null=True)
        amount = BigIntegerField(constraints=[Check("amount > 0")])
        left = BigIntegerField(constraints=[Check('"left" >= 0'), Check('"left" <= amount')])
        locked = BooleanField()
        identity_level = IntegerField()
        declared = TextField()
        event = TextField()
        rule = TextField()
        created_at = TextField()

    class Decision(Table):
        id = TextField(primary_key=True)
        account = TextField()
        policy = TextField()
        version = ForeignKeyField(PolicyVersion, column_name="digest")
        outcome = TextField()
        points = BigIntegerField()
        as_of = TextField()
        decided_at = TextField()
        case_data = TextField()
        data = TextField()

        class Meta:
            indexes = ((("account", "id"), False),)

    class RefundRequest(Table):
        id = TextField(primary_key=True)
        account = ForeignKeyField(Account, index=False)
        decision = ForeignKeyField(Decision, unique=True)
        state = TextField()
        points = BigIntegerField(constraints=[Check("points >= 0")])
        method = TextField()
        receiving_account = TextField()
        requested_at = TextField()

        class Meta:
            indexes = (
                (("account", "id"), False),
                (("receiving_account", "requested_at"), False),
            )

    class Hold(Table):
        id = BigAutoField()
        request = ForeignKeyField(RefundRequest, index=False)
        lot = ForeignKeyField(Lot)
        points = BigIntegerField(constraints=[Check("points > 0")])
        state = TextField()

        class Meta:
            indexes = ((("request", "lot"), True),)

    class LedgerEntry(Table):
        id = BigAutoField()
        lot = ForeignKeyField(Lot)
        kind = TextField()
        points = BigIntegerField()
        request = ForeignKeyField(RefundRequest, null=True)
        happened_at = TextField()
        entered_at = TextField()

    class IdempotencyKey(Table):
        id = BigAutoField()
        key = TextField(unique=True)
        digest = TextField()
        status = IntegerField()
        location = TextField()
        language = TextField()
        answer = TextField()
        entered_at = TextField()

    db.create_tables([PolicyVersion, Account, Lot, Decision, RefundRequest, Hold, LedgerEntry, IdempotencyKey])
    if isinstance(db, SqliteDatabase):
        refuse_changes_on_sqlite(db)
    else:
        refuse_changes_on_postgresql(db)


def refuse_changes_on_sqlite(db: Database) -> None:
    for table in NEVER_CHANGED:
        for event in ("UPDATE", "DELETE"):
            execute(
                db,
                f"CREATE TRIGGER {table}_refuses_{event.lower()} BEFORE {event} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table} rows are never changed'); END",
            )


def refuse_changes_on_postgresql(db: Database) -> None:
    execute(
        db,
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' rows are never changed'; END $$",
    )
    for table in NEVER_CHANGED:
        execute(
            db,
            f"CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE"
            f" ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
        )
