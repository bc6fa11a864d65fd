"""The token endpoint: asked with growing waits whatever it refuses with, and quoted by its registered error
codes alone.

Source of the rules: the vendor's page "Authentication with client credentials", RFC 6749 sections 4.4 and
5.2, RFC 8707 (resource).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from source_snow_atlas.components.basics.errors import (
    ConfigurationError,
    RateLimited,
    ServerError,
    SnowAtlasError,
    TransientError,
)
from source_snow_atlas.components.basics.network import Route, nothing_answers
from source_snow_atlas.components.basics.retries import LONGEST_WAIT, Attempts, announced_wait
from source_snow_atlas.components.basics.statuses import Meaning, meaning
from source_snow_atlas.components.identity.exchange import (
    HASTE,
    PATIENCE,
    Answer,
    UnboundedReply,
    exchange,
)

LOGGER = logging.getLogger("airbyte")
TOKEN_PATH = "/idp/api/connect/token"
RESOURCE = "api://snowsoftware.io/api"
LIFE_WHERE_UNSAID = 3300.0
"""Seconds: what public clients assume where `expires_in` is missing. It stands for a life below a second,
too, which would mean a token a request: a token that ends sooner is refused with a 401, and renewed then.
"""
LONGEST_LIFE = 31_536_000.0
"""Seconds: a year. A larger figure is a mistake, and no date can be told from it."""
REGISTERED_ERRORS = frozenset(
    (
        # RFC 6749 sections 5.2 and 4.1.2.1, RFC 8707 section 2
        *("invalid_request", "invalid_client", "invalid_grant", "unauthorized_client"),
        *("unsupported_grant_type", "invalid_scope", "access_denied", "server_error"),
        *("temporarily_unavailable", "invalid_target"),
        # RFC 6750 section 3.1, RFC 8628 section 3.5, OpenID Connect Core section 3.1.2.6
        *("invalid_token", "insufficient_scope", "slow_down", "expired_token"),
        *("interaction_required", "login_required", "consent_required"),
    )
)
"""The only words of the token endpoint that are ever shown: whatever else it says may echo the secret."""


@dataclass(frozen=True)
class Grant:
    """What the endpoint issued. `life` is in seconds, from `asked_at` on."""

    access_token: str
    identity_token: str | None
    life: float
    asked_at: float


class TokenEndpoint:
    """The token endpoint of one host for one client, with the options that it turned out to refuse."""

    def __init__(self, host: str, client_id: str, client_secret: str) -> None:
        self.host = host
        self._credentials = {"client_id": client_id, "client_secret": client_secret}
        self._with_resource = True
        self._with_identity = True
        self._answered = False

    def ask(
        self, route: Route, fail_fast: bool, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> Grant:
        """Get a token. `fail_fast` makes an announced wait an error at once.

        Raises ConfigurationError (client refused, wrong host), RateLimited, TransientError or ServerError.
        """
        attempts = Attempts(maximum=3, seconds=12.0) if fail_fast else Attempts()
        # a limit is ended by time and not by a number of attempts
        limits = Attempts(1 if fail_fast else 1_000_000, seconds=LONGEST_WAIT, longest_wait=60.0)
        # where nothing has ever answered, the URL or the network is wrong, more often than not
        silence = Attempts(3, seconds=10.0) if fail_fast else Attempts(seconds=30.0)
        while True:
            failure: SnowAtlasError
            headers: Mapping[str, str] = {}
            counted, most = attempts, attempts.maximum
            asked = clock()
            try:
                answer = exchange(
                    self.host + TOKEN_PATH,
                    self._form(),
                    route,
                    HASTE if fail_fast else PATIENCE,
                )
            except UnboundedReply as error:
                failure, most = self._no_token(f"gave a reply that can't be right: {error}"), 3
            except OSError as error:
                failure = route.failure(error) or TransientError(
                    f"The token endpoint of {self.host} is down or can't be reached{route.through} "
                    f"({type(error).__name__}): check the network and the API URL, or try again later."
                )
                if isinstance(failure, ConfigurationError):
                    most = 2
                elif not self._answered and (nothing_answers(error) or clock() - asked >= HASTE[1]):
                    counted, most = silence, silence.maximum
            else:
                self._answered = True
                headers, status = answer.headers, meaning(answer.status_code)
                if status is Meaning.PAGE:
                    reply = answer.json()
                    if isinstance(reply, dict) and _is_token(reply.get("access_token")):
                        identity = reply.get("id_token")
                        return Grant(
                            reply["access_token"],
                            identity if isinstance(identity, str) and identity else None,
                            _life(reply.get("expires_in")),
                            asked,
                        )
                    failure, most = self._no_token("answered without an access token"), 3
                elif status is Meaning.LIMITED:
                    counted, most = limits, limits.maximum
                    failure = _limited(announced_wait(headers))
                elif status is Meaning.PASSING:
                    failure = TransientError(
                        f"The token endpoint of {self.host} fails with HTTP {answer.status_code}; try again "
                        "later."
                    )
                elif self._gives_up_an_option(answer):
                    continue
                else:
                    raise self._refused(answer)
            announced = announced_wait(headers) or 0.0
            too_long = announced > (0.0 if fail_fast else LONGEST_WAIT - limits.spent)
            wait = None if counted.made >= most or too_long else counted.next_wait(clock() - asked)
            if wait is None:
                raise failure
            if announced > wait:
                limits.spent += announced
                wait = announced
            LOGGER.warning("%s Asking again in %.1f s.", failure.message, wait)
            sleep(wait)

    def _form(self) -> dict[str, str]:
        form = {"grant_type": "client_credentials", **self._credentials}
        if self._with_resource:
            form["resource"] = RESOURCE
        if self._with_identity:
            form["scope"] = "openid"
        return form

    def _gives_up_an_option(self, answer: Answer) -> bool:
        """Whether the grant should be repeated without the resource or the scope that the server does not
        accept.
        """
        error = _error_code(answer)
        if error in ("invalid_target", "invalid_request") and self._with_resource:
            LOGGER.info("The token endpoint does not accept the resource %s; going on without it.", RESOURCE)
            self._with_resource = False
            return True
        if error in ("invalid_scope", "invalid_request") and self._with_identity:
            LOGGER.info("The token endpoint issues no identity token; going on without it.")
            self._with_identity = False
            return True
        return False

    def _no_token(self, what: str) -> ServerError:
        return ServerError(
            f"The token endpoint of {self.host} {what}. Check the API URL: it is shown in Snow Atlas "
            "settings."
        )

    def _refused(self, answer: Answer) -> ConfigurationError:
        error = _error_code(answer)
        if error == "invalid_client":
            return ConfigurationError(
                "Snow Atlas does not know this client ID and client secret (invalid_client): check both and "
                "the region. A new secret makes the old one invalid at once, and a registration works only "
                "in its own region."
            )
        if error == "unauthorized_client":
            return ConfigurationError(
                "This client may not use the client credentials grant (unauthorized_client): make an "
                "application registration for unattended applications in Snow Atlas settings."
            )
        return ConfigurationError(
            f"The token endpoint of {self.host} refused the request with HTTP {answer.status_code}"
            + (f" ({error})" if error else "")
            + ": check the region, the API URL and the client."
        )


def _limited(announced: float | None) -> RateLimited:
    asks = "no wait is announced" if announced is None else f"wait {announced:.0f} s"
    return RateLimited(
        f"Snow Atlas limits token requests at the moment (HTTP 429, {asks}): too many tokens were asked for "
        "with this client or from this address. Try again later, and let no other script ask for a token per "
        "request."
    )


def _error_code(answer: Answer) -> str:
    """The error by its registered name; empty for everything else that the server says."""
    document = answer.json()
    error = document.get("error") if isinstance(document, dict) else None
    return error if isinstance(error, str) and error in REGISTERED_ERRORS else ""


def _is_token(value: Any) -> bool:
    """Whether a header can carry it."""
    return isinstance(value, str) and re.fullmatch(r"[\x21-\x7e\xa1-\xff]+", value) is not None


def _life(expires_in: Any) -> float:
    """`expires_in` as seconds, at most a year; texts that hold a number are read too."""
    try:
        life = 0.0 if isinstance(expires_in, bool) else float(expires_in)
    except (TypeError, ValueError, OverflowError):
        return LIFE_WHERE_UNSAID
    return min(life, LONGEST_LIFE) if life >= 1.0 else LIFE_WHERE_UNSAID
