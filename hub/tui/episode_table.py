"""The episodes of the period, newest first."""

from datetime import tzinfo
from typing import ClassVar, Final
from uuid import UUID

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from edge.labels import BeatClass, Priority
from hub.burden import duration_s
from hub.records import Episode
from hub.tui import colours
from hub.wording import duration_text, finding_text, phase_text, rate_text, short_moment_text

_COLUMNS: Final = ("Onset", "Finding", "Priority", "Duration", "Rate", "V", "State")
_GAP: Final = " "
_NUMBERS: Final = ("Duration", "Rate", "V")


class EpisodeTable(DataTable[Text]):
    """One row for each episode; keeps the cursor on its episode while others come in."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select_cursor", "Open")]

    def __init__(self, zone: tzinfo) -> None:
        super().__init__(id="episodes", cursor_type="row", zebra_stripes=True, cell_padding=0)
        self._zone = zone
        self._shown: tuple[Episode, ...] = ()

    def on_mount(self) -> None:
        """The headings."""
        for name in _COLUMNS:
            self.add_column(Text(_GAP + name, justify="right" if name in _NUMBERS else "left"))

    def show(self, episodes: tuple[Episode, ...]) -> None:
        """Fill the table anew if anything is new."""
        if episodes == self._shown:
            return
        chosen = self.chosen() if self.cursor_row > 0 else None
        self._shown = episodes
        self.clear()
        for episode in episodes:
            self.add_row(*_row(episode, self._zone), key=str(episode.episode_id))
        ids = [episode.episode_id for episode in episodes]
        if chosen in ids:
            self.move_cursor(row=ids.index(chosen))

    def chosen(self) -> UUID | None:
        """The episode under the cursor."""
        row = self.cursor_row
        return self._shown[row].episode_id if 0 <= row < len(self._shown) else None


def priority_cell(episode: Episode) -> Text:
    """Sign and word in the colour of the priority."""
    sign = colours.PRIORITY_SIGNS[episode.priority]
    word = "info" if episode.priority is Priority.INFORMATION else episode.priority.value
    return Text(f"{sign} {word}", colours.PRIORITY_COLOURS[episode.priority])


def _row(episode: Episode, zone: tzinfo) -> tuple[Text, ...]:
    colour = colours.PRIORITY_COLOURS[episode.priority]
    going_on = episode.phase != "end"
    cells = (
        Text(short_moment_text(episode.onset_at, zone)),
        Text(finding_text(episode.finding), f"bold {colour}"),
        priority_cell(episode),
        Text(duration_text(duration_s(episode)), justify="right"),
        Text(rate_text(episode.heart_rate_bpm), justify="right"),
        Text(str(episode.beats.get(BeatClass.VENTRICULAR, 0)), justify="right"),
        Text(phase_text(episode), f"bold {colours.YELLOW}" if going_on else colours.QUIET),
    )
    return tuple(Text(_GAP, justify=cell.justify).append_text(cell) for cell in cells)
