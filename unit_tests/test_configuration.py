"""The configuration: every mistake gets one sentence that names the property and what to change, and no
secret.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_snow_atlas.components.basics.errors import ConfigurationError
from source_snow_atlas.components.identity.configuration import REGIONS, Configuration

SECRET = "s3cr3t-value-that-nobody-may-see"
CONFIG: dict[str, Any] = {"region": "westeurope", "client_id": "client-1", "client_secret": SECRET}


def parse(**changes: Any) -> Configuration:
    return Configuration.parse({**CONFIG, **changes})


def refusal(config: dict[str, Any]) -> str:
    with pytest.raises(ConfigurationError) as error:
        Configuration.parse(config)
    message = error.value.message or ""
    assert SECRET not in message
    assert SECRET not in str(error.value.internal_message)
    assert message.endswith(".")
    assert "\n" not in message
    return message


def test_defaults() -> None:
    """A form filled in with what is required only would not work."""
    settings = parse()
    assert settings.host == "https://westeurope.snowsoftware.io"
    assert settings.start_date is None
    assert (settings.page_size, settings.num_workers) == (500, 10)
    assert settings.filters == {}
    assert settings.asset_kinds == ("licenses", "agreements", "contracts")
    assert settings.insight_rule_ids == ()


@pytest.mark.parametrize("region", REGIONS)
def test_every_region_has_its_host(region: str) -> None:
    """Tenants of a region could not be reached."""
    assert parse(region=region).host == f"https://{region}.snowsoftware.io"


WRONG = {
    "region missing": ("region", {"region": None}),
    "region unknown": ("region", {"region": "mars"}),
    "region in capitals": ("region", {"region": "WestEurope"}),
    "region list": ("region", {"region": ["westeurope"]}),
    "client_id missing": ("client_id", {"client_id": None}),
    "client_id empty": ("client_id", {"client_id": ""}),
    "client_id blank": ("client_id", {"client_id": "  "}),
    "client_id number": ("client_id", {"client_id": 5}),
    "client_id spaces": ("client_id", {"client_id": " client-1"}),
    "client_id newline": ("client_id", {"client_id": "client-1\n"}),
    "client_secret missing": ("client_secret", {"client_secret": None}),
    "client_secret empty": ("client_secret", {"client_secret": ""}),
    "client_secret spaces": ("client_secret", {"client_secret": SECRET + " "}),
    "client_secret newline": ("client_secret", {"client_secret": SECRET[:5] + "\n" + SECRET}),
    "client_secret list": ("client_secret", {"client_secret": [SECRET]}),
    "page_size 0": ("page_size", {"page_size": 0}),
    "page_size negative": ("page_size", {"page_size": -5}),
    "page_size too large": ("page_size", {"page_size": 1001}),
    "page_size text": ("page_size", {"page_size": "500"}),
    "page_size fraction": ("page_size", {"page_size": 1.5}),
    "page_size true": ("page_size", {"page_size": True}),
    "page_size nan": ("page_size", {"page_size": float("nan")}),
    "page_size infinite": ("page_size", {"page_size": float("inf")}),
    "num_workers 0": ("num_workers", {"num_workers": 0}),
    "num_workers 41": ("num_workers", {"num_workers": 41}),
    "num_workers list": ("num_workers", {"num_workers": [4]}),
    "start_date text": ("start_date", {"start_date": "yesterday"}),
    "start_date number": ("start_date", {"start_date": 20260101}),
    "start_date impossible": ("start_date", {"start_date": "2026-02-30T00:00:00Z"}),
    "start_date other order": ("start_date", {"start_date": "01/02/2026"}),
    "start_date beyond all calendars": ("start_date", {"start_date": "9999-12-31T23:59:59-01:00"}),
    "start_date before all calendars": ("start_date", {"start_date": "0001-01-01T00:00:00+01:00"}),
    "start_date list": ("start_date", {"start_date": ["2026-01-01T00:00:00Z"]}),
    "start_date time only": ("start_date", {"start_date": "12:00"}),
    "start_date in the future": ("in the future", {"start_date": "2199-01-01T00:00:00Z"}),
    "start_date at the end of time": ("in the future", {"start_date": "9999-12-31"}),
    "asset_kinds text": ("asset_kinds", {"asset_kinds": "licenses"}),
    "asset_kinds unknown": ("asset_kinds", {"asset_kinds": ["licenses", "printers"]}),
    "asset_kinds number": ("asset_kinds", {"asset_kinds": [1]}),
    "insight_rule_ids text": ("insight_rule_ids", {"insight_rule_ids": "a"}),
    "insight_rule_ids empty": ("insight_rule_ids", {"insight_rule_ids": [""]}),
    "insight_rule_ids dots": ("insight_rule_ids", {"insight_rule_ids": ["a", ".."]}),
    "insight_rule_ids path": ("insight_rule_ids", {"insight_rule_ids": ["../x"]}),
    "accept_missing_rows text": ("accept_missing_rows", {"accept_missing_rows": "computers"}),
    "accept_missing_rows true": ("accept_missing_rows", {"accept_missing_rows": True}),
    "accept_missing_rows number": ("accept_missing_rows", {"accept_missing_rows": [1]}),
    "accept_missing_rows empty name": ("accept_missing_rows", {"accept_missing_rows": [""]}),
    "accept_missing_rows object": ("accept_missing_rows", {"accept_missing_rows": {"computers": True}}),
    "accept_missing_rows all and more": (
        "accept_missing_rows",
        {"accept_missing_rows": ["all", "computers"]},
    ),
    "filters text": ("filters", {"filters": 'status -eq "Active"'}),
    "filters object": ("filters", {"filters": {"computers": 'status -eq "Active"'}}),
    "filters of texts": ("filters", {"filters": ["computers"]}),
    "filters without stream": ("filters", {"filters": [{"filter": 'a -eq "b"'}]}),
    "filters without filter": ("filters", {"filters": [{"stream": "computers"}]}),
    "filters blank": ("filters", {"filters": [{"stream": "computers", "filter": " "}]}),
    "filters that can't be sent": (
        "filter of stream computers",
        {"filters": [{"stream": "computers", "filter": 'a -eq "\ud800"'}]},
    ),
    "filters of half a name": ("filter of stream", {"filters": [{"stream": "\ud800", "filter": "a"}]}),
    "filters twice": (
        "computers",
        {
            "filters": [
                {"stream": "computers", "filter": 'a -eq "b"'},
                {"stream": "computers", "filter": 'c -eq "d"'},
            ]
        },
    ),
    "api_url number": ("api_url", {"api_url": 7}),
    "api_url list": ("api_url", {"api_url": ["https://host.example"]}),
    "api_url without scheme": ("api_url", {"api_url": "westeurope.snowsoftware.io"}),
    "api_url other scheme": ("api_url", {"api_url": "ftp://host"}),
    "api_url no host": ("api_url", {"api_url": "https://"}),
    "api_url port only": ("api_url", {"api_url": "https://:443"}),
    "api_url path": ("api_url", {"api_url": "https://host.example/api"}),
    "api_url double slash": ("api_url", {"api_url": "https://host.example//"}),
    "api_url query": ("api_url", {"api_url": "https://host.example?x=1"}),
    "api_url empty query": ("api_url", {"api_url": "https://host.example/?"}),
    "api_url fragment": ("api_url", {"api_url": "https://host.example#top"}),
    "api_url credentials": ("api_url", {"api_url": f"https://user:{SECRET}@host.example"}),
    "api_url user": ("api_url", {"api_url": "https://user@host.example"}),
    "api_url empty user": ("api_url", {"api_url": "https://@host.example"}),
    "api_url plain http": ("api_url", {"api_url": "http://host.example"}),
    "api_url http to loopback's namesake": ("api_url", {"api_url": "http://localhost.example.com"}),
    "api_url http with loopback as user": ("api_url", {"api_url": "http://127.0.0.1@host.example"}),
    "api_url http to a private address": ("api_url", {"api_url": "http://192.168.0.1"}),
    "api_url bad port": ("api_url", {"api_url": "https://host.example:port"}),
    "api_url huge port": ("api_url", {"api_url": "https://host.example:99999"}),
    "api_url space": ("api_url", {"api_url": "https://host example"}),
    "api_url backslash": ("api_url", {"api_url": "https://host.example\\path"}),
    "api_url open bracket": ("api_url", {"api_url": "https://[::1"}),
    "api_url two dots": ("api_url", {"api_url": "https://a..b"}),
    "api_url leading dot": ("api_url", {"api_url": "https://.host.example"}),
    "api_url long label": ("api_url", {"api_url": f"https://{'x' * 64}.example"}),
    "api_url long label in another script": ("api_url", {"api_url": f"https://{'ö' * 63}.example"}),
    "api_url percent sign": ("api_url", {"api_url": "https://host%2eexample"}),
    "api_url comma": ("api_url", {"api_url": "https://host,example"}),
    "api_url port 0": ("api_url", {"api_url": "https://host.example:0"}),
    "api_url tab": ("api_url", {"api_url": "https://ho\tst.example"}),
    "api_url line break": ("api_url", {"api_url": "https://ho\nst.example"}),
}


@pytest.mark.parametrize(("name", "changes"), WRONG.values(), ids=WRONG.keys())
def test_wrong_values_are_refused_in_one_sentence(name: str, changes: dict[str, Any]) -> None:
    """The user would not know which of the form's fields is wrong, or a sync would start with a value not
    meant.
    """
    assert name in refusal({**CONFIG, **changes})


@pytest.mark.parametrize(
    ("api_url", "host"),
    [
        ("https://snowatlas-westeurope.flexera.eu", "https://snowatlas-westeurope.flexera.eu"),
        ("https://host.example/", "https://host.example"),
        ("https://host.example:8443", "https://host.example:8443"),
        ("  https://host.example  ", "https://host.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.9.9.9/", "http://127.9.9.9"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
        ("https://host.example:", "https://host.example"),
        ("https://Host.Example", "https://host.example"),
        ("https://bücher.example", "https://bücher.example"),
        ("", "https://westeurope.snowsoftware.io"),
        (None, "https://westeurope.snowsoftware.io"),
    ],
)
def test_api_urls_that_are_accepted(api_url: Any, host: str) -> None:
    """Tenants on another host, and sandboxes on this machine, could not be read."""
    assert parse(api_url=api_url).host == host


@given(
    st.text(max_size=40)
    | st.text(max_size=20).map("https://{}".format)
    | st.text(max_size=20).map("http://{}".format)
)
def test_any_api_url_is_judged(api_url: str) -> None:
    """A typing mistake would crash the configuration check, or send the credentials over plain http."""
    try:
        host = parse(api_url=api_url).host
    except ConfigurationError:
        return
    assert host.startswith("https://") or "localhost" in host or "127." in host or "[::1]" in host


OPTIONS = [
    "api_url",
    "start_date",
    "page_size",
    "num_workers",
    "filters",
    "asset_kinds",
    "insight_rule_ids",
    "accept_missing_rows",
]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.sampled_from(sorted({*CONFIG, *OPTIONS})),
    JSON,
)
def test_any_value_is_judged(name: str, value: Any) -> None:
    """A value of the wrong type would end in a traceback instead of a sentence."""
    with suppress(ConfigurationError):
        Configuration.parse({**CONFIG, name: value})


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-01-01T00:00:00Z", datetime(2026, 1, 1)),
        ("2026-01-01", datetime(2026, 1, 1)),
        ("2026-01-01T02:00:00+02:00", datetime(2026, 1, 1)),
        ("2025-12-31T19:30:00-04:30", datetime(2026, 1, 1)),
        ("2026-01-01T00:00:00.123Z", datetime(2026, 1, 1, microsecond=123000)),
        ("2026-01-01T00:00:00", datetime(2026, 1, 1)),
    ],
)
def test_start_dates_are_read_as_utc(value: str, moment: datetime) -> None:
    """A sync would start hours too late, and lack the rows of those hours."""
    settings = parse(start_date=value)
    assert settings.start_date == moment.replace(tzinfo=timezone.utc)
    assert settings.normalized(CONFIG)["start_date"] == "2026-01-01T00:00:00Z"


def test_a_start_date_before_computers_were_recorded() -> None:
    """ "From the beginning", written as the year 1, would reach the API as a date that nobody can read."""
    assert parse(start_date="0001-01-01T00:00:00Z").normalized(CONFIG)["start_date"] == "1970-01-01T00:00:00Z"


@pytest.mark.parametrize("value", [None, "", "  ", [], {}], ids=repr)
@pytest.mark.parametrize("name", OPTIONS)
def test_an_empty_option_is_the_default(name: str, value: Any) -> None:
    """A form's cleared field would be refused, or `asset_kinds: []` read no files and no links."""
    assert parse(**{name: value}) == parse()


