"""Two versions that are asked the same: stored accounts, and cases that were decided before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs
from msgspec.json import decode

from engine.cases import BadCase, read_case, read_sound_case
from engine.compiled import CompiledVersion
from engine.decide import decide
from engine.effect import Effect, Undecided
from engine.errors import Conflict, NotInForce
from engine.facts import Case
from engine.population.answers import Answer, Asking
from engine.reading import instant_words
from policies.model import Fact, Policy
from policies.problems import in_language

ANYTHING_THAT_A_CHANGED_RECORD_RAISES = (AssertionError, AttributeError, LookupError, TypeError, ValueError)


class Comparison:
    """Two versions and what accounts are grouped by; `by` is the path of a fact of the account."""

    def __init__(self, before: CompiledVersion, after: CompiledVersion, by: str, language: str) -> None:
        self._versions = before, after
        self._by = by.partition(".")[2]
        self._language = language

    def add_account(
        self,
        effect: Effect,
        account: Mapping[str, Any],
        lots: Sequence[Mapping[str, Any]],
        history: Sequence[Mapping[str, Any]],
        asking: Asking,
    ) -> None:
        """What an account gets that asks for the same by each method, by both versions. Facts are plain JSON data."""
        data = {
            "account": account,
            "lots": lots,
            "request": asking.request_data(account["id"], account["kind"], ""),
            "history": history,
            "as_of": instant_words(asking.as_of),
        }
        read = [self._read(compiled, data) for compiled in self._versions]
        changed, best = False, (0, 0)
        for method in asking.methods:
            asked = [
                self._answer(compiled, account["id"], method, found)
                for compiled, found in zip(self._versions, read, strict=True)
            ]
            changed |= effect.add(asked[0], asked[1], self._group(read))
            if not asked[0].error and not asked[1].error:
                best = max(best[0], asked[0].payout), max(best[1], asked[1].payout)
        effect.add_accounts(1, int(changed), best)

    def add_case(self, effect: Effect, reference: str, account: str, case: bytes) -> None:
        """What the case of a decision comes to by both versions. The case is its JSON text."""
        try:
            data = decode(case)
            method = data["request"]["method"]
            assert isinstance(method, str), "a method is a word"
        except ANYTHING_THAT_A_CHANGED_RECORD_RAISES as error:
            effect.add_undecided(Undecided(account, "", reference, "both", f"unreadable: {error}"))
            return
        read = [read_sound_case(compiled.policy, case) or self._read(compiled, data) for compiled in self._versions]
        asked = [
            self._answer(compiled, account, method, found) for compiled, found in zip(self._versions, read, strict=True)
        ]
        effect.add(asked[0], asked[1], self._group(read), reference)

    def add_erased(self, effect: Effect, reference: str, account: str) -> None:
        """A decision whose case was erased."""
        effect.add_undecided(Undecided(account, "", reference, "both", "erased"))

    def _read(self, compiled: CompiledVersion, data: Mapping[str, Any]) -> Case | str:
        """The case by the vocabulary of one version, or why it cannot be read; by whichever method."""
        request = data["request"]
        methods = compiled.policy.methods
        known = request["method"] if request["method"] in methods else next(iter(methods))
        try:
            return read_case(compiled.policy, {**data, "request": {**request, "method": known}})
        except BadCase as error:
            lines = [f"{path} {in_language(each.text, self._language)}".strip() for path, each in error.mistakes]
            return f"bad-facts: {'; '.join(lines)}"
        except ANYTHING_THAT_A_CHANGED_RECORD_RAISES as error:
            return f"unreadable: {error}"

    def _answer(self, compiled: CompiledVersion, account: str, method: str, case: Case | str) -> Answer:
        if isinstance(case, str):
            return Answer(account, method, None, error=case)
        if method not in compiled.policy.methods:
            return Answer(account, method, None, error="no-method")
        if case.request.method != method:
            case = structs.replace(case, request=structs.replace(case.request, method=method))
        try:
            return answer(compiled, account, case)
        except NotInForce:
            return Answer(account, method, None, error="not-in-force")
        except Conflict as error:
            return Answer(account, method, None, error=f"rules-conflict: {error}")
        except ANYTHING_THAT_A_CHANGED_RECORD_RAISES as error:
            # Of a bug, too, the rest must be told.
            return Answer(account, method, None, error=f"other: {error}")

    def _group(self, read: Sequence[Case | str]) -> str:
        """What the account is grouped by: as the version after the change reads it, or else the one before."""
        for case in reversed(read):
            if isinstance(case, Case):
                found = getattr(case.account, self._by, case.account.declared.get(self._by))
                if found is not None:
                    return str(found).lower() if isinstance(found, bool) else str(found)
        return ""


def answer(compiled: CompiledVersion, account: str, case: Case) -> Answer:
    """The decision on a case, as far as two of them are compared. Raises NotInForce and Conflict."""
    decision = decide(compiled, case, helping=False)
    return Answer(
        account,
        case.request.method,
        decision.outcome,
        decision.points,
        decision.payout,
        decision.fee,
        decision.tax,
        decision.offset,
        tuple([reason.rule for reason in decision.reasons]),
    )


def methods_of(before: Policy, after: Policy) -> tuple[str, ...]:
    """The refund methods of two texts of a policy, those of the later one first."""
    return tuple(dict.fromkeys((*after.methods, *before.methods)))


def groupings(before: Policy, after: Policy) -> dict[str, Fact]:
    """The facts that accounts can be grouped by, those that the programme declares first: a choice, a flag, or the
    identity level.
    """
    facts = {**before.facts, **after.facts}
    declared = [path for path in dict.fromkeys((*after.declared, *before.declared)) if facts[path].type == "choice"]
    return {
        path: facts[path]
        for path in dict.fromkeys((*declared, *facts))
        if facts[path].scope == "account"
        and not facts[path].derived
        and (facts[path].type in ("choice", "flag") or path == "account.identity_level")
    }
