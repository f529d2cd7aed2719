"""The benchmark's decision in CLIPS, in the package clipspy: facts asserted, rules run, answers read from the facts
that the rules assert.
"""

from __future__ import annotations

from collections import defaultdict
from importlib.metadata import version

import clips

from benchmarks.cases import LOT_RULES, REQUEST_RULES, Json, answer, charges, in_order
from benchmarks.peers import Peer

_CONSTRUCTS = (
    "(deftemplate lot (slot id) (slot source) (slot campaign) (slot expires_on) (slot amount) (slot locked))",
    "(deftemplate request (slot points) (slot method) (slot status) (slot identity_level) (slot refunded) (slot day))",
    "(deftemplate excluded (slot lot) (slot rule))",
    "(deftemplate against (slot rule))",
    "(deftemplate available (slot points))",
    "(deftemplate charged (slot fee))",
    """(defrule expired (declare (salience 3)) (request (day ?day))
      (lot (id ?lot) (expires_on ?last&:(< (str-compare ?last ?day) 0)))
      => (assert (excluded (lot ?lot) (rule expired))))""",
    """(defrule promotion (declare (salience 3)) (lot (id ?lot) (source "promotion") (campaign ~"C2"&~"C5"))
      => (assert (excluded (lot ?lot) (rule promotion))))""",
    """(defrule pending (declare (salience 3)) (lot (id ?lot) (locked 1))
      => (assert (excluded (lot ?lot) (rule pending))))""",
    """(defrule available (declare (salience 2)) (request) =>
      (bind ?sum 0)
      (do-for-all-facts ((?lot lot)) (not (any-factp ((?out excluded)) (eq ?out:lot ?lot:id)))
        (bind ?sum (+ ?sum ?lot:amount)))
      (assert (available (points ?sum))))""",
    """(defrule identity (declare (salience 1)) (request (identity_level ?level&:(< ?level 1)))
      => (assert (against (rule identity))))""",
    """(defrule status (declare (salience 1)) (request (status ~"active"))
      => (assert (against (rule status))))""",
    """(defrule method (declare (salience 1)) (request (method ~"cash"&~"bill"&~"gift"))
      => (assert (against (rule method))))""",
    """(defrule minimum (declare (salience 1)) (request (points ?points&:(< ?points 1000)))
      => (assert (against (rule minimum))))""",
    """(defrule unit (declare (salience 1)) (request (points ?points&:(> (mod ?points 100) 0)))
      => (assert (against (rule unit))))""",
    """(defrule per-request (declare (salience 1)) (request (points ?points&:(> ?points 50000)))
      => (assert (against (rule per-request))))""",
    """(defrule per-month (declare (salience 1))
      (request (points ?points) (refunded ?before&:(> (+ ?before ?points) 100000)))
      => (assert (against (rule per-month))))""",
    """(defrule enough (declare (salience 1)) (available (points ?most)) (request (points ?points&:(> ?points ?most)))
      => (assert (against (rule enough))))""",
    """(defrule fee-of-cash (not (against)) (request (method "cash") (points ?points&:(< ?points 10000)))
      => (assert (charged (fee 500))))""",
    """(defrule fee-of-gifts (not (against)) (request (method "gift") (points ?points))
      => (assert (charged (fee (max 100 (min 3000 (div (* ?points 3) 100)))))))""",
)
_DECISIONS = 200
"""After so many an environment is made anew, for each takes longer than the one before."""


class Engine:
    """An environment of CLIPS, made anew now and then."""

    def __init__(self) -> None:
        self._left = 0

    def decide(self, case: Json) -> Json:
        """The decision of a case."""
        if not self._left:
            self._environment = clips.Environment()
            for construct in _CONSTRUCTS:
                self._environment.build(construct)
            self._lot, self._request = map(self._environment.find_template, ("lot", "request"))
            self._left = _DECISIONS
        self._left -= 1
        self._environment.reset()
        self._tell(case)
        self._environment.run()
        return self._read(case)

    def _tell(self, case: Json) -> None:
        self._request.assert_fact(
            points=case["request"]["points"],
            method=case["request"]["method"],
            status=case["account"]["status"],
            identity_level=case["account"]["identity_level"],
            refunded=sum(past["points"] for past in case["history"]),
            day=case["as_of"][:10],
        )
        for lot in case["lots"]:
            self._lot.assert_fact(
                id=lot["id"],
                source=lot["source"],
                campaign=lot["campaign"],
                expires_on=lot["expires_on"],
                amount=lot["amount"],
                locked=int(lot["locked"]),
            )

    def _read(self, case: Json) -> Json:
        why: dict[str, list[str]] = defaultdict(list)
        against: list[str] = []
        available = fee = 0
        for fact in self._environment.facts():
            kind = fact.template.name
            if kind == "excluded":
                why[fact["lot"]].append(fact["rule"])
            elif kind == "against":
                against.append(fact["rule"])
            elif kind == "available":
                available = fact["points"]
            elif kind == "charged":
                fee = fact["fee"]
        excluded = [[lot["id"], in_order(LOT_RULES, why[lot["id"]])] for lot in case["lots"] if lot["id"] in why]
        if against:
            return answer("denied", in_order(REQUEST_RULES, against), 0, available, excluded)
        request = case["request"]
        return answer("approved", charges(request["method"], fee), fee, available, excluded, request["points"] - fee)


def peers() -> list[Peer]:
    """CLIPS; making it anew is part of its time."""
    said = "the sum of earlier refunds, the payout, lists, the order of reasons"
    return [Peer(f"CLIPS in clipspy {version('clipspy')}", Engine().decide, said)]
