"""Whether the hub takes in what edges say, judged by its heartbeat in the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.config import HubConfig
from hub.freshness import CLOCKS_AGREE
from hub.health import Alarm, Judged, combined, judged
from hub.heartbeat import free_bytes
from hub.records import HubStatus
from hub.watch import silence_text, silent_for

_ALIVE_FOR: Final = timedelta(seconds=30)  # the hub writes every 5 s
_FULL_BYTES: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class HubWatch:
    """The hub at one moment; `heard` says when it last wrote."""

    alarm: Alarm
    word: str
    headline: str
    heard: str
    troubles: tuple[Judged, ...] = ()


HUB_UNKNOWN: Final = HubWatch(Alarm.NONE, "not known", "", "never")


def watch_of_hub(status: HubStatus | None, now: datetime, config: HubConfig) -> HubWatch:
    """Judge the hub on this computer's clock; one that never wrote of itself is an older one."""
    if status is None:
        return HUB_UNKNOWN
    silence = now - status.alive_at
    heard, troubles = f"{silence_text(silence)} ago", judged(status.health)
    if not status.is_running:
        words = f"THE HUB WAS STOPPED {heard}: nothing is taken in"
        return HubWatch(Alarm.NOTE, "stopped", words, heard, troubles)
    if not -CLOCKS_AGREE < silence < _ALIVE_FOR:
        alarm = Alarm.URGENT if silence >= config.stale_after[1] else Alarm.WARNING
        return HubWatch(alarm, "silent", _silent(silence, config), heard, troubles)
    alarm, headline = combined(*((one.alarm, one.headline) for one in troubles))
    return HubWatch(alarm, "running", headline, heard, troubles)


def _silent(silence: timedelta, config: HubConfig) -> str:
    """What a person can look at; whoever asks may see the disk, if it is on this computer."""
    file = config.database_file
    free = free_bytes(file.parent if file else None)
    is_full = free is not None and free < _FULL_BYTES
    why = "its disk is full" if is_full else "is it running, and can it write its database?"
    return f"THE HUB HAS WRITTEN NOTHING {silent_for(silence)}: {why}"
