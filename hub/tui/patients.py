"""The left column: each patient with the live state of the devices, never a number that is not live."""

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Digits, Static

from hub.health import Alarm
from hub.tui import colours
from hub.tui.view import PatientView
from hub.watch import Watch
from hub.wording import rate_text


class PatientCard(Vertical):
    """One patient: name, device, big heart rate, facts."""

    class Chosen(Message):
        """Somebody clicked on a patient."""

        def __init__(self, patient_id: str) -> None:
            super().__init__()
            self.patient_id = patient_id

    def __init__(self, patient_id: str) -> None:
        super().__init__(classes="card")
        self.patient_id = patient_id

    def compose(self) -> ComposeResult:
        """Name and state, rate, facts."""
        yield Static(classes="who")
        with Horizontal(classes="live"):
            yield Digits("", classes="rate")
            yield Static("/min", classes="unit")
        yield Static(classes="facts")

    def on_click(self) -> None:
        """Choose this patient."""
        self.post_message(self.Chosen(self.patient_id))

    def show(self, view: PatientView, *, selected: bool) -> None:
        """The newest state."""
        watch = view.worst
        if selected and not self.has_class("selected"):
            self.call_after_refresh(self.scroll_visible)
        self.set_class(selected, "selected")
        for alarm in Alarm:
            self.set_class(watch.alarm is alarm, f"alarm-{alarm.name.lower()}")
        self.query_one(".who", Static).update(_who(view))
        rate = "--" if watch.rate_bpm is None else f"{watch.rate_bpm:.0f}"
        self.query_one(Digits).update(rate)
        self.query_one(".facts", Static).update(_facts(view))


class Patients(VerticalScroll):
    """All patients."""

    async def show(self, views: tuple[PatientView, ...], selected: PatientView | None) -> None:
        """Bring the cards up to date; mount them where the patients have changed."""
        cards = list(self.query(PatientCard))
        if [card.patient_id for card in cards] != [view.patient.patient_id for view in views]:
            await self.remove_children()
            cards = [PatientCard(view.patient.patient_id) for view in views]
            await self.mount_all(cards)
        for card, view in zip(cards, views, strict=True):
            if card.is_mounted and card.query(Digits):  # not while the app closes
                card.show(view, selected=view is selected)


def _who(view: PatientView) -> Text:
    watch = view.worst
    colour = colours.ALARM_COLOURS[watch.alarm]
    return Text.assemble(
        (view.patient.name, f"bold {colours.TEXT}"),
        "\n",
        (f"{colours.ALARM_SIGNS[watch.alarm]} {watch.word}", f"bold {colour}"),
        *(_headline(watch) if watch.alarm >= Alarm.WARNING else ()),
        overflow="ellipsis",
    )


def _headline(watch: Watch) -> tuple[str, tuple[str, str]]:
    return "\n", (watch.headline, f"bold {colours.ALARM_COLOURS[watch.alarm]}")


def _facts(view: PatientView) -> Text:
    watch = view.worst
    rows = [
        ("heard", watch.heard),
        ("rhythm", watch.rhythm),
        ("contact", watch.contact),
        ("battery", watch.battery),
        ("backlog", watch.backlog),
        ("device", watch.device_id + (f" +{len(view.watches) - 1}" if view.watches[1:] else "")),
    ]
    if not watch.is_live and watch.last_rate_bpm is not None:
        rows.insert(1, ("last", rate_text(watch.last_rate_bpm)))
    text = Text(no_wrap=True, overflow="ellipsis")
    for label, value in rows:
        text.append(f"{label:<8}", colours.QUIET).append(
            f"{value}\n", colours.TEXT if watch.is_live else colours.QUIET
        )
    text.append(f"{'now':<8}", colours.QUIET)
    if not watch.is_live:
        text.append("not known", f"bold {colours.TEXT}")
    elif watch.open_findings:
        colour = colours.ALARM_COLOURS[watch.alarm]
        text.append("".join(f"\n  {finding}" for finding in watch.open_findings), f"bold {colour}")
    else:
        text.append("no finding open", colours.TEXT)
    return text
