"""Run by run: couplets, short runs (3 to 5) and long runs (6 and more) of V and of S beats.

    hearth evaluate runs --data mitdb --test tst --test-dir found

C, S and L stand for couplets, short and long runs; Ts and FN are reference runs that were found and
missed, Tp and FP runs of the detector that are right and wrong. The text is that of `rxr -L` and
`sumstats`, first for V and then for S runs.
"""

import argparse
from dataclasses import asdict
from functools import partial

from export.evaluation.commands.options import (
    add_annotators,
    add_output,
    add_period,
    add_records,
    options_of,
    read_records,
    write,
)

HELP = "run by run: couplets, short and long runs of V and S (rxr)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth evaluate runs`."""
    add_annotators(parser)
    add_records(parser)
    add_period(parser)
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    """Score, and write the tables."""
    from export.evaluation.commands.tables import Part, render
    from export.evaluation.runs import score_runs
    from export.evaluation.summary import run_table
    from export.evaluation.text import RUN_FIGURES, RUN_HEADER, SVE_RUN_HEADER, run_text

    options = options_of(arguments)
    scores = {record.name: score_runs(record, options) for record in read_records(arguments)}
    v = run_table("VE run detection", {name: score.ventricular for name, score in scores.items()})
    s = run_table("SVE run detection", {name: score.supraventricular for name, score in scores.items()})
    parts = [
        Part("ventricular", v, partial(run_text, header=RUN_HEADER), RUN_FIGURES),
        Part("supraventricular", s, partial(run_text, header=SVE_RUN_HEADER), RUN_FIGURES),
    ]
    return write(arguments, render(parts, arguments.format, asdict(options)))
