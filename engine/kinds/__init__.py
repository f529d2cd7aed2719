"""What each rule kind does to a case: one file each, of the same name here, in `policies/kinds/` and `tests/kinds/`.

`make` gets a rule ready, once for a version; the function of the kind's name is its stage of a decision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.kinds import (
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

KINDS: Mapping[str, Callable[..., Any]] = {
    "expire": expire.make,
    "exclude": exclude.make,
    "require": require.make,
    "paper": paper.make,
    "closed": closed.make,
    "limit": limit.make,
    "allocate": allocate.make,
    "price": price.make,
    "fee": fee.make,
    "tax": tax.make,
    "offset": offset.make,
    "review": review.make,
    "pay": pay.make,
    "earn": earn.make,
    "clawback": clawback.make,
    "dormancy": dormancy.make,
    "notice": notice.make,
}
"""How the rules of each kind are made ready."""
