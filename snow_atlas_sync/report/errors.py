"""Errors that end a report, with messages that tell the user what to change."""

from snow_atlas_sync.errors import SyncError


class ReportError(SyncError):
    """Error whose message is shown to the user: the report could not be made."""
