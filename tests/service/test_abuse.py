"""What attackers send to a running service: each is refused clearly, none breaks it, and none makes it grow."""

from __future__ import annotations

import gzip
import json
import shutil
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from service import access_keys, member_tokens
from service.clock import utc_now
from service.config import Settings
from service.database import close_database, open_database, reading, rows, writing
from service.lines import MEDIA_TYPE
from service.roles import RIGHTS, ROLES
from tests.service.builders import asking, lot_facts, open_account, publish_small
from tests.service.processes import Forked, ask, reserved_port

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

MOST_BYTES = 100_000
STALL_SECONDS = 1
OTHER = "B"
"""The account that is not the member's."""
GROWTH = 10_000
"""By so many kilobytes a process may grow while it refuses; what is sent to it meanwhile is four times as much."""


@dataclass(frozen=True, slots=True)
class Target:
    """A running service: its port, its worker, its database, and keys and tokens by role."""

    port: int
    worker: int
    url: str
    keys: Mapping[str, str]

    def ask(
        self, method: str, path: str, body: bytes | None = None, role: str = "caller", **headers: str
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """One request on a connection of its own."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if role:
            sent["Authorization"] = f"Bearer {self.keys[role]}"
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}

    def raw(self, sent: bytes) -> bytes:
        """All that is answered to some bytes until the service closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), 30) as connection:
            connection.sendall(sent)
            return b"".join(iter(lambda: connection.recv(65_536), b""))

    def kilobytes(self) -> int:
        """How much memory the worker has."""
        status = Path(f"/proc/{self.worker}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])

    def files(self) -> int:
        """How many files and connections the worker has open."""
        return len([*Path(f"/proc/{self.worker}/fd").iterdir()])


@pytest.fixture(scope="module")
def target(sqlite_template: Path) -> Iterator[Target]:
    """One service for the module, with an account that is the member's and one that is not."""
    path = sqlite_template.with_name("abuse.db")
    shutil.copyfile(sqlite_template, path)
    url = f"sqlite:///{path}"
    database = open_database(Settings(database_url=url))
    publish_small(database)
    for name in ("A", OTHER):
        open_account(database, lot_facts(30_000), name=name)
    now = utc_now()
    until = now + timedelta(hours=1)

    def make_keys() -> dict[str, str]:
        return {role: access_keys.make(database, role, [role], until, now)[1] for role in ROLES}

    keys = writing(database, make_keys)
    keys["member"] = writing(database, lambda: member_tokens.make(database, "A", "", until, now))
    close_database(database)
    settings = {"ACCESS": "keys", "MAX_BODY_BYTES": str(MOST_BYTES), "STALL_SECONDS": str(STALL_SECONDS)}
    with reserved_port() as port:
        server = Forked(url, port, 1, None, **settings, CHECK_DRAFTS="no", BEHIND_TLS="yes")
        try:
            assert ask(port, "GET", "/healthz")[0] == 200
            children = Path(f"/proc/{server.process}/task/{server.process}/children").read_text().split()
            yield Target(port, int(children[-1]), url, keys)
        finally:
            server.kill()


def many(name: str, count: int) -> bytes:
    return json.dumps({f"{name}{number}": 1 for number in range(count)}).encode()


FACTS = {"account": {"id": "X"}, "request": {"points": 1, "method": "cash"}}
BODIES: dict[str, tuple[bytes, dict[str, str], int]] = {
    "too large": (b"[" * (MOST_BYTES + 1), {}, 413),
    "too deep": (b"[" * 40_000 + b"]" * 40_000, {}, 400),
    "objects too deep": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, {}, 400),
    "1e999": (b'{"account":"A","request":{"points":1e999}}', {}, 400),
    "10**5000": (b'{"account":"A","request":{"points":' + b"9" * 5_000 + b"}}", {}, 400),
    "a key twice": (b'{"account":"A","account":"B","request":{}}', {}, 400),
    "NUL": (b'{"account":"A\\u0000","request":{}}', {}, 400),
    "half a surrogate pair": (b'{"account":"A\\ud800","request":{}}', {}, 400),
    "BOM": (b"\xef\xbb\xbf{}", {}, 400),
    "UTF-16": ('{"account":"A"}'.encode("utf-16"), {}, 400),
    "UTF-16, as it says": ("{}".encode("utf-16"), {"Content_Type": "application/json; charset=utf-16"}, 415),
    "another type": (b"{}", {"Content_Type": "text/plain"}, 415),
    "a form": (b"a=1", {"Content_Type": "application/x-www-form-urlencoded"}, 415),
    "two types": (b"{}", {"Content_Type": "application/json, text/plain"}, 415),
    "a bomb in gzip": (gzip.compress(b"a" * 10_000_000), {"Content_Encoding": "gzip"}, 415),
    "said to be packed": (b"{}", {"Content_Encoding": "identity, br"}, 415),
    "names without end": (many("accoun", 4_000), {}, 400),
    "facts without end": (json.dumps({**FACTS, "account": json.loads(many("grad", 6_000))}).encode(), {}, 400),
    "lots that are none": (json.dumps({**FACTS, "lots": [{"a": 1, "b": 2}] * 1_000}).encode(), {}, 400),
    "colliding keys": (json.dumps({str(n * (2**61 - 1)): 1 for n in range(3_000)}).encode(), {}, 400),
}


