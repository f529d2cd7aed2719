"""What is written about a request, and what never is."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from service.errors import register_errors
from service.logs import Json, Plain, log_request
from service.tracing import asked, trace_of

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


class Lines(logging.Handler):
    """Keeps what would be written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []
        self.setFormatter(Json())

    def emit(self, record: logging.LogRecord) -> None:
        self.written.append(self.format(record))

    def told(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.written]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[Lines]:
    """The log, at the level of a service."""
    caplog.set_level(logging.INFO, "recoup")
    handler = Lines()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize(
    ("traceparent", "taken"),
    [
        (f"00-{TRACE}-{PARENT}-01", True),
        (f"cc-{TRACE}-{PARENT}-00-what-comes-later", True),
        (f"00-{TRACE}-{PARENT}-01-more", False),
        (f"ff-{TRACE}-{PARENT}-01", False),
        (f"00-{TRACE.upper()}-{PARENT}-01", False),
        (f"00-{'0' * 32}-{PARENT}-01", False),
        (f"00-{TRACE}-{'0' * 16}-01", False),
        (f"00-{TRACE}-{PARENT}", False),
        (f" 00-{TRACE}-{PARENT}-01", False),
        (f"00-{TRACE}-{PARENT}-01\n", False),
        (f"00-{TRACE}-{PARENT}-01,00-{TRACE}-{PARENT}-01", False),
        ("", False),
        (None, False),
    ],
)
def test_only_a_trace_that_the_standard_knows_goes_on(traceparent: str | None, taken: bool) -> None:
    found, _ = trace_of(traceparent)
    assert (found == TRACE, len(found), int(found, 16) > 0) == (taken, 32, True)


def test_a_request_is_one_line_that_names_its_route_and_its_trace(client: FlaskClient, lines: Lines) -> None:
    answer = client.get("/v1/accounts/A/balance?on=1900-01-01", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    told = lines.told()[0]
    assert (told.pop("at"), told.pop("milliseconds")) > ("2026-", 0)
    assert told == {
        "level": "info",
        "logger": "recoup.requests",
        "message": "request",
        "method": "GET",
        "route": "/v1/accounts/{id}/balance",
        "status": 400,
        "code": "bad-request",
        "request": answer.headers["X-Request-Id"],
        "trace": TRACE,
    }


def test_each_request_has_an_id_of_its_own(client: FlaskClient, lines: Lines) -> None:
    same = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-Id": "mine"}
    ids = [client.get("/", headers=same).headers["X-Request-Id"] for _ in range(2)]
    assert [told["request"] for told in lines.told()] == ids
    assert len({*ids, "mine"}) == 3
    client.open("/v1/nothing", method="BREW")
    assert (lines.told()[-1]["method"], lines.told()[-1]["route"]) == ("other", "unknown")


@pytest.mark.parametrize("formatter", [Json(), Plain()], ids=["json", "text"])
def test_a_bug_is_found_by_its_request_and_keeps_its_words_to_itself(
    lines: Lines, formatter: logging.Formatter
) -> None:
    app = Flask("test")
    register_errors(app)

    @app.after_request
    def tell(answer: Response) -> Response:
        answer.headers["X-Request-Id"] = asked().id
        log_request(answer.status_code, 0)
        return answer

    @app.get("/v1/accounts/<id>")
    def fail(id: str) -> str:
        try:
            raise KeyError(id)
        except KeyError as error:
            raise ValueError(f"SECRET {id}") from error

    lines.setFormatter(formatter)
    answer = app.test_client().get("/v1/accounts/SECRET-1?SECRET=2")
    problem = answer.get_json()
    request_id = answer.headers["X-Request-Id"]
    assert (problem["code"], problem["request_id"]) == ("internal-error", request_id)
    assert problem["detail"].endswith(f"in the service's log, as request {request_id}.")
    bug, request = lines.written
    assert "GET /v1/accounts/{id}: a bug" in bug
    for word in ("ValueError", "then ValueError", "raise KeyError(id)", "test_logs.py", request_id):
        assert word in bug
    assert request_id in request
    # The source says `SECRET {id}`; what it came to stands nowhere.
    assert [word for word in ("SECRET-1", "SECRET=2") if word in bug + request] == []
