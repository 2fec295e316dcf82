"""What a trouble of an edge or of the hub means to a person: how loud it is, and its headline."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from edge.health import Trouble, TroubleCode
from hub.records import Lasted


class Alarm(IntEnum):
    """How much a person has to know it."""

    NONE = 0
    NOTE = 1
    WARNING = 2
    URGENT = 3


@dataclass(frozen=True, slots=True)
class Judged:
    """A trouble with its loudness; `name` is for a person, `text` has the numbers."""

    code: str
    alarm: Alarm
    name: str
    since: datetime
    text: str

    @property
    def headline(self) -> str:
        """A warning is written large, as far as its colon."""
        loud, colon, rest = self.name.partition(":")
        return loud.upper() + colon + rest if self.alarm >= Alarm.WARNING else self.name


_A_WHILE: Final = timedelta(minutes=1)
BY_STATE: Final = ("link_lost", "contact_lost")
"""Troubles that the live state and notices tell too."""
KNOWN: Final[dict[TroubleCode, tuple[Alarm, str]]] = {
    "analysis_stalled": (Alarm.URGENT, "The analysis stands still: no alarm can come"),
    "link_lost": (Alarm.WARNING, "Sensor lost: the edge runs, the sensor is out of reach"),
    "contact_lost": (Alarm.WARNING, "No skin contact: the strap is off or dry"),
    "not_recording": (Alarm.WARNING, "Raw ECG is not recorded: it is analysed, and then lost"),
    "disk_low": (Alarm.WARNING, "The home computer's disk is nearly full"),
    "outbox_unsaved": (Alarm.WARNING, "Events cannot be saved at home: a power cut would lose them"),
    "outbox_full": (Alarm.WARNING, "Too many events wait at home: the oldest are given up"),
    "backlog_old": (Alarm.WARNING, "Events do not get through to the hub"),
    "analysis_left_out": (Alarm.WARNING, "Part of the ECG could not be analysed"),
    "signal_too_large": (Alarm.WARNING, "The ECG is larger than any heart's: its unit is wrong"),
    "battery_low": (Alarm.WARNING, "The sensor's battery is low"),
    "cpu_hot": (Alarm.WARNING, "The home computer is too hot"),
    "under_voltage": (Alarm.WARNING, "The home computer's power supply is too weak"),
    "memory_low": (Alarm.WARNING, "The home computer runs out of memory"),
    "clock_unset": (Alarm.WARNING, "The home computer's clock was never set"),
    "hub_disk_low": (Alarm.WARNING, "The hub's disk is nearly full"),
    "hub_database": (Alarm.WARNING, "The hub cannot write its database"),
    "broker_lost": (Alarm.WARNING, "The hub cannot reach its broker: nothing comes in"),
    "analysis_restarted": (Alarm.NOTE, "The analysis had to be begun again"),
    "language_model_absent": (Alarm.NOTE, "The language model does not answer"),
    "model_taken_back": (Alarm.NOTE, "A new model did not work and was taken back"),
    "clock_unsynchronised": (Alarm.NOTE, "The home computer's clock may be off"),
    "quota_near": (Alarm.NONE, "The recordings are near their quota: the oldest go first"),
    "under_voltage_before": (Alarm.NONE, "The home computer's power supply was too weak at times"),
}
"""The most serious first, in plain words."""


def judged(troubles: Iterable[Trouble]) -> tuple[Judged, ...]:
    """The most urgent first; a code that this version does not know is a warning."""
    found = [_judge(trouble) for trouble in troubles]
    order = {str(code): place for place, code in enumerate(KNOWN)}
    return tuple(sorted(found, key=lambda one: (-one.alarm, order.get(one.code, len(order)))))


def _judge(trouble: Trouble) -> Judged:
    unknown = Alarm.WARNING, trouble.code.replace("_", " ").capitalize()
    alarm, name = next((KNOWN[code] for code in KNOWN if code == trouble.code), unknown)
    return Judged(trouble.code, alarm, name, trouble.since, trouble.text)


def combined(*sayings: tuple[Alarm, str]) -> tuple[Alarm, str]:
    """The loudest, and all headlines that are warnings; notes only where nothing is louder."""
    spoken = sorted(((alarm, words) for alarm, words in sayings if alarm and words), key=lambda one: -one[0])
    if not spoken:
        return Alarm.NONE, ""
    loudest = spoken[0][0]
    least = min(loudest, Alarm.WARNING)
    return loudest, "; ".join(dict.fromkeys(words for alarm, words in spoken if alarm >= least))


def worth_telling(lasted: Iterable[Lasted]) -> tuple[Lasted, ...]:
    """What lasted for a minute and more, and is not told by notices anyway."""
    return tuple(
        one
        for one in lasted
        if one.heard_at - one.trouble.since >= _A_WHILE and one.trouble.code not in BY_STATE
    )
