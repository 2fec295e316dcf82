"""Ventricular fibrillation in windows of 8 s on the CU database, by the bundle or by any other detector.

    hearth evaluate vf --data DIR --held-out
    hearth evaluate vf --data DIR --training --false-alarms     to choose a threshold
    hearth evaluate vf --data DIR --test hrt --test-dir found     any other detector

A window is called VF where the mean probability of VF over its seconds reaches the threshold; of another
detector, where at least half of the window lies between its marks `[` and `]`. Windows that straddle a border
of VF are counted apart. --false-alarms adds the alarms of CinC 2015 that were false: whatever is called VF
there is wrong.
"""

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from export.evaluation.commands.bundle import (
    add_bundle,
    add_marks,
    add_split,
    chosen,
    conditions,
    headers,
    load_encoder,
    marks_name,
    with_progress,
)
from export.evaluation.commands.options import add_output, write

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edge.encoder import Encoder
    from export.evaluation.grids import Grid, Line
    from export.evaluation.vf import Window
    from firmware_bridge.recordings import Recording

    Find = Callable[[Path, Recording, list[Window]], list[float]]
    """How much VF is in each window of a recording, from 0 to 1."""

HELP = "ventricular fibrillation on the CU database, by the bundle or any detector"

COLUMNS = ("VF", "not VF", "missed", "false", "Se", "Sp", "+P")
THRESHOLDS = tuple(round(0.05 * i, 2) for i in range(1, 20))
_HALF = 0.5  # of a window that a detector marked


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth evaluate vf`."""
    add_bundle(parser)
    add_split(parser)
    add_marks(parser, "suffix of a detector's files: score them, and not the bundle")
    parser.add_argument("--threshold", type=float, help="default: that of the bundle; of marks 0.5")
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
    encoder = None if arguments.test else load_encoder(arguments)
    find = partial(_found, encoder, arguments) if encoder else partial(_read, arguments)
    paths = {name: folder / name for name in records}
    paths |= _false_alarms(arguments.data / "cinc2015_ecg") if arguments.false_alarms else {}
    judged = {name: _judged(paths[name], find, arguments) for name in with_progress(list(paths), "VF")}
    usual = encoder.manifest.thresholds.vf if encoder else _HALF
    threshold = usual if arguments.threshold is None else arguments.threshold
    tested = conditions(encoder or marks_name(arguments), records)
    told = {**tested, "threshold": threshold, "window_s": arguments.window_s}
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


def _judged(path: Path, find: "Find", arguments: argparse.Namespace) -> "Judged":
    from export.evaluation.annotations import read_annotations
    from export.evaluation.vf import vf_stretches, vf_windows
    from firmware_bridge.recordings import open_recording

    recording = open_recording(path, [0])
    duration_s = recording.n_samples / recording.fs_hz
    marks = path.with_suffix(".atr")
    is_alarm = path.parent.name == "cinc2015_ecg"
    stretches = [] if is_alarm else vf_stretches(read_annotations(marks, recording.fs_hz), duration_s)
    windows = vf_windows(stretches, duration_s, arguments.window_s, arguments.step_s)
    return list(zip(windows, find(path, recording, windows), strict=True))


def _found(
    encoder: "Encoder",
    arguments: argparse.Namespace,
    _: Path,
    recording: "Recording",
    windows: "list[Window]",
) -> list[float]:
    from export.evaluation.seconds import vf_seconds
    from export.evaluation.vf import window_means

    return window_means(vf_seconds(recording, encoder), windows, arguments.window_s)


def _read(
    arguments: argparse.Namespace, path: Path, recording: "Recording", windows: "list[Window]"
) -> list[float]:
    from export.evaluation.annotations import read_annotations
    from export.evaluation.vf import vf_stretches, window_shares

    marks = (arguments.test_dir or path.parent) / f"{path.name}.{arguments.test}"
    duration_s = recording.n_samples / recording.fs_hz
    stretches = vf_stretches(read_annotations(marks, recording.fs_hz), duration_s)
    return window_shares(windows, stretches, arguments.window_s)


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
