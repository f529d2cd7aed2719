"""The alerts speak of what `/metrics` tells, and the page for operators of every alert."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import promql_parser
import pytest
import yaml
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from service import audit_log
from service.database import Database
from service.log.notes import Signer
from service.metrics import QUEUES
from tests.docs_runner import ROOT
from tests.service.builders import NOW, asking

ALERTS = {
    rule["alert"]: rule["expr"]
    for group in yaml.safe_load((ROOT / "deploy/alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
}
PAGE = (ROOT / "docs/operators.md").read_text("utf-8")
# Prometheus itself tells whether it could read a target.
OF_PROMETHEUS = {"up": {"job"}}


def selectors(expression: promql_parser.Expr) -> Iterator[promql_parser.VectorSelector]:
    """Every series that an expression asks for."""
    found: list[promql_parser.VectorSelector] = []

    def visit(node: object) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)

    promql_parser.walk(expression, visit)
    return iter(found)


def strange(expression: str, told: Mapping[str, set[str]]) -> list[str]:
    """What an expression asks for that nobody tells: a series, a label of it, a queue."""
    found = []
    for selector in selectors(promql_parser.parse(expression)):
        if selector.name not in told:
            found.append(str(selector.name))
        for matcher in selector.matchers.matchers:
            if matcher.name not in told.get(str(selector.name), {matcher.name}):
                found.append(f"{selector.name}.{matcher.name}")
            if matcher.name == "queue" and matcher.value not in QUEUES:
                found.append(matcher.value)
    return found


@pytest.fixture
def told(client: FlaskClient, database: Database, signer: Signer) -> Mapping[str, set[str]]:
    """Every series that a service tells which has decided something and signed its log, with its labels."""
    audit_log.sign_head(database, [signer], NOW)
    key = {"Idempotency-Key": "k"}
    body = {"account": "A", "request": asking()}
    assert client.post("/v1/refund-requests", json=body, headers=key).status_code == 201
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(client.get("/metrics").get_data(as_text=True)):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return OF_PROMETHEUS | found


def test_every_alert_asks_for_what_is_told(told: Mapping[str, set[str]]) -> None:
    assert {name: strange(expression, told) for name, expression in ALERTS.items()} == {name: [] for name in ALERTS}
    assert strange('sum(rate(recoup_request_total[5m])) > recoup_waiting{queue="mail", colour="red"}', told) == [
        "recoup_request_total",
        "mail",
        "recoup_waiting.colour",
    ]


def test_the_page_for_operators_tells_what_each_alert_means_and_what_to_do() -> None:
    rows = re.findall(r"^\| `(Recoup\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert [name for name, *_ in rows] == list(ALERTS)
