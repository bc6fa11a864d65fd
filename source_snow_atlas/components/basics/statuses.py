"""What a status of the APIs means for a page: one table, so that no reply is taken for a page by accident."""

from __future__ import annotations

from enum import Enum


class Meaning(Enum):
    """What is done with a reply."""

    PAGE = "its body is the page"
    NO_CONTENT = "there is no body"
    PASSING = "asked again, like a connection that broke"
    LIMITED = "asked again after the wait that it announces"
    UNAUTHORIZED = "asked again with a new token, once"
    REFUSED = "an error: asking again would not mend it"


MEANINGS = {
    200: Meaning.PAGE,
    202: Meaning.PASSING,  # the vendor: the service needs more time for the request
    203: Meaning.PAGE,  # a 200 that a proxy passed on (RFC 9110 section 15.3.4)
    204: Meaning.NO_CONTENT,
    401: Meaning.UNAUTHORIZED,
    408: Meaning.PASSING,
    425: Meaning.PASSING,
    429: Meaning.LIMITED,
    500: Meaning.PASSING,
    502: Meaning.PASSING,
    503: Meaning.PASSING,
    504: Meaning.PASSING,
}


def meaning(status: int) -> Meaning:
    """The meaning of a status. 501 and 505 are final; what lies beyond 505 comes from gateways."""
    return MEANINGS.get(status, Meaning.PASSING if status > 505 else Meaning.REFUSED)
