"""Keys are read from where the provider publishes them, no more often than need be, and kept while it is away."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service import token_keys
from service.app import create_app
from service.config import Settings
from service.database import close_database
from service.parts import EXTENSION
from service.token_keys import KEPT_SECONDS, PAUSE_AFTER_FAILURE_SECONDS, PAUSE_SECONDS, NoKeys, TokenKeys, UnknownKey
from tests.service.builders import SetClock
from tests.service.identity import PRIVATE, Published, jwk, jwks, provider, token

RSA, EC = ("RS256", "RS256"), ("ES256", "ES256")


@pytest.fixture(scope="module")
def server() -> Iterator[Published]:
    """A provider's address."""
    made = Published()
    yield made
    made.close()


@pytest.fixture
def published(server: Published) -> Published:
    """It publishes one key of each kind, and was not asked yet."""
    server.answer, server.asked, server.status = jwks().encode(), 0, 200
    return server


@pytest.fixture
def keys(published: Published, clock: SetClock) -> TokenKeys:
    """What one process knows of them."""
    return TokenKeys(provider(published.url), clock)


def later(clock: SetClock, seconds: int) -> None:
    clock.at += timedelta(seconds=seconds)


def found(keys: TokenKeys, *wanted: tuple[str, str]) -> list[str]:
    """What comes of asking for some keys."""
    told = []
    for each in wanted:
        try:
            told.append(keys.find(*each).algorithm_name)
        except (UnknownKey, NoKeys) as error:
            told.append(type(error).__name__)
    return told


def test_keys_are_asked_for_once_and_again_when_they_are_no_longer_fresh(
    keys: TokenKeys, published: Published, clock: SetClock
) -> None:
    assert published.asked == 0, "a provider that is away keeps no service from starting"
    assert found(keys, *((name, name) for name in PRIVATE)) == list(PRIVATE)
    later(clock, 599)
    assert (found(keys, RSA), published.asked) == (["RS256"], 1)
    published.answer = jwks(jwk("ES256")).encode()
    later(clock, 1)
    # A key that the provider took back is good no longer.
    assert (found(keys, RSA, EC), published.asked) == (["UnknownKey", "ES256"], 2)


def test_a_provider_changes_its_keys_with_both_published_for_a_while(
    keys: TokenKeys, published: Published, clock: SetClock
) -> None:
    published.answer = jwks(jwk("RS256")).encode()
    assert found(keys, RSA) == ["RS256"]
    later(clock, PAUSE_SECONDS)
    published.answer = jwks(jwk("RS256"), jwk("ES256")).encode()
    # The first token by the new key has the keys read again; both are good.
    assert (found(keys, EC, RSA), published.asked) == (["ES256", "RS256"], 2)


def test_keys_that_are_not_there_do_not_have_the_provider_asked_all_the_time(
    keys: TokenKeys, published: Published, clock: SetClock
) -> None:
    invented = [(f"k{number}", "RS256") for number in range(50)]
    assert (set(found(keys, *invented)), published.asked) == ({"UnknownKey"}, 1)
    later(clock, PAUSE_SECONDS - 1)
    assert (set(found(keys, *invented)), published.asked) == ({"UnknownKey"}, 1)
    later(clock, 1)
    assert (set(found(keys, *invented)), published.asked) == ({"UnknownKey"}, 2)
    assert found(keys, RSA) == ["RS256"]


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


def drip(handler: BaseHTTPRequestHandler) -> None:
    """One byte after the other, until nobody listens."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while not handler.server._BaseServer__shutdown_request:  # type: ignore[attr-defined]
            handler.wfile.write(b" ")
            handler.wfile.flush()
    except OSError:
        pass


BROKEN: dict[str, tuple[int, bytes | Callable[[BaseHTTPRequestHandler], None], str]] = {
    "an error": (500, b"secret stack trace", "the answer is 500"),
    "elsewhere": (302, jwks().encode(), "the answer is 302"),
    "no keys": (200, b"<html>sign in</html>", "no JWKS"),
    "too large": (200, b" " * 300_000, "more than 262144 bytes"),
    "its own secret": (200, jwks({**jwk(), "d": "AQAB"}).encode(), "private or shared"),
    "nothing": (200, hang_up, ""),
    "byte by byte": (200, drip, ""),
}


@pytest.mark.parametrize(("status", "answer", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_while_the_provider_is_away_its_keys_are_kept_for_a_day(
    keys: TokenKeys,
    published: Published,
    clock: SetClock,
    status: int,
    answer: bytes | Callable[[BaseHTTPRequestHandler], None],
    words: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert found(keys, RSA) == ["RS256"]
    monkeypatch.setattr(token_keys, "TIMEOUT_SECONDS", 0.2)
    published.status, published.answer = status, answer
    later(clock, 600)
    with caplog.at_level(logging.DEBUG):
        # What it knows is good; of another key nobody can tell.
        assert found(keys, RSA, ("new", "RS256")) == ["RS256", "NoKeys"]
    assert words in caplog.text
    assert "secret stack" not in caplog.text
    assert published.asked == 2, "it is left alone for a while"
    later(clock, PAUSE_AFTER_FAILURE_SECONDS - 1)
    assert (found(keys, RSA), published.asked) == (["RS256"], 2)
    clock.at += timedelta(seconds=KEPT_SECONDS)
    assert found(keys, RSA) == ["NoKeys"]
    published.status, published.answer = 200, jwks().encode()
    later(clock, PAUSE_AFTER_FAILURE_SECONDS)
    assert found(keys, RSA, ("new", "RS256")) == ["RS256", "UnknownKey"]


def test_a_clock_that_is_set_back_has_the_keys_read_again(
    keys: TokenKeys, published: Published, clock: SetClock
) -> None:
    assert found(keys, RSA) == ["RS256"]
    later(clock, -3_600)
    assert (found(keys, RSA), published.asked) == (["RS256"], 2)


def test_a_file_is_read_again_and_kept_while_it_is_half_written(tmp_path: Path, clock: SetClock) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(jwks(jwk("RS256")))
    keys = TokenKeys(provider(str(file)), clock)
    assert found(keys, RSA, EC) == ["RS256", "UnknownKey"]
    file.write_text('{"keys": [')
    later(clock, 10)
    assert found(keys, RSA) == ["RS256"]
    file.write_text(jwks(jwk("ES256")))
    later(clock, 60)
    assert found(keys, RSA, EC) == ["UnknownKey", "ES256"]


@pytest.fixture
def client(sqlite_url: str, published: Published, clock: SetClock) -> Iterator[FlaskClient]:
    """The service with that provider."""
    app = create_app(Settings(database_url=sqlite_url, identity_provider=provider(published.url)), clock)
    yield app.test_client()
    close_database(app.extensions[EXTENSION].database)


def test_a_service_asks_the_provider_itself_and_says_when_it_cannot(
    client: FlaskClient, published: Published, clock: SetClock
) -> None:
    headers = {"Authorization": f"Bearer {token('EdDSA')}"}
    published.status = 503
    away = client.get("/v1/messages", headers=headers)
    assert (away.status_code, away.get_json()["code"], away.headers["Retry-After"]) == (
        *(503, "provider-unavailable", "10"),
    )
    published.status = 200
    later(clock, PAUSE_AFTER_FAILURE_SECONDS)
    assert client.get("/v1/messages", headers=headers).status_code == 200
    unknown = client.get("/v1/messages", headers={"Authorization": f"Bearer {token(header={'kid': 'x'})}"})
    assert (unknown.status_code, published.asked) == (401, 2)
