"""From a question to its answer: read it, then ask the history, the pages or the edge."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from edge.events import AskAnswer
from hub.ask import comparison, history, signal
from hub.ask.answer import Answer
from hub.ask.past import coverage, newest_week, past_of
from hub.ask.periods import Calendar, Period, period_of
from hub.ask.phrases import Intent, Reason
from hub.ask.question import QuestionError, cleaned
from hub.ask.reader import Reader, Reading, WindowKind
from hub.ask_client import SignalQuestion
from hub.config import HubConfig
from hub.knowledge_index import KnowledgeIndex, Passage
from hub.status import device_lines, hub_lines, overview
from hub.store import Store
from hub.wording import minute_text

AskEdge = Callable[[SignalQuestion], AskAnswer]
EXAMPLES: Final = (
    "How was my week?",
    "How often did I have atrial fibrillation since Monday?",
    "PVC burden of the last 3 days",
    "Longest pause last night?",
    "Is it better than last week?",
    "What do you see in the last minute?",
    "Look at episode 3f2a9c1e",
    "What is bigeminy?",
)
_REFUSALS: Final = {
    Reason.INSTRUCTION: "That is an instruction and not a question about the heart; it is not followed.",
    Reason.MEDICATION: "Hearth gives no advice on medicines or treatment; ask your doctor or pharmacist.",
    Reason.ADVICE: "Hearth cannot say what you may do; ask your doctor.",
    Reason.PROGNOSIS: "An ECG does not tell the future, and Hearth does not guess; ask your doctor.",
    Reason.DIAGNOSIS: "Hearth makes no diagnosis beyond its findings; show the report to your doctor.",
}
_EMERGENCY: Final = (
    "If this is happening now, call your emergency number at once (112 in Europe, 911 in North America)."
    " Hearth cannot judge symptoms, and calls nobody."
)
_IN_NEED: Final = "If somebody is unwell, do not ask Hearth: call your emergency number or a doctor."
_CALL: Final = "emergency#call-at-once"
_ON_THE_PAGES: Final = (Reason.PROGNOSIS, Reason.DIAGNOSIS)  # no page is about medicines, or what one may do


@dataclass(frozen=True, slots=True)
class Asker:
    """Who is asked about: one patient of a hub. `ask_edge` reaches the edge; it may raise `AskError`."""

    store: Store
    config: HubConfig
    patient_id: str
    now: datetime
    ask_edge: AskEdge
    deadline_s: float
    reader: Reader
    index: KnowledgeIndex

    @property
    def calendar(self) -> Calendar:
        """The hub's clock and zone."""
        return Calendar(self.now, self.config.time_zone)


def answer(asker: Asker, question: str, episode: str | None = None) -> Answer:
    """Answer a question as typed, or about one episode; raises `QuestionError`."""
    line = cleaned(question)
    reading = asker.reader.read(line)
    if episode is not None and reading.intent not in (Intent.REFUSED, Intent.EMERGENCY):
        beginning = episode.lower().replace("-", "")
        reading = Reading(Intent.SIGNAL, "--episode", window=WindowKind.EPISODE, episode=beginning)
    return _BY_INTENT.get(reading.intent, _remembered)(asker, line, reading)


def passages(index: KnowledgeIndex, reader: Reader, line: str, reading: Reading) -> list[Passage]:
    """The pages' word on a question, best first; on one that is refused only what names what it names."""
    if reading.intent is Intent.EMERGENCY:
        return [index.passage(_CALL)]
    if reading.intent is not Intent.REFUSED:
        return index.find(line)
    named = reader.named(line) if reading.reason in _ON_THE_PAGES else ()
    return index.find(line, naming=named) if named else []


def _refused(asker: Asker, line: str, reading: Reading) -> Answer:
    assert reading.reason is not None, "each rule that refuses says why"
    found = passages(asker.index, asker.reader, line, reading)[:1]
    return Answer("refused", reading, (_REFUSALS[reading.reason],), tuple(found))


def _emergency(asker: Asker, line: str, reading: Reading) -> Answer:
    return Answer(
        "answered", reading, (_EMERGENCY,), tuple(passages(asker.index, asker.reader, line, reading))
    )


