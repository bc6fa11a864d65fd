"""Map HTTP status codes to what they mean for a request."""

from __future__ import annotations

from enum import Enum


class Meaning(Enum):
    """What the client does with a reply."""

    PAGE = "its body is the page"
    NO_CONTENT = "there is no body"
    TEMPORARY = "it is retried, like a lost connection"
    LIMITED = "it is retried after the wait that it announces"
    UNAUTHORIZED = "it is retried once, with a new token"
    REFUSED = "it is an error, which a retry would not change"


MEANINGS = {
    200: Meaning.PAGE,
    202: Meaning.TEMPORARY,  # the vendor: the service needs more time for the request
    203: Meaning.PAGE,  # a 200 that a proxy passed on (RFC 9110 section 15.3.4)
    204: Meaning.NO_CONTENT,
    401: Meaning.UNAUTHORIZED,
    408: Meaning.TEMPORARY,
    425: Meaning.TEMPORARY,
    429: Meaning.LIMITED,
    500: Meaning.TEMPORARY,
    502: Meaning.TEMPORARY,
    503: Meaning.TEMPORARY,
    504: Meaning.TEMPORARY,
}


def meaning(status: int) -> Meaning:
    """Return the meaning of a status. 501 and 505 are final; gateways send those above 505."""
    return MEANINGS.get(status, Meaning.TEMPORARY if status > 505 else Meaning.REFUSED)
