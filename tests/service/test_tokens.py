"""Tokens of an identity provider let in whom it says, and nobody else, whatever is sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask.testing import FlaskClient
from jwt import PyJWS
from jwt.algorithms import RSAAlgorithm

from service.app import create_app
from service.cli import recoup
from service.clock import spoken
from service.config import BadSetting, Settings, read_settings
from service.database import close_database
from service.field_texts import FIELD_TEXTS
from service.parts import EXTENSION
from service.reads import Reader
from service.token_keys import BadKeys, read_keys
from service.tokens import BadToken, Tokens
from tests.service.builders import NOW, SetClock
from tests.service.identity import ISSUER, PRIVATE, claims, jwk, jwks, part, provider, signed, token

STRANGER = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
PUBLIC = PRIVATE["RS256"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
SMALL = base64.urlsafe_b64encode((2**1_024 + 1).to_bytes(129)).rstrip(b"=").decode()
"""A modulus of 1,025 bits."""
SECOND = int(NOW.timestamp())


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The provider's keys in a file."""
    file = tmp_path_factory.mktemp("identity") / "jwks.json"
    file.write_text(jwks(), "utf-8")
    return file


@pytest.fixture(scope="module")
def tokens(published: Path) -> Tokens:
    """The tokens of that provider, at NOW."""
    return Tokens(provider(str(published)), SetClock())


def forged(header: object, payload: object, signature: str = "c2ln") -> str:
    return f"{part(header)}.{part(payload)}.{signature}"


