"""What ends a report, said so that the user knows what to change."""

from snow_atlas_sync.errors import SyncError


class ReportError(SyncError):
    """The report could not be made; the message tells the user why."""
