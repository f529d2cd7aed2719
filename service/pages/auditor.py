"""What an auditor sees: decisions found, one told as a story, made again beside its record, and proved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, Response, g, jsonify, request

from service.errors import DAMAGED
from service.explanation_forms import listed
from service.pages.asking import Answer, Refused, address, ask, asked
from service.pages.auditor_words import STAGES, UPPER_BOUNDS
from service.pages.forms import spellings
from service.pages.site import only, page
from service.telling import traced

blueprint = Blueprint("auditor", __name__, url_prefix="/auditor")
blueprint.before_request(only("auditor"))

NARROWING = ("day_from", "day_to", "points_from", "points_to", "policy", "version")
FIELDS = ("account", "reason", "rule", "outcome", *NARROWING)
MOST_FOUND = 20
MOST_READS = 100
TO_THE_MINUTE = len("2026-11-28T20:37")
ORDER = list(STAGES)
PROOF = "/v1/audit/proofs/inclusion"


@blueprint.get("")
def home() -> Response:
    """Decisions by what is asked for, the newest first, and the newest checkpoint of the log."""
    written = {name: request.args.get(name, "").strip() for name in FIELDS}
    sent = {**written, **{name: written[name].replace(",", "") for name in ("points_from", "points_to")}}
    paging = {"limit": MOST_FOUND, "after": request.args.get("after")}
    as_written, *otherwise = spellings(written["account"])
    found = ask("GET", "/v1/audit/decisions", query={**sent, "account": as_written, **paging})
    if otherwise and "account" in mistakes_of(found):
        found = ask("GET", "/v1/audit/decisions", query={**sent, "account": otherwise[0], **paging})
    head = _head()
    return page(
        "auditor.html",
        found.status,
        written=written,
        narrowed=any(written[name] for name in NARROWING),
        mistakes=mistakes_of(found),
        found=found.data["decisions"] if found.ok else [],
        damaged=found.data["damaged"] if found.ok else [],
        next=_next(found.data["next"]) if found.ok else None,
        policies=asked("GET", "/v1/policies")["policies"],
        head=head,
    )


@blueprint.get("/decisions/<id>")
def decision(id: str) -> Response:
    """One decision as a story, made again beside its record; without the story where somebody changed the record."""
    whole = ask("GET", address("audit", "decisions", id))
    damaged = not whole.ok and whole.data["code"] in DAMAGED
    if not whole.ok and not damaged:
        raise Refused(whole)
    told = ask("GET", address("decisions", id, "explanation"))
    again = ask("GET", address("audit", "decisions", id, "replay"))
    evidence: dict[str, Any] = {
        "id": id,
        "again": again.data if again.ok else None,
        "leaf": whole.data["leaf"] if whole.ok else _leaf(id),
        "reads": _reads(id),
        "head": _head(),
    }
    if damaged or not again.ok or again.data["differences"]:
        detail = "" if whole.ok else whole.data["detail"]
        return page("auditor_damaged.html", **evidence, detail=detail, currency=None)
    policy = asked("GET", address("policies", whole.data["policy"]))
    return page(
        "auditor_decision.html",
        **evidence,
        whole=whole.data,
        told=told.data if told.ok else None,
        listed=listed,
        policy=policy,
        currency=policy["currency"],
        filed=None if whole.data["refund_request"] is None else asked("GET", whole.data["refund_request"]),
        path=path_of(whole.data["lots"]),
        stages=list(_stages(whole.data["trace"])),
    )


@blueprint.get("/decisions/<id>/proof.json")
def proof(id: str) -> Response:
    """What the API says of a decision's leaf, of its proof and of the newest checkpoint, as the page checks it.

    The proof is for the size of the checkpoint; where there is none, or it does not cover the leaf, for the whole log.
    """
    head = _head()
    asking: dict[str, object] = {"kind": "decision", "reference": id}
    found = asked("GET", PROOF, query=asking)
    covered = head if head is not None and found["seq"] < head["size"] else None
    if covered is not None:
        found = asked("GET", PROOF, query={**asking, "size": covered["size"]})
    entry = asked("GET", address("audit", "entries", found["seq"]))
    return jsonify({"entry": entry, "proof": found, "checkpoint": covered})


@blueprint.get("/versions/<digest>")
def version(digest: str) -> Response:
    """A published text by its digest."""
    return page("auditor_version.html", version=asked("GET", address("audit", "versions", digest)))


def _leaf(id: str) -> dict[str, Any] | None:
    """Where a decision stands in the log, with its digest, whatever became of its record; None where it does not."""
    found = ask("GET", PROOF, query={"kind": "decision", "reference": id})
    entry = ask("GET", address("audit", "entries", found.data["seq"])) if found.ok else found
    return entry.data if entry.ok else None


def _reads(id: str) -> dict[str, Any]:
    """Who was shown a decision; nobody, where it is kept no longer."""
    found = ask("GET", "/v1/audit/reads", query={"decision": id, "limit": MOST_READS})
    if not found.ok:
        return {"looks": [], "next": None, "most": 0}
    looks = groupby(found.data["reads"], lambda each: (each["read_at"][:TO_THE_MINUTE], each["reader"], each["roles"]))
    return {
        "looks": [
            {
                "read_at": reads[0]["read_at"],
                "reader": reader,
                "roles": roles,
                "of": [each["address"] for each in reads],
            }
            for (_, reader, roles), reads in ((key, [*same]) for key, same in looks)
        ],
        "next": found.data["next"],
        "most": len(found.data["reads"]),
    }


def mistakes_of(answer: Answer) -> dict[str, str]:
    """What is wrong with parameters, by their names, in the words of their fields. Raises Refused where something else
    is.
    """
    if answer.ok:
        return {}
    told = {error.get("parameter", ""): error["detail"] for error in answer.errors}
    if not told:
        raise Refused(answer)
    for bound, called in UPPER_BOUNDS.items():
        told = {name: detail.replace(bound, f"'{called.in_language(g.language)}'") for name, detail in told.items()}
    return told


def path_of(lots: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What became of an account's points on the way to a payout: all of them, those that each stage took out, by the
    rules that did, and those that pay. `left` are the points behind each step; shares are of 100.
    """
    whole = sum(lot["left"] for lot in lots)
    steps = [{"stage": "all", "lots": len(lots), "points": whole, "left": whole, "rules": []}]
    taken: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for lot in lots:
        if lot["reasons"]:
            # A lot falls out by the first rule that speaks against it.
            why = lot["reasons"][0]
            taken.setdefault(why["kind"], {}).setdefault(why["rule"], []).append(lot)
    left = whole
    for stage in sorted(taken, key=_order):
        gone = [lot for some in taken[stage].values() for lot in some]
        points = sum(lot["left"] for lot in gone)
        left -= points
        rules = [
            {
                "rule": rule,
                "terms": some[0]["reasons"][0]["terms"],
                "points": sum(lot["left"] for lot in some),
                "lots": some,
            }
            for rule, some in taken[stage].items()
        ]
        steps.append({"stage": stage, "lots": len(gone), "points": points, "left": left, "rules": rules})
    paying = [lot for lot in lots if lot["allocated"]]
    paid = sum(lot["allocated"] for lot in paying)
    steps.append({"stage": "pays", "lots": len(paying), "points": paid, "left": paid, "rules": []})
    for step in steps:
        step["share"] = _share(step["left"], whole)
        step["gone"] = _share(step["points"], whole) if step["rules"] else 0
    return steps


def _order(stage: str) -> int:
    return ORDER.index(stage) if stage in ORDER else len(ORDER)


def _share(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0


def _stages(trace: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The stages that a decision went through, each with how many rules spoke there and what each saw."""
    for stage in trace:
        yield {
            "stage": stage["stage"],
            "applied": sum(rule["applies"] for rule in stage["rules"]),
            # The first two lines are the heading of all, the third that of the stage.
            "lines": [line.strip() for line in [*traced([stage], g.language)][3:]],
        }


def _head() -> dict[str, Any] | None:
    """The newest checkpoint; None where nothing was signed yet, or what was cannot be read."""
    head = ask("GET", "/v1/audit/checkpoint")
    if not head.ok and head.status != 404 and head.data["code"] not in DAMAGED:
        raise Refused(head)
    return head.data if head.ok else None


def _next(following: str | None) -> str | None:
    """The page of the next decisions, out of the address that the API says."""
    if following is None:
        return None
    asking = [(name, value) for name, value in parse_qsl(following.partition("?")[2]) if name != "limit"]
    return f"/auditor?{urlencode(asking)}"