def by_secret(secret: bytes, **header: Any) -> str:
    """Signed by HS256 with what everybody can read."""
    body = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': 'RS256', **header})}.{part(claims())}"
    made = hmac.new(secret, body.encode(), hashlib.sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def by_a_stranger(**header: Any) -> str:
    return PyJWS().encode(json.dumps(claims()).encode(), STRANGER, "RS256", {"kid": "RS256", **header})


def embedded() -> dict[str, Any]:
    """The stranger's own key, as a token may bring it along."""
    made: dict[str, Any] = RSAAlgorithm.to_jwk(STRANGER.public_key(), as_dict=True)
    return made


def cut(text: str) -> str:
    """The same token with another claim, under the old signature."""
    header, _, signature = text.split(".")
    return f"{header}.{part(claims(sub='lee'))}.{signature}"


HOSTILE: dict[str, tuple[str, str]] = {
    "alg none": (forged({"alg": "none", "kid": "RS256"}, claims(), ""), "token-algorithm"),
    "alg None": (forged({"alg": "None", "kid": "RS256"}, claims()), "token-algorithm"),
    "no alg": (forged({"kid": "RS256"}, claims()), "token-algorithm"),
    "alg is a list": (forged({"alg": ["RS256"], "kid": "RS256"}, claims()), "token-algorithm"),
    "HS256 with the public key": (by_secret(PUBLIC), "token-algorithm"),
    "HS256 with the published key": (by_secret(json.dumps(jwk()).encode()), "token-algorithm"),
    "HS256 with nothing": (by_secret(b""), "token-algorithm"),
    "RS512": (
        PyJWS().encode(json.dumps(claims()).encode(), PRIVATE["RS256"], "RS512", {"kid": "RS256"}),
        "token-algorithm",
    ),
    "the key of another algorithm": (token("RS256", {"kid": "ES256"}), "token-key-unknown"),
    "signed otherwise than it says": (
        forged({"alg": "ES256", "kid": "ES256"}, claims(), token().rpartition(".")[2]),
        "token-signature",
    ),
    "wrong kid": (token(header={"kid": "another"}), "token-key-unknown"),
    "no kid": (token(header={"kid": None}), "token-no-key"),
    "empty kid": (token(header={"kid": ""}), "token-no-key"),
    "kid of a file": (token(header={"kid": "../../../../dev/null"}), "token-key-unknown"),
    "kid of a statement": (token(header={"kid": "x' UNION SELECT 'AA==' --"}), "token-key-unknown"),
    "kid with a line": (token(header={"kid": "RS256\r\nX-Header: 1"}), "token-key-unknown"),
    "kid too long": (token(header={"kid": "k" * 201}), "token-no-key"),
    "kid is an object": (forged({"alg": "RS256", "kid": {"RS256": 1}}, claims()), "token-no-key"),
    "another's signature": (by_a_stranger(), "token-signature"),
    "embedded jwk": (by_a_stranger(jwk=embedded()), "token-signature"),
    "embedded jwk with its own kid": (
        by_a_stranger(kid="mine", jwk={**embedded(), "kid": "mine"}),
        "token-key-unknown",
    ),
    "jku": (by_a_stranger(kid="mine", jku="https://evil.example.com/jwks"), "token-key-unknown"),
    "x5u": (by_a_stranger(x5u="https://evil.example.com/cert"), "token-signature"),
    "x5c": (by_a_stranger(x5c=["MIIB"]), "token-signature"),
    "crit": (token(header={"crit": ["exp"], "exp": 1}), "token-critical"),
    "b64": (forged({"alg": "RS256", "kid": "RS256", "b64": False}, claims()), "token-critical"),
    "another's claims": (cut(token()), "token-signature"),
    "no signature": (token().rpartition(".")[0] + ".", "token-signature"),
    "alg twice": (
        forged('{"alg":"none","alg":"RS256","kid":"RS256"}', claims()),
        "token-unreadable",
    ),
    "a claim twice": (
        signed(json.dumps(claims()).replace('"sub": "kim"', '"sub": "kim", "sub": "lee"').encode()),
        "token-unreadable",
    ),
    "not JSON": (signed(b"kim"), "token-unreadable"),
    "a list": (signed(b'["kim"]'), "token-unreadable"),
    "NaN": (signed(json.dumps({**claims(), "exp": float("nan")}).encode()), "token-unreadable"),
    "not UTF-8": (signed(b'{"sub": "\xff"}'), "token-unreadable"),
    "deep": (signed(b"[" * 8_000), "token-unreadable"),
    "header not JSON": (f"{part('kim')}.{part(claims())}.c2ln", "token-unreadable"),
    "header not base64": ("e!J9.e30.c2ln", "token-unreadable"),
    "header with padding": (f"{part({'alg': 'RS256'})}==.e30.c2ln", "token-unreadable"),
    "nothing between dots": ("..", "token-unreadable"),
    "two parts": (token().rpartition(".")[0], "token-unreadable"),
    "five parts": (f"{token()}.a.b", "token-unreadable"),
    "huge": (token(filler="x" * 20_000), "token-too-large"),
    "expired": (token(exp=SECOND - 30), "token-expired"),
    "no exp": (token(exp=None), "token-claim"),
    "exp is text": (token(exp="2099-01-01"), "token-claim"),
    "exp is true": (token(exp=True), "token-claim"),
    "exp beyond the calendar": (token(exp=10**18), "token-claim"),
    "exp before 1970": (token(exp=-1), "token-claim"),
    "not yet": (token(nbf=SECOND + 31), "token-not-yet"),
    "nbf is text": (token(nbf="now"), "token-claim"),
    "issued in the future": (token(iat=SECOND + 31), "token-not-yet"),
    "no iat": (token(iat=None), "token-claim"),
    "wrong issuer": (token(iss=ISSUER + "/"), "token-issuer"),
    "no issuer": (token(iss=None), "token-issuer"),
    "wrong audience": (token(aud="another"), "token-audience"),
    "no audience": (token(aud=None), "token-audience"),
    "audience in other letters": (token(aud="Recoup"), "token-audience"),
    "other audiences": (token(aud=["a", "b"]), "token-audience"),
    "audience is an object": (token(aud={"recoup": 1}), "token-audience"),
    "no subject": (token(sub=None), "token-claim"),
    "nobody": (token(sub="anyone"), "token-claim"),
    "a member by name": (token(sub="member"), "token-claim"),
    "a subject with a line": (token(sub="kim\nlee"), "token-claim"),
    "subject is a number": (token(sub=7), "token-claim"),
    "no account": (token(recoup_account=""), "token-claim"),
    "accounts": (token(recoup_account=["A", "B"]), "token-claim"),
}


@pytest.mark.parametrize(("sent", "code"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_token_that_does_not_hold_lets_nobody_in(tokens: Tokens, sent: str, code: str) -> None:
    with pytest.raises(BadToken) as caught:
        tokens.holder(sent)
    assert caught.value.code == code
    told = FIELD_TEXTS[code].en.format_map(caught.value.figures)
    assert not [each for each in sent.split(".") if len(each) > 3 and each in told]


@pytest.mark.parametrize(
    ("other", "held"),
    [
        ({}, ("caller", "agent")),
        ({"aud": ["another", "recoup"]}, ("caller", "agent")),
        ({"exp": SECOND - 29}, ("caller", "agent")),
        ({"nbf": SECOND + 30, "iat": SECOND + 30}, ("caller", "agent")),
        ({"exp": SECOND + 0.5}, ("caller", "agent")),
        ({"realm_access": {"roles": ["audit", "desk", "audit"]}}, ("caller", "agent", "auditor")),
        ({"realm_access": {"roles": "Refund approvers"}}, ("approver",)),
        ({"realm_access": {"roles": "openid editors audit"}}, ("author", "auditor")),
        ({"realm_access.roles": ["audit"]}, ("auditor",)),
        # What the operator did not name is no role, whatever it is called.
        ({"realm_access": {"roles": ["operator", "Desk", "caller", 7, None]}}, ()),
        ({"realm_access": {"roles": {"desk": True}}}, ()),
        ({"realm_access": ["desk"]}, ()),
        ({"realm_access": None}, ()),
        ({"roles": ["desk"], "realm_access": None}, ()),
    ],
)
def test_roles_are_what_the_operator_made_of_a_claim(
    tokens: Tokens, other: dict[str, Any], held: tuple[str, ...]
) -> None:
    for algorithm in PRIVATE:
        assert tokens.holder(token(algorithm, **other)) == Reader("kim", ISSUER, held, None, True)


def test_a_member_is_a_member_whatever_else_its_token_says(tokens: Tokens) -> None:
    holder = tokens.holder(token(recoup_account="A", realm_access={"roles": ["audit"]}))
    assert holder == Reader("member", ISSUER, ("member",), "A", True)


def test_another_claim_may_be_the_name(published: Path) -> None:
    tokens = Tokens(provider(str(published), name_claim="profile.login", account_claim=""), SetClock())
    holder = tokens.holder(token(profile={"login": "lee"}, recoup_account="A"))
    assert (holder.name, holder.account) == ("lee", None)


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ([jwk("RS256"), jwk("ES256"), jwk("EdDSA")], {("RS256", "RS256"), ("ES256", "ES256"), ("EdDSA", "EdDSA")}),
        ([jwk("RS256", "x"), jwk("ES256", "x")], {("x", "RS256"), ("x", "ES256")}),
        ([jwk(), jwk("ES256", use="enc")], {("RS256", "RS256")}),
        ([jwk(), jwk("ES256", key_ops=["sign"])], {("RS256", "RS256")}),
        ([jwk(), jwk("RS256", "x", alg="RS512")], {("RS256", "RS256")}),
        ([jwk(), jwk("RS256", "x", n=SMALL)], {("RS256", "RS256")}),
        ([jwk(), jwk("ES256", x="AQAB")], {("RS256", "RS256")}),
        ([jwk(), {"kty": "EC", "crv": "P-384", "kid": "x"}, {"kty": 1, "kid": "y"}, {}], {("RS256", "RS256")}),
        ([jwk(), {**jwk(), "kid": 7}], {("RS256", "RS256")}),
    ],
)
def test_only_keys_that_tokens_may_be_signed_by_are_read(keys: list[Any], found: set[tuple[str, str]]) -> None:
    assert set(read_keys(jwks(*keys).encode())) == found


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no JWKS"),
        (b"[]", "no JWKS"),
        (b'{"keys": {}}', "no JWKS"),
        (b'{"keys": [1]}', "no JWKS"),
        (b'{"keys": [], "keys": []}', "no JWKS"),
        (b'{"keys": []}', "no key with a `kid`"),
        (jwks({**jwk(), "d": "AQAB"}).encode(), "private or shared"),
        (jwks(jwk(), {"kty": "oct", "k": "c2VjcmV0", "kid": "s"}).encode(), "private or shared"),
        (b" " * 262_145, "more than 262144 bytes"),
    ],
    ids=["empty", "a list", "no list", "no object", "twice", "none", "private", "shared", "large"],
)
def test_keys_that_cannot_be_used_are_refused_without_being_shown(data: bytes, words: str) -> None:
    with pytest.raises(BadKeys, match=words) as caught:
        read_keys(data)
    assert "c2VjcmV0" not in str(caught.value)


