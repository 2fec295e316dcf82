"""Whole short recordings of a hand-held device: N, A, O or ~, by the rules of the CinC Challenge 2017.

    hearth evaluate cinc2017 --data DIR --held-out

Rows are what a recording is, columns what the bundle called it. The score is the mean F1 of N, A and O.
"""

import argparse
from typing import TYPE_CHECKING

from export.evaluation.commands.bundle import (
    add_bundle,
    add_split,
    chosen,
    conditions,
    load_encoder,
    with_progress,
)
from export.evaluation.commands.options import add_output, write

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from edge.encoder import Encoder
    from export.evaluation.challenge2017 import Confusion
    from export.evaluation.grids import Grid, Line

    Scores = npt.NDArray[np.float32]

HELP = "N, A, O or noise by the bundle, on CinC 2017"

COLUMNS = ("called N", "called A", "called O", "called ~", "n", "Se", "+P", "F1")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth evaluate cinc2017`."""
    add_bundle(parser)
    add_split(parser)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth record")
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    """Answer, score, and write the tables."""
    from edge.screen import screen_answer
    from export.evaluation.challenge2017 import confusion
    from export.evaluation.grids import render_grids
    from export.training.splits import is_cinc2017_held_out

    folder = arguments.data / "cinc2017"
    truth = _truth(folder)
    paths = {path.stem: path.with_suffix("") for path in folder.rglob("A*.hea")}
    records = chosen(arguments, sorted(truth.keys() & paths), is_cinc2017_held_out)[:: arguments.every]
    encoder = load_encoder(arguments)
    scores = {name: _scores(paths[name], encoder) for name in with_progress(records, "CinC 2017")}
    answers = {name: screen_answer(of, encoder.manifest) for name, of in scores.items()}
    grids = [_wrong(truth, answers, scores), _summary(confusion((truth[r], answers[r]) for r in records))]
    return write(arguments, render_grids(grids, arguments.format, conditions(encoder, records)))


def _truth(folder: "Path") -> dict[str, str]:
    from edge.errors import UserError

    table = next(folder.rglob("REFERENCE*.csv"), None)
    if table is None:
        raise UserError(f"{folder}: no REFERENCE*.csv with the answers here")
    return dict(line.split(",") for line in table.read_text().split())


def _scores(path: "Path", encoder: "Encoder") -> "Scores":
    from edge.screen import screen_scores
    from export.evaluation.seconds import encode_seconds
    from firmware_bridge.recordings import open_recording

    seconds = encode_seconds(open_recording(path), encoder)
    return screen_scores(seconds.screen, seconds.analysable, encoder.manifest)


def _wrong(truth: dict[str, str], answers: dict[str, str], scores: "dict[str, Scores]") -> "Grid":
    from export.evaluation.challenge2017 import ANSWERS
    from export.evaluation.grids import Grid

    columns = [f"score {answer}" for answer in ANSWERS]
    rows: dict[str, Line] = {
        name: {
            "true": truth[name],
            "called": answer,
            **dict(zip(columns, map(float, scores[name]), strict=True)),
        }
        for name, answer in answers.items()
        if answer != truth[name]
    }
    return Grid("wrong", "Recordings called wrong", "Record", ["true", "called", *columns], rows)


def _summary(counts: "Confusion") -> "Grid":
    from export.evaluation.challenge2017 import ANSWERS
    from export.evaluation.grids import Grid

    rows: dict[str, Line] = {answer: counts.row(answer) for answer in ANSWERS}
    rows["mean of N, A, O"] = {"n": counts.counts.total(), "F1": counts.score_percent}
    return Grid("answers", f"CinC 2017, {counts.counts.total()} recordings", "True", COLUMNS, rows)
