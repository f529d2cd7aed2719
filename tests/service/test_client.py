"""The Python client says what the OpenAPI document says, and repeats only what is safe."""

from __future__ import annotations

import ast
import inspect
import json
import re
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import recoup_client
from recoup_client import (
    BadSignature,
    Broken,
    Client,
    Conflict,
    Refused,
    Unavailable,
    Unreachable,
    verified_message,
)
from recoup_client import client as client_module
from service.reference import reference
from service.signing import headers_of, new_secret
from tests import client_models

DOCUMENT = reference("0")
PACKAGE = Path(recoup_client.__file__).parent
# Paging is the client's own, and the language is one for all that it asks.
OF_THE_CLIENT = {"lang", "limit"}
# Which has no pages: how many are wanted is asked for.
LIMITED = {"find_answers"}
# What is sent whole, as a mapping, in place of its fields.
WHOLE = {
    "decide_many": {"items"},
    "put_account": {"policy", "facts"},
    "change_account": {"facts"},
    "tell": {"event"},
    "tell_many": {"events"},
    "stream_decisions": {"items"},
}
# One form of an answer, how long to wait for it, or a question that the method's name asks already.
BESIDES = {"explanation_text": {"form"}, "stream_decisions": {"timeout"}}
ASKED = {"waiting_events": {"state"}}
ANSWERED_AS = {
    "policies": "Policies",
    "policy_versions": "PolicyVersions",
    "webhooks": "Webhooks",
    "decide_many": "DecisionResults",
    "tell_many": "EventResults",
    "explanation_text": "Explanation",
    "stream_decisions": "DecisionResults",
}


def methods() -> dict[str, Any]:
    """The public methods that ask for something."""
    found = inspect.getmembers(Client, inspect.isfunction)
    return {name: method for name, method in found if not name.startswith("_") and name != "close"}


@cache
def operations() -> Mapping[str, str]:
    """The operation that each method asks for, as its source names it."""
    tree = ast.parse(inspect.getsource(client_module))
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in methods():
            texts = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
            named = [text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z]+ /v1/\S+", text)]
            found[node.name] = named[0] if named else "post /v1/decisions:batch"
    return found


def described(operation: str) -> dict[str, Any]:
    method, path = operation.split(" ")
    found: dict[str, Any] = DOCUMENT["paths"][path][method]
    return found


def test_the_models_are_what_the_document_says() -> None:
    assert client_models.FILE.read_text("utf-8") == client_models.models(), "run: python -m tests.client_models"


def test_every_operation_of_the_client_s_subjects_has_a_method() -> None:
    subjects = {f"{method} {path}" for method, path in client_models.subjects(DOCUMENT)}
    assert set(operations().values()) == subjects


@pytest.mark.parametrize("name", sorted(methods()))
def test_a_method_takes_what_its_operation_takes_and_answers_its_shape(name: str) -> None:
    operation = described(operations()[name])
    path = DOCUMENT["paths"][operations()[name].split(" ")[1]]
    taken = set(inspect.signature(methods()[name]).parameters) - {"self"}
    parameters = [*operation["parameters"], *path.get("parameters", [])]
    expected = {each["name"] for each in parameters if each["in"] != "header"} - OF_THE_CLIENT
    expected |= {"limit"} if name in LIMITED else set()
    if any(each["name"] == "Idempotency-Key" for each in parameters):
        expected.add("idempotency_key")
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = content.get("schema", {})
    if name in WHOLE:
        expected |= WHOLE[name]
    elif schema:
        # Some operations need more of a body than others with the same.
        named, *more = schema.get("allOf", [schema])
        shape = DOCUMENT["components"]["schemas"][named["$ref"].rpartition("/")[2]]
        expected |= set(shape["properties"])
        must = {field for each in (shape, *more) for field in each.get("required", [])}
        needed = {
            each.name for each in inspect.signature(methods()[name]).parameters.values() if each.default is each.empty
        }
        assert must <= needed
    assert taken == (expected | BESIDES.get(name, set())) - ASKED.get(name, set())
    answer = str(inspect.signature(methods()[name]).return_annotation)
    shapes = [
        each["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for status, each in operation["responses"].items()
        if status < "300"
    ]
    shape_name = shapes[0]
    if name in ANSWERED_AS:
        assert shape_name == ANSWERED_AS[name]
    elif answer.startswith("Iterator["):
        of_list = next(iter(DOCUMENT["components"]["schemas"][shape_name]["properties"].values()))["items"]
        item = of_list.get("$ref", "").rpartition("/")[2]
        names = {made for path, made in client_models.NAMES.items() if path.startswith(f"{shape_name}.")}
        assert answer.removeprefix("Iterator[m.").removesuffix("]") in {item} | names
    else:
        assert answer in {f"m.{each}" for each in shapes}


def test_the_client_needs_nothing_but_python() -> None:
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom | ast.Import):
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
                roots = {name.partition(".")[0] for name in names}
                assert roots <= sys.stdlib_module_names | {"recoup_client"}, path.name
    assert (PACKAGE / "py.typed").is_file()


