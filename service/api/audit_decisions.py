"""/v1/audit/decisions: decisions found, one decision whole, the text by its digest, and who read what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response

from engine.decision import ENGINE, OUTCOMES
from policies.problems import both
from service import audit_log, decision_search, known, reads, records, refund_requests
from service.access import record_reads
from service.answers import kept_decision_answer, version_answer
from service.audit_log import base64_of
from service.database import reading
from service.decision_search import Asked, Damaged, Line
from service.errors import FieldError, Refusal, language
from service.intake import query
from service.paging import next_page
from service.parts import answered, parts
from service.publishing import no_text
from service.records import BESIDE, rules_that_spoke
from service.replaying import Chosen, Replay
from service.shapes import LANGUAGE_QUERY
from service.shapes_audit import DECISIONS_QUERY, READS_QUERY

blueprint = Blueprint("audit-decisions", __name__)

AMOUNTS = ("points", "gross", "fee", "tax", "offset", "payout")
CAME_TO = ("outcome", *AMOUNTS)
NO_LEAF = both("기록의 나무에 없습니다", "it does not stand in the log")
RECORDED = ("digest", "engine", *CAME_TO)
SHOWN = ("as_of", "requested_on", "account", "policy", "version", "digest", *CAME_TO)


@blueprint.get("/v1/audit/decisions")
def found() -> Response:
    """The decisions that are asked for, the newest first."""
    page = query(DECISIONS_QUERY)
    after = page.get("after")
    database = parts().database
    with reading(database):
        asked = _asked(page)
        place = None if after is None else decision_search.place_of(database, after)
        if after is not None and place is None:
            _refuse([FieldError.in_parameter("after", "not-in-the-list")])
        met = decision_search.search(database, parts().versions, asked, place, page["limit"] + 1)
    shown = met[: page["limit"]]
    record_reads(*(each.id for each in shown))
    following = next_page("/v1/audit/decisions", page, [{"id": each.id} for each in shown], more=len(met) > len(shown))
    return answered(
        {
            "decisions": [_line(each) for each in shown if isinstance(each, Line)],
            "damaged": [_damaged(each) for each in shown if isinstance(each, Damaged)],
            "next": following,
        }
    )


@blueprint.get("/v1/audit/decisions/<id>")
def whole(id: str) -> Response:
    """All that is kept of a decision, where it stands in the log, and where the rest is to be had."""
    query(LANGUAGE_QUERY)
    database = parts().database
    audit_log.place_all(database)
    with reading(database):
        record = records.find(database, id)
        leaf = audit_log.entry_of(database, "decision", id)
        filed = refund_requests.of_decision(database, id)
        kept = None if record is None else parts().versions.kept(record.decision["digest"])
    if record is None:
        raise Refusal("not-found", what=f"/v1/audit/decisions/{id}")
    if leaf is None:
        raise records.damaged(id, NO_LEAF)
    if kept is None:
        raise no_text(record.decision["digest"])
    record_reads(id)
    proof = urlencode({"kind": "decision", "reference": id})
    return answered(
        {
            **kept_decision_answer(record, language(), parts().faq.links),
            "text": {**version_answer(kept[0]), "address": f"/v1/audit/versions/{kept[0].digest}"},
            "leaf": {
                "seq": leaf.seq,
                "digest": leaf.digest,
                "leaf_hash": base64_of(leaf.hash()),
                "entry": f"/v1/audit/entries/{leaf.seq}",
                "inclusion": f"/v1/audit/proofs/inclusion?{proof}",
            },
            "refund_request": filed and f"/v1/refund-requests/{filed}",
            "explanation": f"/v1/decisions/{id}/explanation",
            "reads": f"/v1/audit/reads?{urlencode({'decision': id})}",
        }
    )


@blueprint.get("/v1/audit/decisions/<id>/replay")
def again(id: str) -> Response:
    """A decision made again from what is kept, and every difference from its record."""
    query(LANGUAGE_QUERY)
    database = parts().database
    with reading(database):
        if not known.decision(database, id):
            records.refuse_gone(database, id)
            raise Refusal("not-found", what=f"/v1/audit/decisions/{id}/replay")
    # The text is read anew, and not as it was compiled once: somebody may have changed it since.
    replay = Replay(database, Chosen(id), language(), 1)
    (found,) = replay.decisions()
    assert found is not None, "no day was chosen"
    now = replay.now(id)
    recorded = replay.recorded(id)
    record_reads(id)
    return answered(
        {
            "id": id,
            "again": now is not None,
            "erased": found.erased,
            "differences": list(found.differences),
            "engine": ENGINE,
            "recorded": {name: _sound(name, recorded.get(name)) for name in RECORDED},
            "now": None if now is None else {name: getattr(now, name) for name in CAME_TO},
        }
    )


@blueprint.get("/v1/audit/versions/<digest>")
def text(digest: str) -> Response:
    """A published text by its digest, with all that the digest covers."""
    query(LANGUAGE_QUERY)
    with reading(parts().database):
        kept = parts().versions.kept(digest)
    if kept is None:
        raise Refusal("not-found", what=f"/v1/audit/versions/{digest}")
    listed, text, holidays = kept
    return answered({**version_answer(listed), "text": text, "holidays": holidays})


@blueprint.get("/v1/audit/reads")
def read() -> Response:
    """Who was shown which decision, the newest first."""
    page = query(READS_QUERY)
    after = page.get("after")
    asked = {name: value for name, value in page.items() if name not in ("limit", "after", "lang")}
    crossed = _crossed(page, "day")
    database = parts().database
    with reading(database):
        _refuse([*([crossed] if crossed else []), *_unknown_reads(page)])
        if after is not None and not reads.known(database, after):
            _refuse([FieldError.in_parameter("after", "not-in-the-list")])
        met = reads.page_of(database, after, page["limit"] + 1, **asked)
    shown = met[: page["limit"]]
    following = next_page("/v1/audit/reads", page, shown, more=len(met) > len(shown))
    return answered({"reads": shown, "next": following})


def _asked(page: dict[str, Any]) -> Asked:
    """What is looked for. Raises Refusal: what was never there, bounds that cross."""
    names = {field.name for field in fields(Asked)}
    named = {name: value for name, value in page.items() if name in names}
    errors = [crossed for what in ("points", "day") if (crossed := _crossed(named, what))]
    policy, number = page.get("policy"), page.get("version")
    published = parts().versions.policies()
    if policy is not None and policy not in published:
        errors.append(FieldError.in_parameter("policy", "unknown-policy", known=", ".join(published) or "-"))
    elif policy is None and number is not None:
        errors.append(FieldError.in_parameter("version", "only-with-policy"))
    elif policy is not None and number is not None:
        version = parts().versions.find(policy, number)
        if version is None:
            errors.append(FieldError.in_parameter("version", "unknown-version", policy=policy))
        else:
            # It says which policy, too.
            del named["policy"]
            named["digest"] = version[0].digest
    errors += _unknown(page, [policy] if policy in published else published)
    _refuse(errors)
    return Asked(**named)


def _unknown(page: Mapping[str, Any], policies: Sequence[str]) -> Iterator[FieldError]:
    """An account and rules that were never there; a rule is one of these policies."""
    database, versions = parts().database, parts().versions
    account, policy = page.get("account"), policies[0] if len(policies) == 1 else None
    if account is not None and not known.account(database, account):
        yield FieldError.in_parameter("account", "no-account")
    for name in ("reason", "rule"):
        rule = page.get(name)
        if rule is not None and not known.rule(database, versions, rule, policy):
            hint = known.like_a_rule(versions, rule, policy)
            yield FieldError.in_parameter(name, "unknown-rule", of=", ".join(policies) or "-", hint=hint)


def _unknown_reads(page: Mapping[str, Any]) -> Iterator[FieldError]:
    """A decision and a reader that were never there."""
    database = parts().database
    decision, reader = page.get("decision"), page.get("reader")
    if decision is not None and not known.decision(database, decision):
        yield FieldError.in_parameter("decision", "no-decision")
    if reader is not None and not known.reader(database, reader):
        yield FieldError.in_parameter("reader", "unknown-reader", hint=known.like_a_reader(database, reader))


def _crossed(asked: Mapping[str, Any], what: str) -> FieldError | None:
    """The mistake of bounds between which nothing lies."""
    first, last = asked.get(f"{what}_from"), asked.get(f"{what}_to")
    if first is None or last is None or first <= last:
        return None
    return FieldError.in_parameter(f"{what}_from", "behind", other=f"{what}_to")


def _refuse(errors: Sequence[FieldError]) -> None:
    if errors:
        raise Refusal("bad-request", errors)


def _line(line: Line) -> dict[str, Any]:
    """A decision in a list: `reasons` are the rules that spoke of the request, `rules` those of lots too."""
    decision, spoke = line.decision, rules_that_spoke(line.decision)
    return {
        "id": line.id,
        "decided_at": line.decided_at,
        **{name: decision[name] for name in SHOWN},
        "reasons": [rule for rule, of_request in spoke.items() if of_request],
        "rules": list(spoke),
        **({"erased": decision["erased"]} if "erased" in decision else {}),
    }


def _damaged(met: Damaged) -> dict[str, Any]:
    """One whose record is not what was written: why, and the row that it was found by."""
    return {
        "id": met.id,
        "detail": met.why.in_language(language()),
        "row": {name: _sound(name, met.beside[name]) for name in BESIDE},
        "replay": f"/v1/audit/decisions/{met.id}/replay",
    }


def _sound(name: str, value: object) -> object:
    """A value of a record that somebody may have changed; None where it is not even of its type."""
    if name in AMOUNTS:
        return value if type(value) is int else None
    foreign = name == "outcome" and value not in OUTCOMES
    return value if isinstance(value, str) and not foreign else None
