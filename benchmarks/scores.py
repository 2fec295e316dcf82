"""Scores of sets of records by the EC57 suite, the same for Hearth and for its peers."""

from collections import Counter
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from benchmarks.bars import Numbers
from benchmarks.detections import Records
from export.evaluation.annotations import AnnotatedRecord, Annotations
from export.evaluation.beats import score_beats
from export.evaluation.episode_reader import EpisodeKind, read_episodes
from export.evaluation.figures import Ratio, Table
from export.evaluation.period import period_of
from export.evaluation.summary import beat_table

RHYTHMS = ("other", "AF", "AFL")
RhythmSeconds = Counter[tuple[str, bool]]
"""Seconds by reference rhythm (`AF`, `AFL`, `other`) and whether AF was found there."""


def beats_of(records: Records) -> Table:
    """Standard EC57 options: 150 ms, first five minutes unscored."""
    return beat_table({name: score_beats(record) for name, record in records.items()})


def with_escapes_as_normal(records: Records) -> Records:
    """The map of de Chazal 2004: reference beats `e` and `j` are N, where `bxb` has them as S."""
    return {name: _escapes_as_normal(record) for name, record in records.items()}


def gross(table: Table, *columns: str) -> Numbers:
    """Gross figures in percent, None where undefined."""
    return tuple(None if (value := table.gross[name]) is None else float(value) for name in columns)


def count(table: Table, *columns: str) -> int:
    """Sum of counts over all records."""
    return sum(int(table.total[name] or 0) for name in columns)


def rhythm_seconds(records: Records) -> RhythmSeconds:
    """Of the scored period of all records, each in whole seconds."""
    total: RhythmSeconds = Counter()
    for record in records.values():
        counts = _rhythm_samples(record)
        total.update({key: round(n / record.fs_hz) for key, n in counts.items()})
    return total


def af_sensitivity(times: RhythmSeconds) -> Ratio:
    """AF that was found, of all AF."""
    return Ratio(times["AF", True], times["AF", True] + times["AF", False])


def af_predictivity(times: RhythmSeconds) -> Ratio:
    """AF that was found and is AF, of all that was found."""
    return Ratio(times["AF", True], sum(times[rhythm, True] for rhythm in RHYTHMS))


def af_specificity(times: RhythmSeconds, *, with_flutter: bool) -> Ratio:
    """Time that is not AF and was not called so; reference flutter counts as such, or not at all."""
    rhythms = ("other", "AFL") if with_flutter else ("other",)
    right = sum(times[rhythm, False] for rhythm in rhythms)
    return Ratio(right, right + sum(times[rhythm, True] for rhythm in rhythms))


def _rhythm_samples(record: AnnotatedRecord) -> Counter[tuple[str, bool]]:
    scored = slice(period_of(record).start, record.n_samples)
    found = _mask(record, record.test, EpisodeKind.AF)[scored]
    codes = np.zeros(len(found), np.int8)
    for code, kind in ((2, EpisodeKind.FLUTTER), (1, EpisodeKind.AF)):
        codes[_mask(record, record.reference, kind)[scored]] = code
    return Counter(
        {
            (rhythm, is_found): int(((codes == code) & (found == is_found)).sum())
            for code, rhythm in enumerate(RHYTHMS)
            for is_found in (False, True)
        }
    )


def _escapes_as_normal(record: AnnotatedRecord) -> AnnotatedRecord:
    symbols = tuple("N" if symbol in {"e", "j"} else symbol for symbol in record.reference.symbol)
    return replace(record, reference=replace(record.reference, symbol=symbols))


def _mask(record: AnnotatedRecord, annotations: Annotations, kind: EpisodeKind) -> npt.NDArray[np.bool_]:
    mask = np.zeros(record.n_samples or 0, bool)
    for episode in read_episodes(annotations, kind, record.n_samples):
        mask[episode.start : episode.end] = True
    return mask
