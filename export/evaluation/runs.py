"""Run by run: couplets (2 beats), short runs (3 to 5) and long runs (6 or more) of V or S beats.

The rules are those of the reference tool `rxr`. For sensitivity each reference run is a window (its beats,
and a match window on both sides) in which the longest run of the detector is sought; for positive
predictivity the two change places. Ventricular flutter or fibrillation is a long V run, and F beats belong
to V runs; atrial fibrillation or flutter is a long S run, and each normal beat in it an S.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from export.evaluation.annotations import AnnotatedRecord, Mark
from export.evaluation.period import STANDARD, Options, Period, period_of
from export.evaluation.run_search import LONGEST, Kind, S, V, longest_runs, own_runs

Matrix = tuple[tuple[int, ...], ...]
"""Number of runs by reference length (row) and test length (column), both 0 to 6 and more."""

_ALL: Final = range(LONGEST + 1)
_SHORT: Final = range(3, LONGEST)
_NONE, _COUPLET, _LONG = range(2), range(2, 3), range(LONGEST, LONGEST + 1)


@dataclass(frozen=True, slots=True)
class RunScore:
    """Runs that the reference sets (sensitivity), and runs that the detector sets (predictivity)."""

    sensitivity: Matrix
    predictivity: Matrix

    def counts(self) -> Mapping[str, int]:
        """By the reference tool's names: C couplets, S short, L long; Ts and FN of Se, Tp and FP of +P.

        A detected run is right if the reference has a run of that kind or longer there.
        """
        se, pp = self.sensitivity, self.predictivity
        return {
            "CTs": _sum(se, _COUPLET, range(2, LONGEST + 1)),
            "CFN": _sum(se, _COUPLET, _NONE),
            "CTp": _sum(pp, range(2, LONGEST + 1), _COUPLET),
            "CFP": _sum(pp, _NONE, _COUPLET),
            "STs": _sum(se, _SHORT, range(3, LONGEST + 1)),
            "SFN": _sum(se, _SHORT, range(3)),
            "STp": _sum(pp, range(3, LONGEST + 1), _SHORT),
            "SFP": _sum(pp, range(3), _SHORT),
            "LTs": _sum(se, _LONG, _LONG),
            "LFN": _sum(se, _LONG, range(LONGEST)),
            "LTp": _sum(pp, _LONG, _LONG),
            "LFP": _sum(pp, range(LONGEST), _LONG),
        }


@dataclass(frozen=True, slots=True)
class RunScores:
    """V runs and S runs of a record."""

    ventricular: RunScore
    supraventricular: RunScore


def score_runs(record: AnnotatedRecord, options: Options = STANDARD) -> RunScores:
    """Compare the runs of both annotators.

    The reference tool reads both files four times, and takes the mark where the last reading of a file
    stopped for its first one; where that mark starts fibrillation it matters, so it is passed on here.
    """
    period = period_of(record, options)
    reference, test = list(record.reference.marks()), list(record.test.marks())
    v_sensitivity, stale_reference = _compare(reference, test, None, V, period)
    v_predictivity, stale_test = _compare(test, reference, stale_reference, V, period)
    s_sensitivity, stale_reference = _compare(reference, test, stale_test, S, period)
    s_predictivity, _ = _compare(test, reference, stale_reference, S, period)
    return RunScores(
        RunScore(_matrix(v_sensitivity), _transposed(_matrix(v_predictivity))),
        RunScore(_matrix(s_sensitivity), _transposed(_matrix(s_predictivity))),
    )


def _compare(
    own: Sequence[Mark], other: Sequence[Mark], stale: Mark | None, kind: Kind, period: Period
) -> tuple[Counter[tuple[int, int]], Mark | None]:
    """Lengths of each own run and of the other's longest run there, and where reading stopped."""
    runs, stopped_at = own_runs(own, kind, period)
    first = [] if stale is None else [stale._replace(sample=0)]
    found = longest_runs([*first, *other], runs, kind)
    return Counter(zip((run.length for run in runs), found, strict=True)), stopped_at


def _matrix(counts: Counter[tuple[int, int]]) -> Matrix:
    return tuple(tuple(counts[row, column] for column in _ALL) for row in _ALL)


def _transposed(matrix: Matrix) -> Matrix:
    return tuple(zip(*matrix, strict=True))


def _sum(matrix: Matrix, rows: range, columns: range) -> int:
    return sum(matrix[row][column] for row in rows for column in columns)
