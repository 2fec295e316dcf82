"""The course of the period: heart rate as a braille line in its min-max band, signal, a lane a priority."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final

import numpy as np
import numpy.typing as npt
from rich.text import Text
from textual.widget import Widget

from edge.labels import Priority
from hub.records import Episode, Minute
from hub.tui import colours
from hub.tui.canvas import DOTS_ACROSS, Canvas, filled
from hub.tui.view import History
from hub.wording import PRIORITY_ORDER

_MARGIN: Final = 5
_LANES: Final = {
    "high": Priority.HIGH,
    "med": Priority.MEDIUM,
    "low": Priority.LOW,
    "info": Priority.INFORMATION,
}
_ALL_LANES_FROM_ROWS: Final = 9
_SIGNAL_FROM_ROWS: Final = 10
_MOSTLY: Final = 0.5
_SIGNAL: Final = {
    "none": (" ", colours.QUIET),
    "worn": ("░", colours.YELLOW),
    "intervals": ("┄", colours.TRACE),
    "read": ("▀", colours.BAND),
}
_MINUTE: Final = timedelta(minutes=1)
_STEPS: Final = [timedelta(minutes=n) for n in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880)]
_LABEL_COLUMNS: Final = 12

Floats = npt.NDArray[np.float64]


class Timeline(Widget):
    """Draws the history that it was given last."""

    def __init__(self, zone: tzinfo) -> None:
        super().__init__(id="timeline")
        self._zone = zone
        self._history: History | None = None

    def show(self, history: History | None) -> None:
        """Draw anew if there is anything new."""
        if history is not self._history:
            self._history = history
            self.refresh()

    def render(self) -> Text:
        """All of it."""
        if self._history is None or not self._history.minutes:
            return Text("No minute of measurements yet", colours.QUIET)
        return draw(self._history, self._zone, self.size.width, self.size.height).text()


def span(minutes: Sequence[Minute]) -> tuple[datetime, datetime]:
    """From the first minute to the end of the last one."""
    return minutes[0].start_at, minutes[-1].start_at + _MINUTE


def draw(history: History, zone: tzinfo, width: int, height: int) -> Canvas:
    """Plot, axis, signal, lanes; at few rows the lanes share one, and the most urgent mark is on top."""
    lanes = len(_LANES) if height >= _ALL_LANES_FROM_ROWS else 1
    signal = 1 if height >= _SIGNAL_FROM_ROWS else 0
    rows, columns = max(2, height - 1 - signal - lanes), max(10, width - _MARGIN)
    below = rows + 1 + signal
    canvas = Canvas(below + lanes, _MARGIN + columns)
    from_at, to_at = span(history.minutes)
    _draw_rate(canvas, history.minutes, rows, columns)
    _draw_axis(canvas, rows, from_at, to_at, zone)
    if signal:
        _draw_signal(canvas, history.minutes, rows + 1)
    for episode in sorted(history.episodes, key=lambda one: -PRIORITY_ORDER[one.priority]):
        _draw_mark(canvas, episode, below, from_at, to_at)
    for row, word in enumerate(_LANES if lanes > 1 else ["marks"], below):
        priority = _LANES.get(word)
        canvas.write(row, 0, word, colours.PRIORITY_COLOURS[priority] if priority else colours.QUIET)
    return canvas


def rate_columns(minutes: Sequence[Minute], columns: int) -> tuple[Floats, Floats, Floats]:
    """Lowest, mean and highest rate in each of `columns` equal parts of the span; NaN where none is known."""
    from_at, to_at = span(minutes)
    per_column = (to_at - from_at) / columns
    low, high = (np.full(columns, np.nan) for _ in range(2))
    total, count = np.zeros(columns), np.zeros(columns)
    for minute in minutes:
        part = _columns_of(minute, from_at, per_column)
        low[part] = np.fmin(low[part], _number(minute.min_heart_rate_bpm))
        high[part] = np.fmax(high[part], _number(minute.max_heart_rate_bpm))
        if minute.mean_heart_rate_bpm is not None:
            total[part] += minute.mean_heart_rate_bpm
            count[part] += 1
    return low, np.divide(total, count, out=np.full(columns, np.nan), where=count > 0), high


def signal_columns(minutes: Sequence[Minute], columns: int) -> list[str]:
    """`none`, `worn` (mostly not analysable), `intervals` or `read` in `columns` equal parts of the span."""
    from_at, to_at = span(minutes)
    per_column = (to_at - from_at) / columns
    worn, analysable, intervals = np.zeros(columns), np.zeros(columns), np.zeros(columns)
    for minute in minutes:
        part = _columns_of(minute, from_at, per_column)
        worn[part] += minute.wear_s
        analysable[part] += minute.analysable_s
        intervals[part] += minute.wear_s if minute.measured_by == "intervals" else 0
    read = np.where(analysable >= _MOSTLY * worn, "read", "worn")
    kinds = np.where((read == "read") & (intervals >= _MOSTLY * worn), "intervals", read)
    return [str(kind) if w else "none" for w, kind in zip(worn, kinds, strict=True)]


def _columns_of(minute: Minute, from_at: datetime, per_column: timedelta) -> slice:
    """The columns that a minute covers, at least one."""
    first = int((minute.start_at - from_at) / per_column)
    return slice(first, max(first + 1, round((minute.start_at + _MINUTE - from_at) / per_column)))


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _draw_rate(canvas: Canvas, minutes: Sequence[Minute], rows: int, columns: int) -> None:
    low, mean, high = rate_columns(minutes, columns * DOTS_ACROSS)
    if np.isnan(mean).all():
        canvas.write(rows // 2, _MARGIN, "no heart rate could be read", colours.QUIET)
        return
    bottom = 10 * np.floor(np.nanmin(np.fmin(low, mean)) / 10)
    top = max(10 * np.ceil(np.nanmax(np.fmax(high, mean)) / 10), bottom + 20)
    low, mean, high = ((values - bottom) / (top - bottom) for values in (low, mean, high))
    canvas.plot(0, _MARGIN, filled(low, high, rows), colours.BAND)
    canvas.plot(0, _MARGIN, filled(*_line(mean), rows), colours.TRACE)
    for row, value in ((0, top), (rows - 1, bottom)):
        canvas.write(row, 0, f"{value:3.0f} ", colours.QUIET)
    canvas.write(rows // 2, 0, "/min", colours.FAINT)


def _line(mean: Floats) -> tuple[Floats, Floats]:
    """Lowest and highest value in each column so that neighbours touch."""
    before = np.concatenate([mean[:1], mean[:-1]])
    joined = np.where(np.isnan(before), mean, before)
    return np.minimum(mean, joined), np.maximum(mean, joined)


def _draw_signal(canvas: Canvas, minutes: Sequence[Minute], row: int) -> None:
    canvas.write(row, 0, "ecg", colours.QUIET)
    for column, kind in enumerate(signal_columns(minutes, canvas.columns - _MARGIN), _MARGIN):
        canvas.write(row, column, *_SIGNAL[kind])


def _draw_axis(canvas: Canvas, row: int, from_at: datetime, to_at: datetime, zone: tzinfo) -> None:
    canvas.write(row, _MARGIN, "─" * canvas.columns, colours.FAINT)
    for at in ticks(from_at, to_at, (canvas.columns - _MARGIN) // _LABEL_COLUMNS, zone):
        column = _column(canvas, at, from_at, to_at)
        is_day = at.astimezone(zone).strftime("%H:%M") == "00:00"
        label = at.astimezone(zone).strftime("%a %d %b" if is_day else "%H:%M")
        canvas.write(row, column, "┬", colours.QUIET)
        if column + len(label) < canvas.columns:
            canvas.write(row, column + 1, label, colours.QUIET)


def ticks(from_at: datetime, to_at: datetime, most: int, zone: tzinfo) -> list[datetime]:
    """Round clock times in the zone, at most about `most`."""
    step = next((one for one in _STEPS if (to_at - from_at) / one <= max(1, most)), _STEPS[-1])
    local = from_at.astimezone(zone)
    at = local.replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    while at <= to_at:
        if at >= from_at:
            found.append(at)
        at += step
    return found


def _draw_mark(canvas: Canvas, episode: Episode, row: int, from_at: datetime, to_at: datetime) -> None:
    lanes = list(_LANES.values())
    lane = lanes.index(episode.priority) if canvas.rows - row > 1 else 0
    start = _column(canvas, episode.onset_at, from_at, to_at)
    end = _column(canvas, episode.end_at or episode.observed_until_at, from_at, to_at)
    colour = colours.PRIORITY_COLOURS[episode.priority]
    canvas.write(row + lane, start, "━" * (end - start), colour)
    canvas.write(row + lane, start, colours.PRIORITY_MARKS[episode.priority], colour, bold=True)


def _column(canvas: Canvas, at: datetime, from_at: datetime, to_at: datetime) -> int:
    share = (at - from_at) / (to_at - from_at)
    columns = canvas.columns - _MARGIN
    return _MARGIN + min(columns - 1, max(0, int(share * columns)))
