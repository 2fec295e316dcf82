"""The full report of one record: who was called what, and all figures.

    hearth evaluate report 203 --data mitdb --test tst --test-dir found
    hearth evaluate report 203 --data mitdb --test tst --tables beats      as `bxb` prints it

Rows are what the reference calls a beat, columns (lower case) what the detector called it; o is no beat,
x no beat in signal that was called unreadable.
"""

import argparse
from typing import TYPE_CHECKING

from export.evaluation.commands.episodes import add_episodes
from export.evaluation.commands.options import add_annotators, add_period, options_of, read_one, write

if TYPE_CHECKING:
    from export.evaluation.annotations import AnnotatedRecord

HELP = "the full report of one record (bxb, rxr and epicmp in long form)"

TABLES = ("beats", "sve-beats", "runs", "episodes")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth evaluate report`."""
    from pathlib import Path

    parser.add_argument("record", metavar="RECORD")
    add_annotators(parser)
    add_period(parser)
    add_episodes(parser)
    parser.add_argument(
        "--tables",
        nargs="+",
        choices=TABLES,
        default=list(TABLES[1:]),
        help="beats: S counted as N, with V false positive rate; default: sve-beats runs episodes",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write here instead of printing")


def run(arguments: argparse.Namespace) -> int:
    """Score, and write the reports."""
    record = read_one(arguments, arguments.record)
    reports = {"beats": _beats, "sve-beats": _sve_beats, "runs": _runs, "episodes": _episodes}
    return write(arguments, "\n".join(reports[name](record, arguments) for name in arguments.tables))


def _beats(record: "AnnotatedRecord", arguments: argparse.Namespace) -> str:
    from export.evaluation.beats import score_beats
    from export.evaluation.report import beat_report

    return _heading("Beat-by-beat", arguments) + beat_report(score_beats(record, options_of(arguments)))


def _sve_beats(record: "AnnotatedRecord", arguments: argparse.Namespace) -> str:
    from export.evaluation.beats import score_beats
    from export.evaluation.report import sve_beat_report

    return _heading("Beat-by-beat", arguments) + sve_beat_report(score_beats(record, options_of(arguments)))


def _runs(record: "AnnotatedRecord", arguments: argparse.Namespace) -> str:
    from export.evaluation.report import run_report
    from export.evaluation.runs import score_runs

    scores = score_runs(record, options_of(arguments))
    v = _heading("VE run-by-run", arguments) + run_report(scores.ventricular)
    return v + _heading("SVE run-by-run", arguments) + run_report(scores.supraventricular)


def _episodes(record: "AnnotatedRecord", arguments: argparse.Namespace) -> str:
    from export.evaluation.episode_reader import EpisodeKind
    from export.evaluation.episodes import score_episodes
    from export.evaluation.report import episode_heading, episode_report

    text = ""
    for kind in map(EpisodeKind, arguments.kinds):
        score = score_episodes(record, kind, options_of(arguments))
        text += episode_heading(kind, arguments.record, arguments.reference, arguments.test)
        text += episode_report(score)
    return text


def _heading(title: str, arguments: argparse.Namespace) -> str:
    from export.evaluation.report import heading

    return heading(title, arguments.record, arguments.reference, arguments.test)
