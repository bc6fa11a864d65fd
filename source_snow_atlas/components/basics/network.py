"""The way to a host: the proxy and the certificates that the environment names, checked before the first
request, and what a connection that failed says of them.

`requests` raises a bare OSError for a missing bundle and names no variable for a proxy that is wrong.
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.utils import select_proxy
from urllib3.exceptions import NameResolutionError, NewConnectionError

from source_snow_atlas.components.basics.errors import ConfigurationError, SnowAtlasError, TransientError

PROXY_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.IGNORECASE)
HOSTS_ADVICE = (
    "the region or the API URL is probably wrong; both are shown in Snow Atlas settings, Application "
    "registrations, General information."
)


def is_host(name: str) -> bool:
    """Whether a URL can have the host: an IP address, or a name by RFC 1123, also with letters of other
    scripts.
    """
    try:
        ipaddress.ip_address(name)
    except ValueError:
        try:
            ascii_name = name if name.isascii() else name.encode("idna").decode()
        except UnicodeError:
            return False
        labels = ascii_name.removesuffix(".").split(".")
        return (
            len(ascii_name.removesuffix(".")) <= 253
            and all(map(LABEL.fullmatch, labels))
            and not labels[-1].isdigit()
        )
    return True


@dataclass(frozen=True)
class Route:
    """How a host is reached. `settings` are those of `Session.send`; the names are for sentences."""

    host: str
    settings: Mapping[str, Any]
    proxy: str = ""
    """The proxy without credentials, and the variable that names it; empty where there is none."""
    proxy_variable: str = ""
    bundle_variable: str = ""

    @classmethod
    def to(cls, host: str) -> Route:
        """The route that the environment sets. Raises ConfigurationError that names the variable which is
        wrong.
        """
        settings = requests.Session().merge_environment_settings(host, {}, True, None, None)
        variable = ""
        if isinstance(settings["verify"], str) and host.startswith("https:"):
            variable = "REQUESTS_CA_BUNDLE" if os.environ.get("REQUESTS_CA_BUNDLE") else "CURL_CA_BUNDLE"
            _check_certificates(variable, settings["verify"])
        address = select_proxy(host, settings["proxies"])
        if not address:
            return cls(host, settings, bundle_variable=variable)
        proxy_variable = _variable_of(host, address)
        return cls(host, settings, _checked_proxy(proxy_variable, address), proxy_variable, variable)

    @property
    def through(self) -> str:
        """The proxy for the middle of a sentence; empty where there is none."""
        return f" through the proxy {self.proxy} of {self.proxy_variable}" if self.proxy else ""

    def failure(self, error: Exception, stream: str | None = None) -> SnowAtlasError | None:
        """What the user can do about a request (of a stream) that got no reply; None where nothing but
        trying again helps.
        """
        prefix = f"Stream {stream}: " if stream else ""
        causes = list(_causes(error))
        unknown = any(isinstance(cause, NameResolutionError) for cause in causes)
        if any(isinstance(cause, requests.exceptions.ProxyError) for cause in causes):
            refused = re.search(r"Tunnel connection failed: (\d{3})", str(error))
            what = "is unknown" if unknown else f"can't be reached ({type(causes[-1]).__name__})"
            if refused:
                what = f"refuses the connection to {self.host} (HTTP {refused[1]})"
            kind = ConfigurationError if unknown or refused else TransientError
            return kind(
                f"{prefix}The proxy {self.proxy} that {self.proxy_variable} names {what}: correct the "
                "variable, or remove it where no proxy is needed.",
                stream,
            )
        if unknown:
            return ConfigurationError(f"{prefix}The host of {self.host} is unknown: {HOSTS_ADVICE}", stream)
        if any(isinstance(cause, requests.exceptions.SSLError) for cause in causes):
            if "CERTIFICATE_VERIFY_FAILED" not in str(error):
                return ConfigurationError(
                    f"{prefix}No TLS connection to {self.host}{self.through}: check the API URL and "
                    "the proxy.",
                    stream,
                )
            advice = (
                f"add the missing certificate to the file that {self.bundle_variable} names."
                if self.bundle_variable
                else "set REQUESTS_CA_BUNDLE to a file with the certificates of your proxy (SSL_CERT_FILE is "
                "not read)."
            )
            return ConfigurationError(
                f"{prefix}The TLS certificate of {self.host} can't be trusted: check the API URL, or "
                + advice,
                stream,
            )
        return None


def nothing_answers(error: BaseException) -> bool:
    """Whether no connection could be made, or no reply came over it in time."""
    silent = (NewConnectionError, requests.Timeout)
    return any(isinstance(cause, silent) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and those that it wraps, from the outermost to the innermost."""
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and cause not in found:
            found.append(cause)
            yield cause
            waiting += [*cause.args, getattr(cause, "reason", None), getattr(cause, "original_error", None)]


def _variable_of(host: str, address: str) -> str:
    """The variable that names the proxy. Lower case comes first, as in the standard library."""
    for name in (f"{urlsplit(host).scheme}_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            if os.environ.get(variable) == address:
                return variable
    return "the system's proxy settings"


def _checked_proxy(variable: str, address: str) -> str:
    """The proxy as scheme, host and port. Raises ConfigurationError; its credentials are not shown."""
    example = "http://proxy.example:3128"  # ignore-https-check
    advice = f"Set {variable} to the URL of a proxy such as {example}, or remove it"
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")  # ignore-https-check
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigurationError(f"{advice}: its value is not a URL.") from None
    # without a scheme, requests takes a user for one
    is_taken_apart = "://" in address or "@" not in address
    if parts.scheme not in PROXY_SCHEMES or not is_host(host) or port == 0 or not is_taken_apart:
        raise ConfigurationError(f"{advice}: its value is not the URL of a proxy.")
    if parts.scheme.startswith("socks") and find_spec("socks") is None:
        raise ConfigurationError(f"{advice}: SOCKS proxies need the package PySocks, which is not installed.")
    authority = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{authority}" + (f":{port}" if port else "")


def _check_certificates(variable: str, path: str) -> None:
    try:
        if os.path.isdir(path):
            ssl.create_default_context(capath=path)
        else:
            ssl.create_default_context(cafile=path)
    except OSError as error:
        reason = (
            "holds no certificates" if isinstance(error, ssl.SSLError) else f"can't be read: {error.strerror}"
        )
        raise ConfigurationError(
            f"Set {variable} to a file of certificates in PEM format, or remove it: {path} {reason}."
        ) from None
