"""An identity provider on this machine: keys of every kind, tokens signed by them, and what it publishes."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt import PyJWS
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from service.config import IdentityProvider
from tests.service.builders import NOW

ISSUER = "https://id.example.com/realms/kt"
AUDIENCE = "recoup"
ROLES = {"desk": ("caller", "agent"), "Refund approvers": ("approver",), "editors": ("author",), "audit": ("auditor",)}
PRIVATE: Mapping[str, Any] = {
    "RS256": rsa.generate_private_key(public_exponent=65_537, key_size=2_048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": Ed25519PrivateKey.generate(),
}
_AS_JWK = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}


def provider(jwks: str, **other: Any) -> IdentityProvider:
    """What the service is told of the provider."""
    told: dict[str, Any] = {
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "jwks": jwks,
        "name_claim": "sub",
        "roles_claim": "realm_access.roles",
        "roles": ROLES,
        "account_claim": "recoup_account",
        "leeway_seconds": 30,
    }
    return IdentityProvider(**(told | other))


def jwk(algorithm: str = "RS256", kid: str | None = None, **other: Any) -> dict[str, Any]:
    """A public key as it is published; its id is the algorithm where none is given."""
    made: dict[str, Any] = _AS_JWK[algorithm].to_jwk(PRIVATE[algorithm].public_key(), as_dict=True)  # type: ignore[attr-defined]
    return {**made, "kid": kid or algorithm, "use": "sig", **other}


def jwks(*keys: dict[str, Any]) -> str:
    """What the provider publishes: these keys, or one of each kind."""
    return json.dumps({"keys": keys or [jwk(algorithm) for algorithm in PRIVATE]})


def claims(**other: Any) -> dict[str, Any]:
    """What a token of somebody at the desk says; what is given as None is left out."""
    now = int(NOW.timestamp())
    said = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "kim",
        "iat": now - 60,
        "exp": now + 300,
        "realm_access": {"roles": ["desk", "offline_access"]},
        **other,
    }
    return {name: value for name, value in said.items() if value is not None}


def token(algorithm: str = "RS256", header: Mapping[str, Any] | None = None, **other: Any) -> str:
    """A token with these claims, signed as it says."""
    return signed(json.dumps(claims(**other)).encode(), algorithm, header)


def signed(payload: bytes, algorithm: str = "RS256", header: Mapping[str, Any] | None = None) -> str:
    """Any payload, signed by the provider's key."""
    headers = {name: value for name, value in {"kid": algorithm, **(header or {})}.items() if value is not None}
    return PyJWS().encode(payload, PRIVATE[algorithm], algorithm, headers)


def part(data: object) -> str:
    """A part of a token, of an object or of raw text."""
    text = data if isinstance(data, str) else json.dumps(data)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


class Published:
    """A server that publishes keys; `answer` is what it says next, and how often it was asked is counted."""

    def __init__(self) -> None:
        self.answer: bytes | Callable[[BaseHTTPRequestHandler], None] = jwks().encode()
        self.asked = 0
        self.status = 200
        published = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                published.asked += 1
                if callable(published.answer):
                    published.answer(self)
                    return
                self.send_response(published.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(published.answer)))
                self.end_headers()
                self.wfile.write(published.answer)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/jwks"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()
