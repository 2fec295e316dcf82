"""What a device says of itself: contact with the skin, and charge; told when it is news."""

from typing import Final

from edge.events import NoticeCode
from edge.health import TroubleCode
from edge.stream import NS_PER_S

LOW_PERCENT: Final = 15
"""Of a chest strap this is a day or two."""
_OFF_S: Final = 30.0
_RECHARGED: Final = 10  # percent above: the charge of a cell swings with its temperature

News = tuple[NoticeCode, str]


class Wearing:
    """One device; a contact that is lost for a moment is no news."""

    def __init__(self) -> None:
        self.contact: bool | None = None
        self.battery_percent: int | None = None
        self._off_since_ns: int | None = None
        self._told_off = self._told_low = False

    def troubles(self) -> dict[TroubleCode, str]:
        """What of it lasts: as long as the notice that told of it has not been taken back."""
        found: dict[TroubleCode, str] = {}
        if self._told_off:
            found["contact_lost"] = f"the electrodes have not touched the skin for more than {_OFF_S:g} s"
        if self._told_low:
            found["battery_low"] = f"the sensor's battery has {self.battery_percent} % left"
        return found

    def hear_contact(self, contact: bool | None, now_ns: int) -> list[News]:  # noqa: FBT001 what was heard
        """The newest word; `None` where the device does not know."""
        self.contact = contact
        if contact is not False:
            was_told, self._told_off, self._off_since_ns = self._told_off, False, None
            return [("contact_restored", "the electrodes touch the skin again")] if was_told else []
        self._off_since_ns = self._off_since_ns or now_ns
        if self._told_off or now_ns - self._off_since_ns < _OFF_S * NS_PER_S:
            return []
        self._told_off = True
        return [("contact_lost", f"the electrodes have not touched the skin for {_OFF_S:g} s")]

    def hear_battery(self, percent: int) -> list[News]:
        """The newest charge."""
        self.battery_percent = percent
        if percent > LOW_PERCENT + _RECHARGED:
            self._told_low = False
        if percent > LOW_PERCENT or self._told_low:
            return []
        self._told_low = True
        return [("battery_low", f"{percent} % left")]
