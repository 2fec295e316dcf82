"""Ask about a patient, or about one episode: the question goes the way of `hearth ask`."""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.text import Text
from sqlalchemy.exc import SQLAlchemyError
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from edge.events import QUESTION_CHARACTERS
from hub.ask.answer import Answer
from hub.ask.answering import EXAMPLES
from hub.ask.asking import DEADLINE_S, ask
from hub.records import Episode, Patient
from hub.tui import colours
from hub.tui.source import Source
from hub.wording import finding_text, short_id

_TICK_S: Final = 0.25
_ABOUT_EPISODE: Final = "What happened here?"
_LIMITS: Final = (
    "Hearth gives no diagnosis and no advice on medicines, and is not for emergencies: call your emergency"
    " number. The signal itself is looked at by the edge, which has to run."
)


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a question: the answer, or in words why there is none."""

    question: str
    answer: Answer | None = None
    failure: str = ""


class AskScreen(ModalScreen[None]):
    """An input over the answers, the newest first. The dashboard goes on behind it."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss", "Back")]

    class Settled(Message):
        """A question is answered, or cannot be."""

        def __init__(self, said: Said) -> None:
            super().__init__()
            self.said = said

    def __init__(self, source: Source, patient: Patient, episode: Episode | None = None) -> None:
        super().__init__()
        self._source, self._patient, self._episode = source, patient, episode
        self._asked_s: float | None = None
        self._asked = ""
        self.said: list[Said] = []

    @property
    def is_busy(self) -> bool:
        """A question is on its way."""
        return self._asked_s is not None

    def compose(self) -> ComposeResult:
        """The alarm line stays in sight."""
        yield Static(id="silence")
        with Vertical(classes="box", id="ask") as box:
            box.border_title = f"Ask about {self._patient.name}{_about(self._episode)}"
            box.border_subtitle = "Enter asks, Escape goes back"
            example = EXAMPLES[0] if self._episode is None else _ABOUT_EPISODE
            yield Input(placeholder=f"in English, e.g. {example}", max_length=QUESTION_CHARACTERS)
            yield Static(id="asking")
            with VerticalScroll():
                yield Static(_first(), id="answers")

    def on_mount(self) -> None:
        """The words that say how long it takes are kept up to date."""
        self.query_one(Input).focus()
        self.set_interval(_TICK_S, self._tick)

    @on(Input.Submitted)
    def _ask(self, submitted: Input.Submitted) -> None:
        """One at a time; a daemon thread, as an app that is closed must not wait for the edge."""
        if self.is_busy or not submitted.value.strip():
            return
        self._asked, self._asked_s = submitted.value.strip(), time.monotonic()
        submitted.input.clear()
        self._tick()
        threading.Thread(target=self._find_out, args=(self._asked,), name="ask", daemon=True).start()

    def _find_out(self, question: str) -> None:
        settled = self.Settled(self._answer(question))
        with suppress(RuntimeError):  # the app was closed meanwhile
            self.post_message(settled)

    def _answer(self, question: str) -> Said:
        episode = None if self._episode is None else self._episode.episode_id.hex
        try:
            store, config = self._source.store(), self._source.config
            return Said(question, ask(store, config, self._patient.patient_id, question, episode, DEADLINE_S))
        except Exception as error:  # noqa: BLE001 whatever it is, it is told to who asked
            return Said(question, failure=_reason(error))

    @on(Settled)
    def _show(self, settled: Settled) -> None:
        self._asked_s = None
        self.said.insert(0, settled.said)
        self._tick()
        text = Text("\n\n").join(_words(said) for said in self.said)
        self.query_one("#answers", Static).update(text)
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def _tick(self) -> None:
        words = Text()
        if self._asked_s is not None:
            waited_s = time.monotonic() - self._asked_s
            sign = "◐◓◑◒"[int(waited_s / _TICK_S) % 4]
            words.append(f"{sign} {self._asked}\n", colours.TEXT)
            words.append(f"  {waited_s:.0f} s; the edge may take {DEADLINE_S:.0f} s", colours.QUIET)
        asking = self.query_one("#asking", Static)
        asking.update(words)
        asking.display = self.is_busy


def _about(episode: Episode | None) -> str:
    if episode is None:
        return ""
    return f": {finding_text(episode.finding).lower()} {short_id(episode.episode_id)}"


def _reason(error: Exception) -> str:
    """In words for a person."""
    if getattr(error, "for_user", False):
        return str(error)
    if isinstance(error, SQLAlchemyError):
        return f"the database cannot be read: {getattr(error, 'orig', None) or error}"
    return f"{type(error).__name__}: {error}"


def _first() -> Text:
    text = Text("For example\n", colours.QUIET)
    text.append("".join(f"  {example}\n" for example in EXAMPLES), colours.TEXT)
    return text.append(f"\n{_LIMITS}", colours.QUIET)


def _words(said: Said) -> Text:
    text = Text().append(f"{said.question}\n", f"bold {colours.CYAN}")
    if said.answer is None:
        return text.append(f"No answer: {said.failure}", colours.YELLOW)
    colour = colours.TEXT if said.answer.status == "answered" else colours.YELLOW
    parts = [Text("\n".join(said.answer.sentences), colour)] if said.answer.sentences else []
    for passage in said.answer.passages:
        cited = Text.assemble((passage.text, colours.TEXT), (f" [{passage.ref}]", colours.MODEL))
        parts.append(cited.append(f"\n{passage.title}. Sources: {passage.sources}", colours.QUIET))
    return text.append_text(Text("\n").join(parts))