GIVEN = {
    "OIDC_ISSUER": ISSUER,
    "OIDC_AUDIENCE": "recoup",
    "OIDC_JWKS": "https://id.example.com/jwks",
    "OIDC_ROLES": "desk=caller,agent; CN=Refunds,OU=kt = approver",
}


def test_settings_name_the_provider() -> None:
    found = read_settings(GIVEN).identity_provider
    assert found is not None
    assert (found.name_claim, found.roles_claim, found.account_claim, found.leeway_seconds) == ("sub", "roles", "", 30)
    assert found.roles == {"desk": ("caller", "agent"), "CN=Refunds,OU=kt": ("approver",)}
    assert read_settings({**GIVEN, "OIDC_JWKS": "http://localhost:1/jwks"}).identity_provider
    assert read_settings({}).identity_provider is None


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"OIDC_ISSUER": ""}, "OIDC_ISSUER is missing: OIDC_AUDIENCE is set"),
        ({"OIDC_AUDIENCE": ""}, "OIDC_AUDIENCE is missing"),
        ({"OIDC_JWKS": ""}, "OIDC_JWKS is missing"),
        ({"OIDC_JWKS": "http://id.example.com/jwks"}, "an address with https://"),
        ({"OIDC_JWKS": "ftp://localhost/jwks"}, "an address with https://"),
        ({"OIDC_ROLES": ""}, "no token is for anything"),
        ({"OIDC_ROLES": "desk=root"}, "OIDC_ROLES has 'desk=root'"),
        ({"OIDC_ROLES": "desk=member"}, "OIDC_ROLES has 'desk=member'"),
        ({"OIDC_ROLES": "desk"}, "OIDC_ROLES has 'desk'"),
        ({"OIDC_ROLES": "desk=caller; desk=agent"}, "each group once"),
        ({"OIDC_ROLES": "=caller"}, "OIDC_ROLES has '=caller'"),
        ({"OIDC_LEEWAY_SECONDS": "301"}, "at most 300"),
    ],
)
def test_settings_that_let_in_nobody_or_anybody_are_refused(other: dict[str, str], words: str) -> None:
    with pytest.raises(BadSetting, match=words):
        read_settings({**GIVEN, **other})


