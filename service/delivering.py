"""The deliverer: takes what is due, sends it, and keeps what came of it. As many as one likes may run at once."""

from __future__ import annotations

import logging
import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from service import deliveries, outbox
from service.clock import Clock, utc_now
from service.config import Settings
from service.database import Database, Unavailable, reading, writing
from service.deliveries import Due
from service.ids import new_id
from service.posting import Posted, post
from service.signing import headers_of
from service.webhooks import Webhook

# Beyond one attempt: for the resolver, and for a database that is slow to take down what came of it.
LEASE_SPARE_SECONDS = 60

log = logging.getLogger("recoup.delivering")


class Deliverer:
    """Delivers the messages of one database."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        clock: Clock = utc_now,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._chance = chance
        self._lease = timedelta(seconds=settings.delivery_timeout_seconds + LEASE_SPARE_SECONDS)

    def once(self, stop: threading.Event | None = None) -> Counter[str]:
        """Try everything that is due now; how many ended in which state. Raises Unavailable."""
        outbox.place(self._database)
        due_at, ended = self._clock(), stop or threading.Event()

        def serve(_: int) -> Counter[str]:
            made: Counter[str] = Counter()
            while not ended.is_set():
                served = self._serve(due_at, ended)
                if served is None:
                    break
                made += served
            return made

        with ThreadPoolExecutor(self._settings.delivery_threads) as threads:
            return sum(threads.map(serve, range(self._settings.delivery_threads)), Counter[str]())

    def run(self, stop: threading.Event) -> None:
        """Deliver until told to stop; what is under way is finished."""
        workers = [
            threading.Thread(target=self._work, args=(stop,), name=f"deliverer-{n}")
            for n in range(self._settings.delivery_threads)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def _work(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                outbox.place(self._database)
                served = self._serve(self._clock(), stop)
            except Unavailable as error:
                log.warning("the database cannot serve: %s", error)
                served = None
            except Exception:
                # One that ends for a bug would leave the others with all its work, and nobody would notice.
                log.exception("a bug; the deliverer goes on")
                served = None
            if served is None:
                stop.wait(self._settings.delivery_pause_seconds)

    def _serve(self, due_at: datetime, stop: threading.Event) -> Counter[str] | None:
        """Send one webhook a batch of what is due; None when no webhook can be served."""
        now = self._clock()
        holder = new_id("H", now)
        webhook = deliveries.claim(self._database, holder, now, due_at, self._lease)
        if webhook is None:
            return None
        made: Counter[str] = Counter()
        try:
            with reading(self._database):
                found = deliveries.due(self._database, webhook.id, due_at)
            for each in found:
                state, may_go_on = self._attempt(webhook, holder, each)
                made[state] += 1
                if stop.is_set() or not may_go_on:
                    break
        finally:
            ended = self._clock()
            writing(self._database, lambda: deliveries.release(self._database, webhook.id, holder, ended))
        return made

    def _attempt(self, webhook: Webhook, holder: str, each: Due) -> tuple[str, bool]:
        """Try one delivery: the state that it is in then, and whether the webhook may be sent more."""
        body = each.message.body()
        began = self._clock()
        posted = post(
            webhook.url,
            body,
            {**headers_of(each.message.id, began, body, webhook.keys(began)), **_trace(each.message.traceparent)},
            timeout_seconds=self._settings.delivery_timeout_seconds,
            private=self._settings.private_webhooks,
        )
        return self._mark(webhook, holder, each, posted)

    def _mark(self, webhook: Webhook, holder: str, each: Due, posted: Posted) -> tuple[str, bool]:
        now = self._clock()
        outcome = deliveries.verdict(
            posted, each.attempts, self._settings.delivery_schedule_seconds, self._chance(), now
        )

        def keep() -> bool:
            deliveries.mark(self._database, webhook.id, each, posted, outcome, now)
            return deliveries.renew(self._database, webhook.id, holder, now, self._lease)

        may_go_on = writing(self._database, keep)
        if outcome.error:
            log.info("%s to %s: %s", each.message.id, webhook.id, outcome.error)
        return outcome.state, may_go_on


def _trace(traceparent: str) -> dict[str, str]:
    """The header by which a receiver goes on with the trace of the request that a message came of."""
    return {"traceparent": traceparent} if traceparent else {}
