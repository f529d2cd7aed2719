"""Where messages may be sent: no address through which a stranger could reach inside the operator's network.

A URL is looked at when a webhook is added, as far as it can be without asking anybody; what its name
resolves to is looked at before every single connection, and the connection goes to exactly that
address, because the answer to the same question may differ a moment later.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

LONGEST_URL = 2_000
LONGEST_HOST = 253
# RFC 1123, and the underscore, which names inside a network have.
LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)", re.ASCII)
PORTS = {"http": 80, "https": 443}
# IPv6 that a gateway turns into IPv4: the last 32 bits are what is meant.
TRANSLATED = IPv6Network("64:ff9b::/96")
# "This network", which some systems take for the machine itself, and translations of unknown form.
NEVER = (IPv4Network("0.0.0.0/8"), IPv6Network("64:ff9b:1::/48"))

Address = IPv4Address | IPv6Address


class BadUrl(Exception):
    """A URL that nothing is sent to. `code` is one of FIELD_TEXTS, `figures` fill its placeholders."""

    def __init__(self, code: str, **figures: object) -> None:
        super().__init__(code)
        self.code = code
        self.figures = figures


class BadAddress(Exception):
    """A host that cannot be found, or that is where nothing may be sent; the text says which."""


@dataclass(frozen=True, slots=True)
class Target:
    """The parts of a URL: `path` with its query, as it is sent."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The host and port as the header Host has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def read_url(text: str, *, private: bool) -> Target:
    """The parts of a URL that messages may be sent to. Raises BadUrl.

    `private`: the machine itself and private networks are allowed. Nobody is asked what a name means.

    >>> read_url("https://example.com/hook?x=1", private=False).path
    '/hook?x=1'
    """
    if not 0 < len(text) <= LONGEST_URL or not text.isascii() or not text.isprintable() or " " in text:
        raise BadUrl("not-a-url", most=LONGEST_URL)
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        raise BadUrl("not-a-url", most=LONGEST_URL) from None
    if parts.scheme not in PORTS or not host or "\\" in text or "%" in host:
        raise BadUrl("not-a-url", most=LONGEST_URL)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise BadUrl("url-bad-port")
    if "@" in parts.netloc:
        raise BadUrl("url-with-credentials")
    if parts.fragment or text.endswith("#"):
        raise BadUrl("url-with-fragment")
    if not _may_be_a_host(host):
        raise BadUrl("url-bad-host", host=host)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    target = Target(parts.scheme, host, port or PORTS[parts.scheme], path)
    if not _may_be_named(host, private=private):
        may_be_allowed = _may_be_named(host, private=True)
        raise BadUrl("url-not-allowed" if may_be_allowed else "url-never-allowed", host=host)
    return target


def addresses_of(target: Target, *, private: bool) -> list[str]:
    """The addresses of a host, each checked. Asks the resolver. Raises BadAddress."""
    try:
        found = _resolved(target.host, target.port, 0)
    except (OSError, UnicodeError):
        raise BadAddress(f"the host {target.host} is not found") from None
    for address in found:
        if not allowed(ip_address(address), private=private):
            raise BadAddress(f"nothing is sent to {target.host}: it is at {address}, which is no public address")
    return found


def allowed(address: Address, *, private: bool) -> bool:
    """Whether messages may be sent to an address.

    >>> allowed(ip_address("10.0.0.1"), private=False), allowed(ip_address("10.0.0.1"), private=True)
    (False, True)
    """
    meant = _meant(address)
    if meant.is_multicast or meant.is_unspecified or meant.is_link_local or any(meant in each for each in NEVER):
        # Link-local is where clouds answer with a machine's own keys: never.
        return False
    if meant.is_global and not meant.is_reserved:
        return True
    return private and (meant.is_loopback or (meant.is_private and not meant.is_reserved))


def _may_be_a_host(host: str) -> bool:
    """Whether a host is a number in any spelling, or a name that a resolver could know."""
    if _numeric(host):
        return True
    labels = host.removesuffix(".").split(".")
    fits = len(host) <= LONGEST_HOST and all(LABEL.fullmatch(label) for label in labels)
    return fits and not labels[-1].isdigit()


def _numeric(host: str) -> list[str]:
    """The address that a host is in numbers, in every spelling that a resolver takes for one: 127.1, 0x7f000001."""
    try:
        return _resolved(host, 0, socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return []


def _may_be_named(host: str, *, private: bool) -> bool:
    if host.rstrip(".").endswith("localhost"):
        return private
    return all(allowed(ip_address(address), private=private) for address in _numeric(host))


def _resolved(host: str, port: int, flags: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    # Each once, in the resolver's order; an address with a zone (%eth0) is link-local and refused by that.
    return list(dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found))


def _meant(address: Address) -> Address:
    """The address that a packet would reach in the end."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address
