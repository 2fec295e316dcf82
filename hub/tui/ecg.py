"""An ECG strip in braille on squares of 0.2 s and 0.5 mV; with enough room it has the shape of paper."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from rich.text import Text
from textual.geometry import Size
from textual.widget import Widget

from edge.events import Strip
from hub.burden import duration_s, rr_intervals_ms
from hub.records import Episode
from hub.strip import (
    LARGE_SQUARE_MV,
    LARGE_SQUARE_S,
    Limits,
    StripLine,
    centred_mv,
    limits_mv,
    split_lines,
    strip_duration_s,
)
from hub.tui import colours
from hub.tui.canvas import DOTS_ACROSS, Canvas, filled

_MARGIN: Final = 6
_SQUARES: Final = ((6, 3), (4, 2), (4, 1), (2, 1))
_ABOVE, _BELOW = 1, 1
_ROUNDING: Final = 1e-6

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Layout:
    """A large square of 0.2 s by 0.5 mV is `square_columns` cells wide and `square_rows` high."""

    square_columns: int
    square_rows: int
    line_s: int
    lines: int
    limits: Limits

    @property
    def plot_rows(self) -> int:
        """Cells down the box of one line."""
        return self.square_rows * round(self.limits.span_mv / LARGE_SQUARE_MV)

    @property
    def line_rows(self) -> int:
        """One line with its beat labels and its seconds."""
        return _ABOVE + self.plot_rows + _BELOW

    @property
    def rows(self) -> int:
        """All lines."""
        return self.lines * self.line_rows


@dataclass(frozen=True, slots=True)
class Marks:
    """Where the episode is, and where the language model says so, in seconds from the first sample."""

    episode_s: tuple[float, float]
    localized_s: tuple[tuple[float, float], ...]


def marks_of(episode: Episode, strip: Strip) -> Marks:
    """What is to be marked on the strip of an episode."""
    start_s = (episode.onset_at - strip.start_at).total_seconds()
    said = episode.localization.findings if episode.localization else ()
    return Marks(
        (start_s, start_s + duration_s(episode)),
        tuple((found.start_s, found.end_s) for found in said if "language_model" in found.seen_by),
    )


class EcgStrip(Widget):
    """Draws one strip as large as its space allows."""

    def __init__(self, strip: Strip, marks: Marks) -> None:
        super().__init__(id="ecg")
        self.strip = strip
        self.marks = marks
        self.zoom = 0

    def layout_for(self, width: int, height: int) -> Layout:
        """The layout in a space, with the zoom that was asked for."""
        return fit(self.strip, width, height, self.zoom)

    def get_content_height(self, container: Size, _viewport: Size, width: int) -> int:
        """As many rows as the layout needs; what is around scrolls."""
        return self.layout_for(width, container.height).rows

    def render(self) -> Text:
        """All lines."""
        space = self.parent.size.height if isinstance(self.parent, Widget) else self.size.height
        return draw(self.strip, self.marks, self.layout_for(self.size.width, space)).text()


def fit(strip: Strip, width: int, height: int, zoom: int = 0) -> Layout:
    """The largest scale at which all lines can be seen at once, or the smallest; `zoom` steps beyond it."""
    limits = limits_mv(centred_mv(strip))
    layouts = [_layout(strip, width, limits, square) for square in _SQUARES]
    best = next((at for at, layout in enumerate(layouts) if layout.rows <= height), len(layouts) - 1)
    return layouts[min(len(layouts) - 1, max(0, best - zoom))]


def _layout(strip: Strip, width: int, limits: Limits, square: tuple[int, int]) -> Layout:
    """Lines of equal whole seconds."""
    columns_per_s = round(square[0] / LARGE_SQUARE_S)
    most_s = max(1, (width - _MARGIN) // columns_per_s)
    length_s = strip_duration_s(strip)
    lines = max(1, int(np.ceil(length_s / most_s)))
    line_s = int(np.ceil(length_s / lines))
    return Layout(*square, line_s, int(np.ceil(length_s / line_s)), limits)


def draw(strip: Strip, marks: Marks, layout: Layout) -> Canvas:
    """Every line: beat labels, trace on squares, seconds."""
    columns = round(layout.line_s / LARGE_SQUARE_S) * layout.square_columns
    canvas = Canvas(layout.rows, _MARGIN + columns)
    intervals_ms = dict(zip((beat.at_s for beat in strip.beats[1:]), rr_intervals_ms(strip), strict=True))
    for index, line in enumerate(split_lines(strip, layout.line_s)):
        row = index * layout.line_rows
        _draw_beats(canvas, row, line, layout, intervals_ms)
        _draw_squares(canvas, row + _ABOVE, line, layout, marks.episode_s)
        _draw_trace(canvas, row + _ABOVE, line, layout)
        _draw_seconds(canvas, row + _ABOVE + layout.plot_rows, line, layout, marks.localized_s)
    return canvas


def trace_columns(line: StripLine, columns_per_s: int) -> tuple[Floats, Floats]:
    """Lowest and highest mV in each dot column, with the values at its edges, so that neighbours touch."""
    dots_per_s = columns_per_s * DOTS_ACROSS
    sample_s = np.arange(len(line.mv)) / line.fs_hz
    edges_s = np.arange(int(sample_s[-1] * dots_per_s) + 2) / dots_per_s
    times_s = np.sort(np.concatenate([sample_s, edges_s]))
    mv, at_edges = (np.interp(at, sample_s, line.mv) for at in (times_s, edges_s))
    starts = np.searchsorted(times_s, edges_s[:-1])
    low = np.minimum(np.minimum.reduceat(mv, starts), at_edges[1:])
    high = np.maximum(np.maximum.reduceat(mv, starts), at_edges[1:])
    return low, high


def _draw_trace(canvas: Canvas, row: int, line: StripLine, layout: Layout) -> None:
    columns_per_s = round(layout.square_columns / LARGE_SQUARE_S)
    low, high = (
        (mv - layout.limits.low_mv) / layout.limits.span_mv for mv in trace_columns(line, columns_per_s)
    )
    if len(low) % DOTS_ACROSS:
        low, high = (np.append(share, np.nan) for share in (low, high))
    canvas.plot(row, _MARGIN, filled(low, high, layout.plot_rows), colours.TRACE)


def _draw_squares(
    canvas: Canvas, row: int, line: StripLine, layout: Layout, episode_s: tuple[float, float]
) -> None:
    """Large squares, light and dark in turn, tinted where the episode is; millivolts at the left."""
    columns = min(canvas.columns - _MARGIN, round(line.duration_s / LARGE_SQUARE_S * layout.square_columns))
    first, last = (_across(second - line.start_s, layout) for second in episode_s)
    inside = [first <= column <= last for column in range(columns)]
    for down in range(layout.plot_rows):
        for across in range(columns):
            is_light = (down // layout.square_rows + across // layout.square_columns) % 2
            canvas.paint(
                row + down, _MARGIN + across, (colours.EPISODE if inside[across] else colours.PAPER)[is_light]
            )
    low, high = layout.limits.low_mv, layout.limits.high_mv
    canvas.write(row, 0, f"{high:+.1f}", colours.QUIET)
    canvas.write(row + layout.plot_rows - 1, 0, f"{low:+.1f}", colours.QUIET)
    canvas.write(row + layout.plot_rows // 2, 0, "mV", colours.FAINT)


def _draw_beats(
    canvas: Canvas, row: int, line: StripLine, layout: Layout, intervals_ms: dict[float, float]
) -> None:
    """The letter of each beat over it, and the time from beat to beat in ms between them."""
    columns = [_MARGIN + _across(beat.at_s - line.start_s, layout) for beat in line.beats]
    for beat, (here, column) in zip(line.beats[1:], pairwise(columns), strict=True) if line.beats else ():
        interval = f"{intervals_ms[beat.at_s]:.0f}"
        if column - here > len(interval) + 2:
            canvas.write(row, here + (column - here - len(interval) + 1) // 2, interval, colours.FAINT)
    for beat, column in zip(line.beats, columns, strict=True):
        canvas.write(row, column, beat.beat_class.value, colours.BEAT_COLOURS[beat.beat_class], bold=True)


def _draw_seconds(
    canvas: Canvas, row: int, line: StripLine, layout: Layout, localized_s: tuple[tuple[float, float], ...]
) -> None:
    """Whole seconds from the strip's start; a heavy line where the language model places its finding."""
    canvas.write(row, _MARGIN, "─" * _across(line.duration_s, layout), colours.FAINT)
    for found_s in localized_s:
        start_s = max(0.0, found_s[0] - line.start_s)
        end_s = min(line.duration_s, found_s[1] - line.start_s)
        length = _across(end_s, layout) - _across(start_s, layout)
        canvas.write(row, _MARGIN + _across(start_s, layout), "━" * length, colours.MODEL)
    for second in range(layout.line_s + 1):
        label = f"{line.start_s + second:.0f} s"
        canvas.write(row, _MARGIN + _across(second, layout), f"╵{label}", colours.QUIET)


def _across(seconds: float, layout: Layout) -> int:
    return math.floor(seconds / LARGE_SQUARE_S * layout.square_columns + _ROUNDING)
