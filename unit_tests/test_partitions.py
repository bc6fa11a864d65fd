"""When a stream per parent is whole, when it goes on, and when it ends at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from airbyte_cdk.models import FailureType

from source_snow_atlas.components.basics.errors import (
    ConfigurationError,
    NotFound,
    RateLimited,
    ServerError,
    SnowAtlasError,
    TransientError,
)
from source_snow_atlas.components.run.partitions import (
    FEW,
    MOST_IN_A_ROW,
    Partition,
    Partitions,
    RowsMissing,
)

STREAM = "computer_monitors"


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level("INFO", logger="airbyte")
    return caplog


def begun(count: int) -> Partitions:
    partitions = Partitions(STREAM)
    for _ in range(count):
        partitions.begin()
    return partitions


def end(partitions: Partitions, number: int, error: SnowAtlasError | None = None) -> bool:
    return partitions.end({"computerId": number}, f"/computers/{number}/monitors", error)


def listing(*numbers: int) -> Callable[[], Iterator[Partition]]:
    return lambda: ({"computerId": number} for number in numbers)


def test_the_first_failure_of_a_stream_stays() -> None:
    """The stream's error would be that of whatever failed last, not the cause."""
    partitions = Partitions(STREAM)
    first = TransientError("first")
    partitions.fail(first)
    partitions.fail(TransientError("second"))
    assert partitions.error is first


@pytest.mark.parametrize("generated_first", [True, False])
def test_the_last_partition_ends_the_stream(generated_first: bool) -> None:
    """Grandchildren would be missing, those of the parents still being read; or would wait for ever."""
    partitions = begun(3)
    if generated_first:
        assert not partitions.all_begun()
    ends = [end(partitions, 0), end(partitions, 1, NotFound("gone")), end(partitions, 2, ServerError("no"))]
    assert ends == [False, False, generated_first]
    if not generated_first:
        assert partitions.all_begun()


@pytest.mark.parametrize("error", [TransientError("no"), ServerError("no"), SnowAtlasError("no")])
def test_a_few_parents_that_fail_end_nothing(error: SnowAtlasError) -> None:
    """One computer that the server can't answer for would cost the rows of 49,999 others."""
    partitions = begun(50_000)
    for number in range(50_000):
        end(partitions, number, error if number % 1000 == 500 else None)
    missing = partitions.missing()
    assert isinstance(missing, RowsMissing)
    assert missing.parents == 50
    assert missing.failure_type == error.failure_type
    message = missing.message or ""
    assert "50 of 50,000 parents" in message
    assert "/computers/500/monitors; /computers/1500/monitors" in message
    assert "accept_missing_rows" in message


def refused(status: int) -> SnowAtlasError:
    error = ConfigurationError(f"HTTP {status}")
    error.status = status
    return error


@pytest.mark.parametrize("status", [400, 401, 403])
def test_what_holds_for_all_parents_ends_the_stream_soon(status: int) -> None:
    """A permission that is missing would be asked for 50,000 times, and be told as rows that are missing."""
    partitions = begun(50_000)
    for number in range(MOST_IN_A_ROW - 1):
        end(partitions, number, refused(status))
    with pytest.raises(SnowAtlasError, match=f"HTTP {status}") as raised:
        end(partitions, MOST_IN_A_ROW, refused(status))
    assert not isinstance(raised.value, RowsMissing)
    assert raised.value.failure_type == FailureType.config_error


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("place", [0, 7])
def test_one_parent_that_is_refused_does_not_end_the_others(status: int, place: int) -> None:
    """The others were read with that very permission: their rows would be lost for the sake of one."""
    partitions = begun(40)
    for number in range(40):
        end(partitions, number, refused(status) if number == place else None)
    missing = partitions.missing()
    assert missing is not None
    assert "1 of 40 parents" in (missing.message or "")
    assert f"HTTP {status}" in (missing.message or "")


def test_a_rate_limit_ends_the_stream_at_once() -> None:
    """The next parents would be requested inside the wait that the server announces."""
    partitions = begun(50_000)
    end(partitions, 0)
    error = RateLimited("HTTP 429")
    with pytest.raises(RateLimited) as raised:
        end(partitions, 1, error)
    assert raised.value is error


def asked_for_until_the_end(partitions: Partitions, failing: Callable[[int], bool]) -> int:
    """How many parents were asked for before the stream ended by itself; 0 where it did not."""
    error = None
    for number in range(partitions.begun):
        try:
            end(partitions, number, TransientError("HTTP 500") if failing(number) else None)
        except SnowAtlasError as raised:
            error = raised
            break
    assert not isinstance(error, RowsMissing), "no user may accept that"
    assert error is None or "HTTP 500" in str(error.message)
    return 0 if error is None else number + 1


def test_many_failures_in_a_row_end_the_stream() -> None:
    """A service that is down would be asked for 50,000 parents, nine times each."""
    assert asked_for_until_the_end(begun(50_000), lambda number: number > 999) == 1000 + MOST_IN_A_ROW
    assert asked_for_until_the_end(begun(50_000), lambda number: 0 < number < MOST_IN_A_ROW) == 0


