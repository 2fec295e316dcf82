"""Colours, and the signs that say the same without colour. Alarm colours follow IEC 60601-1-8."""

from typing import Final

from edge.labels import BeatClass, Priority
from hub.health import Alarm

TEXT: Final = "#dce3ea"
QUIET: Final = "#8b97a5"
FAINT: Final = "#5b6775"
TRACE: Final = "#8df0a8"
BAND: Final = "#2f6b48"
MODEL: Final = "#c3a6ff"
PAPER: Final = ("#1a1416", "#271c20")
EPISODE: Final = ("#22233d", "#33365f")
RED: Final = "#ff5c5c"
YELLOW: Final = "#ffd84d"
CYAN: Final = "#5fe0f0"

PRIORITY_COLOURS: Final = {
    Priority.HIGH: RED,
    Priority.MEDIUM: YELLOW,
    Priority.LOW: CYAN,
    Priority.INFORMATION: QUIET,
}
PRIORITY_SIGNS: Final = {
    Priority.HIGH: "!!!",
    Priority.MEDIUM: "!!",
    Priority.LOW: "!",
    Priority.INFORMATION: "i",
}
PRIORITY_MARKS: Final = {
    Priority.HIGH: "▲",
    Priority.MEDIUM: "◆",
    Priority.LOW: "●",
    Priority.INFORMATION: "•",
}
ALARM_COLOURS: Final = {Alarm.NONE: TRACE, Alarm.NOTE: QUIET, Alarm.WARNING: YELLOW, Alarm.URGENT: RED}
ALARM_SIGNS: Final = {Alarm.NONE: "●", Alarm.NOTE: "○", Alarm.WARNING: "▲", Alarm.URGENT: "▲"}
BEAT_COLOURS: Final = {
    BeatClass.NORMAL: QUIET,
    BeatClass.SUPRAVENTRICULAR: CYAN,
    BeatClass.VENTRICULAR: RED,
    BeatClass.FUSION: YELLOW,
    BeatClass.UNKNOWN: TEXT,
}
