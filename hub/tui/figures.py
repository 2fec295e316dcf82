"""The statistics of the period as tiles: the PDF's numbers, in the PDF's words."""

from dataclasses import dataclass
from datetime import tzinfo

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Grid
from textual.widgets import Static

from edge.labels import BeatClass
from hub.burden import Extreme, PeriodStatistics
from hub.tui import colours
from hub.wording import (
    NOTHING,
    count_text,
    duration_text,
    milliseconds_text,
    minute_text,
    percent_text,
    rate_text,
)


@dataclass(frozen=True, slots=True)
class Tile:
    """A label, the number that matters, and what it is seen against."""

    label: str
    value: str
    beside: str
    below: str


class Figures(Grid):
    """Six tiles."""

    def __init__(self, zone: tzinfo) -> None:
        super().__init__(id="figures")
        self._zone = zone

    def compose(self) -> ComposeResult:
        """Empty ones."""
        for _ in range(6):
            yield Static(classes="tile")

    def show(self, statistics: PeriodStatistics) -> None:
        """Fill the tiles."""
        for static, tile in zip(self.query(Static), tiles(statistics, self._zone), strict=True):
            static.update(_text(tile))


def tiles(stats: PeriodStatistics, zone: tzinfo) -> list[Tile]:
    """Six, in reading order: two rows of three."""
    slowest, fastest, longest = stats.min_heart_rate, stats.max_heart_rate, stats.longest_rr_ms
    return [
        Tile(
            "Heart rate, mean",
            rate_text(stats.mean_heart_rate_bpm),
            "",
            f"{rate_text(_value(slowest))} to {rate_text(_value(fastest))}",
        ),
        _ectopy("Ventricular beats", BeatClass.VENTRICULAR, stats.ventricular_percent, stats),
        Tile(
            "Atrial fibrillation",
            percent_text(stats.af_percent),
            "burden",
            f"{duration_text(stats.af_s)} of analysable",
        ),
        Tile(
            "Longest RR interval",
            milliseconds_text(_value(longest)),
            "",
            minute_text(longest.at, zone) if longest else NOTHING,
        ),
        _ectopy("Supraventricular beats", BeatClass.SUPRAVENTRICULAR, stats.supraventricular_percent, stats),
        Tile(
            "Analysable",
            percent_text(stats.analysable_percent),
            "of wear",
            f"{duration_text(stats.analysable_s)} of {duration_text(stats.wear_s)}",
        ),
    ]


def _ectopy(label: str, kind: BeatClass, percent: float | None, stats: PeriodStatistics) -> Tile:
    beats = f"of {count_text(stats.classified_beats)} beats"
    return Tile(label, count_text(stats.beats[kind]), percent_text(percent), beats)


def _value(extreme: Extreme | None) -> float | None:
    return extreme.value if extreme else None


def _text(tile: Tile) -> Text:
    return Text.assemble(
        (tile.label, colours.QUIET),
        "\n",
        (tile.value, f"bold {colours.TEXT}"),
        ("  " + tile.beside if tile.beside else "", colours.TEXT),
        "\n",
        (tile.below, colours.QUIET),
        no_wrap=True,
        overflow="ellipsis",
    )
