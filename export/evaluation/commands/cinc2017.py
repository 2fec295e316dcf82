"""Whole short recordings of a hand-held device: N, A, O or ~, by the rules of the CinC Challenge 2017.

    hearth evaluate cinc2017 --data DIR --held-out
    hearth evaluate cinc2017 --data DIR --answers answers.txt      the answers of any other detector

Rows are what a recording is, columns what the bundle called it. The score is the mean F1 of N, A and O.
"""

import argparse
from pathlib import Path
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
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from edge.encoder import Encoder
    from export.evaluation.challenge2017 import Confusion
    from export.evaluation.grids import Grid, Line

    Scores = npt.NDArray[np.float32]

HELP = "N, A, O or noise on CinC 2017, by the bundle or any detector"

COLUMNS = ("called N", "called A", "called O", "called ~", "n", "Se", "+P", "F1")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth evaluate cinc2017`."""
    add_bundle(parser)
    add_split(parser)
    parser.add_argument(
        "--answers", type=Path, metavar="FILE", help="lines RECORD,ANSWER: score them, and not the bundle"
    )
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth record")
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    """Answer, score, and write the tables."""
    from export.evaluation.challenge2017 import read_answers, reference_table
    from export.training.splits import is_cinc2017_held_out

    folder = arguments.data / "cinc2017"
    truth = read_answers(reference_table(folder))
    paths = {path.stem: path.with_suffix("") for path in folder.rglob("A*.hea")}
    names = sorted(truth if arguments.answers else truth.keys() & paths)
    records = chosen(arguments, names, is_cinc2017_held_out)[:: arguments.every]
    if arguments.answers:
        given = _given(arguments.answers, records)
        return _write(arguments, truth, given, {}, conditions(str(arguments.answers), records))
    from edge.screen import screen_answer

    encoder = load_encoder(arguments)
    scores = {name: _scores(paths[name], encoder) for name in with_progress(records, "CinC 2017")}
    answers = {name: screen_answer(of, encoder.manifest) for name, of in scores.items()}
    return _write(arguments, truth, answers, scores, conditions(encoder, records))


def _write(
    arguments: argparse.Namespace,
    truth: dict[str, str],
    answers: dict[str, str],
    scores: "dict[str, Scores]",
    told: dict[str, object],
) -> int:
    from export.evaluation.challenge2017 import confusion
    from export.evaluation.grids import render_grids

    counts = confusion((truth[record], answer) for record, answer in answers.items())
    return write(
        arguments, render_grids([_wrong(truth, answers, scores), _summary(counts)], arguments.format, told)
    )


def _given(path: Path, records: "Sequence[str]") -> dict[str, str]:
    from edge.errors import UserError
    from export.evaluation.challenge2017 import read_answers

    answers = read_answers(path)
    if missing := [record for record in records if record not in answers]:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise UserError(f"{path}: no answer for {missing[0]}{more}")
    return {record: answers[record] for record in records}


def _scores(path: "Path", encoder: "Encoder") -> "Scores":
    from edge.screen import screen_scores
    from export.evaluation.seconds import encode_seconds
    from firmware_bridge.recordings import open_recording

    seconds = encode_seconds(open_recording(path), encoder)
    return screen_scores(seconds.screen, seconds.analysable, encoder.manifest)


def _wrong(truth: dict[str, str], answers: dict[str, str], scores: "dict[str, Scores]") -> "Grid":
    from export.evaluation.challenge2017 import ANSWERS
    from export.evaluation.grids import Grid

    columns = [f"score {answer}" for answer in ANSWERS] if scores else []
    rows: dict[str, Line] = {
        name: {
            "true": truth[name],
            "called": answer,
            **dict(zip(columns, map(float, scores.get(name, ())), strict=True)),
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
