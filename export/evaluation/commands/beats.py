"""Beat by beat: sensitivity and positive predictivity for all beats, V and S, and the RR error.

    hearth evaluate beats --data mitdb --test qrs
    hearth evaluate beats --data mitdb --test tst --test-dir found --records 100 203 --format json

Reads RECORD.hea and RECORD.atr in --data, and RECORD.TEST in --test-dir. The text is that of `bxb -L` and
`sumstats`: a lower-case letter is what the detector called the beat, a prime stands for several classes
(see docs/evaluation.md), and a second table tells what was missed while the detector could not read.
"""

import argparse
from dataclasses import asdict

from export.evaluation.commands.options import (
    add_annotators,
    add_output,
    add_period,
    add_records,
    options_of,
    read_records,
    write,
)

HELP = "beat by beat: Se and +P of all beats, V and S (bxb)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth evaluate beats`."""
    add_annotators(parser)
    add_records(parser)
    add_period(parser)
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    """Score, and write the tables."""
    from export.evaluation.beats import score_beats
    from export.evaluation.commands.tables import Part, render
    from export.evaluation.summary import beat_table, shutdown_table
    from export.evaluation.text import BEAT_FIGURES, SHUTDOWN_FIGURES, beat_text, shutdown_text

    options = options_of(arguments)
    scores = {record.name: score_beats(record, options) for record in read_records(arguments)}
    parts = [
        Part("beats", beat_table(scores), beat_text, (*BEAT_FIGURES, "V FPR", "RR err")),
        Part("shutdown", shutdown_table(scores), shutdown_text, (*SHUTDOWN_FIGURES, "Shutdown")),
    ]
    return write(arguments, render(parts, arguments.format, asdict(options)))
