"""`recoup show --holidays`: which days are no business days."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from service.cli import recoup


@pytest.mark.parametrize(("lang", "weekday"), [("ko", "월요일"), ("en", "Monday")])
def test_show_tells_the_holidays_of_a_year(lang: str, weekday: str) -> None:
    asked = ["show", "rules/kt-points.yaml", "--holidays", "--lang", lang, "--on", "2026-03-01"]
    told = CliRunner().invoke(recoup, asked, catch_exceptions=False).stdout.splitlines()
    assert f"2026-03-02 {weekday}" in told
    assert {line[:4] for line in told} == {"2026"}
