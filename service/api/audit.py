"""/v1/audit: the log of everything that is never changed, and proofs of what is in it."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, Response

from service import audit_log
from service.access import record_reads
from service.audit_log import base64_of
from service.clock import to_the_second
from service.database import reading
from service.errors import FieldError, Refusal
from service.intake import query
from service.log.notes import BadNote
from service.parts import answered, parts
from service.shapes import LANGUAGE_QUERY
from service.shapes_audit import CONSISTENCY_QUERY, INCLUSION_QUERY

blueprint = Blueprint("audit", __name__)


@blueprint.get("/v1/audit/checkpoint")
def checkpoint() -> Response:
    """The newest signed head of the log."""
    query(LANGUAGE_QUERY)
    with reading(parts().database):
        found = audit_log.newest_checkpoint(parts().database)
    if found is None:
        raise Refusal("nothing-signed")
    try:
        head = found.head()
    except BadNote as error:
        raise audit_log.Altered(f"the last checkpoint cannot be read: {error}") from error
    return answered(
        {
            "origin": head.origin,
            "size": head.size,
            "root": base64_of(head.root),
            "note": found.note,
            "signed_at": to_the_second(found.signed_at),
        }
    )


@blueprint.get("/v1/audit/entries/<int:seq>")
def entry(seq: int) -> Response:
    """One leaf, and what it stands for."""
    query(LANGUAGE_QUERY)
    database = parts().database
    audit_log.place_all(database)
    with reading(database):
        found = audit_log.entry_at(database, seq) if seq <= audit_log.MOST_LEAVES else None
        if found is None:
            raise Refusal("not-found", what=f"/v1/audit/entries/{seq}")
        data = found.data(audit_log.body_of(database, found.kind, found.reference))
    # One that is gone from the table is shown to nobody.
    if found.kind == "decision" and data["body"] is not None:
        record_reads(found.reference)
    return answered({**data, "leaf_hash": base64_of(found.hash())})


@blueprint.get("/v1/audit/proofs/inclusion")
def inclusion() -> Response:
    """That something is in the log."""
    asked = query(INCLUSION_QUERY)
    database = parts().database
    audit_log.place_all(database)
    with reading(database):
        found = audit_log.entry_of(database, asked["kind"], asked["reference"])
        if found is None:
            raise Refusal("not-found", what=f"{asked['kind']} {asked['reference']}")
        size = _size("size", asked.get("size"), found.seq + 1)
        return answered(
            {
                "seq": found.seq,
                "size": size,
                "leaf_hash": base64_of(found.hash()),
                "hashes": _all(audit_log.inclusion(database, found.seq, size)),
                "root": base64_of(audit_log.root(database, size)),
            }
        )


@blueprint.get("/v1/audit/proofs/consistency")
def consistency() -> Response:
    """That the log only grew."""
    asked = query(CONSISTENCY_QUERY)
    database = parts().database
    audit_log.place_all(database)
    with reading(database):
        old = _size("old", asked["old"], 1)
        new = _size("new", asked.get("new"), old)
        return answered(
            {
                "old": old,
                "new": new,
                "old_root": base64_of(audit_log.root(database, old)),
                "hashes": _all(audit_log.consistency(database, old, new)),
                "new_root": base64_of(audit_log.root(database, new)),
            }
        )


def _size(name: str, asked: int | None, least: int) -> int:
    """A size that the log has or had, at least so large; that of the whole log when none is asked for."""
    whole = audit_log.size_of(parts().database)
    size = whole if asked is None else asked
    if not least <= size <= whole:
        raise Refusal("bad-request", [FieldError.in_parameter(name, "not-in-range", least=least, most=whole)])
    return size


def _all(hashes: Iterable[bytes]) -> list[str]:
    return [base64_of(each) for each in hashes]
