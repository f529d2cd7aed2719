"""What is counted for Prometheus: requests and decisions as they are answered, queues and lags when somebody asks.

Each process counts in memory. Where several answer, `recoup serve` names a folder (PROMETHEUS_MULTIPROC_DIR) in whose
files each keeps its counts, so that whichever is asked tells those of all, also of one that has died. What waits is
read from the database, which is the same for all.

A label only ever takes a value that a route, a status or a published text has: whoever asks cannot make one up.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from service.clock import Clock
from service.config import FOLDER
from service.database import Database, Unavailable, reading, rows
from service.publishing import Versions
from service.readiness import number_in_force

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds."""
MOST = 100_000
"""No queue is counted further, so that a scrape stays cheap however long one grew."""

# Since when each series is counted is a series more for each, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Metric:
    """What is told under one name; `labels` tell its series apart."""

    about: str
    labels: tuple[str, ...] = ()


METRICS: Mapping[str, Metric] = {
    "recoup_requests_total": Metric("Requests that were answered", ("route", "method", "status")),
    "recoup_request_seconds": Metric("From when a request was there whole to its answer", ("route",)),
    "recoup_decisions_total": Metric(
        "Decisions that were recorded or filed; not those of a dry run", ("policy", "version", "outcome")
    ),
    "recoup_reasons_total": Metric("How often a rule spoke in such a decision", ("policy", "rule")),
    "recoup_database_up": Metric("1 where the database could be read for this answer, else 0"),
    "recoup_waiting": Metric(f"How many wait, counted up to {MOST}", ("queue",)),
    "recoup_waiting_oldest_seconds": Metric("For how long the one that came first waits", ("queue",)),
    "recoup_deliveries_dead": Metric(f"Deliveries that were given up, counted up to {MOST}"),
    "recoup_log_unsigned_leaves": Metric(f"Leaves of the log that no checkpoint covers, counted up to {MOST}"),
    "recoup_log_checkpoint_age_seconds": Metric("Since when the newest checkpoint is signed"),
    "recoup_policy_version": Metric("The number of the version in force", ("policy",)),
}

# Of each queue those that wait, with the instant since which they do.
QUEUES: Mapping[str, str] = {
    "outbox": "SELECT announced_at AS since FROM message WHERE position IS NULL",
    "deliveries": (
        "SELECT announced_at AS since FROM delivery JOIN message ON message.id = message_id"
        " JOIN webhook ON webhook.id = webhook_id AND webhook.state = 'active' WHERE delivery.state = 'pending'"
    ),
    "reviews": "SELECT requested_at AS since FROM refund_request WHERE state = 'needs_review'",
    "events": (
        "SELECT entered_at AS since FROM event WHERE of <> ''"
        " AND NOT EXISTS (SELECT 1 FROM event_answer WHERE event_answer.event_id = event.id)"
    ),
    "inquiries": "SELECT opened_at AS since FROM inquiry WHERE state = 'open'",
}
DEAD = (
    "SELECT 1 FROM delivery JOIN webhook ON webhook.id = webhook_id AND webhook.state <> 'removed'"
    " WHERE delivery.state = 'dead'"
)
UNPLACED = "SELECT 1 FROM log_leaf WHERE seq IS NULL"
PLACED = "SELECT COALESCE(MAX(seq), -1) + 1 FROM log_leaf"
CHECKPOINT = "SELECT size, signed_at FROM log_checkpoint ORDER BY id DESC LIMIT 1"


class Metrics:
    """The counts of one process, and the way to those of all."""

    def __init__(self, database: Database, versions: Versions, clock: Clock) -> None:
        self._database = database
        self._versions = versions
        self._clock = clock
        self._own = CollectorRegistry()
        series = partial(_Series, self._own)
        self._requests = series(Counter, "recoup_requests_total")
        self._seconds = series(Histogram, "recoup_request_seconds", buckets=BUCKETS)
        self._decisions = series(Counter, "recoup_decisions_total")
        self._reasons = series(Counter, "recoup_reasons_total")

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests[route, method, status].inc()
        self._seconds[(route,)].observe(seconds)

    def decided(self, decision: Mapping[str, Any]) -> None:
        """Count a decision that was kept."""
        policy = decision["policy"]
        self._decisions[policy, decision["version"], decision["outcome"]].inc()
        for reason in decision["reasons"]:
            self._reasons[policy, reason["rule"]].inc()

    def text(self) -> bytes:
        """What Prometheus reads: the counts of all processes, and what waits now."""
        counts, standing = self._own, CollectorRegistry()
        if FOLDER in os.environ:
            counts = CollectorRegistry()
            MultiProcessCollector(counts)  # type: ignore[no-untyped-call]
        standing.register(_Standing(self._database, self._versions, self._clock()))
        return generate_latest(counts) + generate_latest(standing)


class _Series(dict[tuple[object, ...], Any]):
    """The series of one metric by their labels: to look one up in the library costs more than to count."""

    def __init__(self, registry: CollectorRegistry, kind: Any, name: str, **more: Any) -> None:
        super().__init__()
        metric = METRICS[name]
        self._metric = kind(name, metric.about, metric.labels, registry=registry, **more)

    def __missing__(self, labels: tuple[object, ...]) -> Any:
        self[labels] = self._metric.labels(*labels)
        return self[labels]


class _Standing(Collector):
    """How things stand in the database at an instant."""

    def __init__(self, database: Database, versions: Versions, now: datetime) -> None:
        self._database = database
        self._versions = versions
        self._now = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            with reading(self._database):
                found = [*self._read()]
        except Unavailable:
            yield _gauge("recoup_database_up", [((), 0)])
            return
        yield _gauge("recoup_database_up", [((), 1)])
        yield from found

    def _read(self) -> Iterator[GaugeMetricFamily]:
        database = self._database
        waiting = {
            queue: rows(database, f"SELECT COUNT(*), MIN(since) FROM ({sql} LIMIT {MOST}) AS waiting")[0]  # noqa: S608
            for queue, sql in QUEUES.items()
        }
        yield _gauge("recoup_waiting", [((queue,), count) for queue, (count, _) in waiting.items()])
        oldest = [((queue,), self._age(since) if since else 0) for queue, (_, since) in waiting.items()]
        yield _gauge("recoup_waiting_oldest_seconds", oldest)
        yield _gauge("recoup_deliveries_dead", [((), self._number(DEAD))])
        signed = rows(database, CHECKPOINT)
        size = signed[0][0] if signed else 0
        unsigned = rows(database, PLACED)[0][0] - size + self._number(UNPLACED)
        yield _gauge("recoup_log_unsigned_leaves", [((), unsigned)])
        yield _gauge("recoup_log_checkpoint_age_seconds", [((), self._age(at)) for _, at in signed])
        numbers = [(policy, number_in_force(self._versions, policy, self._now)) for policy in self._versions.policies()]
        yield _gauge("recoup_policy_version", [((policy,), number) for policy, number in numbers if number is not None])

    def _number(self, sql: str) -> int:
        found: int = rows(self._database, f"SELECT COUNT(*) FROM ({sql} LIMIT {MOST}) AS found")[0][0]  # noqa: S608
        return found

    def _age(self, since: str) -> float:
        return max((self._now - datetime.fromisoformat(since)).total_seconds(), 0.0)


def _gauge(name: str, samples: Sequence[tuple[tuple[str, ...], float]]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, METRICS[name].about, labels=METRICS[name].labels)
    for labels, value in samples:
        gauge.add_metric(labels, value)
    return gauge
