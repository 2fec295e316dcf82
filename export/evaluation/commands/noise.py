"""The noise stress test: beats in ever more electrode motion noise, found by the whole pipeline.

    hearth evaluate noise --data DIR
    hearth evaluate noise --data DIR --test qrs --test-dir found      beats of any other detector

Records 118e24 to 118e_6 and 119e24 to 119e_6 of nstdb, first signal, scored by the rules of EC57. Their
clean beats are those of mitdb 118 and 119, which the models may have learned from; the noise is `em`.
"""

import argparse
from functools import partial
from typing import TYPE_CHECKING

from export.evaluation.commands.bundle import (
    add_bundle,
    add_marks,
    chosen,
    conditions,
    headers,
    load_encoder,
    marks_name,
    with_progress,
)
from export.evaluation.commands.options import add_output, write

if TYPE_CHECKING:
    from pathlib import Path

    from edge.encoder import Encoder
    from export.evaluation.annotations import AnnotatedRecord

HELP = "beats in noise: the noise stress test, by the bundle or any detector"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth evaluate noise`."""
    add_bundle(parser)
    add_marks(parser, "suffix of a detector's files, e.g. qrs: score them, and not the bundle")
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    """Find beats, score, and write the tables."""
    from export.evaluation.beats import score_beats
    from export.evaluation.grids import Grid, render_grids
    from export.evaluation.noise import FIGURES, average_by_snr, gross_by_snr, is_noisy
    from export.evaluation.summary import beat_row

    folder = arguments.data / "nstdb"
    records = chosen(arguments, [name for name in headers(folder) if is_noisy(name)], lambda _: False)
    encoder = None if arguments.test else load_encoder(arguments)
    read = partial(_found, encoder=encoder) if encoder else partial(_read, arguments)
    scores = {name: score_beats(read(folder / name)) for name in with_progress(records, "noise")}
    rows = {name: beat_row(score) for name, score in scores.items()}
    grids = [
        Grid("records", "By record", "Record", FIGURES, rows),
        Grid("snr", "Patients 118 and 119 together", "SNR", FIGURES, gross_by_snr(scores)),
        Grid("snr_average", "Average of 118 and 119", "SNR", FIGURES, average_by_snr(scores)),
    ]
    told = conditions(encoder or marks_name(arguments), records)
    return write(arguments, render_grids(grids, arguments.format, told))


def _read(arguments: argparse.Namespace, path: "Path") -> "AnnotatedRecord":
    from export.evaluation.annotations import read_record

    return read_record(path.name, path.parent, "atr", arguments.test, arguments.test_dir or path.parent)


def _found(path: "Path", encoder: "Encoder") -> "AnnotatedRecord":
    from edge.analysis import analyse
    from export.evaluation.annotations import AnnotatedRecord, Mark, from_marks, read_annotations
    from firmware_bridge.recordings import open_recording

    recording = open_recording(path, [0])
    fs_hz = recording.fs_hz
    reference = read_annotations(path.with_suffix(".atr"), fs_hz)
    found = [Mark(beat.index, str(beat.beat_class), 0, "") for beat in analyse(recording, encoder).beats]
    test = from_marks(found, fs_hz)
    return AnnotatedRecord(path.name, fs_hz, recording.n_samples, reference, test)
