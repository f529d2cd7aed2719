"""What is wrong with an event before it is answered: all of it at once, so that one mending is enough.

Which events say an amount, and which undo which others, follows from the rule file and from the common vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.cases import BadCase, read_event_case
from engine.compiled import CompiledVersion
from engine.facts import EventCase
from engine.reading import parts_of
from policies.kinds.clawback import Clawback
from policies.kinds.earn import Earn
from policies.model import Policy
from policies.vocabulary import EVENTS, MONEY_EVENTS, UNDOES
from service.errors import FieldError, Refusal, pointer
from service.ledger import StoredAccount

# What stands in for a part whose mistake is known already.
SOUND = {"id": "-", "happened_at": "2000-01-01T00:00:00Z"}


def read(
    compiled: CompiledVersion, account: StoredAccount, event: Mapping[str, Any], earned: list[Any], lots: list[Any]
) -> EventCase:
    """The event and what it is judged on. Raises Refusal: the account or its lots do not fit the policy."""
    try:
        data = {"account": account.facts, "event": event, "earned": earned, "lots": lots}
        return read_event_case(compiled.policy, data)
    except BadCase as error:
        errors = [FieldError({"pointer": pointer(parts_of(path))}, mistake.text) for path, mistake in error.mistakes]
        raise Refusal("account-does-not-fit", errors) from None


def misfit(
    policy: Policy, account: str, event: Mapping[str, Any], undone_account: str, undone_type: str, undone_of: str
) -> Refusal | None:
    """Why an event cannot undo the one that its `of` names: one of another account, of a type that it does not undo, or
    one that undoes another itself.
    """
    of, sort = event["of"], event["type"]
    if undone_account != account:
        return Refusal("undoes-another-account", [FieldError.at(("of",), "of-another-account")], of=of)
    known = undoes(policy, sort)
    if undone_of or undone_type not in known:
        wrong = [FieldError.at(("of",), "of-another-type", type=sort, undone=undone_type)]
        return Refusal("undoes-another-type", wrong, type=sort, known=sorted(known), of=of, undone=undone_type)
    return None


def check(
    compiled: CompiledVersion,
    account: StoredAccount,
    event: Mapping[str, Any],
    others: Sequence[FieldError] = (),
    *,
    future: bool = False,
) -> EventCase:
    """An event that is told, as it is read. Raises Refusal with everything that is wrong with it. `others` are known to
    be wrong already; `future` says that it has not happened yet, which is told where something else is wrong as well.
    """
    known = {each.where["pointer"] for each in others}
    sound = {name: value for name, value in event.items() if pointer((name,)) not in known} | {
        name: value for name, value in SOUND.items() if pointer((name,)) in known
    }
    found: list[FieldError] = []
    of_account: list[FieldError] = []
    case = None
    try:
        case = read_event_case(compiled.policy, {"account": account.facts, "event": sound, "earned": [], "lots": []})
    except BadCase as error:
        for path, mistake in error.mistakes:
            scope, *rest = parts_of(path)
            if scope == "event":
                found.append(FieldError({"pointer": pointer(rest)}, mistake.text))
            else:
                of_account.append(FieldError({"pointer": pointer((scope, *rest))}, mistake.text))
    wrong = {each.where["pointer"] for each in found}
    if pointer(("type",)) not in wrong:
        found += [each for each in _too_little(compiled.policy, event) if each.where["pointer"] not in wrong]
    if others or found:
        late = [FieldError.at(("happened_at",), "in-the-future")] if future else []
        raise Refusal("bad-request", [*others, *found, *late])
    if case is None:
        raise Refusal("account-does-not-fit", of_account)
    return case


def _too_little(policy: Policy, event: Mapping[str, Any]) -> list[FieldError]:
    """What an event of its type has to say, and does not: it would do nothing and use up its id."""
    sort, of = event["type"], event.get("of", "")
    found = []
    if "amount" not in event and says_an_amount(policy, sort):
        found.append(FieldError.at(("amount",), "amount-missing", type=sort))
    if of and "amount" in event and event["amount"] == 0:
        found.append(FieldError.at(("amount",), "undoes-nothing-of-it"))
    if not of and undoes_only(policy, sort):
        found.append(FieldError.at(("of",), "of-missing", type=sort))
    if of and of == event.get("id"):
        found.append(FieldError.at(("of",), "undoes-itself"))
    elif of and not undoes(policy, sort):
        found.append(FieldError.at(("of",), "undoes-nothing", type=sort, known=_undoing(policy)))
    return found


def says_an_amount(policy: Policy, type: str) -> bool:
    """Whether an event of the type has to say its amount: a common one of money or points, or one whose points are
    worked out from it.
    """
    earning = (rule for rule in policy.rules_of("earn") if isinstance(rule, Earn) and rule.event == type)
    return type in MONEY_EVENTS or any(
        rule.steps is not None or (rule.rate is not None and not rule.of) for rule in earning
    )


def undoes_only(policy: Policy, type: str) -> bool:
    """Whether an event of the type is there to undo another, and nothing else."""
    if type in UNDOES:
        return True
    return bool(_clawbacks(policy, type)) and not any(
        rule.event == type for rule in policy.rules_of("earn") if isinstance(rule, Earn)
    )


def undoes(policy: Policy, type: str) -> frozenset[str]:
    """The types of events that one of this type can undo.

    A common one undoes what the vocabulary says, and a type that the file declares, any; but a file whose `clawback`
    rules for it name their `earn` rules (`of`) has said that it undoes events of those.
    """
    rules = _clawbacks(policy, type)
    named = {name for rule in rules for name in rule.of}
    of_rules = {rule.event for rule in policy.rules_of("earn") if isinstance(rule, Earn) and rule.id in named}
    if type in EVENTS:
        return frozenset(UNDOES.get(type, ())) | of_rules
    if rules and all(rule.of for rule in rules):
        return frozenset(of_rules)
    return frozenset(each for each in _types(policy) if each != type and not undoes_only(policy, each))


def _clawbacks(policy: Policy, type: str) -> list[Clawback]:
    return [rule for rule in policy.rules_of("clawback") if isinstance(rule, Clawback) and rule.event == type]


def _undoing(policy: Policy) -> list[str]:
    """The types that can undo others, for whoever took the wrong one."""
    return [each for each in _types(policy) if undoes(policy, each)]


def _types(policy: Policy) -> tuple[str, ...]:
    return policy.facts["event.type"].choices