@pytest.mark.parametrize("value", [None, "", "  ", [], {}], ids=repr)
@pytest.mark.parametrize("name", ["region", "client_id", "client_secret"])
def test_what_is_needed_can_not_be_empty(name: str, value: Any) -> None:
    """A sync would start without credentials."""
    assert name in refusal({**CONFIG, name: value})


@pytest.mark.parametrize("value", [None, ""])
def test_an_empty_start_date_is_none(value: Any) -> None:
    """A form's empty field would be refused, or reach the templates as text."""
    settings = parse(start_date=value)
    assert settings.start_date is None
    assert "start_date" not in settings.normalized({**CONFIG, "start_date": value})


def test_normalized_fills_in_the_defaults_and_keeps_the_rest() -> None:
    """The manifest's templates would lack values, and syncs without optional values fail."""
    settings = parse(page_size=100.0)
    normalized = settings.normalized({**CONFIG, "page_size": 100.0, "other": 1})
    assert normalized == {**CONFIG, "page_size": 100, "num_workers": 10, "other": 1}
    assert type(normalized["page_size"]) is int
    again = Configuration.parse(normalized)
    assert again == settings


def test_filters_and_asset_kinds() -> None:
    """Filters would be lost, or an asset kind given twice be read twice."""
    settings = parse(
        filters=[{"stream": "computers", "filter": ' status -eq "Active" '}],
        asset_kinds=["computers", "licenses", "computers"],
        insight_rule_ids=["a", "b"],
    )
    assert settings.filters == {"computers": 'status -eq "Active"'}
    assert settings.asset_kinds == ("computers", "licenses")
    assert settings.insight_rule_ids == ("a", "b")


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        (None, set()),
        ([], set()),
        (["licenses"], {"licenses"}),
        (["licenses", "computers"], {"licenses", "computers"}),
        (["all"], {"licenses", "computers", "agreements"}),
    ],
)
def test_rows_may_be_missing_from_the_streams_that_are_named(value: Any, accepted: set[str]) -> None:
    """A table would lack rows although the user never agreed to it, or a sync fail although he did."""
    settings = parse(accept_missing_rows=value)
    streams = ("licenses", "computers", "agreements")
    assert {stream for stream in streams if settings.accepts_missing_rows(stream)} == accepted
