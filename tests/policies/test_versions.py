"""A version is its meaning: layout does not change its digest, and everything else does."""

from __future__ import annotations

import json
from datetime import date

import pytest

from policies.versions import canonical_text, digest_of, make_version
from tests.policies.texts import VALID, loaded

LAYOUTS = {
    "comments": "# Of the legal department.\n" + VALID.replace("kind: fee\n", "kind: fee  # gift cards only\n"),
    "blank lines": VALID.replace("rules:\n", "\n\nrules:\n\n"),
    "quotes": VALID.replace("currency: KRW", 'currency: "KRW"').replace("kind: fee", "'kind': 'fee'"),
    "order of fields": VALID.replace("currency: KRW\ntimezone: Asia/Seoul\n", "timezone: Asia/Seoul\ncurrency: KRW\n"),
    "underscores": VALID.replace("50_000", "50000"),
    "flow and block": VALID.replace("when: {lot.source: promotion}", "when:\n      lot.source: promotion"),
    "line ends": VALID.replace("\n", "\r\n"),
    "a mark before it": "\ufeff" + VALID,
}
CHANGES = {
    "a figure": VALID.replace("50_000", "50_001"),
    "a day": VALID.replace("2026-07-01", "2026-07-02"),
    "a word": VALID.replace("Conversion fee", "Conversion charge"),
    "the order of rules": VALID.replace("soonest_to_expire, oldest", "oldest, soonest_to_expire"),
    "a text for a number": VALID.replace('terms: "20"', 'terms: "20 "'),
}


def digest(text: str, holidays: tuple[date, ...] = ()) -> str:
    return make_version(loaded(text), text, holidays).digest


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_layout_does_not_change_the_digest(text: str) -> None:
    assert digest(VALID) == digest(text)


@pytest.mark.parametrize("text", CHANGES.values(), ids=CHANGES.keys())
def test_any_other_change_does(text: str) -> None:
    assert digest(VALID) != digest(text)


def test_the_holidays_are_part_of_the_version() -> None:
    assert digest(VALID) != digest(VALID, (date(2026, 5, 1),))


def test_the_canonical_text_is_one_line_of_json() -> None:
    canonical = canonical_text(VALID, (date(2026, 5, 1),))
    assert "\n" not in canonical
    data = json.loads(canonical)
    assert data["holidays"] == ["2026-05-01"]
    assert data["policy"]["values"]["monthly_limit"]["since"]["2025-01-01"] == 50_000


def test_a_digest_names_its_algorithm() -> None:
    assert digest_of("") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_version_is_called_by_its_number() -> None:
    policy = loaded(VALID)
    assert make_version(policy, VALID, (), 7).name == "kt-points@7"
    assert make_version(policy, VALID, ()).name == "kt-points@draft"
