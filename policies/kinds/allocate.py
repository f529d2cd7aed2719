"""`allocate`: which lots pay first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal

from marshmallow import ValidationError

from policies.fields import ListOf, OneOf
from policies.json_shapes import Json, fact_paths, list_of
from policies.json_shapes import sentence as sentence_shape
from policies.model import Rule
from policies.problems import both
from policies.readers import Trouble, read_fact, read_under, refuse, wrong_type
from policies.rules import Choices, RequestRuleMap
from policies.sentences import Teller, word_text


@dataclass(frozen=True, slots=True)
class ByClass:
    """Lots in the order of the members of a choice fact; members that are not named come last, together."""

    path: str
    members: tuple[str, ...]


OrderKey = Literal["soonest_to_expire", "oldest", "newest", "smallest", "largest", "chosen_by_member"] | ByClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocate(Rule):
    """Lots pay in this order; what the keys leave equal is settled by the lot's id. The last are, in
    `soonest_to_expire`, lots that never expire, and in `chosen_by_member` those that the request does not name. The
    reason is given when the lots do not hold enough.
    """

    kind: ClassVar[str] = "allocate"

    order: tuple[OrderKey, ...]


PLACEHOLDERS = ("available", "points")
ORDER_WORDS = ("soonest_to_expire", "oldest", "newest", "smallest", "largest")


ORDER = both("순서", "order")
LIST_OF_ORDERS = both("순서의 목록", "a list of orders")


def read_class_order(raw: Any) -> ByClass:
    """`{lot.source: [promotion, purchase]}`: lots in the order of the members of a choice."""
    if len(raw) != 1:
        message = both("종류별 순서에는 팩트 하나만 쓸 수 있습니다", "an order by class names exactly one fact")
        hint = both(
            "{lot.source: [promotion, purchase]} 형식으로 쓰십시오", "write {lot.source: [promotion, purchase]}"
        )
        refuse("not-an-order", message, hint)
    ((path, members),) = raw.items()
    fact = read_under(path, partial(read_fact, path, ("lot",), "key"))
    if fact.type != "choice":
        hint = both("lot.source 팩트로 순서를 정하십시오", "order by lot.source")
        trouble = Trouble("wrong-type", wrong_type(fact, both("선택지", "a choice")), hint, "key")
        raise ValidationError({path: [trouble]})
    listed = ListOf(
        OneOf(fact.choices, both("'{path}' 팩트", "'{path}'", path=path)), what=both("종류의 목록", "a list of classes")
    )
    return ByClass(path, read_under(path, partial(listed.read, members)))


CLASS_ORDER: Json = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "patternProperties": {f"^{fact_paths(('lot',), ('choice',))}$": list_of(sentence_shape(lines=True))},
    "additionalProperties": False,
}


class AllocateMap(RequestRuleMap):
    """The fields of an allocate rule."""

    order = ListOf(
        Choices((*ORDER_WORDS, "chosen_by_member"), ORDER, read_class_order, CLASS_ORDER),
        what=LIST_OF_ORDERS,
        about=both(
            "어느 포인트부터 쓸지. 앞의 기준으로 같은 것은 다음 기준으로 정합니다",
            "which lots pay first; the next key settles what the one before leaves equal",
        ),
    )


def sentence(rule: Allocate, say: Teller) -> str:
    """The order of use."""
    keys = order_text(rule.order, say)
    return say.choose(f"{keys} 순서로 차감합니다.", f"Points are used in this order: {keys}.")


def order_text(order: tuple[OrderKey, ...], say: Teller) -> str:
    """The keys of an order, the most important first."""
    return say.choose(", 다음으로 ", ", then ").join(_key(key, say) for key in order)


def _key(key: OrderKey, say: Teller) -> str:
    if isinstance(key, ByClass):
        fact = say.policy.facts[key.path]
        members = ", ".join(word_text(say.policy, fact, member, say.language) for member in key.members)
        return say.choose(f"{say.fact(key.path)}별({members})", f"by {say.fact(key.path)} ({members})")
    return say.choose(*_ORDERS[key])


_ORDERS = {
    "soonest_to_expire": ("유효기간이 먼저 끝나는 포인트", "soonest to expire"),
    "oldest": ("먼저 적립된 포인트", "oldest"),
    "newest": ("나중에 적립된 포인트", "newest"),
    "smallest": ("남은 포인트가 적은 포인트", "smallest"),
    "largest": ("남은 포인트가 많은 포인트", "largest"),
    "chosen_by_member": ("회원이 선택한 포인트", "as the member chose"),
}
