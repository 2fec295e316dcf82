"""Whether silence can be trusted: how long ago a device was heard, on the hub's own clock."""

from datetime import datetime, timedelta
from typing import Final, Literal

Freshness = Literal["fresh", "stale", "urgent", "never heard"]

CLOCKS_AGREE: Final = timedelta(minutes=1)
"""Of the hub's computer and that of the screen."""


def freshness(
    heard_at: datetime | None, now: datetime, stale_after: tuple[timedelta, timedelta]
) -> Freshness:
    """`stale_after` says after which silence to warn, and after which it is urgent (see `[stale]`).

    What was heard at a time that is still to come tells nothing of now: the clock was set back since.
    """
    if heard_at is None:
        return "never heard"
    warn_after, urgent_after = stale_after
    silence = now - heard_at
    if silence >= urgent_after:
        return "urgent"
    return "fresh" if -CLOCKS_AGREE < silence < warn_after else "stale"
