"""The settings of the service, read from the environment in one place.

`SETTINGS` is the one table of them: the code reads it, `recoup serve --help` and the documentation
are checked against it, so a setting that nobody describes cannot exist.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from service.roles import ROLES

LONGEST_ANSWER_DAYS = 366
ACCESS = ("keys", "open")
LOG_FORMS = ("json", "text")
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Where `recoup serve` tells its processes that they share a folder; the library that counts looks for it there."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Where only this machine can ask, or be asked."""
OIDC_NEEDS = ("OIDC_ISSUER", "OIDC_AUDIENCE", "OIDC_JWKS")
MOST_LEEWAY_SECONDS = 300
SHIPPED_RULES = Path(__file__).resolve().parent.parent / "rules"


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: its default as one would type it, and what it decides."""

    name: str
    default: str
    about: str
    whole_number_from: int | None = None


SETTINGS = (
    Setting(
        "DATABASE_URL",
        "sqlite:///recoup.db",
        "where everything is kept: sqlite:///FILE (relative), sqlite:////FILE (absolute)"
        " or postgresql://USER:PASSWORD@HOST/NAME",
    ),
    Setting("HOST", "127.0.0.1", "the address `recoup serve` listens on"),
    Setting("PORT", "8000", "the port `recoup serve` listens on", 0),
    Setting(
        "ACCESS",
        "keys",
        "keys: whoever sends an API key, made by `recoup access create`, may do what its roles allow;"
        " open: everybody on this machine may do everything, which `serve --demo` says",
    ),
    Setting(
        "LOG",
        "json",
        "how the log is written to stderr, json: for programs, text: for people, which `serve --demo` says",
    ),
    Setting(
        "METRICS",
        "keys",
        "who may read /metrics, keys: who sends a key with the role operator, open: everybody",
    ),
    Setting(
        "OIDC_ISSUER",
        "",
        "the identity provider whose tokens are taken besides keys, as their `iss` names it; empty: none",
    ),
    Setting("OIDC_AUDIENCE", "", "this service, as the `aud` of a token names it"),
    Setting("OIDC_JWKS", "", "the provider's public keys: a file, or an address with https://"),
    Setting("OIDC_NAME_CLAIM", "sub", "the claim with the name by which whoever sends a token is recorded"),
    Setting("OIDC_ROLES_CLAIM", "roles", "the claim with what a token's holder is, such as realm_access.roles"),
    Setting(
        "OIDC_ROLES",
        "",
        "which of those are which roles here: GROUP=role,role; OTHER GROUP=role; no other is a role",
    ),
    Setting("OIDC_ACCOUNT_CLAIM", "", "the claim with a member's account id; whoever has it sees that account alone"),
    Setting("OIDC_LEEWAY_SECONDS", "30", "how far the provider's clock may be off, at most 300", 0),
    Setting(
        "BEHIND_TLS",
        "no",
        "yes: a proxy before the service speaks TLS, and browsers are told never to ask without it (HSTS)",
    ),
    Setting("WORKERS", "1", "how many processes `recoup serve` answers with", 1),
    Setting("POLICIES", "", "the folder whose rule files the demo publishes; empty: the shipped rules"),
    Setting(
        "DRAIN_SECONDS",
        "0",
        "how long /readyz says 503 and everything is answered before the service stops listening, when told to end",
        0,
    ),
    Setting("MAX_BODY_BYTES", "1000000", "the largest request body that is read", 1),
    Setting(
        "STALL_SECONDS",
        "30",
        "how long a client may keep the service waiting: for headers, a body, the next line of a stream,"
        " or for taking its answer",
        1,
    ),
    Setting("MAX_CONNECTIONS", "20", "how many database connections one process keeps", 1),
    Setting("BUSY_SECONDS", "10", "how long to wait for a lock or a free connection", 1),
    Setting("ANSWER_WITHIN_DAYS", "30", "how many days after an inquiry its answer is due", 1),
    Setting(
        "LOG_KEY_FILE", "recoup-log.key", "the file with the keys that sign the log; `recoup audit keygen` makes it"
    ),
    Setting(
        "CHECK_DRAFTS",
        "yes",
        "yes: a draft of a policy that comes over the API is checked at once, in a process of its own;"
        " no: `recoup publish check` does it, run elsewhere",
    ),
    Setting("CACHED_VERSIONS", "32", "how many compiled policy versions one process keeps", 1),
    Setting(
        "WEBHOOK_PRIVATE_ADDRESSES",
        "no",
        "yes: webhooks may be on this machine and in private networks; `serve --demo` says yes",
    ),
    Setting("WEBHOOK_OVERLAP_HOURS", "24", "how long the old secret of a webhook also signs after a rotation", 0),
    Setting("DELIVERY_TIMEOUT_SECONDS", "15", "how long one delivery to a webhook may take", 1),
    Setting(
        "DELIVERY_SCHEDULE",
        "5s 5m 30m 2h 5h 10h 14h 20h 24h",
        "how long to wait after each failed delivery, in seconds, minutes or hours; after the last it is dead",
    ),
    Setting("DELIVERY_THREADS", "4", "to how many webhooks one deliverer sends at once", 1),
    Setting("DELIVERY_PAUSE_SECONDS", "1", "how long a deliverer waits when nothing is due", 1),
    Setting(
        "SPARK_MASTER",
        "local[2]",
        "where `--engine spark` decides populations: local[N] for N workers on this machine, or a cluster's master",
    ),
)

WAIT = re.compile(r"([1-9][0-9]{0,5})([smh])", re.ASCII)
SECONDS_OF = {"s": 1, "m": 60, "h": 3600}


class BadSetting(Exception):
    """A setting that cannot be used; the text names it and says what it takes."""


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """Whose tokens are taken, and what is read in them. `roles` says which values of a claim are which roles."""

    issuer: str
    audience: str
    jwks: str
    name_claim: str
    roles_claim: str
    roles: Mapping[str, tuple[str, ...]]
    account_claim: str
    leeway_seconds: int

    @property
    def by_url(self) -> bool:
        """Whether the keys come from an address."""
        return "://" in self.jwks


@dataclass(frozen=True, slots=True)
class Settings:
    """What one process was started with."""

    database_url: str = "sqlite:///recoup.db"
    host: str = "127.0.0.1"
    port: int = 8000
    access: str = "keys"
    log: str = "json"
    metrics: str = "keys"
    identity_provider: IdentityProvider | None = None
    behind_tls: bool = False
    workers: int = 1
    policies: Path = SHIPPED_RULES
    drain_seconds: int = 0
    max_body_bytes: int = 1_000_000
    stall_seconds: int = 30
    max_connections: int = 20
    busy_seconds: int = 10
    answer_within_days: int = 30
    log_key_file: Path = Path("recoup-log.key")
    check_drafts: bool = True
    cached_versions: int = 32
    private_webhooks: bool = False
    webhook_overlap_hours: int = 24
    delivery_timeout_seconds: int = 15
    delivery_schedule_seconds: tuple[int, ...] = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
    delivery_threads: int = 4
    delivery_pause_seconds: int = 1
    spark_master: str = "local[2]"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of an environment (default: this process's); raises BadSetting.

    >>> read_settings({"PORT": "8080"}).port
    8080
    >>> read_settings({"PORT": "http"})
    Traceback (most recent call last):
    ...
    service.config.BadSetting: PORT is 'http': write a whole number from 0
    """
    given = os.environ if environment is None else environment
    texts = {setting.name: given.get(setting.name) or setting.default for setting in SETTINGS}
    numbers = {
        setting.name: _whole_number(setting, texts[setting.name])
        for setting in SETTINGS
        if setting.whole_number_from is not None
    }
    if numbers["PORT"] > 65_535:
        raise BadSetting(f"PORT is '{texts['PORT']}': the largest port is 65535")
    if numbers["ANSWER_WITHIN_DAYS"] > LONGEST_ANSWER_DAYS:
        raise BadSetting(
            f"ANSWER_WITHIN_DAYS is '{texts['ANSWER_WITHIN_DAYS']}': at most {LONGEST_ANSWER_DAYS} days can be given"
        )
    return Settings(
        database_url=texts["DATABASE_URL"],
        host=texts["HOST"],
        port=numbers["PORT"],
        access=_one_of("ACCESS", texts["ACCESS"], ACCESS),
        log=_one_of("LOG", texts["LOG"], LOG_FORMS),
        metrics=_one_of("METRICS", texts["METRICS"], ACCESS),
        identity_provider=_identity_provider(texts, numbers["OIDC_LEEWAY_SECONDS"]),
        behind_tls=_yes_or_no("BEHIND_TLS", texts["BEHIND_TLS"]),
        workers=numbers["WORKERS"],
        policies=Path(texts["POLICIES"]) if texts["POLICIES"] else SHIPPED_RULES,
        drain_seconds=numbers["DRAIN_SECONDS"],
        max_body_bytes=numbers["MAX_BODY_BYTES"],
        stall_seconds=numbers["STALL_SECONDS"],
        max_connections=numbers["MAX_CONNECTIONS"],
        busy_seconds=numbers["BUSY_SECONDS"],
        answer_within_days=numbers["ANSWER_WITHIN_DAYS"],
        log_key_file=Path(texts["LOG_KEY_FILE"]),
        check_drafts=_yes_or_no("CHECK_DRAFTS", texts["CHECK_DRAFTS"]),
        cached_versions=numbers["CACHED_VERSIONS"],
        private_webhooks=_yes_or_no("WEBHOOK_PRIVATE_ADDRESSES", texts["WEBHOOK_PRIVATE_ADDRESSES"]),
        webhook_overlap_hours=numbers["WEBHOOK_OVERLAP_HOURS"],
        delivery_timeout_seconds=numbers["DELIVERY_TIMEOUT_SECONDS"],
        delivery_schedule_seconds=_waits("DELIVERY_SCHEDULE", texts["DELIVERY_SCHEDULE"]),
        delivery_threads=numbers["DELIVERY_THREADS"],
        delivery_pause_seconds=numbers["DELIVERY_PAUSE_SECONDS"],
        spark_master=texts["SPARK_MASTER"],
    )


