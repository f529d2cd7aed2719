"""`paper`: what has to be shown with a request."""

from __future__ import annotations

from typing import Any

import pytest

from engine.cases import BadCase, read_case
from engine.compiled import CompiledVersion
from engine.decide import decide
from engine.decision import Decision
from engine.facts import case_data
from engine.remedies import apply_remedy
from engine.replay import replay
from tests.policies_for_tests import HEAD, case, compile_text, decided, policy, policy_text, rules_of

PAPERS = """\
papers:
  death: {ko: 사망진단서, en: the death certificate}
  family: {ko: 가족관계증명서, en: the family certificate}
  id_member: {ko: 회원 신분증, en: the member's identity card}
  id_agent: {ko: 대리인 신분증, en: the agent's identity card}
"""
REASON = 'reason: {ko: "필요한 서류: {papers}", en: "Please show {papers}."}'


def version(*rules: str, **parts: str) -> CompiledVersion:
    """A policy that declares papers, with these rules."""
    return compile_text(policy_text("\n".join(rules), **parts).replace(HEAD, HEAD + PAPERS))


def asking(fields: str, reason: str = REASON) -> CompiledVersion:
    """A policy with one paper rule."""
    return version(f'- {{id: papers, kind: paper, terms: "1", {fields}, {reason}}}')


def shown(*papers: tuple[str, str | None]) -> list[dict[str, Any]]:
    """Papers as JSON."""
    return [{"paper": name, "issued_on": day} for name, day in papers]


def mended(compiled: CompiledVersion, data: dict[str, Any], decision: Decision) -> Decision:
    """The decision with the only remedy that is offered."""
    (remedy,) = [reason.remedy for reason in decision.reasons if reason.remedy]
    return decide(compiled, apply_remedy(compiled.policy, read_case(compiled.policy, data), remedy))


BOTH = "needs: [death, family]"
EITHER = "one_of: [id_member, id_agent]"
DATED = "needs: [family], issued_within: 3 months"


@pytest.mark.parametrize(
    ("fields", "papers", "missing"),
    [
        (BOTH, [], ["death", "family"]),
        (BOTH, [("family", None)], ["death"]),
        (BOTH, [("family", None), ("id_agent", None)], ["death"]),
        (BOTH, [("family", None), ("death", "2001-01-01")], []),
        (EITHER, [], ["id_member", "id_agent"]),
        (EITHER, [("death", None)], ["id_member", "id_agent"]),
        (EITHER, [("id_agent", None)], []),
        (EITHER, [("id_member", None), ("id_agent", None)], []),
        (DATED, [("family", None)], ["family"]),
        (DATED, [("family", "2026-03-03")], []),
        (DATED, [("family", "2025-12-03")], []),
        (DATED, [("family", "2025-12-02")], ["family"]),
        (DATED, [("family", "2025-12-02"), ("family", "2025-12-03")], []),
        (DATED, [("family", "2026-03-04")], ["family"]),
        ("needs: [family]", [("family", "2026-03-04")], ["family"]),
        ("needs: [family], issued_within: 90 days", [("family", "2025-12-03")], []),
        ("needs: [family], issued_within: 90 days", [("family", "2025-12-02")], ["family"]),
        ("one_of: [death, family], issued_within: 1 year", [("death", "2025-03-02"), ("family", "2025-03-03")], []),
        (
            "one_of: [death, family], issued_within: 1 year",
            [("death", "2025-03-02"), ("family", None)],
            ["death", "family"],
        ),
        (f"when: {{request.applicant: heir}}, {BOTH}", [], []),
        (f"when: {{request.applicant: member}}, {BOTH}", [], ["death", "family"]),
        (f"unless: [{{account.status: active}}], {BOTH}", [], []),
    ],
)  # fmt: skip
def test_a_request_without_the_papers_is_denied(
    fields: str, papers: list[tuple[str, str | None]], missing: list[str]
) -> None:
    compiled = asking(fields)
    data = case(papers=shown(*papers))
    decision = decided(compiled, data)
    assert decision.outcome == ("denied" if missing else "approved")
    assert [reason.figures["papers"] for reason in decision.reasons] == ([missing] if missing else [])
    if missing:
        assert mended(compiled, data, decision).outcome == "approved"


@pytest.mark.parametrize(
    ("issued_on", "as_of", "expected"),
    [
        ("2025-11-30", "2026-02-28T03:00:00Z", "approved"),
        ("2025-11-30", "2026-02-28T15:00:00Z", "denied"),
        ("2024-02-29", "2025-02-28T14:59:59Z", "approved"),
        ("2024-02-29", "2025-02-28T15:00:00Z", "denied"),
    ],
)
def test_a_span_ends_on_the_last_day_of_a_short_month_in_the_zone(issued_on: str, as_of: str, expected: str) -> None:
    span = "1 year" if issued_on.endswith("02-29") else "3 months"
    compiled = asking(f"needs: [family], issued_within: {span}")
    assert decided(compiled, case(as_of=as_of, papers=shown(("family", issued_on)))).outcome == expected


