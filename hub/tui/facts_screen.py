"""All figures of the period as the PDF has them, and what the system noted about itself."""

from datetime import tzinfo
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from hub.health import judged
from hub.records import Lasted
from hub.tui import colours
from hub.tui.view import History
from hub.wording import (
    beat_facts,
    duration_text,
    model_facts,
    rate_facts,
    recording_facts,
    rhythm_facts,
    short_moment_text,
)


class FactsScreen(ModalScreen[None]):
    """Closes with its own key or Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,f,enter", "dismiss", "Back"), ("q", "app.quit", "Quit")]

    def __init__(self, history: History, zone: tzinfo) -> None:
        super().__init__()
        self._history = history
        self._zone = zone

    def compose(self) -> ComposeResult:
        """One box."""
        with VerticalScroll(classes="box") as box:
            box.border_title = f"{self._history.patient.name}: all figures"
            yield Static(_facts(self._history, self._zone))


def _facts(history: History, zone: tzinfo) -> Text:
    stats = history.statistics
    period_s = (history.to_at - history.from_at).total_seconds()
    text = Text()
    for facts in (
        recording_facts(stats, period_s),
        rate_facts(stats, zone),
        beat_facts(stats),
        rhythm_facts(stats),
        model_facts(history.words, zone),
    ):
        for fact in facts:
            text.append(f"{fact.label:<30}", colours.QUIET).append(f"{fact.value}\n", colours.TEXT)
        text.append("\n")
    text.append_text(_lasted(history.lasted, zone))
    text.append("Noted by the system, newest first\n", f"bold {colours.TEXT}")
    for notice in reversed(history.notices):
        text.append(f"{short_moment_text(notice.at, zone)}  ", colours.QUIET)
        text.append(f"{notice.code.replace('_', ' ')}  {notice.text}\n", colours.TEXT)
    return text if history.notices else text.append("nothing\n", colours.QUIET)


def _lasted(lasted: tuple[Lasted, ...], zone: tzinfo) -> Text:
    text = Text()
    if lasted:
        text.append("What was wrong with the devices, newest first\n", f"bold {colours.TEXT}")
    for one in reversed(lasted):
        (trouble,) = judged([one.trouble])
        length = duration_text((one.heard_at - trouble.since).total_seconds())
        text.append(f"{short_moment_text(trouble.since, zone)}  ", colours.QUIET)
        text.append(f"for {length}: {trouble.name} ({trouble.text})\n", colours.TEXT)
    return text.append("\n") if lasted else text