def _identity_provider(texts: Mapping[str, str], leeway_seconds: int) -> IdentityProvider | None:
    """Whose tokens are taken, or nobody's. What would let in nobody, or somebody unawares, is no setting."""
    named = [name for name in OIDC_NEEDS if texts[name]]
    if not named:
        return None
    for name in OIDC_NEEDS:
        if not texts[name]:
            raise BadSetting(f"{name} is missing: {named[0]} is set, and tokens need {', '.join(OIDC_NEEDS)}")
    if leeway_seconds > MOST_LEEWAY_SECONDS:
        raise BadSetting(f"OIDC_LEEWAY_SECONDS is '{leeway_seconds}': at most {MOST_LEEWAY_SECONDS} seconds")
    jwks, account_claim = texts["OIDC_JWKS"], texts["OIDC_ACCOUNT_CLAIM"]
    parts = urlsplit(jwks) if "://" in jwks else None
    # Whoever could change the keys on their way could make every token.
    safe = parts is None or parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not safe:
        raise BadSetting(f"OIDC_JWKS is '{jwks}': write a file, or an address with https://")
    roles = _roles(texts["OIDC_ROLES"])
    if not roles and not account_claim:
        raise BadSetting("OIDC_ROLES is missing: without it or OIDC_ACCOUNT_CLAIM no token is for anything")
    return IdentityProvider(
        issuer=texts["OIDC_ISSUER"],
        audience=texts["OIDC_AUDIENCE"],
        jwks=jwks,
        name_claim=texts["OIDC_NAME_CLAIM"],
        roles_claim=texts["OIDC_ROLES_CLAIM"],
        roles=roles,
        account_claim=account_claim,
        leeway_seconds=leeway_seconds,
    )


