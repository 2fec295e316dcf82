"""What lasts and needs a person: a patient's devices and the hub, with since when and numbers."""

from datetime import tzinfo
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from hub.health import Alarm, Judged
from hub.hub_watch import HubWatch
from hub.tui import colours
from hub.tui.view import PatientView
from hub.wording import short_moment_text


class DeviceScreen(ModalScreen[None]):
    """Stays up to date; closes with its own key or Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,d,enter", "dismiss", "Back"), ("q", "app.quit", "Quit")]

    def __init__(self, view: PatientView, hub: HubWatch, zone: tzinfo) -> None:
        super().__init__()
        self._view, self._hub, self._zone = view, hub, zone

    @property
    def patient_id(self) -> str:
        """Whose devices are shown."""
        return self._view.patient.patient_id

    def compose(self) -> ComposeResult:
        """One box."""
        with VerticalScroll(classes="box") as box:
            box.border_title = f"{self._view.patient.name}: devices"
            yield Static(_devices(self._view, self._hub, self._zone), id="devices")

    def show(self, view: PatientView, hub: HubWatch) -> None:
        """Newer words."""
        for static in self.query("#devices").results(Static):
            static.update(_devices(view, hub, self._zone))


def _devices(view: PatientView, hub: HubWatch, zone: tzinfo) -> Text:
    text = Text()
    for watch in view.watches:
        _add(text, watch.device_id, watch.word, watch.heard, (watch.alarm, watch.headline))
        facts = f"contact {watch.contact}   battery {watch.battery}   backlog {watch.backlog}"
        text.append(f"  {facts}\n", colours.QUIET)
        _add_troubles(text, watch.troubles, zone)
    _add(text, "hub", hub.word, hub.heard, (hub.alarm, hub.headline))
    _add_troubles(text, hub.troubles, zone)
    return text


def _add(text: Text, name: str, word: str, heard: str, said: tuple[Alarm, str]) -> None:
    alarm, headline = said
    text.append(name, f"bold {colours.TEXT}").append(f"   {word}", colours.ALARM_COLOURS[alarm])
    text.append(f"   heard {heard}\n", colours.QUIET)
    if headline:
        text.append(f"  {headline}\n", f"bold {colours.ALARM_COLOURS[alarm]}")


def _add_troubles(text: Text, troubles: tuple[Judged, ...], zone: tzinfo) -> None:
    """As last told: of a device that is silent they may be over, or worse."""
    for one in troubles:
        colour = colours.ALARM_COLOURS[one.alarm] if one.alarm else colours.QUIET
        text.append(f"  {colours.ALARM_SIGNS[one.alarm]} ", colour)
        text.append(f"since {short_moment_text(one.since, zone)}  ", colours.QUIET)
        text.append(f"{one.text}\n", colours.TEXT)
    if not troubles:
        text.append("  nothing is told to be wrong\n", colours.QUIET)
    text.append("\n")
