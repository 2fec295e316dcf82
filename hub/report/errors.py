"""What can go wrong with a report, worded for the person who asked for it."""


class ReportError(Exception):
    """A report that could not be made; the message says why and what to do."""

    for_user = True