@pytest.mark.parametrize(("body", "headers", "status"), BODIES.values(), ids=BODIES)
def test_a_hostile_body_is_refused_in_few_words(
    target: Target, body: bytes, headers: dict[str, str], status: int
) -> None:
    found, answer, _ = target.ask("POST", "/v1/decisions", body, **headers)
    problem = json.loads(answer)
    assert (found, problem["status"]) == (status, status)
    assert len(problem.get("errors", [])) <= 50
    assert len(answer) < 20_000, "what is answered is not larger than what was sent"


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in chunks)


def head(path: str, *lines: str) -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: x", *lines, "", ""]).encode()


JSON = "Content-Type: application/json"


def stalls(key: str) -> dict[str, tuple[bytes, str, bytes]]:
    """What is sent and then nothing: what of it is told, and in which words of the answer."""
    bearer = f"Authorization: Bearer {key}"
    stream = head("/v1/decisions:batch", f"Content-Type: {MEDIA_TYPE}", "Transfer-Encoding: chunked", bearer)
    return {
        "nothing": (b"", "", b""),
        "half a head": (b"GET /v1/messages HTTP/1.1\r\nHost: x\r\nX-", "", b""),
        "half a body": (head("/v1/decisions", JSON, "Content-Length: 9", bearer) + b"{", "408", b"too-slow"),
        "half a chunk": (head("/v1/decisions", JSON, "Transfer-Encoding: chunked", bearer) + b"9\r\n{", "408", b"slow"),
        "a length that lies": (head("/v1/decisions", JSON, "Content-Length: 90000", bearer) + b"{}", "408", b"slow"),
        "no key": (head("/v1/decisions", JSON, "Content-Length: 9") + b"{", "401", b"unauthorized"),
        "no address": (head("/v1/nothing", JSON, "Content-Length: 9") + b"{", "404", b"not-found"),
        "no body wanted": (head("/healthz", "Content-Length: 9") + b"{", "405", b"method-not-allowed"),
        "ten megabytes": (head("/v1/decisions", JSON, "Content-Length: 10000000", bearer), "413", b"too-large"),
        "a stream": (stream, "200", b'"line":1,"status":408'),
        "a stream in a line": (stream + chunked(b"{}\n{"), "200", b'"line":2,"status":408'),
        "two lengths": (
            head("/v1/decisions", JSON, "Content-Length: 2", "Content-Length: 3", bearer) + b"{}x",
            "400",
            b"",
        ),
        "a length below zero": (head("/v1/decisions", JSON, "Content-Length: -1", bearer), "400", b""),
        "no chunk": (head("/v1/decisions", JSON, "Transfer-Encoding: chunked", bearer) + b"zz\r\n", "400", b"cut-off"),
        "no chunk of a stream": (stream + b"zz\r\n", "200", b""),
    }