def test_a_file_of_keys_that_is_not_there_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="No such file"):
        Tokens(provider(str(tmp_path / "none.json")), SetClock())


@pytest.fixture
def client(sqlite_url: str, published: Path) -> Iterator[FlaskClient]:
    """The service with keys and with that provider."""
    settings = Settings(database_url=sqlite_url, identity_provider=provider(str(published)))
    app = create_app(settings, SetClock())
    yield app.test_client()
    close_database(app.extensions[EXTENSION].database)


def test_what_is_wrong_with_a_token_is_told_and_the_token_is_not(client: FlaskClient) -> None:
    late = token(exp=SECOND - 31)
    answer = client.get("/v1/messages", headers={"Authorization": f"Bearer {late}"})
    told = f"has a token that expired at {spoken(NOW.replace(minute=59, hour=0, second=29))}"
    assert (answer.status_code, answer.get_json()["errors"][0]["detail"]) == (401, told)
    expected = f'Bearer error="invalid_token", error_description="Authorization {told}"'
    assert answer.headers["WWW-Authenticate"] == expected
    for code, text in FIELD_TEXTS.items():
        if "token" in code or code.startswith(("key-", "not-a-bearer")):
            assert '"' not in text.en, "it stands between quotes in a header"
            assert text.en.isascii()
    headers = [("Authorization", f"Bearer {token()}"), ("Authorization", f"Bearer {late}")]
    assert client.get("/v1/messages", headers=headers).status_code == 401


