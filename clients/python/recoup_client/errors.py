"""What can go wrong, as exceptions. A denial is not among them: it is a decision like any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recoup_client.models import DamagedDecision, RefundRequestsDamaged


class RecoupError(Exception):
    """Anything that this client raises about a request."""


class Unreachable(RecoupError):
    """No answer: the service is not there, too slow, or the connection broke. What was asked may have been done."""


class RecordsDamaged(RecoupError):
    """Decisions, or requests by their decisions, were met whose record is not what was written: `damaged` says which,
    and what is wrong with each.
    """

    def __init__(self, damaged: Sequence[DamagedDecision] | Sequence[RefundRequestsDamaged]) -> None:
        self.damaged = damaged
        told = "".join(f"\n  {each['id']}: {each['detail']}" for each in damaged)
        super().__init__(f"what is kept of {len(damaged)} is not what was written:{told}")


class Refused(RecoupError):
    """The service refused a request (RFC 9457); what was refused left nothing behind.

    Branch on `code`. `errors` says where the mistakes are: each has a `detail`, and a `pointer` into the body, a
    `parameter` or a `header`. `problem` is the whole body, with the members that a kind has besides.
    """

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: float | None = None) -> None:
        self.status = status
        self.problem = problem
        self.type = str(problem.get("type", "about:blank"))
        self.title = str(problem.get("title", ""))
        self.code = str(problem.get("code", ""))
        self.detail = str(problem.get("detail", ""))
        self.errors: Sequence[Mapping[str, str]] = problem.get("errors", [])
        self.retry_after = retry_after
        mistakes = "".join(f"\n  {_where(each)}: {each.get('detail', '')}" for each in self.errors)
        super().__init__(f"{status} {self.code or self.title}: {self.detail}{mistakes}")


class BadRequest(Refused):
    """400, 406, 413, 415: the request has mistakes; `errors` names them."""


class Unauthorized(Refused):
    """401: the key is missing, unknown, revoked or over."""


class Forbidden(Refused):
    """403: the key has no role for this."""


class NotFound(Refused):
    """404: there is no such thing."""


class Conflict(Refused):
    """409: not in this state, or not with this key."""


class Unprocessable(Refused):
    """422: the request is sound, but not for this account or policy."""


class Broken(Refused):
    """500: a bug of the service, or a record that somebody changed in its database."""


class Unavailable(Refused):
    """429, 502, 503, 504: not now; `retry_after` says in how many seconds, where the service does."""


KINDS: Mapping[int, type[Refused]] = {
    400: BadRequest,
    406: BadRequest,
    413: BadRequest,
    415: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    422: Unprocessable,
    429: Unavailable,
    500: Broken,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def refused(status: int, problem: Mapping[str, Any], retry_after: float | None = None) -> Refused:
    """The exception of a refusal, whether a whole request was refused or one item of many.

    >>> refused(409, {"code": "illegal-move", "detail": "The state is settled.", "state": "settled"})
    Conflict('409 illegal-move: The state is settled.')
    """
    return KINDS.get(status, Refused)(status, problem, retry_after)


def _where(mistake: Mapping[str, str]) -> str:
    return next((mistake[name] for name in ("pointer", "parameter", "header") if name in mistake), "")
