"""Proxies and certificates of the environment: what is wrong is named with its variable, and no secret."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from source_snow_atlas.components.basics.errors import ConfigurationError, SnowAtlasError, TransientError
from source_snow_atlas.components.basics.network import Route, is_host

HOST = "https://westeurope.snowsoftware.io"


@pytest.mark.parametrize(
    "name",
    [
        "a..b",
        ".example.com",
        "example..",
        "",
        "a b.example",
        "a%41.example",
        "a*.example",
        "ex,ample.com",
        "x" * 64 + ".example",
        "ö" * 63 + ".example",
        "\u3002.example",
    ],
)
def test_hosts_that_no_url_can_have(name: str) -> None:
    """A typing mistake in the API URL would end in a traceback of the encoding of host names."""
    assert not is_host(name)


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "127.0.0.1",
        "::1",
        "2001:db8::1",
        "snowatlas-westeurope.flexera.eu",
        "x" * 63 + ".example",
        "xn--bcher-kva.example",
        "bücher.example",
        "3com.com",
        "example.com.",
        "WESTEUROPE.snowsoftware.io",
    ],
)
def test_hosts_that_exist(name: str) -> None:
    """A tenant's own host would be refused."""
    assert is_host(name)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    "value",
    [
        "http://proxy..example:3128",
        "http://proxy example:3128",
        "http://:3128",
        "http://proxy.example:port",
        "http://proxy.example:99999",
        "http://proxy.example:0",
        "ftp://proxy.example:3128",
        "user:hush-hush@proxy.example:3128",
        "http://[::1",
        "://",
        "x" * 70 + ":3128",
    ],
)
def test_a_proxy_that_is_no_url(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    """A wrong variable of the shell would end in a traceback, or look like a server that is down."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=f"^Set {variable} to the URL of a proxy") as error:
        Route.to(HOST)
    assert "hush-hush" not in str(error.value.message)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("http://proxy.example:3128", "http://proxy.example:3128"),
        ("proxy.example:3128", "http://proxy.example:3128"),
        ("http://user:hush-hush@[::1]:3128", "http://[::1]:3128"),
        ("https://user:hush-hush@proxy.example", "https://proxy.example:443"),
        ("http://10.0.0.1:8080/", "http://10.0.0.1:8080"),
        ("http://pro_xy:3128", "http://pro_xy:3128"),
    ],
)
def test_a_proxy_is_used_and_shown_without_its_credentials(
    monkeypatch: pytest.MonkeyPatch, value: str, shown: str
) -> None:
    """Behind a company's proxy nothing could be read, or its password would stand in the log."""
    monkeypatch.setenv("HTTPS_PROXY", value)
    route = Route.to(HOST)
    assert route.settings["proxies"]["https"] == value
    assert route.through == f" through the proxy {shown} of HTTPS_PROXY"


def test_hosts_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong proxy would stop a sync that does not use it."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy..example")
    monkeypatch.setenv("NO_PROXY", "snowsoftware.io")
    assert Route.to(HOST).through == ""
    assert Route.to("http://127.0.0.1:8080").through == ""


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "127.1.2.3", "[::1]:8080"])
def test_no_other_host_receives_what_http_sends_to_loopback(
    monkeypatch: pytest.MonkeyPatch, variable: str, host: str
) -> None:
    """The client secret would be sent to the proxy, unencrypted."""
    monkeypatch.setenv(variable, "http://proxy.example:3128")
    route = Route.to(f"http://{host}")
    assert not route.settings["proxies"]
    assert route.through == ""
    monkeypatch.setenv(variable, "http://127.0.0.1:3128")
    assert "127.0.0.1:3128" in Route.to(f"http://{host}").through


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("content", [None, "", "no certificate", "-----BEGIN CERTIFICATE-----\nx\n"])
def test_certificates_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, content: str | None
) -> None:
    """A file that was moved would end a sync in a traceback that does not say where it is named."""
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    monkeypatch.setenv(variable, str(path))
    with pytest.raises(ConfigurationError, match=f"^Set {variable} to a file of certificates") as error:
        Route.to(HOST)
    assert str(path) in str(error.value.message)
    assert Route.to("http://127.0.0.1:8080").settings, "plain http needs none"


def test_certificates_in_a_folder_or_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A right setting would be refused."""
    for path in (tmp_path, Path(requests.certs.where())):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
        assert Route.to(HOST).settings["verify"] == str(path)


# What a failed connection says: real sockets, because the exceptions of three libraries are wrapped into one
# another.


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def failure(
    monkeypatch: pytest.MonkeyPatch, send: Callable[..., requests.Response], host: str = HOST
) -> SnowAtlasError:
    """What the route says of a request that fails."""
    route = Route.to(host)
    session = requests.Session()
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    with pytest.raises(requests.RequestException) as error:
        session.send(requests.Request("GET", host).prepare(), timeout=5, **route.settings)
    found = route.failure(error.value, "computers")
    assert found is not None
    return found


SEND = requests.adapters.HTTPAdapter.send


@pytest.mark.parametrize(("variable", "host"), [("HTTPS_PROXY", HOST), ("HTTP_PROXY", "http://127.0.0.9:9")])
def test_a_proxy_that_is_dead(
    monkeypatch: pytest.MonkeyPatch, dead_port: int, variable: str, host: str
) -> None:
    """A proxy that is down would look like Snow Atlas being down."""
    monkeypatch.setenv(variable, f"http://127.0.0.1:{dead_port}")
    error = failure(monkeypatch, SEND, host)
    assert isinstance(error, TransientError)
    assert f"The proxy http://127.0.0.1:{dead_port} that {variable} names can't be reached" in str(
        error.message
    )
    assert str(error.message).startswith("Stream computers: ")


def test_a_proxy_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typing mistake would look like a wrong region."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    error = failure(monkeypatch, SEND)
    assert isinstance(error, ConfigurationError)
    assert "The proxy http://proxy.invalid:3128 that HTTPS_PROXY names is unknown" in str(error.message)


def test_a_host_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typing mistake in the API URL would look like a failure of the network."""
    error = failure(monkeypatch, SEND, "https://snowatlas.invalid")
    assert isinstance(error, ConfigurationError)
    assert "region or the API URL is probably wrong" in str(error.message)


def test_certificates_that_are_not_trusted_name_the_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user would set the variable that he has set already."""

    def send(*_: object, **__: object) -> requests.Response:
        raise requests.exceptions.SSLError(ssl.SSLError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] unable to get"))

    assert "set REQUESTS_CA_BUNDLE" in str(failure(monkeypatch, send).message)
    monkeypatch.setenv("CURL_CA_BUNDLE", requests.certs.where())
    assert "the file that CURL_CA_BUNDLE names" in str(failure(monkeypatch, send).message)


def test_what_may_pass_by_itself_is_nothing_to_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reset connection would be reported as a mistake in the configuration."""
    assert Route.to(HOST).failure(requests.ConnectionError("reset")) is None
    assert Route.to(HOST).failure(requests.ReadTimeout("slow")) is None
