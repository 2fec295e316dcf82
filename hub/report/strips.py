"""One line of an ECG strip on the grid of ECG paper: 25 mm/s, 10 mm/mV, in true size."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.events import Strip
from edge.labels import BeatClass
from hub.burden import rr_intervals_ms
from hub.report.drawing import BLACK, GREY, Area, Colour, Drawing, Label, Line
from hub.strip import PAPER_MM_PER_MV, PAPER_MM_PER_S, Limits, StripLine

LINE_S = 7.0
CALIBRATION_MM = 10.0
FOOT_MM = 4.0
HEAD_MM = 7.0
MARK_MM = 3.6
_MINOR: Colour = (0.97, 0.85, 0.83)
_MAJOR: Colour = (0.90, 0.63, 0.60)
_TRACE_MM = 0.22
_CHARACTER_MM = 1.1  # of a mark's name, on the average
_LEAST_LABELLED_RR_MS = 180
_BEAT_COLOURS: dict[BeatClass, Colour] = {
    BeatClass.NORMAL: GREY,
    BeatClass.SUPRAVENTRICULAR: (0.0, 0.35, 0.65),
    BeatClass.VENTRICULAR: (0.75, 0.0, 0.05),
    BeatClass.FUSION: (0.55, 0.15, 0.60),
    BeatClass.UNKNOWN: GREY,
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of the strip, in seconds from its first sample, that is named under the trace."""

    start_s: float
    end_s: float
    name: str
    colour: Colour


def draw_line(strip: Strip, line: StripLine, limits: Limits, marks: Sequence[Mark] = ()) -> Drawing:
    """A line of the strip: grid, calibration, trace, beats with RR intervals, seconds, marks."""
    end_s = line.start_s + line.duration_s
    here = [mark for mark in marks if mark.start_s < end_s and mark.end_s > line.start_s]
    paper = _Paper(line, limits, len(here) * MARK_MM)
    bars = [paper.mark(mark, row) for row, mark in enumerate(here)]
    shapes: list[Line | Area] = [*paper.grid(), paper.calibration(), *paper.trace(), *paper.clip_marks()]
    labels = [*paper.beat_labels(), *paper.rr_labels(strip), *paper.second_labels()]
    shapes += [bar for bar, _ in bars]
    labels += [label for _, label in bars]
    return Drawing(paper.width_mm, paper.height_mm, tuple(shapes), tuple(labels))


