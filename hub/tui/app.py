"""The caregiver's dashboard: reads once a second in a thread, draws what it was given."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Final
from uuid import UUID

from rich.text import Text
from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable, Footer, Static

from hub.health import Alarm
from hub.report.content import Options, Period, gather
from hub.report.document import write_report
from hub.tui import colours
from hub.tui.ask_screen import AskScreen
from hub.tui.device_screen import DeviceScreen
from hub.tui.episode_screen import EpisodeScreen
from hub.tui.episode_table import EpisodeTable
from hub.tui.facts_screen import FactsScreen
from hub.tui.figures import Figures
from hub.tui.help_screen import HelpScreen
from hub.tui.patients import PatientCard, Patients
from hub.tui.source import Source
from hub.tui.timeline import Timeline, span
from hub.tui.view import Dashboard, History, headline
from hub.wording import minute_text, moment_text

_READ_EVERY_S: Final = 1.0


class DashboardApp(App[None]):
    """One window on one hub. `look` is what is shown; `shown` is set once the first one is."""

    TITLE = "Hearth"
    CSS_PATH = "dashboard.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        ("n", "step(1)", "Next"),
        ("p", "step(-1)", "Previous"),
        ("f", "facts", "Figures"),
        ("d", "devices", "Devices"),
        ("a", "ask", "Ask"),
        ("r", "report", "Report"),
        ("question_mark", "help", "Help"),
        ("q", "quit", "Quit"),
    ]

    def __init__(self, source: Source, patient_id: str | None = None, until_file: Path | None = None) -> None:
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
        self.VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]
        self.source = source
        self.zone = source.config.time_zone
        self.patient_id = patient_id
        self.look: Dashboard | None = None
        self.shown = asyncio.Event()
        self._until_file = until_file

    def compose(self) -> ComposeResult:
        """Clock line, alarm line, patients beside the selected one."""
        yield Static(id="clock")
        yield Static(id="silence")
        with Horizontal():
            yield Patients(id="patients")
            with Vertical(id="selected"):
                yield Static(id="missing")
                yield Figures(self.zone)
                yield Timeline(self.zone)
                yield EpisodeTable(self.zone)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Start to read, and to watch for the file that closes."""
        self.query_one(Timeline).border_title = "Heart rate and episodes"
        self.query_one(EpisodeTable).focus()
        self.set_interval(0.5, self._beat)
        self._read_on()

    def on_unmount(self) -> None:
        """Let go of the database."""
        self.source.close()

    @work(exclusive=True, group="reading")
    async def _read_on(self) -> None:
        while True:
            look = await asyncio.to_thread(self.source.read, self.patient_id, self.look)
            await self._show(look)
            await asyncio.sleep(_READ_EVERY_S)

    async def _show(self, look: Dashboard) -> None:
        self.look = look
        if not self.screen_stack:  # the app is closing
            return
        main = self.screen_stack[0]
        if not main.query(Footer):  # it closes
            return
        await main.query_one(Patients).show(look.patients, look.selected)
        if not main.query(Footer):
            return
        main.set_class(look.history is None, "-empty")
        main.query_one("#missing", Static).update(_missing(look, self.source))
        if look.history is not None:
            self._show_history(look.history)
            await self._show_open_episode(look.history)
        else:
            main.query_one(EpisodeTable).show(())
        self._show_open_devices(look)
        self._beat()
        self.refresh_bindings()
        self.shown.set()

    def _show_history(self, history: History) -> None:
        if not self.screen_stack:  # the app is closing
            return
        main = self.screen_stack[0]
        main.query_one(Figures).show(history.statistics)
        timeline, table = main.query_one(Timeline), main.query_one(EpisodeTable)
        timeline.show(history)
        table.show(history.episodes)
        if history.minutes:
            start, end = (minute_text(at, self.zone) for at in span(history.minutes))
            timeline.border_subtitle = f"data from {start} to {end}"
        figures = main.query_one(Figures)
        figures.border_title, figures.border_subtitle = history.patient.name, "latest 7 days"
        table.border_title = (
            f"Episodes ({len(history.episodes)})" if history.episodes else "No episodes in this period"
        )

    def _show_open_devices(self, look: Dashboard) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, DeviceScreen):
                for view in look.patients:
                    if view.patient.patient_id == screen.patient_id:
                        screen.show(view, look.hub)

    async def _show_open_episode(self, history: History) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, EpisodeScreen):
                for episode in history.episodes:
                    if episode.episode_id == screen.episode.episode_id:
                        await screen.show(episode)

    def _beat(self) -> None:
        """The clock, the alarm line, and the file that closes: also when the database does not answer."""
        if self._until_file is not None and self._until_file.exists():
            self.exit()
            return
        now = datetime.now(UTC)
        for screen in self.screen_stack[:1]:  # none while it closes
            for clock in screen.query("#clock").results(Static):
                clock.update(_clock(now, self))
        alarm, words = headline(self.look, now)
        for screen in self.screen_stack:
            for line in screen.query("#silence").results(Static):
                line.update(words)
                line.display = bool(words)
                line.set_class(alarm is Alarm.URGENT, "urgent")
                line.set_class(alarm is Alarm.NOTE, "note")

    @on(PatientCard.Chosen)
    def _choose(self, message: PatientCard.Chosen) -> None:
        self.patient_id = message.patient_id
        self._read_on()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 Textual's
        """What belongs to the dashboard itself is not offered over an episode."""
        several = self.look is not None and len(self.look.patients) > 1
        over = len(self.screen_stack) > 1
        if action == "ask":
            return not over or isinstance(self.screen, EpisodeScreen)
        return not (action in ("step", "facts", "devices", "help") and over) and (action != "step" or several)

    def action_step(self, step: int) -> None:
        """The next or the previous patient."""
        if self.look is None or self.look.selected is None:
            return
        at = self.look.patients.index(self.look.selected) + step
        self.patient_id = self.look.patients[at % len(self.look.patients)].patient.patient_id
        self._read_on()

    @on(DataTable.RowSelected)
    def _open_chosen(self) -> None:
        """The episode under the cursor."""
        chosen = self.screen_stack[0].query_one(EpisodeTable).chosen()
        if chosen is not None:
            self.open_episode(chosen)

    def open_episode(self, episode_id: UUID) -> None:
        """An episode of the history that is shown."""
        history = self.look.history if self.look else None
        for episode in history.episodes if history else ():
            if history and episode.episode_id == episode_id:
                self.push_screen(EpisodeScreen(episode, history.patient, self.zone))
                self.call_after_refresh(self._beat)

    def action_help(self) -> None:
        """Keys and signs."""
        self.push_screen(HelpScreen())

    def action_facts(self) -> None:
        """All figures of the period."""
        if self.look and self.look.history:
            self.push_screen(FactsScreen(self.look.history, self.zone))

    def action_devices(self) -> None:
        """What lasts and needs a person."""
        if self.look and self.look.selected:
            self.push_screen(DeviceScreen(self.look.selected, self.look.hub, self.zone))

    def action_ask(self) -> None:
        """About the selected patient, or about the episode that is open."""
        if self.look is None or self.look.selected is None:
            return
        episode = self.screen.episode if isinstance(self.screen, EpisodeScreen) else None
        self.push_screen(AskScreen(self.source, self.look.selected.patient, episode))
        self.call_after_refresh(self._beat)

    def action_report(self) -> None:
        """Write the report of the period that is shown."""
        if self.look is None or self.look.history is None:
            self.notify("no data yet, so no report", severity="warning")
            return
        self.notify(f"writing the report of {self.look.history.patient.name} …")
        self._write_report(self.look.history)

    @work(thread=True, exclusive=True, group="report", exit_on_error=False)
    def _write_report(self, history: History) -> None:
        period, patient_id = Period(history.from_at, history.to_at), history.patient.patient_id
        path = Path.cwd() / f"{patient_id}-{history.to_at:%Y-%m-%d}.pdf"
        try:
            content = gather(self.source.store(), patient_id, period, self.zone, Options())
            words, severity = f"report: {write_report(content, path)}", "information"
        except Exception as error:
            if not (getattr(error, "for_user", False) or isinstance(error, OSError)):
                raise
            words, severity = f"no report: {error}", "error"
        self.call_from_thread(self.notify, words, severity=severity, timeout=15)


def _clock(now: datetime, app: DashboardApp) -> Text:
    left, right = " Hearth   home ECG, not a medical device", f"{moment_text(now, app.zone)} "
    text = Text(left + right.rjust(app.size.width - len(left)), colours.QUIET, no_wrap=True)
    text.stylize(f"bold {colours.TEXT}", 0, 7)
    text.stylize(colours.TEXT, len(text) - len(right))
    return text


def _missing(look: Dashboard, source: Source) -> Text:
    return Text.assemble(
        (look.missing or "", f"bold {colours.YELLOW}"),
        "\n\n",
        (f"config    {source.config.path}\n", colours.QUIET),
        (f"database  {source.config.database_file or 'on a server'}\n\n", colours.QUIET),
        ("The hub:  hearth hub --config hub.toml\n", colours.TEXT),
        ("The edge: hearth edge --config edge.toml   (at the patient's side)\n", colours.TEXT),
        ("Both write why they cannot start. This screen fills by itself.", colours.QUIET),
    )
