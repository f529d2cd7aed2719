"""Bearer tokens of an identity provider (OpenID Connect): a JWT whose signature and claims hold, and what it says.

What signs is the provider's own published key, chosen by `kid` and `alg` together, and only by public-key algorithms;
keys and addresses that a token brings along (`jwk`, `jku`, `x5c`, `x5u`) are never looked at. The claims are checked
by the clock of the service. What is wrong is said by a code, and nothing of a token is repeated before its signature
held.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from jwt import PyJWK, PyJWS
from jwt.exceptions import PyJWTError

from service.clock import Clock, spoken
from service.config import IdentityProvider
from service.reads import MEMBERS, RESERVED, Reader
from service.roles import MEMBER, ROLES
from service.shapes import may_be_an_id
from service.strict_json import NotJson, read_object
from service.token_keys import ALGORITHMS, TokenKeys, UnknownKey

LONGEST = 16_384
LONGEST_KID = 200
LAST_SECOND = 253_402_300_799
"""The end of the year 9999."""
SIGNATURES = PyJWS(algorithms=list(ALGORITHMS))


class BadToken(Exception):
    """A token that lets nobody in. `code` is one of FIELD_TEXTS, `figures` fill its placeholders."""

    def __init__(self, code: str, **figures: object) -> None:
        super().__init__(code)
        self.code = code
        self.figures = figures


class Tokens:
    """The tokens of one identity provider."""

    def __init__(self, provider: IdentityProvider, clock: Clock) -> None:
        """Raises BadSetting for a file of keys that cannot be used."""
        self._provider = provider
        self._clock = clock
        self._keys = TokenKeys(provider, clock)

    def holder(self, token: str) -> Reader:
        """Who holds a token, with all roles that it brings. Raises BadToken, NoKeys."""
        claims = self._claims(token)
        name = _at(claims, self._provider.name_claim)
        if not isinstance(name, str) or not may_be_an_id(name) or name in RESERVED:
            raise BadToken("token-claim", claim=self._provider.name_claim)
        issuer, account = self._provider.issuer, self._account(claims)
        if account is not None:
            # Whoever is a member here is nothing else by the same token.
            return Reader(MEMBERS, issuer, (MEMBER,), account, alone=True)
        held = {role for value in self._values(claims) for role in self._provider.roles.get(value, ())}
        return Reader(name, issuer, tuple(role for role in ROLES if role in held), alone=True)

    def _claims(self, token: str) -> Mapping[str, Any]:
        """The claims of a token of the provider, for this service, valid now."""
        if len(token) > LONGEST:
            raise BadToken("token-too-large", most=LONGEST)
        parts = token.split(".")
        if len(parts) != 3:
            raise BadToken("token-unreadable")
        header, payload = _object(parts[0]), parts[1]
        # Nothing of what it claims is read before its signature held.
        self._check_signature(token, header)
        claims = _object(payload)
        if claims.get("iss") != self._provider.issuer:
            raise BadToken("token-issuer")
        audience = claims.get("aud")
        if self._provider.audience not in (audience if isinstance(audience, list) else [audience]):
            raise BadToken("token-audience")
        self._check_times(claims)
        return claims

    def _check_signature(self, token: str, header: Mapping[str, Any]) -> None:
        kid, algorithm = header.get("kid"), header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise BadToken("token-algorithm", known=", ".join(ALGORITHMS))
        if "crit" in header or "b64" in header:
            raise BadToken("token-critical")
        if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_KID:
            raise BadToken("token-no-key")
        try:
            key: PyJWK = self._keys.find(kid, algorithm)
        except UnknownKey:
            raise BadToken("token-key-unknown") from None
        try:
            SIGNATURES.decode_complete(token, key, algorithms=[algorithm])
        except (PyJWTError, ValueError):
            raise BadToken("token-signature") from None

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now, leeway = self._clock().timestamp(), self._provider.leeway_seconds
        expires, issued = _second(claims, "exp"), _second(claims, "iat")
        first = max(issued, _second(claims, "nbf") if "nbf" in claims else issued)
        if expires + leeway <= now:
            raise BadToken("token-expired", at=_spoken(expires))
        if first - leeway > now:
            raise BadToken("token-not-yet", at=_spoken(first))

    def _account(self, claims: Mapping[str, Any]) -> str | None:
        """The account of a member; None where the token is no member's."""
        claim = self._provider.account_claim
        if not claim or (found := _at(claims, claim)) is None:
            return None
        if not may_be_an_id(found):
            raise BadToken("token-claim", claim=claim)
        return str(found)

    def _values(self, claims: Mapping[str, Any]) -> list[str]:
        """What the holder is by the provider's words: a list of texts, or one text of words as in `scope`."""
        found = _at(claims, self._provider.roles_claim)
        if isinstance(found, str):
            return [found] if found in self._provider.roles else found.split()
        return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def _object(part: str) -> dict[str, Any]:
    """A part of a token, as the JSON object that it is."""
    try:
        if "=" in part:
            raise NotJson
        return read_object(base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True))
    except (NotJson, binascii.Error, ValueError):
        raise BadToken("token-unreadable") from None


def _at(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, or by a path of names with dots between: providers nest them, and use dots in names."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _second(claims: Mapping[str, Any], name: str) -> float:
    """An instant in seconds since 1970."""
    found = claims.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= LAST_SECOND:
        raise BadToken("token-claim", claim=name)
    return found


def _spoken(second: float) -> str:
    return spoken(datetime.fromtimestamp(second, UTC))
