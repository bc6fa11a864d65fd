"""Rows with a cursor value that the CDK's cursor can use, and conversion of timestamps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from airbyte_cdk.utils.datetime_helpers import ab_datetime_parse

from source_snow_atlas.components.identity.configuration import DATETIME_FORMAT, EPOCH


class CursorRow(dict[str, Any]):
    """Row whose `get`, which the CDK's cursor calls, returns a usable cursor value.

    A server's clock that is wrong by years must not move the state beyond later rows, and the CDK can't read
    the year 1 (.NET's "no date") from a state. So the value lies between 1970 and `latest`, in whole
    seconds. `latest` is the end of the requested window; None stands for the current time. The emitted record
    is made from the items and keeps the value of the server.
    """

    def __init__(self, row: Mapping[str, Any], cursor_field: str, latest: datetime | None = None) -> None:
        super().__init__(row)
        self._cursor_field = cursor_field
        self._latest = latest

    def get(self, key: str, default: Any = None) -> Any:
        """Return an item; for the cursor field a timestamp in UTC seconds, or None if it holds none."""
        value = super().get(key, default)
        if key != self._cursor_field:
            return value
        timestamp = timestamp_of(value)
        if timestamp is None:
            return None
        return max(EPOCH, min(timestamp, self._latest or datetime.now(timezone.utc))).strftime(
            DATETIME_FORMAT
        )


def timestamp_of(value: Any) -> datetime | None:
    """Parse a timestamp of the server. Without an offset, UTC is assumed. Return None if it is none."""
    try:
        timestamp: datetime = ab_datetime_parse(value)
        return timestamp.astimezone(timezone.utc)
    except (ValueError, TypeError, OverflowError):
        return None


def bound(timestamp: str) -> datetime:
    """Parse a bound of an interval in the format of the state."""
    return datetime.strptime(timestamp, DATETIME_FORMAT).replace(tzinfo=timezone.utc)
