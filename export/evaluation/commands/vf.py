"""Ventricular fibrillation in windows of 8 s, by the bundle, on the CU database.

    hearth evaluate vf --data DIR --held-out
    hearth evaluate vf --data DIR --training --false-alarms     to choose a threshold

A window is called VF where the mean probability of VF over its seconds reaches the threshold. Windows that
straddle a border of VF are counted apart. --false-alarms adds the alarms of CinC 2015 that were false:
whatever is called VF there is wrong.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from export.evaluation.commands.bundle import (
    add_bundle,
    add_split,
    chosen,
    conditions,
    headers,
    load_encoder,
    with_progress,
)
from export.evaluation.commands.options import add_output, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.encoder import Encoder
    from export.evaluation.grids import Grid, Line
    from export.evaluation.vf import Window

HELP = "ventricular fibrillation by the bundle, on the CU database"

COLUMNS = ("VF", "not VF", "missed", "false", "Se", "Sp", "+P")
THRESHOLDS = tuple(round(0.05 * i, 2) for i in range(1, 20))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth evaluate vf`."""
    add_bundle(parser)
    add_split(parser)
    parser.add_argument("--threshold", type=float, help="default: that of the bundle")
    parser.add_argument("--window-s", type=int, default=8, help="default: 8")
    parser.add_argument("--step-s", type=int, default=1, help="from one window to the next (default: 1)")
    parser.add_argument("--false-alarms", action="store_true", help="add the false alarms of CinC 2015")
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    """Find VF, score, and write the tables."""
    from export.evaluation.grids import render_grids
    from export.training.splits import is_cudb_held_out

    folder = arguments.data / "cudb"
    records = chosen(arguments, headers(folder), is_cudb_held_out)
    encoder = load_encoder(arguments)
    paths = {name: folder / name for name in records}
    paths |= _false_alarms(arguments.data / "cinc2015_ecg") if arguments.false_alarms else {}
    judged = {name: _judged(paths[name], encoder, arguments) for name in with_progress(list(paths), "VF")}
    threshold = encoder.manifest.thresholds.vf if arguments.threshold is None else arguments.threshold
    told = {**conditions(encoder, records), "threshold": threshold, "window_s": arguments.window_s}
    return write(arguments, render_grids(_grids(judged, records, threshold), arguments.format, told))


Judged = list[tuple["Window", float]]
"""Windows of a record with the mean probability of VF in each."""


def _false_alarms(folder: Path) -> dict[str, Path]:
    from edge.errors import UserError

    table = folder / "ALARMS"
    if not table.is_file():
        raise UserError(f"{table}: the list of alarms is missing")
    rows = [line.split(",") for line in table.read_text().split()]
    return {name: folder / name for name, _, is_true in rows if is_true == "0"}


def _judged(path: Path, encoder: "Encoder", arguments: argparse.Namespace) -> "Judged":
    from export.evaluation.annotations import read_annotations
    from export.evaluation.seconds import vf_seconds
    from export.evaluation.vf import vf_stretches, vf_windows, window_means
    from firmware_bridge.recordings import open_recording

    recording = open_recording(path, [0])
    duration_s = recording.n_samples / recording.fs_hz
    marks = path.with_suffix(".atr")
    is_alarm = path.parent.name == "cinc2015_ecg"
    stretches = [] if is_alarm else vf_stretches(read_annotations(marks, recording.fs_hz), duration_s)
    windows = vf_windows(stretches, duration_s, arguments.window_s, arguments.step_s)
    probability = vf_seconds(recording, encoder)
    return list(zip(windows, window_means(probability, windows, arguments.window_s), strict=True))


def _grids(judged: "dict[str, Judged]", records: "Sequence[str]", threshold: float) -> "list[Grid]":
    from export.evaluation.grids import Grid

    alarms = [window for name, windows in judged.items() if name not in records for window in windows]
    everything = [window for name in records for window in judged[name]]
    rows: dict[str, Line] = {name: _row(judged[name], threshold, straddles=False) for name in records}
    rows["gross"] = _row(everything, threshold, straddles=False)
    rows["straddling a border"] = _row(everything, threshold, straddles=True)
    if alarms:
        rows["false alarms of CinC 2015"] = _row(alarms, threshold, straddles=False)
    by_threshold: dict[str, Line] = {
        f"{at:.2f}": _row([*everything, *alarms], at, straddles=False) for at in THRESHOLDS
    }
    return [
        Grid("thresholds", "All together, by threshold", "Threshold", COLUMNS, by_threshold),
        Grid("records", f"CU database, windows called VF from {threshold:g} on", "Record", COLUMNS, rows),
    ]


def _row(judged: "Judged", threshold: float, *, straddles: bool) -> "Line":
    from export.evaluation.vf import score_windows

    pairs = [(window, mean) for window, mean in judged if window.straddles is straddles]
    return score_windows([window for window, _ in pairs], [mean for _, mean in pairs], threshold).row()
