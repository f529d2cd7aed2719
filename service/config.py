"""The settings of the service, read from the environment in one place.

`SETTINGS` is the one table of them: the code reads it, `recoup serve --help` and the documentation
are checked against it, so a setting that nobody describes cannot exist.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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
    Setting("WORKERS", "1", "how many processes `recoup serve` answers with", 1),
    Setting("POLICIES", "", "the folder whose rule files the demo publishes; empty: the shipped rules"),
    Setting("MAX_BODY_BYTES", "1000000", "the largest request body that is read", 1),
    Setting("MAX_CONNECTIONS", "20", "how many database connections one process keeps", 1),
    Setting("BUSY_SECONDS", "10", "how long to wait for a lock or a free connection", 1),
    Setting("CACHED_VERSIONS", "32", "how many compiled policy versions one process keeps", 1),
)


class BadSetting(Exception):
    """A setting that cannot be used; the text names it and says what it takes."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What one process was started with."""

    database_url: str = "sqlite:///recoup.db"
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    policies: Path = SHIPPED_RULES
    max_body_bytes: int = 1_000_000
    max_connections: int = 20
    busy_seconds: int = 10
    cached_versions: int = 32


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
    return Settings(
        database_url=texts["DATABASE_URL"],
        host=texts["HOST"],
        port=numbers["PORT"],
        workers=numbers["WORKERS"],
        policies=Path(texts["POLICIES"]) if texts["POLICIES"] else SHIPPED_RULES,
        max_body_bytes=numbers["MAX_BODY_BYTES"],
        max_connections=numbers["MAX_CONNECTIONS"],
        busy_seconds=numbers["BUSY_SECONDS"],
        cached_versions=numbers["CACHED_VERSIONS"],
    )


def _whole_number(setting: Setting, text: str) -> int:
    least = setting.whole_number_from
    assert least is not None
    if not (text.isascii() and text.isdigit() and len(text) <= 12) or int(text) < least:
        raise BadSetting(f"{setting.name} is '{text}': write a whole number from {least}")
    return int(text)
