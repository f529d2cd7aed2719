"""One document from one address that the operator chose: a single HTTP GET, bounded in time and in size.

It goes out as messages to webhooks do (see `posting.py`): to an address that was looked up for it, by one deadline,
without following redirects and past the proxies of the environment.
"""

from __future__ import annotations

import http.client
import time
from contextlib import closing

from service.addresses import BadAddress, BadUrl, addresses_of, read_url
from service.posting import USER_AGENT, connected, ending_at, speaking, told


class NotFetched(Exception):
    """There is no such document now; the text says why, without what was answered."""


def fetch(url: str, *, most_bytes: int, timeout_seconds: float) -> bytes:
    """The document at an address. Raises NotFetched."""
    deadline = time.monotonic() + timeout_seconds
    late = f"no answer in {timeout_seconds} s"
    try:
        target = read_url(url, private=True)
        raw = connected(addresses_of(target, private=True), target.port, deadline)
    except TimeoutError:
        raise NotFetched(late) from None
    except (BadUrl, BadAddress, OSError) as error:
        raise NotFetched(f"cannot connect: {told(error)}") from None
    with ending_at(raw, deadline) as passed:
        try:
            with closing(speaking(raw, target)) as connection:
                sent = {"Host": target.authority, "User-Agent": USER_AGENT, "Connection": "close"}
                connection.request("GET", target.path, headers={**sent, "Accept": "application/json"})
                answer = connection.getresponse()
                found = answer.read(most_bytes + 1)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NotFetched(late if passed.is_set() or isinstance(error, TimeoutError) else told(error)) from None
    # A connection that was cut may look like the end of the document.
    if passed.is_set():
        raise NotFetched(late)
    if answer.status != http.HTTPStatus.OK:
        raise NotFetched(f"the answer is {answer.status}")
    if len(found) > most_bytes:
        raise NotFetched(f"the answer has more than {most_bytes} bytes")
    return found
