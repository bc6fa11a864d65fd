"""Tracker of the partitions of one stream: which were read, failed or are missing.

A stream per parent has a partition for every parent. If one can't be read, the others are still read. In the
end the stream fails with the number of failed parents, or continues with that number in its state if the user
accepts missing rows. A rate limit or many failures fail the stream at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from airbyte_cdk.models import FailureType

from source_snow_atlas.components.basics.errors import (
    NotFound,
    RateLimited,
    ServerError,
    SnowAtlasError,
    pluralized,
    without_secret_ids,
)
from source_snow_atlas.components.basics.paths import has_delimiters

LOGGER = logging.getLogger("airbyte")
Partition = Mapping[str, Any]
Rows = TypeVar("Rows")

MOST_IN_A_ROW = 20
"""Consecutive parents that may fail. With more, the endpoint is assumed to fail for all of them."""
MOST_OF_ALL = 0.05
"""Share of all parents that may fail, unless these are fewer than FEW."""
FEW = 5
"""Parents that may fail, whatever their share."""
NAMED_IN_LOG = 20
"""Parents of a stream that were skipped or failed and get a log line of their own."""
NAMED_IN_ERROR = 5
REMEMBERED = 10_000
"""Parents that are looked up in their list again if all requests were answered with 404."""


class RowsMissing(SnowAtlasError):
    """Error of a stream that was read except for a number of `parents`, because of `reason`."""

    def __init__(self, stream: str, reason: str, failure_type: FailureType, parents: int) -> None:
        super().__init__(
            f"Stream {stream} was read, but rows are missing: {reason} Sync again. If they are still missing "
            f"and you can do without them, name {stream} in accept_missing_rows.",
            stream,
            failure_type,
        )
        self.reason = reason
        self.parents = parents


@dataclass
class NamedCount:
    """Number of parents of one kind, with the names of the first."""

    count: int = 0
    named: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        self.include(NamedCount(1, [name]))

    def include(self, others: NamedCount) -> None:
        self.count += others.count
        self.named = [*self.named, *others.named][:NAMED_IN_ERROR]

    def __str__(self) -> str:
        return "; ".join(self.named) + ("; and more" if self.count > len(self.named) else "")


class Partitions:
    """Counts of the read, missing, failed and skipped partitions of one stream. Thread-safe."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._label = f"Stream {stream}"
        self._lock = threading.Lock()
        self.begun = 0
        """Partitions so far."""
        self._not_ended = 1
        """Partitions that have not ended, and one more until the last has begun."""
        self._read = 0
        self._gone_count = 0
        self._is_unreliable = False
        """Whether a parent was not there and then was."""
        self._gone: set[tuple[Any, ...]] = set()
        """The first parents that were gone."""
        self._failed = NamedCount()
        self._failed_in_a_row = 0
        self._first_failure: SnowAtlasError | None = None
        self.error: Exception | None = None
        """The first error of the stream: the rest of it need not be read."""
        self.unknown: list[RowsMissing] = []
        """Reasons why parents are missing from the list of parents."""
        self.invalid = NamedCount()
        """Parents whose ids can't be those of a resource: null, empty, dots, an object."""
        self.unsafe = NamedCount()
        """Parents that are not requested, because servers would treat the id as another path."""
        self.listed_again: Callable[[], Iterator[Partition]] = lambda: iter(())
        """Yields the partitions from the current lists of parents."""

    def fail(self, error: Exception) -> None:
        """Mark the stream as failed, unless it has failed before."""
        self.error = self.error or error

    def begin(self) -> None:
        with self._lock:
            self.begun += 1
            self._not_ended += 1

    def all_begun(self) -> bool:
        """Record that no partition follows, and return whether all have ended."""
        with self._lock:
            self._not_ended -= 1
            return self._not_ended == 0

    def read(self, rows: Callable[[], Iterator[Rows]]) -> Iterator[Rows]:
        """Yield the rows of a parent, which is requested again if it is not there.

        While a server is replaced, some of its nodes may not know a path. Parents are not requested twice if
        none of many was there.
        """
        try:
            yield from rows()
        except NotFound:
            if not self._read and self._gone_count >= MOST_IN_A_ROW:
                raise
            yield from rows()
            self._is_unreliable = True

    def end(self, partition: Partition, path: str, error: SnowAtlasError | None = None) -> bool:
        """Record that a partition was read or failed, and return whether it was the last one.

        Raises an error if no other partition should be read: after a rate limit, or if too many have failed.
        """
        with self._lock:
            if error is None:
                self._read += 1
                self._failed_in_a_row = 0
            elif isinstance(error, RateLimited):
                raise error
            elif isinstance(error, NotFound) and not any(map(has_delimiters, partition.values())):
                self._note_gone(partition, without_secret_ids(path), error)
            else:
                self._note_failed(without_secret_ids(path), error)
            self._not_ended -= 1
            return self._not_ended == 0 and self.error is None

    def _note_gone(self, partition: Partition, path: str, error: SnowAtlasError) -> None:
        self._gone_count += 1
        if len(self._gone) < REMEMBERED:
            self._gone.add(tuple(partition.values()))
        if self._gone_count <= NAMED_IN_LOG:
            LOGGER.info(f"{self._label}: nothing is at {path} (HTTP {error.status}), the parent is skipped.")

    def _note_failed(self, path: str, error: SnowAtlasError) -> None:
        if isinstance(error, NotFound):
            error = ServerError(
                f"{self._label}: GET {path} was refused with HTTP {error.status}. Some servers treat "
                "characters of the id as a part of the path, so there may be rows nevertheless.",
                self._stream,
            )
        self._failed.add(path)
        self._failed_in_a_row += 1
        self._first_failure = self._first_failure or error
        if self._failed_in_a_row >= MOST_IN_A_ROW or self._failed.count > max(FEW, MOST_OF_ALL * self.begun):
            raise self._unread(
                f"{self._failed.count:,} of {self.begun:,} parents could not be read, the last "
                f"{self._failed_in_a_row} in a row, which is too many to continue.",
                self._first_failure,
            )
        if self._failed.count <= NAMED_IN_LOG:
            LOGGER.warning(f"{error.message} The stream continues without this parent.")

    def missing(self) -> RowsMissing | None:
        """Return what the stream lacks, or None if it is complete. Logs the number of skipped parents.

        Raises an error if there are parents and none could be read, unless nothing was there.
        """
        self._log_skipped()
        if not self._read:
            self._raise_if_none_could_be_read()
            if self._gone_count and self._is_still_listed():
                return RowsMissing(
                    self._stream,
                    f"{_parents(self._gone_count, 'are')} listed, and every request for one ended with HTTP "
                    "404 or 410. Either none of them has such a record, or this host does not have the "
                    "endpoint: check the region or the API URL.",
                    FailureType.config_error,
                    self._gone_count,
                )
        causes: list[SnowAtlasError] = [*self.unknown]
        reasons = [f"{_parents(cause.parents, 'are')} unknown: {cause.reason}" for cause in self.unknown]
        if self.unsafe.count:
            not_requested = _parents(self.unsafe.count, "were")
            reasons.append(f"{not_requested} not requested, because of the id: {self.unsafe}.")
        doubtful = self._gone_count if self._is_unreliable else 0
        if doubtful:
            reasons.append(
                f"{_parents(doubtful, 'were')} answered with HTTP 404 or 410, as were others that were "
                "there when they were requested again."
            )
        if self._first_failure is not None:
            causes.append(self._first_failure)
            reasons.append(
                f"{self._failed.count:,} of {self.begun:,} parents could not be read: {self._failed}. "
                f"The first: {self._first_failure.message}"
            )
        if not reasons:
            return None
        kind = causes[0].failure_type if causes else FailureType.system_error
        parents = (
            self._failed.count + self.unsafe.count + doubtful + sum(cause.parents for cause in self.unknown)
        )
        return RowsMissing(self._stream, " ".join(reasons), kind, parents)

    def _log_skipped(self) -> None:
        if self._gone_count:
            skipped = _parents(self._gone_count, "were")
            LOGGER.info(f"{self._label}: {skipped} skipped, nothing was there (HTTP 404 or 410).")
        if self.invalid.count:
            skipped = _parents(self.invalid.count, "were")
            LOGGER.warning(
                f"{self._label}: {skipped} skipped, because no request can name the id: {self.invalid}."
            )

    def _raise_if_none_could_be_read(self) -> None:
        if self._first_failure is not None:
            raise self._unread(f"none of its parents could be read, of {self.begun:,}.", self._first_failure)
        nameless = self.invalid.count + self.unsafe.count
        if nameless and not self.begun:
            raise ServerError(
                f"{self._label}: none of its parents, {nameless:,} in all, has an id that a request "
                f"can name: {self.invalid if self.invalid.count else self.unsafe}. "
                "Report it to Snow Atlas support.",
                self._stream,
            )

    def _is_still_listed(self) -> bool:
        """Return whether a parent that was answered with 404 is still in the list of parents."""
        try:
            return any(tuple(partition.values()) in self._gone for partition in self.listed_again())
        except RowsMissing:
            return False
        except SnowAtlasError:
            return True

    def _unread(self, sentence: str, first: SnowAtlasError) -> SnowAtlasError:
        return SnowAtlasError(
            f"{self._label}: {sentence} The first: {first.message}", self._stream, first.failure_type
        )


def _parents(number: int, verb: Literal["are", "were"]) -> str:
    return pluralized(number, f"parent {'is' if verb == 'are' else 'was'}", f"parents {verb}")