def _roles(text: str) -> dict[str, tuple[str, ...]]:
    """`GROUP=role,role; OTHER=role`: which roles each value of a claim stands for.

    >>> _roles("CN=Refund desk,OU=kt=agent; billing=caller,agent")
    {'CN=Refund desk,OU=kt': ('agent',), 'billing': ('caller', 'agent')}
    """
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (each.strip() for each in text.split(";"))):
        # A group may have the sign in its own name; a role has not.
        value, _, named = part.rpartition("=")
        roles = tuple(dict.fromkeys(each.strip() for each in named.split(",")))
        if not value.strip() or value.strip() in found or not set(roles) <= set(ROLES):
            known = ", ".join(ROLES)
            raise BadSetting(f"OIDC_ROLES has '{part}': write GROUP=role, each group once; roles are {known}")
        found[value.strip()] = roles
    return found


def _whole_number(setting: Setting, text: str) -> int:
    least = setting.whole_number_from
    assert least is not None
    if not (text.isascii() and text.isdigit() and len(text) <= 12) or int(text) < least:
        raise BadSetting(f"{setting.name} is '{text}': write a whole number from {least}")
    return int(text)


def _yes_or_no(name: str, text: str) -> bool:
    return _one_of(name, text, ("yes", "no")) == "yes"


def _one_of(name: str, text: str, known: tuple[str, str]) -> str:
    if text not in known:
        raise BadSetting(f"{name} is '{text}': write {' or '.join(known)}")
    return text


def _waits(name: str, text: str) -> tuple[int, ...]:
    """Spans such as `5s 5m 24h`, in seconds."""
    found = [WAIT.fullmatch(part) for part in text.split()]
    spans = tuple(int(each[1]) * SECONDS_OF[each[2]] for each in found if each)
    if not spans or len(spans) < len(found) or max(spans) > 30 * 86_400:
        raise BadSetting(f"{name} is '{text}': write spans of up to 720h, such as 5s 5m 2h")
    return spans
