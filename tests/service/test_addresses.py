"""Where messages may be sent: the table of what would lead a stranger inside, and of what is fine."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.addresses import BadAddress, BadUrl, addresses_of, allowed, read_url

NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "::",
    "fe80::1",
    "ff02::1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "2002:a9fe:a9fe::1",
]
PRIVATE = [
    "127.0.0.1",
    "127.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "::1",
    "fd00::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]
LONG = ".".join(["x" * 49] * 5) + ".xxx"
"""A host of 253 characters, which is as many as there may be."""
PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        *((address, (False, False)) for address in NEVER),
        *((address, (False, True)) for address in PRIVATE),
        *((address, (True, True)) for address in PUBLIC),
    ],
)
def test_an_address_is_public_private_or_never_sent_to(address: str, expected: tuple[bool, bool]) -> None:
    found = ip_address(address)
    assert (allowed(found, private=False), allowed(found, private=True)) == expected


@given(number=st.integers(0, 2**32 - 1), private=st.booleans())
def test_an_address_is_judged_the_same_in_every_disguise(number: int, private: bool) -> None:
    plain = ip_address(number)
    disguises = [
        f"::ffff:{plain}",
        str(ip_address((0x64FF9B << 96) | number)),
        str(ip_address(0x2002 << 112 | number << 80)),
    ]
    assert {allowed(ip_address(each), private=private) for each in disguises} == {allowed(plain, private=private)}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "not-a-url"),
        ("example.com/hook", "not-a-url"),
        ("ftp://example.com/", "not-a-url"),
        ("file:///etc/passwd", "not-a-url"),
        ("gopher://example.com/", "not-a-url"),
        ("https://", "not-a-url"),
        ("https:///hook", "not-a-url"),
        ("https://example.com:0/", "url-bad-port"),
        ("https://example.com:65536/", "url-bad-port"),
        ("https://example.com:port/", "url-bad-port"),
        ("https://a..b/", "url-bad-host"),
        ("https://.example.com/", "url-bad-host"),
        ("https://example.com../", "url-bad-host"),
        ("https://-example.com/", "url-bad-host"),
        ("https://example-.com/", "url-bad-host"),
        ("https://*.example.com/", "url-bad-host"),
        (f"https://{'x' * 64}.example.com/", "url-bad-host"),
        (f"https://{'.'.join(['x' * 49] * 5)}.xxxx/", "url-bad-host"),
        ("https://256.1.1.1/", "url-bad-host"),
        ("https://1.1.1.1.1/", "url-bad-host"),
        ("https://[::1/", "not-a-url"),
        ("https://exam ple.com/", "not-a-url"),
        ("https://example.com/\r\nHost: x", "not-a-url"),
        ("https://example.com\\@10.0.0.1/", "not-a-url"),
        ("https://한글.example/", "not-a-url"),
        ("https://example.com/" + "x" * 2_000, "not-a-url"),
        ("https://user:word@example.com/", "url-with-credentials"),
        ("https://user@example.com/", "url-with-credentials"),
        ("https://@example.com/", "url-with-credentials"),
        ("https://example.com/#there", "url-with-fragment"),
        ("https://example.com/#", "url-with-fragment"),
        ("http://localhost/", "url-not-allowed"),
        ("http://LOCALHOST./", "url-not-allowed"),
        ("http://hook.localhost/", "url-not-allowed"),
        ("http://127.0.0.1/", "url-not-allowed"),
        ("http://127.1/", "url-not-allowed"),
        ("http://0x7f000001/", "url-not-allowed"),
        ("http://2130706433/", "url-not-allowed"),
        ("http://0177.0.0.1/", "url-not-allowed"),
        ("http://0/", "url-never-allowed"),
        ("http://10.0.0.1:8080/", "url-not-allowed"),
        ("http://169.254.169.254/latest/meta-data", "url-never-allowed"),
        ("http://[::1]/", "url-not-allowed"),
        ("http://[::ffff:127.0.0.1]/", "url-not-allowed"),
        ("http://[fe80::1]/", "url-never-allowed"),
        ("http://[fe80::1%25eth0]/", "not-a-url"),
        ("http://exa%6Dple.com/", "not-a-url"),
    ],
    ids=lambda text: text[:40],
)
def test_a_url_that_nothing_is_sent_to_is_told_why(url: str, code: str) -> None:
    with pytest.raises(BadUrl) as error:
        read_url(url, private=False)
    assert error.value.code == code


@pytest.mark.parametrize(
    "url", ["http://localhost:9/", "http://127.0.0.1/", "http://127.1/", "http://[::1]/", "http://10.0.0.1/"]
)
def test_where_private_addresses_are_allowed_this_machine_may_be_named(url: str) -> None:
    read_url(url, private=True)


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "http://0.0.0.0/", "http://[fe80::1]/"])
def test_some_addresses_are_never_allowed(url: str) -> None:
    with pytest.raises(BadUrl, match="url-never-allowed"):
        read_url(url, private=True)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.com", ("https", "example.com", 443, "/", "example.com")),
        ("https://EXAMPLE.com:8443/a/b?c=1&d", ("https", "example.com", 8443, "/a/b?c=1&d", "example.com:8443")),
        ("http://example.com:80?x", ("http", "example.com", 80, "/?x", "example.com")),
        (f"https://{'x' * 63}.a_b.c-d./", ("https", f"{'x' * 63}.a_b.c-d.", 443, "/", f"{'x' * 63}.a_b.c-d.")),
        (f"https://{LONG}/", ("https", LONG, 443, "/", LONG)),
        ("https://1.1/", ("https", "1.1", 443, "/", "1.1")),
        ("http://[2606:4700::1]:81/", ("http", "2606:4700::1", 81, "/", "[2606:4700::1]:81")),
        ("https://xn--bj0bj06e.example/", ("https", "xn--bj0bj06e.example", 443, "/", "xn--bj0bj06e.example")),
    ],
)
def test_a_url_is_taken_apart(url: str, expected: tuple[object, ...]) -> None:
    found = read_url(url, private=False)
    assert (found.scheme, found.host, found.port, found.path, found.authority) == expected


def test_what_a_name_resolves_to_is_checked_before_every_connection() -> None:
    target = read_url("http://localhost:8000/", private=True)
    assert set(addresses_of(target, private=True)) <= {"127.0.0.1", "::1"}
    with pytest.raises(
        BadAddress, match=r"nothing is sent to localhost: it is at (127\.0\.0\.1|::1), which is no public"
    ):
        addresses_of(target, private=False)


def test_a_name_that_nobody_knows_is_told() -> None:
    target = read_url("http://nowhere.invalid/", private=False)
    with pytest.raises(BadAddress, match=r"the host nowhere\.invalid is not found"):
        addresses_of(target, private=False)
