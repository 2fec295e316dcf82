"""What the keys do and what the signs mean."""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from edge.labels import Priority
from hub.tui import colours

_KEYS = """\
Enter      open the episode under the cursor: strip, beats, who saw it
up, down   choose an episode          n, p   next or previous patient
a          ask in plain words about the patient, or about the episode that is open
r          write the patient's report as PDF
f          all figures of the period, and what the system noted
d          the patient's devices and the hub: what is wrong now, since when, with numbers
+, -       larger or smaller strip (in an episode)
Escape     back                       q      quit
"""
_STATES = """\
● online   the device was heard just now and its signal can be trusted
○ stopped  the recording was ended in order: nobody is watching
▲ trouble  it watches, but something lasts that needs you: a full disk, a flat battery, no power
○ quiet    nothing was heard for half a minute: the heart rate is not known now
▲ stale    nothing was heard for longer than the hub's config allows: go and look
The big number is the heart rate now. Two dashes mean that it is not known now.
In the row `ecg`, a bar is readable signal, yellow dots are worn but unreadable, blank is no data;
a dotted line is a strap that sends RR intervals alone: rhythm and rate, no ECG to look at.
Times are shown in the hub's time zone; "heard" is measured on the hub's clock.
"""


class HelpScreen(ModalScreen[None]):
    """Closes with any of its keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,question_mark,enter", "dismiss", "Back"),
        ("q", "app.quit", "Quit"),
    ]

    def compose(self) -> ComposeResult:
        """One box."""
        with VerticalScroll(classes="box") as box:
            box.border_title = "Help"
            yield Static(_help())


def _help() -> Text:
    text = Text(_KEYS + "\n" + _STATES + "\n", colours.TEXT)
    text.append("Priorities (IEC 60601-1-8)   ", colours.QUIET)
    for priority in Priority:
        words = f"{colours.PRIORITY_MARKS[priority]} {colours.PRIORITY_SIGNS[priority]} {priority.value}   "
        text.append(words, colours.PRIORITY_COLOURS[priority])
    text.append(
        "\nHearth is not a medical device and calls nobody. In an emergency call your emergency number."
    )
    return text