def test_more_than_a_twentieth_ends_the_stream() -> None:
    """Half a table would be taken for a table that lacks single rows."""
    assert asked_for_until_the_end(begun(1000), lambda number: number % 10 == 5) == 506
    assert asked_for_until_the_end(begun(1000), lambda number: number % 20 == 5) == 0
    assert asked_for_until_the_end(begun(40), lambda number: number % 2 == 1) == 2 * (FEW + 1)
    assert asked_for_until_the_end(begun(10), lambda number: number == 3) == 0, "one never ends it"


def test_a_stream_of_which_nothing_could_be_read_is_an_error() -> None:
    """An empty table would be accepted for one that lacks the rows of single parents."""
    partitions = begun(2)
    end(partitions, 0, TransientError("HTTP 500 at 0"))
    end(partitions, 1, NotFound("gone"))
    with pytest.raises(
        SnowAtlasError, match=r"none of its parents could be read, of 2.*HTTP 500 at 0"
    ) as raised:
        partitions.missing()
    assert not isinstance(raised.value, RowsMissing)
    assert raised.value.failure_type == FailureType.transient_error


def test_many_parents_that_are_gone_do_not_flood_the_log(log: pytest.LogCaptureFixture) -> None:
    """A thousand deleted computers would fill the log with a thousand lines; or none would be counted."""
    partitions = begun(1001)
    end(partitions, 1000)
    for number in range(1000):
        end(partitions, number, NotFound("gone"))
    assert partitions.missing() is None
    lines = [record.getMessage() for record in log.records]
    assert len(lines) < 50
    assert "1,000 parents were skipped" in lines[-1]


@pytest.mark.parametrize(
    ("parents", "gone", "listed", "fails"),
    [
        (3, 3, [2, 5], True),
        (50, 50, range(49, 50), True),
        (50, 49, range(50), False),
        (1, 1, [0], True),
        (1, 1, [7], False),
        (50, 50, range(50, 100), False),
        (2, 2, [], False),
        (0, 0, [], False),
    ],
)
def test_parents_that_are_listed_are_not_gone(
    parents: int, gone: int, listed: list[int], fails: bool
) -> None:
    """A host without the endpoint would empty the table; or a few parents that are gone would fail it."""
    partitions = begun(parents)
    partitions.listed_again = listing(*listed)
    for number in range(gone):
        end(partitions, number, NotFound("gone"))
    for number in range(gone, parents):
        end(partitions, number)
    missing = partitions.missing()
    if fails:
        assert missing is not None
        assert missing.parents == gone
        assert f"{gone} parent{'s are' if gone > 1 else ' is'} listed, and every request" in missing.reason
    else:
        assert missing is None


def test_parents_that_can_not_be_looked_up_again() -> None:
    """Nobody knows then whether the parents are gone: an empty table is not the answer."""

    def refused() -> Iterator[Partition]:
        raise TransientError("no")

    partitions = begun(1)
    partitions.listed_again = refused
    end(partitions, 0, NotFound("gone"))
    assert partitions.missing() is not None


def test_a_404_says_nothing_where_servers_may_read_another_path() -> None:
    """A proxy that decodes the slash of an id would make its rows vanish: its parent would be called gone."""
    partitions = begun(2)
    end(partitions, 1)
    refusal = NotFound("HTTP 404")
    refusal.status = 404
    partitions.end({"computerId": "a/b"}, "/computers/a%2Fb/monitors", refusal)
    missing = partitions.missing()
    assert missing is not None
    assert missing.parents == 1
    assert "/computers/a%2Fb/monitors was refused with HTTP 404" in str(missing.message)


def test_ids_that_can_not_be_asked_for(log: pytest.LogCaptureFixture) -> None:
    """Their rows would be missing without a word."""
    partitions = begun(1)
    end(partitions, 0)
    partitions.invalid.add("id is null")
    assert partitions.missing() is None
    assert "1 parent was skipped" in log.text
    assert "id is null" in log.text
    partitions.unsafe.add('id is "../x"')
    missing = partitions.missing()
    assert missing is not None
    assert missing.parents == 1
    assert '"../x"' in str(missing.message)


def test_parents_of_whom_none_has_a_name() -> None:
    """A list whose ids are missing would empty the tables of all its children."""
    partitions = begun(0)
    for _ in range(9):
        partitions.invalid.add("id is null")
    partitions.unsafe.add("id is ../x")
    with pytest.raises(ServerError, match="none of its parents, 10 in all"):
        partitions.missing()


def test_what_the_parents_lack_their_children_lack() -> None:
    """Grandchildren would be called complete although their parents are not known."""
    partitions = begun(1)
    end(partitions, 0)
    partitions.unknown.append(RowsMissing("x", "one lacks.", FailureType.transient_error, 3))
    missing = partitions.missing()
    assert missing is not None
    assert missing.parents == 3
    assert missing.failure_type == FailureType.transient_error
    assert "3 parents are unknown: one lacks. Sync again" in str(missing.message)
