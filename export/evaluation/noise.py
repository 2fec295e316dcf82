"""The noise stress test: beats of records 118 and 119 with ever more electrode motion noise.

Two minutes of noise and two of clean signal take turns after the first five minutes. EC57 asks that the
figures be told for each signal-to-noise ratio, and sets no limit.
"""

from collections.abc import Mapping
from typing import Final

from export.evaluation.beats import BeatScore
from export.evaluation.figures import Row, Table
from export.evaluation.summary import beat_table

SNRS_DB: Final = {"24": 24, "18": 18, "12": 12, "06": 6, "00": 0, "_6": -6}
"""What record names end in, by the ratio in dB."""

FIGURES: Final = ("Q Se", "Q +P", "V Se", "V +P")


def is_noisy(record: str) -> bool:
    """Whether this is a record of the test, and not one of pure noise."""
    return record[:4] in {"118e", "119e"} and record[4:] in SNRS_DB


def snr_db(record: str) -> int:
    """Of a record's name, `118e_6` is -6."""
    return SNRS_DB[record[4:]]


def gross_by_snr(scores: Mapping[str, BeatScore]) -> dict[str, Row]:
    """Both patients as if they were one, from the least to the most noise."""
    return {ratio: table.gross for ratio, table in _tables(scores).items()}


def average_by_snr(scores: Mapping[str, BeatScore]) -> dict[str, Row]:
    """Mean of both patients, from the least to the most noise."""
    return {ratio: table.average for ratio, table in _tables(scores).items()}


def _tables(scores: Mapping[str, BeatScore]) -> dict[str, Table]:
    ratios = sorted({snr_db(record) for record in scores}, reverse=True)
    return {
        f"{ratio} dB": beat_table({r: s for r, s in scores.items() if snr_db(r) == ratio}) for ratio in ratios
    }