def test_the_span_may_be_a_value() -> None:
    values = """
    age:
      about: How old a paper may be
      terms: "1"
      unit: span
      dated_by: request.requested_on
      since: {always: {by: request.channel, web: 1 month, else: 3 months}}
    """
    rule = f'- {{id: papers, kind: paper, terms: "1", needs: [family], issued_within: $age, {REASON}}}'
    compiled = version(rule, values=values)
    papers = shown(("family", "2026-02-02"))
    assert decided(compiled, case(papers=papers)).outcome == "denied"
    assert decided(compiled, case(papers=papers, channel="app")).outcome == "approved"


@pytest.mark.parametrize(
    ("fields", "ko", "en"),
    [
        (
            BOTH,
            "필요한 서류: 사망진단서, 가족관계증명서",
            "Please show the death certificate and the family certificate.",
        ),
        (
            EITHER,
            "필요한 서류: 회원 신분증 또는 대리인 신분증",
            "Please show the member's identity card or the agent's identity card.",
        ),
    ],
)
def test_the_reason_names_the_missing_papers_in_both_languages(fields: str, ko: str, en: str) -> None:
    (reason,) = decided(asking(fields), case()).reasons
    assert (reason.ko, reason.en) == (ko, en)


def test_the_remedy_is_told_in_words_and_keeps_what_was_shown() -> None:
    reason = 'reason: {ko: "서류({issued_within} 이내): {papers}", en: "{papers}, within {issued_within}."}'
    compiled = asking("needs: [death, family], issued_within: 3 months", reason)
    data = case(papers=shown(("id_agent", None), ("family", "2020-01-01"), ("death", "2026-03-01")))
    (told,) = decided(compiled, data).reasons
    assert told.ko == "서류(3개월 이내): 가족관계증명서"
    assert told.figures == {"papers": ["family"], "issued_within": "3 months"}
    assert told.remedy is not None
    assert told.remedy.ko == "필요한 서류: 가족관계증명서(발급 후 3개월 이내)."
    assert told.remedy.en == "Needed: the family certificate, issued within 3 months."
    kept = shown(("id_agent", None), ("death", "2026-03-01"), ("family", "2026-03-03"))
    assert told.remedy.set == {"request.papers": kept}


def test_of_two_rules_for_two_people_each_has_the_remedy_of_both() -> None:
    member = f'- {{id: member, kind: paper, terms: "1", one_of: [id_member, death], {REASON}}}'
    agent = f'- {{id: agent, kind: paper, terms: "1", needs: [id_agent], issued_within: 1 year, {REASON}}}'
    compiled = version(member, agent)
    decision = decided(compiled, case())
    assert rules_of(decision) == ["member", "agent"]
    first, second = (reason.remedy.set["request.papers"] for reason in decision.reasons if reason.remedy)
    assert first == second
    assert decided(compiled, case(papers=first)).outcome == "approved"


def test_a_paper_rule_can_be_overridden_by_another() -> None:
    wide = f'- {{id: wide, kind: paper, terms: "1", needs: [death], {REASON}}}'
    narrow = f'- {{id: narrow, kind: paper, terms: "1", when: {{request.channel: web}}, needs: [family], overrides: [wide], {REASON}}}'  # noqa: E501
    assert rules_of(decided(version(wide, narrow), case())) == ["narrow"]
    assert rules_of(decided(version(wide, narrow), case(channel="app"))) == ["wide"]


def test_all_asks_for_what_needs_no_papers_where_they_are_missing() -> None:
    rule = f'- {{id: papers, kind: paper, terms: "1", when: {{request.points: {{at_least: 5_000}}}}, needs: [family], {REASON}}}'  # noqa: E501
    compiled = version(rule)
    assert decided(compiled, case("all")).points == 4_999
    assert decided(compiled, case("all", papers=shown(("family", None)))).points == 100_000


def test_all_is_denied_with_the_papers_that_every_amount_needs() -> None:
    compiled = asking(BOTH)
    decision = decided(compiled, case("all"))
    assert (decision.outcome, decision.points, rules_of(decision)) == ("denied", 0, ["papers"])
    assert mended(compiled, case("all"), decision).points == 100_000


def test_papers_come_before_a_review() -> None:
    review = '- {id: look, kind: review, terms: "2", when: {request.method: cash}, reason: {ko: 확인, en: We look.}}'
    compiled = version(f'- {{id: papers, kind: paper, terms: "1", needs: [death], {REASON}}}', review)
    assert rules_of(decided(compiled, case())) == ["papers"]
    decision = decided(compiled, case(papers=shown(("death", None))))
    assert (decision.outcome, rules_of(decision)) == ("needs_review", ["look"])


