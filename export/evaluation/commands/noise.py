"""The noise stress test: beats in ever more electrode motion noise, found by the whole pipeline.

    hearth evaluate noise --data DIR

Records 118e24 to 118e_6 and 119e24 to 119e_6 of nstdb, first signal, scored by the rules of EC57. Their
clean beats are those of mitdb 118 and 119, which the models may have learned from; the noise is `em`.
"""

import argparse
from typing import TYPE_CHECKING

from export.evaluation.commands.bundle import (
    add_bundle,
    chosen,
    conditions,
    headers,
    load_encoder,
    with_progress,
)
from export.evaluation.commands.options import add_output, write

if TYPE_CHECKING:
    from pathlib import Path

    from edge.encoder import Encoder
    from export.evaluation.beats import BeatScore

HELP = "beats in noise by the bundle: the noise stress test"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth evaluate noise`."""
    add_bundle(parser)
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    """Find beats, score, and write the tables."""
    from export.evaluation.grids import Grid, render_grids
    from export.evaluation.noise import FIGURES, gross_by_snr, is_noisy
    from export.evaluation.summary import beat_row

    folder = arguments.data / "nstdb"
    records = chosen(arguments, [name for name in headers(folder) if is_noisy(name)], lambda _: False)
    encoder = load_encoder(arguments)
    scores = {name: _score(folder / name, encoder) for name in with_progress(records, "noise")}
    rows = {name: beat_row(score) for name, score in scores.items()}
    grids = [
        Grid("records", "By record", "Record", FIGURES, rows),
        Grid("snr", "Patients 118 and 119 together", "SNR", FIGURES, gross_by_snr(scores)),
    ]
    return write(arguments, render_grids(grids, arguments.format, conditions(encoder, records)))


def _score(path: "Path", encoder: "Encoder") -> "BeatScore":
    from edge.analysis import analyse
    from export.evaluation.annotations import AnnotatedRecord, Mark, from_marks, read_annotations
    from export.evaluation.beats import score_beats
    from firmware_bridge.recordings import open_recording

    recording = open_recording(path, [0])
    fs_hz = recording.fs_hz
    reference = read_annotations(path.with_suffix(".atr"), fs_hz)
    found = [Mark(beat.index, str(beat.beat_class), 0, "") for beat in analyse(recording, encoder).beats]
    test = from_marks(found, fs_hz)
    return score_beats(AnnotatedRecord(path.name, fs_hz, recording.n_samples, reference, test))
