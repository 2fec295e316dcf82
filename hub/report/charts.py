"""The trend chart: heart rate, ectopic beats, wear and analysable time, by hour or by minute."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from edge.labels import BeatClass
from hub.burden import hour_statistics
from hub.records import Minute
from hub.report.drawing import BLACK, GREY, Area, Colour, Drawing, Label, Line, rectangle

WIDTH_MM = 185.0
_LEFT_MM, _RIGHT_MM = 13.0, 184.0
_RATE_MM = (33.0, 70.0)
_ECTOPY_MM = (13.5, 26.0)
_WEAR_MM = (8.0, 11.0)
_HEIGHT_MM = 77.0
_BAND: Colour = (0.80, 0.86, 0.95)
_MEAN: Colour = (0.10, 0.25, 0.55)
_VENTRICULAR: Colour = (0.75, 0.0, 0.05)
_SUPRAVENTRICULAR: Colour = (0.35, 0.60, 0.85)
_WORN: Colour = (0.80, 0.80, 0.80)
_ANALYSABLE: Colour = (0.30, 0.60, 0.40)
_RULE: Colour = (0.88, 0.88, 0.88)
_BY_MINUTE_BELOW = timedelta(hours=6)
_WIDE_BPM, _MOST_TICKS = 160, 12
_TICKS = [timedelta(minutes=m) for m in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080)]


@dataclass(frozen=True, slots=True)
class Bin:
    """One column of the chart."""

    start_at: datetime
    length: timedelta
    wear_s: float
    analysable_s: float
    beats: dict[BeatClass, int]
    mean_bpm: float | None
    min_bpm: float | None
    max_bpm: float | None


def bins(minutes: list[Minute]) -> list[Bin]:
    """Minutes as they are while they span less than six hours, clock hours otherwise."""
    if not minutes:
        return []
    span = minutes[-1].start_at - minutes[0].start_at
    if span < _BY_MINUTE_BELOW:
        return [
            Bin(
                m.start_at,
                timedelta(minutes=1),
                m.wear_s,
                m.analysable_s,
                m.beats,
                m.mean_heart_rate_bpm,
                m.min_heart_rate_bpm,
                m.max_heart_rate_bpm,
            )
            for m in minutes
        ]
    return [
        Bin(
            h.hour_start_at,
            timedelta(hours=1),
            h.wear_s,
            h.analysable_s,
            h.beats,
            h.mean_heart_rate_bpm,
            h.min_heart_rate_bpm,
            h.max_heart_rate_bpm,
        )
        for h in hour_statistics(minutes)
    ]


def draw_trend(columns: list[Bin], zone: tzinfo) -> Drawing:
    """The chart of at least one column, from the first to the last of them."""
    axis = _Axis(columns[0].start_at, columns[-1].start_at + columns[-1].length)
    parts = [
        _clock(axis, zone),
        _rates(columns, axis),
        _ectopy(columns, axis),
        _wear(columns, axis),
        _legend(),
    ]
    shapes = [shape for drawn, _ in parts for shape in drawn]
    labels = [label for _, drawn in parts for label in drawn]
    return Drawing(WIDTH_MM, _HEIGHT_MM, tuple(shapes), tuple(labels))


_Part = tuple[list[Line | Area], list[Label]]


@dataclass(frozen=True, slots=True)
class _Axis:
    from_at: datetime
    to_at: datetime

    def x(self, at: datetime) -> float:
        return _LEFT_MM + (_RIGHT_MM - _LEFT_MM) * ((at - self.from_at) / (self.to_at - self.from_at))

    def edges(self, column: Bin) -> tuple[float, float]:
        return self.x(column.start_at), self.x(column.start_at + column.length)


def _rates(columns: list[Bin], axis: _Axis) -> _Part:
    known = [rate for c in columns for rate in (c.min_bpm, c.mean_bpm, c.max_bpm) if rate is not None]
    ticks = _rate_ticks(min(known, default=40.0), max(known, default=120.0))
    bottom, top = _RATE_MM
    y = _scale(ticks[0], ticks[-1], bottom, top)
    shapes: list[Line | Area] = []
    labels = [Label(_LEFT_MM, top + 3.5, "Heart rate, beats per minute", "l", 7.0, bold=True)]
    _rules(shapes, labels, ticks, y)
    shapes += _steps(columns, axis, y)
    return shapes, labels


def _rate_ticks(lowest_bpm: float, highest_bpm: float) -> list[int]:
    """Round rates around those of the period, at least three."""
    step = 20 if highest_bpm - lowest_bpm <= _WIDE_BPM else 50
    first, last = int(lowest_bpm // step), max(-int(-highest_bpm // step), 2)
    return [step * i for i in range(first, max(last, first + 2) + 1)]


def _steps(columns: list[Bin], axis: _Axis, y: Callable[[float], float]) -> list[Line | Area]:
    """The band from lowest to highest, and the mean over it."""
    band: list[Line | Area] = []
    means: list[Line | Area] = []
    for column in columns:
        left, right = axis.edges(column)
        if column.min_bpm is not None and column.max_bpm is not None:
            band.append(
                rectangle(left, y(column.min_bpm), right - left, y(column.max_bpm) - y(column.min_bpm), _BAND)
            )
        if column.mean_bpm is not None:
            means.append(Line(((left, y(column.mean_bpm)), (right, y(column.mean_bpm))), _MEAN, 0.45))
    return band + means


def _ectopy(columns: list[Bin], axis: _Axis) -> _Part:
    """Stacked bars: ventricular beats below, supraventricular ones above."""
    bottom, top = _ECTOPY_MM
    most = max(
        c.beats.get(BeatClass.VENTRICULAR, 0) + c.beats.get(BeatClass.SUPRAVENTRICULAR, 0) for c in columns
    )
    high = _round_up(max(most, 4))
    y = _scale(0, high, bottom, top)
    shapes: list[Line | Area] = []
    labels: list[Label] = []
    _rules(shapes, labels, (0, high), y)
    for column in columns:
        left, right = axis.edges(column)
        ventricular = column.beats.get(BeatClass.VENTRICULAR, 0)
        total = ventricular + column.beats.get(BeatClass.SUPRAVENTRICULAR, 0)
        width = (right - left) * 0.86
        if total > ventricular:
            shapes.append(
                rectangle(left, y(ventricular), width, y(total) - y(ventricular), _SUPRAVENTRICULAR)
            )
        if ventricular:
            shapes.append(rectangle(left, bottom, width, y(ventricular) - bottom, _VENTRICULAR))
    per = "hour" if columns[0].length >= timedelta(hours=1) else "minute"
    return shapes, [*labels, Label(_LEFT_MM, top + 2.0, f"Ectopic beats per {per}", "l", 7.0, bold=True)]


def _wear(columns: list[Bin], axis: _Axis) -> _Part:
    bottom, top = _WEAR_MM
    height = top - bottom
    shapes: list[Line | Area] = []
    for column in columns:
        left, right = axis.edges(column)
        share = (right - left) / column.length.total_seconds()
        shapes.append(rectangle(left, bottom, column.wear_s * share, height, _WORN))
        shapes.append(rectangle(left, bottom, column.analysable_s * share, height, _ANALYSABLE))
    frame = ((_LEFT_MM, bottom), (_RIGHT_MM, bottom), (_RIGHT_MM, top), (_LEFT_MM, top), (_LEFT_MM, bottom))
    return [*shapes, Line(frame, GREY, 0.1)], [Label(_LEFT_MM - 1, (bottom + top) / 2, "Signal", "r", 6.5)]


def _clock(axis: _Axis, zone: tzinfo) -> _Part:
    """Ticks at round local times, about ten of them."""
    span = axis.to_at - axis.from_at
    tick = next((step for step in _TICKS if span / step <= _MOST_TICKS), _TICKS[-1])
    pattern = "%a %d %b" if tick >= timedelta(days=1) else "%H:%M"
    shapes: list[Line | Area] = []
    labels: list[Label] = []
    for at in _round_times(axis, tick, zone):
        x = axis.x(at)
        shapes.append(Line(((x, _WEAR_MM[0] - 1.0), (x, _RATE_MM[1])), _RULE, 0.15))
        local = at.astimezone(zone)
        is_midnight = local.hour == local.minute == 0
        words = local.strftime("%a %d %b" if is_midnight else pattern)
        labels.append(Label(x, _WEAR_MM[0] - 1.6, words, "t", 6.5))
    return shapes, labels


def _round_times(axis: _Axis, tick: timedelta, zone: tzinfo) -> Iterable[datetime]:
    at = axis.from_at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    while at <= axis.to_at:
        if at >= axis.from_at:
            yield at
        at += tick


def _legend() -> _Part:
    entries = [
        ("lowest to highest", _BAND),
        ("mean", _MEAN),
        ("ventricular", _VENTRICULAR),
        ("supraventricular", _SUPRAVENTRICULAR),
        ("analysable", _ANALYSABLE),
        ("worn, not analysable", _WORN),
    ]
    shapes: list[Line | Area] = []
    labels: list[Label] = []
    x = 22.0
    for words, colour in entries:
        shapes.append(rectangle(x, 0.6, 4.0, 1.8, colour))
        labels.append(Label(x + 5.0, 1.5, words, "l", 6.5))
        x += 11.0 + len(words) * 1.08
    return shapes, labels


def _rules(
    shapes: list[Line | Area], labels: list[Label], values: Iterable[int], y: Callable[[float], float]
) -> None:
    for value in values:
        shapes.append(Line(((_LEFT_MM, y(value)), (_RIGHT_MM, y(value))), _RULE, 0.15))
        labels.append(Label(_LEFT_MM - 1, y(value), str(value), "r", 6.5, BLACK))


def _scale(low: float, high: float, bottom: float, top: float) -> Callable[[float], float]:
    return lambda value: bottom + (value - low) / (high - low) * (top - bottom)


def _round_up(count: int) -> int:
    """The next number of the kind 1, 2, 5 times a power of ten."""
    steps: Iterator[int] = (n * int(10**power) for power in range(12) for n in (1, 2, 5))
    return int(next(step for step in steps if step >= count))
