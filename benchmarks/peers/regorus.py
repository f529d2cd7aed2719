"""The benchmark's decision in Rego, by Regorus, the interpreter in Rust, in the package opa-eval."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import opa_eval

from benchmarks.cases import Json
from benchmarks.peers import Peer

POLICY = Path(__file__).with_name("refund.rego")


def peers() -> list[Peer]:
    """Regorus, asked in JSON, for it takes no other input."""
    engine = opa_eval.OpaEval(str(POLICY), query="data.refund.decision")

    def decide(case: Json) -> Json:
        found: Json = engine.evaluate_parsed(json.dumps(case))
        return found

    return [Peer(f"regorus in opa-eval {version('opa-eval')}", decide, "nothing")]