def test_a_token_does_what_its_roles_are_for(client: FlaskClient) -> None:
    def status(path: str, **other: Any) -> int:
        return client.get(path, headers={"Authorization": f"Bearer {token(**other)}"}).status_code

    auditor, nobody = {"realm_access": {"roles": ["audit"]}}, {"realm_access": None}
    assert [status("/v1/messages"), status("/v1/messages", **auditor), status("/v1/messages", **nobody)] == [
        *(200, 403, 403)
    ]
    assert [status("/v1/audit/reads"), status("/v1/audit/reads", **auditor)] == [403, 200]


@pytest.mark.parametrize(
    ("sent", "status"),
    [({}, 404), ({"by": "kim"}, 404), ({"by": "lee"}, 400)],
    ids=["left out", "the holder", "somebody else"],
)
def test_the_holder_of_a_token_acts_by_its_own_name(client: FlaskClient, sent: dict[str, str], status: int) -> None:
    approver = token(realm_access={"roles": ["Refund approvers"]})
    headers = {"Authorization": f"Bearer {approver}", "Idempotency-Key": "k"}
    answer = client.post("/v1/refund-requests/R-0/approve", json=sent, headers=headers)
    assert answer.status_code == status
    desk = {"Authorization": f"Bearer {token()}", "Idempotency-Key": "k"}
    said = {"by": "agent", "text": "!", **({"agent": sent["by"]} if sent else {})}
    answered = client.post("/v1/inquiries/Q-0/entries", json=said, headers=desk)
    assert answered.status_code == status
    if status == 400:
        told = [each.get_json()["errors"][0]["detail"] for each in (answer, answered)]
        assert told == ["is somebody else than who sends the token; leave it out, or write kim"] * 2


def test_commands_take_a_token_in_place_of_a_key(
    sqlite_url: str, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {**GIVEN, "OIDC_JWKS": str(published), "OIDC_ROLES": "desk=approver", "OIDC_ROLES_CLAIM": "roles"}
    for name, value in {**told, "DATABASE_URL": sqlite_url}.items():
        monkeypatch.setenv(name, value)
    for group, words in (("desk", "Nothing is kept under"), ("audit", "has to be a token with the role approver")):
        monkeypatch.setenv("RECOUP_KEY", token(exp=4_102_444_800, roles=[group]))
        done = CliRunner().invoke(recoup, ["publish", "approve", "P-0", "--seen", "x"])
        assert (done.exit_code, words in done.stderr) == (2, True), done.stderr


def test_where_no_provider_is_known_a_token_is_told_so(sqlite_url: str) -> None:
    app = create_app(Settings(database_url=sqlite_url), SetClock())
    answer = app.test_client().get("/v1/messages", headers={"Authorization": f"Bearer {token()}"})
    close_database(app.extensions[EXTENSION].database)
    assert answer.get_json()["errors"][0]["detail"].startswith("has a token; no identity provider is known here")
