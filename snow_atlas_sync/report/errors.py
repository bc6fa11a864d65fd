"""What ends a report, said so that the user knows what to change."""


class ReportError(Exception):
    """The report could not be made; the message tells the user why."""
