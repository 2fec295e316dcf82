"""Atrial fibrillation by intervals alone, on annotated beats of patients held out from training."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.bars import BARS
from benchmarks.interval_model import IntervalModel, beat_times, rhythm_at
from benchmarks.results import Cell, Figure, Result, Table
from benchmarks.scores import RHYTHMS, RhythmSeconds, af_sensitivity, af_specificity
from benchmarks.workplace import Workplace
from edge.bundle import load_manifest
from edge.errors import UserError
from export.evaluation.annotations import read_annotations, read_header

HELD_OUT_EVERY = 3
PLAIN_LIMIT = 0.5
DATABASES = {"afdb": ("qrs", "atr"), "nsrdb": ("atr", "atr")}
"""Suffixes of beats and of rhythm; nsrdb holds no AF."""

NOTES = (
    "The sequence model of the bundle is given the annotated beats' intervals and nothing else, as from a"
    " strap that sends no waveform. Held out: every third record by name, from the first.",
    "By time: each beat counts with the interval that ends at it. Flutter is left out; `Sp with AFL`"
    " counts it as time without AF. The whole record is scored.",
    "AF is decided as on the edge by the manifest's two thresholds, but without smoothing over"
    " seconds; `at 0.5` is without hysteresis.",
    "No peer that is run here decides AF by intervals alone.",
)


Times = tuple[RhythmSeconds, RhythmSeconds]
"""Seconds as the edge decides, and with a plain limit of 0.5."""


def run(place: Workplace) -> Result:
    """Both databases."""
    model = IntervalModel(place.bundle, load_manifest(place.bundle))
    found = {database: _database(place, database, model) for database in DATABASES}
    return Result(
        "intervals",
        "Atrial fibrillation by intervals alone: afdb and nsrdb, held-out patients",
        "python -m benchmarks.figures --data DIR --only intervals",
        NOTES,
        [_afdb(found["afdb"]), _nsrdb(found["nsrdb"])],
        [Table(f"{database} by record", "Record", _rows(records)) for database, records in found.items()],
    )


def _afdb(records: Mapping[str, Times]) -> Figure:
    times, what = _total(records.values())[0], "AF by RR alone, afdb, Se / Sp"
    numbers = af_sensitivity(times).percent, af_specificity(times, with_flutter=False).percent
    return Figure(what, numbers, _counted(times, records), BARS[what])


def _nsrdb(records: Mapping[str, Times]) -> Figure:
    times, what = _total(records.values())[0], "AF by RR alone, nsrdb, Sp"
    return Figure(
        what, (af_specificity(times, with_flutter=False).percent,), _counted(times, records), BARS[what]
    )


def _counted(times: RhythmSeconds, records: Mapping[str, Times]) -> str:
    hours = {rhythm: (times[rhythm, True] + times[rhythm, False]) / 3600 for rhythm in ("AF", "other")}
    return f"{len(records)} records, {hours['AF']:.1f} h of AF, {hours['other']:.1f} h of none"


def _database(place: Workplace, database: str, model: IntervalModel) -> dict[str, Times]:
    folder, (beat_suffix, _) = place.database(database), DATABASES[database]
    names = sorted(path.stem for path in folder.glob(f"*.{beat_suffix}"))[::HELD_OUT_EVERY]
    if not names:
        raise UserError(f"{folder}: no file *.{beat_suffix}")
    return {name: _record(folder / name, DATABASES[database], model) for name in place.chosen(names)}


def _record(path: Path, suffixes: tuple[str, str], model: IntervalModel) -> Times:
    fs_hz, _ = read_header(path.with_suffix(".hea"))
    of_beats, of_rhythm = (read_annotations(path.with_suffix(f".{suffix}"), fs_hz) for suffix in suffixes)
    beats = beat_times(of_beats)
    rhythms = rhythm_at(of_rhythm, beats.at_s)
    probability = model.af_probability(beats)
    decided, plain = model.decide(probability), probability >= PLAIN_LIMIT
    return _seconds(rhythms, decided, beats.rr_s), _seconds(rhythms, plain, beats.rr_s)


def _seconds(
    rhythms: npt.NDArray[np.str_], is_af: npt.NDArray[np.bool_], rr_s: npt.NDArray[np.float64]
) -> RhythmSeconds:
    return Counter(
        {
            (rhythm, found): round(float(rr_s[(rhythms == rhythm) & (is_af == found)].sum()))
            for rhythm in RHYTHMS
            for found in (False, True)
        }
    )


def _total(records: Iterable[Times]) -> Times:
    decided: RhythmSeconds = Counter()
    plain: RhythmSeconds = Counter()
    for times in records:
        decided.update(times[0])
        plain.update(times[1])
    return decided, plain


def _rows(records: Mapping[str, Times]) -> dict[str, dict[str, Cell]]:
    return {name: _row(*times) for name, times in {**records, "gross": _total(records.values())}.items()}


def _row(decided: RhythmSeconds, plain: RhythmSeconds) -> dict[str, Cell]:
    return {
        "AF s": decided["AF", True] + decided["AF", False],
        "missed s": decided["AF", False],
        "other s": decided["other", True] + decided["other", False],
        "false s": decided["other", True],
        "AFL s": decided["AFL", True] + decided["AFL", False],
        "false s in AFL": decided["AFL", True],
        "Se": af_sensitivity(decided).percent,
        "Sp": af_specificity(decided, with_flutter=False).percent,
        "Sp with AFL": af_specificity(decided, with_flutter=True).percent,
        "Se at 0.5": af_sensitivity(plain).percent,
        "Sp at 0.5": af_specificity(plain, with_flutter=False).percent,
    }
