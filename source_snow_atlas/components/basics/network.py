"""Proxy and certificates that the environment sets, and advice for connections that failed."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import prepend_scheme_if_needed, select_proxy
from urllib3.exceptions import NameResolutionError

from source_snow_atlas.components.basics.errors import ConfigurationError, SnowAtlasError, TransientError

EXAMPLE_PROXY = "http://proxy.example:3128"  # ignore-https-check
LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")


def is_host(name: str) -> bool:
    """Return whether a name can be encoded as a host; whether it exists only the resolver knows."""
    try:
        return bool(name.encode("idna")) and re.fullmatch(r"[\w.:-]+", name) is not None
    except UnicodeError:
        return False


@dataclass(frozen=True)
class Route:
    """Route to a host: the arguments of `HTTPAdapter.send` in `settings`, and names for messages."""

    host: str
    settings: Mapping[str, Any]
    proxy: str = ""
    """The proxy without its credentials; empty without a proxy."""
    proxy_variable: str = ""
    bundle_variable: str = ""

    @classmethod
    def to(cls, host: str) -> Route:
        """Return the route that the environment sets. Raises ConfigurationError for a wrong variable."""
        settings = requests.Session().merge_environment_settings(host, {}, True, None, None)
        bundle_variable = ""
        if isinstance(settings["verify"], str) and host.startswith("https:"):
            is_own = os.environ.get("REQUESTS_CA_BUNDLE")
            bundle_variable = "REQUESTS_CA_BUNDLE" if is_own else "CURL_CA_BUNDLE"
            _check_certificates(bundle_variable, settings["verify"])
        address = select_proxy(host, settings["proxies"])
        if not address:
            return cls(host, settings, bundle_variable=bundle_variable)
        if host.startswith("http:") and _is_of_another_host(address):
            # http is for loopback only: another host must not receive the credentials
            return cls(host, {**settings, "proxies": {}})
        variable = _variable_of(host, address)
        return cls(host, settings, _checked_proxy(variable, address), variable, bundle_variable)

    @property
    def through(self) -> str:
        """Return the proxy for the middle of a sentence, or "" without one."""
        return f" through the proxy {self.proxy} of {self.proxy_variable}" if self.proxy else ""

    def failure(self, error: Exception, stream: str | None = None) -> SnowAtlasError | None:
        """Return advice for a request that got no reply, or None if only a retry can help."""
        prefix = f"Stream {stream}: " if stream else ""
        causes = list(_causes(error))
        is_unknown = any(isinstance(cause, NameResolutionError) for cause in causes)
        if isinstance(error, requests.exceptions.ProxyError):
            refused = re.search(r"Tunnel connection failed: (\d{3})", str(error))
            what = "is unknown" if is_unknown else f"can't be reached ({type(causes[-1]).__name__})"
            if refused:
                what = f"refuses the connection to {self.host} (HTTP {refused[1]})"
            kind = ConfigurationError if is_unknown or refused else TransientError
            return kind(
                f"{prefix}The proxy {self.proxy} that {self.proxy_variable} names {what}: correct the "
                "variable, or remove it where no proxy is needed.",
                stream,
            )
        if is_unknown:
            return ConfigurationError(
                f"{prefix}The host of {self.host} is unknown: the region or the API URL is probably wrong; "
                "both are shown in Snow Atlas settings, Application registrations, General information.",
                stream,
            )
        if not isinstance(error, requests.exceptions.SSLError):
            return None
        if "CERTIFICATE_VERIFY_FAILED" not in str(error):
            advice = f"No TLS connection to {self.host}{self.through}: check the API URL and the proxy."
        elif self.bundle_variable:
            advice = (
                f"The TLS certificate of {self.host} can't be trusted: check the API URL, or add the missing "
                f"certificate to the file that {self.bundle_variable} names."
            )
        else:
            advice = (
                f"The TLS certificate of {self.host} can't be trusted: check the API URL, or set "
                "REQUESTS_CA_BUNDLE to a file with the certificates of your proxy. SSL_CERT_FILE is not read."
            )
        return ConfigurationError(prefix + advice, stream)


def _is_of_another_host(address: str) -> bool:
    try:
        name = urlsplit(address).hostname
    except ValueError:
        return False
    return bool(name) and not LOOPBACK.fullmatch(name or "")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those that it wraps, from the outermost to the innermost."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        wrapped = (getattr(cause, "reason", None), getattr(cause, "original_error", None), *cause.args)
        cause = next((each for each in wrapped if isinstance(each, BaseException)), None)


def _variable_of(host: str, address: str) -> str:
    """Return the variable that names the proxy. Lower case has precedence, as in the standard library."""
    for name in (f"{urlsplit(host).scheme}_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            if os.environ.get(variable) == address:
                return variable
    return "the system's proxy settings"


def _checked_proxy(variable: str, address: str) -> str:
    """Return scheme, host and port of a proxy, without its credentials. Raises ConfigurationError."""
    try:
        whole = prepend_scheme_if_needed(address, "http")  # type: ignore[no-untyped-call]
        url = HTTPAdapter().proxy_manager_for(whole).proxy
        if is_host((url.host or "").strip("[]")) and url.port:
            return f"{url.scheme}://{url.host}:{url.port}"
    except (ValueError, AssertionError):
        pass
    raise ConfigurationError(
        f"Set {variable} to the URL of a proxy such as {EXAMPLE_PROXY}, or remove it: its value is not the "
        "URL of a proxy. SOCKS proxies need the package PySocks."
    )


def _check_certificates(variable: str, path: str) -> None:
    """Raise ConfigurationError for a bundle that can't be read."""
    try:
        is_folder = os.path.isdir(path)
        ssl.create_default_context(cafile=None if is_folder else path, capath=path if is_folder else None)
        return
    except ssl.SSLError:
        reason = "holds no certificates"
    except OSError as error:
        reason = f"can't be read: {error.strerror}"
    raise ConfigurationError(
        f"Set {variable} to a file of certificates in PEM format, or remove it: {path} {reason}."
    )
