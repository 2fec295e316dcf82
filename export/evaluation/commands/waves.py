"""Onset, peak and end of P, QRS and T, found by the bundle, against the experts of LUDB and QTDB.

    hearth evaluate waves --data DIR --database ludb --held-out
    hearth evaluate waves --data DIR --database qtdb --held-out --signal best
    hearth evaluate waves --data DIR --database qtdb --test wav --test-dir found      any other detector
    hearth evaluate waves --data DIR --database ludb --test-dir found       the same, RECORD.LEAD as in LUDB

Each lead alone, 150 ms tolerance, within the annotated stretch. LUDB: all twelve leads, each against its
own marks. QTDB: marks `q1c`, made by looking at both leads; the first lead, or as most papers do, for
each point the better lead of both (`--signal best`, which knows the answer). `SD ms` is of all errors
together, `record SD` the mean of the records' own SDs, as papers on QTDB state it, `lead SD` that of the SDs
of each lead of each record; the CSE column is the tolerance for an SD.
"""

import argparse
from functools import partial
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
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from edge.encoder import Encoder
    from export.evaluation.figures import Row
    from export.evaluation.grids import Grid
    from export.evaluation.waves import MarkedWave, WaveScore

    Find = Callable[[Path, int, str], list[MarkedWave]]
    """Waves of a record's signal, by its number and the name of the experts' marks."""

HELP = "onset, peak and end of P, QRS and T on LUDB and QTDB, by the bundle or any detector"

SIGNALS = ("first", "best")
SUMMARY_COLUMNS = ("n", "Se", "+P", "F1", "mean ms", "SD ms", "record SD", "lead SD", "CSE ms")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth evaluate waves`."""
    add_bundle(parser)
    parser.add_argument("--database", choices=("ludb", "qtdb"), required=True)
    add_split(parser)
    add_marks(parser, "suffix of a detector's files (default: as the experts'): score them, not the bundle")
    parser.add_argument("--signal", choices=SIGNALS, default="first", help="of qtdb (default: first)")
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    """Find waves, score, and write the tables."""
    from export.evaluation.grids import render_grids
    from export.training.splits import is_ludb_held_out, is_qtdb_held_out

    is_ludb = arguments.database == "ludb"
    folder = arguments.data / ("ludb/data" if is_ludb else "qtdb")
    records = chosen(arguments, headers(folder), is_ludb_held_out if is_ludb else is_qtdb_held_out)
    is_other = bool(arguments.test or arguments.test_dir)
    encoder = None if is_other else load_encoder(arguments)
    find = partial(_found, encoder) if encoder else partial(_read, arguments)
    score = _ludb_record if is_ludb else partial(_qtdb_record, signal=arguments.signal)
    scores = {name: score(folder / name, find) for name in with_progress(records, arguments.database.upper())}
    told = conditions(encoder or marks_name(arguments), records)
    return write(arguments, render_grids(_grids(scores, arguments), arguments.format, told))


def _found(encoder: "Encoder", path: "Path", signal: int, _: str) -> "list[MarkedWave]":
    from edge.wave_run import find_waves
    from export.evaluation.waves import MarkedWave
    from firmware_bridge.recordings import open_recording

    waves = find_waves(open_recording(path, [signal]), encoder)
    return [MarkedWave(str(wave.kind), wave.onset_s, wave.peak_s, wave.end_s) for wave in waves]


def _read(arguments: argparse.Namespace, path: "Path", _: int, annotator: str) -> "list[MarkedWave]":
    folder = arguments.test_dir or path.parent
    return _marked(path, folder / f"{path.name}.{arguments.test or annotator}")


def _marked(record: "Path", marks: "Path") -> "list[MarkedWave]":
    from export.evaluation.annotations import read_annotations, read_header
    from export.evaluation.waves import marked_waves

    fs_hz, _ = read_header(record.with_suffix(".hea"))
    return marked_waves(read_annotations(marks, fs_hz))


def _ludb_record(path: "Path", find: "Find") -> "list[WaveScore]":
    from firmware_bridge.recordings import open_recording

    leads = open_recording(path).leads
    return [_lead(path, i, lead, find) for i, lead in enumerate(leads)]


def _qtdb_record(path: "Path", find: "Find", signal: str) -> "list[WaveScore]":
    from export.evaluation.waves import better_lead

    return [better_lead(_lead(path, i, "q1c", find) for i in range(SIGNALS.index(signal) + 1))]


def _lead(path: "Path", signal: int, annotator: str, find: "Find") -> "WaveScore":
    from export.evaluation.waves import score_waves

    reference = _marked(path, path.with_suffix(f".{annotator}"))
    return score_waves(reference, find(path, signal, annotator), skips_beats=annotator == "q1c")


def _grids(leads: "Mapping[str, list[WaveScore]]", arguments: argparse.Namespace) -> "list[Grid]":
    from export.evaluation.grids import Grid
    from export.evaluation.waves import ALL_POINTS, CSE_TOLERANCE_MS, mean_of_sds_ms, pooled

    scores = {record: pooled(of_leads) for record, of_leads in leads.items()}
    every_lead = [score for of_leads in leads.values() for score in of_leads]
    gross = pooled(every_lead)
    summary = {
        f"{kind} {name}": {
            **gross[kind, name].row(),
            "record SD": mean_of_sds_ms(scores.values(), (kind, name)),
            "lead SD": mean_of_sds_ms(every_lead, (kind, name)),
            "CSE ms": CSE_TOLERANCE_MS.get((kind, name)),
        }
        for kind, name in ALL_POINTS
    }
    signal = "each of the 12 leads" if arguments.database == "ludb" else f"signal: {arguments.signal}"
    title = f"{arguments.database.upper()}, {len(scores)} records, {signal}, 150 ms"
    by_record = "By record: Se and +P of peaks, SD of boundaries in ms"
    return [
        Grid("records", by_record, "Record", *_by_record(scores)),
        Grid("points", title, "Point", SUMMARY_COLUMNS, summary),
    ]


def _by_record(scores: "Mapping[str, WaveScore]") -> "tuple[list[str], dict[str, Row]]":
    from export.evaluation.waves import CSE_TOLERANCE_MS, KINDS

    figures = [((kind, "peak"), figure, f"{kind} {figure}") for kind in KINDS for figure in ("Se", "+P")]
    figures += [(point, "SD ms", " ".join(point)) for point in CSE_TOLERANCE_MS]
    rows: dict[str, Row] = {
        record: {column: score[point].row()[figure] for point, figure, column in figures}
        for record, score in scores.items()
    }
    return [column for *_, column in figures], rows