class _Paper:
    """Where seconds and millivolts lie on one line."""

    def __init__(self, line: StripLine, limits: Limits, marks_mm: float) -> None:
        self.line, self.limits = line, limits
        self.bottom_mm = FOOT_MM + marks_mm
        self.top_mm = self.bottom_mm + limits.span_mv * PAPER_MM_PER_MV
        whole_squares = -(-round(line.duration_s * PAPER_MM_PER_S, 6) // 5) * 5
        self.width_mm = CALIBRATION_MM + whole_squares
        self.height_mm = self.top_mm + HEAD_MM

    def x(self, at_s: float) -> float:
        """From seconds after the line's first sample to mm."""
        return CALIBRATION_MM + at_s * PAPER_MM_PER_S

    def y(self, mv: float) -> float:
        """From mV to mm."""
        return self.bottom_mm + (mv - self.limits.low_mv) * PAPER_MM_PER_MV

    def grid(self) -> list[Line]:
        """Lines at each mm, stronger ones at each 5 mm."""
        columns, rows = round(self.width_mm), round(self.top_mm - self.bottom_mm)
        upright = [(i % 5 == 0, ((i, self.bottom_mm), (i, self.top_mm))) for i in range(columns + 1)]
        level = [
            (i % 5 == 0, ((0.0, self.bottom_mm + i), (self.width_mm, self.bottom_mm + i)))
            for i in range(rows + 1)
        ]
        ordered = sorted(upright + level, key=lambda item: item[0])
        return [
            Line(points, _MAJOR if is_major else _MINOR, 0.16 if is_major else 0.09)
            for is_major, points in ordered
        ]

    def calibration(self) -> Line:
        """A pulse of 1 mV and 0.2 s before the first sample."""
        base = min(max(0.0, self.limits.low_mv), self.limits.high_mv - 1.0)
        low, high = self.y(base), self.y(base + 1.0)
        return Line(((1.0, low), (2.5, low), (2.5, high), (7.5, high), (7.5, low), (9.0, low)), BLACK, 0.25)

    def trace(self) -> list[Line]:
        """The signal, kept inside the box."""
        inside = np.clip(self.line.mv, self.limits.low_mv, self.limits.high_mv)
        points = tuple(
            (self.x(index / self.line.fs_hz), self.y(float(mv))) for index, mv in enumerate(inside)
        )
        return [Line(points, BLACK, _TRACE_MM)] if len(points) > 1 else []

    def clip_marks(self) -> list[Line]:
        """A thick bar along the edge wherever the signal goes on outside the box."""
        return [
            Line(
                ((self.x(first / self.line.fs_hz), edge_mm), (self.x((last + 1) / self.line.fs_hz), edge_mm)),
                _BEAT_COLOURS[BeatClass.VENTRICULAR],
                0.9,
            )
            for is_outside, edge_mm in (
                (self.line.mv > self.limits.high_mv, self.top_mm),
                (self.line.mv < self.limits.low_mv, self.bottom_mm),
            )
            for first, last in _runs(is_outside)
        ]

    def beat_labels(self) -> list[Label]:
        """The class of each beat above it."""
        return [
            Label(
                self.x(beat.at_s - self.line.start_s),
                self.top_mm + 1.0,
                str(beat.beat_class),
                "b",
                8.0,
                _BEAT_COLOURS[beat.beat_class],
                bold=beat.beat_class is not BeatClass.NORMAL,
            )
            for beat in self.line.beats
        ]

    def rr_labels(self, strip: Strip) -> list[Label]:
        """RR intervals in ms between the beats, where there is room."""
        labels = []
        for beat, rr_ms in zip(strip.beats, rr_intervals_ms(strip), strict=False):
            middle_s = beat.at_s - self.line.start_s + rr_ms / 2000
            if rr_ms >= _LEAST_LABELLED_RR_MS and 0 <= middle_s <= self.line.duration_s:
                labels.append(Label(self.x(middle_s), self.top_mm + 4.4, f"{rr_ms:.0f}", "b", 5.5, GREY))
        return labels

    def second_labels(self) -> list[Label]:
        """Seconds from the strip's start under each second."""
        start_s, end_s = self.line.start_s, self.line.start_s + self.line.duration_s
        return [
            Label(self.x(second - start_s), self.bottom_mm - 0.6, f"{second} s", "t", 6.0, GREY)
            for second in range(-int(-start_s // 1), int(end_s) + 1)
            if second < end_s
        ]

    def mark(self, mark: Mark, row: int) -> tuple[Line, Label]:
        """A bar for what of the mark lies on this line, with a tick where it begins and its name."""
        start_s = max(mark.start_s - self.line.start_s, 0.0)
        end_s = min(mark.end_s - self.line.start_s, self.line.duration_s)
        y = row * MARK_MM + 0.6
        tick = y + 1.4 if mark.start_s >= self.line.start_s else y
        bar = Line(((self.x(start_s), tick), (self.x(start_s), y), (self.x(end_s), y)), mark.colour, 0.5)
        fits = self.x(start_s) + _CHARACTER_MM * len(mark.name) <= self.width_mm
        x, anchor = (self.x(start_s) + 0.8, "lb") if fits else (self.x(end_s), "rb")
        return bar, Label(x, y + 0.6, mark.name, anchor, 6.0, mark.colour)


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """First and last index of each unbroken run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return [(int(first), int(end) - 1) for first, end in edges.reshape(-1, 2)]
