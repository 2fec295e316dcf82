"""Analyse a WFDB, EDF, BDF or csv record with the same pipeline that runs on the stream.

Writes the WFDB annotation file NAME.hrt: beats with symbols that map to the AAMI classes (N, S, V, F; Q in
seconds that cannot be read), rhythm changes, `(AFIB` and `(N`, in aux, and `[` `]` around ventricular
fibrillation. The field's own tools (bxb, rxr, epicmp) and `hearth evaluate` can score it. With --waves also
NAME.wav: onset, peak and end of each P wave, QRS complex and T wave, marked as in the QT database. QRS
complexes that are higher than any heart's, as where counts are taken for mV, are told in one line on stderr.

    hearth analyze mitdb/208 --signal 0 --out results/
    hearth analyze night.edf --signal 0 --signal 1
    hearth analyze ecg_2026-02-05.csv                 from Apple Health
    hearth analyze table.csv --fs 250 --unit uV
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from edge.labels import Rhythm

if TYPE_CHECKING:
    from edge.analysis import Analysis

HELP = "analyse a recording and write a WFDB annotation file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth analyze`."""
    parser.add_argument("record", help="WFDB record (with or without extension), EDF, BDF or csv file")
    parser.add_argument("--fs", type=float, metavar="HZ", help="rate of a csv file without times")
    parser.add_argument("--unit", default="mV", help="unit of a csv file that names none (default: mV)")
    parser.add_argument("--signal", type=int, action="append", help="signal number, from 0; may be repeated")
    parser.add_argument("--annotator", default="hrt", help="extension of the annotation file (default: hrt)")
    parser.add_argument("--waves", action="store_true", help="write wave boundaries too")
    parser.add_argument(
        "--waves-annotator", default="wav", metavar="ANNOTATOR", help="extension of their file (default: wav)"
    )
    parser.add_argument("--out", type=Path, default=Path(), help="folder to write to (default: here)")
    parser.add_argument("--bundle", type=Path, help="model bundle (default: the one that comes with Hearth)")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Analyse, write, summarise."""
    from rich.progress import Progress

    from edge.analysis import analyse, write_annotations
    from edge.bundle import DEFAULT_BUNDLE
    from edge.encoder import Encoder
    from edge.errors import UserError
    from edge.qrs_size import complaint
    from edge.wave_annotations import write_waves
    from edge.wave_run import WaveReader
    from firmware_bridge.recordings import TableFormat, open_recording

    for option in ("annotator", "waves_annotator"):
        if not (name := getattr(arguments, option)).isalpha():
            raise UserError(f"--{option.replace('_', '-')} {name}: letters only (WFDB)")
    recording = open_recording(arguments.record, arguments.signal, TableFormat(arguments.fs, arguments.unit))
    encoder = Encoder(arguments.bundle or DEFAULT_BUNDLE)
    reader = WaveReader(encoder.manifest, recording.fs_hz) if arguments.waves else None
    with Progress(transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(recording.name, total=recording.n_samples)
        analysis = analyse(
            recording,
            encoder,
            progress=lambda done: bar.update(task, completed=done),
            beside=reader.feed if reader else lambda *_: None,
        )
    path = write_annotations(analysis, recording.name, arguments.annotator, recording.fs_hz, arguments.out)
    if analysis.implausible_qrs_mv is not None:
        print(f"hearth: warning: {recording.name}: {complaint(analysis.implausible_qrs_mv)}", file=sys.stderr)
    summary = _summary(analysis, recording.n_samples / recording.fs_hz)
    print(json.dumps(summary) if arguments.json else _text(summary))
    print(f"written: {path}", file=sys.stderr)
    if reader:
        annotator, folder = arguments.waves_annotator, arguments.out
        path = write_waves(reader.flush(), recording.name, annotator, recording.fs_hz, folder)
        print(f"written: {path}", file=sys.stderr)
    return 0


def _summary(analysis: "Analysis", duration_s: float) -> dict[str, object]:
    findings = Counter(str(step.span.finding) for step in analysis.episodes if step.phase == "new")
    high_mv = analysis.implausible_qrs_mv
    return {
        "duration_s": round(duration_s, 1),
        "analysable_s": round(sum(minute.analysable_s for minute in analysis.minutes), 1),
        "beats": dict(sorted(Counter(str(beat.beat_class) for beat in analysis.beats).items())),
        "af_s": round(
            sum(minute.rhythm_s.get(Rhythm.ATRIAL_FIBRILLATION, 0) for minute in analysis.minutes), 1
        ),
        "episodes": dict(findings.most_common()),
    } | ({} if high_mv is None else {"implausible_qrs_mv": high_mv})


def _text(summary: dict[str, object]) -> str:
    return "\n".join(f"{name.replace('_', ' '):>14}: {value}" for name, value in summary.items())
