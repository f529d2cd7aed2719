"""The rule kinds: one file each, of the same name here, in `engine/kinds/` and in `tests/kinds/`.

To add one, copy the smallest (`exclude`) in the three places and name it in `KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from policies.kinds import (
    allocate,
    clawback,
    closed,
    dormancy,
    earn,
    exclude,
    expire,
    fee,
    limit,
    notice,
    offset,
    paper,
    pay,
    price,
    require,
    review,
    tax,
)
from policies.model import Rule
from policies.rules import RuleMap


@dataclass(frozen=True, slots=True)
class Kind:
    """What the loader knows of a kind: the schema of its fields, what makes the rule from them, the figures that
    its reasons may name.
    """

    schema: RuleMap
    make: Callable[..., Rule]
    placeholders: tuple[str, ...]
    sentence: Callable[..., str]


KINDS: Mapping[str, Kind] = {
    "expire": Kind(expire.ExpireMap(), expire.make, expire.PLACEHOLDERS, expire.sentence),
    "exclude": Kind(exclude.ExcludeMap(), exclude.Exclude, exclude.PLACEHOLDERS, exclude.sentence),
    "require": Kind(require.RequireMap(), require.Require, require.PLACEHOLDERS, require.sentence),
    "paper": Kind(paper.PaperMap(), paper.Paper, paper.PLACEHOLDERS, paper.sentence),
    "closed": Kind(closed.ClosedMap(), closed.Closed, closed.PLACEHOLDERS, closed.sentence),
    "limit": Kind(limit.LimitMap(), limit.Limit, limit.PLACEHOLDERS, limit.sentence),
    "allocate": Kind(allocate.AllocateMap(), allocate.Allocate, allocate.PLACEHOLDERS, allocate.sentence),
    "price": Kind(price.PriceMap(), price.Price, price.PLACEHOLDERS, price.sentence),
    "fee": Kind(fee.FeeMap(), fee.Fee, fee.PLACEHOLDERS, fee.sentence),
    "tax": Kind(tax.TaxMap(), tax.Tax, tax.PLACEHOLDERS, tax.sentence),
    "offset": Kind(offset.OffsetMap(), offset.Offset, offset.PLACEHOLDERS, offset.sentence),
    "review": Kind(review.ReviewMap(), review.Review, review.PLACEHOLDERS, review.sentence),
    "pay": Kind(pay.PayMap(), pay.Pay, pay.PLACEHOLDERS, pay.sentence),
    "earn": Kind(earn.EarnMap(), earn.Earn, earn.PLACEHOLDERS, earn.sentence),
    "clawback": Kind(clawback.ClawbackMap(), clawback.Clawback, clawback.PLACEHOLDERS, clawback.sentence),
    "dormancy": Kind(dormancy.DormancyMap(), dormancy.Dormancy, dormancy.PLACEHOLDERS, dormancy.sentence),
    "notice": Kind(notice.NoticeMap(), notice.Notice, notice.PLACEHOLDERS, notice.sentence),
}
"""Every kind, in the order in which a decision comes to them."""
