"""What the CDK's cursor gets to see of a row."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from airbyte_cdk.utils.datetime_helpers import ab_datetime_parse

from source_snow_atlas.components.identity.configuration import DATETIME_FORMAT, EPOCH


class CursorRow(dict[str, Any]):
    """A row that tells the CDK's cursor, which asks with `get`, a value it can use: no seventh digit, never
    later than what was asked for.

    A clock that is wrong by years must not move the state past everything that is still to come, and the year
    1, which stands for "no date" in .NET, can't be written so that the CDK reads it again. What is emitted is
    a copy of the mapping's items, which are as the server sent them.
    """

    cursor_field: str = ""
    latest: datetime | None = None
    """The end of what was asked for; now where it has none."""

    def get(self, key: str, default: Any = None) -> Any:
        """The item; the cursor value as UTC seconds, from 1970 to `latest`, or None where it is no moment."""
        value = super().get(key, default)
        if key != self.cursor_field:
            return value
        moment = moment_of(value)
        if moment is None:
            return None
        return max(EPOCH, min(moment, self.latest or datetime.now(timezone.utc))).strftime(DATETIME_FORMAT)


def moment_of(value: Any) -> datetime | None:
    """The moment that a value of the server means, in UTC; None where it means none."""
    try:
        moment: datetime = ab_datetime_parse(value)
        return moment.astimezone(timezone.utc)
    except (ValueError, TypeError, OverflowError):
        return None


def bound(moment: str) -> datetime:
    """The moment of a bound that the CDK asks for."""
    return datetime.strptime(moment, DATETIME_FORMAT).replace(tzinfo=timezone.utc)
