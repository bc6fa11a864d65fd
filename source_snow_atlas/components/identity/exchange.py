"""Requests to the identity provider: small replies, read with the same bounds in bytes and time as those of
the API.

The CDK's authenticator calls `requests.post`, which waits for headers and bodies that never end, and takes
any body into memory.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from source_snow_atlas.components.basics.body import BodyReader
from source_snow_atlas.components.basics.connections import WatchedAdapter
from source_snow_atlas.components.basics.errors import MalformedReply
from source_snow_atlas.components.basics.network import Route

PATIENCE, HASTE = (15.0, 60.0), (5.0, 10.0)
"""Seconds to connect, and from then on to the reply and to the end of its body: of a sync, and of `check`."""
LARGEST = 2 * 2**20
"""Decoded bytes of a reply. A token has a few KiB."""


class UnboundedReply(requests.RequestException):
    """The reply was given up: it was larger or slower than any right one."""


@dataclass(frozen=True)
class Answer:
    """A reply of the identity provider, whole."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """The document, its numbers as floats; None where the body is no JSON."""
        try:
            return json.loads(self.content, parse_int=float)
        except (ValueError, RecursionError):
            return None


def exchange(
    url: str, form: Mapping[str, Any], route: Route, timeouts: tuple[float, float] = PATIENCE
) -> Answer:
    """Post a form, without following redirects. Raises requests.RequestException where no whole reply
    comes.
    """
    with requests.Session() as session:
        session.trust_env = False  # the route has what the environment says
        adapter = WatchedAdapter(timeouts[1])
        session.mount("https://", adapter)
        session.mount("http://", adapter)  # ignore-https-check: for loopback only, see configuration.py
        request = requests.Request(
            "POST", url, {"Accept": "application/json", "Accept-Encoding": "gzip"}, data=form
        )
        with session.send(
            session.prepare_request(request),
            timeout=timeouts,
            allow_redirects=False,
            **route.settings,
        ) as response:
            try:
                content = bytes(BodyReader().read(response.raw, LARGEST, timeouts[1]))
            except MalformedReply as error:
                raise UnboundedReply(str(error)) from None
            except HTTPError as error:
                raise requests.exceptions.ChunkedEncodingError(str(error)) from None
            return Answer(response.status_code, response.headers, content)
