"""Whether a device can be trusted to watch right now, in words: silence must never look like health."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from edge.events import LiveState
from edge.labels import DEFAULT_PRIORITY, Finding, Priority, Rhythm
from hub.freshness import CLOCKS_AGREE, freshness
from hub.health import BY_STATE, Alarm, Judged, combined, judged
from hub.records import DeviceStatus
from hub.wording import finding_text

_RHYTHM_NAMES: Final = {
    Rhythm.NON_AF: "no AF",
    Rhythm.ATRIAL_FIBRILLATION: "atrial fibrillation",
}


_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_LIVE_FOR: Final = timedelta(seconds=30)  # the edge speaks every second

_HEARD: Final = ("online", "no contact", "sensor lost", "ended")
"""Where the newest state is that of now."""

_ALARMS: Final = {
    Priority.HIGH: Alarm.URGENT,
    Priority.MEDIUM: Alarm.WARNING,
    Priority.LOW: Alarm.NONE,
    Priority.INFORMATION: Alarm.NONE,
}


@dataclass(frozen=True, slots=True)
class Watch:
    """A device at one moment. `rate_bpm` is there only while it is live; `last_rate_bpm` may be old.

    `troubles` are those that it told of last, the most urgent first.
    """

    device_id: str
    alarm: Alarm
    word: str
    headline: str
    heard: str
    is_live: bool = False
    rate_bpm: float | None = None
    last_rate_bpm: float | None = None
    rhythm: str = "–"
    contact: str = "–"
    battery: str = "–"
    backlog: str = "–"
    open_findings: tuple[str, ...] = ()
    troubles: tuple[Judged, ...] = ()


def watch_of(
    device_id: str, status: DeviceStatus | None, now: datetime, stale_after: tuple[timedelta, timedelta]
) -> Watch:
    """Judge a device on the hub's clock; `status` is `None` for one that was never heard."""
    if status is None:
        return Watch(device_id, Alarm.WARNING, "never heard", "NEVER HEARD: is the edge running?", "never")
    alarm, word, headline = _judge(status, now, stale_after)
    heard = f"{silence_text(now - status.heard_at)} ago"
    state = status.state
    if state is None:
        return Watch(device_id, alarm, word, headline, heard)
    is_live, troubles = word == "online", judged(state.health or ())
    if word in _HEARD:
        alarm, word, headline = _with_troubles(alarm, word, headline, troubles)
    return Watch(
        device_id=device_id,
        alarm=alarm,
        word=word,
        headline=headline,
        heard=heard,
        is_live=is_live,
        rate_bpm=state.heart_rate_bpm if is_live else None,
        last_rate_bpm=state.heart_rate_bpm,
        rhythm=_RHYTHM_NAMES[state.rhythm] if state.rhythm else "–",
        contact={True: "good", False: "NO SKIN CONTACT", None: "not told by this sensor"}[state.contact],
        battery="–" if state.battery_percent is None else f"{state.battery_percent} %",
        backlog=_backlog_text(state.outbox_backlog),
        open_findings=tuple(finding_text(finding) for finding in state.open_findings),
        troubles=troubles,
    )


def _with_troubles(
    alarm: Alarm, word: str, headline: str, troubles: tuple[Judged, ...]
) -> tuple[Alarm, str, str]:
    """What the device says of itself beside what is seen of it."""
    told = [(one.alarm, one.headline) for one in troubles if one.code not in BY_STATE]
    loudest, words = combined((alarm, headline), *told)
    is_new = word == "online" and loudest >= Alarm.WARNING and loudest > alarm
    return loudest, "trouble" if is_new else word, words


def _backlog_text(n_events: int) -> str:
    if not n_events:
        return "none"
    return "1 event waits" if n_events == 1 else f"{n_events} events wait"


def silence_text(silence: timedelta) -> str:
    """`3 s`, `42 min`, `5 h 07 min`, `2 d 03 h`; a clock that was set back counts as zero."""
    seconds = max(0, int(silence.total_seconds()))
    if seconds < _MINUTE_S:
        return f"{seconds} s"
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S} min"
    if seconds < 48 * _HOUR_S:
        return f"{seconds // _HOUR_S} h {seconds % _HOUR_S // _MINUTE_S:02d} min"
    return f"{seconds // 86400} d {seconds % 86400 // 3600:02d} h"


def silent_for(silence: timedelta) -> str:
    """`FOR 42 min`; nobody knows for how long where the clock was set back since."""
    if silence <= -CLOCKS_AGREE:
        return "SINCE THE CLOCK WAS SET BACK"
    return f"FOR {silence_text(silence)}"


def _judge(
    status: DeviceStatus, now: datetime, stale_after: tuple[timedelta, timedelta]
) -> tuple[Alarm, str, str]:
    """The most serious thing first: silence, then the way to the edge, the sensor, the skin, the heart."""
    how_fresh = freshness(status.heard_at, now, stale_after)
    silence = silence_text(now - status.heard_at)
    if how_fresh in ("stale", "urgent"):
        stopped = " (it was stopped)" if status.availability == "stopped" else ""
        alarm = Alarm.URGENT if how_fresh == "urgent" else Alarm.WARNING
        words = f"NOTHING HEARD {silent_for(now - status.heard_at)}{stopped}"
        return alarm, "stopped" if stopped else "stale", words
    if status.availability == "offline":
        return Alarm.WARNING, "offline", f"OFFLINE: connection to the edge lost, last heard {silence} ago"
    if status.availability == "stopped":
        return Alarm.NOTE, "stopped", f"NOT WATCHING: recording ended, stopped {silence} ago"
    if now - status.heard_at >= _LIVE_FOR:
        return Alarm.NOTE, "quiet", f"Nothing heard for {silence}: is the hub running?"
    return _judge_sensor(status.state, now)


def _judge_sensor(state: LiveState | None, now: datetime) -> tuple[Alarm, str, str]:
    if state is None or state.link == "connected":
        if state and state.contact is False:
            since = _since(state, "contact_lost", now)
            return Alarm.WARNING, "no contact", f"NO SKIN CONTACT{since}: the strap is off or dry"
        if state and not state.analysable:
            return Alarm.NOTE, "online", "Signal cannot be read at the moment"
        return _judge_heart(state.open_findings if state else ())
    if state.link == "ended":
        return Alarm.NOTE, "ended", "NOT WATCHING: the recording has ended"
    since = _since(state, "link_lost", now)
    return Alarm.WARNING, "sensor lost", f"SENSOR LOST{since}: the edge runs, the sensor is out of reach"


def _since(state: LiveState, code: str, now: datetime) -> str:
    """For how long, where the edge says so; its clock may not be the hub's."""
    began = [trouble.since for trouble in state.health or () if trouble.code == code]
    return f" FOR {silence_text(now - began[0])}" if began else ""


def _judge_heart(open_findings: tuple[Finding, ...]) -> tuple[Alarm, str, str]:
    """A finding of high or medium priority that goes on is as loud as silence."""
    loud = [finding for finding in DEFAULT_PRIORITY if finding in open_findings]
    alarm = max((_ALARMS[DEFAULT_PRIORITY[finding]] for finding in loud), default=Alarm.NONE)
    names = ", ".join(finding_text(finding) for finding in loud if _ALARMS[DEFAULT_PRIORITY[finding]])
    return alarm, "online", f"{names.upper()} NOW" if names else ""