STALLS = tuple(stalls(""))


@pytest.mark.parametrize("name", STALLS)
def test_who_stalls_or_lies_is_not_waited_for(target: Target, name: str) -> None:
    sent, status, words = stalls(target.keys["caller"])[name]
    answer = target.raw(sent)
    assert answer.partition(b"\r\n")[0].decode()[9:12] == status
    assert words in answer
    assert target.ask("GET", "/healthz", role="")[0] == 200


def test_who_has_no_key_keeps_nobody_waiting(target: Target) -> None:
    """More clients than there is room for bodies, each in the middle of one, and then somebody with a key."""
    sent = head("/v1/decisions", JSON, "Content-Length: 90000") + b"[" * 1_000
    before, files = target.kilobytes(), target.files()
    stalling = [socket.create_connection(("127.0.0.1", target.port), 30) for _ in range(300)]
    try:
        for each in stalling:
            each.sendall(sent)
        body = json.dumps({"account": "A", "request": asking(1), "dry_run": True}).encode()
        assert target.ask("POST", "/v1/decisions", body)[0] == 200
        told = [each.recv(12) for each in stalling]
    finally:
        for each in stalling:
            each.close()
    assert set(told) == {b"HTTP/1.1 401"}
    assert target.kilobytes() < before + GROWTH
    assert target.files() < files + 10


ADDRESSES: dict[str, tuple[str, str, int]] = {
    "//": ("GET", "//v1/messages", 404),
    "// in the middle": ("GET", "/v1//messages", 404),
    "encoded slash": ("GET", "/v1%2fmessages", 200),
    "encoded slash in an id": ("GET", "/v1/accounts/a%2fb", 404),
    "dots": ("GET", "/docs/%2e%2e/%2e%2e/etc/passwd", 404),
    "dots before a slash": ("GET", "/docs/..%2frapidoc-min.js", 404),
    "NUL": ("GET", "/v1/messages%00", 404),
    "half a percent": ("GET", "/v1/accounts/%f", 404),
    "no UTF-8": ("GET", "/v1/accounts/%c0%ae", 400),
    "a line end": ("GET", "/problems/%0d%0aX-Injected:%201", 404),
    "parameters without end": ("GET", "/v1/messages?" + "&".join(f"limi{n}=" for n in range(6_000)), 400),
    "parameters twice": ("GET", "/v1/messages?" + "&".join(f"a{n}=&a{n}=" for n in range(3_000)), 400),
    "a number without end": ("GET", f"/v1/messages?limit={'9' * 5_000}", 400),
    "too long": ("GET", f"/v1/messages?after={'a' * 70_000}", 414),
    "TRACE": ("TRACE", "/v1/messages", 405),
    "a method of nobody's": ("BREW", "/v1/messages", 405),
    "another method in a header": ("POST", "/v1/messages", 405),
}


@pytest.mark.parametrize(("method", "path", "status"), ADDRESSES.values(), ids=ADDRESSES)
def test_no_address_leads_elsewhere(target: Target, method: str, path: str, status: int) -> None:
    found, answer, headers = target.ask(method, path, X_HTTP_Method_Override="GET", X_Original_URL="/metrics")
    assert found == status
    assert "x-injected" not in headers
    assert b"root:" not in answer
    assert len(answer) < 20_000


HEADERS: dict[str, tuple[dict[str, str], int]] = {
    "a head of 300 kB": ({"X-A": "a" * 300_000}, 431),
    "two hundred headers": ({f"X-{n}": "" for n in range(200)}, 431),
    "languages without end": ({"Accept-Language": ",".join(f"x{n};q=0.{n}" for n in range(5_000))}, 200),
    "a trace without end": ({"traceparent": "00-" + "a" * 50_000}, 200),
    "cookies": ({"Cookie": "a=b;" * 10_000}, 200),
    "a key of spaces": ({"Authorization": "Bearer" + " " * 50_000 + "\t"}, 401),
    "a token of dots": ({"Authorization": "Bearer " + "." * 50_000}, 401),
    "another host": ({"Host": "evil.example"}, 200),
}


