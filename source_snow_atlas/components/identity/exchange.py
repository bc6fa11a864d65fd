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
from source_snow_atlas.components.basics.connections import WatchedAdapter, no_ambient_credentials
from source_snow_atlas.components.basics.errors import MalformedReply

TIMEOUTS = (15.0, 60.0)
"""Seconds to connect and to wait for the reply."""
LARGEST = 2 * 2**20
"""Decoded bytes of a reply. A token has a few KiB, a set of keys a few more."""
LONGEST = 60.0
"""Seconds from the first byte of a body to its last."""


class UnboundedReply(requests.RequestException):
    """The reply was given up: it was larger or slower than any right one."""


@dataclass(frozen=True)
class Answer:
    """A reply of the identity provider, whole."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """The document; None where the body is no JSON."""
        try:
            return json.loads(self.content)
        except ValueError:
            return None


def exchange(method: str, url: str, form: Mapping[str, Any] | None = None) -> Answer:
    """Send one request, without following redirects. Raises requests.RequestException where no whole reply
    comes.
    """
    with requests.Session() as session:
        adapter = WatchedAdapter(TIMEOUTS[1])
        session.mount("https://", adapter)
        session.mount("http://", adapter)  # ignore-https-check: for loopback only, see configuration.py
        with session.request(
            method,
            url,
            data=form,
            headers={"Accept": "application/json", "Accept-Encoding": "gzip"},
            timeout=TIMEOUTS,
            allow_redirects=False,
            auth=no_ambient_credentials,
            stream=True,
        ) as response:
            try:
                content = bytes(BodyReader().read(response.raw, LARGEST, LONGEST))
            except MalformedReply as error:
                raise UnboundedReply(str(error)) from None
            except HTTPError as error:
                raise requests.exceptions.ChunkedEncodingError(str(error)) from None
            return Answer(response.status_code, response.headers, content)