class Scripted:
    """A server that answers each request with the next of some answers; b"" hangs up without one."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = list(answers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.asked: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/above"

    def __enter__(self) -> Scripted:
        return self

    def __exit__(self, *_: object) -> None:
        # To close it would not wake who waits for the next connection.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        for answer in self._answers:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                # Nobody asks any more.
                return
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(65_536)
                length = int((re.search(rb"(?i)content-length: (\d+)", head) or [b"", b"0"])[1])
                while len(head.partition(b"\r\n\r\n")[2]) < length:
                    head += connection.recv(65_536)
                self.asked.append(head)
                connection.sendall(answer)


def answer_of(status: int, body: object, **headers: str) -> bytes:
    text = json.dumps(body).encode()
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(text)}\r\nConnection: close\r\n{lines}\r\n".encode() + text


OK = answer_of(200, {"id": "X"})
BUSY = answer_of(503, {"code": "unavailable"}, Retry_After="7")
OF_A_PROXY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops"
ASK: Mapping[str, Callable[[Client], Any]] = {
    "a read": lambda client: client.account("A/B"),
    "a filing": lambda client: client.file_refund_request("A", {}),
    "an event": lambda client: client.tell({}),
    "a dry run": lambda client: client.decide("A", {}, dry_run=True),
    "a recorded decision": lambda client: client.decide("A", {}),
    "an end": lambda client: client.close_inquiry("I", "member"),
}
SAFE = ("a read", "a filing", "an event", "a dry run")


@pytest.mark.parametrize("asked", ASK)
def test_what_left_nothing_behind_is_sent_again_after_the_time_that_is_said(asked: str) -> None:
    waits: list[float] = []
    with Scripted(BUSY, BUSY, OK) as server, Client(server.url, sleep=waits.append) as client:
        assert ASK[asked](client) == {"id": "X"}
    assert [7 <= each <= 7.4 for each in waits] == [True, True]
    assert len({each.partition(b"\r\n\r\n")[0] for each in server.asked}) == 1, "the same, with the same key"


@pytest.mark.parametrize("failure", [b"", OF_A_PROXY], ids=["hangs up", "a proxy answers"])
@pytest.mark.parametrize("asked", ASK)
def test_what_may_have_been_done_is_sent_again_only_where_twice_is_once(asked: str, failure: bytes) -> None:
    with Scripted(failure, OK) as server, Client(server.url, sleep=lambda _: None) as client:
        if asked in SAFE:
            assert ASK[asked](client) == {"id": "X"}
        else:
            with pytest.raises((Unreachable, Unavailable)):
                ASK[asked](client)
            assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "asked"),
    [
        (answer_of(500, {"code": "internal-error"}), Broken, 1),
        (answer_of(409, {"code": "illegal-move", "state": "settled"}), Conflict, 1),
        (answer_of(503, {"code": "unavailable"}, Retry_After="3600"), Unavailable, 1),
        (answer_of(503, {"code": "unavailable"}), Unavailable, 3),
        (answer_of(418, {"title": "tea"}), Refused, 1),
    ],
    ids=["a bug", "a conflict", "too long to wait", "too often", "unheard"],
)
def test_what_repeating_does_not_help_is_raised(answer: bytes, kind: type[Refused], asked: int) -> None:
    waits: list[float] = []
    with Scripted(*[answer] * 5) as server, pytest.raises(kind) as raised:
        Client(server.url, retries=2, sleep=waits.append).account("A")
    assert type(raised.value) is kind
    assert (len(server.asked), len(waits)) == (asked, asked - 1)


def test_an_instant_to_come_again_is_honoured_too() -> None:
    later = format_datetime(datetime.fromtimestamp(datetime.now(UTC).timestamp() + 30, UTC), usegmt=True)
    waits: list[float] = []
    with Scripted(answer_of(429, {"code": "too-many-requests"}, Retry_After=later), OK) as server:
        Client(server.url, sleep=waits.append).account("A")
    assert 20 < waits[0] <= 30.3


def test_nobody_there_is_told_after_some_tries() -> None:
    with Scripted() as server:
        url = server.url
    waits: list[float] = []
    with pytest.raises(Unreachable):
        Client(url, retries=3, sleep=waits.append).close_inquiry("I", "member")
    assert len(waits) == 3, "who could not be reached has done nothing"


@pytest.mark.parametrize("url", ["recoup.example.com", "ftp://x", "https://", "http://x?y"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="is no address"):
        Client(url)


def test_a_message_is_checked_by_its_signature() -> None:
    secret, body = new_secret(), b'{"type": "points.expired", "timestamp": "2026-11-26T23:31:28Z", "data": {}}'
    signed = headers_of("M-1", datetime.now(UTC), body, [new_secret(), secret])
    headers = {name.title(): value for name, value in signed.items()}
    assert verified_message(secret, headers, body)["id"] == "M-1"
    at = float(headers["Webhook-Timestamp"])
    for given, sent, now in (
        (headers, body + b" ", None),
        ({**headers, "Webhook-Id": "M-2"}, body, None),
        (headers, body, at + 301),
        (headers, body, at - 301),
        ({}, body, None),
        ({**headers, "Webhook-Signature": "v1,x"}, body, None),
    ):
        with pytest.raises(BadSignature):
            verified_message(secret, given, sent, now=now)
    with pytest.raises(ValueError, match="as it was shown once"):
        verified_message("whsec_?", headers, body)
