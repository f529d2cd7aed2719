"""What a request says, read strictly by a schema of `shapes`: its body and the query of its address."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any

from flask import request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from engine.reading import MOST_HINTS
from policies.problems import both, did_you_mean
from service.errors import MOST_ERRORS, FieldError, Refusal
from service.json_body import read_json
from service.shapes import JSON, LANGUAGE_QUERY, UNKNOWN


def body(schema: Schema, *also: str) -> dict[str, Any]:
    """The body of this request, read strictly; `also` are media types of JSON that it may have. Raises Refusal."""
    return loaded(schema, body_of(*also))


def body_of(*also: str) -> Any:
    """The data in the body of this request, whatever it is. Raises Refusal."""
    check_encoding()
    if request.mimetype not in (JSON, *also) or not in_utf_8():
        raise Refusal("unsupported-media-type")
    query(LANGUAGE_QUERY)
    return read_json(bytes_of_body())


def check_encoding() -> None:
    """Refuse a body that is packed: nothing is unpacked here, so nothing can swell. Raises Refusal."""
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.strip().lower() != "identity":
        refusal = Refusal("unsupported-media-type", [FieldError.in_header("Content-Encoding", "packed")])
        refusal.headers["Accept-Encoding"] = "identity"
        raise refusal


def in_utf_8() -> bool:
    """Whether the body of this request is said to be in UTF-8, or is not said to be in anything else."""
    return request.mimetype_params.get("charset", "utf-8").lower() == "utf-8"


def bytes_of_body() -> bytes:
    """The whole body of this request, which is not too large."""
    sent = request.get_data(cache=False)
    if request.content_length is None and len(sent) >= (request.max_content_length or math.inf):
        # A body in chunks tells no length, and is cut there without a word.
        raise RequestEntityTooLarge
    return sent


def loaded(schema: Schema, data: object) -> dict[str, Any]:
    """Data in a body, read strictly. Raises Refusal."""
    return _loaded(schema, data, lambda path, code, figures: FieldError.at(path, code, **figures))


def query(schema: Schema) -> dict[str, Any]:
    """The query part of this request's address, read strictly. Raises Refusal."""
    if not request.query_string:
        return dict(_of_no_query(schema))
    doubled = [name for name, values in request.args.lists() if len(values) > 1][:MOST_ERRORS]
    if doubled:
        raise Refusal("bad-request", [FieldError.in_parameter(name, "key-twice") for name in doubled])
    return _of_query(schema, request.args.to_dict())


@cache
def _of_no_query(schema: Schema) -> Mapping[str, Any]:
    return _of_query(schema, {})


def _of_query(schema: Schema, given: Mapping[str, str]) -> dict[str, Any]:
    return _loaded(schema, given, lambda path, code, figures: FieldError.in_parameter(str(path[0]), code, **figures))


def _loaded(
    schema: Schema, data: object, complain: Callable[[tuple[str | int, ...], str, dict[str, Any]], FieldError]
) -> dict[str, Any]:
    try:
        found: dict[str, Any] = schema.load(data)  # type: ignore[arg-type]
    except ValidationError as error:
        raise Refusal("bad-request", _complaints(error.messages_dict, list(schema.fields), complain)) from None
    return found


def _complaints(
    messages: Mapping[str, Any],
    known: Sequence[str],
    complain: Callable[[tuple[str | int, ...], str, dict[str, Any]], FieldError],
) -> list[FieldError]:
    errors: list[FieldError] = []
    for name, found in islice(messages.items(), MOST_ERRORS):
        path = () if name == "_schema" else (name,)
        # marshmallow wraps what a field raises in a list, and what it says itself not.
        mistakes = found if isinstance(found, list) else [found]
        if mistakes == [UNKNOWN]:
            names = both("쓸 수 있는 것: {names}", "known here are {names}", names=", ".join(known))
            hint = did_you_mean(name, known) if len(errors) < MOST_HINTS else None
            mistakes = [{"code": "unknown-name", "figures": {"hint": hint or names}}]
        errors.extend(complain(path, each["code"], each["figures"]) for each in mistakes)
    return errors