def _explained(asker: Asker, line: str, reading: Reading) -> Answer:
    found = passages(asker.index, asker.reader, line, reading)[:1]
    return Answer("answered", reading, (), tuple(found)) if found else _not_understood(asker, line, reading)


def _not_understood(_asker: Asker, _line: str, reading: Reading) -> Answer:
    examples = tuple(f"  {example}" for example in EXAMPLES)
    first = "This was not understood. What can be asked, for example:"
    return Answer("not_understood", reading, (first, *examples, _IN_NEED))


def _device_status(asker: Asker, _line: str, reading: Reading) -> Answer:
    seen = overview(asker.store, asker.config, asker.now, asker.now, asker.patient_id)
    devices = (line for person in seen["patients"] for line in device_lines(person))
    return Answer("answered", reading, (*hub_lines(seen["hub"]), *devices))


def _remembered(asker: Asker, line: str, reading: Reading) -> Answer:
    latest_at = asker.store.latest_at(asker.patient_id)
    period = period_of(line, asker.calendar) or _default(reading, latest_at, asker.calendar)
    past = past_of(asker.store, asker.patient_id, period, asker.config.time_zone)
    if past.is_empty:
        return Answer("no_data", reading, (_nothing(period, latest_at, asker),))
    said = history.sentences(reading.intent, past, reading.subject)
    return Answer("answered", reading, (*said, coverage(past)))


def _default(reading: Reading, latest_at: datetime | None, calendar: Calendar) -> Period:
    """All that is stored for `when was the last`, else a week."""
    week = newest_week(latest_at, calendar)
    if reading.intent is Intent.LATEST:
        return period_of("ever", Calendar(week.to_at, calendar.zone)) or week
    return week


def _nothing(period: Period, latest_at: datetime | None, asker: Asker) -> str:
    if latest_at is None:
        return "Nothing has been recorded yet."
    latest = minute_text(latest_at, asker.config.time_zone)
    return f"Nothing was recorded {period.name}; the latest data end {latest}."


def _compared(asker: Asker, line: str, reading: Reading) -> Answer:
    calendar, latest_at = asker.calendar, asker.store.latest_at(asker.patient_id)
    periods = comparison.compared_periods(line, calendar, newest_week(latest_at, calendar))
    earlier, later = (past_of(asker.store, asker.patient_id, period, calendar.zone) for period in periods)
    for past in (earlier, later):
        if past.is_empty:
            return Answer("no_data", reading, (_nothing(past.period, latest_at, asker),))
    return Answer("answered", reading, tuple(comparison.sentences(earlier, later, reading.subject)))


def _looked_at(asker: Asker, line: str, reading: Reading) -> Answer:
    zone = asker.config.time_zone
    about = signal.windows(asker.store, asker.patient_id, reading, line, asker.calendar)
    device_id = _device(asker)
    known: tuple[str, ...] = ()
    if about[0].episode_id is not None:
        episode = signal.episode_called(asker.store, asker.patient_id, about[0].episode_id.hex)
        known, device_id = (signal.episode_sentence(episode, zone),), episode.device_id
    question = SignalQuestion(device_id, asker.patient_id, line, about, asker.deadline_s)
    said = asker.ask_edge(question)
    stored = signal.stored_sentences(asker.store, asker.patient_id, said, zone)
    return Answer(said.status, reading, (*known, *signal.sentences(said, zone), *stored), signal=said)


def _device(asker: Asker) -> str:
    """The patient's device that is online, else the first of the config."""
    heard = [device for device in asker.store.devices(asker.patient_id) if device.availability == "online"]
    if heard:
        return max(heard, key=lambda device: device.heard_at).device_id
    owned = [device for device, owner in asker.config.patient_of_device.items() if owner == asker.patient_id]
    if not owned:
        raise QuestionError(f"{asker.patient_id} has no device in the config, so no signal can be looked at")
    return owned[0]


_BY_INTENT: Final[dict[Intent, Callable[[Asker, str, Reading], Answer]]] = {
    Intent.REFUSED: _refused,
    Intent.EMERGENCY: _emergency,
    Intent.KNOWLEDGE: _explained,
    Intent.UNKNOWN: _not_understood,
    Intent.STATUS: _device_status,
    Intent.SIGNAL: _looked_at,
    Intent.COMPARE: _compared,
}