@pytest.mark.parametrize(("sent", "status"), HEADERS.values(), ids=HEADERS)
def test_no_header_takes_long_or_is_repeated(target: Target, sent: dict[str, str], status: int) -> None:
    headers = {"Authorization": f"Bearer {target.keys['caller']}", **sent}
    with closing(HTTPConnection("127.0.0.1", target.port, timeout=30)) as connection:
        connection.request("GET", "/v1/messages", None, headers)
        answer = connection.getresponse()
        text = answer.read()
    assert answer.status == status
    assert "evil" not in f"{answer.getheaders()}{text!r}"


INJECTED = (
    "' OR '1'='1'; DROP TABLE account; --\\%s%n?{0.__class__}{{7*7}}",
    "x') UNION ALL TABLE access_key --\r\nSet-Cookie: x=1\r\n\r\n<script>alert(1)</script>",
)
PARAMETERS = ("q", "policy", "after", "account", "state", "webhook", "outcome", "rule", "reader", "decision")


def every_get(words: str) -> Iterable[tuple[str, str]]:
    """Every address that is read, with the words in place of each id and of each parameter; and a role for it."""
    for address, roles in RIGHTS.items():
        method, path = address.split(" ")
        if method == "GET":
            filled = quote(words, safe="").join(_between(path))
            asked = "&".join(f"{name}={quote(words)}" for name in PARAMETERS)
            yield f"{filled}?lang=en", roles[0]
            yield f"{filled}?{asked}", roles[0]
            yield from ((f"{_known(path)}?{name}={quote(words)}", roles[0]) for name in PARAMETERS)


def _between(path: str) -> list[str]:
    return [part.partition("}")[2] if "}" in part else part for part in path.split("{")]


def _known(path: str) -> str:
    return "A".join(_between(path))


@pytest.mark.parametrize("words", INJECTED)
def test_no_words_become_sql_a_header_or_a_page(target: Target, words: str) -> None:
    with closing(HTTPConnection("127.0.0.1", target.port, timeout=30)) as connection:
        for path, role in every_get(words):
            connection.request("GET", path, None, {"Authorization": f"Bearer {target.keys[role]}"})
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status in {200, 400, 404}, (path, text)
            assert answer.getheader("Set-Cookie") is None
            assert answer.headers.get_content_type() != "text/html"
            assert not [each for each in (b"Traceback", b"sqlite", b"SELECT ", b"/site-packages") if each in text], path
    body = {"account": words, "request": {"points": 1, "method": words, "receiving_account": words}, "policy": words}
    for path in ("/v1/decisions", "/v1/refund-requests"):
        status, text, _ = target.ask("POST", path, json.dumps(body).encode(), Idempotency_Key="injected")
        assert status in {400, 422}, text
    database = open_database(Settings(database_url=target.url))
    with reading(database):
        assert rows(database, "SELECT count(*) FROM account") == [(2,)]
    close_database(database)


def test_a_member_finds_nothing_of_another_by_any_address(target: Target) -> None:
    """Whether it is there or not, another's answers as what never was."""
    filed = json.dumps({"account": OTHER, "request": asking(1_000)}).encode()
    status, text, _ = target.ask("POST", "/v1/refund-requests", filed, Idempotency_Key="of-another")
    assert status == 201
    ids = {"refund-requests": json.loads(text)["id"], "decisions": json.loads(text)["decision_id"], "accounts": OTHER}
    seen = 0
    for address, roles in RIGHTS.items():
        method, path = address.split(" ")
        if "{" not in path or "member" not in roles:
            continue
        for noun in (known for known in ids if f"/{known}/" in path):
            body = b"{}" if method == "POST" else None
            found = [
                target.ask(method, each.join(_between(path)), body, "member", Idempotency_Key=f"{address}{each}")
                for each in (ids[noun], "R-NOBODYS")
            ]
            assert [each[0] for each in found] == [404, 404], address
            told = [json.loads(each[1])["title"] for each in found]
            assert told[0] == told[1]
            seen += 1
    assert seen > 5


