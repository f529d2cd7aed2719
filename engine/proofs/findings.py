"""What was found: a sentence with its place in the rule file, and a scenario that shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.proofs.examples import Example, scenario_text
from engine.scenario_text import as_expected
from policies.model import Comparison, Policy, Rule, Text
from policies.problems import Problem, both
from policies.sentences import Teller
from policies.source import Document, Path

Code = Literal["dead-rule", "dead-exception", "overlap", "gap", "off-by-one", "stranded"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the solver showed, or could not decide.

    `problem` says what and where, `rules` are those that it is about. `scenario` shows it, as one item of a scenario
    file; "" where there is none, because nothing is `proven`.
    """

    code: Code
    rules: tuple[str, ...]
    problem: Problem
    scenario: str
    proven: bool = True

    def __lt__(self, other: Finding) -> bool:
        return self.problem < other.problem


class Desk:
    """Writes findings about one policy: `document` says where everything stands."""

    def __init__(self, policy: Policy, document: Document) -> None:
        self.policy = policy
        self.document = document
        self.by_id: Mapping[str, Rule] = {rule.id: rule for rule in policy.rules}
        self._tellers = [Teller(policy, language, policy.starts) for language in ("ko", "en")]

    def finding(
        self,
        code: Code,
        rules: Sequence[Rule],
        path: Path,
        message: Text,
        hint: Text,
        scenario: str,
        *,
        proven: bool = True,
    ) -> Finding:
        """A finding at a place of the file."""
        place = self.document.places.get(path) or self.document.places[("rules", *path[1:2])]
        subject = rules[0].id if rules else ""
        problem = Problem(code, self.document.file, place.line, place.column, subject, message, hint)
        return Finding(code, tuple(rule.id for rule in rules), problem, scenario, proven)

    def unknown(self, code: Code, rules: Sequence[Rule], path: Path, what: Text) -> Finding:
        """A question that was not answered."""
        message = both("알 수 없음(unknown): {what}", "unknown: {what}", what=what)
        hint = both(
            "--timeout 값을 늘려 다시 실행하거나, 조건을 간단히 쓰십시오. 그래도 같으면 시나리오로 확인하십시오",
            "run it again with a longer --timeout, or write the conditions more simply; "
            "where neither helps, test it by a scenario of your own",
        )
        return self.finding(code, rules, path, message, hint, "", proven=False)

    def scenario(self, name: str, example: Example, got: Mapping[str, Any], keys: Iterable[str]) -> str:
        """The example with what the engine makes of it."""
        named = {key: got[key] for key in ("outcome", "reasons", *keys) if key in got}
        if named["outcome"] == "answered":
            del named["outcome"]
        return scenario_text(name, example, {key: as_expected(key, value) for key, value in named.items()})

    def clause(self, clause: Comparison) -> Text:
        """A clause in words."""
        ko, en = (teller.comparison(clause) for teller in self._tellers)
        return Text(ko, en)

    def causes(self, names: Iterable[str]) -> Text:
        """Why something cannot be: the premises that cannot hold at once, by their names, in words."""
        told = [self._cause(*name.split(" ")) for name in names]
        return Text("; ".join(each.ko for each in told), "; ".join(each.en for each in told))

    def line(self, rule: str) -> int:
        """Where a rule begins."""
        return self.by_id[rule].line

    def _cause(self, what: str, rule: str = "", number: str = "") -> Text:
        if what == "when":
            return self.clause(self.by_id[rule].when.all_of[int(number)])
        if what == "within":
            return _OWN
        if what in ("unless", "other"):
            return both(
                "{number}번째 예외가 먼저 성립합니다",
                "its exception number {number} holds first",
                number=int(number) + 1,
            )
        if rule:
            words = _CAUSES[what]
            figures = {"rule": rule, "line": self.line(rule)}
            return Text(words.ko.format_map(figures), words.en.format_map(figures))
        return _CAUSES[what]


_OWN = both("규칙의 종류가 요구하는 것", "what its kind asks for")
_CAUSES: Mapping[str, Text] = {
    "any": both("any: 아래의 선택 조건", "its alternatives under any:"),
    "bites": both("표가 허용하지 않는 방법", "a method that its table does not list"),
    "exception": both("이 예외는 성립할 수 없습니다", "it can never hold"),
    "overrides": Text("'{rule}' 규칙({line}번째 줄)이 대신합니다", "'{rule}' (line {line}) takes its place"),
    "excluded": Text(
        "'{rule}' 규칙({line}번째 줄)이 그 포인트를 제외합니다", "'{rule}' (line {line}) excludes such points"
    ),
    "denied": Text(
        "'{rule}' 규칙({line}번째 줄)이 그런 신청을 거절합니다", "'{rule}' (line {line}) denies such requests"
    ),
    "eaten": Text("'{rule}' 수수료({line}번째 줄)가 모두 가져갑니다", "the fee '{rule}' (line {line}) takes all of it"),
    "expired": both("그때는 유효기간이 이미 지났습니다", "such points have expired by then"),
    "empty": both("남은 포인트가 없습니다", "no point is left"),
    "short": both("포인트가 부족합니다", "there are too few points"),
    "broken": Text("'{rule}' 규칙이 문제 삼을 것이 없습니다", "there is nothing that '{rule}' could object to"),
    "closed": Text("그런 날이 없습니다", "there is no such day"),
    "of": Text("'{rule}' 규칙의 of: 항목의 규칙이 함께 적용되지 않습니다", "no rule in its of: applies beside it"),
    "owed": Text("갚을 것이 없습니다", "nothing is owed"),
    "brings": Text("포인트가 생기지 않습니다", "it comes to no points"),
}
