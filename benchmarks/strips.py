"""Pictures of where Hearth and the annotators disagree most, so that a person can look at what it cost.

    python -m benchmarks.strips --data DIR --record 232 --kind S --out pictures
    python -m benchmarks.strips --data DIR --record 208 --kind V --seconds 8 --most 12 --out pictures

Above the trace stand the annotators' classes, below it Hearth's; missed ones are blue, false ones red.
Kind Q is any beat at all. e and j are N here.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import wfdb
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.detections import ROOT, hearth_records
from benchmarks.disagreements import Comparison, LabelledBeat, compare, worst_stretches
from benchmarks.workplace import FOR_USER, Workplace
from edge.bundle import DEFAULT_BUNDLE
from edge.errors import UserError

MISSED, FALSE, RIGHT = "tab:blue", "tab:red", "0.45"
INCH_A_SECOND, INCH_A_STRIP = 1.2, 2.2


def main(argv: list[str] | None = None) -> int:
    """Writes RECORD-KIND.png; exit status 2 where there is nothing to draw."""
    arguments = _parser().parse_args(argv)
    place = Workplace(arguments.data, arguments.bundle, arguments.work, peers_python=None)
    try:
        path = draw_strips(place, arguments)
    except FOR_USER as error:
        print(f"strips: {error}", file=sys.stderr)
        return 2
    print(path)
    return 0


def draw_strips(place: Workplace, arguments: argparse.Namespace) -> Path:
    """One picture with a row for each stretch, the worst first."""
    record = hearth_records(place, arguments.database, [arguments.record])[arguments.record]
    comparison = compare(record, arguments.kind)
    wrong = [*comparison.missed_s, *comparison.false_s]
    middles = worst_stretches(wrong, arguments.seconds, arguments.most)
    if not middles:
        raise UserError(f"{arguments.record}: no {arguments.kind} is missed or false")
    signal = wfdb.rdrecord(str(place.database(arguments.database) / arguments.record), channels=[0])
    size = max(6.0, INCH_A_SECOND * arguments.seconds), 0.8 + INCH_A_STRIP * len(middles)
    figure = Figure(size, layout="constrained")
    axes = figure.subplots(len(middles), 1, squeeze=False)[:, 0]
    for axis, middle_s in zip(axes, middles, strict=True):
        _draw(axis, signal, middle_s, arguments.seconds, comparison)
    n_missed, n_false = len(comparison.missed_s), len(comparison.false_s)
    figure.suptitle(f"{arguments.record}: {arguments.kind}, {n_missed} missed, {n_false} false")
    arguments.out.mkdir(parents=True, exist_ok=True)
    path: Path = arguments.out / f"{arguments.record}-{arguments.kind}.png"
    figure.savefig(path, dpi=80)
    return path


def _draw(axis: Axes, signal: wfdb.Record, middle_s: float, seconds: float, comparison: Comparison) -> None:
    first_s, stop_s = max(0.0, middle_s - seconds / 2), middle_s + seconds / 2
    window = slice(int(first_s * signal.fs), int(stop_s * signal.fs))
    ecg_mv = signal.p_signal[window, 0]
    axis.plot(np.arange(len(ecg_mv)) / signal.fs + first_s, ecg_mv, color="black", linewidth=0.7)
    axis.set_xlim(first_s, stop_s)
    axis.margins(y=0.3)
    _label(axis, comparison.reference, comparison.missed_s, MISSED, 0.93)
    _label(axis, comparison.found, comparison.false_s, FALSE, 0.03)
    axis.set_ylabel("mV")
    axis.set_xlabel(f"s, {signal.sig_name[0]}", loc="right")


def _label(
    axis: Axes, beats: Sequence[LabelledBeat], wrong_s: Sequence[float], color: str, height: float
) -> None:
    first_s, stop_s = axis.get_xlim()
    for beat in beats:
        if first_s <= beat.at_s <= stop_s:
            shown = color if beat.at_s in wrong_s else RIGHT
            weight = "bold" if beat.at_s in wrong_s else "normal"
            place = axis.get_xaxis_transform()
            axis.text(beat.at_s, height, beat.label, transform=place, color=shown, weight=weight, ha="center")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the databases")
    parser.add_argument("--database", default="mitdb")
    parser.add_argument("--record", required=True)
    parser.add_argument("--kind", choices=list("QSVF"), default="V")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each strip (default: 10)")
    parser.add_argument("--most", type=int, default=6, help="strips at most (default: 6)")
    parser.add_argument("--bundle", type=Path, default=DEFAULT_BUNDLE)
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "strips", help="keeps what was found")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    mpl.use("Agg")
    sys.exit(main())
