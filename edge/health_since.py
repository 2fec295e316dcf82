"""Since when each trouble holds: a trouble that goes and comes back begins anew."""

from collections.abc import Mapping
from datetime import datetime

from edge.health import Trouble, TroubleCode

_LONGEST = 400


class Since:
    """Remembers the moment at which each code was first found, for as long as it is found."""

    def __init__(self) -> None:
        self._began: dict[TroubleCode, datetime] = {}

    def troubles(self, found: Mapping[TroubleCode, str], now: datetime) -> tuple[Trouble, ...]:
        """All that is found now, by code, in the order given; the text may change while one lasts."""
        self._began = {code: self._began.get(code, now) for code in found}
        return tuple(
            Trouble(code=code, since=self._began[code], text=text[:_LONGEST]) for code, text in found.items()
        )