def test_the_trace_says_what_is_missing() -> None:
    (lines,) = [stage["rules"] for stage in decided(asking(DATED), case()).trace if stage["stage"] == "paper"]
    assert [line["figures"] for line in lines] == [{"papers": ["family"], "issued_within": "3 months"}]


def test_what_was_shown_is_kept_with_the_request_and_replays() -> None:
    compiled = asking(DATED)
    papers = shown(("family", "2025-12-03"), ("death", None))
    found = read_case(compiled.policy, case(papers=papers))
    decision = decide(compiled, found)
    assert decision.request["papers"] == case_data(found)["request"]["papers"] == papers
    assert replay(compiled, case_data(found), decision.to_data()) == []


def test_a_request_and_a_version_without_papers_leave_no_word_of_them() -> None:
    """Decisions that were stored before there were papers replay to themselves."""
    rule = '- {id: x, kind: exclude, terms: "1", when: {lot.locked: true}, reason: {ko: 잠김, en: Locked.}}'
    decision = decided(policy(rule), case())
    assert "papers" not in decision.request
    assert not {"paper", "closed"} & {stage["stage"] for stage in decision.trace}


@pytest.mark.parametrize(
    ("papers", "expected"),
    [
        ("family", [("request.papers", "is 'family'; write a list")]),
        (["family"], [("request.papers.0", 'is \'family\'; write an object such as {"paper": ..., "issued_on": ...}')]),
        ([{"paper": "famly"}], [("request.papers.0.paper", "is 'famly'; did you mean 'family'?")]),
        ([{}], [("request.papers.0.paper", "is missing; every case has to give it")]),
        (
            [{"paper": "family", "issued_on": "2026-02-30"}],
            [
                (
                    "request.papers.0.issued_on",
                    "is '2026-02-30', a day that the calendar does not have; write the day as 2026-01-31",
                )
            ],
        ),
        ([{"paper": "family", "on": None}], [("request.papers.0.on", "is not known; known here are paper, issued_on")]),
        ([{"paper": "family"}] * 101, [("request.papers", "holds 101 papers; show at most 100")]),
    ],
)
def test_papers_that_cannot_be_read_are_told(papers: object, expected: list[tuple[str, str]]) -> None:
    compiled = asking(BOTH)
    for data in (case(papers=papers), {**case(papers=papers), "as_of": None}):
        with pytest.raises(BadCase) as bad:
            read_case(compiled.policy, data)
        assert [error for error in bad.value.errors if error[0] != "as_of"] == expected


def test_a_policy_that_declares_no_papers_takes_none() -> None:
    plain = policy('- {id: x, kind: exclude, terms: "1", when: {lot.locked: true}, reason: {ko: 잠김, en: Locked.}}')
    assert read_case(plain.policy, case(papers=[])).request.papers == ()
    with pytest.raises(BadCase, match=r"papers\.0\.paper is 'family'; this policy declares no papers"):
        read_case(plain.policy, case(papers=shown(("family", None))))


SEVERAL = """
- id: heir
  kind: paper
  terms: "1"
  needs: [family, death]
  issued_within: 3 months
  reason: {ko: 서류, en: Papers.}
- {id: identity, kind: paper, terms: "1", one_of: [id_member, id_agent], reason: {ko: 신분증, en: Identity.}}
- {id: either, kind: paper, terms: "1", one_of: [id_member, family], reason: {ko: 신분증, en: Either.}}
"""


@pytest.mark.parametrize(
    ("papers", "expected", "broken", "en"),
    [
        (
            [],
            ["family", "death", "id_member"],
            ["heir", "identity", "either"],
            "Needed: the family certificate and the death certificate, issued within 3 months; the member's identity card or the agent's identity card.",  # noqa: E501
        ),
        (
            [("id_agent", None), ("death", "2026-03-01")],
            ["id_agent", "death", "family"],
            ["heir", "either"],
            "Needed: the family certificate, issued within 3 months.",
        ),
    ],
)
def test_the_remedy_is_the_list_of_papers_that_every_rule_is_content_with(
    papers: list[tuple[str, str | None]], expected: list[str], broken: list[str], en: str
) -> None:
    compiled = version(SEVERAL)
    data = case(papers=shown(*papers))
    decision = decided(compiled, data)
    assert broken == rules_of(decision)
    for reason in decision.reasons:
        assert reason.remedy is not None
        assert expected == [paper["paper"] for paper in reason.remedy.set["request.papers"]]
        assert reason.remedy.en == en
        after = apply_remedy(compiled.policy, read_case(compiled.policy, data), reason.remedy)
        assert decide(compiled, after).outcome == "approved"
