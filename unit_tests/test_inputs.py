"""Catalog, state and filters: what can't be meant is refused with a sentence before anything is read."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from airbyte_cdk.models import (
    AirbyteStateMessage,
    AirbyteStateType,
    SyncMode,
)
from airbyte_cdk.sources.source import Source

from source_snow_atlas.components.basics.errors import ConfigurationError
from source_snow_atlas.components.identity.configuration import Configuration
from source_snow_atlas.components.run.inputs import (
    WITHOUT_CURSOR,
    check_options,
    incremental_streams,
    usable_catalog,
    usable_state,
    warn_of_unknown_options,
)
from unit_tests.helpers.inputs import STATE_OF_0_1_0, catalog, state


def test_an_unknown_stream_is_refused() -> None:
    """A renamed stream would be skipped, and its table never be filled again."""
    with pytest.raises(ConfigurationError, match=r"'printers'.*discover"):
        usable_catalog(catalog("computers", "printers"))


def test_a_stream_that_stands_twice_is_refused() -> None:
    """Its rows would arrive twice."""
    with pytest.raises(ConfigurationError, match="'computers' more than once"):
        usable_catalog(catalog("computers", "licenses", "computers"))


def test_an_empty_catalog_is_refused() -> None:
    """A sync that reads nothing would look like one that succeeded."""
    with pytest.raises(ConfigurationError, match="names no stream"):
        usable_catalog(catalog())


def test_streams_that_have_no_cursor_are_read_whole(caplog: pytest.LogCaptureFixture) -> None:
    """A catalog of an older version would fail; or the user would not learn that a stream is read whole."""
    chosen = catalog("computers", "licenses", mode=SyncMode.incremental)
    assert incremental_streams(chosen) == {"computers"}
    assert "licenses" in caplog.text
    assert incremental_streams(catalog("computers")) == set()


def test_the_state_of_incremental_streams_is_kept() -> None:
    """Every sync would start from the beginning."""
    given = [
        state("computers", lastScanDate="2026-01-01T00:00:00Z"),
        state("audit_logs", created="2026-01-01T00:00:00Z"),
        state("licenses", **{WITHOUT_CURSOR: True}),
    ]
    assert usable_state(given, {"computers"}) == given[:1]
    assert usable_state(given, {"computers", "audit_logs"}) == given[:2]
    assert usable_state([], {"computers"}) == []


def test_state_without_a_position_starts_from_the_beginning() -> None:
    """After a full refresh, changing to incremental would fail."""
    given = [
        state("computers"),
        state("audit_logs", **{WITHOUT_CURSOR: True}),
        state("computers", lastScanDate="1970-01-01T00:00:00Z"),
        state("audit_logs", created="0001-01-01T00:00:00Z"),
    ]
    assert usable_state(given, {"computers", "audit_logs"}) == []


@pytest.mark.parametrize(
    "message",
    [
        AirbyteStateMessage(type=AirbyteStateType.LEGACY, data={"computers": {}}),
        AirbyteStateMessage(),
        state("computers", lastScanDate="not a date"),
        state("computers", lastScanDate=None),
        state("computers", lastScanDate=["2026-01-01"]),
        state("computers", updated="2026-01-01T00:00:00Z"),
        state("computers", lastScanDate=1700000000),
        state("computers", lastScanDate="1700000000"),
        state("computers", lastScanDate={"start": "2026-01-01"}),
        state("computers", lastScanDate=True),
        state("computers", page=7),
        state("computers", state_type="date-range", slices=[{"start": 1}]),
    ],
)
def test_state_that_cannot_be_meant_is_refused(message: AirbyteStateMessage) -> None:
    """A position that means nothing would crash the sync with a traceback, or skip years."""
    with pytest.raises(ConfigurationError, match="Reset the"):
        usable_state([message], {"computers"})


def position(message: AirbyteStateMessage, stream: str = "computers") -> dict[str, Any]:
    """The state that is left of it for the CDK."""
    (found,) = usable_state([message], {stream})
    assert found.stream is not None
    return vars(found.stream.stream_state)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2026-01-01", "2026-01-01T00:00:00Z"),
        ("2026-01-01T12:00:00.1234567Z", "2026-01-01T12:00:00Z"),
        ("2026-01-01T12:00:00+02:00", "2026-01-01T10:00:00Z"),
        ("2026-01-01T12:00:00", "2026-01-01T12:00:00Z"),
    ],
)
def test_a_position_in_any_form_is_used(given: str, kept: str) -> None:
    """A bare date in the state would end in a traceback of the CDK, which knows four forms."""
    assert position(state("computers", lastScanDate=given)) == {"lastScanDate": kept}


def test_nothing_but_the_position_is_used() -> None:
    """Keys that a later version, or the CDK, gives a meaning would change what is read."""
    given = state(
        "computers", lastScanDate="2026-01-01T00:00:00Z", state_type="date-range", slices=[], other=1
    )
    assert position(given) == {"lastScanDate": "2026-01-01T00:00:00Z"}


def test_a_position_in_the_future_counts_as_now(caplog: pytest.LogCaptureFixture) -> None:
    """Everything until then would be hidden from all later syncs."""
    kept = position(state("computers", lastScanDate="2199-01-01T00:00:00Z"))["lastScanDate"]
    assert kept <= datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert "is in the future" in caplog.text


def test_the_earliest_of_several_positions_counts() -> None:
    """Rows between the two would be skipped."""
    given = [state("computers", lastScanDate=f"2026-0{month}-01T00:00:00Z") for month in (3, 1, 2)]
    (found,) = usable_state(given, {"computers"})
    assert found == state("computers", lastScanDate="2026-01-01T00:00:00Z")


def test_the_state_of_a_stream_that_is_no_more_is_ignored(caplog: pytest.LogCaptureFixture) -> None:
    """An upgrade that drops a stream would stop every connection."""
    kept = state("computers", lastScanDate="2026-01-01T00:00:00Z")
    assert usable_state([state("printers", page=[None]), kept], {"computers"}) == [kept]
    assert "'printers' is ignored" in caplog.text


def test_unknown_options_are_named(caplog: pytest.LogCaptureFixture) -> None:
    """A mistyped option would have no effect, and the user not learn why."""
    warn_of_unknown_options({"region": "uksouth", "Page-Size": 7, "colour": "red", "__platform": 1})
    assert [record.message for record in caplog.records] == [
        "The configuration has an option 'Page-Size', which does not exist and is ignored; did you mean "
        "page_size?",
        "The configuration has an option 'colour', which does not exist and is ignored.",
    ]


def options(**given: Any) -> Configuration:
    return Configuration.parse(
        {"region": "westeurope", "client_id": "client-1", "client_secret": "secret", **given}
    )


def filtered(stream: str) -> Configuration:
    return options(filters=[{"stream": stream, "filter": 'name -eq "x"'}])


def test_filters_of_streams_that_have_none_are_refused() -> None:
    """A filter on a misspelt stream would be ignored, and more rows be read than meant."""
    check_options(filtered("computers"))
    with pytest.raises(ConfigurationError, match=r"'computer'.*did you mean computers\?"):
        check_options(filtered("computer"))
    with pytest.raises(ConfigurationError, match="can't filter the stream organizations"):
        check_options(filtered("organizations"))


def test_options_that_name_an_unknown_stream_are_refused() -> None:
    """A misspelt stream would go on failing, and the user believe that the option does nothing."""
    check_options(options(accept_missing_rows=["computers", "licenses"]))
    check_options(options(accept_missing_rows=["all"]))
    with pytest.raises(ConfigurationError, match="option accept_missing_rows names the stream 'computer'"):
        check_options(options(accept_missing_rows=["computers", "computer"]))


def test_the_count_of_rows_not_served_is_no_position() -> None:
    """The next sync would hand a count to the cursor that it knows nothing of, or refuse the state."""
    given = [
        state("computers", lastScanDate="2026-01-01T00:00:00Z", rowsNotServed=3),
        state("audit_logs", rowsNotServed=7, **{WITHOUT_CURSOR: True}),
    ]
    assert usable_state(given, {"computers", "audit_logs"}) == [
        state("computers", lastScanDate="2026-01-01T00:00:00Z")
    ]


def test_the_state_that_the_first_version_wrote_is_kept() -> None:
    """An upgrade would read months of audit entries again, or refuse the state and stop every connection."""
    usable = usable_state(Source.read_state(str(STATE_OF_0_1_0)), {"computers", "audit_logs"})
    assert {
        message.stream.stream_descriptor.name: vars(message.stream.stream_state)
        for message in usable
        if message.stream is not None
    } == {
        "computers": {"lastScanDate": "2026-11-23T15:04:07Z"},
        "audit_logs": {"created": "2026-11-20T07:38:22Z"},
    }
