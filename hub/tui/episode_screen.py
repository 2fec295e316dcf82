"""One episode: what the detectors say, over the strip on which it can be checked."""

from datetime import tzinfo
from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Footer, Static

from edge.events import Localization, Strip
from edge.labels import BeatClass
from hub.burden import duration_s
from hub.records import Episode, Patient
from hub.strip import strip_duration_s
from hub.tui import colours
from hub.tui.ecg import EcgStrip, marks_of
from hub.tui.episode_table import priority_cell
from hub.wording import (
    CLASS_NAMES,
    beats_text,
    duration_text,
    finding_text,
    milliseconds_text,
    moment_text,
    no_sentence_text,
    no_strip_text,
    phase_text,
    rate_text,
    witnesses_text,
)

_BEATS_END_S: Final = 2.5


class EpisodeScreen(Screen[None]):
    """Title, strip, facts, sentence. Stays up to date while the episode goes on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "app.pop_screen", "Back"),
        ("plus,equals_sign", "zoom(1)", "Larger"),
        ("minus", "zoom(-1)", "Smaller"),
        ("question_mark", "app.help", "Help"),
        ("q", "app.quit", "Quit"),
    ]

    def __init__(self, episode: Episode, patient: Patient, zone: tzinfo) -> None:
        super().__init__()
        self.episode = episode
        self._patient = patient
        self._zone = zone

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield Static(id="silence")
        yield Static(_title(self.episode, self._patient, self._zone), id="title")
        with VerticalScroll(id="paper"):
            if self.episode.strip is None:
                yield Static(no_strip_text(self.episode.seen_by), classes="empty")
            else:
                yield EcgStrip(self.episode.strip, marks_of(self.episode, self.episode.strip))
        yield Static(_words(self.episode, self._zone), id="words")
        yield Footer()

    async def show(self, episode: Episode) -> None:
        """Newer words about the same episode."""
        if episode != self.episode:
            self.episode = episode
            await self.recompose()

    def action_zoom(self, step: int) -> None:
        """A larger or a smaller scale."""
        for strip in self.query(EcgStrip):
            strip.zoom = max(-2, min(2, strip.zoom + step))
            strip.refresh(layout=True)


def _title(episode: Episode, patient: Patient, zone: tzinfo) -> Text:
    colour = colours.PRIORITY_COLOURS[episode.priority]
    return Text.assemble(
        (finding_text(episode.finding), f"bold {colour}"),
        "   ",
        priority_cell(episode),
        "   ",
        (patient.name, f"bold {colours.TEXT}"),
        (f"   {moment_text(episode.onset_at, zone)}", colours.TEXT),
        "\n",
        *_facts(episode),
    )


def _facts(episode: Episode) -> list[tuple[str, str]]:
    so_far = "" if episode.phase == "end" else " so far"
    facts = [
        ("duration", duration_text(duration_s(episode)) + so_far),
        ("rate", rate_text(episode.heart_rate_bpm)),
        ("longest RR", milliseconds_text(episode.longest_rr_ms)),
        ("beats", beats_text(episode.beats)),
        ("state", phase_text(episode)),
    ]
    parts = []
    for label, value in facts:
        parts += [(f"{label} ", colours.QUIET), (f"{value}    ", colours.TEXT)]
    return parts


def _words(episode: Episode, zone: tzinfo) -> Text:
    text = Text()
    if episode.strip is not None:
        text.append_text(_about_strip(episode.strip, zone)).append("\n")
        text.append_text(_legend(episode, episode.strip))
    text.append("seen by ", colours.QUIET).append(witnesses_text(episode.seen_by), colours.TEXT)
    text.append(f", confidence {100 * episode.confidence:.0f} %\n", colours.QUIET)
    text.append_text(_sentence(episode.localization))
    if episode.end_look is not None:
        text.append("\nAt its end. ", colours.QUIET).append_text(_sentence(episode.end_look.localization))
    return text


def _about_strip(strip: Strip, zone: tzinfo) -> Text:
    start, length = moment_text(strip.start_at, zone), duration_text(strip_duration_s(strip))
    return Text.assemble(
        (f"Lead {strip.lead}", f"bold {colours.TEXT}"),
        (f"   starts {start}   {length} long   squares 0.2 s × 0.5 mV   RR in ms", colours.QUIET),
    )


def _legend(episode: Episode, strip: Strip) -> Text:
    text = Text()
    for kind in BeatClass:
        if any(beat.beat_class is kind for beat in strip.beats):
            text.append(f"{kind.value} ", f"bold {colours.BEAT_COLOURS[kind]}")
            text.append(f"{CLASS_NAMES[kind].lower()}  ", colours.QUIET)
    last_s = strip.beats[-1].at_s if strip.beats else 0.0
    if strip_duration_s(strip) - last_s > _BEATS_END_S:
        text.append(f"(beats marked to {last_s:.1f} s)  ", colours.QUIET)
    text.append("■ ", colours.EPISODE[1]).append("episode  ", colours.QUIET)
    if episode.localization and episode.localization.findings:
        text.append("━ ", colours.MODEL).append("language model  ", colours.QUIET)
    return text


def _sentence(answer: Localization | None) -> Text:
    """The language model's words, always marked as such, or why there are none."""
    if answer is None or not answer.sentence:
        return Text(f"No machine-written sentence: {no_sentence_text(answer)}.", colours.QUIET)
    model = f" by {answer.model}" if answer.model else ""
    return Text.assemble(
        (f"Machine-written{model}, check it against the strip: ", colours.MODEL),
        (answer.sentence, f"italic {colours.TEXT}"),
    )
