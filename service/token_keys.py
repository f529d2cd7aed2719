"""The public keys of the identity provider (a JWKS): read from a file or an address, kept, and read again.

They are read when the first token comes, again when they are no longer fresh, and when a token names a key that is not
among them: so a provider changes its keys as it likes, with both published while it changes over. How often that may
happen is bounded, because anybody can name keys that are not there. While the provider is away the keys that it
published last are kept, for a day: whoever keeps a provider from being heard must not keep a stolen key good for ever.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from jwt import PyJWK
from jwt.exceptions import PyJWTError

from service.clock import Clock
from service.config import BadSetting, IdentityProvider
from service.fetching import NotFetched, fetch
from service.strict_json import NotJson, read_object

ALGORITHM_OF = {("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}
"""By what a key of a type and a curve signs; no other key is used, and no key in another way."""
ALGORITHMS = tuple(ALGORITHM_OF.values())
LEAST_RSA_BITS = 2_048
MOST_BYTES = 262_144
MOST_KEYS = 100
TIMEOUT_SECONDS = 3
FRESH_SECONDS = 600
"""So long keys are used before the provider is asked whether they are still its own."""
FRESH_FILE_SECONDS = 10
PAUSE_SECONDS = 10
"""The provider is asked no more often than this."""
PAUSE_AFTER_FAILURE_SECONDS = 60
KEPT_SECONDS = 86_400

Keys = Mapping[tuple[str, str], PyJWK]
"""Keys by their id and the algorithm that each is for."""

log = logging.getLogger("recoup.tokens")


class UnknownKey(Exception):
    """The provider publishes no such key."""


class NoKeys(Exception):
    """The provider cannot be asked now, and no key of it that is known fits."""


class BadKeys(Exception):
    """What the provider publishes is no set of keys; the text says why, without the keys."""


class TokenKeys:
    """The keys of one provider, as this process knows them."""

    def __init__(self, provider: IdentityProvider, clock: Clock) -> None:
        """Nothing is asked yet, but a file has to be there. Raises BadSetting."""
        self._provider = provider
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: Keys = {}
        self._read_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._failed = False
        if not provider.by_url:
            try:
                self._keys = self._published()
            except (BadKeys, NotFetched) as error:
                raise BadSetting(f"OIDC_JWKS is '{provider.jwks}': {error}") from None
            self._read_at = self._tried_at = clock()

    def find(self, kid: str, algorithm: str) -> PyJWK:
        """The key of an id, for an algorithm. Raises UnknownKey, NoKeys."""
        # One of several threads asks the provider, and the others wait for what it says.
        with self._lock:
            fresh = FRESH_SECONDS if self._provider.by_url else FRESH_FILE_SECONDS
            if self._since(self._read_at) >= fresh:
                self._read_again()
            if (kid, algorithm) not in self._keys:
                self._read_again()
            if self._since(self._read_at) > KEPT_SECONDS:
                raise NoKeys
            found = self._keys.get((kid, algorithm))
            if found is None:
                raise NoKeys if self._failed else UnknownKey
            return found

    def _read_again(self) -> None:
        """Read what is published, unless that was just done; where it cannot be read, the keys stay as they are."""
        if self._since(self._tried_at) < (PAUSE_AFTER_FAILURE_SECONDS if self._failed else PAUSE_SECONDS):
            return
        self._tried_at = self._clock()
        try:
            self._keys = self._published()
        except (BadKeys, NotFetched) as error:
            self._failed = True
            log.warning("the keys of the identity provider cannot be read: %s", error)
        else:
            self._failed, self._read_at = False, self._tried_at

    def _published(self) -> Keys:
        if self._provider.by_url:
            return read_keys(fetch(self._provider.jwks, most_bytes=MOST_BYTES, timeout_seconds=TIMEOUT_SECONDS))
        try:
            with Path(self._provider.jwks).open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise BadKeys(f"it cannot be read ({error.strerror})") from None
        return read_keys(data)

    def _since(self, instant: datetime | None) -> float:
        """Seconds; without end where it never was, or where the clock was set back."""
        passed = float("inf") if instant is None else (self._clock() - instant).total_seconds()
        return passed if passed >= 0 else float("inf")


def read_keys(data: bytes) -> Keys:
    """The keys of a JWKS that tokens may be signed by; others are left out. Raises BadKeys."""
    if len(data) > MOST_BYTES:
        raise BadKeys(f"it has more than {MOST_BYTES} bytes")
    try:
        listed = read_object(data).get("keys")
    except NotJson:
        listed = None
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise BadKeys("it is no JWKS, a JSON object with a list of `keys`")
    if any("d" in each or each.get("kty") == "oct" for each in listed):
        # Whoever can read it can sign: the provider has to make others.
        raise BadKeys("it holds private or shared keys, which are nobody's but the provider's")
    found: dict[tuple[str, str], PyJWK] = {}
    for each in listed[:MOST_KEYS]:
        read = _key(each)
        if read is not None:
            found.setdefault((each["kid"], read.algorithm_name), read)
    if not found:
        raise BadKeys(f"it has no key with a `kid` that signs by {', '.join(ALGORITHMS)}")
    return found


def _key(data: dict[str, Any]) -> PyJWK | None:
    """A key, or None for one that no token may be signed by."""
    kid, kty, curve = (data.get(name) for name in ("kid", "kty", "crv"))
    if not isinstance(kid, str) or not isinstance(kty, str) or not isinstance(curve, str | None):
        return None
    algorithm = ALGORITHM_OF.get((kty, curve))
    operations = data.get("key_ops", ["verify"])
    meant = isinstance(operations, list) and "verify" in operations and data.get("use", "sig") == "sig"
    if algorithm is None or not meant or data.get("alg", algorithm) not in (algorithm, curve):
        return None
    try:
        key = PyJWK(data, algorithm)
    except (PyJWTError, ValueError, TypeError, KeyError):
        return None
    return None if getattr(key.key, "key_size", LEAST_RSA_BITS) < LEAST_RSA_BITS and kty == "RSA" else key
