"""Mixed load at a constant rate for a long time: nothing may fail, no process may grow, no answer may become slow.

    python -m benchmarks.soak [--minutes 30] [--rate 40] [--workers 2] [--url postgresql://...]

`recoup serve` in processes of its own, with keys, on an empty database (SQLite where no `--url` names another), is
asked for everything that members and callers ask for, on accounts of twenty lots. Meanwhile versions are published and
accounts swept by the commands, as operators do it. Requests begin at their time, whether those before are answered or
not, as far as the threads suffice; how long one took is counted from that time, so that one that stalls is seen in all
that wait behind it.

After a warm-up of a fifth of the time stand the resident memory of each process in the first and in the last quarter of
the rest, and the latencies in its first and last third. At the end the ledger is verified.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import quote

from benchmarks.served import RULES, Served, environment, prepare, resident, serving
from service.clock import spoken, utc_now

THREADS = 16
SECONDS_BETWEEN_SAMPLES = 2.0
MOST_GROWTH = 0.05
"""By which share a process may grow after the warm-up."""
WARM_UP = 0.2
"""Which share of the time it takes."""
VERSIONS_KEPT = 4
"""How many compiled versions a process keeps here, so that it keeps as many as it may before the warm-up is over."""
WORDS = ("환급", "만료", "수수료", "상품권", "points", "refund", "expire", "fee")
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Heard:
    """One request: what was asked for, when it was due and how long it took since, in seconds."""

    what: str
    due: float
    took: float


@dataclass(slots=True)
class Soaked:
    """What was seen: every request, memory in kB by process and second, and whatever was wrong, in words."""

    heard: list[Heard] = field(default_factory=list)
    memory: list[tuple[float, dict[str, int]]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def grown(self, since: float) -> dict[str, tuple[float, float]]:
        """Of each process that was there from `since` on, its memory in the first and in the last quarter of then, in
        kB.
        """
        samples = [sizes for at, sizes in self.memory if at >= since]
        quarter = max(len(samples) // 4, 1)
        names = set(samples[0]).intersection(*samples)
        return {
            name: (
                statistics.median(sizes[name] for sizes in samples[:quarter]),
                statistics.median(sizes[name] for sizes in samples[-quarter:]),
            )
            for name in sorted(names)
        }


class Unexpected(Exception):
    """An answer with a status that it may not have."""


class Asker:
    """One of several threads that ask: a connection, and what was filed by it."""

    def __init__(self, served: Served, number: int, accounts: int, wrong: list[str]) -> None:
        self._served = served
        self._number = number
        self._accounts = accounts
        self._wrong = wrong
        self._random = random.Random(number)
        self._numbers = itertools.count()
        self._filed: deque[str] = deque(maxlen=50)
        self._last: tuple[str, Any, str, bytes] | None = None
        self._connection: http.client.HTTPConnection | None = None

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def ask_something(self) -> str:
        """Ask for one thing, check its answer, and say what it was."""
        what = self._random.choices([*MIX], [*MIX.values()])[0]
        try:
            getattr(self, what)()
        except Unexpected as error:
            self._wrong.append(str(error))
        except (OSError, http.client.HTTPException) as error:
            self.close()
            self._wrong.append(f"{what}: {error!r}")
        return what

    def ask(self, method: str, path: str, body: object = None, key: str = "", may: Sequence[int] = (200,)) -> bytes:
        """The answer to one request. Raises Unexpected."""
        headers = {**JSON, "Authorization": f"Bearer {self._served.key}", **({"Idempotency-Key": key} if key else {})}
        return self._ask(method, path, body, headers, may)

    def _ask(self, method: str, path: str, body: object, headers: Mapping[str, str], may: Sequence[int]) -> bytes:
        connection = self._connection
        if connection is None:
            connection = self._connection = http.client.HTTPConnection("127.0.0.1", self._served.port, timeout=60)
        connection.request(method, path, None if body is None else json.dumps(body), dict(headers))
        answer = connection.getresponse()
        text = answer.read()
        if answer.status not in may:
            raise Unexpected(f"{method} {path}: {answer.status} {text.decode()[:300]}")
        return text

    def _account(self) -> str:
        return f"A-{self._random.randrange(self._accounts)}"

    def _key(self) -> str:
        return f"{self._number}-{next(self._numbers)}"

    def _question(self) -> dict[str, Any]:
        method = self._random.choice(("bill_credit", "bill_credit", "gift_card"))
        points = self._random.choice((1_000, 2_000, 5_000, 400_000))
        return {"account": self._account(), "request": {"points": points, "method": method}}

    # What is asked for

    def dry_run(self) -> None:
        self.ask("POST", "/v1/decisions", {**self._question(), "dry_run": True})

    def decision(self) -> None:
        made = json.loads(self.ask("POST", "/v1/decisions", self._question(), may=(201,)))["id"]
        if self._random.random() < 0.3:
            self.ask("GET", f"/v1/decisions/{made}/explanation")

    def batch(self) -> None:
        items = [{**self._question(), "dry_run": self._random.random() < 0.8} for _ in range(10)]
        found = json.loads(self.ask("POST", "/v1/decisions:batch", {"items": items}))
        self._wrong.extend(f"batch: {each}" for each in found["results"] if each["status"] not in (200, 201))

    def filing(self) -> None:
        key, body = self._key(), self._question()
        text = self.ask("POST", "/v1/refund-requests", body, key, (201,))
        filed = json.loads(text)
        self._last = ("/v1/refund-requests", body, key, text)
        if filed["state"] == "approved":
            self._filed.append(filed["id"])

    def again(self) -> None:
        if self._last is not None:
            path, body, key, text = self._last
            if self.ask("POST", path, body, key, (201,)) != text:
                self._wrong.append(f"{key}: another answer")

    def move(self) -> None:
        if self._filed:
            name = self._random.choice(("settle", "cancel", "fail"))
            body = {"by": "benchmark", "reason": "soak"}
            self.ask("POST", f"/v1/refund-requests/{self._filed.popleft()}/{name}", body, self._key())

    def event(self) -> None:
        paid, account, at = f"E-{self._key()}", self._account(), spoken(utc_now() - timedelta(minutes=5))
        bill = {"id": paid, "account": account, "type": "bill_paid", "amount": 50_000, "happened_at": at}
        self.ask("POST", "/v1/events", bill, may=(201,))
        if self._random.random() < 0.5:
            undone = {"id": f"{paid}-back", "account": account, "type": "bill_corrected", "of": paid, "happened_at": at}
            self.ask("POST", "/v1/events", undone, may=(201,))

    def balance(self) -> None:
        self.ask("GET", f"/v1/accounts/{self._account()}/balance")

    def own(self) -> None:
        account = self._account()
        made = json.loads(self.ask("POST", "/v1/member-tokens", {"account": account, "minutes": 1}, may=(201,)))
        headers = {"Authorization": f"Bearer {made['token']}"}
        for what in ("balance", "refund-requests"):
            self._ask("GET", f"/v1/accounts/{account}/{what}", None, headers, (200,))

    def faq(self) -> None:
        self.ask("GET", f"/v1/faq?q={quote(self._random.choice(WORDS))}")

    def inquiry(self) -> None:
        body = {"account": self._account(), "kind": "question", "text": "언제 환급되나요?"}
        opened = json.loads(self.ask("POST", "/v1/inquiries", body, self._key(), (201,)))["id"]
        answer = {"by": "agent", "agent": "C-1", "text": "영업일 기준 3일 안에 됩니다."}
        self.ask("POST", f"/v1/inquiries/{opened}/entries", answer, self._key(), (201,))

    def watch(self) -> None:
        self.ask("GET", "/metrics")
        self.ask("GET", "/readyz")


# Of a hundred times that somebody asks.
MIX = {
    "dry_run": 30,
    "decision": 14,
    "filing": 12,
    "again": 4,
    "move": 9,
    "event": 8,
    "balance": 8,
    "own": 4,
    "faq": 4,
    "batch": 3,
    "inquiry": 2,
    "watch": 2,
}


def soak(
    url: str, served: Served, *, seconds: float, rate: float, accounts: int, reload_every: float, sweep_every: float
) -> Soaked:
    """Ask so many times a second, publish and sweep meanwhile; what was seen. Memory is read from /proc."""
    found = Soaked()
    over = Event()
    began = time.monotonic()
    numbers = itertools.count()

    def asking(number: int) -> list[Heard]:
        asker = Asker(served, number, accounts, found.wrong)
        heard = []
        while (due := next(numbers) / rate) <= seconds:
            time.sleep(max(began + due - time.monotonic(), 0))
            what = asker.ask_something()
            heard.append(Heard(what, due, time.monotonic() - began - due))
        asker.close()
        return heard

    def every(pause: float, work: Callable[[int], None]) -> None:
        for turn in itertools.count(1):
            if over.wait(pause):
                return
            work(turn)

    beside = [
        Thread(target=every, args=(SECONDS_BETWEEN_SAMPLES, lambda _: found.memory.append(sample(served, began)))),
        Thread(target=every, args=(reload_every, lambda turn: found.wrong.extend(publish_another(url, turn)))),
        Thread(target=every, args=(sweep_every, lambda _: found.wrong.extend(run(url, "sweep")))),
    ]
    for each in beside:
        each.start()
    try:
        with ThreadPoolExecutor(THREADS) as threads:
            for heard in threads.map(asking, range(THREADS)):
                found.heard += heard
    finally:
        over.set()
        for each in beside:
            each.join()
    found.wrong += run(url, "ledger", "verify")
    return found


def sample(served: Served, began: float) -> tuple[float, dict[str, int]]:
    """When, in seconds, and the memory of each process then."""
    return time.monotonic() - began, resident(served.process.pid)


def publish_another(url: str, turn: int) -> list[str]:
    """Publish the shipped rules with another figure; what went wrong."""
    text = RULES.read_text(encoding="utf-8").replace("points: 300", f"points: {300 + turn}", 1)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / RULES.name
        file.write_text(text, encoding="utf-8")
        # Publishing in one step is for who trusts everybody; the service itself asks for keys.
        return run(url, "publish", str(file), ACCESS="open")


def run(url: str, *arguments: str, **more: str) -> list[str]:
    """Run a command; what it said where it failed."""
    command = [sys.executable, "-m", "service.cli", *arguments]
    ended = subprocess.run(command, env=environment(url, **more), capture_output=True, text=True, check=False)
    return [] if ended.returncode == 0 else [f"{' '.join(arguments)}: {ended.stdout[-500:]} {ended.stderr[-500:]}"]


def percentile(heard: Sequence[Heard], share: float) -> float:
    """Milliseconds that this share of requests did not exceed."""
    took = sorted(each.took for each in heard)
    return took[min(int(len(took) * share), len(took) - 1)] * 1_000


def show(found: Soaked, seconds: float) -> bool:
    """Print what was seen; whether nothing failed or grew."""
    since = seconds * WARM_UP
    print(f"\n{len(found.heard):,} times asked in {seconds:,.0f} s; {len(found.wrong)} went wrong")
    for what, count in Counter(found.wrong).most_common(10):
        print(f"  {count} x {what}")
    print(f"\n{'after the warm-up':<28}{'first quarter':>16}{'last quarter':>16}{'growth':>9}")
    sound = not found.wrong
    for name, (before, after) in found.grown(since).items():
        growth = after / before - 1
        sound = sound and growth < MOST_GROWTH
        print(f"{name:<28}{before / 1024:>13.1f} MB{after / 1024:>13.1f} MB{growth:>9.1%}")
    third = (seconds - since) / 3
    print(f"\n{'milliseconds':<28}{'':>8}{'first third':>24}{'last third':>24}")
    print(f"{'':<28}{'times':>8}{'p50':>12}{'p99':>12}{'p50':>12}{'p99':>12}")
    for what in ("all", *MIX):
        asked = [each for each in found.heard if what in ("all", each.what) and each.due >= since]
        first = [each for each in asked if each.due < since + third]
        last = [each for each in asked if each.due >= since + 2 * third]
        if first and last:
            figures = [percentile(part, share) for part in (first, last) for share in (0.5, 0.99)]
            print(f"{what:<28}{len(asked):>8,}" + "".join(f"{each:>12.1f}" for each in figures))
    return sound


def main() -> None:
    """Soak, and end with 1 where something failed or grew."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=40, help="how often somebody asks, in a second")
    parser.add_argument("--workers", type=int, default=2, help="how many processes answer")
    parser.add_argument("--accounts", type=int, default=2_000)
    parser.add_argument("--url", help="an empty database; a SQLite file where left out")
    options = parser.parse_args()
    seconds = options.minutes * 60
    with tempfile.TemporaryDirectory() as folder:
        url = options.url or f"sqlite:///{folder}/soak.db"
        key = prepare(url, options.accounts)
        arguments = ("--workers", str(options.workers))
        with serving(url, key, arguments, CACHED_VERSIONS=str(VERSIONS_KEPT), ACCESS="keys") as served:
            found = soak(
                url,
                served,
                seconds=seconds,
                rate=options.rate,
                accounts=options.accounts,
                reload_every=max(seconds / 60, 5),
                sweep_every=max(seconds / 30, 10),
            )
    sys.exit(not show(found, seconds))


if __name__ == "__main__":
    main()