CLOSED = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def check_headers(path: str, headers: Mapping[str, str]) -> None:
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'"), path
    assert policy.endswith(CLOSED), path
    # The page of the reference draws its own styles; it shows nothing of anybody.
    assert ("unsafe-inline" in policy) == (path == "/docs"), path
    assert "unsafe-inline" not in policy.replace("style-src 'self' 'unsafe-inline'", ""), path
    assert "unsafe-eval" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["strict-transport-security"] == "max-age=63072000"
    # The script of that page is the only thing that a browser may keep.
    assert ("no-store" in headers["cache-control"]) == (not path.endswith(".js")), path
    assert "access-control-allow-origin" not in headers, "no page of others may read an answer"
    assert "set-cookie" not in headers


def test_every_answer_has_the_headers_that_browsers_obey(target: Target) -> None:
    """Every address, found and not, allowed and not, and with the wrong method."""
    opened = ("/", "/docs", "/docs/rapidoc-min.js", "/openapi.json", "/problems/not-found", "/healthz", "/readyz")
    for path in (*opened, "/nothing"):
        for method in ("GET", "HEAD", "OPTIONS", "BREW"):
            check_headers(path if method in {"GET", "HEAD"} else "", target.ask(method, path, role="")[2])
    for address, roles in RIGHTS.items():
        method, path = address.split(" ")
        for role in (roles[0], ""):
            body = None if method == "GET" else b"{}"
            answer = target.ask(method, _known(path), body, role, Idempotency_Key=f"{address}-")
            check_headers(path, answer[2])
    check_headers("", target.ask("POST", "/v1/decisions", b"x" * (MOST_BYTES + 1))[2])


def refused(target: Target, connection: HTTPConnection, turns: int) -> None:
    """So many requests that are refused, of many kinds, with much in them that could be kept."""
    for turn in range(turns):
        key = {"Authorization": f"Bearer {target.keys['caller']}", "Content-Type": "application/json"}
        filler = f"{turn:05d}" * 9_000
        for method, path, body, headers in (
            ("POST", "/v1/decisions", json.dumps({filler: 1}), key),
            ("POST", "/v1/decisions", json.dumps({"account": filler, "request": {}}), key),
            ("POST", "/v1/refund-requests", json.dumps({"account": f"X{turn}", "request": asking(1)}), key),
            ("GET", f"/v1/accounts/nobody-{turn}", None, key),
            ("GET", f"/nothing/{turn}?{filler[:20_000]}", None, {}),
            ("GET", "/v1/messages", None, {"Authorization": f"Bearer {filler[:20_000]}"}),
            ("PROBE", "/v1/messages", None, {"Accept-Language": f"x{turn}", "traceparent": f"00-{turn}"}),
        ):
            connection.request(method, path, body, {**headers, "Idempotency-Key": f"refused-{turn}"})
            answer: Any = connection.getresponse()
            answer.read()
            assert 400 <= answer.status < 500


@pytest.mark.slow
def test_a_service_that_refuses_thousands_does_not_grow(target: Target) -> None:
    with closing(HTTPConnection("127.0.0.1", target.port, timeout=30)) as connection:
        # The attacks before this one left garbage, which is collected at some time in here.
        refused(target, connection, 200)
        before, files = target.kilobytes(), target.files()
        refused(target, connection, 300)
        assert target.kilobytes() < before + GROWTH
        assert target.files() <= files + 2
    database = open_database(Settings(database_url=target.url))
    with reading(database):
        kept = rows(database, "SELECT count(*) FROM idempotency_key WHERE key LIKE 'refused-%'")
    close_database(database)
    assert kept == [(0,)], "a refusal keeps no key"
